"""Submission of requests: creates their jobs, shows them and starts them.

``%load_ext`` imports this module and must be fast, so methods import what they need.
"""

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
    from kling_widgets.notebook.submit.reruns import Match, RerunMatcher
    from kling_widgets.request.estimate import Estimate
    from kling_widgets.request.request import VideoRequest
    from kling_widgets.spending.question import Question
    from kling_widgets.storage.submission import Submission


_CANCEL_TIMEOUT = 10.0  # seconds to wait for a cancelled job, which only writes a line into the journal
_MAX_ROUNDS = 20  # tries while other threads or kernels submit and cancel the same requests


class Submitter:
    """The single way to create and start jobs, for magics, the form and Python alike.

    Args:
        session: the session of the jobs.

    Attributes:
        latest: the request that was last edited in a form or submitted; ``%kling_code`` shows it.
    """

    def __init__(self, session: Session) -> None:
        self._session, self._registry = session, session.get(JobRegistry)
        self.latest: VideoRequest | None = None
        self._latest_run = ""  # the last run of a cell that submitted something

    def create_jobs(
        self,
        request: VideoRequest | Model | str | float | Iterable[VideoRequest],
        options: SubmitOptions = DEFAULTS,
        *,
        in_cell: bool = True,
        **fields: Any,
    ) -> list[Job]:
        """Check one or several requests, write them into the journal, and return their jobs, not started yet.

        If a cell is run again, a request that is still under way gets its existing job instead of a new one.

        Args:
            request: a request, a model, or several requests.
            options: how to submit them.
            in_cell: whether the running cell submits them; False for a click in a form.
            **fields: fields to set in each request.

        Raises:
            InvalidRequestError: A request has errors. Nothing was sent.
            MissingKeyError: There is no key. Nothing was sent.
            SubmissionUnknownError: The same request may have been accepted before. Nothing was sent.
            KlingError: No video could be saved, or it would cost more than is allowed. Nothing was sent.
        """
        from kling_widgets.notebook.kernel.image_arrays import fields_with_paths
        from kling_widgets.notebook.submit import arguments
        from kling_widgets.notebook.submit.reruns import MatchesChanged, RerunMatcher

        requests = arguments.requests(request, fields_with_paths(fields, self._session.local), options.count)
        if not requests:
            raise InvalidRequestError("The list of requests is empty. Nothing was sent.")
        checked = [each.check(self._session.local.check) for each in requests]
        for found in checked:
            if found.errors:
                raise InvalidRequestError.of(found.errors)
        self.latest = requests[-1]
        context = self._session.job_context(self._session.services.get(), options.save, options.timeout).ready()
        self._session.journal.recover_orphans()
        cell, run = self._cell(in_cell=in_cell)
        matcher = RerunMatcher(
            requests,
            context.service.name,
            cell,
            self._session.journal,
            new=options.new,
            reuse=options.reuse,
            local=self._session.local,
        )
        repeated = self._repeated(matcher.matches())
        for _ in range(_MAX_ROUNDS):
            with contextlib.suppress(MatchesChanged):
                jobs = self._create_allowed(matcher, context, run, repeated, yes=options.yes)
                for job, found in zip(jobs, checked, strict=True):
                    job._problems = found.problems
                return jobs
            repeated = []  # the guard has counted these
        raise KlingError(
            "The same request is being submitted and cancelled repeatedly elsewhere. Nothing was sent: run this again."
        )

    def _cell(self, *, in_cell: bool) -> tuple[Cell | None, str]:
        """Return the running cell, or None, and the run that its submissions are counted with.

        A thread that a cell has started may submit while the kernel handles other messages: it counts with the cell
        that ran last.
        """
        from kling_widgets.notebook.kernel.cell import current

        if not in_cell:
            return None, ""
        cell = current(self._session.shell, self._session.environ)
        if cell and not cell.click:
            self._latest_run = cell.run
        in_thread = threading.current_thread() is not threading.main_thread()
        return cell, cell.run if cell else self._latest_run if in_thread else ""

    def _repeated(self, matches: Sequence[Match]) -> list[VideoRequest]:
        """Return the requests that the cell's previous run has submitted itself, if a question or a budget stopped that
        run halfway: the new run continues it."""
        found = any(each.entry for each in matches)
        own = self._session.journal.request_index.begun_in_refused_run(matches[0].key) if found else ()
        return [each.request for each in matches if each.entry and each.entry.key in own]

    def question(self, requests: Iterable[VideoRequest], *, in_cell: bool) -> Question:
        """Return the question that the user must confirm before the running cell, or a click, submits these requests.

        Raises:
            KlingError: There is no service, or the budget does not allow them.
        """
        return self._session.guard.question(list(requests), run=self._cell(in_cell=in_cell)[1])

    def _create_allowed(
        self, matcher: RerunMatcher, context: JobContext, run: str, repeated: list[VideoRequest], *, yes: bool
    ) -> list[Job]:
        """Ask the spend guard about the new requests, and return the jobs of all requests, new and existing.

        Raises:
            MatchesChanged: The matches have changed since the guard was asked. Nothing was written.
        """
        from kling_widgets.notebook.submit.reruns import MatchesChanged

        self._wait_for_cancelled(matcher.matches())
        new = {number: each for number, each in enumerate(matcher.matches()) if each.entry is None}
        requests, guard = [each.request for each in new.values()], self._session.guards[context.service.demo]
        try:
            with guard.reserve(requests, yes=yes, run=run, repeated=repeated, rerun=matcher.repeatable) as estimates:
                reserved = dict(zip(new, estimates, strict=True))
                jobs, created = self._create_all(matcher, reserved, context)
        except MatchesChanged:
            raise
        except BaseException:
            if matcher.repeatable and new:
                self._session.journal.request_index.record_refused_run(next(iter(new.values())).key)
            raise
        guard.release([estimate for number, estimate in reserved.items() if number not in created], run)
        for number in created:  # only now: if anything above fails, the guard releases the whole reservation
            guard.release_on_failure(jobs[number], reserved[number], run)
        return jobs

    def _wait_for_cancelled(self, matches: Iterable[Match]) -> None:
        """Wait for jobs of this kernel that were cancelled and are about to end: their requests become new ones."""
        for each in matches:
            job = self._registry.jobs.get(each.entry.key) if each.entry else None
            if job is not None and job._runner.cancelled:
                with contextlib.suppress(KlingError):  # the reason of its end
                    job.wait(_CANCEL_TIMEOUT)

    def _create_all(
        self, matcher: RerunMatcher, reserved: Mapping[int, Estimate], context: JobContext
    ) -> tuple[list[Job], set[int]]:
        """Return the jobs of all requests, and the indices of the new ones.

        If it fails or is interrupted, no new job is left.
        """
        from kling_widgets.jobs import waiting
        from kling_widgets.jobs.job import Job
        from kling_widgets.notebook.submit.reruns import MatchesChanged
        from kling_widgets.storage.journal import Order

        matches: list[Match] = []
        entries: list[Submission] = []
        jobs: list[Job] = []
        interrupted, guard = threading.Event(), self._session.guards[context.service.demo]

        def decide() -> list[Order]:
            matches[:] = matcher.matches()
            if interrupted.is_set() or not reserved.keys() >= created() or any(map(self._was_cancelled, matches)):
                raise MatchesChanged
            return [
                Order(each.request, each.key, reserved.get(number), each.entry.key if each.entry else None)
                for number, each in enumerate(matches)
            ]

        def created() -> set[int]:
            return {number for number, each in enumerate(matches) if each.entry is None}

        def allowed(spent: Estimate) -> str:
            return guard.budget_refusal(spent, [reserved[number] for number in created()])

        def make() -> None:
            entries.extend(
                self._session.journal.write_all(decide, context.service.name, allowed if guard.capped else None)
            )
            for each, entry in zip(matches, entries, strict=True):
                jobs.append(
                    self._join(each, entry, context)
                    if each.entry
                    else self._registry.register(Job(each.request, context, entry))
                )

        def undo() -> None:
            self._discard(jobs)
            for each, entry in zip(matches[len(jobs) :], entries[len(jobs) :], strict=False):
                if each.entry is None:
                    error = "Nothing was sent, nothing is billed."
                    self._session.journal.update(entry.key, state="refused", error=error, ended=context.clock())

        try:
            waiting.run_uninterrupted(make, interrupted)
        except BaseException:
            waiting.run_uninterrupted(undo)
            raise
        return jobs, created()

    def _was_cancelled(self, match: Match) -> bool:
        """Return whether a request matches a submission that was cancelled since the matches were computed."""
        job = self._registry.jobs.get(match.entry.key) if match.entry and not match.entry.task_id else None
        return job is not None and job._runner.cancelled and not job._runner.rewatch()

    def _discard(self, jobs: Iterable[Job]) -> None:
        """End the jobs that were not started, also in the journal, so that no request matches them."""
        for job in jobs:
            job._runner.discard()

    def _join(self, match: Match, entry: Submission, context: JobContext) -> Job:
        """Return the job of the submission that a request matches."""
        note = match.note + (" The video stays in its folder: save has no effect." if context.save else "")
        return self._registry.rejoin(entry, note, match.request)

    def submit(
        self,
        request: VideoRequest | Model | str | float | Iterable[VideoRequest],
        options: SubmitOptions = DEFAULTS,
        **fields: Any,
    ) -> Job | Batch:
        """Check, submit and show the requests; see ``kw.submit``."""
        return self.run(self.create_jobs(request, options, **fields), options.wait)

    def run(self, jobs: list[Job], wait: bool | None) -> Job | Batch:
        """Show and start the jobs, and wait for them if ``wait`` or the settings say so; see ``kw.submit``."""
        from kling_widgets.jobs.batch import stop_all
        from kling_widgets.notebook.output import display

        session = self._session
        outputs = display.outputs(jobs, session, wait=self._waits(wait))
        try:
            self.start(jobs, [output.begin for output in outputs])
            display.follow(outputs)
        except KeyboardInterrupt:  # cancels all jobs that are not sent yet, whichever of them was waited for
            raise stop_all(jobs) from None
        finally:
            self._discard(jobs)
        return self.as_batch(jobs)

    def start(self, jobs: Iterable[Job], shows: Iterable[Callable[[], object]]) -> None:
        """Start each job after it is shown. Jobs are started nowhere else."""
        for job, show in zip(jobs, shows, strict=True):
            show()
            job._runner.start()

    def _waits(self, wait: bool | None) -> bool:
        if wait is not None:
            return wait
        chosen = self._session.settings.wait
        return self._session.location.front_end.waits if chosen == "auto" else bool(chosen)

    @staticmethod
    def as_batch(jobs: list[Job]) -> Job | Batch:
        """Return the one job, or several as a batch."""
        from kling_widgets.jobs.batch import Batch

        return jobs[0] if len(jobs) == 1 else Batch(jobs)
