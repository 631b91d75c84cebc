"""When to poll: our schedule beside fixed intervals and the optimum, simulated.

Tasks take lognormal(median 90 s, σ 0.5) unless stated otherwise; no time is measured, and the round trip costs nothing.
The optimum is the best schedule that knows this distribution but sees no progress; its lag is taken at as many GETs as
the schedule beside it uses. "Ten past tasks": ten random durations are known; the mean over many such histories. A
fixed interval "with as many GETs" is the one that needs that many on average.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean, median

from kling_widgets.client.polling import PollSchedule, typical
from kling_widgets.core.task import Task
from tests.benchmarks.optimum import Durations, least_lag
from tests.benchmarks.picture import Curve, draw
from tests.benchmarks.progress import PROGRESS
from tests.benchmarks.table import Table, reach

PICTURE = Path(__file__).with_name("polling.svg")
QUEUED = 0.1  # share of a task's time
PAST = 10
FIXED = (2, 3, 5, 6, 10, 20)  # seconds
TRUTHS = (Durations(20), Durations(45), Durations(180), Durations(300), Durations(90, 0.25), Durations(90, 1.0))

Looks = Callable[
    [float, int], tuple[int, float]
]  # of a task's seconds and number: polls, and seconds from ready to seen


@dataclass(frozen=True)
class Seen:
    """The result of a schedule: GETs a task, and the lag in seconds."""

    looks: float
    lags: Sequence[float]

    @property
    def mean(self) -> float:
        return fmean(self.lags)

    @property
    def median(self) -> float:
        return median(self.lags)

    @property
    def late(self) -> float:
        return sorted(self.lags)[int(0.95 * len(self.lags))]


def measure(quick: bool = False) -> Iterable[Table]:
    """Return the tables, and draw the picture beside them."""
    durations = Durations()
    tasks = durations.sample(100 if quick else 600)
    chance = random.Random(1)
    histories = [
        typical([chance.lognormvariate(math.log(durations.median), durations.sigma) for _ in range(PAST)])
        for _ in range(5 if quick else 60)
    ]
    front = durations.front()
    known = _joined(watched(tasks, partial(ours, usual=usual)) for usual in histories)
    rows: dict[str, Seen] = {
        "ours, ten past tasks": known,
        "ours, the usual duration known exactly": watched(tasks, partial(ours, usual=durations.median)),
        "ours, nothing known": watched(tasks, ours),
        **{f"every {gap} s": watched(tasks, partial(fixed, gap=gap)) for gap in FIXED},
        "doubling from 1 s to 30 s": watched(tasks, doubling),
        "a tenth of the elapsed time, 1 to 30 s": watched(tasks, proportional),
    }
    yield _without(rows, front)
    yield _with(tasks, histories)
    yield _elsewhere(quick)
    if not quick:
        curves = [Curve("the optimum", front)]
        curves += [Curve(name, [(seen.looks, seen.mean)]) for name, seen in rows.items() if name.startswith("ours")]
        curves += [
            Curve("fixed intervals", [(rows[f"every {gap} s"].looks, rows[f"every {gap} s"].mean) for gap in FIXED])
        ]
        for step in ("1", "10"):
            seen = watched(tasks, partial(ours, progress=step))
            curves.append(Curve(f"ours, progress in {step} % steps", [(seen.looks, seen.mean)]))
        PICTURE.write_text(draw(curves, "GETs a task", "mean seconds from ready to seen"), encoding="utf-8")


def _without(rows: dict[str, Seen], front: list[tuple[float, float]]) -> Table:
    """Return the Pareto table."""
    over = {name: seen.mean / least_lag(front, seen.looks) for name, seen in rows.items()}
    known = rows["ours, ten past tasks"]
    return Table(
        "Without progress",
        ("schedule", "GETs", "median lag s", "mean lag s", "p95 lag s", "mean / optimum at as many GETs"),
        [(name, seen.looks, seen.median, seen.mean, seen.late, over[name]) for name, seen in rows.items()],
        (
            reach("ten past tasks, mean over the optimum", over["ours, ten past tasks"], 1.15),
            reach("ten past tasks, median lag", known.median, 2.5, " s"),
            reach("ten past tasks, GETs", known.looks, 19),
            reach("nothing known, mean over the optimum", over["ours, nothing known"], 1.45),
            f"![GETs and lag of our schedules, of fixed intervals and of the optimum]({PICTURE.name})",
        ),
    )


def _with(tasks: list[float], histories: list[float]) -> Table:
    """Measure the benefit of each kind of progress."""
    rows, notes = [], []
    limits = {"1": (0.6, 12.0), "10": (1.5, 15.0)}
    for word in PROGRESS:
        for known in (False, True):
            if known:
                seen = _joined(watched(tasks, partial(ours, usual=usual, progress=word)) for usual in histories[:10])
            else:
                seen = watched(tasks, partial(ours, progress=word))
            even = _fixed_with(seen.looks, tasks)
            rows.append((word, "ten past tasks" if known else "nothing", seen.looks, seen.median, seen.mean, even))
            lag, looks = limits.get(word, (even, math.inf))
            if known and word not in ("stages", "stall", "lie"):
                continue
            what = f"progress {word}{', ten past tasks' if known else ''}: "
            notes.append(reach(f"{what}median lag", seen.median, lag, " s"))
            if looks < math.inf:
                notes.append(reach(f"{what}GETs", seen.looks, looks))
    head = (
        "progress",
        "known",
        "GETs",
        "median lag s",
        "mean lag s",
        "median lag of a fixed interval with as many GETs s",
    )
    return Table("With true, missing or false progress", head, rows, tuple(notes))


def _elsewhere(quick: bool) -> Table:
    """Measure tasks whose durations differ from the default guess."""
    rows = []
    for durations in TRUTHS[: 2 if quick else None]:
        tasks, front = durations.sample(200), durations.front()
        cells: list[object] = [f"median {durations.median:.0f} s, σ {durations.sigma}"]
        for usual in (durations.median, None):
            seen = watched(tasks, partial(ours, usual=usual))
            cells += [seen.looks, seen.mean, seen.mean / least_lag(front, seen.looks)]
        rows.append(tuple(cells))
    head = ("tasks take", "known: GETs", "mean lag s", "/ optimum", "nothing known: GETs", "mean lag s", "/ optimum")
    return Table("Other durations, without progress", head, rows)


def ours(seconds: float, number: int, usual: float | None = None, progress: str = "none") -> tuple[int, float]:
    """Run our schedule on a task of this duration with this kind of progress."""
    schedule, now, looks = PollSchedule(usual), 0.0, 0
    while True:
        now += schedule.next(now)
        looks += 1
        if now >= seconds:
            return looks, now - seconds
        share = now / seconds
        status = "queued" if share < QUEUED else "running"
        schedule.polled(now, Task("t", status=status, progress=PROGRESS[progress](share, number)))  # type: ignore[arg-type]


def fixed(seconds: float, number: int, gap: float) -> tuple[int, float]:
    """Poll at a fixed interval."""
    looks = math.ceil(seconds / gap)
    return looks, looks * gap - seconds


def doubling(seconds: float, number: int) -> tuple[int, float]:
    """Back off: 1, 2, 4 … 30 s."""
    return _by(lambda now, looks: min(30.0, 2.0**looks), seconds)


def proportional(seconds: float, number: int) -> tuple[int, float]:
    """Wait for a tenth of the elapsed time."""
    return _by(lambda now, looks: min(30.0, max(1.0, now / 10)), seconds)


def _by(gap: Callable[[float, int], float], seconds: float) -> tuple[int, float]:
    now, looks = 0.0, 0
    while now < seconds:
        now += gap(now, looks)
        looks += 1
    return looks, now - seconds


def watched(tasks: Sequence[float], looks: Looks) -> Seen:
    """Run every task with this schedule."""
    each = [looks(seconds, number) for number, seconds in enumerate(tasks)]
    return Seen(fmean(count for count, _ in each), [lag for _, lag in each])


def _joined(parts: Iterable[Seen]) -> Seen:
    each = list(parts)
    return Seen(fmean(seen.looks for seen in each), [lag for seen in each for lag in seen.lags])


def _fixed_with(looks: float, tasks: Sequence[float]) -> float:
    """Return the median lag of the fixed interval with this many polls on average: half of the interval."""
    low, high = 0.1, 200.0
    for _ in range(40):
        gap = (low + high) / 2
        low, high = (gap, high) if fmean(math.ceil(task / gap) for task in tasks) > looks else (low, gap)
    return high / 2
