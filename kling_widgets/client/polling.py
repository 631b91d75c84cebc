"""When to ask next, and about how much longer it will take. No I/O; no clock is read: times are arguments, in
seconds since the service accepted the task.

Why so: measured, backing off in proportion to the time gone by costs two to five times the requests of the optimum,
as it asks often while nothing can have happened yet and rarely when the end is likely. Gaps that shrink until the usual
duration and stay even from there on are within ten per cent of it. A progress that moves evenly beats every such
schedule; one that does not must not be worse, so it only stretches the gaps twofold, until it can tell the end.
``python -m tests.benchmarks polling`` draws the picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import geometric_mean
from typing import TYPE_CHECKING

from kling_widgets.client.progress import Progress

if TYPE_CHECKING:
    from kling_widgets.core.task import Task

FIRST_LOOK = 2.0  # seconds after acceptance: a request that is refused at once shows at once
SHORTEST_GAP = 1.0
LONGEST_GAP = 30.0
LONGEST_SILENCE = 60.0  # a history may be wrong about this one task
LONGEST_ASKED = 300.0  # what a Retry-After may silence at most: it may be nonsense

SILENT_SHARE = 0.38  # of the usual duration: hardly any task is over before
EVEN_GAP = 0.44  # seconds, times the root of the usual duration: so a look buys as much, however long a task takes
RAMP_SHARE = 0.55  # of the usual duration, up to which the gaps shrink to the even one, as the square of the time
LATE_SHARE = 3.0  # of the usual duration, from which on the gaps grow again
LATE_GAP = 0.025  # of the time gone by, once a task is late

PRIOR = 90.0  # seconds; a guess where no duration is known, which is trusted in gaps of up to ...
WIDEST_UNKNOWN_GAP = 6.5  # ... so many seconds

TRUST = 2.2  # times the gap that goes without a progress: it may be wrong about the pace
TRUSTED_SHARE = 0.5  # of the usual duration, before which there is little to lose by it
WINDOW_SHARE = 0.9  # of the time between the earliest and the latest end, in one gap
CROWD_SHARE = 0.5  # of the round in which the budget comes to each task: the queue does the rest


class PollSchedule:
    """When to look at one task.

    One look within 3 s of acceptance; looks are never closer than 1 s, nor further than 60 s unless the service asks
    for it.

    Args:
        usual: seconds that such a task usually takes, if that is known.
    """

    def __init__(self, usual: float | None = None) -> None:
        self.usual = usual if usual is not None and math.isfinite(usual) and usual > 0 else None
        self.progress = Progress()
        self._looked = False
        self._misses = 0
        self._asked_to_wait = 0.0

    def see(self, elapsed: float, task: Task) -> None:
        """A look that got its answer."""
        self._looked, self._misses, self._asked_to_wait = True, 0, 0.0
        self.progress.see(elapsed, task)

    def missed(self, retry_after: float | None = None) -> None:
        """A look that got no usable answer; ``retry_after``: seconds to wait, if the service said so."""
        self._looked, self._misses, self._asked_to_wait = True, self._misses + 1, min(retry_after or 0.0, LONGEST_ASKED)

    def next(self, elapsed: float, poll_round: float = 0.0) -> float:
        """Seconds from ``elapsed`` to the next look; 1 or more after the first one.

        Args:
            elapsed: seconds since acceptance.
            poll_round: seconds in which each watched task can be looked at once: more looks would only queue.
        """
        if not self._looked:
            return max(0.0, FIRST_LOOK - elapsed)
        if self._misses:
            again = min(LONGEST_GAP, SHORTEST_GAP * 2.0 ** min(self._misses, 10))
            return max(again, self._asked_to_wait)
        least = max(SHORTEST_GAP, min(LONGEST_SILENCE, CROWD_SHARE * poll_round))
        return max(least, self._gap(elapsed, least))

    def remaining(self, elapsed: float) -> tuple[float, float] | None:
        """About how much longer, from and to, in seconds; None where an honest answer is "no estimate"."""
        if self.progress.end is not None:
            low, high = (end - elapsed for end in self.progress.end)
            if 0 < high <= 3 * max(low, 5):
                return 0.8 * max(0.0, low), 1.25 * high
        if self.usual is None or elapsed >= 1.6 * self.usual:
            return None
        return max(0.0, 0.6 * self.usual - elapsed), 1.6 * self.usual - elapsed

    def _gap(self, elapsed: float, least: float) -> float:
        usual = self.usual or PRIOR
        even = EVEN_GAP * math.sqrt(usual)
        silent = SILENT_SHARE * usual
        late = min(LONGEST_GAP, LATE_GAP * elapsed) if elapsed > LATE_SHARE * usual else 0.0
        ramp = even * max(1.0, RAMP_SHARE * usual / max(elapsed, silent)) ** 2
        widest = LONGEST_SILENCE if self.usual else WIDEST_UNKNOWN_GAP
        blind = max(min(max(silent - elapsed, ramp), widest), late)
        if self.progress.end is None or elapsed >= self.progress.end[1]:
            return blind
        earliest, latest = self.progress.end
        step = min(blind, max(least, WINDOW_SHARE * (latest - max(earliest, elapsed))))
        gap = min(max(earliest, elapsed) + step, max(latest, elapsed + least)) - elapsed
        return min(gap, max(TRUSTED_SHARE * usual - elapsed, TRUST * max(even, late)), LONGEST_SILENCE)


def typical(durations: Sequence[float]) -> float | None:
    """What tasks usually take, in seconds, by those of before: the geometric mean of their middle half. It is as robust
    as the median against one that slept in a closed laptop, and nearer the truth where only a few are known."""
    known, skip = sorted(durations), (len(durations) + 1) // 4
    return geometric_mean(known[skip : len(known) - skip]) if known else None
