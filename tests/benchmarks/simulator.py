"""A service on loopback whose tasks take exactly as long as their prompt says, with the formats of all services.

A prompt contains ``sim:TAG:NUMBER:SECONDS:PROGRESS``: its client, number, duration, and kind of progress, a key of
``progress.PROGRESS``. So a prompt alone controls any client. ``GET /log/TAG`` returns when the tasks of a tag were made
and ready, when the first answer said so, and the number of polls.

``python -m tests.benchmarks.simulator`` prints its port and serves until it is ended; ``running()`` does both.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.dialects import Look, dialect
from tests.benchmarks.peers import ROOT
from tests.benchmarks.progress import PROGRESS

LONGEST_HOLD = 60.0  # seconds; Replicate's own limit for an answer that is held until the task is done
_PROMPT = re.compile(rb"sim:([\w.-]+):(\d+):([\d.]+):(\w+)")
_ID = re.compile(r"sim[0-9a-f]{12}")
_HOLD = re.compile(rb"\r\nprefer:\s*wait(?:=(\d+))?", re.IGNORECASE)


def prompt(tag: str, number: int, seconds: float, progress: str = "none") -> str:
    """Return a prompt whose task takes this many seconds."""
    return f"a paper boat, sim:{tag}:{number}:{seconds:.3f}:{progress}"


@dataclass
class SimTask:
    """A task; times by the clock.

    Attributes:
        seen: when the first answer said that it is ready.
        looks: number of polls.
    """

    id: str
    tag: str
    number: int
    seconds: float
    progress: str
    made: float
    seen: float | None = None
    looks: int = 0

    @property
    def ready(self) -> float:
        """Return the time at which it is done."""
        return self.made + self.seconds

    def share(self, now: float) -> float:
        """Return the elapsed share of its time, up to 1."""
        return min(1.0, (now - self.made) / self.seconds) if self.seconds else 1.0


@dataclass(frozen=True)
class Answer:
    """An answer; it is held back for ``hold`` seconds and then replaced by the result of ``later``."""

    status: int
    content: bytes
    media: str = "application/json"
    hold: float = 0.0
    later: Callable[[], Answer] | None = None


@dataclass
class Simulator:
    """The services without their sockets.

    Args:
        clock: seconds; the same in all processes of the machine, so that clients' times can be compared with it.
        video: the video of every finished task.
    """

    clock: Callable[[], float] = time.monotonic
    video: bytes = b""
    base: str = ""
    tasks: dict[str, SimTask] = field(default_factory=dict)

    def answer(self, method: str, path: str, head: bytes = b"", body: bytes = b"") -> Answer:
        """Return the answer to a request."""
        if path.startswith("/media/"):
            return Answer(200, self.video, "video/mp4")
        if path.startswith("/log/"):
            return _json(200, self.log(path.removeprefix("/log/")))
        if path.endswith(":fetchPredictOperation"):  # Google polls with a POST that names the operation
            method, path = "GET", f"/v1beta1/{body.decode()}"
        speak = dialect(method, path)
        task = self._make(body) if method == "POST" else self._find(path)
        if speak is None or task is None:
            return _json(404, {"error": {"message": f"nothing here for {method} {path}"}})
        if method != "POST":
            task.looks += 1
        elif held := _HOLD.search(head):
            hold = min(float(held[1] or LONGEST_HOLD), LONGEST_HOLD, task.seconds)
            return Answer(0, b"", hold=hold, later=lambda: _json(*speak(self._look(task))))
        return _json(*speak(self._look(task, made=method == "POST")))

    def log(self, tag: str) -> list[dict[str, Any]]:
        """Return the tasks of a tag, in the order in which they were made."""
        names = ("number", "seconds", "made", "ready", "seen", "looks")
        return [{name: getattr(task, name) for name in names} for task in self.tasks.values() if task.tag == tag]

    def _make(self, body: bytes) -> SimTask | None:
        if not (found := _PROMPT.search(body)):
            return None
        tag, number, seconds, progress = (part.decode() for part in found.groups())
        task = SimTask(f"sim{secrets.token_hex(6)}", tag, int(number), float(seconds), progress, self.clock())
        self.tasks[task.id] = task
        return task

    def _find(self, path: str) -> SimTask | None:
        found = _ID.search(path)
        return self.tasks.get(found[0]) if found else None

    def _look(self, task: SimTask, *, made: bool = False) -> Look:
        now = self.clock()
        share = task.share(now)
        if share >= 1 and not made and task.seen is None:
            task.seen = now
        progress = 100 if share >= 1 else PROGRESS[task.progress](share, task.number)
        return Look(task.id, self.base, share, None if task.progress == "none" else progress, made)


def _json(status: int, content: object) -> Answer:
    return Answer(status, json.dumps(content).encode())


# The sockets, written by hand, as every framework costs more than the measured clients.


async def serve(simulator: Simulator, port: int = 0) -> asyncio.Server:
    """Serve on loopback, and set the simulator's address."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                method, path, head, body = await _request(reader)
                answer = simulator.answer(method, path, head, body)
                if answer.later is not None:
                    await asyncio.sleep(answer.hold)
                    answer = answer.later()
                start = f"HTTP/1.1 {answer.status} told\r\ncontent-type: {answer.media}\r\n"
                writer.write(f"{start}content-length: {len(answer.content)}\r\n\r\n".encode() + answer.content)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", port, backlog=4096)
    simulator.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    return server


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    length = re.search(rb"\r\ncontent-length:\s*(\d+)", head, re.IGNORECASE)
    body = await reader.readexactly(int(length[1])) if length else b""
    return method, path.partition("?")[0], head, body


@dataclass(frozen=True)
class Running:
    """A simulator in a separate program."""

    base: str

    def log(self, tag: str) -> list[dict[str, Any]]:
        """See :meth:`Simulator.log`."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.base}/log/{tag}", timeout=60) as reply:
            tasks: list[dict[str, Any]] = json.load(reply)
        return tasks


@contextlib.contextmanager
def running() -> Iterator[Running]:
    """Run one until the end of the block."""
    command = [sys.executable, "-m", "tests.benchmarks.simulator"]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout
        yield Running(f"http://127.0.0.1:{int(program.stdout.readline())}")
    finally:
        program.terminate()
        program.wait(20)


async def _main() -> None:
    import resource  # tests of the simulator need neither this, which Windows lacks, nor av

    from tests.client.samples import clip

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        video = clip(Path(folder) / "clip.mp4", seconds=1, size=(320, 180)).read_bytes()
    server = await serve(simulator := Simulator(video=video))
    sys.stdout.write(f"{simulator.base.rpartition(':')[2]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
