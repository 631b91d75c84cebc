"""Job: one wish, from the first thought to the file, as its user holds it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, SupportsIndex

from kling_widgets.core import forks
from kling_widgets.core.printing import say
from kling_widgets.core.task import Task
from kling_widgets.core.text import one_line
from kling_widgets.errors import KlingError, WaitTimeoutError
from kling_widgets.jobs import waiting
from kling_widgets.jobs.context import JobContext
from kling_widgets.jobs.runner import JobRunner
from kling_widgets.jobs.snapshot import ENDED, JobSnapshot, Listener
from kling_widgets.jobs.state import JobState
from kling_widgets.media import frames
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.requested import RequestKey
from kling_widgets.storage.submission import Submission

__all__ = ["Job", "JobContext", "Stopped"]


class Stopped(KeyboardInterrupt):
    """The wait was interrupted; the video goes on being made. Shows as one line in a notebook."""

    def _render_traceback_(self) -> list[str]:
        return [one_line(f"Interrupted: {self}")]


class Job:
    """One video in the making, and then made. It is watched in the background; awaiting it gives it back when done.

    Attributes:
        request: what was asked.
        service: where.
        created: when it was written down, unix seconds.
        key: its number in the journal.
        note: why it is shown in place of a new one, or "".
    """

    def __init__(
        self,
        request: VideoRequest,
        desk: JobContext,
        entry: Submission | None = None,
        *,
        wish: RequestKey | None = None,
        follow: bool = False,
    ) -> None:
        """Begins a new wish; or, with a journal's entry, sends it, or goes on with it where it was accepted. Sends
        nothing before ``start`` is called.

        Args:
            request: what is asked.
            desk: what it works with.
            entry: the journal's; None writes one.
            wish: what tells a repetition, where one is written.
            follow: whether another kernel sends it: then it is waited for, and watched.

        Raises:
            KlingError: no video could be saved where it is to be: nothing was sent.
        """
        desk = desk.ready()
        self.request = request
        self.service = desk.service
        self.display: Callable[[Job], None] | None = None  # set by the front end that shows it
        self.note = ""
        self.created = entry.created if entry else desk.clock()
        if entry:
            self.key = entry.key
            if entry.task_id:
                desk.journal.own(entry.key)
        else:
            self.key = desk.journal.write(request, desk.service.name, wish)
        on_disk = desk.journal.mode != "memory"
        task = Task(entry.task_id, entry.model or None) if entry and entry.task_id else None
        self._standing = (
            JobState(self.created, desk.clock, steady=desk.steady, task=task, accepted=entry.accepted, done=entry.ended)
            if entry and task
            else JobState(self.created, desk.clock, steady=desk.steady)
        )
        self._life = JobRunner(self.key, request, desk, self._standing, on_disk=on_disk, follows=follow)
        self._watcher, self._journal = desk.watcher, desk.journal
        self._lock = forks.lock()
        self._started = self._stopped = False
        self._process = os.getpid()

    def start(self) -> Job:
        """Begins the work in the background; returns at once. What has begun is not begun again, and what was stopped
        before it began does not begin."""
        if self._first():
            try:
                self._watcher.start(self._life.run())
            except BaseException:  # an interrupt may come at any point
                self.stop()
                raise
        return self

    def discard(self) -> None:
        """Stops it if it was not started: nothing of it is sent any more."""
        if self._ours and self._first():
            self.stop()

    def _first(self) -> bool:
        """Whether nobody has started or stopped it before."""
        with self._lock:
            first, self._started = not self._started, True
            return first

    def rewatch(self) -> bool:
        """Takes a stop back where it is not too late for that; whether it is being watched, and will be."""
        with self._lock:
            if self._stopped:
                self._stopped = not self._life.rewatch()
            return self.watched

    @property
    def watched(self) -> bool:
        """Whether it is being watched, and will be."""
        return self._ours and self._started and not self._stopped and self._standing.state not in ENDED

    @property
    def _ours(self) -> bool:
        """Whether this process began it; what a forked child finds goes on in its parent."""
        return self._process == os.getpid()

    @property
    def sent(self) -> bool:
        """Whether something was sent that the service has not turned away: it may be made, and billed."""
        return self._life.sent

    @property
    def cancelled(self) -> bool:
        """Whether it was stopped before anything was sent: nothing will be, and it has ended or does so now."""
        return self._stopped and not self.sent

    @property
    def trouble(self) -> str:
        """What is wrong with the journal that it is written into, or ""."""
        return self._journal.trouble

    @property
    def task(self) -> Task | None:
        """The service's task as last seen, or None before it was accepted."""
        return self._standing.task

    @property
    def id(self) -> str | None:
        """The task's id at the service, or None before it was accepted."""
        return self.task.id if self.task else None

    @property
    def status(self) -> str:
        """The task's end, "succeeded" or "failed"; before that where the job stands: "sending", "queued", "running",
        "refused", "unknown" (whether it was accepted), or "stopped" (it is watched no more, the task goes on)."""
        return self.task.status if self.task and self.task.ended else self._standing.state

    @property
    def path(self) -> Path | None:
        """The saved video, whole, or None."""
        return self._standing.clip.path if self._standing.clip else None

    @property
    def took(self) -> float | None:
        """Seconds from acceptance to the finished video at the service; None while or where that is not known, as
        when nobody watched at the time."""
        return self._standing.took

    @property
    def error(self) -> KlingError | None:
        """Why it ended without a saved video, or None."""
        return self._standing.error

    def frame(self, index: SupportsIndex = -1) -> Path:
        """One picture of the saved video as a PNG beside it: ``kw.submit("3.0", image=job.frame(-1))`` goes on where
        this video ends.

        Args:
            index: which one, from 0; or from the end: -1 is the last one.

        Raises:
            KlingError: there is no saved video yet, or no such picture in it; or PyAV is not installed (the extra
                ``video``).
        """
        if self.path is None:
            raise self.error or KlingError("There is no saved video yet to take a frame of: job.wait() waits for it.")
        return frames.frame(self.path, index)

    def moment(self) -> JobSnapshot:
        """The job as it stands now."""
        return self._standing.moment()

    def listen(self, listener: Listener) -> None:
        """Calls the listener, in the background, with each answer of the service; at once with the end if that has come
        already. It hears the end exactly once, before anybody who waits goes on. It must be quick."""
        self._standing.listen(listener)

    def wait_accepted(self) -> Job:
        """Waits until the service has accepted or refused.

        Raises:
            KlingError: it refused, or that is not known.
            Stopped: interrupted; a submission that is on its way goes on by itself.
        """
        self._wait(self._standing.submitted, None)
        if self.task is None and self.error is not None:
            raise self.error
        return self

    def wait(self, timeout: float | None = None) -> Job:
        """Waits until the video is saved, and gives the job.

        Args:
            timeout: seconds, or None to wait as long as it is watched.

        Raises:
            WaitTimeoutError: it goes on, and goes on being watched.
            KlingError: it ended without a saved video.
            Stopped: interrupted (a KeyboardInterrupt): it goes on, but is no longer watched.
        """
        try:
            self._wait(self._standing.ended, timeout)
        except TimeoutError:
            name = f"Task {self.id}" if self.id else f"Submission #{self.key}"
            again = f" or %kling_resume {self.id}" if self.id else ""
            raise WaitTimeoutError(
                f"{name} is not done after {timeout or 0:g} s. It goes on: wait again{again}.", self.task or Task("")
            ) from None
        return self._outcome()

    def after_stop(self) -> str:
        """What to know when it is watched no more."""
        return self._life.after_stop()

    def stop(self) -> None:
        """Stops watching. The video goes on being made, and is billed; ``kw.resume`` picks it up again. What was not
        sent yet is not sent; a submission that is on its way is first seen through, so that its id is not lost."""
        if not self._ours:
            return
        self._first()
        with self._lock:
            self._stopped = True
        if not self._life.discard():
            self._life.stop()

    def _wait(self, future: Future[None], timeout: float | None) -> None:
        try:
            if not self._over_in_parent():
                waiting.wait(future, timeout)
        except KeyboardInterrupt:
            self.stop()
            raise Stopped(self.after_stop()) from None

    def _outcome(self) -> Job:
        if self.error is not None:
            raise self.error
        return self

    async def _awaited(self) -> Job:
        if not self._over_in_parent():
            # Shielded: whoever gives up waiting must not end the wait of others.
            await asyncio.shield(asyncio.wrap_future(self._standing.ended))
        return self._outcome()

    def _over_in_parent(self) -> bool:
        """Whether it had ended before this process was forked; False if it is this process's own.

        Raises:
            KlingError: it goes on in the parent, and nothing more of it is known here.
        """
        if self._ours:
            return False
        if self._standing.state in ENDED:
            return True
        here = f"To watch it here: kw.resume({self.id!r})." if self.id else "It has no task id yet."
        raise KlingError(f"This job goes on in the process that this one was forked from. {here}")

    def __await__(self) -> Generator[Any, None, Job]:
        return self._awaited().__await__()

    def __repr__(self) -> str:
        where = f", {self.path.name}" if self.path else ""
        return one_line(f"<Job {self.id or f'#{self.key}'}: {self.status}{where}>", 300)

    def _ipython_display_(self) -> None:
        if self.display is not None:
            self.display(self)
        else:
            say(repr(self))  # IPython asks to be shown, and no front end has taken this job
