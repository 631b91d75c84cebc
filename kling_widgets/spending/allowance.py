"""The budget of the environment for clients without a journal of their own: each submission is recorded as a row of it.

It counts the journal's submissions of the last 24 hours, by all kernels, forks and clients of this user, except those
to the demo and those that the service did not accept.
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

IN_ALL_KERNELS = "in the last 24 hours by all kernels, forks and clients together"
_NOTHING = "Nothing was submitted, nothing is billed."

T = TypeVar("T")


class Allowance:
    """Reserves a submission within a budget, and writes it into the journal.

    Args:
        budget: the value of ``KLING_WIDGETS_BUDGET``.
        folder: the folder of this user's journal and prices.
        clock: unix seconds.
    """

    def __init__(self, budget: str, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._budget, self._folder, self._clock = budget, folder, clock

    def __call__(self, service: str, body: Mapping[str, Any]) -> JournalReservation:
        """Count a body that is about to be sent to a service; see ``client.reservations.Reserve``.

        Raises:
            KlingError: the budget does not allow it, or cannot be understood. Nothing was submitted.
        """
        try:
            limit = SpendLimit.parse(self._budget)
        except InvalidRequestError as error:
            message = f"{BUDGET} cannot be understood, so nothing is submitted. {error} Nothing was sent."
            raise KlingError(message) from None
        request = _request(body)
        estimate = Estimate.of_one(request, self._prices.estimate(request))

        def allowed(spent: Estimate) -> str:
            breach = limit.breach(spent + estimate)
            return refusal(breach, BUDGET, estimate, IN_ALL_KERNELS, spent, _NOTHING) if breach else ""

        # Only the model and the seconds: a client keeps no record of prompts.
        order = Order(VideoRequest(request.model, seconds=seconds_of(request)), estimate=estimate)
        journal = self.journal
        journal.recover_orphans()
        (entry,) = journal.write_all(lambda: [order], service, allowed)
        journal.update(entry.key, state="sending")
        return JournalReservation(journal, entry.key, self._clock)

    @cached_property
    def journal(self) -> Journal:
        """The journal of this user's submissions."""
        return Journal(self._folder / "journal.sqlite", clock=self._clock)

    @cached_property
    def _prices(self) -> PriceTable:
        return PriceTable(self._folder / "prices.json")


@dataclass(frozen=True, slots=True)
class JournalReservation:
    """A submission that counts against the budget; see ``client.reservations.Reservation``."""

    journal: Journal
    key: int
    clock: Callable[[], float]

    def accepted(self, task_id: str) -> None:
        """Keep counting it. Its task is not watched here, so the row is none of those that are resumed."""
        self._finish("submitted", task_id=task_id, accepted=self.clock())

    def refused(self, error: str) -> None:
        """Stop counting it."""
        self._finish("refused", error=error, ended=self.clock())

    def unknown(self, error: str) -> None:
        """Keep counting it, as it may be billed."""
        self._finish("unknown", error=error, ended=self.clock())

    def _finish(self, state: str, **columns: object) -> None:
        self.journal.update(self.key, state=state, **columns)
        self.journal.release(self.key)


def limited(client: type[T], budget: str) -> type[T]:
    """Return a subclass of a client whose submissions count against a budget."""
    own = {name: getattr(client, name) for name in ("__doc__", "__module__", "__qualname__")}
    return type(client.__name__, (client,), {**own, "reserve": Allowance(budget, data_dir(os.environ))})


def refusal(breach: str, setter: str, asked: Estimate, where: str, counted: Estimate, nothing: str) -> str:
    """Return why a budget does not allow the requested videos, and what that means for the money."""
    return f"The budget of {breach}. It is set by {setter}; asked for: {asked}; counted {where}: {counted}. {nothing}"


def _request(body: Mapping[str, Any]) -> VideoRequest:
    """Return the request of a body; for a body that is not valid, a request with its model and seconds."""
    try:
        return VideoRequest.from_payload(dict(body))
    except InvalidRequestError:
        return VideoRequest(str(body.get("model", "")), seconds=body.get("seconds"))
