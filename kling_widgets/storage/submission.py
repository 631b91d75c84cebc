"""One submission as the journal stores it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kling_widgets.client.credentials.endpoint import DEMO
from kling_widgets.errors import KlingError
from kling_widgets.request.estimate import Estimate, seconds_of
from kling_widgets.request.request import VideoRequest

# The states of a submission: written → sending → accepted → succeeded → saved; or accepted → failed; or, in place of
# accepted, refused (nothing is billed) or unknown (it may have been accepted). Each is on disk before the step that it
# announces, so the last one holds if the kernel is killed: a "written" submission was not sent, and a "sending" one may
# have been accepted.
UNFINISHED = ("accepted", "succeeded")
UNSENT = ("written", "sending")  # not known to be accepted: only the process that sends it continues with it
UNDER_WAY = (*UNSENT, *UNFINISHED)
OPEN = (*UNDER_WAY, "unknown")  # it may be billed, and how it ends is not known

_NUMBER, _TEXT = (int, float), (str,)
_NONE = (type(None),)
# SQLite accepts a value of any type in any column, and other programs may write the file.
COLUMNS: dict[str, tuple[type, ...]] = {
    "key": (int,),
    "created": _NUMBER,
    "service": _TEXT,
    "model": _TEXT,
    "body": _TEXT,
    "state": _TEXT,
    "task_id": _TEXT + _NONE,
    "accepted": _NUMBER + _NONE,
    "ended": _NUMBER + _NONE,
    "url": _TEXT + _NONE,
    "path": _TEXT + _NONE,
    "error": _TEXT + _NONE,
    "owner": _TEXT + _NONE,
    "cost": _NUMBER + _NONE,
    "currency": _TEXT + _NONE,
    "sha256": _TEXT + _NONE,
}
_LARGEST = 1e11  # of a number besides the key: a time in unix seconds (the year 5138), or a cost


@dataclass(frozen=True, slots=True)
class Submission:
    """One submission: a row of the journal.

    Attributes:
        key: the submission's number in the journal.
        created: unix seconds when it was written down.
        service: the address that it was sent to, or "demo".
        model: the model's id; "" if it was submitted elsewhere and is only watched here.
        body: the JSON body; from "sending" on, local files in it are replaced by links.
        state: "written", "sending", "accepted", "succeeded", "saved", "failed", "refused" or "unknown"; "submitted" for
            a
            client without a journal of its own: it counts against the budget, but its task is not watched.
        task_id: the service's id, once it is known.
        accepted: unix seconds when the service accepted it, or None.
        ended: unix seconds when it ended at the service; None also if nobody was watching then.
        url: the link to the video, or None.
        path: the file that the video is saved in, or will be saved in, or None.
        error: the reason why it ended without a video, or None.
        owner: the process that works on it (see ``process_registry``), or None.
        cost: its price by the user's own price table, or None.
        currency: the currency of that price.
        sha256: the checksum of the saved file, hexadecimal; a file at ``path`` with another one is a different file.
    """

    key: int
    created: float
    service: str
    model: str
    body: dict[str, Any]
    state: str
    task_id: str | None = None
    accepted: float | None = None
    ended: float | None = None
    url: str | None = None
    path: str | None = None
    error: str | None = None
    owner: str | None = None
    cost: float | None = None
    currency: str | None = None
    sha256: str | None = None

    @property
    def request(self) -> VideoRequest:
        """The request. Media in it are links only: a path from a journal is never treated as the user's own file.

        Raises:
            InvalidRequestError: the body was not written by this package, and has keys that no request has.
        """
        return VideoRequest.from_payload(self.body)

    @property
    def took(self) -> float | None:
        """Seconds from acceptance to the end at the service, or None if one of them is not known."""
        if self.ended is None or self.accepted is None or self.ended < self.accepted:
            return None
        return self.ended - self.accepted

    @property
    def estimate(self) -> Estimate:
        """Its estimate, as a part of a sum; the length is unknown if its body is no valid request."""
        try:
            seconds = seconds_of(self.request)
        except KlingError:
            seconds = None
        priced = self.cost is not None and bool(self.currency)
        return Estimate(
            count=1,
            seconds=seconds or 0,
            open_ended=int(seconds is None),
            money=Decimal(str(self.cost)) if priced else Decimal(),
            currency=self.currency or "" if priced else "",
            unpriced=int(not priced),
            demo=self.demo,
        )

    @property
    def demo(self) -> bool:
        """Whether it was submitted to the built-in demo."""
        return self.service == DEMO

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Submission | None:
        """Return the submission of a row of ``COLUMNS``; None if the row was not written by this package."""
        values = dict(zip(COLUMNS, row, strict=True))
        if not all(isinstance(value, COLUMNS[name]) for name, value in values.items()):
            return None
        numbers = (value for name, value in values.items() if isinstance(value, (int, float)) and name != "key")
        if not all(abs(number) < _LARGEST for number in numbers):
            return None
        try:
            body = json.loads(values.pop("body"))
        except (ValueError, RecursionError):
            return None
        return cls(body=body, **values) if isinstance(body, dict) else None


def placeholders(values: Sequence[object]) -> str:
    """Return a question mark for each value, for use in an SQL statement."""
    return ", ".join("?" * len(values))


def after_lost_answer(key: int, *, demo: bool) -> str:
    """Return what to do about a submission whose answer was lost."""
    forget = f"%kling_forget #{key}"
    if demo:
        return f"In the demo nothing is billed: {forget}"
    return f"If the task is there: %kling_resume ID #{key}, with its id. If not, nothing is billed: {forget}"
