"""The way from a request to a job that is shown.

``%load_ext`` makes a session, so each step loads what it works with."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.submit.job_registry import JobRegistry
from kling_widgets.notebook.submit.options import DEFAULTS, SubmitOptions

if TYPE_CHECKING:
    from kling_widgets.catalog.models import Model
    from kling_widgets.jobs.batch import Batch
    from kling_widgets.jobs.context import JobContext
    from kling_widgets.jobs.job import Job
    from kling_widgets.notebook.kernel.cell import Cell
    from kling_widgets.notebook.submit.reruns import Match, Meeting
    from kling_widgets.request.estimate import Estimate
    from kling_widgets.request.request import VideoRequest
    from kling_widgets.spending.question import Question
    from kling_widgets.storage.submission import Submission


_ENDING = 10.0  # seconds; a job that was called off writes a line into the journal
_ROUNDS = 20  # how often it is looked again where others begin and call off the same meanwhile


class Submitter:
    """Makes jobs of requests, and starts them: for magics, the form and Python alike.

    Args:
        session: what they work with.

    Attributes:
        latest: the request that was last worked on, in a form or sent; ``%kling_code`` shows it.
    """

    def __init__(self, session: Session) -> None:
        self._session, self._registry = session, session.get(JobRegistry)
        self.latest: VideoRequest | None = None
        self._latest_run = ""  # of a cell

    def create_jobs(
        self,
        request: VideoRequest | Model | str | float | Iterable[VideoRequest],
        options: SubmitOptions = DEFAULTS,
        *,
        in_cell: bool = True,
        **fields: Any,
    ) -> list[Job]:
        """The jobs of one or several requests, checked and written into the journal; none is started. What a cell that
        is run again has under way already is given in place of a new one.

        Args:
            in_cell: whether the cell that runs asks for it; a click is no cell's.

        Raises:
            InvalidRequestError: a request has errors; MissingKeyError: there is no key; SubmissionUnknownError: it may
            be in the making already; KlingError: no video could be saved, or it would cost more than is allowed.
            Nothing was sent.
        """
        from kling_widgets.notebook.kernel.image_arrays import filed
        from kling_widgets.notebook.submit import arguments
        from kling_widgets.notebook.submit.reruns import Meeting, Overtaken

        requests = arguments.requests(request, filed(fields, self._session.local), options.count)
        if not requests:
            raise InvalidRequestError("The list of requests is empty. Nothing was sent.")
        checked = [each.check(self._session.local.check) for each in requests]
        for found in checked:
            if found.errors:
                raise InvalidRequestError.of(found.errors)
        self.latest = requests[-1]
        desk = self._session.desk(self._session.services.get(), options.save, options.timeout).ready()
        self._session.journal.recover_orphans()
        cell, run = self._cell(in_cell=in_cell)
        meeting = Meeting(
            requests, desk.service.name, cell, self._session.journal, new=options.new, reuse=options.reuse
        )
        held_up = self._held_up(meeting.met())
        for _ in range(_ROUNDS):
            with contextlib.suppress(Overtaken):
                jobs = self._admitted(meeting, desk, run, held_up, yes=options.yes)
                for job, found in zip(jobs, checked, strict=True):
                    job._problems = found.problems
                return jobs
            held_up = []  # the guard knows of these by now
        raise KlingError("The same is being begun and called off over and over. Nothing was sent: run this once more.")

    def _cell(self, *, in_cell: bool) -> tuple[Cell | None, str]:
        """The cell that runs, or None; and the run that counts together. A thread that a cell has started goes on
        while the kernel works on other messages: it counts with the cell that ran last."""
        from kling_widgets.notebook.kernel.cell import current

        if not in_cell:
            return None, ""
        cell = current(self._session.shell, self._session.environ)
        if cell and not cell.click:
            self._latest_run = cell.run
        in_thread = threading.current_thread() is not threading.main_thread()
        return cell, cell.run if cell else self._latest_run if in_thread else ""

    def _held_up(self, met: Sequence[Match]) -> list[VideoRequest]:
        """What the cell meets of what it has begun itself, if its run before was held up by a question or a budget."""
        own = (
            self._session.journal.request_index.begun_in_refused_run(met[0].wish)
            if any(each.entry for each in met)
            else ()
        )
        return [each.request for each in met if each.entry and each.entry.key in own]

    def question(self, requests: Iterable[VideoRequest], *, in_cell: bool) -> Question:
        """What has to be confirmed before these are made by the cell that runs, or by a click.

        Raises:
            KlingError: there is no service, or the budget does not allow them.
        """
        return self._session.guard.question(list(requests), run=self._cell(in_cell=in_cell)[1])

    def _admitted(
        self, meeting: Meeting, desk: JobContext, run: str, held_up: list[VideoRequest], *, yes: bool
    ) -> list[Job]:
        """The jobs of requests: those that are new, admitted by the guard, and those that meet others.

        Raises:
            Overtaken: something has changed since the guard was asked; nothing was written.
        """
        from kling_widgets.notebook.submit.reruns import Overtaken

        self._let_end(meeting.met())
        fresh = {number: each for number, each in enumerate(meeting.met()) if each.entry is None}
        asked, guard = [each.request for each in fresh.values()], self._session.guards[desk.service.demo]
        try:
            with guard.reserve(asked, yes=yes, run=run, repeated=held_up, rerun=meeting.repeatable) as bills:
                admitted = dict(zip(fresh, bills, strict=True))
                jobs, begun = self._all(meeting, admitted, desk)
        except Overtaken:
            raise
        except BaseException:
            if meeting.repeatable and fresh:
                self._session.journal.request_index.record_refused_run(next(iter(fresh.values())).wish)
            raise
        guard.release([bill for number, bill in admitted.items() if number not in begun], run)
        for number in begun:
            guard.release_on_failure(
                jobs[number], admitted[number], run
            )  # not before: what fails within is given back as a whole
        return jobs

    def _let_end(self, met: Iterable[Match]) -> None:
        """Waits for what was called off here and ends right now: it is made anew."""
        for each in met:
            job = self._registry.jobs.get(each.entry.key) if each.entry else None
            if job is not None and job._runner.cancelled:
                with contextlib.suppress(KlingError):  # why it ended
                    job.wait(_ENDING)

    def _all(self, meeting: Meeting, admitted: Mapping[int, Estimate], desk: JobContext) -> tuple[list[Job], set[int]]:
        """The jobs of all of them, and which ones are new; where that is interrupted or fails, none of the new ones."""
        from kling_widgets.jobs import waiting
        from kling_widgets.jobs.job import Job
        from kling_widgets.notebook.submit.reruns import Overtaken
        from kling_widgets.storage.journal import Order

        met: list[Match] = []
        entries: list[Submission] = []
        jobs: list[Job] = []
        interrupted, guard = threading.Event(), self._session.guards[desk.service.demo]

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

        def allowed(spent: Estimate) -> str:
            return guard.budget_refusal(spent, [admitted[number] for number in begun()])

        def make() -> None:
            entries.extend(
                self._session.journal.write_all(decide, desk.service.name, allowed if guard.capped else None)
            )
            for each, entry in zip(met, entries, strict=True):
                jobs.append(
                    self._join(each, entry, desk)
                    if each.entry
                    else self._registry.register(Job(each.request, desk, entry))
                )

        def undo() -> None:
            self._drop(jobs)
            for each, entry in zip(met[len(jobs) :], entries[len(jobs) :], strict=False):
                if each.entry is None:
                    said = "Nothing was sent, nothing is billed."
                    self._session.journal.update(entry.key, state="refused", error=said, ended=desk.clock())

        try:
            waiting.run_uninterrupted(make, interrupted)
        except BaseException:
            waiting.run_uninterrupted(undo)
            raise
        return jobs, begun()

    def _ending(self, met: Match) -> bool:
        """Whether it meets a submission that was called off since it was looked at."""
        job = self._registry.jobs.get(met.entry.key) if met.entry and not met.entry.task_id else None
        return job is not None and job._runner.cancelled and not job._runner.rewatch()

    def _drop(self, jobs: Iterable[Job]) -> None:
        """Ends those that were not started, in the journal too, so that nobody meets them."""
        for job in jobs:
            job._runner.discard()

    def _join(self, met: Match, entry: Submission, desk: JobContext) -> Job:
        """The job of a submission that a wish meets."""
        note = met.note + (" It stays where it is: save is not followed." if desk.save else "")
        return self._registry.rejoin(entry, note, met.request)

    def submit(
        self,
        request: VideoRequest | Model | str | float | Iterable[VideoRequest],
        options: SubmitOptions = DEFAULTS,
        **fields: Any,
    ) -> Job | Batch:
        """Check, submit and show; see ``kw.submit``."""
        return self.run(self.create_jobs(request, options, **fields), options.wait)

    def run(self, jobs: list[Job], wait: bool | None) -> Job | Batch:
        """Show and start the jobs, and wait for them as far as it is asked for; see ``kw.submit``."""
        from kling_widgets.jobs.batch import stop_all
        from kling_widgets.notebook.output import display

        session = self._session
        outputs = display.outputs(jobs, session, wait=self._waits(wait))
        try:
            self.start(jobs, [output.begin for output in outputs])
            display.follow(outputs)
        except KeyboardInterrupt:  # what is not sent yet is not sent any more, whichever of them was waited for
            raise stop_all(jobs) from None
        finally:
            self._drop(jobs)
        return self.as_batch(jobs)

    def start(self, jobs: Iterable[Job], shows: Iterable[Callable[[], object]]) -> None:
        """Start jobs, each when it is shown: the only place where a job is started."""
        for job, show in zip(jobs, shows, strict=True):
            show()
            job._runner.start()

    def _waits(self, wait: bool | None) -> bool:
        if wait is not None:
            return wait
        chosen = self._session.settings.wait
        return self._session.place.front_end.waits if chosen == "auto" else bool(chosen)

    @staticmethod
    def as_batch(jobs: list[Job]) -> Job | Batch:
        """The one job, or several as a batch."""
        from kling_widgets.jobs.batch import Batch

        return jobs[0] if len(jobs) == 1 else Batch(jobs)
