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
    """One video, from its submission to the saved file. ``kw.submit`` and ``kw.resume`` return it.

    It is watched in the background. ``await job`` waits for the video like ``job.wait()``, and returns the job. At the
    end of a cell, it shows its view again.

    Attributes:
        request: the ``VideoRequest`` that was submitted.

    Example:
        >>> job = kw.submit("2.6", prompt="a paper boat in the rain")
        >>> job.request.prompt
        'a paper boat in the rain'
        >>> job.wait().status
        'succeeded'
        >>> job.path.parent.name
        'kling_videos'
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
        """The service's task as last seen; None until the service has accepted it."""
        return self._state.task

    @property
    def id(self) -> str | None:
        """The service's id of the task; None until the service has accepted it."""
        return self.task.id if self.task else None

    @property
    def status(self) -> str:
        """The status of the task if it has ended, else the state of the job.

        "succeeded" or "failed" once the task has ended. Before, "sending", "queued" or "running"; "refused" if the
        service did not accept it; "unknown" if it is not known whether it did; "stopped" if it is no longer watched,
        while the task continues.
        """
        return self.task.status if self.task and self.task.ended else self._state.state

    @property
    def path(self) -> Path | None:
        """The path of the saved video; None until it is complete."""
        return self._state.clip.path if self._state.clip else None

    def frame(self, index: SupportsIndex = -1) -> Path:
        """Save a frame of the saved video as a PNG beside it, and return its path.

        ``kw.submit("3.0", prompt=…, image=job.frame(-1))`` continues where this video ends.

        Args:
            index: the number of the frame from 0, or a negative one from the end; -1 is the last frame.

        Raises:
            KlingError: there is no saved video yet, or no such frame in it; or PyAV is not installed (the extra
                ``video``).

        Example:
            >>> job = kw.submit("2.6", prompt="a paper boat in the rain").wait()
            >>> job.frame(-1).suffix
            '.png'
        """
        if self.path is None:
            why = self._state.error
            raise why or KlingError("There is no saved video yet to take a frame of: job.wait() waits for it.")
        return frames.frame(self.path, index)

    def wait_accepted(self) -> Job:
        """Wait until the service has accepted the submission, and return the job.

        ``kw.submit`` has done so already; a form's ``submit`` has not.

        Raises:
            APIError: the service refused; nothing is billed.
            SubmissionUnknownError: it may have been accepted and billed.
            KlingError: it was not sent.
            Stopped: the wait was interrupted (a ``KeyboardInterrupt``); a submission that is on its way continues.

        Example:
            >>> job = kw.Form("2.6", prompt="a paper boat in the rain").submit()
            >>> job.wait_accepted().id == job.task.id
            True
        """
        if not self._ended_in_parent():
            self._wait(self._state.submitted)
        return self if self.task else self._outcome()

    def wait(self, timeout: float | None = None) -> Job:
        """Wait until the video is saved, and return the job.

        Args:
            timeout: seconds to wait at most; None to wait as long as the job is watched.

        Raises:
            WaitTimeoutError: the time is over; the task continues, and is still watched.
            TaskFailedError: the task ended without a video.
            KlingError: there is no saved video for another reason, such as a refusal or a full disk.
            Stopped: the wait was interrupted (a ``KeyboardInterrupt``); the task continues, but is no longer watched.

        Example:
            >>> job = kw.submit("2.6", prompt="a paper boat in the rain")
            >>> job.wait(timeout=60).path.is_file()
            True
        """
        if not self._ended_in_parent():
            with self._timeout_error(timeout):
                self._wait(self._state.ended, timeout)
        return self._outcome()

    def events(self, timeout: float | None = None) -> JobEvents:
        """Return an iterator over the states of the job, for ``for`` and ``async for``.

        It yields the present state, then one snapshot for each change of state or progress, until the job has ended. A
        job that ends without a video raises nothing here: its last snapshot has the error.

        Args:
            timeout: seconds to wait at most, for all of them; None to wait as long as the job is watched.

        Returns:
            An iterator of ``JobSnapshot``, which has ``state``, ``percent``, ``elapsed`` and ``remaining`` seconds, and
            ``error``.

        Raises:
            WaitTimeoutError: in the loop: the time is over; the task continues, and is still watched.
            Stopped: in the loop: it was interrupted (a ``KeyboardInterrupt``); the task continues, but is no longer
                watched.

        Example:
            >>> job = kw.submit("2.6", prompt="a paper boat in the rain")
            >>> states = [snapshot.state for snapshot in job.events(timeout=60)]
            >>> states[-1]
            'done'
        """
        self._ended_in_parent()  # raises in a forked child now, not at the first snapshot
        return JobEvents(self._state.present(), self._wait, partial(self._timeout_error, timeout), timeout)

    def stop(self) -> None:
        """Stop watching the task, which continues and is billed; ``kw.resume`` watches it again.

        A submission that was not sent yet is not sent. One that is on its way is completed first, so that the task's id
        is not lost.

        Example:
            >>> job = kw.submit("2.6", prompt="a paper boat in the rain")
            >>> job.stop()
            >>> kw.resume(job.id).wait().status
            'succeeded'
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
