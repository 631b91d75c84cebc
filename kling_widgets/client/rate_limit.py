"""Limit on requests per second to the service, shared by all tasks of a process. No I/O; times are arguments."""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Iterator, Mapping

from kling_widgets.core import forks

VARIABLE = "KLING_WIDGETS_RPS"  # requests a second
_MAX_URGENT_IN_ROW = 2  # while others wait: a batch of a thousand submissions must not block all polls
_LATE_TOLERANCE = 0.05  # seconds; a request this late does not delay those behind it, as sleeps are inexact
_LATE_LIMIT = 1.0  # seconds; a request later than this loses its slot: a busy loop must not block another thread
_LONGEST_SLEEP = 5.0  # seconds; meanwhile requests ahead may be cancelled, and the limit may be raised


class Ticket:
    """A request waiting for its turn to be sent.

    Args:
        urgent: whether a user waits for it, as for a submission or a download.
    """

    def __init__(self, *, urgent: bool = False) -> None:
        self.urgent = urgent


class RateLimiter:
    """Rate limiter with two queues: urgent requests, and polls. Thread-safe.

    A request calls :meth:`try_acquire` until that returns 0, or :meth:`cancel`. An urgent request does not queue behind
    a thousand polls; but while polls wait, every third request is a poll.

    Args:
        per_second: requests a second, above 0; may be changed at any time.
    """

    def __init__(self, per_second: float = 5.0) -> None:
        if not per_second > 0:
            raise ValueError("a budget must be above 0 requests a second")
        self.per_second = per_second
        self._lock = forks.lock()
        self._reset()
        forks.after_in_child(self, RateLimiter._reset)

    def _reset(self) -> None:
        """Empty the queues, also in a forked child, where no thread waits for the parent's tickets."""
        self._next_free = -math.inf  # when the next request may be sent
        self._urgent: deque[Ticket] = deque()
        self._others: deque[Ticket] = deque()
        self._urgent_in_row = 0  # urgent requests sent since the last poll
        self._polled_tasks = 0

    @classmethod
    def of(cls, limit: RateLimiter | float | None, environ: Mapping[str, str]) -> RateLimiter:
        """Return the limiter, or one for this many requests a second; by default ``KLING_WIDGETS_RPS``, else 5."""
        if limit is not None:
            return limit if isinstance(limit, RateLimiter) else cls(limit)
        with contextlib.suppress(ValueError):
            return cls(float(environ.get(VARIABLE, "")))
        return cls()

    def try_acquire(self, ticket: Ticket, now: float) -> float:
        """Return 0 if this request may be sent now, which ends its ticket; else the seconds after which to call again.

        The first call puts the ticket into its queue.
        """
        gap = 1 / self.per_second
        with self._lock:
            queue = self._urgent if ticket.urgent else self._others
            if ticket not in queue:
                queue.append(ticket)
            self._next_free = min(self._next_free, now + gap)  # the limit may have been raised
            pause = max(0.0, self._next_free - now) + gap * self._ahead_of(ticket)
            if pause > 1e-6 and now < self._next_free + _LATE_LIMIT:
                again = pause if pause < 1 else max(1.0, pause / 2)
                return min(again, _LONGEST_SLEEP)
            queue.remove(ticket)
            self._urgent_in_row = self._urgent_in_row + 1 if ticket.urgent else 0
            self._next_free = (self._next_free if now - self._next_free < _LATE_TOLERANCE else now) + gap
            return 0.0

    def cancel(self, ticket: Ticket) -> None:
        """Take a ticket out of its queue: a batch that was stopped must not hold up the next one."""
        with self._lock, contextlib.suppress(ValueError):
            (self._urgent if ticket.urgent else self._others).remove(ticket)

    @contextlib.contextmanager
    def polling(self) -> Iterator[None]:
        """Count one more polled task while the context is active."""
        with self._lock:
            self._polled_tasks += 1
        try:
            yield
        finally:
            with self._lock:
                self._polled_tasks = max(0, self._polled_tasks - 1)

    @property
    def poll_round(self) -> float:
        """Seconds in which every polled task can be polled once."""
        return self._polled_tasks / self.per_second

    def _ahead_of(self, ticket: Ticket) -> int:
        """Return how many requests are sent before this one."""
        if ticket.urgent:
            index = self._urgent.index(ticket)
            return index + min(len(self._others), (self._urgent_in_row + index) // _MAX_URGENT_IN_ROW)
        index = self._others.index(ticket)
        urgent_first = max(0, _MAX_URGENT_IN_ROW - self._urgent_in_row) + _MAX_URGENT_IN_ROW * index
        return index + min(len(self._urgent), urgent_first)
