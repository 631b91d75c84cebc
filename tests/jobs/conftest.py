"""Jobs with all that they use, against a real server on loopback; time passes only while a test waits."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kling_widgets.client.async_client import AsyncClient
from kling_widgets.client.credentials.endpoint import Service
from kling_widgets.client.credentials.find import Secret
from kling_widgets.client.rate_limit import RateLimiter
from kling_widgets.jobs.context import JobContext
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import ENDED, JobSnapshot
from kling_widgets.jobs.watcher import Watcher
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.journal import Journal
from kling_widgets.storage.requested import RequestKey
from kling_widgets.storage.submission import Submission
from tests.servers import MP4 as MP4
from tests.servers import Answer, Asked, FaultServer

KEY = "sk-test-0123456789abcdef"
CREATE = "/v1/video/generations"
CREATED = Answer(body={"id": "t1", "task_id": "t1", "status": "", "progress": 0})
REQUEST = VideoRequest("2.6", prompt="a paper boat", seconds=5)
URL = "https://a.example"
LONG = 60.0  # seconds; a wait that takes so long has failed
Sleep = Callable[[float], Awaitable[object]]


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread does and of which there is no notification."""
    deadline, pause = time.monotonic() + LONG, threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.01)


def start(job: Job) -> Job:
    """Start the job, as the submitter does."""
    job._runner.start()
    return job


class Clock:
    """Unix seconds that a test sets; waiting advances them."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def row(status: str, **more: Any) -> Answer:
    """Return the answer to a poll of the task."""
    return Answer(body={"code": "success", "data": {"task_id": "t1", "status": status, **more}})


class Gateway:
    """The service, with the answers that a test sets.

    Attributes:
        created: the answer to a submission.
        looks: the answers to polls of the task, one after the other; then a success with a link to the video.
        video: the answer of the media host.
        gate: answers to paths that begin with ``held`` wait until it is set.
    """

    def __init__(self) -> None:
        self.created = CREATED
        self.looks: list[Answer] = []
        self.video = Answer(body=MP4)
        self.link = True
        self.held = "nothing"
        self.gate = threading.Event()
        self.server = FaultServer(self.answer)

    async def answer(self, asked: Asked) -> Answer:
        if f"{asked.method} {asked.path}".startswith(self.held):
            async with asyncio.timeout(LONG):  # not in the server's only thread: others are answered meanwhile
                while not self.gate.is_set():  # noqa: ASYNC110 - other threads set it
                    await asyncio.sleep(0.005)
        if asked.path == "/v1/files/uploads":
            return Answer(body={"url": "https://files.example/first.png"})
        if asked.path == CREATE:
            return self.created
        if asked.path == "/clip.mp4":
            return self.video
        if asked.path.startswith("/v1/videos/"):
            return Answer(404, {"error": {"message": "no content here"}})
        if self.looks:
            return self.looks.pop(0)
        return row("SUCCESS", **({"url": f"{self.server.url}/clip.mp4"} if self.link else {}))

    def hold(self, start: str) -> None:
        """Hold back the answers to requests that begin so, such as "POST /v1/video", until the gate is set."""
        self.gate.clear()
        self.held = start

    @property
    def posts(self) -> int:
        return sum(asked.method == "POST" and asked.path == CREATE for asked in self.server.asked)

    @property
    def questions(self) -> int:
        return sum(asked.path.startswith(f"{CREATE}/") for asked in self.server.asked)


class World:
    """A gateway, and a job context that uses it."""

    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self.gateway = gateway
        self.clock = Clock()
        self.folder = folder / "kling_videos"
        self.journal = Journal(folder / "home" / "journal.sqlite", clock=self.clock)
        self.watcher = Watcher(RateLimiter(1000), self.connect)
        service = Service(gateway.server.url, gateway.server.url, Secret(KEY), "the test")
        clock = self.clock
        self.context = JobContext(
            self.watcher, self.journal, service, self.folder, clock=clock, monotonic=clock, timeout=10_000.0
        )

    def connect(self, service: Service, budget: RateLimiter, sleep: Sleep | None = None) -> AsyncClient:
        sleep = sleep or self.clock.sleep
        return AsyncClient(service.key, service.base_url, budget=budget, clock=self.clock, sleep=sleep)

    def job(self, request: VideoRequest = REQUEST, entry: Submission | None = None, **changes: Any) -> Job:
        return Job(request, replace(self.context, **changes), entry)

    def entry(self) -> Submission:
        """Return the newest submission."""
        return self.journal.entries(1)[0]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


PROGRAM = """
import sys
from pathlib import Path
from kling_widgets.client.credentials.find import Secret
from kling_widgets.request.request import VideoRequest
from kling_widgets.jobs.context import JobContext
from kling_widgets.jobs.job import Job
from kling_widgets.storage.journal import Journal
from kling_widgets.client.credentials.endpoint import DEMO, Service
from kling_widgets.jobs.watcher import Watcher
url = {url!r}
journal = Journal(Path({home!r}) / "journal.sqlite")
service = Service(url, url, Secret("sk-test-0123456789abcdef"), "the test")
context = JobContext(Watcher(), journal, service, Path("videos"))
def submit():
    job = Job(VideoRequest("2.6", prompt="a paper boat"), context)
    job._runner.start()
    return job
