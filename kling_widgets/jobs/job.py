"""Job: one wish's life, from the first thought to the file."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kling_widgets.client.reply import Task
from kling_widgets.client.schedule import Schedule
from kling_widgets.core.request import VideoRequest
from kling_widgets.errors import (
    KlingError,
    SubmissionUnknownError,
    TaskFailedError,
    WaitTimeoutError,
)
from kling_widgets.jobs import blocking, files
from kling_widgets.jobs.files import Clip
from kling_widgets.jobs.journal import Entry, Journal
from kling_widgets.jobs.moment import ENDED, Listener, Moment, State
from kling_widgets.jobs.service import Service
from kling_widgets.jobs.watch import Watcher


@dataclass(frozen=True, slots=True)
class Desk:
    """What a job works with.

    Attributes:
        watcher: runs it.
        journal: remembers it.
        service: makes it.
        folder: takes its video.
        save: the file or folder that the user asked for, or None.
        timeout: seconds to watch at the most; the task goes on after that.
    """

    watcher: Watcher
    journal: Journal
    service: Service
    folder: Path
    save: str | None = None
    timeout: float | None = 3600.0


class Stopped(KeyboardInterrupt):
    """The wait was interrupted; the video goes on being made. Shows as one line in a notebook."""

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


class Job:
    """One video in the making, and then made. It is watched in the background; awaiting it gives it back when done.

    Attributes:
        request: what was asked.
        task: the service's task as last seen, or None before it was accepted.
        path: the saved video, or None.
    """

    def __init__(self, request: VideoRequest, desk: Desk, entry: Entry | None = None) -> None:
        """Begins a new wish; or, with a journal's entry, goes on with one that was accepted. Sends nothing before
        ``start`` is called.

        Raises:
            KlingError: the journal or the folder cannot be written: nothing was sent.
        """
        self.request = request
        self.service = desk.service
        self.task: Task | None = Task(entry.task_id, entry.model) if entry and entry.task_id else None
        self.display: Callable[[Job], None] | None = None  # set by the front end that shows it
        self._desk = desk
        target = files.choose(desk.folder, desk.save, "probe.mp4")
        files.make_ready(target.parent)
        self.created = entry.created if entry else time.time()
        self._accepted_at = entry.accepted if entry else None
        self.key = entry.key if entry else desk.journal.write(request, desk.service.name)
        self._state: State = "running" if entry else "sending"
        self._schedule = Schedule()
        self._silent_since: float | None = None
        self._fetched: tuple[int, int | None] = (0, None)
        self._error: KlingError | None = None
        self._clip: Clip | None = None
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._accepted: Future[Job] = Future()
        self._ended: Future[Job] = Future()
        self._work: Future[None] | None = None
        self._stopping = False

    def start(self) -> Job:
        """Begins the work in the background; returns at once."""
        self._work = self._desk.watcher.start(self._live())
        return self

    @property
    def id(self) -> str | None:
        """The task's id at the service, or None before it was accepted."""
        return self.task.id if self.task else None

    @property
    def status(self) -> str:
        """The task's status in one word; before it was accepted "sending", "refused" or "unknown"."""
        if self._state in ("sending", "refused", "unknown") or self.task is None:
            return self._state
        return {"done": "succeeded", "fetching": "succeeded", "failed": "failed"}.get(self._state, self.task.status)

    @property
    def path(self) -> Path | None:
        """The saved video, whole, or None."""
        return self._clip.path if self._clip else None

    @property
    def error(self) -> KlingError | None:
        """Why it ended without a saved video, or None."""
        return self._error

    def moment(self) -> Moment:
        """The job as it stands now."""
        now = time.time()
        elapsed = max(0.0, now - (self._accepted_at or self.created))
        running = self._state in ("queued", "running")
        return Moment(
            state=self._state,
            elapsed=elapsed,
            percent=self._schedule.progress.real if running else None,
            remaining=self._schedule.remaining(elapsed) if running else None,
            silent=None if self._silent_since is None else now - self._silent_since,
            fetched=self._fetched,
            word=self.task.word if self.task and self.task.status == "unknown" else "",
            url=self.task.url if self.task else None,
            error=self._error,
            clip=self._clip,
        )

    def listen(self, listener: Listener) -> None:
        """Calls the listener, in the background thread, with each change, and as time goes by; at once with the end if
        it has come already. It must be quick, and must not raise."""
        with self._lock:
            self._listeners.append(listener)
            ended = self._state in ENDED
        if ended:
            listener(self.moment())

    def wait_accepted(self) -> Job:
        """Waits until the service has accepted or refused.

        Raises:
            KlingError: it refused, or that is not known.
            Stopped: interrupted; the submission goes on by itself.
        """
        return self._wait(self._accepted, None)

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
            return self._wait(self._ended, timeout)
        except TimeoutError as error:
            if isinstance(error, KlingError):
                raise
            said = (
                f"Task {self.id} is not done after {timeout:g} s. It goes on: wait again, or %kling_resume {self.id}."
            )
            raise WaitTimeoutError(said, self.task or Task("")) from None

    def _wait(self, future: Future[Job], timeout: float | None) -> Job:
        try:
            return blocking.wait(future, timeout)
        except KeyboardInterrupt:
            self.stop()
            raise Stopped(self.after_stop()) from None

    def after_stop(self) -> str:
        """What to know when it is watched no more."""
        if self.id is None:
            return "The submission goes on by itself and may be billed; %kling_tasks shows what became of it."
        return f"Task {self.id} goes on being made, and is billed. To see it: %kling_resume {self.id}"

    def stop(self) -> None:
        """Stops watching. The video goes on being made, and is billed; ``kw.resume`` picks it up again. A submission
        that is on its way is first seen through, so that its id is not lost."""
        self._stopping = True
        if self._state != "sending" and self._work is not None:
            self._work.cancel()

    def __await__(self) -> Generator[Any, None, Job]:
        return asyncio.wrap_future(self._ended).__await__()

    def __repr__(self) -> str:
        where = f", {self.path.name}" if self.path else ""
        return f"<Job {self.id or f'#{self.key}'}: {self.status}{where}>"

    def _ipython_display_(self) -> None:
        if self.display is not None:
            self.display(self)
        else:
            print(repr(self))  # noqa: T201 - IPython asks to be shown, and no front end has taken this job

    # What follows runs on the watcher's loop.

    async def _live(self) -> None:
        ticking = asyncio.create_task(self._tick())
        try:
            client = self._desk.watcher.client(self.service)
            if self.task is None:
                await self._submit(client)
            assert self.task is not None
            if not self._accepted.done():
                self._accepted.set_result(self)
            await self._watch(client)
            await self._fetch(client)
        except asyncio.CancelledError:
            self._end("stopped", KlingError(self.after_stop()))
        except WaitTimeoutError as error:
            self._end("stopped", error)
        except KlingError as error:
            self._end("failed" if self.task else "refused", error)
        except Exception as error:  # noqa: BLE001 - whatever happens, a paid task must end in words and not in silence
            said = f"Something unexpected happened ({type(error).__name__}: {error}). {self.after_stop()}"
            self._end("failed" if self.task else "unknown", KlingError(said))
        finally:
            ticking.cancel()

    async def _submit(self, client: Any) -> None:
        try:
            body = await client.prepare(self.request)
            await self._note(state="sending", body=body)
            self.task = await client.create(body, on_trouble=self._trouble)
        except SubmissionUnknownError as error:
            await self._note(state="unknown", error=str(error), ended=time.time())
            self._end("unknown", error)
            raise asyncio.CancelledError from None
        except KlingError as error:
            await self._note(state="refused", error=str(error), ended=time.time())
            raise
        assert self.task is not None
        self._accepted_at = time.time()
        await self._note(state="accepted", task_id=self.task.id, accepted=self._accepted_at)
        self._state = "queued" if self.task.status in ("queued", "unknown") else "running"
        self._update(self.task)
        if self._stopping:
            self._accepted.set_result(self)
            raise asyncio.CancelledError

    async def _watch(self, client: Any) -> None:
        usual = await asyncio.to_thread(self._desk.journal.usual, self.request, self.service.name)
        self._schedule = Schedule(usual)
        elapsed = time.time() - (self._accepted_at or self.created)
        try:
            self.task = await client.wait(
                self.task,
                timeout=self._desk.timeout,
                usual=usual,
                elapsed=elapsed,
                on_update=self._update,
                on_trouble=self._trouble,
            )
        except TaskFailedError as error:
            self.task = error.task
            await self._note(state="failed", error=str(error), ended=time.time())
            raise
        assert self.task is not None
        await self._note(state="succeeded", url=self.task.url, ended=time.time())

    async def _fetch(self, client: Any) -> None:
        assert self.task is not None
        self._enter("fetching")
        name = files.name_for(self.request.get("prompt", ""), self.task.id, self.created, demo=self.service.demo)
        for _ in range(5):  # another kernel may take the same name between the choice and the download
            target = files.choose(self._desk.folder, self._desk.save, name)
            try:
                path = await client.download(self.task, target, on_progress=self._fetching)
                break
            except KlingError:
                if not target.exists():
                    raise
        else:
            raise KlingError(f"No free name was found for {name}. {self.after_stop()}")
        self._clip = await asyncio.to_thread(files.examine, path)
        await self._note(state="saved", path=str(path))
        self._end("done")

    def _update(self, task: Task) -> None:
        self.task = task
        self._silent_since = None
        self._schedule.see(time.time() - (self._accepted_at or self.created), task)
        if task.status == "queued" and self._state == "queued":
            self._enter("queued")
        elif not task.ended:
            self._enter("queued" if task.status == "queued" else "running")

    def _trouble(self, error: KlingError) -> None:
        if self._silent_since is None:
            self._silent_since = time.time()
        self._tell()

    def _fetching(self, done: int, total: int | None) -> None:
        self._fetched = (done, total)

    async def _note(self, **columns: object) -> None:
        await asyncio.to_thread(self._desk.journal.update, self.key, **columns)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1 if self.moment().elapsed < 60 else 5)
            self._tell()

    def _enter(self, state: State) -> None:
        self._state = state
        self._tell()

    def _end(self, state: State, error: KlingError | None = None) -> None:
        if self._state in ENDED:
            return
        with self._lock:
            self._state, self._error, self._silent_since = state, error, None
        self._tell()
        for future in (self._accepted, self._ended):
            if future.done():
                continue
            if error is None or (future is self._accepted and self.task is not None):
                future.set_result(self)
            else:
                future.set_exception(error)

    def _tell(self) -> None:
        moment = self.moment()
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(moment)
