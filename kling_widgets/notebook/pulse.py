"""When the live views of all jobs are shown anew: what is new at once, the clock as time goes by, and never too often.

A browser behind a slow link to a hub takes only so many messages, and cells want to be heard too. So this is the one
place where updates are thinned, fairly: changes go first, in the order in which they came; then the view that has
waited longest for its tick. Ends are not thinned: each comes once.
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

from kling_widgets.jobs.moment import ENDED, Listener, Moment

log = logging.getLogger("kling_widgets")

PER_SECOND = 20  # messages of all views together, in any second
FOR_TICKS = 15  # of them: the rest is left for changes, which are to be seen promptly
MINUTE = 60.0  # seconds; until then a clock that stands still looks like one that has stopped
EARLY, LATER = 1.0, 5.0  # seconds between two ticks of one view

Show = Callable[[Moment], int]
"""Shows a moment, and gives how many messages that took."""


class Watched(Protocol):
    """What the pulse asks of a job."""

    def listen(self, listener: Listener) -> None: ...
    def moment(self) -> Moment: ...


@dataclass(eq=False, slots=True)
class _Live:
    """A job that is shown: when it is to tick, and what it was last told."""

    job: Watched
    show: Show
    due: float
    news: object = None
    waiting: bool = False  # among those that have changed
    over: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)  # held while it is shown: nothing comes after the end


class Pulse:
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
        self._state = threading.Condition()
        self._ended: deque[tuple[_Live, Moment]] = deque()
        self._changed: deque[_Live] = deque()
        self._ticks: list[tuple[float, int, _Live]] = []  # a heap; each that is not over is in it once
        self._order = itertools.count()
        self._sent: deque[float] = deque()  # when each message of the last second went
        self._thread: threading.Thread | None = None
        self._woken = False

    def follow(self, job: Watched, show: Show) -> None:
        """Shows the job from now on; its end exactly once, and in the background before anybody who waits goes on."""
        live = _Live(job, show, self._clock() + EARLY)
        with self._state:
            self._push(live)
        job.listen(partial(self._heard, live))
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

    def _heard(self, live: _Live, moment: Moment) -> None:
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

    def _show(self, live: _Live, moment: Moment | None, now: float) -> None:
        with live.lock:
            if live.over:
                return
            live.over = moment is not None
            moment = moment or live.job.moment()
            if moment.state in ENDED and not live.over:
                return  # it is about to be heard
            live.news = moment.news
            try:
                sent = live.show(moment)
            except Exception:  # the views of other jobs go on
                live.over = True
                log.exception("The view of a job failed; the job goes on.")
                return
        with self._state:
            live.due = now + (EARLY if moment.elapsed < MINUTE or moment.state == "fetching" else LATER)
            self._sent.extend([now] * sent)

    def _next(self, now: float) -> tuple[_Live | None, Moment | None, float | None]:
        """Who is to be shown now, with the end if it has come; else how long until somebody may be."""
        while self._sent and self._sent[0] <= now - 1:
            self._sent.popleft()
        if self._ended:
            return *self._ended.popleft(), 0.0
        if self._changed:
            wait = self._until_free(PER_SECOND - 1, now)  # a link takes two
            if wait > 0:
                return None, None, wait
            live = self._changed.popleft()
            live.waiting = False
            return live, None, 0.0
        while self._ticks:
            due, _, live = self._ticks[0]
            if live.over or due < live.due:  # it was shown since, as it had changed
                heapq.heappop(self._ticks)
                if not live.over:
                    self._push(live)
                continue
            wait = max(due - now, self._until_free(FOR_TICKS, now))
            if wait > 0:
                return None, None, wait
            heapq.heappop(self._ticks)
            live.due = now + EARLY  # at the soonest
            self._push(live)
            return live, None, 0.0
        return None, None, None

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
            # One that a fork has left behind is not alive.
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
