"""How many requests a second may go to the service, for all tasks of the process together. No I/O; no clock is read."""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Iterator, Mapping

from kling_widgets.core import forks

VARIABLE = "KLING_WIDGETS_RPS"  # requests a second
_ROW = 2  # urgent requests in a row, while others wait: a batch of a thousand must not keep all looks from going out
_SLACK = 0.05  # seconds by which a request may be late without moving those behind it: sleeps are not exact
_LATEST = 1.0  # seconds by which it may be late without losing its place: a busy loop must not hold up another thread
_LONGEST_SLEEP = 5.0  # seconds: those before it may leave, and the budget may be raised


class Ticket:
    """A request that wants to go.

    Args:
        urgent: a submission, a download: somebody waits for it.
    """

    def __init__(self, *, urgent: bool = False) -> None:
        self.urgent = urgent


class RateLimiter:
    """Who may send next. Safe to share between threads. A request asks until it may go, and else leaves.

    An urgent one does not queue behind a thousand looks; but while looks wait, every third request is one of them.

    Args:
        per_second: requests a second, above 0; may be changed at any time.
    """

    def __init__(self, per_second: float = 5.0) -> None:
        if not per_second > 0:
            raise ValueError("a budget is above 0 requests a second")
        self.per_second = per_second
        self._lock = forks.lock()
        self._begin()
        forks.anew(self, RateLimiter._begin)

    def _begin(self) -> None:
        """All anew, also in a forked child: nobody asks there for what waited in the parent."""
        self._free = -math.inf  # when the next request may go
        self._urgent: deque[Ticket] = deque()
        self._others: deque[Ticket] = deque()
        self._row = 0  # urgent ones that went since the last other one
        self._watched = 0

    @classmethod
    def of(cls, asked: RateLimiter | float | None, environ: Mapping[str, str]) -> RateLimiter:
        """A budget as it is, or of so many requests a second; by default as ``KLING_WIDGETS_RPS`` says, else of 5."""
        if asked is not None:
            return asked if isinstance(asked, RateLimiter) else cls(asked)
        with contextlib.suppress(ValueError):
            return cls(float(environ.get(VARIABLE, "")))
        return cls()

    def ask(self, turn: Ticket, now: float) -> float:
        """0 if this request may go now, and its place is free again; else the seconds after which to ask again.

        It gets its place with its first question.
        """
        gap = 1 / self.per_second
        with self._lock:
            queue = self._urgent if turn.urgent else self._others
            if turn not in queue:
                queue.append(turn)
            self._free = min(self._free, now + gap)  # the budget may have been raised
            pause = max(0.0, self._free - now) + gap * self._before(turn)
            if pause > 1e-6 and now < self._free + _LATEST:
                again = pause if pause < 1 else max(1.0, pause / 2)
                return min(again, _LONGEST_SLEEP)
            queue.remove(turn)
            self._row = self._row + 1 if turn.urgent else 0
            self._free = (self._free if now - self._free < _SLACK else now) + gap
            return 0.0

    def leave(self, turn: Ticket) -> None:
        """Gives up a place: a batch that was stopped must not hold up the next one."""
        with self._lock, contextlib.suppress(ValueError):
            (self._urgent if turn.urgent else self._others).remove(turn)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """While a task is watched."""
        with self._lock:
            self._watched += 1
        try:
            yield
        finally:
            with self._lock:
                self._watched = max(0, self._watched - 1)

    @property
    def round(self) -> float:
        """Seconds in which each task that is watched can be looked at once."""
        return self._watched / self.per_second

    def _before(self, turn: Ticket) -> int:
        """How many requests go before this one."""
        if turn.urgent:
            place = self._urgent.index(turn)
            return place + min(len(self._others), (self._row + place) // _ROW)
        place = self._others.index(turn)
        return place + min(len(self._urgent), max(0, _ROW - self._row) + _ROW * place)
