"""The way from a request to a job that is shown.

``%load_ext`` makes a session, so each step loads what it works with."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from kling_widgets.core import forks
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.notebook.surroundings import Surroundings, once

if TYPE_CHECKING:
    from kling_widgets.core.catalog import Model
    from kling_widgets.core.request import VideoRequest
    from kling_widgets.core.spend import Bill
    from kling_widgets.jobs.batch import Batch
    from kling_widgets.jobs.desk import Desk
    from kling_widgets.jobs.entry import Entry
    from kling_widgets.jobs.job import Job
    from kling_widgets.jobs.watch import Connect
    from kling_widgets.notebook.cell import Cell
    from kling_widgets.notebook.earlier import Earlier
    from kling_widgets.notebook.figure import Display
    from kling_widgets.notebook.question import Question
    from kling_widgets.notebook.repeats import Meeting, Met
    from kling_widgets.notebook.services import Running

_ENDING = 10.0  # seconds; a job that was called off writes a line into the journal
_ROUNDS = 20  # how often it is looked again where others begin and call off the same meanwhile


class Session(Surroundings):
    """What all front doors of a process share: ``%kling``, the form, and ``kw.submit``.

    Args:
        shell: the IPython shell, or None in a script.
        environ: the environment.
        ask: puts a question to the user, as ``Guard`` wants it.
        connect: makes the client of a service, where it is not the usual one.
    """

    def __init__(
        self,
        shell: Any = None,
        environ: Mapping[str, str] = os.environ,
        ask: Callable[[str], str] | None = None,
        connect: Connect | None = None,
    ) -> None:
        super().__init__(shell, environ, ask, connect, self._start_demo)
        self.latest: VideoRequest | None = None  # what was last worked on, in a form or sent: %kling_code shows it
        self._latest_run = ""  # of a cell
        self._jobs: dict[int, Job] = {}
        self._process = os.getpid()

    @property
    def jobs(self) -> dict[int, Job]:
        """The jobs that this process works on, by the journal's number: what is under way is not begun again. A fork
        has none yet: those of its parent go on there."""
        if self._process != os.getpid():
            self._process, self._jobs = os.getpid(), {}
        return self._jobs

    def _start_demo(self) -> Running:
        try:
            from kling_widgets.demo import service
        except ImportError as missing:
            raise KlingError(
                f'The demo needs more packages ({missing.name}): pip install "kling_widgets[demo]".'
            ) from None
        return service.start(self.home / "demo")

    @once
    def earlier(self) -> Earlier:
        """What was submitted before."""
        from kling_widgets.notebook.earlier import Earlier

        return Earlier(self)

    def prepare(
        self,
        request: VideoRequest | Model | str | float | Iterable[VideoRequest],
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
        from kling_widgets.notebook import options
        from kling_widgets.notebook.pictures import filed
        from kling_widgets.notebook.repeats import Meeting, Overtaken

        count, save, timeout = options.count(count), options.save(save), options.timeout(timeout)
        new, reuse, yes = options.flag("new", new), options.flag("reuse", reuse), options.flag("yes", yes)
        requests = options.requests(request, filed(fields, self.local), count)
        if not requests:
            raise InvalidRequestError("The list of requests is empty. Nothing was sent.")
        for each in requests:
            wrong = (*each.errors(), *(found for found in self.local.check(each) if found.severity == "error"))
            if wrong:
                raise InvalidRequestError.of(wrong)
        if new and reuse:
            raise InvalidRequestError("--new makes another one, --reuse takes one that is there: give one of them.")
        self.latest = requests[-1]
        desk = self.desk(self.services.get(), save, timeout).ready()
        self.journal.settle()
        cell, run = self._cell(in_cell=in_cell)
        meeting = Meeting(requests, desk.service.name, cell, self.journal, new=new, reuse=reuse)
        held_up = self._held_up(meeting.met())
        for _ in range(_ROUNDS):
            with contextlib.suppress(Overtaken):
                return self._admitted(meeting, desk, save, run, held_up, yes=yes)
            held_up = []  # the guard knows of these by now
        raise KlingError("The same is being begun and called off over and over. Nothing was sent: run this once more.")

    def _cell(self, *, in_cell: bool) -> tuple[Cell | None, str]:
        """The cell that runs, or None; and the run that counts together. A thread that a cell has started goes on
        while the kernel works on other messages: it counts with the cell that ran last."""
        from kling_widgets.notebook.cell import current

        if not in_cell:
            return None, ""
        cell = current(self.shell, self.environ)
        if cell and not cell.click:
            self._latest_run = cell.run
        in_thread = threading.current_thread() is not threading.main_thread()
        return cell, cell.run if cell else self._latest_run if in_thread else ""

    def _held_up(self, met: Sequence[Met]) -> list[VideoRequest]:
        """What the cell meets of what it has begun itself, if its run before was held up by a question or a budget."""
        own = self.journal.wishes.begun_before_hold_up(met[0].wish) if any(each.entry for each in met) else ()
        return [each.request for each in met if each.entry and each.entry.key in own]

    def question(self, requests: Iterable[VideoRequest], *, in_cell: bool) -> Question:
        """What has to be confirmed before these are made by the cell that runs, or by a click.

        Raises:
            KlingError: there is no service, or the budget does not allow them.
        """
        return self.guard.question(list(requests), run=self._cell(in_cell=in_cell)[1])

    def _admitted(
        self, meeting: Meeting, desk: Desk, save: str | None, run: str, held_up: list[VideoRequest], *, yes: bool
    ) -> list[Job]:
        """The jobs of requests: those that are new, admitted by the guard, and those that meet others.

        Raises:
            Overtaken: something has changed since the guard was asked; nothing was written.
        """
        from kling_widgets.notebook.repeats import Overtaken

        self._let_end(meeting.met())
        fresh = {number: each for number, each in enumerate(meeting.met()) if each.entry is None}
        asked, guard = [each.request for each in fresh.values()], self.guards[desk.service.demo]
        try:
            with guard.admitted(asked, yes=yes, run=run, met=held_up, again=meeting.repeatable) as bills:
                admitted = dict(zip(fresh, bills, strict=True))
                jobs, begun = self._all(meeting, admitted, desk, save)
        except Overtaken:
            raise
        except BaseException:
            if meeting.repeatable and fresh:
                self.journal.wishes.hold_up(next(iter(fresh.values())).wish)
            raise
        guard.give_back([bill for number, bill in admitted.items() if number not in begun], run)
        for number in begun:
            guard.follow(jobs[number], admitted[number], run)  # not before: what fails within is given back as a whole
        return jobs

    def _let_end(self, met: Iterable[Met]) -> None:
        """Waits for what was called off here and ends right now: it is made anew."""
        for each in met:
            job = self.jobs.get(each.entry.key) if each.entry else None
            if job is not None and job.called_off:
                with contextlib.suppress(KlingError):  # why it ended
                    job.wait(_ENDING)

    def _all(
        self, meeting: Meeting, admitted: Mapping[int, Bill], desk: Desk, save: str | None
    ) -> tuple[list[Job], set[int]]:
        """The jobs of all of them, and which ones are new; where that is interrupted or fails, none of the new ones."""
        from kling_widgets.jobs import blocking
        from kling_widgets.jobs.job import Job
        from kling_widgets.jobs.journal import Order
        from kling_widgets.notebook.repeats import Overtaken

        met: list[Met] = []
        entries: list[Entry] = []
        jobs: list[Job] = []
        interrupted, guard = threading.Event(), self.guards[desk.service.demo]

        def decide() -> list[Order]:
            met[:] = meeting.met()
            if interrupted.is_set() or not admitted.keys() >= begun() or any(map(self._ending, met)):
                raise Overtaken
            return [
                Order(each.request, each.wish, admitted.get(number), each.entry.key if each.entry else None)
                for number, each in enumerate(met)
            ]

        def begun() -> set[int]:
            return {number for number, each in enumerate(met) if each.entry is None}

        def allowed(spent: Bill) -> str:
            return guard.over(spent, [admitted[number] for number in begun()])

        def make() -> None:
            entries.extend(self.journal.write_all(decide, desk.service.name, allowed if guard.capped else None))
            for each, entry in zip(met, entries, strict=True):
                jobs.append(self._join(each, entry, save) if each.entry else self.keep(Job(each.request, desk, entry)))

        def undo() -> None:
            self._drop(jobs)
            for each, entry in zip(met[len(jobs) :], entries[len(jobs) :], strict=False):
                if each.entry is None:
                    said = "Nothing was sent, nothing is billed."
                    self.journal.update(entry.key, state="refused", error=said, ended=desk.clock())

        try:
            blocking.through(make, interrupted)
        except BaseException:
            blocking.through(undo)
            raise
        return jobs, begun()

    def _ending(self, met: Met) -> bool:
        """Whether it meets a submission that was called off since it was looked at."""
        job = self.jobs.get(met.entry.key) if met.entry and not met.entry.task_id else None
        return job is not None and job.called_off and not job.go_on()

    def _drop(self, jobs: Iterable[Job]) -> None:
        """Ends those that were not started, in the journal too, so that nobody meets them."""
        for job in jobs:
            job.drop()

    def _join(self, met: Met, entry: Entry, save: str | None) -> Job:
        """The job of a submission that a wish meets."""
        note = met.note + (" It stays where it is: save is not followed." if save else "")
        return self.earlier.take_up(entry, note, met.request)

    def submit(
        self,
        request: VideoRequest | Model | str | float | Iterable[VideoRequest],
        *,
        wait: bool | None = None,
        **options: Any,
    ) -> Job | Batch:
        """Checks, submits and shows; see ``kw.submit``."""
        return self.run(self.prepare(request, **options), wait)

    def close(self) -> None:
        """Ends what was started here: the demo, and the watching of tasks, which go on."""
        for job in list(self.jobs.values()):  # each that ends is taken out
            job.stop()
        self.services.close()

    def keep(self, job: Job) -> Job:
        """Remembers the job until it ends, so that nobody begins another one of the same submission."""
        from kling_widgets.jobs.moment import ENDED, Moment

        def heard(moment: Moment) -> None:
            if moment.state in ENDED and self.jobs.get(job.key) is job:
                self.jobs.pop(job.key, None)

        self.jobs[job.key] = job
        job.listen(heard)
        return job

    def run(self, jobs: list[Job], wait: bool | None) -> Job | Batch:
        """Shows and starts the jobs, and waits for them as far as it is asked for; see ``kw.submit``."""
        from kling_widgets.notebook import shown

        place, settings = self.place, self.settings
        if wait is None:
            wait = place.waits if settings.wait == "auto" else bool(settings.wait)
        display = cast("Display", settings.display)
        try:
            shown.run(jobs, place, self.shell, self.pulse, wait=wait, display=display, autoplay=settings.autoplay)
        finally:
            self._drop(jobs)
        return self.together(jobs)

    @staticmethod
    def together(jobs: list[Job]) -> Job | Batch:
        """The one job, or several as a batch."""
        from kling_widgets.jobs.batch import Batch

        return jobs[0] if len(jobs) == 1 else Batch(jobs)


_session: Session | None = None
_lock = forks.lock()


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
