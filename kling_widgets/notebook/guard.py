"""The spend guard: what this kernel may make at all (its budget), and what it makes only after a yes.

A new wish passes it after it was checked and before anything of it is written down or sent.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from kling_widgets.core.request import VideoRequest
from kling_widgets.core.spend import OFF, Bill, Limit, Money
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.moment import Moment
from kling_widgets.notebook.place import Place
from kling_widgets.notebook.settings import BUDGET, Kling


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the sum belongs to the cell, in a terminal too


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
        settings: Kling,
        price: Callable[[VideoRequest], Money | None],
        ask: Callable[[str], str],
        budget: str = "",
        say: Callable[[str], None] = _say,
        *,
        spent: Callable[[], Bill] | None = None,
        demo: bool = False,
    ) -> None:
        self._spent = spent
        self._settings, self._price, self._ask, self._say, self._demo = settings, price, ask, say, demo
        self._ceiling, self._wrong = Limit(), ""
        try:
            self._ceiling = Limit.parse(budget)
        except InvalidRequestError as error:  # said when something is to be made: without it all else works
            self._wrong = f"{BUDGET} cannot be understood, so nothing is made. {error} Nothing was sent."
        self._counted: Counter[Bill] = Counter()  # each of one video
        self._lock = threading.Lock()

    def bill(self, requests: Sequence[VideoRequest]) -> Bill:
        """What the requests come to, one for each video."""
        return _sum(self._bills(requests))

    def _bills(self, requests: Sequence[VideoRequest]) -> list[Bill]:
        return [Bill.of_one(each, self._price(each), demo=self._demo) for each in requests]

    def status(self) -> str:
        """What counts so far, and the budgets, in words."""
        with self._lock:
            counted = _sum(self._counted.elements())
        where = "in the demo: " if self._demo else ""
        limits = (self._wrong or f"{self._ceiling} ({BUDGET})", f"{self._settings.budget} (%config Kling.budget)")
        held = " and ".join(limit for limit in limits if not limit.startswith(OFF)) or "no limit"
        return f"{where}{counted} so far; {held}"

    def check(self, requests: Sequence[VideoRequest]) -> str:
        """What has to be confirmed before these are made, in words; "" when nothing has.

        Raises:
            KlingError: the budget does not allow them.
        """
        with self._lock:
            self._check_budget(bill := self.bill(requests))
        return self._question(bill)

    @contextlib.contextmanager
    def admitted(self, requests: Sequence[VideoRequest], *, yes: bool = False) -> Iterator[list[Bill]]:
        """Counts the requests, asks the user if need be, and says what several of them come to; gives the bill of
        each. When the work within fails they do not count.

        Args:
            requests: those that are really to be made, one for each video.
            yes: whether the user has said yes already; the budget holds all the same.

        Raises:
            KlingError: the budget does not allow it, the user said no, or nobody can be asked. Nothing was sent.
        """
        with self._lock:  # two at once must not both take what is left for one
            bills = self._bills(requests)
            bill = _sum(bills)
            self._check_budget(bill)
            self._counted.update(bills)
        try:
            if not yes and (question := self._question(bill)):
                self._confirm(question, bill.count)
            elif bill.count > 1:
                self._say(f"{bill}.")
            yield bills
        except BaseException:
            self.give_back(bills)
            raise

    def follow(self, job: Job, bill: Bill) -> None:
        """Counts the job, admitted with this bill, no longer when it ends without anything having been accepted. One
        whose answer was lost counts: it may be billed."""
        job.listen(lambda moment: self._heard(job, bill, moment))

    @property
    def capped(self) -> bool:
        """Whether the budget of the environment limits what all kernels make together."""
        return self._spent is not None and self._ceiling != Limit()

    def over(self, spent: Bill, bills: Iterable[Bill]) -> str:
        """Why the budget of the environment does not allow these, after what was spent; "" where it does."""
        asked = _sum(bills)
        breach = self._ceiling.breach(spent + asked)
        where = "in the last 24 hours in all your kernels"
        return _refusal(breach, BUDGET, asked, where, spent) if breach else ""

    def _heard(self, job: Job, bill: Bill, moment: Moment) -> None:
        if moment.state == "refused" or (moment.state == "stopped" and job.id is None):
            self.give_back([bill])

    def give_back(self, bills: Sequence[Bill]) -> None:
        """Count these no longer: they are not made."""
        with self._lock:
            self._counted -= Counter(bills)

    def _check_budget(self, asked: Bill) -> None:
        if not asked.count:
            return
        if self._wrong:
            raise KlingError(self._wrong)
        counted = _sum(self._counted.elements())
        where = "in this kernel's demo so far" if self._demo else "in this kernel so far"
        if self.capped and self._spent and (said := self.over(self._spent(), [asked])):
            raise KlingError(said)
        budgets = (self._ceiling, BUDGET), (Limit.parse(self._settings.budget), "%config Kling.budget")
        for budget, setter in budgets[self._spent is not None :]:
            if breach := budget.breach(counted + asked):
                raise KlingError(_refusal(breach, setter, asked, where, counted))

    def _question(self, bill: Bill) -> str:
        breach = Limit.parse(self._settings.confirm_above).breach(bill)
        return f"{bill}. The limit of {breach} (%config Kling.confirm_above)." if breach else ""

    def _confirm(self, question: str, count: int) -> None:
        it = "it" if count == 1 else "them"
        try:
            answer = self._ask(f"{question} Make {it}? [y/N] ")
        except (EOFError, OSError, RuntimeError):  # StdinNotImplementedError is a RuntimeError
            said = f"{question} Nobody can be asked here: --yes makes {it}, in Python yes=True. Nothing was sent."
            raise KlingError(said) from None
        if answer.strip().lower() not in ("y", "yes"):
            raise KlingError("Nothing was sent.")


def _refusal(breach: str, setter: str, asked: Bill, where: str, counted: Bill) -> str:
    said = f"The budget of {breach}. It is set by {setter}; asked for: {asked}; counted {where}: {counted}."
    return f"{said} Nothing was sent."


def _sum(bills: Iterable[Bill]) -> Bill:
    return sum(bills, Bill())


def ask(question: str, place: Place, shell: Any) -> str:
    """The answer of whoever sits before the notebook or the terminal.

    Raises:
        EOFError, OSError, RuntimeError: nobody can be asked.
    """
    kernel = getattr(shell, "kernel", None)
    header = kernel.get_parent().get("header", {}) if kernel is not None else {}
    # While a click is worked on the page takes no answer, and the kernel would wait for ever.
    clicked = header.get("msg_type", "execute_request") != "execute_request"
    typed = place.front_end != "terminal" or (sys.stdin is not None and sys.stdin.isatty())
    if clicked or not typed or place.front_end in ("headless", "script", "voila"):
        raise EOFError(place.front_end)
    return input(question)
