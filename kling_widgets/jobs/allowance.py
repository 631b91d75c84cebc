"""The budget of the environment for clients that keep no journal: each of their submissions is a row of it.

What counts are the journal's submissions of the last 24 hours, whichever kernel, fork or client of this user made
them, but for those of the demo and those of which nothing was accepted.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from kling_widgets.core.request import VideoRequest
from kling_widgets.core.spend import Bill, Limit, seconds_of
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.jobs.entry import Entry
from kling_widgets.jobs.home import home
from kling_widgets.jobs.journal import Journal
from kling_widgets.jobs.prices import PriceTable

DAY = 24 * 3600.0  # seconds
TOGETHER = "for the last 24 hours of all kernels, forks and clients together"
_SETTER = "KLING_WIDGETS_BUDGET"
_PATIENCE = 10.0  # seconds to wait while another process is about to submit
_PAGE = 256  # submissions that are read at a time

T = TypeVar("T")


class Allowance:
    """Allows a submission, and writes it into the journal, as far as a budget goes.

    Args:
        budget: as ``KLING_WIDGETS_BUDGET`` has it.
        folder: where the journal and the prices of this user are.
        clock: unix seconds.
    """

    def __init__(self, budget: str, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._budget, self._folder, self._clock = budget, folder, clock

    def __call__(self, service: str, body: Mapping[str, Any]) -> Held:
        """Counts a body that is about to be sent to a service; see ``client.allowance.Reserve``.

        Raises:
            KlingError: the budget does not allow it, or cannot be understood. Nothing was submitted.
        """
        try:
            limit = Limit.parse(self._budget)
        except InvalidRequestError as error:
            said = f"{_SETTER} cannot be understood, so nothing is made. {error} Nothing was sent."
            raise KlingError(said) from None
        request = _request(body)
        bill = Bill.of_one(request, self._prices.estimate(request))
        journal = self.journal
        with self._alone():
            counted = recent(journal, self._clock() - DAY)
            if breach := limit.breach(counted + bill):
                raise KlingError(
                    f"The budget of {breach}. It is set by {_SETTER}, {TOGETHER}; asked for: {bill}; counted so far: "
                    f"{counted}. Nothing was submitted, nothing is billed."
                )
            # The model and the seconds alone: a client keeps no record of what was asked.
            key = journal.write(VideoRequest(request.model, seconds=seconds_of(request)), service)
            cost = {"cost": float(bill.money), "currency": bill.currency} if bill.cost else {}
            journal.update(key, state="sending", **cost)
        return Held(journal, key, self._clock)

    @cached_property
    def journal(self) -> Journal:
        """The record of this user's submissions."""
        return Journal(self._folder / "journal.sqlite", clock=self._clock)

    @cached_property
    def _prices(self) -> PriceTable:
        return PriceTable(self._folder / "prices.json")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else takes what is left meanwhile. Where no lock can be kept, the journal is in memory too."""
        from filelock import FileLock

        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):  # a time-out is one
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                stack.enter_context(FileLock(self._folder / ".budget.lock", timeout=_PATIENCE, mode=0o600))
            yield


@dataclass(frozen=True, slots=True)
class Held:
    """A submission that counts; see ``client.allowance.Reservation``."""

    journal: Journal
    key: int
    clock: Callable[[], float]

    def accepted(self, task_id: str) -> None:
        """It counts. What becomes of the task is not followed here, so it is none of those that are resumed."""
        self._end("submitted", task_id=task_id, accepted=self.clock())

    def refused(self, error: str) -> None:
        """It does not count."""
        self._end("refused", error=error, ended=self.clock())

    def unknown(self, error: str) -> None:
        """It counts, as it may be billed."""
        self._end("unknown", error=error, ended=self.clock())

    def _end(self, state: str, **columns: object) -> None:
        self.journal.update(self.key, state=state, **columns)
        self.journal.leave(self.key)


def limited(client: type[T], budget: str) -> type[T]:
    """A class of clients, each submission of which counts against a budget."""
    own = {name: getattr(client, name) for name in ("__doc__", "__module__", "__qualname__")}
    return type(client.__name__, (client,), {**own, "reserve": Allowance(budget, home(os.environ))})


def recent(journal: Journal, since: float) -> Bill:
    """What a journal's submissions since then, unix seconds, come to: all that may be billed, the demo apart."""
    journal.settle()
    counted = (entry for entry in _since(journal, since) if not entry.demo and entry.state != "refused")
    return sum(map(_bill, counted), Bill())


def _since(journal: Journal, since: float) -> tuple[Entry, ...]:
    count = _PAGE
    while len(found := journal.entries(count)) == count and found[-1].created >= since:
        count *= 8
    return tuple(entry for entry in found if entry.created >= since)


def _bill(entry: Entry) -> Bill:
    price = None if entry.cost is None else (Decimal(str(entry.cost)), entry.currency or "")
    return Bill.of_one(_request(entry.body), price)


def _request(body: Mapping[str, Any]) -> VideoRequest:
    """What a body asks for; of one that is not understood what counts of it."""
    try:
        return VideoRequest.from_payload(dict(body))
    except InvalidRequestError:
        return VideoRequest(str(body.get("model", "")), seconds=body.get("seconds"))
