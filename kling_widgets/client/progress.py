"""Prediction of a task's end from its progress.

No I/O; times are arguments, in seconds since the service accepted the task.
"""

from __future__ import annotations

import math
from itertools import combinations

from kling_widgets.core.task import Task

# Fixed values of the gateway for "not started", "submitted", "queued", "in progress" (or 50) and "ended" (R).
MARKS = frozenset({0, 10, 20, 30, 50, 100})

_WINDOW = 8  # readings from which the pace is computed
_MAX_RESETS = 1  # times that progress may fall: a queue may move a task once, more is no real progress


class Progress:
    """History of a task's progress; distinguishes measured progress from the gateway's fixed values.

    If the number falls, the history starts again.

    Attributes:
        real: the last measured progress in per cent, 0 to 100, or None if only fixed values were reported.
        end: the earliest and the latest second at which the task will end if its pace does not change, or None if that
            is unknown.
    """

    def __init__(self) -> None:
        self.real: int | None = None
        self.end: tuple[float, float] | None = None
        self._last = 0
        self._resets = 0
        self._readings: list[tuple[float, int]] = []  # elapsed, per cent; of each number the first time and the last

    def add(self, elapsed: float, task: Task) -> None:
        """Add a reply to the history. An ended task is ignored: 100 is reported for failures, too."""
        value = task.progress
        if value is None or task.ended:
            return
        if value < self._last:
            self._readings, self.real, self._resets = [], None, self._resets + 1
        self._last = value
        if self.real is not None or value not in MARKS:
            self.real = value
        if task.status == "queued" and value in MARKS:
            return  # time in the queue says nothing about the pace
        if [reading[1] for reading in self._readings[-2:]] == [value, value]:
            self._readings.pop()
        self._readings = [*self._readings, (elapsed, value)][-_WINDOW:]
        self.end = self._end() if self.real is not None and self._resets <= _MAX_RESETS else None

    def _end(self) -> tuple[float, float] | None:
        """Return the end predicted by the newest readings that fit one straight line, or None."""
        while self._readings:
            # The task did not start before it was accepted, which bounds its end.
            latest_possible = min((100 * at / value for at, value in self._readings if value), default=math.inf)
            if len(self._readings) == 1:
                return (self._readings[0][0], latest_possible) if latest_possible < math.inf else None
            earliest, latest = _line(self._readings)
            if earliest <= latest:
                if latest == math.inf:
                    return None  # no movement
                return earliest, max(earliest, min(latest, latest_possible))
            del self._readings[0]  # the pace was different then
        return None


def _line(readings: list[tuple[float, int]]) -> tuple[float, float]:
    """Return the earliest and the latest time at which straight lines through all readings reach 100.

    If there is no such line, the earliest is after the latest. Numbers are rounded down: each represents the range up
    to the next step.
    """
    step = math.gcd(100, *(value for _, value in readings))
    earliest, latest = 0.0, math.inf
    for (before, low), (at, high) in combinations(readings, 2):
        steepest, flattest = high + step - low, high - low - step  # in the time between the two
        earliest = max(earliest, at + (100 - high - step) * (at - before) / steepest if steepest > 0 else math.inf)
        if flattest > 0:
            latest = min(latest, at + (100 - high) * (at - before) / flattest)
    return earliest, latest
