"""Many tasks in one process, and the cost of watching them.

Each client makes all its tasks at once, in a process of its own, one client after another, on an idle machine. The lag
is measured at the service: from the moment at which a task was ready to the first answer that said so. CPU is that of
the process, all threads, without its import; for kw.submit it includes the journal, the download, the checksum and the
poster. "Above import" is the peak memory of the process minus its memory after the import of its package; "above two
tasks" minus the peak with two tasks, because our import loads nothing, and the first tasks load httpx, and for
kw.submit PyAV and Pillow too.

At the default limit every request, submissions too, waits for its turn: 5 a second. A task that is ready is then seen
after half a round at best, a round being live tasks / limit; the live ones are counted when a task gets ready.

The loop is plain Python in three kernels, in turns, so that other work on the machine affects all of them: one that
does nothing else, one that watches 30 tasks, one that shows their live views too (no browser receives their messages).
The processor time of the kernel's other threads, most of which the loop has to wait for, is free of that noise.
"""

from __future__ import annotations

import asyncio
import math
import random
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.benchmarks import peers
from tests.benchmarks.clients import CLIENTS, KEY
from tests.benchmarks.race import Result, Runner, race
from tests.benchmarks.simulator import Running, prompt, running
from tests.benchmarks.table import Table, reach
from tests.kernel import Kernel

OURS = ("kling-client", "kling-submit")
BESIDE = ("httpx", "openai", "replicate-run", "runway")
PEERS = tuple(dict.fromkeys(CLIENTS[name].environment for name in BESIDE if CLIENTS[name].environment))
BUDGET, RATE = 5.0, 200.0  # requests a second: the default, and that of a user with a higher limit
FAST = {"KLING_WIDGETS_RPS": f"{RATE:g}"}
MANY, MORE = 1000, 4000
COUNTS = (30, 100, 300)  # tasks at the default limit
WATCHED = 30
TURNS = 25  # of each kernel
SILENCE = 60.0  # seconds; the longest interval of our schedule


def measure(quick: bool = False) -> Iterable[Table]:
    """Return five tables: many tasks, long ones, the default limit, connections, the loop."""
    with running() as simulator:
        yield _crowd(simulator, quick)
        with ThreadPoolExecutor() as threads:  # none of them is busy
            parts = [threads.submit(part, simulator, quick) for part in (_long, _default)]
            silence = threads.submit(asyncio.run, _connections(2.0 if quick else SILENCE))
            for part in (*parts, silence):
                yield part.result()
    with running() as simulator:
        yield _loop(simulator, 2 if quick else TURNS)


def uniform(count: int, shortest: float = 20.0, longest: float = 40.0) -> list[float]:
    """Return the seconds of this many tasks, evenly spaced."""
    draw = random.Random(43)
    return [draw.uniform(shortest, longest) for _ in range(count)]


def lognormal(count: int, median: float = 90.0, sigma: float = 0.5) -> list[float]:
    """Return the seconds of this many tasks, lognormal."""
    draw = random.Random(44)
    return [median * math.exp(sigma * draw.gauss(0, 1)) for _ in range(count)]


HEAD = ("client", "reported progress", "tasks", "finished", "median lag, s", "95 %, s", "GETs a task")
COSTS = ("CPU a task, ms", "peak memory, MiB", "above import", "above two tasks")


def _crowd(simulator: Running, quick: bool) -> Table:
    """Measure 1,000 and 4,000 tasks at once; ours at 200 requests a second, others at their defaults."""
    many, more = (20, 40) if quick else (MANY, MORE)
    pace = (1.0, 3.0) if quick else (20.0, 40.0)
    two = {name: _two(simulator, Runner(name, f"two-{name}", environ=FAST), pace) for name in OURS}
    runs = [
        *((Runner(name, f"{word}-{name}", word, environ=FAST), many) for name in OURS for word in ("none", "1")),
        *((Runner(name, f"more-{name}", environ=FAST), more) for name in OURS),
        *((Runner(name, f"many-{name}"), many) for name in BESIDE),
    ]
    results = [result for runner, count in runs for result in race(simulator, [runner], uniform(count, *pace), 150.0)]
    table = _costs(f"Tasks of {pace[0]:g} to {pace[1]:g} s, all made at once", results, two)
    notes = [note for result in results if result.runner.client in OURS for note in _goals(result, two, many)]
    return replace(table, notes=(*notes, *_errors(results), *peers.missing(PEERS)))


