"""When to ask next, and about how much longer it will take. No I/O; no clock is read: times are arguments, in
seconds since the service accepted the task.

Why so: measured, backing off in proportion to the time gone by costs two to five times the requests of the optimum,
as it asks often while nothing can have happened yet and rarely when the end is likely. Silence until 0.4 of the usual
duration and an even gap afterwards is within ten per cent of it. Where nothing is known an even gap of 3 s is best.
"""

from __future__ import annotations

import math
import threading
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kling_widgets.client.reply import Task

FIRST_LOOK = 2.0  # seconds after acceptance: a request that is refused at once shows at once
SHORTEST_GAP = 1.0
LONGEST_GAP = 30.0
LONGEST_SILENCE = 60.0  # a history may be wrong about this one task
SILENT_SHARE = 0.4  # of the usual duration
GAP_SHARE = 0.05  # of the usual duration
WIDEST_USUAL_GAP = 10.0  # the gateway's own advice
UNKNOWN_GAP = 3.0  # where no duration is known
LONGEST_ASKED = 300.0  # what a Retry-After may silence at most: it may be nonsense
PATIENCE = 0.025  # of the time gone by, once a task is late

# The gateway's marks for "not started", "submitted", "queued", "in progress" and "ended" (API.md, section 4).
MARKS = frozenset({0, 10, 20, 30, 100})
_COARSE = 30  # per cent in one step: such progress says nothing about the time left
_WINDOW = 6  # readings from which the pace is taken: a queue at the start says nothing about the pace now


class Progress:
    """The history of a task's progress, which tells a measured progress from the gateway's marks.

    ``real`` is the last number that means something, or None. A number that goes backwards is a new beginning: what
    came before it is forgotten.
    """

    def __init__(self) -> None:
        self._readings: list[tuple[float, int]] = []  # elapsed, per cent; from the first number that is no mark

    def see(self, elapsed: float, task: Task) -> None:
        """Takes a reply into the history. An ended task's number is none: 100 is reported for failures too."""
        value = task.progress
        if value is None or task.ended:
            return
        if self._readings and value < self._readings[-1][1]:
            self._readings.clear()
        if self._readings:
            if value > self._readings[-1][1]:
                self._readings.append((elapsed, value))
        elif value not in MARKS:
            self._readings.append((elapsed, value))

    @property
    def real(self) -> int | None:
        """Per cent, 0 to 100, or None while only marks were seen."""
        return self._readings[-1][1] if self._readings else None

    def still(self, elapsed: float) -> float:
        """Seconds for which the number has not moved; 0 while there is none."""
        return max(0.0, elapsed - self._readings[-1][0]) if self._readings else 0.0

    def left(self, elapsed: float) -> float | None:
        """Seconds to the end at the pace so far, at least 0; None if no pace can be told.

        One number tells none: the time before it may have been spent in a queue.
        """
        recent = self._readings[-_WINDOW:]
        if len(recent) < 2 or any(after[1] - before[1] > _COARSE for before, after in pairwise(recent)):
            return None
        (since, first), (until, last) = recent[0], recent[-1]
        if until <= since:
            return None
        whole = (100 - last) * (until - since) / (last - first)
        return max(0.0, whole - (elapsed - until))


class Schedule:
    """When to look at one task.

    One look within 3 s of acceptance; looks are never closer than 1 s; silence, of at most 60 s at a time, until 0.4
    of the usual duration; after that an even gap, or by the real progress where there is one.

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

    def next(self, elapsed: float) -> float:
        """Seconds from ``elapsed`` to the next look; 1 or more after the first one."""
        if not self._looked:
            return max(0.0, FIRST_LOOK - elapsed)
        if self._misses:
            again = min(LONGEST_GAP, SHORTEST_GAP * 2.0 ** min(self._misses, 10))
            return max(again, self._asked_to_wait)
        return max(SHORTEST_GAP, self._gap(elapsed))

    def remaining(self, elapsed: float) -> tuple[float, float] | None:
        """About how much longer, from and to, in seconds; None where an honest answer is "no estimate"."""
        left = self.progress.left(elapsed)
        if left is not None:
            return (0.7 * left, 1.5 * left) if left > 0 else None
        if self.usual is None or elapsed >= 1.6 * self.usual:
            return None
        return max(0.0, 0.6 * self.usual - elapsed), 1.6 * self.usual - elapsed

    def _gap(self, elapsed: float) -> float:
        left = self.progress.left(elapsed)
        if left is not None:  # half of what is left, so that a wrong pace is noticed; less often once it stands still
            return min(LONGEST_GAP, max(left / 2, self.progress.still(elapsed) / 8, PATIENCE / 2 * elapsed))
        if self.usual is None:
            return min(LONGEST_GAP, max(UNKNOWN_GAP, PATIENCE * elapsed))
        silence = SILENT_SHARE * self.usual - elapsed
        even = min(WIDEST_USUAL_GAP, GAP_SHARE * self.usual)
        late = min(LONGEST_GAP, PATIENCE * elapsed) if elapsed > 2 * self.usual else 0.0
        return max(min(LONGEST_SILENCE, silence), even, late)


class Budget:
    """How many requests a second may go to the service, for all tasks together. Safe to share between threads.

    Args:
        per_second: requests a second, above 0.
    """

    def __init__(self, per_second: float = 5.0) -> None:
        if not per_second > 0:
            raise ValueError("a budget is above 0 requests a second")
        self.per_second = per_second
        self._lock = threading.Lock()
        self._free = -math.inf  # when the next request may go
        self._free_urgent = -math.inf

    def reserve(self, now: float, *, urgent: bool = False) -> float:
        """Takes one place and tells the seconds to wait before that request may go.

        An urgent one (a submission, which somebody waits for) does not queue behind a thousand polls: it is held
        back by other urgent ones only, and moves the rest of the queue by one place.
        """
        gap = 1 / self.per_second
        with self._lock:
            start = max(now, self._free_urgent if urgent else self._free)
            if urgent:
                self._free_urgent = start + gap
            self._free = max(self._free, now) + gap
            return start - now

    def give_back(self) -> None:
        """Gives a place back that is not used: a batch that was stopped must not hold up the next one."""
        with self._lock:
            self._free -= 1 / self.per_second
