"""One submission as the journal keeps it."""

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

# The life of a wish: written → sending → accepted → succeeded → saved; or accepted → failed; or, in place of accepted,
# refused (nothing is billed), or unknown (whether it was accepted is open). Each is on disk before the step that it
# announces, so a kernel that is killed leaves the last one true: what was "written" was not sent, of what was "sending"
# nobody knows.
UNFINISHED = ("accepted", "succeeded")
UNSENT = ("written", "sending")  # nothing is known to be accepted yet: only the process that sends it goes on with it
UNDER_WAY = (*UNSENT, *UNFINISHED)
OPEN = (*UNDER_WAY, "unknown")  # it may be billed, and its end is not known

_NUMBER, _TEXT = (int, float), (str,)
_NONE = (type(None),)
# SQLite takes a value of any type into any column, and a file may have other writers.
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
_LARGEST = 1e11  # of a number besides the key: seconds that are a time (the year 5138), or a cost


@dataclass(frozen=True, slots=True)
class Submission:
    """One submission.

    Attributes:
        key: the journal's own number.
        created: when it was written down, unix seconds.
        service: the address that it was sent to, or "demo".
        body: the JSON body; local files are links in it from "sending" on.
        state: "written", "sending", "accepted", "succeeded", "saved", "failed", "refused" or "unknown"; "submitted" by
            a client that keeps no journal: it counts, and what becomes of it is not followed.
        task_id: the service's id, once it is known.
        accepted: when the service took it, unix seconds, or None.
        ended: when it ended at the service, unix seconds; None also when nobody was watching then.
        url: the link to the video, or None.
        path: the file that the video is saved in, or will be, or None.
        error: why it ended without a video, or None.
        owner: the process that works on it (see ``process_registry``), or None.
        cost: what it was to cost by the user's own price table, or None.
        currency: of that cost.
        sha256: of the saved file, hexadecimal: what lies at ``path`` is that file only if this is its checksum.
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
        """What was asked. Media in it are links: a path from a journal is never taken for a user's own.

        Raises:
            InvalidRequestError: a body of somebody else, with keys that no request has.
        """
        return VideoRequest.from_payload(self.body)

    @property
    def took(self) -> float | None:
        """Seconds from acceptance to the end at the service, or None where they are not known."""
        if self.ended is None or self.accepted is None or self.ended < self.accepted:
            return None
        return self.ended - self.accepted

    @property
    def bill(self) -> Estimate:
        """Return its part of a sum. The length of what no request can be made of is not known."""
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
        """Whether the embedded demo was asked."""
        return self.service == DEMO

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Submission | None:
        """The entry of a row of ``COLUMNS``; None for one that somebody else wrote."""
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
    """A question mark for each value, as a statement has it."""
    return ", ".join("?" * len(values))
