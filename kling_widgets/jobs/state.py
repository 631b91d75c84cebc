"""The state of one job: changed on the watcher's loop, read and observed from any thread."""

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

# Seconds between two polls above which the time of the task's end is not known: the kernel or the laptop was asleep.
_LONGEST_GAP = 1.5 * LONGEST_SILENCE
_CLOCK_TOLERANCE = 2.0  # seconds that two clocks may drift apart during a task; above that one was set, or slept
_RESTART_DROP = 10  # percentage points that progress must fall to count as a restart; less is measuring noise


class JobState:
    """The state of a job and its listeners; each listener is called exactly once with the end, and never after it.

    Args:
        created: unix seconds when the submission was written down.
        clock: unix seconds.
        monotonic: seconds that nobody can set; None if ``clock`` is of that kind.
        task: the task of a submission that was accepted before, or None.
        accepted: unix seconds when it was accepted, if known.
        done: unix seconds when it ended at the service, if known.

    Attributes:
        created: unix seconds when the submission was written down.
        submitted: done once the service has answered the submission, or no answer will come.
        ended: done once the job has ended. Neither future has a value or an error, so that an error that nobody waits
            for is not reported as unhandled; the error is in ``error``.
    """

    def __init__(
        self,
        created: float,
        clock: Callable[[], float],
        *,
        monotonic: Callable[[], float] | None = None,
        task: Task | None = None,
        accepted: float | None = None,
        done: float | None = None,
    ) -> None:
        self.submitted: Future[None] = Future()
        self.ended: Future[None] = Future()
        self.task, self.clip, self.error = task, None, None  # type: Task | None, Clip | None, KlingError | None
        self._clock, self._monotonic = clock, monotonic or clock
        self._clock_offset = clock() - self._monotonic()  # when the task was accepted, or the watching began
        self.created = created
        self._accepted, self._done = accepted, done
        self._state: State = "running" if task else "sending"
        self._schedule = PollSchedule()
        self._answered = clock()  # time of the last usable answer
        self._silent = self._restarted_once = False
        self._trouble: KlingError | None = None
        self._last_running: float | None = None  # time of the last answer that showed it unfinished
        self._fetched: tuple[int, int | None] = (0, None)
        self._closed_at: float | None = None  # time of the job's end, at which ``elapsed`` stops
        self._listeners: list[Listener] = []
        self._broken: list[Listener] = []
        self._lock = forks.rlock()
        self._latest = JobEvent(self.snapshot())
        if task:
            self.submitted.set_result(None)

    @property
    def state(self) -> State:
        """The present state."""
        return self._state

    @property
    def elapsed(self) -> float:
        """Seconds since it was accepted, or written down if it is not accepted yet; up to the job's end."""
        since = self.created if self._accepted is None else self._accepted
        return max(0.0, (self._clock() if self._closed_at is None else self._closed_at) - since)

    @property
    def done(self) -> float | None:
        """Unix seconds when the task ended at the service; None if that is not known, as when nobody watched it."""
        return self._done

    @property
    def took(self) -> float | None:
        """Seconds from acceptance to the end at the service, or None if one of them is not known."""
        return None if self._done is None or self._accepted is None else max(0.0, self._done - self._accepted)

    def snapshot(self) -> JobSnapshot:
        """Return the present state as a snapshot."""
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
                again=self._restarted_once,
                fetched=self._fetched,
                word=task.word if task and task.status == "unknown" else "",
                url=task.url if task else None,
                error=self.error,
                clip=self.clip,
                took=self.took,
            )

    def present(self) -> JobEvent:
        """Return the present snapshot with the future of the next one."""
        with self._lock:
            return JobEvent(self.snapshot(), self._latest.following)

    def listen(self, listener: Listener) -> None:
        """Call the listener with each change from now on; if the job has ended, call it once, at once."""
        with self._lock:
            if self._state not in ENDED:
                self._listeners.append(listener)
                return
        self._call_listener(listener, self.snapshot())

    def notify(self) -> None:
        """Call the listeners with the present state."""
        with self._lock:
            listeners, before, event = tuple(self._listeners), *self._advance()
        self._publish(listeners, before, event)

    def _advance(self) -> tuple[JobEvent, JobEvent]:
        """Append the present state to the chain of events; return the last event and the new one."""
        before, self._latest = self._latest, JobEvent(self.snapshot())
        return before, self._latest

    def _publish(self, listeners: Iterable[Listener], before: JobEvent, event: JobEvent) -> None:
        for listener in listeners:
            self._call_listener(listener, event.snapshot)
        before.following.set_result(event)

    def set_typical(self, typical: float | None) -> None:
        """Set how many seconds such a task usually takes, and begin to estimate the rest."""
        with self._lock:
            self._schedule = PollSchedule(typical)

    def accept(self, task: Task, at: float) -> None:
        """Record that the service has accepted the submission; listeners are not called before ``announce``."""
        with self._lock:
            self._accepted = self._last_running = at
            self._clock_offset = self._clock() - self._monotonic()
            self._state, self.task = "queued", task

    def announce(self) -> None:
        """Notify listeners and waiters of the acceptance, once the journal has recorded it."""
        if self.task is not None:
            self.polled(self.task)
        self.submitted.set_result(None)

    def polled(self, task: Task) -> None:
        """Record the answer to a poll; a task that has ended never goes back to another status."""
        now = self._clock()
        with self._lock:
            before = self.task
            if before is not None and before.ended and task.status != before.status:
                return
            self._restarted_once |= self._restarted(before, task)
            self.task, self._answered, self._silent = task, now, False
            self._schedule.polled(self.elapsed, task)
            if not task.ended:
                self._last_running = now
                if task.word or self._state != "queued":  # a task just accepted may have no status yet
                    self._state = "queued" if task.status == "queued" else "running"
            elif self._done is None and self._saw_end(now):
                self._done = now
        self.notify()

    def _saw_end(self, now: float) -> bool:
        """Return whether the task was watched up to now without a gap and without the clock being set."""
        if self._last_running is None or not 0 <= now - self._last_running <= _LONGEST_GAP:
            return False
        return abs(now - self._monotonic() - self._clock_offset) <= _CLOCK_TOLERANCE

    def _restarted(self, before: Task | None, task: Task) -> bool:
        """Return whether the service has restarted the task: it is back in the queue, or its progress fell."""
        if before is None or task.ended:
            return False
        fell = task.progress is not None and (before.progress or 0) - task.progress >= _RESTART_DROP
        return fell or (task.status == "queued" and self._state == "running")

    def poll_failed(self, trouble: KlingError | None = None) -> None:
        """Record that a poll got no usable answer."""
        with self._lock:
            self._silent, self._trouble = True, trouble
        self.notify()

    def fetch(self, done: int = 0, total: int | None = None) -> None:
        """Record how many bytes of the video are downloaded; only the first call notifies, views poll the rest."""
        with self._lock:
            first = self._state != "fetching"
            self._state, self._fetched, self._silent = "fetching", (done, total), False
        if first:
            self.notify()

    def end(self, state: State, error: KlingError | None = None, clip: Clip | None = None) -> None:
        """End the job, once; waiters continue after all listeners have been called."""
        with self._lock:
            if self._state in ENDED:
                return
            self._closed_at = self._clock()
            self._state, self.error, self.clip, self._silent = state, error, clip, False
            listeners, self._listeners = self._listeners, []
            before, event = self._advance()
        self._publish(listeners, before, event)
        if not self.submitted.done():
            self.submitted.set_result(None)
        self.ended.set_result(None)

    def _call_listener(self, listener: Listener, snapshot: JobSnapshot) -> None:
        try:
            listener(snapshot)
        except Exception:  # a broken view must not end the watching of a task that is paid for
            if not any(each is listener for each in self._broken):
                self._broken.append(listener)
                log.exception("A listener of a job failed; the job continues.")
