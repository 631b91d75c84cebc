"""Job: one wish, from the first thought to the file, as its user holds it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, SupportsIndex, TypeVar

from kling_widgets.core.printing import say
from kling_widgets.core.task import Task
from kling_widgets.core.text import one_line
from kling_widgets.errors import KlingError, WaitTimeoutError
from kling_widgets.jobs import waiting
from kling_widgets.jobs.context import JobContext
from kling_widgets.jobs.events import JobEvents
from kling_widgets.jobs.runner import JobRunner
from kling_widgets.jobs.snapshot import ENDED
from kling_widgets.jobs.state import JobState
from kling_widgets.media import frames
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.requested import RequestKey
from kling_widgets.storage.submission import Submission

__all__ = ["Job", "JobContext", "Stopped"]

T = TypeVar("T")


class Stopped(KeyboardInterrupt):
    """The wait was interrupted; the video goes on being made. Shows as one line in a notebook."""

    def _render_traceback_(self) -> list[str]:
        return [one_line(f"Interrupted: {self}")]


class Job:
    """One video in the making, and then made. It is watched in the background; awaiting it gives it back when done.

    Attributes:
        request: what was asked.
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
        nothing before its runner is started.

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
        self._problems = () if entry and entry.task_id else request.problems()
        self._display: Callable[[Job], None] | None = None  # set by the front end that shows it
        self._note = ""  # why it is shown in place of a new one
        if entry:
            key, created = entry.key, entry.created
            if entry.task_id:
                desk.journal.own(key)
        else:
            created, key = desk.clock(), desk.journal.write(request, desk.service.name, wish)
        on_disk = desk.journal.mode != "memory"
        task = Task(entry.task_id, entry.model or None) if entry and entry.task_id else None
        self._state = (
            JobState(created, desk.clock, steady=desk.steady, task=task, accepted=entry.accepted, done=entry.ended)
            if entry and task
            else JobState(created, desk.clock, steady=desk.steady)
        )
        self._runner = JobRunner(key, request, desk, self._state, on_disk=on_disk, follows=follow)

    @property
    def task(self) -> Task | None:
        """The service's task as last seen, or None before it was accepted."""
        return self._state.task

    @property
    def id(self) -> str | None:
        """The task's id at the service, or None before it was accepted."""
        return self.task.id if self.task else None

    @property
    def status(self) -> str:
        """The task's end, "succeeded" or "failed"; before that where the job stands: "sending", "queued", "running",
        "refused", "unknown" (whether it was accepted), or "stopped" (it is watched no more, the task goes on)."""
        return self.task.status if self.task and self.task.ended else self._state.state

    @property
    def path(self) -> Path | None:
        """The saved video, whole, or None."""
        return self._state.clip.path if self._state.clip else None

    def frame(self, index: SupportsIndex = -1) -> Path:
        """Save one picture of the saved video as a PNG beside it: ``kw.submit("3.0", image=job.frame(-1))`` goes on
        where this video ends.

        Args:
            index: which one, from 0; or from the end: -1 is the last one.

        Raises:
            KlingError: there is no saved video yet, or no such picture in it; or PyAV is not installed (the extra
                ``video``).
        """
        if self.path is None:
            why = self._state.error
            raise why or KlingError("There is no saved video yet to take a frame of: job.wait() waits for it.")
        return frames.frame(self.path, index)

    def wait_accepted(self) -> Job:
        """Wait until the service has accepted or refused.

        Raises:
            KlingError: it refused, or that is not known.
            Stopped: interrupted; a submission that is on its way goes on by itself.
        """
        if not self._over_in_parent():
            self._wait(self._state.submitted)
        return self if self.task else self._outcome()

    def wait(self, timeout: float | None = None) -> Job:
        """Wait until the video is saved, and return the job.

        Args:
            timeout: seconds, or None to wait as long as it is watched.

        Raises:
            WaitTimeoutError: it goes on, and goes on being watched.
            KlingError: it ended without a saved video.
            Stopped: interrupted (a KeyboardInterrupt): it goes on, but is no longer watched.
        """
        if not self._over_in_parent():
            with self._timed(timeout):
                self._wait(self._state.ended, timeout)
        return self._outcome()

    def events(self, timeout: float | None = None) -> JobEvents:
        """Return an iterator of the job's states: the present one, then one for each change of state or progress, up to
        the end. ``for snapshot in job.events(): print(snapshot.state)``; or ``async for``.

        A job that ends without a video raises nothing here: its last snapshot has the error.

        Args:
            timeout: seconds for all of it, or None to wait as long as the job is watched.

        Returns:
            An iterator of snapshots: ``state``, ``percent``, ``elapsed`` and ``remaining`` seconds, ``error``, …

        Raises:
            WaitTimeoutError: while waiting: the job goes on, and goes on being watched.
            Stopped: while waiting, interrupted (a KeyboardInterrupt): it goes on, but is no longer watched.
        """
        self._over_in_parent()  # in a forked child: at once
        return JobEvents(self._state.present(), self._wait, partial(self._timed, timeout), timeout)

    def stop(self) -> None:
        """Stop watching. The video goes on being made, and is billed; ``kw.resume`` picks it up again. What was not
        sent yet is not sent; a submission that is on its way is first seen through, so that its id is not lost."""
        self._runner.stop()

    def _wait(self, future: Future[T], timeout: float | None = None) -> T:
        try:
            return waiting.wait(future, timeout)
        except KeyboardInterrupt:
            self.stop()
            raise Stopped(self._runner.after_stop()) from None

    @contextmanager
    def _timed(self, timeout: float | None) -> Iterator[None]:
        """Say what goes on when a wait of so many seconds is over, or where this process cannot know of the end."""
        self._over_in_parent()
        try:
            yield
        except TimeoutError:
            name = f"Task {self.id}" if self.id else f"Submission #{self._runner.key}"
            again = f" or %kling_resume {self.id}" if self.id else ""
            raise WaitTimeoutError(
                f"{name} is not done after {timeout or 0:g} s. It goes on: wait again{again}.", self.task or Task("")
            ) from None

    def _outcome(self) -> Job:
        if self._state.error is not None:
            raise self._state.error
        return self

    async def _awaited(self) -> Job:
        if not self._over_in_parent():
            await waiting.awaited(self._state.ended)
        return self._outcome()

    def _over_in_parent(self) -> bool:
        """Whether it had ended before this process was forked; False if it is this process's own.

        Raises:
            KlingError: it goes on in the parent, and nothing more of it is known here.
        """
        if self._runner.ours:
            return False
        if self._state.state in ENDED:
            return True
        here = f"To watch it here: kw.resume({self.id!r})." if self.id else "It has no task id yet."
        raise KlingError(f"This job goes on in the process that this one was forked from. {here}")

    def __await__(self) -> Generator[Any, None, Job]:
        return self._awaited().__await__()

    def __repr__(self) -> str:
        where = f", {self.path.name}" if self.path else ""
        return one_line(f"<Job {self.id or f'#{self._runner.key}'}: {self.status}{where}>", 300)

    def _ipython_display_(self) -> None:
        if self._display is not None:
            self._display(self)
        else:
            say(repr(self))  # IPython asks to be shown, and no front end has taken this job
