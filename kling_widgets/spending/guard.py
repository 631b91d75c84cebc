"""The spend guard: limits what this kernel submits (its budget), and asks before larger or unusual submissions.

A new submission passes the guard after its request was checked and before anything is written down or sent. The user is
asked if the submissions of one run of a cell come to more than ``confirm_above``, or if a request looks like a slip
(``Problem.asks``). The magic, ``kw.submit`` and the form ask the same question, that of ``Guard.question``.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kling_widgets.core import forks
from kling_widgets.core.printing import say
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.request.estimate import Estimate, Money
from kling_widgets.request.request import VideoRequest
from kling_widgets.spending import BUDGET
from kling_widgets.spending.allowance import IN_ALL_KERNELS, refusal
from kling_widgets.spending.question import Question, join_messages, unusual
from kling_widgets.spending.spend_limit import OFF, SpendLimit

NOTHING = "Nothing was sent."
_REMEMBERED_RUNS = 100  # runs of cells; background work of one may submit while later cells run


class SpendSettings(Protocol):
    """The settings of the guard, read at each use, as they may change.

    Attributes:
        budget: the limit for everything that this kernel submits, as text: "20 videos"; "off" for no limit.
        confirm_above: the limit up to which nothing is asked, as text.
    """

    budget: str
    confirm_above: str


@dataclass(slots=True)
class _Run:
    """The estimates of one run of a cell, one per video.

    They include the submissions of an earlier run that was refused midway, if this run repeats them.

    Attributes:
        all: all of them.
        unasked: those since the user was last asked.
    """

    all: Counter[Estimate] = field(default_factory=Counter)
    unasked: Counter[Estimate] = field(default_factory=Counter)


class Guard:
    """Limits and counts the submissions of one kernel, to the service or to the demo; safe to use from several threads.

    A submission counts with the estimate made when it was reserved, even if the prices change later.

    Args:
        settings: the settings, read at each use.
        price: returns the price of a request by the user's own price table, or None.
        ask: asks the user a question and returns the answer; raises EOFError, OSError or RuntimeError if it cannot ask.
        budget: the budget of the environment. It applies besides that of the settings, so no notebook can raise it.
        say: prints a message for the user.
        spent: returns what counts against the budget of the environment: the journal's last 24 hours, over all kernels.
            None: what this kernel has submitted.
        demo: whether this guard is for the demo, which has the same limits but is counted separately.
    """

    def __init__(
        self,
        settings: SpendSettings,
        price: Callable[[VideoRequest], Money | None],
        ask: Callable[[str], str],
        budget: str = "",
        say: Callable[[str], None] = say,
        *,
        spent: Callable[[], Estimate] | None = None,
        demo: bool = False,
    ) -> None:
        self._spent = spent
        self._settings, self._price, self._ask, self._say, self._demo = settings, price, ask, say, demo
        self._ceiling, self._wrong = SpendLimit(), ""
        try:
            self._ceiling = SpendLimit.parse(budget)
        except InvalidRequestError as error:  # reported at the first submission, as all else works without the budget
            self._wrong = f"{BUDGET} cannot be understood, so nothing is submitted. {error} Nothing was sent."
        self._counted: Counter[Estimate] = Counter()  # one estimate per video
        self._runs: dict[str, _Run] = {}
        self._known: set[Hashable] = set()  # unusual values that the user has confirmed
        self._lock = forks.lock()
        self._asking = forks.lock()  # one question at a time, as its answer may settle the next one

    def estimate(self, requests: Sequence[VideoRequest]) -> Estimate:
        """Return the sum of the requests' estimates."""
        return _sum(self._estimates(requests))

    def _estimates(self, requests: Sequence[VideoRequest]) -> list[Estimate]:
        return [Estimate.of_one(each, self._price(each), demo=self._demo) for each in requests]

    def status(self) -> str:
        """Return a line about what counts so far, and the budgets."""
        with self._lock:
            counted = _sum(self._counted.elements())
        where = "in the demo: " if self._demo else ""
        if self.capped and self._spent:
            where = f"{self._spent()} {IN_ALL_KERNELS}; in this kernel "
        limits = (self._wrong or f"{self._ceiling} ({BUDGET})", f"{self._settings.budget} (%config Kling.budget)")
        set_limits = " and ".join(limit for limit in limits if not limit.startswith(OFF)) or "no limit"
        return f"{where}{counted} so far; {set_limits}"

    def question(self, requests: Sequence[VideoRequest], *, run: str = "") -> Question:
        """Return the question to ask before these requests are submitted; it is empty if nothing is to be asked.

        Args:
            requests: the new requests, one for each video.
            run: the run of the cell that submits them, whose earlier submissions count too; "" if no cell does, as for
                a click in a form.

        Raises:
            KlingError: the budget does not allow them.
        """
        with self._lock:
            self._check_budget(estimate := self.estimate(requests))
            before = _sum(self._runs[run].unasked.elements()) if run in self._runs else Estimate()
        return self._question(requests, estimate, before)

    @contextlib.contextmanager
    def reserve(
        self,
        requests: Sequence[VideoRequest],
        *,
        yes: bool = False,
        run: str = "",
        repeated: Sequence[VideoRequest] = (),
        rerun: bool = False,
    ) -> Iterator[list[Estimate]]:
        """Count the requests against the limits, ask the user if needed, and print the sum of several.

        If the code within raises, the requests no longer count.

        Args:
            requests: the new requests, one for each video.
            yes: whether the user has confirmed already; the budget applies all the same.
            run: as for ``question``.
            repeated: requests of an earlier run of the cell that was refused midway. This run completes that one, so
                they count for its question, but not for the budget again.
            rerun: whether the cell, if run again, finds the submissions of this run; the error then says so.

        Yields:
            The estimate of each request.

        Raises:
            KlingError: the budget does not allow the requests, the user said no, or it was not possible to ask. Nothing
                was sent.
        """
        with self._lock:  # otherwise two threads could both use what is left for one
            estimates, known = self._estimates(requests), self._estimates(repeated)
            this = self._run_of(run, known)
            nothing = _nothing(_sum(this.all.elements()), rerun=rerun)
            self._check_budget(_sum(estimates), nothing)
            for counted in (self._counted, this.all, *([] if yes else [this.unasked])):
                counted.update(estimates)
        try:
            asked = not yes and self._confirm(requests, estimates, this, nothing)
            if yes or asked:
                self._known |= unusual(requests).keys()
            if len(estimates) > 1 and not asked:
                self._say(f"{_sum(estimates)}.")
            yield estimates
        except BaseException:
            self.release(estimates, run)
            raise

    def _run_of(self, run: str, repeated: Iterable[Estimate]) -> _Run:
        """Return the record of a run, with the repeated estimates added; a new one if no cell submits."""
        if not run:
            return _Run()
        this = self._runs.setdefault(run, _Run())
        this.all.update(repeated := list(repeated))
        this.unasked.update(repeated)
        if len(self._runs) > _REMEMBERED_RUNS:
            del self._runs[next(iter(self._runs))]
        return this

    @property
    def capped(self) -> bool:
        """Whether the budget of the environment limits what all kernels submit together."""
        return self._spent is not None and self._ceiling != SpendLimit()

    def budget_refusal(self, spent: Estimate, estimates: Iterable[Estimate]) -> str:
        """Return why the budget of the environment does not allow these estimates after ``spent``; "" if it does."""
        asked = _sum(estimates)
        breach = self._ceiling.breach(spent + asked)
        return refusal(breach, BUDGET, asked, IN_ALL_KERNELS, spent, NOTHING) if breach else ""

    def release_on_failure(self, job: Job, estimate: Estimate, run: str = "") -> None:
        """Release the estimate of a job if it ends before the service has accepted it.

        If the answer to the submission was lost it still counts, as it may be billed.
        """
        job._state.listen(lambda snapshot: self._on_change(job, estimate, run, snapshot))

    def _on_change(self, job: Job, estimate: Estimate, run: str, snapshot: JobSnapshot) -> None:
        if snapshot.state == "refused" or (snapshot.state == "stopped" and job.id is None):
            self.release([estimate], run)

    def release(self, estimates: Sequence[Estimate], run: str = "") -> None:
        """Stop counting these estimates, as their videos are not made."""
        with self._lock:
            this = self._runs.get(run, _Run())
            for counted in (self._counted, this.all, this.unasked):
                counted.subtract(estimates)
                for estimate in [estimate for estimate, count in counted.items() if count <= 0]:
                    del counted[estimate]

    def _check_budget(self, asked: Estimate, nothing: str = NOTHING) -> None:
        if not asked.count:
            return
        if self._wrong:
            raise KlingError(self._wrong)
        counted = _sum(self._counted.elements())
        where = "in this kernel's demo so far" if self._demo else "in this kernel so far"
        if self.capped and self._spent:
            spent = self._spent()
            if breach := self._ceiling.breach(spent + asked):
                raise KlingError(refusal(breach, BUDGET, asked, IN_ALL_KERNELS, spent, nothing))
        budgets = (self._ceiling, BUDGET), (SpendLimit.parse(self._settings.budget), "%config Kling.budget")
        for budget, setter in budgets[self._spent is not None :]:
            if breach := budget.breach(counted + asked):
                raise KlingError(refusal(breach, setter, asked, where, counted, nothing))

    def _question(self, requests: Sequence[VideoRequest], estimate: Estimate, before: Estimate) -> Question:
        """Return the question for requests with this estimate, in a run that has submitted ``before``."""
        breach = SpendLimit.parse(self._settings.confirm_above).breach(before + estimate) if estimate.count else ""
        earlier = f", and {before} before it in this cell" if before.count else ""
        return Question(
            f"{estimate}{earlier}. The limit of {breach} (%config Kling.confirm_above)." if breach else "",
            join_messages(message for key, message in unusual(requests).items() if key not in self._known),
        )

    def _confirm(
        self, requests: Sequence[VideoRequest], estimates: Sequence[Estimate], this: _Run, nothing: str
    ) -> bool:
        """Ask the user if needed; return True only if the user was asked and said yes.

        Raises:
            KlingError: the user said no, or more than ``confirm_above`` needs a yes and it is not possible to ask.
        """
        estimate = _sum(estimates)

        def question_now() -> Question:
            with self._lock:
                before = _sum((this.unasked - Counter(estimates)).elements())
            return self._question(requests, estimate, before)

        if not str(question_now()):
            return False
        with self._asking:
            question = question_now()  # another thread's answer may have settled it
            if not str(question):
                return False
            it = "it" if estimate.count == 1 else "them"
            try:
                answer = self._ask(f"{question} {'Send anyway?' if question.unusual else f'Make {it}?'} [y/N] ")
            except (EOFError, OSError, RuntimeError):  # StdinNotImplementedError is a RuntimeError
                if not question.spending:
                    return False  # the output shows the warning as a note
                how = f"This run is not interactive: to submit {it}, pass --yes (Python: yes=True)."
                raise KlingError(f"{question.spending} {how} {nothing}") from None
            if answer.strip().lower() not in ("y", "yes"):
                raise KlingError(nothing)
            with self._lock:
                this.unasked.clear()
            return True


def _nothing(before: Estimate, *, rerun: bool) -> str:
    """Return that nothing was sent, and what happens to the cell's earlier submissions."""
    if not before.count:
        return NOTHING
    then = ": run again, it finds those and does not pay for them again." if rerun else ", which continues."
    return f"Nothing more was sent. This cell has already submitted {before}{then}"


def _sum(estimates: Iterable[Estimate]) -> Estimate:
    return sum(estimates, Estimate())
