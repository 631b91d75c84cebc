"""The way from a request to a job that is shown, and back to what was submitted before."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from kling_widgets.client.reply import Task
from kling_widgets.core.catalog import Model
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.spend import Bill
from kling_widgets.core.values import looks_like_key, shorten
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.jobs import blocking
from kling_widgets.jobs.batch import Batch
from kling_widgets.jobs.entry import Entry
from kling_widgets.jobs.files import ours
from kling_widgets.jobs.home import home
from kling_widgets.jobs.job import Desk, Job
from kling_widgets.jobs.service import Service
from kling_widgets.jobs.watch import Connect, connect
from kling_widgets.jobs.wishes import Wish
from kling_widgets.notebook import options, shown
from kling_widgets.notebook.cell import current
from kling_widgets.notebook.figure import Display, Figure
from kling_widgets.notebook.history import History
from kling_widgets.notebook.open_ends import open_ends
from kling_widgets.notebook.pictures import filed
from kling_widgets.notebook.repeats import Met, lost, meet, same
from kling_widgets.notebook.services import Running
from kling_widgets.notebook.surroundings import Surroundings

_REMEMBERED = 7 * 24 * 3600.0  # seconds; older wishes that were never sent are not spoken of any more


class Session(Surroundings):
    """What all front doors of a process share: ``%kling``, the form, and ``kw.submit``.

    Args:
        shell: the IPython shell, or None in a script.
        environ: the environment.
        ask: puts a question to the user, as ``Guard`` wants it.
        connect: makes the client of a service.
    """

    def __init__(
        self,
        shell: Any = None,
        environ: Mapping[str, str] = os.environ,
        ask: Callable[[str], str] | None = None,
        connect: Connect = connect,
    ) -> None:
        super().__init__(shell, environ, ask, connect, self._start_demo)
        self.latest: VideoRequest | None = None  # what was last worked on, in a form or sent: %kling_code shows it
        self.jobs: dict[int, Job] = {}  # by the journal's number; a job that is under way is not begun again

    def _start_demo(self) -> Running:
        try:
            from kling_widgets.demo import service
        except ImportError as missing:
            raise KlingError(
                f'The demo needs more packages ({missing.name}): pip install "kling_widgets[demo]".'
            ) from None
        return service.start(home(self.environ) / "demo")

    def prepare(
        self,
        request: VideoRequest | Model | str | Iterable[VideoRequest],
        *,
        count: int = 1,
        save: str | None = None,
        timeout: float | None = None,
        new: bool = False,
        reuse: bool = False,
        yes: bool = False,
        in_cell: bool = True,
        **fields: Any,
    ) -> list[Job]:
        """The jobs of one or several requests, checked and written into the journal; none is started. What a cell that
        is run again has under way already is given in place of a new one.

        Args:
            yes: whether what is new is made without asking, as far as the budget allows it.
            in_cell: whether the cell that runs asks for it; a click is no cell's.

        Raises:
            InvalidRequestError: a request has errors; MissingKeyError: there is no key; SubmissionUnknownError: it may
            be in the making already; KlingError: no video could be saved, or it would cost more than is allowed.
            Nothing was sent.
        """
        count, save, timeout = options.count(count), options.save(save), options.timeout(timeout)
        fields = filed(fields, self.local)
        if isinstance(request, (VideoRequest, Model, str)):
            requests = [VideoRequest.of(request, **fields)] * count
        else:
            requests = [VideoRequest.of(each, **fields) for each in request for _ in range(count)]
        if not requests:
            raise InvalidRequestError("The list of requests is empty. Nothing was sent.")
        for each in requests:
            wrong = (*each.errors(), *(found for found in self.local.check(each) if found.severity == "error"))
            if wrong:
                raise InvalidRequestError.of(wrong)
        if new and reuse:
            raise InvalidRequestError("--new makes another one, --reuse takes one that is there: give one of them.")
        self.latest = requests[-1]
        desk = self.desk(self.services.get(), save, timeout)
        self.journal.settle()
        cell = current(self.shell, self.environ) if in_cell else None
        met = meet(requests, desk.service.name, cell, self.journal, new=new, reuse=reuse)
        guard = self.guards[desk.service.demo]
        with guard.admitted([each.request for each in met if each.entry is None], yes=yes) as bills:
            jobs = self._all(met, desk, save, bills)
        begun = (job for job, each in zip(jobs, met, strict=True) if each.entry is None)
        for job, bill in zip(begun, bills, strict=True):
            guard.follow(job, bill)  # not before: what fails within is given back as a whole
        return jobs

    def _all(self, met: list[Met], desk: Desk, save: str | None, bills: Iterable[Bill]) -> list[Job]:
        """The jobs of all of them; where that is interrupted or fails, of none."""
        jobs: list[Job] = []
        costs, interrupted = iter(bills), threading.Event()

        def make() -> None:
            for each in met:
                if not interrupted.is_set():
                    jobs.append(self._join(each, save) if each.entry else self._begin(each, desk, next(costs)))

        try:
            blocking.through(make, interrupted)
        except BaseException:
            blocking.through(lambda: self._drop(jobs))
            raise
        return jobs

    def _drop(self, jobs: Iterable[Job]) -> None:
        """Ends those that were not started, in the journal too, so that nobody meets them."""
        for job in jobs:
            job.drop()
            if not (job.watched or job.sent):
                self.jobs.pop(job.key, None)

    def _begin(self, met: Met, desk: Desk, bill: Bill) -> Job:
        """The job of a new wish, with what it is to cost."""
        job = self._keep(Job(met.request, desk, wish=met.wish))
        if bill.cost:
            self.journal.update(job.key, cost=float(bill.money), currency=bill.currency)
        return job

    def _join(self, met: Met, save: str | None) -> Job:
        """The job of a submission that a wish meets."""
        assert met.entry is not None
        note = met.note + (" It stays where it is: save is not followed." if save else "")
        job = self._take_up(met.entry, note)
        self.journal.wishes.note(met.wish, met.entry.key)
        return job

    def submit(
        self,
        request: VideoRequest | Model | str | Iterable[VideoRequest],
        *,
        wait: bool | None = None,
        **options: Any,
    ) -> Job | Batch:
        """Checks, submits and shows; see ``kw.submit``."""
        return self.run(self.prepare(request, **options), wait)

    def resume(self, task_id: str | None = None, *, of: str | None = None, wait: bool | None = None) -> Job | Batch:
        """Goes on with one task, or with all that have not ended; see ``kw.resume``."""
        if task_id is not None:
            options.task_id(task_id)
            options.task_id(of or "")
            return self.run([self._take_up(self._entry(task_id) if of is None else self._find(task_id, of))], wait)
        self.journal.settle()
        unfinished, elsewhere = [], []  # type: list[Entry], list[Entry]
        left = self.journal.unfinished()
        gone = [entry for entry in left if entry.error]  # the service has it no more: only by its id is it tried again
        for entry in [entry for entry in left if not entry.error]:  # two kernels may resume at once
            mine = not self.journal.elsewhere(entry) and self.journal.claim(entry)
            (unfinished if mine else elsewhere).append(entry)
        unknown = self.journal.in_state("unknown")
        unsent = self.journal.unsent(time.time() - _REMEMBERED)
        # What happened in the demo is nobody's worry later on.
        told = [[entry for entry in some if not entry.demo or self.services.demo] for some in (unsent, unknown, gone)]
        shown.tell(open_ends(told[0], told[1], elsewhere, told[2]))
        jobs, troubles = [], []
        for entry in unfinished:
            try:
                jobs.append(self._take_up(entry))
            except KlingError as error:
                self.journal.leave(entry.key)
                troubles.append(error)
        if troubles and not jobs:
            raise troubles[0]
        return self.run(jobs, wait) if jobs else Batch(())

    def lost(self, request: VideoRequest) -> str:
        """What to know when the same was sent before and its answer was lost; "" when none was.

        Raises:
            KlingError: there is no service to send it to.
        """
        wish = Wish(same(request, self.services.get().name))
        found = self.journal.wishes.alike(wish, ("unknown",))
        return lost(found[0]) if found else ""

    def forget(self, ids: Iterable[str]) -> int:
        """Takes submissions off the journal, by their ids or numbers; gives how many. What is under way is kept, and
        said.

        Raises:
            KlingError: there is no such submission; nothing was forgotten.
        """
        return History([self.entry(each) for each in ids], self.journal).forget()

    def entry(self, task_id: str) -> Entry:
        """The journal's entry of a task, or of a submission's number: ``#7``.

        Raises:
            KlingError: there is none.
        """
        found = self.journal.find(task_id)
        if found is None:
            raise KlingError(f"The journal has no task {shorten(task_id)}; %kling_tasks lists yours.")
        return found

    def _entry(self, task_id: str) -> Entry:
        """The entry of a task that the service knows by an id; one is made for a task that was submitted elsewhere.

        Raises:
            KlingError: it is a submission that never got an id, or the service knows no such task.
        """
        entry = self.journal.find(task_id) or self._adopt(task_id)
        if entry.task_id is None:
            why = f": {entry.error}" if entry.error else "."
            raise KlingError(f"Submission #{entry.key} has no task id; it is {entry.state}{why}")
        return entry

    def _adopt(self, task_id: str) -> Entry:
        """The entry of a task that was submitted elsewhere, when the service knows it: a typing error is no task."""
        service = self.services.get()
        task = self._ask(task_id, service)
        entry = self.journal.adopt(task_id, service.name)
        if task.model:
            self.journal.update(entry.key, model=task.model, body={"model": task.model})
        return self.entry(f"#{entry.key}")

    def _find(self, task_id: str, of: str) -> Entry:
        """The entry of a submission whose answer was lost, and whose task its user has found.

        Raises:
            KlingError: it is no such submission, the task is another one's, or the service knows no such task.
        """
        entry = self.entry(of)
        if entry.state != "unknown":
            raise KlingError(f"The answer of {of} was not lost: it is {entry.state}.")
        if other := self.journal.find(task_id):
            raise KlingError(
                f"Task {task_id} is that of #{other.key} already: %kling_resume {task_id} goes on with it."
            )
        task = self._ask(task_id, self.services.get(entry.service))
        if task.model not in (None, entry.model):
            raise KlingError(f"Task {task_id} is of {task.model}, and {of} asked for {entry.model}.")
        self.journal.update(
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
        task: Task = blocking.wait(self.watcher.start(self.watcher.client(service).get(task_id)))
        return task

    def show(self, task_id: str) -> Job | Batch | None:
        """Shows the video of a task; one that is not here yet is watched, or fetched.

        Raises:
            KlingError: there is no such task, or it ended without a video.
        """
        entry = self._entry(task_id)
        if entry.state in ("failed", "refused"):
            raise KlingError(entry.error or f"Task {task_id} ended without a video.")
        clip = ours(entry, self.videos)
        if clip is None:
            return self.resume(task_id)
        figure = Figure(entry.request, clip, entry.url, entry.task_id or "", entry.took, entry.demo, entry.service)
        shown.figure(figure, self.place, cast(Display, self.settings.display), autoplay=self.settings.autoplay)
        return None

    def _take_up(self, entry: Entry, note: str = "") -> Job:
        """The job of an entry: the one that is under way, else one that goes on where the entry ends."""
        job = self.jobs.get(entry.key)
        if job is None or not (job.go_on() or entry.task_id is None):
            if entry.task_id is None:  # a job that is made of it would send it
                raise KlingError(f"Submission #{entry.key} has no task id, so there is nothing to go on with.")
            job = self._keep(Job(entry.request, self.desk(self.services.get(entry.service)), entry))
            if entry.error:  # that the service had it no more: let us see
                self.journal.update(entry.key, error=None)
        job.note = note
        return job

    def history(self) -> History:
        """The journal, newest first."""
        self.journal.settle()
        return History(self.journal.entries(), self.journal)

    def close(self) -> None:
        """Ends what was started here: the demo, and the watching of tasks, which go on."""
        for job in self.jobs.values():
            job.stop()
        self.services.close()

    def _keep(self, job: Job) -> Job:
        self.jobs[job.key] = job
        return job

    def run(self, jobs: list[Job], wait: bool | None) -> Job | Batch:
        """Shows and starts the jobs, and waits for them as far as it is asked for; see ``kw.submit``."""
        place, settings = self.place, self.settings
        if wait is None:
            wait = place.waits if settings.wait == "auto" else bool(settings.wait)
        display = cast(Display, settings.display)
        try:
            shown.run(jobs, place, self.shell, wait=wait, display=display, autoplay=settings.autoplay)
        finally:
            self._drop(jobs)
        return jobs[0] if len(jobs) == 1 else Batch(jobs)


_session: Session | None = None
_lock = threading.Lock()


def session() -> Session:
    """The session of this process."""
    global _session
    with _lock:
        if _session is None:
            _session = Session(_shell())
        if _session.shell is None:
            _session.shell = _shell()
        return _session


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None
