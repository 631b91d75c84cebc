"""What a task's progress tells about its end. No I/O; no clock is read: times are arguments, in seconds since the
service accepted the task."""

from __future__ import annotations

import math
from itertools import combinations

from kling_widgets.core.task import Task

# The gateway's marks for "not started", "submitted", "queued", "in progress" (50 with a cousin) and "ended" (R).
MARKS = frozenset({0, 10, 20, 30, 50, 100})

_WINDOW = 8  # readings: as many as a pace is taken from
_FALLS = 1  # times that the number may begin anew: a queue may move a task once, more is no progress


class Progress:
    """The history of a task's progress, which tells a measured progress from the gateway's marks.

    A number that goes backwards is a new beginning: what came before it is forgotten.

    Attributes:
        real: per cent, 0 to 100: the last number that means something, or None while only marks were seen.
        end: the seconds at which the task will end at the earliest and at the latest, if it goes on as it went, or None
            where that cannot be told.
    """

    def __init__(self) -> None:
        self.real: int | None = None
        self.end: tuple[float, float] | None = None
        self._last = 0
        self._falls = 0
        self._readings: list[tuple[float, int]] = []  # elapsed, per cent; of each number the first time and the last

    def see(self, elapsed: float, task: Task) -> None:
        """Takes a reply into the history. An ended task's number is none: 100 is reported for failures too."""
        value = task.progress
        if value is None or task.ended:
            return
        if value < self._last:
            self._readings, self.real, self._falls = [], None, self._falls + 1
        self._last = value
        if self.real is not None or value not in MARKS:
            self.real = value
        if task.status == "queued" and value in MARKS:
            return  # time in the queue says nothing about the pace
        if [reading[1] for reading in self._readings[-2:]] == [value, value]:
            self._readings.pop()
        self._readings = [*self._readings, (elapsed, value)][-_WINDOW:]
        self.end = self._end() if self.real is not None and self._falls <= _FALLS else None

    def _end(self) -> tuple[float, float] | None:
        """From the newest readings that one straight line can explain."""
        while self._readings:
            # It did not begin before it was accepted.
            begun = min((100 * at / value for at, value in self._readings if value), default=math.inf)
            if len(self._readings) == 1:
                return (self._readings[0][0], begun) if begun < math.inf else None
            earliest, latest = _line(self._readings)
            if earliest <= latest:
                return (earliest, max(earliest, min(latest, begun))) if latest < math.inf else None  # it stands still
            del self._readings[0]  # the pace was another one then
        return None


def _line(readings: list[tuple[float, int]]) -> tuple[float, float]:
    """Where straight lines through all readings come to 100, at the earliest and at the latest; the wrong way round if
    there is no such line. A number is rounded down: it stands for itself up to the next step."""
    step = math.gcd(100, *(value for _, value in readings))
    earliest, latest = 0.0, math.inf
    for (before, low), (at, high) in combinations(readings, 2):
        steepest, flattest = high + step - low, high - low - step  # in the time between the two
        earliest = max(earliest, at + (100 - high - step) * (at - before) / steepest if steepest > 0 else math.inf)
        if flattest > 0:
            latest = min(latest, at + (100 - high) * (at - before) / flattest)
    return earliest, latest