"""


def program(world: World) -> str:
    """Return code that makes a job context in another process."""
    return PROGRAM.format(url=world.gateway.server.url, home=str(world.journal.path.parent))


class Ticks:
    """A sleep function that records its calls; each call ends when the test says so."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._changed = threading.Condition()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        with self._changed:
            self.asked.append(seconds)
            self._waiting.append((asyncio.get_running_loop(), event))
            self._changed.notify_all()
        await event.wait()

    def wait_for(self, count: int) -> None:
        """Wait until so many sleeps have begun."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.asked) >= count, LONG)

    def tick(self) -> None:
        """End the sleep that is in progress, or the next one."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._waiting, LONG)
            loop, event = self._waiting.pop(0)
        loop.call_soon_threadsafe(event.set)


class Heard:
    """A listener that keeps its snapshots, and can be waited for."""

    def __init__(self) -> None:
        self.moments: list[JobSnapshot] = []
        self._changed = threading.Condition()

    def __call__(self, moment: JobSnapshot) -> None:
        with self._changed:
            self.moments.append(moment)
            self._changed.notify_all()

    def until(self, condition: Callable[[JobSnapshot], bool]) -> JobSnapshot:
        """Return the first snapshot for which the condition holds."""
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(condition, self.moments)), LONG), self.moments
            return next(filter(condition, self.moments))

    @property
    def states(self) -> list[str]:
        """The states in order, each once."""
        states = [moment.state for moment in self.moments]
        return [state for i, state in enumerate(states) if i == 0 or states[i - 1] != state]

    @property
    def ends(self) -> list[JobSnapshot]:
        return [moment for moment in self.moments if moment.state in ENDED]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """The service."""
    gateway = Gateway()
    with gateway.server:
        yield gateway
        gateway.gate.set()


@pytest.fixture
def world(gateway: Gateway, tmp_path: Path) -> World:
    """The service, and a job context."""
    return World(gateway, tmp_path)


def made(journal: Journal, run: str, count: int = 1, *, cell: str = "cell", same: str = "boat") -> list[int]:
    """Write submissions of identical requests in one run of a cell, and return their numbers."""
    return [journal.write(REQUEST, URL, RequestKey(same, cell, run)) for _ in range(count)]


def before(journal: Journal, run: str, skip: int = 0, *, cell: str = "cell", same: str = "boat") -> int | None:
    found = journal.request_index.previous(RequestKey(same, cell, run), skip)
    return found.key if found else None
