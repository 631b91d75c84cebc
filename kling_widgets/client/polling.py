"""Polling intervals, and an estimate of the remaining time.

No I/O; times are arguments, in seconds since the service accepted the task.

Measured: a backoff in proportion to the elapsed time costs two to five times as many requests as the optimum, because
it polls often before the task can be done and rarely when the end is likely. Gaps that shrink until the usual duration
and stay constant afterwards are within ten per cent of the optimum. A progress that moves evenly beats every such
schedule. One that does not must not make things worse, so progress stretches the gaps at most twofold until it predicts
the end. ``python -m tests.benchmarks polling`` draws the picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import geometric_mean
from typing import TYPE_CHECKING

from kling_widgets.client.progress import Progress

if TYPE_CHECKING:
    from kling_widgets.core.task import Task

FIRST_POLL = 2.0  # seconds after acceptance: an immediate refusal shows immediately
SHORTEST_GAP = 1.0
LONGEST_GAP = 30.0
LONGEST_SILENCE = 60.0  # past durations may be wrong about this task
LONGEST_RETRY_AFTER = 300.0  # seconds; a Retry-After may be nonsense

SILENT_SHARE = 0.38  # of the usual duration: hardly any task ends earlier
EVEN_GAP = 0.44  # seconds, times the square root of the usual duration: balances polls and delay at any length
RAMP_SHARE = 0.55  # of the usual duration, up to which the gaps shrink to the even gap, with the square of the time
LATE_SHARE = 3.0  # of the usual duration, after which the gaps grow again
LATE_GAP = 0.025  # of the elapsed time, once a task is late

PRIOR = 90.0  # seconds; the usual duration if none is known
WIDEST_UNKNOWN_GAP = 6.5  # seconds; the widest gap that relies on this guess

TRUST = 2.2  # times the gap without progress; more would rely too much on a pace that may be wrong
TRUSTED_SHARE = 0.5  # of the usual duration, before which little is lost by trusting the progress
WINDOW_SHARE = 0.9  # of the time between the earliest and the latest end, for one gap
ROUND_SHARE = 0.5  # of the poll round; the rate limiter spreads the rest


class PollSchedule:
    """Schedule for polling one task.

    The first poll is within 3 s of acceptance. Polls are at least 1 s apart, and at most 60 s unless the service asks
    for more.

    Args:
        usual: seconds that such a task usually takes, if known.
    """

    def __init__(self, usual: float | None = None) -> None:
        self.usual = usual if usual is not None and math.isfinite(usual) and usual > 0 else None
        self.progress = Progress()
        self._polled = False
        self._failures = 0
        self._retry_after = 0.0

    def polled(self, elapsed: float, task: Task) -> None:
        """Record a poll that got a usable answer."""
        self._polled, self._failures, self._retry_after = True, 0, 0.0
        self.progress.add(elapsed, task)

    def poll_failed(self, retry_after: float | None = None) -> None:
        """Record a poll without a usable answer, and the seconds to wait that the service asked for, if any."""
        self._polled, self._failures = True, self._failures + 1
        self._retry_after = min(retry_after or 0.0, LONGEST_RETRY_AFTER)

    def next(self, elapsed: float, poll_round: float = 0.0) -> float:
        """Return the seconds from ``elapsed`` to the next poll; 1 or more after the first one.

        Args:
            elapsed: seconds since acceptance.
            poll_round: seconds in which every polled task can be polled once; more polls would only queue.
        """
        if not self._polled:
            return max(0.0, FIRST_POLL - elapsed)
        if self._failures:
            backoff = min(LONGEST_GAP, SHORTEST_GAP * 2.0 ** min(self._failures, 10))
            return max(backoff, self._retry_after)
        shortest = max(SHORTEST_GAP, min(LONGEST_SILENCE, ROUND_SHARE * poll_round))
        return max(shortest, self._gap(elapsed, shortest))

    def remaining(self, elapsed: float) -> tuple[float, float] | None:
        """Return the seconds that probably remain, at least and at most, or None if there is no honest estimate."""
        if self.progress.end is not None:
            low, high = (end - elapsed for end in self.progress.end)
            if 0 < high <= 3 * max(low, 5):
                return 0.8 * max(0.0, low), 1.25 * high
        if self.usual is None or elapsed >= 1.6 * self.usual:
            return None
        return max(0.0, 0.6 * self.usual - elapsed), 1.6 * self.usual - elapsed

    def _gap(self, elapsed: float, shortest: float) -> float:
        usual = self.usual or PRIOR
        even = EVEN_GAP * math.sqrt(usual)
        silent = SILENT_SHARE * usual
        late = min(LONGEST_GAP, LATE_GAP * elapsed) if elapsed > LATE_SHARE * usual else 0.0
        ramp = even * max(1.0, RAMP_SHARE * usual / max(elapsed, silent)) ** 2
        widest = LONGEST_SILENCE if self.usual else WIDEST_UNKNOWN_GAP
        without_progress = max(min(max(silent - elapsed, ramp), widest), late)
        if self.progress.end is None or elapsed >= self.progress.end[1]:
            return without_progress
        earliest, latest = self.progress.end
        step = min(without_progress, max(shortest, WINDOW_SHARE * (latest - max(earliest, elapsed))))
        gap = min(max(earliest, elapsed) + step, max(latest, elapsed + shortest)) - elapsed
        return min(gap, max(TRUSTED_SHARE * usual - elapsed, TRUST * max(even, late)), LONGEST_SILENCE)


def typical(durations: Sequence[float]) -> float | None:
    """Return the usual duration in seconds, given past ones: the geometric mean of their middle half.

    It is as robust as the median against outliers, such as a wait in a closed laptop, and more accurate if only a few
    durations are known.
    """
    known, skip = sorted(durations), (len(durations) + 1) // 4
    return geometric_mean(known[skip : len(known) - skip]) if known else None
