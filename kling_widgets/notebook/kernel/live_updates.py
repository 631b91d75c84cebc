"""Throttle of the live views: state changes first, elapsed-time ticks every 1 to 5 s, at most 20 messages a second.

A browser behind a slow link to a hub can take only so many messages, and cells need the connection too. All updates are
limited here: changes are sent first, in the order in which they came; then the view that has waited longest for its
tick. Ticks are sent even if changes keep coming. The end of a job is always sent, exactly once.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Protocol

from kling_widgets.core import forks
from kling_widgets.jobs.snapshot import ENDED, JobSnapshot, Listener

log = logging.getLogger("kling_widgets")

PER_SECOND = 20  # messages of all views together, in any second
TICKS_PER_SECOND = 15  # of them for ticks; the rest is kept free for changes, which must show promptly
MINUTE = 60.0  # seconds; until then a view ticks every second, as a clock that pauses looks broken
EARLY, LATER = 1.0, 5.0  # seconds between two ticks of one view, in the first minute and after it
CHANGES_IN_ROW = 3  # after which a tick that is overdue by more than LATER is sent
MAX_FAILURES = 3  # in a row, after which a view gets no more updates

Show = Callable[[JobSnapshot], int]
"""Shows a snapshot, and returns how many messages that took."""


class Watched(Protocol):
    """The members of a job's state that the throttle uses."""

    def listen(self, listener: Listener) -> None: ...
    def snapshot(self) -> JobSnapshot: ...


@dataclass(eq=False, slots=True)
class _Live:
    """A followed job: the time of its next tick, and the state that was last shown."""

    job: Watched
    show: Show
    due: float
    news: object = None
    queued: bool = False  # in the queue of changes
    failures: int = 0  # in a row
    logged: bool = False
    over: bool = False
    lock: threading.Lock = field(default_factory=forks.lock)  # held while it is shown, so that nothing follows the end


class UpdateThrottle:
    """Throttle of the views of running jobs, with a thread of its own that exists while there are any.

    Args:
        clock: seconds of a monotonic clock.
        background: whether to use that thread. Without it the waiting cell calls ``show_due`` repeatedly, which shows
            ends too: Colab does not show changes made in threads.

    Attributes:
        background: as given.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, background: bool = True) -> None:
        self._clock, self.background = clock, background
        self._begin()
        forks.after_in_child(self, UpdateThrottle._begin)

    def _begin(self) -> None:
        """Reset all state: at the start, and in a forked child, which does not have the thread."""
        self._state = threading.Condition()
        self._ended: deque[tuple[_Live, JobSnapshot]] = deque()
        self._changed: deque[_Live] = deque()
        self._followed: list[_Live] = []
        self._changes_in_row = 0  # since the last tick
        self._sent: deque[float] = deque()  # the time of each message of the last second
        self._thread: threading.Thread | None = None
        self._woken = False

    def follow(self, job: Watched, show: Show) -> None:
        """Show the job from now on. With a background thread its end is shown before a waiting caller continues."""
        live = _Live(job, show, self._clock() + EARLY)
        job.listen(partial(self._on_change, live))  # first, so that an interrupt here leaves no endless ticks
        with self._state:
            self._followed.append(live)
        self._wake()

    def show_due(self) -> float | None:
        """Show all updates that are due, and return the seconds until the next one; None if no job is followed."""
        while True:
            with self._state:
                now = self._clock()
                live, snapshot, wait = self._next(now)
            if live is None:
                return wait
            self._show(live, snapshot, now)

    def _on_change(self, live: _Live, snapshot: JobSnapshot) -> None:
        ended = snapshot.state in ENDED
        if ended and self.background:
            with live.lock:
                live.over = True
            live.show(snapshot)
            self._wake()  # the thread ends if no job is left
            return
        with self._state:
            if ended:
                self._ended.append((live, snapshot))
            elif live.news != snapshot.news and not live.queued:
                live.queued = True
                self._changed.append(live)
            else:
                return
        self._wake()

    def _show(self, live: _Live, snapshot: JobSnapshot | None, now: float) -> None:
        end = snapshot is not None
        with live.lock:
            if live.over and not end:
                return
            live.over = end
            snapshot = snapshot or live.job.snapshot()
            if snapshot.state in ENDED and not end:
                return  # its listener is about to be called
            live.news = snapshot.news
            try:
                sent, live.failures = live.show(snapshot), 0
            except Exception:  # the views of other jobs must go on
                sent, live.failures = 1, live.failures + 1
                live.over = end or live.failures >= MAX_FAILURES
                if not live.logged:
                    live.logged = True
                    log.exception("The view of a job failed; the job continues.")
        soon = not live.failures and (snapshot.elapsed < MINUTE or snapshot.state == "fetching")
        with self._state:
            live.due = now + (EARLY if soon else LATER)
            self._sent.extend([now] * sent)
            if end and 0 < live.failures < MAX_FAILURES:
                self._ended.append((live, snapshot))

    def _next(self, now: float) -> tuple[_Live | None, JobSnapshot | None, float | None]:
        """Return the job to show now and its last snapshot if it has ended, or else the seconds until one is due."""
        while self._sent and self._sent[0] <= now - 1:
            self._sent.popleft()
        if self._ended:
            return *self._ended.popleft(), 0.0
        self._followed = [live for live in self._followed if not live.over]
        if self._changed:
            wait = self._until_free(PER_SECOND - 1, now)  # the link to a video takes two messages
            if wait > 0:
                return None, None, wait
            if self._changes_in_row < CHANGES_IN_ROW or (overdue := self._first_tick(now - LATER)) is None:
                self._changes_in_row += 1
                live = self._changed.popleft()
                live.queued = False
                return live, None, 0.0
            live = overdue
        else:
            if (first := self._first_tick()) is None:
                return None, None, None
            wait = max(first.due - now, self._until_free(TICKS_PER_SECOND, now))
            if wait > 0:
                return None, None, wait
            live = first
        self._changes_in_row = 0
        live.due = now + EARLY  # at the earliest
        self._followed.remove(live)
        self._followed.append(live)  # so that views that are due at the same time take turns
        return live, None, 0.0

    def _first_tick(self, before: float = math.inf) -> _Live | None:
        """Return the job whose tick is due first, if before that time. One with a queued change needs no tick."""
        ticking = (live for live in self._followed if not live.queued and live.due < before)
        return min(ticking, key=attrgetter("due"), default=None)

    def _until_free(self, limit: int, now: float) -> float:
        """Return the seconds until fewer than ``limit`` messages were sent in the last second."""
        return 0.0 if len(self._sent) < limit else self._sent[-limit] + 1 - now

    def _wake(self) -> None:
        if not self.background:
            return
        with self._state:
            self._woken = True
            self._state.notify()
            # A thread whose start was interrupted is not alive.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="kling_widgets.updates", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            wait = self.show_due()
            with self._state:
                if wait is None and not (self._changed or self._followed):
                    self._thread = None
                    return
                if not self._woken:
                    self._state.wait(wait)
                self._woken = False