def _two(simulator: Running, runner: Runner, pace: tuple[float, float]) -> float:
    """Return the peak memory, MiB, of a process that makes two tasks."""
    (result,) = race(simulator, [runner], uniform(2, *pace), 100.0)
    return float(result.told["largest"])


def _goals(result: Result, two: dict[str, float], many: int) -> Iterable[str]:
    name = f"{result.runner.title}, {result.count:,} tasks, progress {result.runner.progress}"
    yield reach(f"{name}: unfinished", result.count - result.finished, 0)
    if result.count == many:
        yield reach(f"{name}: median lag", result.median, 3.0, " s")
        yield reach(f"{name}: CPU a task", 1000 * result.cpu, 25.0, " ms")
        yield reach(f"{name}: above import", _above(result), 60.0, " MiB")
        yield reach(f"{name}: above two tasks", result.told["largest"] - two[result.runner.client], 60.0, " MiB")


def _above(result: Result) -> float:
    return float(result.told["largest"]) - float(result.told["memory"])


def _long(simulator: Running, quick: bool) -> Table:
    """Measure 1,000 tasks of the usual duration: both of ours at once, as they are hardly busy."""
    seconds = lognormal(20, 2.0) if quick else lognormal(MANY)
    runners = [Runner(name, f"long-{name}", environ=FAST) for name in OURS]
    results = race(simulator, runners, seconds, 3 * max(seconds) + 60)
    return _costs("Tasks of lognormal(median 90 s, σ 0.5), made at once; ours at the same time", results, {})


def _costs(title: str, results: Sequence[Result], two: dict[str, float]) -> Table:
    rows: list[tuple[object, ...]] = []
    for result in results:
        name, largest = result.runner.client, float(result.told["largest"])
        above = largest - two[name] if name in two else None
        lags = (result.median, result.lag(0.95))
        looks, word = round(result.looks, 1), result.runner.progress
        costs = (1000 * result.cpu, largest, _above(result), above)
        rows.append((result.runner.title, word, result.count, result.finished, *lags, looks, *costs))
    return Table(title, (*HEAD, *COSTS), rows, _errors(results))


def _default(simulator: Running, quick: bool) -> Table:
    """Measure both of ours at 5 requests a second, all runs at once."""
    runs = [
        (count, Runner(name, f"default-{count}-{word}-{name}", word))
        for count in ((6,) if quick else COUNTS)
        for word in ("none", "1")
        for name in OURS
    ]

    def run(count: int, runner: Runner) -> list[Result]:
        seconds = lognormal(count, 2.0 if quick else 90.0)
        return race(simulator, [runner], seconds, 10 * max(seconds) + 2 * count)

    with ThreadPoolExecutor(len(runs)) as threads:
        results = [result for found in threads.map(run, *zip(*runs, strict=True)) for result in found]
    rows: list[tuple[object, ...]] = []
    for result in results:
        live = statistics.fmean(_live(result.logged)) if result.logged else math.nan
        limit = 1.3 * live / (2 * BUDGET)
        done = result.finished == result.count
        reached = done and result.mean is not None and result.mean <= limit
        figures = (result.finished, live, result.median, result.mean, limit, reached, round(result.looks, 1))
        rows.append((result.runner.title, result.runner.progress, result.count, *figures))
    head = (
        "client",
        "reported progress",
        "tasks",
        "finished",
        "live when one gets ready",
        "median lag, s",
        "mean lag, s",
        "to reach: ≤",
    )
    title = "The default limit: 5 requests a second, tasks of lognormal(median 90 s, σ 0.5)"
    note = "if so few tasks are live that the limit has no effect, the lag comes from the schedule's own intervals"
    return Table(title, (*head, "reached", "GETs a task"), rows, (note, *_errors(results)))


def _live(logged: Sequence[dict[str, Any]]) -> list[int]:
    """Return for each task how many had been made, and were not known to be ready, when it got ready."""
    spans = [(task["made"], math.inf if task["seen"] is None else task["seen"]) for task in logged]
    return [sum(made <= task["ready"] < seen for made, seen in spans) for task in logged]


def _errors(results: Sequence[Result]) -> tuple[str, ...]:
    return tuple(
        f"{one.runner.title}, {one.count:,} tasks: {len(one.errors)} errors, the first: {one.errors[0]}"
        for one in results
        if one.errors
    )


