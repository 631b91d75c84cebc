"""The budget of the environment for clients that keep no journal: each of their submissions is a row of it.

What counts are the journal's submissions of the last 24 hours, whichever kernel, fork or client of this user made
them, but for those of the demo and those of which nothing was accepted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.files.data_dir import data_dir
from kling_widgets.request.estimate import Estimate, seconds_of
from kling_widgets.request.request import VideoRequest
from kling_widgets.spending import BUDGET
from kling_widgets.spending.price_table import PriceTable
from kling_widgets.spending.spend_limit import SpendLimit
from kling_widgets.storage.journal import Journal, Order

TOGETHER = "in the last 24 hours by all kernels, forks and clients together"
_NOTHING = "Nothing was submitted, nothing is billed."

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
            limit = SpendLimit.parse(self._budget)
        except InvalidRequestError as error:
            said = f"{BUDGET} cannot be understood, so nothing is made. {error} Nothing was sent."
            raise KlingError(said) from None
        request = _request(body)
        bill = Estimate.of_one(request, self._prices.estimate(request))

        def allowed(spent: Estimate) -> str:
            breach = limit.breach(spent + bill)
            return refusal(breach, BUDGET, bill, TOGETHER, spent, _NOTHING) if breach else ""

        # The model and the seconds alone: a client keeps no record of what was asked.
        order = Order(VideoRequest(request.model, seconds=seconds_of(request)), bill=bill)
        journal = self.journal
        journal.recover_orphans()
        (entry,) = journal.write_all(lambda: [order], service, allowed)
        journal.update(entry.key, state="sending")
        return Held(journal, entry.key, self._clock)

    @cached_property
    def journal(self) -> Journal:
        """The record of this user's submissions."""
        return Journal(self._folder / "journal.sqlite", clock=self._clock)

    @cached_property
    def _prices(self) -> PriceTable:
        return PriceTable(self._folder / "prices.json")


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
        self.journal.release(self.key)


def limited(client: type[T], budget: str) -> type[T]:
    """A class of clients, each submission of which counts against a budget."""
    own = {name: getattr(client, name) for name in ("__doc__", "__module__", "__qualname__")}
    return type(client.__name__, (client,), {**own, "reserve": Allowance(budget, data_dir(os.environ))})


def refusal(breach: str, setter: str, asked: Estimate, where: str, counted: Estimate, nothing: str) -> str:
    """Return why a budget does not allow what is asked for, and what that means for the money."""
    return f"The budget of {breach}. It is set by {setter}; asked for: {asked}; counted {where}: {counted}. {nothing}"


def _request(body: Mapping[str, Any]) -> VideoRequest:
    """What a body asks for; of one that is not understood what counts of it."""
    try:
        return VideoRequest.from_payload(dict(body))
    except InvalidRequestError:
        return VideoRequest(str(body.get("model", "")), seconds=body.get("seconds"))
