"""The simulated service of the benchmarks: its tasks take the given time, and report the given progress."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import kling_widgets as kw
from tests.benchmarks.clients import KEY
from tests.benchmarks.simulator import Simulator, prompt, serve
from tests.client.samples import clip

pytestmark = pytest.mark.slow

PLACE = "/v1/video/generations"
SECONDS = 100.0


class World:
    """A simulator and its clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.simulator = Simulator(clock=lambda: self.now, base="http://127.0.0.1:1")

    def make(self, progress: str = "none", number: int = 0, place: str = PLACE) -> str:
        """Make a task; return its id."""
        body = json.dumps({"prompt": prompt("tag", number, SECONDS, progress)}).encode()
        assert self.simulator.answer("POST", place, b"", body).status in (200, 201)
        return list(self.simulator.tasks)[-1]

    def look(self, task_id: str, share: float, place: str = PLACE) -> dict[str, Any]:
        """Return the answer to a poll after this share of the task's time."""
        self.now = 1000.0 + share * SECONDS
        found: dict[str, Any] = json.loads(self.simulator.answer("GET", f"{place}/{task_id}").content)
        return found

    def progress(self, word: str, *shares: float, number: int = 0) -> list[str | None]:
        """Return the reported progress of a task at these shares of its time."""
        self.now = 1000.0
        task_id = self.make(word, number)
        return [self.look(task_id, share)["data"].get("progress") for share in shares]


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("1", ["0%", "12%", "50%", "99%", "100%"]),
        ("10", ["0%", "10%", "50%", "90%", "100%"]),
        ("none", [None] * 5),
        ("stages", ["10%", "30%", "30%", "30%", "100%"]),
        ("stall", ["0%", "18%", "55%", "98%", "100%"]),
    ],
)
def test_what_is_told_of_the_progress(word: str, told: list[str | None]) -> None:
    """The progress is true in steps of 1 % or 10 %, missing, the gateway's marks, or a number that stops."""
    assert World().progress(word, 0.0, 0.12, 0.505, 0.996, 1.0) == told


def test_lies() -> None:
    """Of three tasks one is almost done at once, one runs twice too fast, one at a third of the pace."""
    lies = [World().progress("lie", 0.01, 0.25, 0.99, number=number) for number in range(3)]
    assert lies == [["91%", "99%", "99%"], ["2%", "50%", "99%"], ["0%", "8%", "32%"]]


def test_the_log_tells_when_it_was_seen() -> None:
    """A task is ready after its seconds; the first poll that says so is recorded, and every poll is counted."""
    world = World()
    task_id = world.make()
    for share in (0.5, 0.99, 1.03, 1.2):
        world.look(task_id, share)
    (row,) = world.simulator.log("tag")
    assert (row["made"], row["ready"], row["seen"], row["looks"]) == (1000.0, 1100.0, 1103.0, 4)
    assert world.simulator.log("another") == []


@pytest.mark.parametrize(
    ("make", "look", "done"),
    [
        ("/v1/videos", "/v1/videos", "completed"),
        ("/v1/models/owner/name/predictions", "/v1/predictions", "succeeded"),
        ("/v1/text_to_video", "/v1/tasks", "SUCCEEDED"),
        ("/dream-machine/v1/generations", "/dream-machine/v1/generations", "completed"),
        (PLACE, PLACE, "succeeded"),
    ],
)
def test_it_speaks_for_other_services(make: str, look: str, done: str) -> None:
    """Each service's answer contains its word for done once the task is ready, and not before."""
    world = World()
    task_id = world.make(place=make)
    words = [done in json.dumps(world.look(task_id, share, look)) for share in (0.05, 0.99, 1.0)]
    assert words == [False, False, True]


def test_an_answer_is_held_until_the_task_is_ready() -> None:
    """If a client prefers to wait, the answer to the creation is held until the task is ready, and says so."""
    world = World()
    body = json.dumps({"input": {"prompt": prompt("tag", 0, 5.0)}}).encode()
    answer = world.simulator.answer("POST", "/v1/models/o/n/predictions", b"POST\r\nPrefer: wait\r\n", body)
    assert (answer.hold, answer.later is not None) == (5.0, True)
    world.now += answer.hold
    assert answer.later and json.loads(answer.later().content)["status"] == "succeeded"


def test_a_client_makes_and_fetches_a_video(tmp_path: Path) -> None:
    """Over sockets, a task is made and ends, and a client saves its whole video."""
    video = clip(tmp_path / "made.mp4", seconds=1, size=(320, 180)).read_bytes()

    async def go() -> tuple[str, bytes, int]:
        server = await serve(simulator := Simulator(video=video))
        async with server, kw.AsyncClient(KEY, simulator.base, sleep=lambda seconds: asyncio.sleep(0)) as client:
            task = await client.generate("2.6", prompt=prompt("tag", 0, 0.0, "1"))
            path = await client.download(task, tmp_path / "saved.mp4")
            return task.status, path.read_bytes(), simulator.log("tag")[0]["looks"]

    assert asyncio.run(go()) == ("succeeded", video, 1)
