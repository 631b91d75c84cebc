"""Calls between files of the package for one video, and where the time goes while 1,000 tasks are watched.

Calls are counted in all threads of a kernel, from a line of %kling to the saved file, for the kernel's second video, so
that all imports are done. A call is one from one file of the package into another. The service is the demo in another
process, which takes half a second for a task, so that each is done at the first poll.

kw.submit makes 1,000 tasks of 20 to 40 s at a limit of 200 requests a second, under py-spy, which samples 100 times a
second the function of the thread that holds the interpreter lock: that is what a cell's own code has to wait for.
"Self" is the function itself, "total" includes everything that it calls, with imports on the way.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from kling_widgets.demo import service
from tests.benchmarks import peers
from tests.benchmarks.race import Runner, race
from tests.benchmarks.simulator import running
from tests.benchmarks.table import Table
from tests.kernel import Kernel
from tests.servers import MP4

PEERS = ("py-spy",)
COUNT, QUICK_COUNT = 1000, 50
SHORTEST, LONGEST = 20.0, 40.0  # seconds of a task
RATE = 100  # samples a second
TOP = 15
PAIRS = 10
COUNTING = """
from tests.calls import counted
_counting = counted()
_calls = _counting.__enter__()
%load_ext kling_widgets
"""
LINE = "%kling --wait a boat"
COUNTED = """
import json as _json
print("@@" + _json.dumps([*_calls.between_files().items()]))
"""


def measure(quick: bool = False) -> Iterable[Table]:
    """Return four tables: calls between files; self by package and by function, and ours by total."""
    yield _between_files()
    if not (python := peers.python("py-spy")):
        yield Table("Not measured", (), [], peers.missing(PEERS))
        return
    count, pace = (QUICK_COUNT, 0.1) if quick else (COUNT, 1.0)
    seconds = [pace * (SHORTEST + (LONGEST - SHORTEST) * number / count) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder, running() as simulator:
        stacks = Path(folder) / "stacks"
        spy = (str(python.with_name("py-spy")), "record", "--rate", str(RATE), "--gil", "--format", "raw", "--function")
        environ = {"KLING_WIDGETS_RPS": "200"}
        runner = Runner("kling-submit", "profile", environ=environ, under=(*spy, "--output", str(stacks), "--"))
        (result,) = race(simulator, [runner], seconds, limit=300)
        own, total = read(stacks.read_text(encoding="utf-8"))
    samples = own.total()
    note = (
        f"{result.finished} of {result.count} tasks finished, {1000 * result.cpu:.0f} ms of CPU a task, of which "
        f"{1000 * samples / RATE / result.count:.0f} ms held the interpreter"
    )
    packages = Counter[str]()
    for name, number in own.items():
        packages[re.sub(r"^\S+ \((?:<frozen )?(\w+).*$", r"\1", name)] += number
    yield _table("Self, by package", packages, samples, (note, *result.errors[:1]))
    yield _table("Self, by function", own, samples)
    ours = Counter({name: count for name, count in total.items() if "kling_widgets/" in name})
    yield _table("Total, functions of kling_widgets", ours, samples)


async def _ready_made(job: Mapping[str, Any], report: Callable[[float], None]) -> str | None:
    await asyncio.to_thread(Path(job["target"]).write_bytes, MP4)
    return None


def _between_files() -> Table:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with service.start(folder / "service", seconds_per_task=0.5, render=_ready_made) as demo:
            environ = {
                "PYTHONPATH": str(peers.ROOT),
                "KLING_WIDGETS_HOME": str(folder / "home"),
                "CRAZYROUTER_BASE_URL": demo.base_url,
                "CRAZYROUTER_API_KEY": "sk-" + "Abc123xyz" * 4,
            }
            with Kernel(folder=folder, env=environ) as kernel:
                kernel.run(COUNTING, LINE, "_calls.clear()", f"{LINE} in the rain")
                (told,) = kernel.run(COUNTED)
    line = next(line for line in told.text.splitlines() if line.startswith("@@"))
    pairs = Counter({tuple(files): count for files, count in json.loads(line[2:])})
    rows: list[tuple[object, ...]] = [(count, f"`{a}`", f"`{b}`") for (a, b), count in pairs.most_common(PAIRS)]
    note = f"{pairs.total()} calls between {len(pairs)} pairs of files, of which these are the largest"
    return Table("From `%kling a boat` to the saved file", ("calls", "from", "into"), rows, (note,))


def read(stacks: str) -> tuple[Counter[str], Counter[str]]:
    """Return the samples by function, self and total, from collapsed stacks: ``frame;frame;frame count`` lines."""
    own, total = Counter[str](), Counter[str]()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [_name(frame) for frame in stack.split(";")]
        own[frames[-1]] += int(count)
        total.update(dict.fromkeys(frames, int(count)))
    return own, total


def _name(frame: str) -> str:
    """Return ``function (package/module.py)`` of py-spy's frame."""
    place = re.sub(
        r"\(.*?(?:site-packages/|lib/python3\.\d+/|(?=kling_widgets/|tests/))(.*?)(?::\d+)?\)$", r"(\1)", frame
    )
    return re.sub(r":\d+\)$", ")", place) or "(no Python function)"


def _table(title: str, counter: Counter[str], samples: int, notes: tuple[str, ...] = ()) -> Table:
    rows: list[tuple[object, ...]] = [
        (f"{100 * count / samples:.1f} %", f"`{name}`") for name, count in counter.most_common(TOP)
    ]
    return Table(title, ("share", "where"), rows, notes)