# A pause between requests.


async def _connections(silence: float) -> Table:
    """Count the connections for three requests with this many seconds between them."""
    import httpx

    from kling_widgets.client.async_client import AsyncClient

    opened: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        opened.append("ours" if b"kling_widgets" in head else "httpx")
        body = b'{"code":"success","data":{"task_id":"t","status":"processing"}}'
        while head:  # a GET arrives in one piece
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
            head = await reader.read(2**16)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with AsyncClient(KEY, base) as ours, httpx.AsyncClient() as plain:
            for _ in range(3):
                await ours.get("t")
                await plain.get(f"{base}/t")
                await asyncio.sleep(silence)
        await asyncio.sleep(0.1)  # both have closed
    rows: list[tuple[object, ...]] = [("kling_widgets", opened.count("ours")), ("httpx", opened.count("httpx"))]
    title = f"Connections for three requests, {silence:.0f} s apart"
    return Table(title, ("client", "connections"), rows, (reach("ours", opened.count("ours"), 1),))


# A loop beside the watching.

_SETUP = """
import time
def loop(count):
    begun, alone, all = time.perf_counter(), time.thread_time(), time.process_time()
    total = 0
    for number in range(count):
        total += number * number % 7
    alone, all = time.thread_time() - alone, time.process_time() - all
    return time.perf_counter() - begun, 100 * (all / alone - 1)
"""
_REQUESTS = "import kling_widgets as kw\nrequests = [kw.VideoRequest('2.6', prompt=prompt) for prompt in {prompts!r}]"
_WATCH = {
    "nothing": "None",
    "30 tasks watched": (
        "from kling_widgets.notebook.kernel.session import session\n"
        "from kling_widgets.notebook.submit.options import SubmitOptions\n"
        "from kling_widgets.notebook.submit.submitter import Submitter\n"
        "jobs = session().get(Submitter).create_jobs(requests, SubmitOptions(yes=True))\n"
        "for job in jobs: job._runner.start()\n"
        "jobs = [job.wait_accepted() for job in jobs]"
    ),
    "30 tasks watched and shown": "jobs = kw.submit(requests, wait=False, yes=True)",
}


def _loop(simulator: Running, turns: int) -> Table:
    """Measure how much longer a loop takes beside the watching."""
    took: dict[str, list[tuple[float, float]]] = {what: [] for what in _WATCH}
    with ExitStack() as stack:
        kernels = {}
        for number, (what, code) in enumerate(_WATCH.items()):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            environ = {"CRAZYROUTER_API_KEY": KEY, "CRAZYROUTER_BASE_URL": simulator.base}
            environ |= {"KLING_WIDGETS_HOME": str(folder / "home"), "PYTHONPATH": str(peers.ROOT)}
            kernels[what] = stack.enter_context(Kernel(folder=folder, env=environ))
            prompts = [prompt(f"loop{number}", task, 3600.0, "1") for task in range(WATCHED)]
            for cell in kernels[what].run(_SETUP, _REQUESTS.format(prompts=prompts), code):
                if cell.error:
                    raise RuntimeError(cell.text)
        count = int(10**6 / _run(kernels["nothing"], 10**6)[0])
        for _ in range(turns):
            for what, kernel in kernels.items():
                took[what].append(_run(kernel, count))
    medians = {what: tuple(map(statistics.median, zip(*some, strict=True))) for what, some in took.items()}
    rows: list[tuple[object, ...]] = []
    notes = []
    for what, (seconds, beside) in medians.items():
        slower = 100 * (seconds / medians["nothing"][0] - 1)
        rows.append((what, seconds, min(one for one, _ in took[what]), f"{slower:+.1f} %", f"{beside:.1f} %"))
        if what != "nothing":
            notes.append(reach(f"{what}: slower", slower, 10.0, " %"))
    head = ("beside it", "median, s", "shortest, s", "slower", "processor taken by other threads")
    return Table(f"A loop of about a second in a kernel, {turns} times", head, rows, tuple(notes))


def _run(kernel: Kernel, count: int) -> tuple[float, float]:
    """Return the seconds that the loop took, and the per cent that other threads used meanwhile."""
    (cell,) = kernel.run(f"print(*loop({count}))")
    seconds, beside = map(float, cell.text.split())
    return seconds, beside
