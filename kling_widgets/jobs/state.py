"""How one job stands: changed on the watcher's loop, read and listened to from any thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future

from kling_widgets.client.polling import LONGEST_SILENCE, PollSchedule
from kling_widgets.core import forks
from kling_widgets.core.task import Task
from kling_widgets.errors import KlingError
from kling_widgets.jobs.snapshot import ENDED, JobEvent, JobSnapshot, Listener, State
from kling_widgets.media.clip import Clip

log = logging.getLogger("kling_widgets")

# Seconds between two looks at a task, beyond which nobody knows when it ended: the kernel was away, the laptop closed.
_UNWATCHED = 1.5 * LONGEST_SILENCE
_ASTRAY = 2.0  # seconds that two clocks may differ in a task's time; by more, one of them was set, or slept
_BACK = 10  # per cent that progress must fall for a new beginning: less is a matter of measuring


class JobState:
    """How a job stands, and who hears of it. Each listener hears the end exactly once, and nothing after it.

    Args:
        created: when the wish was written down, unix seconds.
        clock: unix seconds.
        steady: seconds that nobody sets; None: the clock is such a one.
        task: the task of a submission that was accepted before, else None.
        accepted, done: when it was accepted, and when it ended at the service, where that is known.

    Attributes:
        created: as given.
        submitted: done when the service has answered to the submission, or will not any more.
        ended: done when nothing will change any more. Neither holds a value or an error, so that nothing complains
            of an error that nobody asked for; ``error`` tells it.
    """

    def __init__(
        self,
        created: float,
        clock: Callable[[], float],
        *,
        steady: Callable[[], float] | None = None,
        task: Task | None = None,
        accepted: float | None = None,
        done: float | None = None,
    ) -> None:
        self.submitted: Future[None] = Future()
        self.ended: Future[None] = Future()
        self.task, self.clip, self.error = task, None, None  # type: Task | None, Clip | None, KlingError | None
        self._clock, self._steady = clock, steady or clock
        self._apart = clock() - self._steady()  # how far apart they were when the task's time began, or the watching
        self.created = created
        self._accepted, self._done = accepted, done
        self._state: State = "running" if task else "sending"
        self._schedule = PollSchedule()
        self._answered = clock()  # when the service last gave a usable answer
        self._silent = self._again = False
        self._trouble: KlingError | None = None
        self._unfinished: float | None = None  # when it was last seen under way
        self._fetched: tuple[int, int | None] = (0, None)
        self._closed: float | None = None  # when the job ended: its clock stands still then
        self._listeners: list[Listener] = []
        self._broken: list[Listener] = []
        self._lock = forks.rlock()
        self._latest = JobEvent(self.moment())
        if task:
            self.submitted.set_result(None)

    @property
    def state(self) -> State:
        """Where it stands."""
        return self._state

    @property
    def elapsed(self) -> float:
        """Seconds since it was accepted, or written down; until the job's end."""
        since = self.created if self._accepted is None else self._accepted
        return max(0.0, (self._clock() if self._closed is None else self._closed) - since)

    @property
    def done(self) -> float | None:
        """When the task ended at the service, unix seconds; None also if nobody was watching then."""
        return self._done

    @property
    def took(self) -> float | None:
        """Seconds from acceptance to the end at the service, where both are known."""
        return None if self._done is None or self._accepted is None else max(0.0, self._done - self._accepted)

    def moment(self) -> JobSnapshot:
        """The job as it stands now."""
        with self._lock:
            elapsed, task = self.elapsed, self.task
            running = self._state in ("queued", "running")
            return JobSnapshot(
                state=self._state,
                elapsed=elapsed,
                percent=self._schedule.progress.real if running else None,
                remaining=self._schedule.remaining(elapsed) if running else None,
                silent=max(0.0, self._clock() - self._answered) if self._silent else None,
                trouble=self._trouble if self._silent else None,
                again=self._again,
                fetched=self._fetched,
                word=task.word if task and task.status == "unknown" else "",
                url=task.url if task else None,
                error=self.error,
                clip=self.clip,
                took=self.took,
            )

    def present(self) -> JobEvent:
        """Return the job as it stands now, followed by what comes."""
        with self._lock:
            return JobEvent(self.moment(), self._latest.following)

    def listen(self, listener: Listener) -> None:
        """Calls the listener with each change from now on; at once, and only now, if the end has come already."""
        with self._lock:
            if self._state not in ENDED:
                self._listeners.append(listener)
                return
        self._call(listener, self.moment())

    def notify(self) -> None:
        """Tells how it stands."""
        with self._lock:
            listeners, before, event = tuple(self._listeners), *self._advance()
        self._tell(listeners, before, event)

    def _advance(self) -> tuple[JobEvent, JobEvent]:
        """Return the last event and the one that follows it."""
        before, self._latest = self._latest, JobEvent(self.moment())
        return before, self._latest

    def _tell(self, listeners: Iterable[Listener], before: JobEvent, event: JobEvent) -> None:
        for listener in listeners:
            self._call(listener, event.snapshot)
        before.following.set_result(event)

    def set_typical(self, usual: float | None) -> None:
        """Begins to watch a task that usually takes so many seconds."""
        with self._lock:
            self._schedule = PollSchedule(usual)

    def accept(self, task: Task, at: float) -> None:
        """The service has taken the wish. Nobody hears of it before ``announce``."""
        with self._lock:
            self._accepted = self._unfinished = at
            self._apart = self._clock() - self._steady()
            self._state, self.task = "queued", task

    def announce(self) -> None:
        """It is written down that the service has taken the wish: whoever waits for that goes on."""
        if self.task is not None:
            self.polled(self.task)
        self.submitted.set_result(None)

    def polled(self, task: Task) -> None:
        """A look at the task got this answer. What has ended does not go back."""
        now = self._clock()
        with self._lock:
            before = self.task
            if before is not None and before.ended and task.status != before.status:
                return
            self._again |= self._is_back(before, task)
            self.task, self._answered, self._silent = task, now, False
            self._schedule.see(self.elapsed, task)
            if not task.ended:
                self._unfinished = now
                if task.word or self._state != "queued":  # what was just accepted may have no word yet
                    self._state = "queued" if task.status == "queued" else "running"
            elif self._done is None and self._watched(now):
                self._done = now
        self.notify()

    def _watched(self, now: float) -> bool:
        """Whether somebody watched until now, by a clock that went on evenly."""
        if self._unfinished is None or not 0 <= now - self._unfinished <= _UNWATCHED:
            return False
        return abs(now - self._steady() - self._apart) <= _ASTRAY

    def _is_back(self, before: Task | None, task: Task) -> bool:
        """Whether the service has begun the task anew: its queue moved it, or its progress fell."""
        if before is None or task.ended:
            return False
        fell = task.progress is not None and (before.progress or 0) - task.progress >= _BACK
        return fell or (task.status == "queued" and self._state == "running")

    def poll_failed(self, trouble: KlingError | None = None) -> None:
        """The service was asked, and gave no usable answer, but this."""
        with self._lock:
            self._silent, self._trouble = True, trouble
        self.notify()

    def fetch(self, done: int = 0, total: int | None = None) -> None:
        """So many bytes of the video are here. Only the first time is told: whoever shows it looks again."""
        with self._lock:
            first = self._state != "fetching"
            self._state, self._fetched, self._silent = "fetching", (done, total), False
        if first:
            self.notify()

    def end(self, state: State, error: KlingError | None = None, clip: Clip | None = None) -> None:
        """Nothing will change any more. Whoever waits goes on when all listeners have heard it."""
        with self._lock:
            if self._state in ENDED:
                return
            self._closed = self._clock()
            self._state, self.error, self.clip, self._silent = state, error, clip, False
            listeners, self._listeners = self._listeners, []
            before, event = self._advance()
        self._tell(listeners, before, event)
        if not self.submitted.done():
            self.submitted.set_result(None)
        self.ended.set_result(None)

    def _call(self, listener: Listener, moment: JobSnapshot) -> None:
        try:
            listener(moment)
        except Exception:  # a view that is broken must not end the watching of a task that is paid for
            if not any(each is listener for each in self._broken):
                self._broken.append(listener)
                log.exception("A listener of a job failed; the job goes on.")
