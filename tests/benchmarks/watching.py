"""Messages while watching.

Websocket traffic while live views are open. The first table opens views in this process, counts each comm message
instead of sending it, and advances a simulated clock by two minutes: the views' own code runs, and every ten seconds
each job progresses by one per cent. The second watches a real kernel with long jobs of the demo, through the channel
that a front end reads; the kernel itself writes the time into each message. Bytes are those of the whole message there,
and of the state that it carries in the first table.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import comm
from comm.base_comm import BaseComm

from kling_widgets.core.task import Task
from kling_widgets.jobs.state import JobState
from kling_widgets.notebook.kernel.front_end import FRONT_ENDS, Location
from kling_widgets.notebook.kernel.live_updates import PER_SECOND, UpdateThrottle
from kling_widgets.notebook.output.job_view import JobView
from kling_widgets.request.request import VideoRequest
from tests.benchmarks.peers import ROOT
from tests.benchmarks.table import Table, reach
from tests.kernel import Kernel

COUNTS = (1, 30, 300)
MINUTES = 2
PROMPT = "a paper boat in the rain, drifting past lanterns"
LIVE = 30  # views of the real kernel
SECONDS, QUICK_SECONDS = 30, 8


class Line(list[tuple[float, str, int]]):
    """Messages as they were sent: time, type, bytes."""

    def busiest(self) -> int:
        """Return the most messages in any second."""
        times = [when for when, *_ in self]
        return max((bisect_left(times, when + 1) - at for at, when in enumerate(times)), default=0)

    @property
    def bytes(self) -> int:
        return sum(size for *_, size in self)


class Clock:
    """A clock that the benchmark advances."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class _Job:
    """A job that only has states."""

    request = VideoRequest("2.6", prompt=PROMPT, seconds=5)
    id, _note = "task", ""
    _runner = SimpleNamespace(service=SimpleNamespace(demo=False, name="the benchmark"), trouble="")

    def __init__(self, clock: Clock) -> None:
        self._state = JobState(0.0, clock)

    def stop(self) -> None:
        """Do what the button does."""


def measure(quick: bool = False) -> Iterable[Table]:
    """Return two tables."""
    yield _turned()
    yield _live(QUICK_SECONDS if quick else SECONDS)


def _turned() -> Table:
    line, clock = Line(), Clock()
    _count(line, clock)
    rows: list[tuple[object, ...]] = []
    most = 0
    for count in COUNTS:
        clock.now = 0.0
        line.clear()
        pulse, jobs = UpdateThrottle(clock, background=False), []
        for _ in range(count):
            job: Any = _Job(clock)
            job._state.accept(Task("task"), 0.0)
            view = JobView(job, Location(FRONT_ENDS["jupyter"], Path()), on_end=lambda *_: None)
            pulse.follow(job._state, view.show)
            jobs.append(job)
        models, opened = sum(kind == "comm_open" for _, kind, _ in line), line.bytes
        line.clear()
        for second in range(60 * MINUTES):
            if second % 10 == 0:
                for job in jobs:
                    job._state.polled(Task("task", status="running", progress=11 + second // 10))
            _until(pulse, clock, second + 1.0)
        early = [entry for entry in line if entry[0] < 60]
        most = max(most, line.busiest())
        rows.append(
            (
                count,
                models,
                opened / 1024,
                len(early) / 60,
                (len(line) - len(early)) / 60,
                line.busiest(),
                line.bytes / 60 / MINUTES / 1024,
            )
        )
    head = ("views", "models opened", "KiB opened", "messages/s, first minute", "later", "most in any second", "KiB/s")
    return Table("Two minutes of live views", head, rows, (reach("most messages in any second", most, PER_SECOND),))


def _until(pulse: UpdateThrottle, clock: Clock, moment: float) -> None:
    while (wait := pulse.show_due()) is not None and clock.now + wait < moment:
        clock.now += wait
    clock.now = moment


def _count(line: Line, clock: Clock) -> None:
    """Make each comm of this process count the messages that it would send."""

    class Counting(BaseComm):
        def publish_msg(
            self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **_: Any
        ) -> None:
            line.append((clock(), msg_type, len(json.dumps(data, default=str))))

    comm.create_comm = Counting


class _Listening(Kernel):
    """A kernel whose messages are counted."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.line = Line()

    def _shown(self, message: dict[str, Any]) -> None:
        if message["msg_type"] in ("comm_open", "comm_msg", "display_data", "update_display_data"):
            size = len(json.dumps({key: value for key, value in message.items() if key != "buffers"}, default=str))
            self.line.append((message["header"]["date"].timestamp(), message["msg_type"], size))
        super()._shown(message)


def _live(seconds: int) -> Table:
    with TemporaryDirectory(prefix="kling-bench-") as home:
        env = {"KLING_WIDGETS_HOME": home, "KLING_WIDGETS_DEMO": "1", "PYTHONPATH": str(ROOT)}
        with _Listening(folder=Path(home), env=env) as kernel:
            kernel.run("%load_ext kling_widgets\nimport kling_widgets as kw")
            kernel.line.clear()
            begun = time.monotonic()
            (cell,) = kernel.run(
                f"jobs = kw.submit('2.6', prompt='demo:slow {PROMPT}', count={LIVE}, yes=True)", timeout=120
            )
            assert cell.status == "ok", cell
            opened = [entry for entry in kernel.line if entry[1] == "comm_open"]
            whole, shown = kernel.line.bytes, time.monotonic() - begun
            kernel.line.clear()
            end = time.monotonic() + seconds
            kernel.until(lambda: time.monotonic() > end, seconds + 30)
            watched = Line(kernel.line)
            kernel.run("jobs.stop()")
    row = (
        LIVE,
        len(opened),
        whole / 1024,
        shown,
        len(watched) / seconds,
        watched.busiest(),
        watched.bytes / seconds / 1024,
    )
    head = (
        "views",
        "models opened",
        "KiB until accepted",
        "s until accepted",
        "messages/s after that",
        "most in any second",
        "KiB/s",
    )
    note = reach("most messages in any second", watched.busiest(), PER_SECOND)
    return Table(f"{LIVE} jobs of the demo in a real kernel, {seconds} s", head, [row], (note,))
