"""Ready → seen: how soon a client notices that a video is ready, and how many GETs that takes.

24 tasks of lognormal(median 90 s, σ 0.5), one from each 24th of that distribution, in real time, made at once; each
client in a process of its own at its defaults, all at the same time. The lag is measured at the service: from the
moment at which a task was ready to the first answer that said so. CPU is that of the client's process from the first
task on, including later imports, and for kw.submit the journal, the download and the poster. "Known" is a history of
ten tasks, one from each tenth of the same distribution; our client keeps none, kw.submit has its journal.

If the progress is missing or false, compare with a fixed interval: with as many GETs its median lag is half of the
interval. The optimum is that of a schedule without progress and with as many GETs. A mean of 24 tasks has an error of
about 15 %; the simulation (polling) measures the distance from the optimum more exactly.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import peers
from tests.benchmarks.clients import CLIENTS
from tests.benchmarks.optimum import Durations, least_lag
from tests.benchmarks.progress import PROGRESS
from tests.benchmarks.race import Result, Runner, race
from tests.benchmarks.simulator import running
from tests.benchmarks.table import Table

PEERS = tuple(dict.fromkeys(client.environment for client in CLIENTS.values() if client.environment))
COUNT, DURATIONS = 24, Durations()
QUICK_COUNT, QUICK_DURATIONS = 6, Durations(3.0)
PAST = 10  # tasks in the history
WORDS = {
    "1": "steps of 1 %",
    "10": "steps of 10 %",
    "none": "none",
    "stages": "the gateway's marks",
    "stall": "stands still",
    "lie": "false",
}


@dataclass(frozen=True)
class Goal:
    """A goal: a median lag in seconds, and GETs a task if they matter too."""

    median: float
    looks: float = math.inf

    def verdict(self, one: Result) -> tuple[str, bool]:
        """Return the goal in words, and whether it is reached."""
        words = f"median ≤ {self.median:.3g} s" + (f", GETs ≤ {self.looks:.0f}" if self.looks < math.inf else "")
        all_done = one.finished == one.count and one.median is not None
        return words, all_done and one.median <= self.median and one.looks <= self.looks


GOALS = {"1": Goal(0.6, 12), "10": Goal(1.5, 15)}
KNOWN_GOAL = Goal(2.5, 19)  # without progress, with a history


def measure(quick: bool = False) -> Iterable[Table]:
    """Return a table of ours for each kind of progress, and one of the peers."""
    durations = QUICK_DURATIONS if quick else DURATIONS
    seconds = durations.sample(QUICK_COUNT if quick else COUNT)

    def remember(home: Path, service: str) -> None:
        _remember(home, service, durations.sample(PAST))

    ours = [
        *(Runner("kling-client", f"client-{word}", word) for word in PROGRESS),
        *(Runner("kling-submit", f"submit-{word}", word, remember) for word in PROGRESS),
    ]
    others = [Runner(name, name) for name, client in CLIENTS.items() if client.environment]
    with running() as simulator:
        results = race(simulator, [*ours, *others], seconds, limit=1.5 * max(seconds) + 60)
    yield _ours([one for one in results if one.runner in ours], seconds, durations.front())
    yield _peers([one for one in results if one.runner in others])


def _remember(home: Path, service: str, seconds: list[float]) -> None:
    """Write a history of tasks with these durations into a journal."""
    import kling_widgets as kw
    from kling_widgets.storage.journal import Journal

    now = [1_700_000_000.0]
    journal = Journal(home / "journal.sqlite", clock=lambda: now[0])
    for number, took in enumerate(seconds):
        key = journal.write(kw.VideoRequest("2.6", prompt=f"a boat of paper, number {number}"), service)
        journal.update(key, state="saved", task_id=f"past-{number}", accepted=now[0], ended=now[0] + took)
        now[0] += took
    journal.close()


HEAD = ("finished", "median lag, s", "mean, s", "95 %, s", "GETs a task", "CPU a task, ms")


def _figures(one: Result) -> tuple[object, ...]:
    finished = f"{one.finished}/{one.count}"
    return finished, one.median, one.mean, one.lag(0.95), round(one.looks, 1), round(1000 * one.cpu, 1)


def _ours(results: list[Result], seconds: list[float], front: list[tuple[float, float]]) -> Table:
    rows: list[tuple[object, ...]] = []
    for one in results:
        word, known = one.runner.progress, one.runner.client == "kling-submit"
        fixed = _fixed(one.looks, seconds)
        ratio = one.mean / least_lag(front, one.looks) if one.mean and one.looks else None
        if word == "none":
            verdict = KNOWN_GOAL.verdict(one) if known else ("near the optimum, see polling", None)
        else:
            verdict = GOALS.get(word, Goal(fixed)).verdict(one)
        rows.append((one.runner.title, WORDS[word], known, *_figures(one), ratio, fixed, *verdict))
    head = (
        "client",
        "reported progress",
        "duration known",
        *HEAD,
        "mean ÷ the optimum's",
        "fixed interval: median, s",
    )
    table = "Ours, by the reported progress"
    return Table(table, (*head, "to reach", "reached"), rows, _errors(results))


def _fixed(looks: float, seconds: list[float]) -> float:
    """Return the median lag of a fixed interval with this many GETs a task: half of the interval."""
    return statistics.fmean(seconds) / (looks - 0.5) / 2 if looks > 0.5 else math.inf


def _peers(results: list[Result]) -> Table:
    rows: list[tuple[object, ...]] = [(one.runner.title, *_figures(one)) for one in results]
    return Table("Alternatives", ("client", *HEAD), rows, (*_errors(results), *peers.missing(PEERS)))


def _errors(results: list[Result]) -> tuple[str, ...]:
    return tuple(
        f"{one.runner.title}: {len(one.errors)} errors, the first: {one.errors[0]}" for one in results if one.errors
    )
