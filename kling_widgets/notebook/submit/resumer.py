"""What was submitted before, by this kernel or another: goes on with it, shows it, lists it, forgets it."""

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
from kling_widgets.notebook.output import display as shown
from kling_widgets.notebook.output.figure import Figure
from kling_widgets.notebook.output.history import History
from kling_widgets.notebook.output.mime_bundle import Display
from kling_widgets.notebook.output.unfinished import unfinished
from kling_widgets.notebook.submit import arguments
from kling_widgets.notebook.submit.job_registry import JobRegistry
from kling_widgets.notebook.submit.reruns import lost, wish_of
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.submission import Submission

_REMEMBERED = 7 * 24 * 3600.0  # seconds; older wishes that were never sent are not spoken of any more


class Resumer:
    """The submissions of the journal, for one session.

    Args:
        session: what goes on with them.
    """

    def __init__(self, session: Session) -> None:
        self._session, self._registry = session, session.get(JobRegistry)

    def resume(self, task_id: str | None = None, *, of: str | None = None, wait: bool | None = None) -> Job | Batch:
        """Goes on with one task, or with all that have not ended; see ``kw.resume``."""
        if task_id is not None:
            arguments.task_id(task_id)
            arguments.task_id(of or "")
            entry = self._entry(task_id) if of is None else self._find(task_id, of)
            return self._session.get(Submitter).run([self._registry.rejoin(entry)], wait)
        journal = self._session.journal
        journal.recover_orphans()
        mine: list[Submission] = []
        elsewhere: list[Submission] = []
        left = journal.unfinished()
        gone = [entry for entry in left if entry.error]  # the service has it no more: only by its id is it tried again
        for entry in [entry for entry in left if not entry.error]:  # two kernels may resume at once
            free = not journal.owned_elsewhere(entry) and journal.claim(entry)
            (mine if free else elsewhere).append(entry)
        unknown = journal.in_state("unknown")
        unsent = journal.unsent(time.time() - _REMEMBERED)
        # What happened in the demo is nobody's worry later on.
        demo = self._session.services.demo
        told = [[entry for entry in some if demo or not entry.demo] for some in (unsent, unknown, gone)]
        shown.print_lines(unfinished(told[0], told[1], elsewhere, told[2]))
        jobs, troubles = [], []
        for entry in mine:
            try:
                jobs.append(self._registry.rejoin(entry))
            except KlingError as error:
                journal.release(entry.key)
                troubles.append(error)
        if troubles and not jobs:
            raise troubles[0]
        return self._session.get(Submitter).run(jobs, wait) if jobs else Batch(())

    def show(self, task_id: str) -> Job | Batch | None:
        """Shows the video of a task; one that is not here yet is watched, or fetched.

        Raises:
            KlingError: there is no such task, or it ended without a video.
        """
        entry = self._entry(task_id)
        if entry.state in ("failed", "refused"):
            raise KlingError(entry.error or f"Task {task_id} ended without a video.")
        session, settings = self._session, self._session.settings
        clip = saved_clip(entry, session.videos)
        if clip is None:
            return self.resume(task_id)
        figure = Figure(
            entry.request, look_into(clip), entry.url, entry.task_id or "", entry.took, entry.demo, entry.service
        )
        shown.show_figure(figure, session.place, cast(Display, settings.display), autoplay=settings.autoplay)
        return None

    def history(self) -> History:
        """The journal, newest first."""
        journal = self._session.journal
        journal.recover_orphans()
        return History(journal.entries(), journal)

    def forget(self, ids: Iterable[str]) -> int:
        """Takes submissions off the journal, by their ids or numbers; gives how many. What is under way is kept, and
        said.

        Raises:
            KlingError: there is no such submission; nothing was forgotten.
        """
        return History([self.entry(each) for each in ids], self._session.journal).forget()

    def lost(self, request: VideoRequest) -> str:
        """What to know when the same was sent before and its answer was lost; "" when none was.

        Raises:
            KlingError: there is no service to send it to.
        """
        wish = wish_of(request, self._session.services.get().name)
        found = self._session.journal.request_index.identical(wish, ("unknown",))
        return lost(found[0]) if found else ""

    def entry(self, task_id: str) -> Submission:
        """The journal's entry of a task, or of a submission's number: ``#7``.

        Raises:
            KlingError: there is none.
        """
        found = self._session.journal.find(task_id)
        if found is None:
            raise KlingError(f"The journal has no task {shorten(task_id)}; %kling_tasks lists yours.")
        return found

    def _entry(self, task_id: str) -> Submission:
        """The entry of a task that the service knows by an id; one is made for a task that was submitted elsewhere.

        Raises:
            KlingError: it is a submission that never got an id, or the service knows no such task.
        """
        entry = self._session.journal.find(task_id) or self._adopt(task_id)
        if entry.task_id is None:
            why = f": {entry.error}" if entry.error else "."
            raise KlingError(f"Submission #{entry.key} has no task id; it is {entry.state}{why}")
        return entry

    def _adopt(self, task_id: str) -> Submission:
        """The entry of a task that was submitted elsewhere, when the service knows it: a typing error is no task."""
        service = self._session.services.get()
        task = self._ask(task_id, service)
        entry = self._session.journal.import_task(task_id, service.name)
        if task.model:
            self._session.journal.update(entry.key, model=task.model, body={"model": task.model})
        return self.entry(f"#{entry.key}")

    def _find(self, task_id: str, of: str) -> Submission:
        """The entry of a submission whose answer was lost, and whose task its user has found.

        Raises:
            KlingError: it is no such submission, the task is another one's, or the service knows no such task.
        """
        entry = self.entry(of)
        if entry.state != "unknown":
            raise KlingError(f"The answer of {of} was not lost: it is {entry.state}.")
        if other := self._session.journal.find(task_id):
            raise KlingError(
                f"Task {task_id} is that of #{other.key} already: %kling_resume {task_id} goes on with it."
            )
        task = self._ask(task_id, self._session.services.get(entry.service))
        if task.model not in (None, entry.model):
            raise KlingError(f"Task {task_id} is of {task.model}, and {of} asked for {entry.model}.")
        self._session.journal.update(
            entry.key,
            state="accepted",
            task_id=task_id,
            accepted=task.created_at or entry.created,
            error=None,
            ended=None,
        )
        return self.entry(of)

    def _ask(self, task_id: str, service: Service) -> Task:
        """What the service says of a task that it is asked about for the first time."""
        if looks_like_key(task_id):
            raise InvalidRequestError("What was given looks like an API key, and not like a task's id.")
        if not re.fullmatch(r"[\w.:-]{1,200}", task_id, re.ASCII):
            raise KlingError(f"The journal has no task {shorten(task_id)}; %kling_tasks lists yours.")
        watcher = self._session.watcher
        task: Task = waiting.wait(watcher.start(watcher.client(service).get(task_id)))
        return task
