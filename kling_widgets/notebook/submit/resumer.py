"""Earlier submissions, of this kernel or another: resuming, showing, listing and forgetting them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import cast

from kling_widgets.client.credentials.endpoint import Service
from kling_widgets.core.json_values import shorten
from kling_widgets.core.key_patterns import looks_like_key
from kling_widgets.core.task import Task
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.jobs import waiting
from kling_widgets.jobs.batch import Batch
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.video_files import saved_clip
from kling_widgets.media.clip import look_into
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.output import display
from kling_widgets.notebook.output.figure import Figure
from kling_widgets.notebook.output.history import History
from kling_widgets.notebook.output.mime_bundle import Display
from kling_widgets.notebook.output.unfinished import unfinished
from kling_widgets.notebook.submit import arguments
from kling_widgets.notebook.submit.job_registry import JobRegistry
from kling_widgets.notebook.submit.reruns import RequestFiles, lost_answer, request_key
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.submission import Submission

_UNSENT_AGE = 7 * 24 * 3600.0  # seconds; older requests that were never sent are not mentioned any more


class Resumer:
    """Access to the submissions of the journal, for one session.

    Args:
        session: the session that continues them.
    """

    def __init__(self, session: Session) -> None:
        self._session, self._registry = session, session.get(JobRegistry)

    def resume(self, task_id: str | None = None, *, of: str | None = None, wait: bool | None = None) -> Job | Batch:
        """Watch one task, or all that have not ended; see ``kw.resume``."""
        if task_id is not None:
            return self._session.get(Submitter).run([self.job(task_id, of)], wait)
        journal = self._session.journal
        journal.recover_orphans()
        mine: list[Submission] = []
        elsewhere: list[Submission] = []
        open_ones = journal.unfinished()
        gone = [entry for entry in open_ones if entry.error]  # the service lost the task: tried again only by its id
        for entry in [entry for entry in open_ones if not entry.error]:  # two kernels may resume at once
            free = not journal.owned_elsewhere(entry) and journal.claim(entry)
            (mine if free else elsewhere).append(entry)
        unknown = journal.in_state("unknown")
        unsent = journal.unsent(time.time() - _UNSENT_AGE)
        # Submissions to the demo are mentioned only while the demo is on.
        demo = self._session.services.demo
        listed = [[entry for entry in some if demo or not entry.demo] for some in (unsent, unknown, gone)]
        display.print_lines(unfinished(listed[0], listed[1], elsewhere, listed[2]))
        jobs, errors = [], []
        for entry in mine:
            try:
                jobs.append(self._registry.rejoin(entry))
            except KlingError as error:
                journal.release(entry.key)
                errors.append(error)
        if errors and not jobs:
            raise errors[0]
        return self._session.get(Submitter).run(jobs, wait) if jobs else Batch(())

    def job(self, task_id: str, of: str | None = None) -> Job:
        """Return the job of one task, which is not started again yet; see ``kw.resume``."""
        arguments.task_id(task_id)
        arguments.task_id(of or "")
        entry = self._entry_with_task(task_id) if of is None else self._assign_task(task_id, of)
        return self._registry.rejoin(entry)

    def show(self, task_id: str) -> Job | Batch | None:
        """Show the video of a task; if it is not on disk, watch the task or download the video.

        Raises:
            KlingError: There is no such task, or it ended without a video.
        """
        entry = self._entry_with_task(task_id)
        if entry.state in ("failed", "refused"):
            raise KlingError(entry.error or f"Task {task_id} ended without a video.")
        session, settings = self._session, self._session.settings
        clip = saved_clip(entry, session.videos)
        if clip is None:
            return self.resume(task_id)
        figure = Figure(
            entry.request, look_into(clip), entry.url, entry.task_id or "", entry.took, entry.demo, entry.service
        )
        display.show_figure(figure, session.location, cast(Display, settings.display), autoplay=settings.autoplay)
        if steps := session.next_steps:
            steps.offer_for(figure)
        return None

    def history(self) -> History:
        """Return the journal, newest first."""
        journal = self._session.journal
        journal.recover_orphans()
        return History(journal.entries(), journal)

    def forget(self, ids: Iterable[str]) -> int:
        """Remove submissions from the journal by their ids or numbers, and return how many were removed.

        Submissions that are under way are kept, and a note says so.

        Raises:
            KlingError: There is no such submission. Nothing was removed.
        """
        return History([self.entry(each) for each in ids], self._session.journal).forget()

    def lost_answer(self, request: VideoRequest) -> str:
        """Return a warning if the same request was sent before and its answer was lost; else "".

        Raises:
            KlingError: There is no service to send it to.
        """
        key = request_key(request, self._session.services.get().name, files=RequestFiles(self._session.local))
        found = self._session.journal.request_index.identical(key, ("unknown",))
        return lost_answer(found[0]) if found else ""

    def entry(self, task_id: str) -> Submission:
        """Return the journal's entry of a task, or of a submission's number such as ``#7``.

        Raises:
            KlingError: There is no such entry.
        """
        found = self._session.journal.find(task_id)
        if found is None:
            raise KlingError(f"The journal has no task {shorten(task_id)}; %kling_tasks lists yours.")
        return found

    def _entry_with_task(self, task_id: str) -> Submission:
        """Return the entry of a task; a new entry for a task that was submitted elsewhere.

        Raises:
            KlingError: The submission never got a task id, or the service has no such task.
        """
        entry = self._session.journal.find(task_id) or self._import_task(task_id)
        if entry.task_id is None:
            why = f": {entry.error}" if entry.error else "."
            raise KlingError(f"Submission #{entry.key} has no task id; it is {entry.state}{why}")
        return entry

    def _import_task(self, task_id: str) -> Submission:
        """Return a new entry for a task that was submitted elsewhere. The service is asked first, to catch a mistyped
        id."""
        service = self._session.services.get()
        task = self._request_task(task_id, service)
        entry = self._session.journal.import_task(task_id, service.name)
        if task.model:
            self._session.journal.update(entry.key, model=task.model, body={"model": task.model})
        return self.entry(f"#{entry.key}")

    def _assign_task(self, task_id: str, of: str) -> Submission:
        """Assign a task that the user has found to a submission whose answer was lost, and return its entry.

        Raises:
            KlingError: The answer of the submission was not lost, the task belongs to another submission, or the
                service has no such task.
        """
        entry = self.entry(of)
        if entry.state != "unknown":
            raise KlingError(f"The answer of {of} was not lost: it is {entry.state}.")
        if other := self._session.journal.find(task_id):
            raise KlingError(
                f"Task {task_id} already belongs to #{other.key}: %kling_resume {task_id} continues watching it."
            )
        task = self._request_task(task_id, self._session.services.get(entry.service))
        if task.model not in (None, entry.model):
            raise KlingError(f"The model of task {task_id} is {task.model}, but {of} requested {entry.model}.")
        self._session.journal.update(
            entry.key,
            state="accepted",
            task_id=task_id,
            accepted=task.created_at or entry.created,
            error=None,
            ended=None,
        )
        return self.entry(of)

    def _request_task(self, task_id: str, service: Service) -> Task:
        """Request a task from the service."""
        if looks_like_key(task_id):
            raise InvalidRequestError("This looks like an API key, not like a task's id.")
        if not re.fullmatch(r"[\w.:-]{1,200}", task_id, re.ASCII):
            raise KlingError(f"The journal has no task {shorten(task_id)}; %kling_tasks lists yours.")
        watcher = self._session.watcher
        task: Task = waiting.wait(watcher.start(watcher.client(service).get(task_id)))
        return task
