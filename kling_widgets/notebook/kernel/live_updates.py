"""When the live views of all jobs are shown anew: what is new at once, the clock as time goes by, and never too often.

A browser behind a slow link to a hub takes only so many messages, and cells want to be heard too. So this is the one
place where updates are thinned, fairly: changes go first, in the order in which they came; then the view that has
waited longest for its tick. However many changes there are, no clock stands still. Ends are not thinned: each comes
once.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from kling_widgets.core import forks
from kling_widgets.jobs.snapshot import ENDED, JobSnapshot, Listener

log = logging.getLogger("kling_widgets")

PER_SECOND = 20  # messages of all views together, in any second
FOR_TICKS = 15  # of them: the rest is left for changes, which are to be seen promptly
MINUTE = 60.0  # seconds; until then a clock that stands still looks like one that has stopped
EARLY, LATER = 1.0, 5.0  # seconds between two ticks of one view
ROW = 3  # changes in a row while a tick is overdue by LATER: then that goes
TRIES = 3  # failures in a row, after which a view is given up

Show = Callable[[JobSnapshot], int]
"""Shows a moment, and gives how many messages that took."""


class Watched(Protocol):
    """What the pulse asks of a job."""

    def listen(self, listener: Listener) -> None: ...
    def snapshot(self) -> JobSnapshot: ...


@dataclass(eq=False, slots=True)
class _Live:
    """A job that is shown: when it is to tick, and what it was last told."""

    job: Watched
    show: Show
    due: float
    news: object = None
    waiting: bool = False  # among those that have changed
    failures: int = 0  # in a row
    logged: bool = False
    over: bool = False
    lock: threading.Lock = field(default_factory=forks.lock)  # held while it is shown: nothing comes after the end


class UpdateThrottle:
    """Shows jobs as they change and as time goes by, from a thread of its own that lives as long as there are any.

    Args:
        clock: seconds that only go forward.
        background: whether there is that thread. Without it whoever waits calls ``turn`` again and again, and ends
            are shown there too: Colab does not show what comes from threads.

    Attributes:
        background: as given.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, background: bool = True) -> None:
        self._clock, self.background = clock, background
        self._begin()
        forks.after_in_child(self, UpdateThrottle._begin)

    def _begin(self) -> None:
        """All anew, also in a forked child, which has not the thread."""
        self._state = threading.Condition()
        self._ended: deque[tuple[_Live, JobSnapshot]] = deque()
        self._changed: deque[_Live] = deque()
        self._ticks: list[tuple[float, int, _Live]] = []  # a heap; each that is not over is in it once
        self._order = itertools.count()
        self._row = 0  # changes since the last tick
        self._sent: deque[float] = deque()  # when each message of the last second went
        self._thread: threading.Thread | None = None
        self._woken = False

    def follow(self, job: Watched, show: Show) -> None:
        """Shows the job from now on; its end exactly once, and in the background before anybody who waits goes on."""
        live = _Live(job, show, self._clock() + EARLY)
        job.listen(partial(self._heard, live))  # first: who is interrupted leaves nothing that would tick for ever
        with self._state:
            self._push(live)
        self._wake()

    def turn(self) -> float | None:
        """Shows what may be shown now. Gives the seconds until there may be more, or None when nothing is followed."""
        while True:
            with self._state:
                now = self._clock()
                live, moment, wait = self._next(now)
            if live is None:
                return wait
            self._show(live, moment, now)

    def _heard(self, live: _Live, moment: JobSnapshot) -> None:
        ended = moment.state in ENDED
        if ended and self.background:
            with live.lock:
                live.over = True
            live.show(moment)
            self._wake()  # there may be nothing more to do
            return
        with self._state:
            if ended:
                self._ended.append((live, moment))
            elif live.news != moment.news and not live.waiting:
                live.waiting = True
                self._changed.append(live)
            else:
                return
        self._wake()

    def _show(self, live: _Live, moment: JobSnapshot | None, now: float) -> None:
        end = moment is not None
        with live.lock:
            if live.over and not end:
                return
            live.over = end
            moment = moment or live.job.snapshot()
            if moment.state in ENDED and not end:
                return  # it is about to be heard
            live.news = moment.news
            try:
                sent, live.failures = live.show(moment), 0
            except Exception:  # the views of other jobs go on
                sent, live.failures = 1, live.failures + 1
                live.over = end or live.failures >= TRIES
                if not live.logged:
                    live.logged = True
                    log.exception("The view of a job failed; the job goes on.")
        soon = not live.failures and (moment.elapsed < MINUTE or moment.state == "fetching")
        with self._state:
            live.due = now + (EARLY if soon else LATER)
            self._sent.extend([now] * sent)
            if end and 0 < live.failures < TRIES:
                self._ended.append((live, moment))

    def _next(self, now: float) -> tuple[_Live | None, JobSnapshot | None, float | None]:
        """Who is to be shown now, with the end if it has come; else how long until somebody may be."""
        while self._sent and self._sent[0] <= now - 1:
            self._sent.popleft()
        if self._ended:
            return *self._ended.popleft(), 0.0
        first = self._first(now)
        if self._changed:
            wait = self._until_free(PER_SECOND - 1, now)  # a link takes two
        elif first:
            wait = max(first.due - now, self._until_free(FOR_TICKS, now))
        else:
            return None, None, None
        if wait > 0:
            return None, None, wait
        if first and (not self._changed or (self._row >= ROW and first.due < now - LATER)):
            self._row = 0
            heapq.heappop(self._ticks)
            first.due = now + EARLY  # at the soonest
            self._push(first)
            return first, None, 0.0
        self._row += 1
        live = self._changed.popleft()
        live.waiting = False
        return live, None, 0.0

    def _first(self, now: float) -> _Live | None:
        """Whose tick is due first. One that has changed needs none: it is about to be shown."""
        while self._ticks:
            due, _, live = self._ticks[0]
            if live.waiting:
                live.due = max(live.due, now + EARLY)
            if not live.over and due == live.due:
                return live
            heapq.heappop(self._ticks)
            if not live.over:  # it was shown since, as it had changed
                self._push(live)
        return None

    def _until_free(self, most: int, now: float) -> float:
        """Seconds until fewer messages than these have gone in the last second."""
        return 0.0 if len(self._sent) < most else self._sent[-most] + 1 - now

    def _push(self, live: _Live) -> None:
        heapq.heappush(self._ticks, (live.due, next(self._order), live))

    def _wake(self) -> None:
        if not self.background:
            return
        with self._state:
            self._woken = True
            self._state.notify()
            # One whose start was interrupted is not alive.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="kling_widgets.pulse", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            wait = self.turn()
            with self._state:
                if wait is None and not (self._changed or self._ticks):
                    self._thread = None
                    return
                if not self._woken:
                    self._state.wait(wait)
                self._woken = False
