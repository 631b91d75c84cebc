"""The job: one submission, from sending it to the saved video, as its user holds it."""

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
    """A wait was interrupted; the task continues at the service. Shown as one line in a notebook."""

    def _render_traceback_(self) -> list[str]:
        return [one_line(f"Interrupted: {self}")]


class Job:
    """One video from its submission to the saved file, watched in the background.

    Awaiting a job waits until the video is saved and returns the job, as ``wait`` does.

    Attributes:
        request: the request that was submitted.
    """

    def __init__(
        self,
        request: VideoRequest,
        context: JobContext,
        submission: Submission | None = None,
        *,
        request_key: RequestKey | None = None,
        follow: bool = False,
    ) -> None:
        """Prepare a job; nothing is sent before its runner is started.

        Args:
            request: the request.
            context: the services that the job uses.
            submission: a row of the journal: it is sent, or watched if the service has accepted it. None writes a new
                one.
            request_key: the key by which a repetition of a new submission is recognised.
            follow: whether another kernel sends the submission: then the job waits for its task and watches that.

        Raises:
            KlingError: no video can be saved in the folder that was chosen; nothing was sent.
        """
        context = context.ready()
        self.request = request
        self._problems = () if submission and submission.task_id else request.problems()
        self._display: Callable[[Job], None] | None = None  # set by the front end that shows it
        self._note = ""  # why this job is shown instead of a new one
        if submission:
            key, created = submission.key, submission.created
            if submission.task_id:
                context.journal.own(key)
        else:
            created, key = context.clock(), context.journal.write(request, context.service.name, request_key)
        on_disk = context.journal.mode != "memory"
        if submission and submission.task_id:
            self._state = JobState(
                created,
                context.clock,
                monotonic=context.monotonic,
                task=Task(submission.task_id, submission.model or None),
                accepted=submission.accepted,
                done=submission.ended,
            )
        else:
            self._state = JobState(created, context.clock, monotonic=context.monotonic)
        self._runner = JobRunner(key, request, context, self._state, on_disk=on_disk, follows=follow)

    @property
    def task(self) -> Task | None:
        """The service's task as last seen, or None before it is accepted."""
        return self._state.task

    @property
    def id(self) -> str | None:
        """The task's id at the service, or None before it is accepted."""
        return self.task.id if self.task else None

    @property
    def status(self) -> str:
        """The task's final status, "succeeded" or "failed", or before that the state of the job.

        That is "sending", "queued", "running", "refused", "unknown" (it may have been accepted, the answer was lost) or
        "stopped" (no longer watched; a task that was accepted continues at the service).
        """
        return self.task.status if self.task and self.task.ended else self._state.state

    @property
    def path(self) -> Path | None:
        """The saved video, a complete file, or None."""
        return self._state.clip.path if self._state.clip else None

    def frame(self, index: SupportsIndex = -1) -> Path:
        """Save one frame of the video as a PNG beside it, and return its path.

        ``kw.submit("3.0", image=job.frame(-1))`` continues where this video ends.

        Args:
            index: number of the frame, from 0; a negative one counts from the end: -1 is the last frame.

        Raises:
            KlingError: there is no saved video yet, or it has no such frame.
            KlingError: PyAV is not installed (the extra ``video``).
        """
        if self.path is None:
            why = self._state.error
            raise why or KlingError("There is no saved video yet to take a frame of: job.wait() waits for it.")
        return frames.frame(self.path, index)

    def wait_accepted(self) -> Job:
        """Wait until the service has accepted or refused the submission, and return the job.

        Raises:
            KlingError: the service refused it, or it is not known whether it was accepted.
            Stopped: the wait was interrupted; a submission that is being sent continues in the background.
        """
        if not self._ended_in_parent():
            self._wait(self._state.submitted)
        return self if self.task else self._outcome()

    def wait(self, timeout: float | None = None) -> Job:
        """Wait until the video is saved, and return the job.

        Args:
            timeout: seconds, or None for no limit besides the job's own.

        Raises:
            WaitTimeoutError: the time is over; the task continues and is still watched.
            KlingError: the job ended without a saved video.
            Stopped: the wait was interrupted (a KeyboardInterrupt); the task continues, but is no longer watched.
        """
        if not self._ended_in_parent():
            with self._timeout_error(timeout):
                self._wait(self._state.ended, timeout)
        return self._outcome()

    def events(self, timeout: float | None = None) -> JobEvents:
        """Return an iterator of the job's snapshots: the present one, then one for each change of state or progress.

        The last one is that of the end. Works with ``for snapshot in job.events(): print(snapshot.state)`` and with
        ``async for``. A job that ends without a video raises nothing here: its last snapshot has the error.

        Args:
            timeout: seconds for the whole iteration, or None for no limit besides the job's own.

        Returns:
            An iterator of snapshots: ``state``, ``percent``, ``elapsed`` and ``remaining`` seconds, ``error``, …

        Raises:
            WaitTimeoutError: by the iterator, if the time is over; the task continues and is still watched.
            Stopped: by the iterator, if it is interrupted (a KeyboardInterrupt); the task continues, but is no longer
                watched.
        """
        self._ended_in_parent()  # raises in a forked child now, not at the first snapshot
        return JobEvents(self._state.present(), self._wait, partial(self._timeout_error, timeout), timeout)

    def stop(self) -> None:
        """Stop watching; ``kw.resume`` watches the task again.

        A task that was accepted continues at the service and is billed if it succeeds. A request that was not sent yet
        is not sent. One that is being sent is first completed, so that the task's id is not lost.
        """
        self._runner.stop()

    def _wait(self, future: Future[T], timeout: float | None = None) -> T:
        try:
            return waiting.wait(future, timeout)
        except KeyboardInterrupt:
            self.stop()
            raise Stopped(self._runner.after_stop()) from None

    @contextmanager
    def _timeout_error(self, timeout: float | None) -> Iterator[None]:
        """Turn a TimeoutError into a WaitTimeoutError that says what continues and how to wait for it again."""
        self._ended_in_parent()
        try:
            yield
        except TimeoutError:
            name = f"Task {self.id}" if self.id else f"Submission #{self._runner.key}"
            again = f" or %kling_resume {self.id}" if self.id else ""
            raise WaitTimeoutError(
                f"{name} is not done after {timeout or 0:g} s. It continues: wait again{again}.", self.task or Task("")
            ) from None

    def _outcome(self) -> Job:
        if self._state.error is not None:
            raise self._state.error
        return self

    async def _awaited(self) -> Job:
        if not self._ended_in_parent():
            await waiting.awaited(self._state.ended)
        return self._outcome()

    def _ended_in_parent(self) -> bool:
        """Return whether the job had ended before this process was forked; False for a job of this process.

        Raises:
            KlingError: the job runs in the parent process, and its state is not known here.
        """
        if self._runner.ours:
            return False
        if self._state.state in ENDED:
            return True
        here = f"To watch it here: kw.resume({self.id!r})." if self.id else "It has no task id yet."
        raise KlingError(f"This job runs in the process that this one was forked from. {here}")

    def __await__(self) -> Generator[Any, None, Job]:
        return self._awaited().__await__()

    def __repr__(self) -> str:
        where = f", {self.path.name}" if self.path else ""
        return one_line(f"<Job {self.id or f'#{self._runner.key}'}: {self.status}{where}>", 300)

    def _ipython_display_(self) -> None:
        if self._display is not None:
            self._display(self)
        else:
            say(repr(self))  # IPython wants it displayed, and no front end shows this job
