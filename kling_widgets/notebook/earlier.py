"""What was submitted before, by this kernel or another: goes on with it, shows it, lists it, forgets it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from kling_widgets.client.reply import Task
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.values import looks_like_key, shorten
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.jobs import blocking
from kling_widgets.jobs.batch import Batch
from kling_widgets.jobs.entry import UNSENT, Entry
from kling_widgets.jobs.files import look_into, ours
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.service import Service
from kling_widgets.notebook import options, shown
from kling_widgets.notebook.figure import Display, Figure
from kling_widgets.notebook.history import History
from kling_widgets.notebook.open_ends import open_ends
from kling_widgets.notebook.repeats import lost, wish_of

if TYPE_CHECKING:
    from kling_widgets.notebook.session import Session

_REMEMBERED = 7 * 24 * 3600.0  # seconds; older wishes that were never sent are not spoken of any more


class Earlier:
    """The submissions of the journal, for one session.

    Args:
        session: what goes on with them.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def resume(self, task_id: str | None = None, *, of: str | None = None, wait: bool | None = None) -> Job | Batch:
        """Goes on with one task, or with all that have not ended; see ``kw.resume``."""
        if task_id is not None:
            options.task_id(task_id)
            options.task_id(of or "")
            entry = self._entry(task_id) if of is None else self._find(task_id, of)
            return self._session.run([self.take_up(entry)], wait)
        journal = self._session.journal
        journal.settle()
        unfinished, elsewhere = [], []  # type: list[Entry], list[Entry]
        left = journal.unfinished()
        gone = [entry for entry in left if entry.error]  # the service has it no more: only by its id is it tried again
        for entry in [entry for entry in left if not entry.error]:  # two kernels may resume at once
            mine = not journal.elsewhere(entry) and journal.claim(entry)
            (unfinished if mine else elsewhere).append(entry)
        unknown = journal.in_state("unknown")
        unsent = journal.unsent(time.time() - _REMEMBERED)
        # What happened in the demo is nobody's worry later on.
        demo = self._session.services.demo
        told = [[entry for entry in some if demo or not entry.demo] for some in (unsent, unknown, gone)]
        shown.tell(open_ends(told[0], told[1], elsewhere, told[2]))
        jobs, troubles = [], []
        for entry in unfinished:
            try:
                jobs.append(self.take_up(entry))
            except KlingError as error:
                journal.leave(entry.key)
                troubles.append(error)
        if troubles and not jobs:
            raise troubles[0]
        return self._session.run(jobs, wait) if jobs else Batch(())

    def show(self, task_id: str) -> Job | Batch | None:
        """Shows the video of a task; one that is not here yet is watched, or fetched.

        Raises:
            KlingError: there is no such task, or it ended without a video.
        """
        entry = self._entry(task_id)
        if entry.state in ("failed", "refused"):
            raise KlingError(entry.error or f"Task {task_id} ended without a video.")
        session, settings = self._session, self._session.settings
        clip = ours(entry, session.videos)
        if clip is None:
            return self.resume(task_id)
        figure = Figure(
            entry.request, look_into(clip), entry.url, entry.task_id or "", entry.took, entry.demo, entry.service
        )
        shown.figure(figure, session.place, cast(Display, settings.display), autoplay=settings.autoplay)
        return None

    def take_up(self, entry: Entry, note: str = "", request: VideoRequest | None = None) -> Job:
        """The job of an entry: the one that is under way, else one that goes on where the entry ends, or that watches
        what another kernel sends.

        Args:
            entry: the journal's.
            note: why it is shown.
            request: what was asked, if it is at hand: with its local files.
        """
        session = self._session
        job = session.jobs.get(entry.key)
        if job is None or not job.go_on():
            if entry.task_id is None:  # it may have been accepted, or have ended, since it was read
                entry = session.journal.find(f"#{entry.key}") or entry
            if entry.task_id is not None or (job is None and entry.state in UNSENT):
                desk = session.desk(session.services.get(entry.service))
                follow = entry.task_id is None
                job = session.keep(Job((follow and request) or entry.request, desk, entry, follow=follow))
                if entry.error:  # that the service had it no more: let us see
                    session.journal.update(entry.key, error=None)
            elif job is None:  # a job that is made of it would send it
                said = f"Submission #{entry.key} has no task id, so there is nothing to go on with."
                raise KlingError(f"{said} {entry.error}" if entry.error else said)
        job.note = note
        return job

    def history(self) -> History:
        """The journal, newest first."""
        journal = self._session.journal
        journal.settle()
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
        found = self._session.journal.wishes.alike(wish, ("unknown",))
        return lost(found[0]) if found else ""

    def entry(self, task_id: str) -> Entry:
        """The journal's entry of a task, or of a submission's number: ``#7``.

        Raises:
            KlingError: there is none.
        """
        found = self._session.journal.find(task_id)
        if found is None:
            raise KlingError(f"The journal has no task {shorten(task_id)}; %kling_tasks lists yours.")
        return found

    def _entry(self, task_id: str) -> Entry:
        """The entry of a task that the service knows by an id; one is made for a task that was submitted elsewhere.

        Raises:
            KlingError: it is a submission that never got an id, or the service knows no such task.
        """
        entry = self._session.journal.find(task_id) or self._adopt(task_id)
        if entry.task_id is None:
            why = f": {entry.error}" if entry.error else "."
            raise KlingError(f"Submission #{entry.key} has no task id; it is {entry.state}{why}")
        return entry

    def _adopt(self, task_id: str) -> Entry:
        """The entry of a task that was submitted elsewhere, when the service knows it: a typing error is no task."""
        service = self._session.services.get()
        task = self._ask(task_id, service)
        entry = self._session.journal.adopt(task_id, service.name)
        if task.model:
            self._session.journal.update(entry.key, model=task.model, body={"model": task.model})
        return self.entry(f"#{entry.key}")

    def _find(self, task_id: str, of: str) -> Entry:
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
        task: Task = blocking.wait(watcher.start(watcher.client(service).get(task_id)))
        return task
