"""A job's life on the watcher's loop: it is sent, watched, fetched; and each way in which that can end."""

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
from kling_widgets.storage.submission import UNFINISHED, UNSENT, Submission

_NAMES = 5  # names that other kernels may take between the choice and the end of a download
_LOOK = 0.25  # seconds between two looks at what another kernel has written down
_LOOKS = 240  # how often it is looked whether another kernel has fetched the video; one that stands still never does


class JobRunner:
    """Runs on the watcher's loop, while its methods are called from anywhere. Files, SQLite and what is told at the end
    are worked with in threads beside the loop.

    Args:
        key: the journal's number.
        on_disk: whether its row is in the file: then nothing is sent before the file says so.
        follows: whether another kernel sends it.

    Attributes:
        key: as given.
    """

    def __init__(
        self,
        key: int,
        request: VideoRequest,
        desk: JobContext,
        standing: JobState,
        *,
        on_disk: bool,
        follows: bool = False,
    ) -> None:
        self.key, self._request, self._desk, self._standing = key, request, desk, standing
        self._on_disk, self._follows = on_disk, follows
        self._switch = StopSwitch(sent=standing.task is not None)
        self._process = os.getpid()

    @property
    def ours(self) -> bool:
        """Whether this process began it; what a forked child finds goes on in its parent."""
        return self._process == os.getpid()

    @property
    def service(self) -> Service:
        """Where it is made."""
        return self._desk.service

    @property
    def trouble(self) -> str:
        """What is wrong with the journal that it is written into, or ""."""
        return self._desk.journal.trouble

    @property
    def watched(self) -> bool:
        """Whether it is being watched, and will be."""
        switch = self._switch
        return self.ours and switch.claimed and not switch.stopping and self._standing.state not in ENDED

    @property
    def sent(self) -> bool:
        """Whether something was sent that the service has not turned away: it may be made, and billed."""
        return self._switch.sent

    @property
    def cancelled(self) -> bool:
        """Whether it was stopped before anything was sent: nothing will be, and it has ended or does so now."""
        return self._switch.stopping and not self.sent

    def start(self) -> None:
        """Begin the work in the background. What has begun is not begun again, and what was stopped before it began
        does not begin."""
        if self._switch.claim():
            try:
                self._desk.watcher.start(self._run())
            except BaseException:  # an interrupt may come at any point
                self.stop()
                raise

    def discard(self) -> None:
        """Stop it if it was not started: nothing of it is sent any more."""
        if self.ours and self._switch.claim():
            self.stop()

    async def _run(self) -> None:
        """From where it stands to its end; raises nothing."""
        if not self._switch.begin():
            return
        try:
            clip = await self._found() or await self._made()
        except asyncio.CancelledError:
            await self._close(KlingError(self.after_stop()), stopped=True)
        except KlingError as error:
            await self._close(error)
        except Exception as error:  # noqa: BLE001 - whatever happens, a paid task ends in words and not in silence
            if not threading.main_thread().is_alive():
                return  # the process ends, and its threads with it: what is shown last is true
            await self._close(KlingError(f"Something unexpected happened ({_of(error)}). {self.after_stop()}"))
        else:
            await self._end("done", clip=clip)

    def stop(self) -> None:
        """Stop what can be stopped. A submission that is on its way is first seen through: its id must not be lost."""
        if self.ours and self._switch.stop():
            self._end_unbegun()

    def _end_unbegun(self) -> None:
        error = KlingError(self.after_stop())
        if self._standing.task is None and not self._follows:
            self._desk.journal.update(self.key, state="refused", error=str(error), ended=self._desk.clock())
        self._desk.journal.release(self.key)
        self._standing.end("stopped", error)

    def rewatch(self) -> bool:
        """Take a stop back where it is not too late for that; whether it is being watched, and will be."""
        self._switch.take_back()
        return self.watched

    def after_stop(self) -> str:
        """What to know when it is watched no more."""
        task = self._standing.task
        if task is None:
            if self._follows:
                return "Another kernel goes on with it; %kling_tasks shows what becomes of it."
            return (
                "The submission goes on by itself and may be billed; %kling_tasks shows what became of it."
                if self.sent
                else "Nothing was sent, nothing is billed."
            )
        if task.status == "succeeded":
            return f"Task {task.id} has its video, which is billed. To fetch it: %kling_resume {task.id}"
        if task.status == "failed":
            return f"Task {task.id} has failed."
        return f"Task {task.id} goes on being made, and is billed if it succeeds. To see it: %kling_resume {task.id}"

    # The three parts.

    async def _made(self) -> Clip:
        client = await asyncio.to_thread(self._desk.watcher.client, self._desk.service)
        task = self._standing.task or await self._followed() or await self._submit(client)
        ended = await self._watch(client, task)
        return await self._found(_LOOKS) or await self._fetch(client, ended)

    async def _followed(self) -> Task | None:
        """The task of a submission that another kernel sends; None where this one is to send it: from the beginning, or
        as the other one ended before it did."""
        while self._follows:
            entry = await asyncio.to_thread(self._desk.journal.find, f"#{self.key}")
            if entry is None:
                raise KlingError(f"Submission #{self.key}, which another kernel was sending, is not in the journal.")
            if entry.task_id is not None:
                return await self._joined(entry, entry.task_id)
            if await asyncio.to_thread(self._desk.journal.inherit, entry):
                self._follows = False
            elif entry.state == "unknown":
                raise SubmissionUnknownError(f"Another kernel sent it, as #{self.key}. {entry.error or ''}".strip())
            elif entry.state not in UNSENT:
                raise KlingError(f"Another kernel sent it, as #{self.key}. {entry.error or ''}".strip())
            else:
                await asyncio.to_thread(self._desk.journal.recover_orphans)
                with self._switch.cuttable():
                    await asyncio.sleep(_LOOK)
        return None

    async def _joined(self, entry: Submission, task_id: str) -> Task:
        self._follows, self._switch.sent = False, True
        task = Task(task_id, entry.model or None)
        self._standing.accept(task, self._desk.clock() if entry.accepted is None else entry.accepted)
        self._standing.announce()
        return task

    async def _found(self, looks: int = 1) -> Clip | None:
        """The video that is here already: another kernel may watch it too, and one that was killed right behind its
        last byte could not say so. With several looks, one that another kernel is fetching is waited for."""
        task = self._standing.task
        while task is not None and looks:
            entry = await asyncio.to_thread(self._desk.journal.find, f"#{self.key}")
            if entry is None:
                return None
            if entry.path is not None:
                with self._switch.cuttable():
                    clip = await asyncio.to_thread(video_files.ours, entry, self._desk.folder)
                if clip is not None:
                    self._standing.task = replace(task, status="succeeded")
                    return await self._keep(clip)
            looks -= 1
            if not looks or entry.state not in UNFINISHED:
                return None
            if not await asyncio.to_thread(self._desk.journal.owned_elsewhere, entry):
                return None
            self._standing.fetch()
            with self._switch.cuttable():
                await asyncio.sleep(_LOOK)
        return None

    async def _submit(self, client: Any) -> Task:
        with self._switch.cuttable():
            body = await client.prepare(self._request)
        try:
            with self._switch.cuttable():
                task: Task = await client.create(body, on_trouble=self._turned_away, before=partial(self._before, body))
        except KlingError as error:
            self._switch.sent = isinstance(error, SubmissionUnknownError)  # each other one is a refusal
            raise
        except Exception as error:
            if self.sent:
                raise submission_unknown(f"Something unexpected happened ({_of(error)}).") from error
            raise
        now = self._desk.clock()
        self._standing.accept(task, now)  # first of all: whatever fails now, the id is known
        await self._note(state="accepted", task_id=task.id, accepted=now)
        self._standing.announce()
        return task

    async def _before(self, body: dict[str, Any]) -> None:
        """Directly before the request is sent: the last moment to call it off. From here on it is seen through."""
        self._switch.see_through()
        written = await self._note(state="sending", body=body)
        if written is None:
            self._follows = True  # what becomes of it is not for this kernel to write
            raise KlingError(
                "Nothing was sent, nothing is billed: another kernel took this one for dead, and the submission over."
            )
        if not written and self._on_disk:
            # Killed now, the kernel would leave a file that says that nothing was sent.
            why = self._desk.journal.trouble or "It is not in the journal any more."
            raise KlingError(f"Nothing was sent, nothing is billed. {why}")
        self._switch.send()

    def _turned_away(self, error: KlingError) -> None:
        """Nothing was accepted, and it is to be tried again: until then it can be called off once more."""
        self._switch.turned_away()
        self._note(state="written")
        self._standing.poll_failed(error)

    async def _watch(self, client: Any, task: Task) -> Task:
        usual = await asyncio.to_thread(self._desk.journal.usual, self._request, self._desk.service.name)
        self._standing.set_typical(usual)
        with self._switch.cuttable():
            ended: Task = await client.wait(
                task,
                timeout=self._desk.timeout,
                usual=usual,
                elapsed=self._standing.elapsed,
                on_update=self._standing.polled,
                on_trouble=self._standing.poll_failed,
            )
        await self._note(state="succeeded", url=ended.url, ended=self._standing.done, error=None)
        return ended

    async def _fetch(self, client: Any, task: Task) -> Clip:
        self._standing.fetch()
        prompt, created = str(self._request.draft().get("prompt", "")), self._standing.created
        name = name_for(prompt, task.id, created, demo=self._desk.service.demo)
        targets = self._desk.watcher.targets
        for last in (*[False] * (_NAMES - 1), True):
            target = await asyncio.to_thread(targets.take, self._desk.folder, self._desk.save, name)
            # Written down before: a file is whole or absent, so that one which is found there later is this one. With
            # the state, as another kernel may have saved it elsewhere meanwhile.
            await self._note(state="succeeded", path=str(target), sha256=None)
            try:
                with self._switch.cuttable():
                    path = await client.download(task, target, on_progress=self._standing.fetch)
                break
            except KlingError:
                if last or not await asyncio.to_thread(target.exists):
                    raise
            finally:
                targets.release(target)
        with self._switch.cuttable():
            clip = await asyncio.to_thread(read, path)
        return await self._keep(clip)

    async def _keep(self, clip: Clip) -> Clip:
        with self._switch.cuttable():
            clip = await self._desk.watcher.look(clip)
        poster = await asyncio.to_thread(thumbnail, clip.poster) if clip.poster else None
        await self._note(state="saved", path=str(clip.path), sha256=clip.sha256, poster=poster, error=None)
        return clip

    # How it ends.

    async def _close(self, error: KlingError, *, stopped: bool = False) -> None:
        """The end without a saved video. "Stopped" is a task that goes on at the service, unwatched."""
        task, state = self._standing.task, "stopped"  # type: Task | None, State
        note: dict[str, object] = {}
        if task is None and self._follows:
            state = "unknown" if isinstance(error, SubmissionUnknownError) else "stopped" if stopped else "refused"
        elif task is None:
            state = "unknown" if self.sent else "stopped" if stopped else "refused"
            note = {"state": "unknown" if self.sent else "refused", "error": str(error), "ended": self._desk.clock()}
        elif isinstance(error, TaskFailedError):
            state = "failed"
            note = {"state": "failed", "error": str(error), "ended": self._standing.done}
        elif task.ended and not stopped:
            state = "failed"
            gone = isinstance(error, VideoMissingError)
            error = self._missing(task, error)
            note = {"error": str(error)} if gone else {}  # what passes, such as no network, is no mark for good
        elif isinstance(error, TaskNotFoundError):
            note = {"error": str(error)}
        try:
            if note:
                await self._note(**note)
            await in_thread(partial(self._desk.journal.release, self.key))  # another kernel may go on with it
        finally:
            await self._end(state, error)

    def _missing(self, task: Task, cause: KlingError) -> VideoMissingError:
        again = f"Task {task.id} succeeded; to fetch its video again: %kling_resume {task.id}"
        error = VideoMissingError(f"{cause} {again}", task)
        error.__cause__ = cause
        return error

    async def _end(self, state: State, error: KlingError | None = None, clip: Clip | None = None) -> None:
        # In a thread: whoever shows the end may read the file for it, and other tasks are polled meanwhile.
        await in_thread(partial(self._standing.end, state, error, clip))

    def _note(self, **columns: object) -> asyncio.Future[bool | None]:
        """Writes down; gives whether that is on disk, None where the entry is not this process's own any more."""
        return self._desk.watcher.pen(self._desk.journal).note(self.key, **columns)


def _of(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
