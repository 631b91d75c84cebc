"""The work of one job on the watcher's loop: send, watch, download, and each way in which that can end."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import replace
from functools import partial
from typing import Any

from kling_widgets.client.credentials.endpoint import Service
from kling_widgets.client.error_replies import submission_unknown
from kling_widgets.core.task import Task
from kling_widgets.errors import (
    KlingError,
    SubmissionUnknownError,
    TaskFailedError,
    TaskNotFoundError,
    VideoMissingError,
)
from kling_widgets.files.file_names import name_for
from kling_widgets.jobs import video_files
from kling_widgets.jobs.context import JobContext
from kling_widgets.jobs.snapshot import ENDED, State
from kling_widgets.jobs.state import JobState
from kling_widgets.jobs.stop_switch import StopSwitch
from kling_widgets.media.clip import Clip, read, thumbnail
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.batch_writer import in_thread
from kling_widgets.storage.submission import UNFINISHED, UNSENT, Submission, after_lost_answer

_NAME_TRIES = 5  # file names that other kernels may take between the choice of a name and the end of the download
_POLL_SECONDS = 0.25  # seconds between two looks at the journal while another kernel works on the submission
_POLLS = 240  # looks after which another kernel's download is no longer waited for: it may hang forever


class JobRunner:
    """Sends, watches and downloads one submission; its public methods may be called from any thread.

    The work runs on the watcher's loop. Files, SQLite and the listeners of the end run in threads, so that they do not
    block that loop.

    Args:
        key: the submission's number in the journal.
        request: the request to send.
        context: the services that the job uses.
        state: the state that the runner keeps up to date.
        on_disk: whether the submission's row is in the file; then nothing is sent before "sending" is on disk.
        follows: whether another kernel sends the submission.

    Attributes:
        key: the submission's number in the journal.
    """

    def __init__(
        self,
        key: int,
        request: VideoRequest,
        context: JobContext,
        state: JobState,
        *,
        on_disk: bool,
        follows: bool = False,
    ) -> None:
        self.key, self._request, self._context, self._state = key, request, context, state
        self._on_disk, self._follows = on_disk, follows
        self._switch = StopSwitch(sent=state.task is not None)
        self._process = os.getpid()

    @property
    def ours(self) -> bool:
        """Whether this process created the runner; in a forked child the work continues in the parent alone."""
        return self._process == os.getpid()

    @property
    def service(self) -> Service:
        """The service that makes the video."""
        return self._context.service

    @property
    def trouble(self) -> str:
        """A sentence about what is wrong with the journal, or ""."""
        return self._context.journal.trouble

    @property
    def watched(self) -> bool:
        """Whether the job was started, and is neither stopped nor ended."""
        switch = self._switch
        return self.ours and switch.claimed and not switch.stopping and self._state.state not in ENDED

    @property
    def sent(self) -> bool:
        """Whether a request was sent that the service has not refused: it may be accepted and billed."""
        return self._switch.sent

    @property
    def cancelled(self) -> bool:
        """Whether the job was stopped before anything was sent; nothing will be sent any more."""
        return self._switch.stopping and not self.sent

    def start(self) -> None:
        """Start the work in the background; do nothing if it was started or stopped before."""
        if self._switch.claim():
            try:
                self._context.watcher.start(self._run())
            except BaseException:  # also a KeyboardInterrupt, which may come at any point
                self.stop()
                raise

    def discard(self) -> None:
        """Stop the job if it was never started, so that it is never sent."""
        if self.ours and self._switch.claim():
            self.stop()

    async def _run(self) -> None:
        """Do the work up to its end; raise nothing."""
        if not self._switch.begin():
            return
        try:
            clip = await self._find_saved() or await self._make()
        except asyncio.CancelledError:
            await self._end_without_clip(KlingError(self.after_stop()), stopped=True)
        except KlingError as error:
            await self._end_without_clip(error)
        except Exception as error:  # noqa: BLE001 - a task that is paid for must never end without a message
            if not threading.main_thread().is_alive():
                return  # the interpreter is shutting down and stops our threads: this error is no fact about the task
            await self._end_without_clip(
                KlingError(f"Something unexpected happened ({_describe(error)}). {self.after_stop()}")
            )
        else:
            await self._end("done", clip=clip)

    def stop(self) -> None:
        """Stop the work, unless a request is being sent: that is completed first, as its task id must not be lost."""
        if self.ours and self._switch.stop():
            self._end_unbegun()

    def _end_unbegun(self) -> None:
        error = KlingError(self.after_stop())
        if self._state.task is None and not self._follows:
            self._context.journal.update(self.key, state="refused", error=str(error), ended=self._context.clock())
        self._context.journal.release(self.key)
        self._state.end("stopped", error)

    def rewatch(self) -> bool:
        """Undo a stop if nothing was cancelled yet; return whether the job is watched now."""
        self._switch.undo_stop()
        return self.watched

    def after_stop(self) -> str:
        """Return a message about what happens to the submission once the job is stopped."""
        task = self._state.task
        if task is None:
            if self._follows:
                return "Another kernel continues with it; %kling_tasks shows how it ends."
            return (
                "The submission continues in the background and may be billed; %kling_tasks shows how it ended."
                if self.sent
                else "Nothing was sent, nothing is billed."
            )
        if task.status == "succeeded":
            return f"Task {task.id} succeeded and is billed. To fetch its video: %kling_resume {task.id}"
        if task.status == "failed":
            return f"Task {task.id} has failed."
        return (
            f"Task {task.id} continues at the service and is billed if it succeeds. To see it: %kling_resume {task.id}"
        )

    # The steps of the work.

    async def _make(self) -> Clip:
        client = await asyncio.to_thread(self._context.watcher.client, self._context.service)
        task = self._state.task or await self._follow() or await self._submit(client)
        ended = await self._watch(client, task)
        return await self._find_saved(_POLLS) or await self._fetch(client, ended)

    async def _follow(self) -> Task | None:
        """Wait for the task of a submission that another kernel sends, and return it.

        Return None if this kernel sends the submission: no other one does, or the other one ended before it sent it.
        """
        while self._follows:
            entry = await asyncio.to_thread(self._context.journal.find, f"#{self.key}")
            if entry is None:
                raise KlingError(f"Submission #{self.key}, which another kernel was sending, is not in the journal.")
            if entry.task_id is not None:
                return await self._join(entry, entry.task_id)
            if await asyncio.to_thread(self._context.journal.inherit, entry):
                self._follows = False
            elif entry.state == "unknown":
                raise SubmissionUnknownError(f"Another kernel sent it, as #{self.key}. {entry.error or ''}".strip())
            elif entry.state not in UNSENT:
                raise KlingError(f"Another kernel sent it, as #{self.key}. {entry.error or ''}".strip())
            else:
                await asyncio.to_thread(self._context.journal.recover_orphans)
                with self._switch.cancellable():
                    await asyncio.sleep(_POLL_SECONDS)
        return None

    async def _join(self, entry: Submission, task_id: str) -> Task:
        self._follows, self._switch.sent = False, True
        task = Task(task_id, entry.model or None)
        self._state.accept(task, self._context.clock() if entry.accepted is None else entry.accepted)
        self._state.announce()
        return task

    async def _find_saved(self, polls: int = 1) -> Clip | None:
        """Return the video if it is on disk already, else None.

        Another kernel may have downloaded it, and one that was killed right after the last byte could not record that.
        While another kernel is downloading it, wait up to so many polls of the journal.
        """
        task = self._state.task
        while task is not None and polls:
            entry = await asyncio.to_thread(self._context.journal.find, f"#{self.key}")
            if entry is None:
                return None
            if entry.path is not None:
                with self._switch.cancellable():
                    clip = await asyncio.to_thread(video_files.saved_clip, entry, self._context.folder)
                if clip is not None:
                    self._state.task = replace(task, status="succeeded")
                    return await self._record_clip(clip)
            polls -= 1
            if not polls or entry.state not in UNFINISHED:
                return None
            if not await asyncio.to_thread(self._context.journal.owned_elsewhere, entry):
                return None
            self._state.fetch()
            with self._switch.cancellable():
                await asyncio.sleep(_POLL_SECONDS)
        return None

    async def _submit(self, client: Any) -> Task:
        with self._switch.cancellable():
            body = await client.prepare(self._request, self._context.sources)
        try:
            with self._switch.cancellable():
                task: Task = await client.create(
                    body, on_trouble=self._not_accepted, before=partial(self._before_send, body)
                )
        except KlingError as error:
            self._switch.sent = isinstance(error, SubmissionUnknownError)  # every other KlingError is a refusal
            raise
        except Exception as error:
            if self.sent:
                raise submission_unknown(f"Something unexpected happened ({_describe(error)}).") from error
            raise
        now = self._context.clock()
        self._state.accept(task, now)  # first of all: the id must be known even if the journal fails
        await self._record(state="accepted", task_id=task.id, accepted=now)
        self._state.announce()
        return task

    async def _before_send(self, body: dict[str, Any]) -> None:
        """Record "sending" directly before the request is sent; from here on a stop no longer cancels it.

        Raises:
            KlingError: the journal does not allow it; nothing was sent.
            asyncio.CancelledError: the job was stopped; nothing was sent.
        """
        self._switch.shield()
        written = await self._record(state="sending", body=body)
        if written is None:
            self._follows = True  # another kernel owns the row, and records how it ends
            raise KlingError(
                "Nothing was sent, nothing is billed: another kernel has taken the submission over, as this one seemed "
                "to have ended."
            )
        if not written and self._on_disk:
            # If the kernel were killed after sending, the file would still say that nothing was sent.
            why = self._context.journal.trouble or "It is not in the journal any more."
            raise KlingError(f"Nothing was sent, nothing is billed. {why}")
        self._switch.send()

    def _not_accepted(self, error: KlingError) -> None:
        """Go back to "written" after an attempt that the service did not accept; the client tries it again later."""
        self._switch.not_accepted()
        self._record(state="written")
        self._state.poll_failed(error)

    async def _watch(self, client: Any, task: Task) -> Task:
        typical = await asyncio.to_thread(
            self._context.journal.typical_seconds, self._request, self._context.service.name
        )
        self._state.set_typical(typical)
        with self._switch.cancellable():
            ended: Task = await client.wait(
                task,
                timeout=self._context.timeout,
                usual=typical,
                elapsed=self._state.elapsed,
                on_update=self._state.polled,
                on_trouble=self._state.poll_failed,
            )
        await self._record(state="succeeded", url=ended.url, ended=self._state.done, error=None)
        return ended

    async def _fetch(self, client: Any, task: Task) -> Clip:
        self._state.fetch()
        prompt, created = str(self._request.draft().get("prompt", "")), self._state.created
        name = name_for(prompt, task.id, created, demo=self._context.service.demo)
        targets = self._context.watcher.targets
        for last in (*[False] * (_NAME_TRIES - 1), True):
            target = await asyncio.to_thread(targets.take, self._context.folder, self._context.save, name)
            # The path is recorded before the download: a file is complete or absent, so one that is found there later
            # is this video. The state is written with it, as another kernel may have saved the video elsewhere.
            await self._record(state="succeeded", path=str(target), sha256=None)
            try:
                with self._switch.cancellable():
                    path = await client.download(task, target, on_progress=self._state.fetch)
                break
            except KlingError:
                if last or not await asyncio.to_thread(target.exists):
                    raise
            finally:
                targets.release(target)
        with self._switch.cancellable():
            clip = await asyncio.to_thread(read, path)
        return await self._record_clip(clip)

    async def _record_clip(self, clip: Clip) -> Clip:
        with self._switch.cancellable():
            clip = await self._context.watcher.examine(clip)
        poster = await asyncio.to_thread(thumbnail, clip.poster) if clip.poster else None
        await self._record(state="saved", path=str(clip.path), sha256=clip.sha256, poster=poster, error=None)
        return clip

    # The ways in which it ends.

    async def _end_without_clip(self, error: KlingError, *, stopped: bool = False) -> None:
        """End the job without a saved video; "stopped" means that the task continues at the service, unwatched."""
        task, state = self._state.task, "stopped"  # type: Task | None, State
        columns: dict[str, object] = {}
        if task is None and self._follows:
            state = "unknown" if isinstance(error, SubmissionUnknownError) else "stopped" if stopped else "refused"
        elif task is None:
            state = "unknown" if self.sent else "stopped" if stopped else "refused"
            if isinstance(error, SubmissionUnknownError):
                error = self._lost(error)
            columns = {
                "state": "unknown" if self.sent else "refused",
                "error": str(error),
                "ended": self._context.clock(),
            }
        elif isinstance(error, TaskFailedError):
            state = "failed"
            columns = {"state": "failed", "error": str(error), "ended": self._state.done}
        elif task.ended and not stopped:
            state = "failed"
            gone = isinstance(error, VideoMissingError)
            error = self._missing(task, error)
            columns = {"error": str(error)} if gone else {}  # a passing error, such as no network, is not recorded
        elif isinstance(error, TaskNotFoundError):
            columns = {"error": str(error)}
        try:
            if columns:
                await self._record(**columns)
            await in_thread(partial(self._context.journal.release, self.key))  # another kernel may continue with it
        finally:
            await self._end(state, error)

    def _lost(self, cause: SubmissionUnknownError) -> SubmissionUnknownError:
        advice = after_lost_answer(self.key, demo=self.service.demo)
        error = SubmissionUnknownError(f"{cause} {advice}", request_id=cause.request_id)
        error.__cause__ = cause.__cause__
        return error

    def _missing(self, task: Task, cause: KlingError) -> VideoMissingError:
        said = isinstance(cause, VideoMissingError)  # its message says that the task succeeded, and is billed
        again = "To try again:" if said else f"Task {task.id} succeeded; to fetch its video again:"
        demo = " (in the demo nothing is billed)" if said and self.service.demo else ""
        error = VideoMissingError(f"{cause} {again} %kling_resume {task.id}{demo}", task)
        error.__cause__ = cause
        return error

    async def _end(self, state: State, error: KlingError | None = None, clip: Clip | None = None) -> None:
        # In a thread: listeners may read the file, and other tasks are polled meanwhile.
        await in_thread(partial(self._state.end, state, error, clip))

    def _record(self, **columns: object) -> asyncio.Future[bool | None]:
        """Write columns of the submission; see ``Journal.update`` for the result."""
        return self._context.watcher.writer(self._context.journal).update(self.key, **columns)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
