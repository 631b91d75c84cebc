"""Who asks for the same at the same moment pays once: two kernels, threads, forks, several at once in one cell."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from kling_widgets.jobs.journal import Journal
from tests.conftest import FIGURES
from tests.kernel import KERNELS, Cell, Kernel
from tests.servers import Answer, Asked, FaultServer

ROUNDS = int(os.environ.get("KLING_TEST_ROUNDS", "4"))  # of two kernels at the same moment; CONTRIBUTING has more
LONG = 60.0  # seconds; what takes so long has failed
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(range(256)) * 40
LOAD = "%load_ext kling_widgets\nimport kling_widgets as kw, time"
# Each wish says in JSON what it has come to. The cells that are run at once have one text: it is the same cell.
ONE = "made = [kw.submit('2.6', prompt='{0} a boat', yes={1}, wait=False)]"
LINE = "made = [get_ipython().run_line_magic('kling', '--no-wait --model 2.6 {2} {0} a boat')]"
BATCH = "made = list(kw.submit([kw.VideoRequest('2.6', prompt=p) for p in ('{0} a boat', '{0} a kite', '{0} a boat')], yes={1}, wait=False))"
LOOP = "made = [kw.submit('2.6', prompt=p, yes={1}, wait=False) for p in ('{0} a boat', '{0} a kite', '{0} a boat')]"
PICTURE = "made = [kw.submit('2.6', prompt='{0} a boat', image='{3}', yes={1}, wait=False)]"
FORMS = ((ONE, 1), (BATCH, 3), (LINE, 1), (LOOP, 3), (PICTURE, 1))
END = """
import json
from IPython.display import display
said = []
for job in made:
    try:
        job.wait(60)
        said.append([job.id, job.path.name, job.note])
    except kw.KlingError as error:
        said.append([job.id, None, str(error)])
display({'application/json': said}, raw=True)
"""


class Service:
    """It makes a video of whatever is asked, and counts.

    Attributes:
        made: the ids of the tasks that were made, by prompt.
        ready: whether the tasks are done; until it is set they are being made.
        answering: whether submissions are answered; until it is set they are not.
    """

    def __init__(self) -> None:
        self.made: dict[str, list[str]] = defaultdict(list)
        self.ready, self.answering = threading.Event(), threading.Event()
        self.ready.set()
        self.answering.set()
        self.server = FaultServer(self._answer)

    @property
    def posts(self) -> Counter[str]:
        """How many tasks were made, by the first word of the prompt."""
        return Counter(prompt.split()[0] for prompt, ids in self.made.items() for _ in ids)

    async def _answer(self, asked: Asked) -> Answer:
        match asked.method, asked.path.split("/")[1:]:
            case "POST", ["v1", "files", "uploads"]:
                return Answer(body={"url": "https://files.example/first.png"})
            case "POST", ["v1", "video", "generations"]:
                prompt = str(asked.json()["prompt"])
                self.made[prompt].append(f"task-{sum(self.posts.values())}")
                task = self.made[prompt][-1]
                while not self.answering.is_set():
                    await asyncio.sleep(0.01)
                return Answer(body={"task_id": task, "status": "queued"})
            case "GET", ["v1", "video", "generations", task]:
                done = {"status": "SUCCESS", "url": f"{self.server.url}/clip/{task}"}
                row = done if self.ready.is_set() else {"status": "processing"}
                return Answer(body={"code": "success", "data": {"task_id": task, **row}})
            case "GET", ["clip", task]:
                return Answer(body=MP4 + task.encode())
        return Answer(404, {"error": {"message": "not here"}})


@pytest.fixture
def service() -> Iterator[Service]:
    """The service."""
    made = Service()
    with made.server:
        yield made
        made.answering.set()


@pytest.fixture
def env(service: Service, isolated: Path) -> dict[str, str]:
    """The environment of a user with a key."""
    return {
        "CRAZYROUTER_API_KEY": "sk-once-0123456789abcdef",
        "CRAZYROUTER_BASE_URL": service.server.url,
        "KLING_WIDGETS_HOME": str(isolated),
        "KLING_WIDGETS_RPS": "1000",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the notebook lies, with a picture beside it."""
    from PIL import Image

    Image.new("RGB", (320, 320), "teal").save(tmp_path / "first.png")
    return tmp_path


def both(kernels: list[Kernel], code: str) -> list[Cell]:
    """The cell, run in all kernels at once, to its end."""
    cells = [kernel.send(code) for kernel in kernels]
    with ThreadPoolExecutor() as pool:
        waits = [pool.submit(kernel.until, lambda cell=cell: cell.done, LONG) for kernel, cell in zip(kernels, cells)]
        for wait in waits:
            wait.result()
    return cells


def ends(cell: Cell) -> list[list[str | None]]:
    """What the wishes of a cell came to: the task, the file, and the note or error of each."""
    (said,) = cell.bundles("application/json") or [[]]
    assert cell.status == "ok", cell.text
    found: list[list[str | None]] = said
    return found


def test_two_kernels_at_the_same_moment_pay_once(
    service: Service, env: dict[str, str], folder: Path, record_property: Callable[[str, object], None]
) -> None:
    """One notebook in two editors: the same cell at the same moment, with and without a question in between, as one
    wish, a line, a batch, a loop, with a picture. Each wish is one task, both kernels show its video, there is one file
    of it, and who came second is told."""
    names = list(KERNELS)
    told, wanted, found = Counter[str](), Counter[str](), 0
    with ExitStack() as stack:
        kernels = [
            stack.enter_context(Kernel(names[number % len(names)], folder=folder, env=env, answer="y"))
            for number in range(2)
        ]
        both(kernels, f"{LOAD}\n%config Kling.confirm_above = '0 videos'")
        for number in range(ROUNDS):
            form, count = FORMS[number // 2 % len(FORMS)]
            yes = number % 2 == 0
            name = f"w{number:03}"
            body = form.format(name, yes, "--yes" if yes else "", folder / "first.png")
            started = both(kernels, "print(round(time.time() + 0.4, 2))")
            begin = max(float(cell.text) for cell in started)
            wanted[name] = count
            seen = [ends(cell) for cell in both(kernels, f"while time.time() < {begin}: pass\n{body}{END}")]
            assert [[end[:2] for end in each] for each in seen] == [[end[:2] for end in seen[0]]] * 2, seen
            assert all(task and file for each in seen for task, file, _ in each), seen
            found += sum(len(each) for each in seen)
            told.update(
                "told" for each in seen for _, _, note in each if "kernel" in str(note) or "already" in str(note)
            )
    entries = Journal(Path(env["KLING_WIDGETS_HOME"]) / "journal.sqlite").entries()
    doubled, lost = service.posts - wanted, wanted - service.posts
    record_property(
        FIGURES, f"{ROUNDS} rounds of two kernels: {doubled.total()} doubled, {lost.total()} lost, {dict(told)}"
    )
    assert (doubled, lost) == (Counter(), Counter())
    assert told["told"] == found // 2 == wanted.total()
    assert Counter(entry.state for entry in entries) == {"saved": wanted.total()}
    assert len(list((folder / "kling_videos").glob("*.mp4"))) == wanted.total()
