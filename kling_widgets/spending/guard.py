"""The spend guard: what this kernel may make at all (its budget), and what it makes only after a yes.

A new wish passes it after it was checked and before anything of it is written down or sent. A yes is wanted for what
comes to more than ``confirm_above``, all submissions of a cell's run together, and for what is as likely a slip as a
wish (``Problem.asks``). The magic, ``kw.submit`` and the form ask the same question, that of ``Guard.question``.
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
from kling_widgets.spending.allowance import TOGETHER, refusal
from kling_widgets.spending.question import Question, together, unusual
from kling_widgets.spending.spend_limit import OFF, SpendLimit

NOTHING = "Nothing was sent."
_RUNS = 100  # cells' runs that are remembered; work in the background may go on while later cells run


class SpendSettings(Protocol):
    """The settings that the guard asks for each time, as they may change.

    Attributes:
        budget: how much may be made in all, as text: "20 videos"; "off" for no limit.
        confirm_above: how much is made without asking, in the same way.
    """

    budget: str
    confirm_above: str


@dataclass(slots=True)
class _Run:
    """What one run of a cell has submitted, or met again of a run before that was held up: each of one video.

    Attributes:
        all: everything.
        unasked: what came since somebody was last asked about it.
    """

    all: Counter[Estimate] = field(default_factory=Counter)
    unasked: Counter[Estimate] = field(default_factory=Counter)


class Guard:
    """Counts what one kernel submits to the service, or to the demo; safe to use from several threads. The money of
    what counts is that of the moment when it was admitted, whatever the prices are later.

    Args:
        settings: ``budget`` and ``confirm_above`` are asked for each time.
        price: what a request comes to by the user's own price table, or None.
        ask: puts a question to the user and gives the answer; raises EOFError, OSError or RuntimeError where nobody can
            be asked.
        budget: that of the environment. It holds besides that of the settings, so that a notebook cannot raise it.
        say: tells the user.
        spent: what counts against the budget of the environment: the journal's last 24 hours, whatever kernel made it.
            None: what this kernel makes.
        demo: whether it counts what the demo makes. The limits hold there too, each kind counted for itself.
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
        except InvalidRequestError as error:  # said when something is to be made: without it all else works
            self._wrong = f"{BUDGET} cannot be understood, so nothing is made. {error} Nothing was sent."
        self._counted: Counter[Estimate] = Counter()  # each of one video
        self._runs: dict[str, _Run] = {}
        self._known: set[Hashable] = set()  # what is unusual and was said yes to
        self._lock = forks.lock()
        self._asking = forks.lock()  # one question at a time: its answer may settle the next one

    def bill(self, requests: Sequence[VideoRequest]) -> Estimate:
        """What the requests come to, one for each video."""
        return _sum(self._bills(requests))

    def _bills(self, requests: Sequence[VideoRequest]) -> list[Estimate]:
        return [Estimate.of_one(each, self._price(each), demo=self._demo) for each in requests]

    def status(self) -> str:
        """What counts so far, and the budgets, in words."""
        with self._lock:
            counted = _sum(self._counted.elements())
        where = "in the demo: " if self._demo else ""
        if self.capped and self._spent:
            where = f"{self._spent()} {TOGETHER}; in this kernel "
        limits = (self._wrong or f"{self._ceiling} ({BUDGET})", f"{self._settings.budget} (%config Kling.budget)")
        held = " and ".join(limit for limit in limits if not limit.startswith(OFF)) or "no limit"
        return f"{where}{counted} so far; {held}"

    def question(self, requests: Sequence[VideoRequest], *, run: str = "") -> Question:
        """What has to be confirmed before these are made.

        Args:
            requests: those that are really to be made, one for each video.
            run: the run of the cell that asks for them; what it has submitted before counts with them. "" where no cell
                does, as for a click in a form.

        Raises:
            KlingError: the budget does not allow them.
        """
        with self._lock:
            self._check_budget(bill := self.bill(requests))
            before = _sum(self._runs[run].unasked.elements()) if run in self._runs else Estimate()
        return self._question(requests, bill, before)

    @contextlib.contextmanager
    def reserve(
        self,
        requests: Sequence[VideoRequest],
        *,
        yes: bool = False,
        run: str = "",
        met: Sequence[VideoRequest] = (),
        again: bool = False,
    ) -> Iterator[list[Estimate]]:
        """Counts the requests, asks the user if need be, and says what several of them come to; gives the bill of
        each. When the work within fails they do not count.

        Args:
            requests: those that are really to be made, one for each video.
            yes: whether the user has said yes already; the budget holds all the same.
            run: as for ``question``.
            met: what the run meets again of a run before that was held up here: it goes on with it as a whole, so these
                count as its own for the question, though not for the budget.
            again: whether the same cell, run again, meets what this run has submitted; an error says so.

        Raises:
            KlingError: the budget does not allow it, the user said no, or nobody can be asked. Nothing was sent.
        """
        with self._lock:  # two at once must not both take what is left for one
            bills, known = self._bills(requests), self._bills(met)
            this = self._enter(run, known)
            nothing = _nothing(_sum(this.all.elements()), again=again)
            self._check_budget(_sum(bills), nothing)
            for counted in (self._counted, this.all, *([] if yes else [this.unasked])):
                counted.update(bills)
        try:
            asked = not yes and self._confirm(requests, bills, this, nothing)
            if yes or asked:
                self._known |= unusual(requests).keys()
            if len(bills) > 1 and not asked:
                self._say(f"{_sum(bills)}.")
            yield bills
        except BaseException:
            self.give_back(bills, run)
            raise

    def _enter(self, run: str, met: Iterable[Estimate]) -> _Run:
        """What the run has submitted so far; what no cell asks for stands alone."""
        if not run:
            return _Run()
        this = self._runs.setdefault(run, _Run())
        this.all.update(met := list(met))
        this.unasked.update(met)
        if len(self._runs) > _RUNS:
            del self._runs[next(iter(self._runs))]
        return this

    @property
    def capped(self) -> bool:
        """Whether the budget of the environment limits what all kernels make together."""
        return self._spent is not None and self._ceiling != SpendLimit()

    def over(self, spent: Estimate, bills: Iterable[Estimate]) -> str:
        """Why the budget of the environment does not allow these, after what was spent; "" where it does."""
        asked = _sum(bills)
        breach = self._ceiling.breach(spent + asked)
        return refusal(breach, BUDGET, asked, TOGETHER, spent, NOTHING) if breach else ""

    def release_on_failure(self, job: Job, bill: Estimate, run: str = "") -> None:
        """Counts the job, admitted with this bill for this run, no longer when it ends without anything having been
        accepted. One whose answer was lost counts: it may be billed."""
        job._state.listen(lambda moment: self._heard(job, bill, run, moment))

    def _heard(self, job: Job, bill: Estimate, run: str, moment: JobSnapshot) -> None:
        if moment.state == "refused" or (moment.state == "stopped" and job.id is None):
            self.give_back([bill], run)

    def give_back(self, bills: Sequence[Estimate], run: str = "") -> None:
        """Count these no longer: they are not made."""
        with self._lock:
            this = self._runs.get(run, _Run())
            for counted in (self._counted, this.all, this.unasked):
                counted.subtract(bills)
                for bill in [bill for bill, count in counted.items() if count <= 0]:
                    del counted[bill]

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
                raise KlingError(refusal(breach, BUDGET, asked, TOGETHER, spent, nothing))
        budgets = (self._ceiling, BUDGET), (SpendLimit.parse(self._settings.budget), "%config Kling.budget")
        for budget, setter in budgets[self._spent is not None :]:
            if breach := budget.breach(counted + asked):
                raise KlingError(refusal(breach, setter, asked, where, counted, nothing))

    def _question(self, requests: Sequence[VideoRequest], bill: Estimate, before: Estimate) -> Question:
        """The question about requests that come to a bill, in a run that has submitted something before."""
        breach = SpendLimit.parse(self._settings.confirm_above).breach(before + bill) if bill.count else ""
        earlier = f", and {before} before it in this cell" if before.count else ""
        return Question(
            f"{bill}{earlier}. The limit of {breach} (%config Kling.confirm_above)." if breach else "",
            together(said for key, said in unusual(requests).items() if key not in self._known),
        )

    def _confirm(self, requests: Sequence[VideoRequest], bills: Sequence[Estimate], this: _Run, nothing: str) -> bool:
        """Whether the user was asked, and said yes; False where nothing had to be asked, or nobody could be.

        Raises:
            KlingError: the user said no, or it is more than is made where nobody can be asked.
        """
        bill = _sum(bills)

        def question_now() -> Question:
            with self._lock:
                before = _sum((this.unasked - Counter(bills)).elements())
            return self._question(requests, bill, before)

        if not str(question_now()):
            return False
        with self._asking:
            question = question_now()  # another thread's answer may have settled it
            if not str(question):
                return False
            it = "it" if bill.count == 1 else "them"
            try:
                answer = self._ask(f"{question} {'Send anyway?' if question.unusual else f'Make {it}?'} [y/N] ")
            except (EOFError, OSError, RuntimeError):  # StdinNotImplementedError is a RuntimeError
                if not question.spending:
                    return False  # the note is in its output
                said = f"{question.spending} Nobody can be asked here: --yes makes {it}, in Python yes=True. {nothing}"
                raise KlingError(said) from None
            if answer.strip().lower() not in ("y", "yes"):
                raise KlingError(nothing)
            with self._lock:
                this.unasked.clear()
            return True


def _nothing(before: Estimate, *, again: bool) -> str:
    """That nothing was sent, and what becomes of what the cell has submitted before."""
    if not before.count:
        return NOTHING
    meets = ": run again, it meets those and pays for none of them twice." if again else ", which goes on."
    return f"Nothing more was sent. This cell has submitted {before} already{meets}"


def _sum(bills: Iterable[Estimate]) -> Estimate:
    return sum(bills, Estimate())
