"""Whether a wish is new, or one that is under way already: a cell that is run again must not pay again.

The n-th identical wish of a cell's run meets the n-th one of the run before, if that has not ended. So a loop that asks
four times makes four videos, and the same loop run again watches those four. A click on a button has no run before: it
meets what is under way in this kernel.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kling_widgets.catalog.all_fields import DEFAULT_SECONDS
from kling_widgets.core.json_values import to_json
from kling_widgets.errors import SubmissionUnknownError
from kling_widgets.media.clip import find
from kling_widgets.notebook.kernel.cell import Cell
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.journal import Journal
from kling_widgets.storage.requested import RequestKey
from kling_widgets.storage.submission import OPEN, UNDER_WAY, UNFINISHED, UNSENT, Submission

AGAIN = "To make another one: --new, in Python new=True."
_USUAL = str(DEFAULT_SECONDS)  # as a body has it
_FIRST = ("model", "prompt", "image", "images", "size", "seconds")  # in this order in the bodies of versions before
_NOT_DONE = (*OPEN, "refused", "failed")  # the user runs the cell again for these, and not for what is there already
_LARGEST = 64 * 2**20  # bytes; above any picture that can be uploaded, a file is told by its size and time


@dataclass(frozen=True, slots=True)
class Match:
    """A wish, and what it meets.

    Attributes:
        request: what is asked.
        wish: what tells it from others.
        entry: the submission that it meets, or None for a new one.
        note: why, in words, or "".
    """

    request: VideoRequest
    wish: RequestKey
    entry: Submission | None = None
    note: str = ""


class Overtaken(Exception):
    """What was looked at has changed since."""


class Meeting:
    """Requests that are made together, and what they may meet. Files are read once, however often it is asked.

    Args:
        requests: in the order in which they are made.
        service: the name of the service that they would go to.
        cell: the cell or click that makes them; None: a script or a form, where only ``reuse`` meets anything.
        journal: knows what was submitted.
        new: meet nothing.
        reuse: meet also what is finished.
    """

    def __init__(
        self,
        requests: Sequence[VideoRequest],
        service: str,
        cell: Cell | None,
        journal: Journal,
        *,
        new: bool,
        reuse: bool,
    ) -> None:
        content = cache(_content)
        self._asked = [(request, wish_of(request, service, cell, content)) for request in requests]
        self._cell, self._journal, self._new, self._reuse = cell, journal, new, reuse
        self._there = cache(lambda path: find(Path(path)) is not None)

    @property
    def repeatable(self) -> bool:
        """Whether a cell makes them, which meets them when it is run again."""
        return self._cell is not None and not self._cell.click

    def met(self) -> list[Match]:
        """What each of the requests meets now.

        Raises:
            SubmissionUnknownError: the same was sent before, and there was no answer.
        """
        met: list[Match] = []
        so_far: Counter[str] = Counter()
        for request, wish in self._asked:
            found = None
            if not self._new:
                taken = [each.entry.key for each in met if each.entry]
                found = self._again(wish, so_far[wish.fingerprint], taken)
                if found is None and self._reuse:
                    found = self._alike(wish, taken)
            so_far[wish.fingerprint] += 1
            met.append(Match(request, wish, *(found or ())))
        return met

    def _again(self, wish: RequestKey, skip: int, taken: Sequence[int]) -> tuple[Submission, str] | None:
        """The submission that a wish of a cell met in the run before, if it meets it again, and why; that of a click in
        this kernel."""
        if self._cell is not None and self._cell.click:
            return self._under_way(wish, taken, here=True)
        entry = self._journal.request_index.previous(wish, skip)
        if entry is None:
            return None
        if self._going_on(entry):
            return entry, self._said(
                entry, f"This cell is making it already: it is shown again, and not paid again. {AGAIN}"
            )
        # A run that was interrupted, ended in an error, or is still under way, is gone on with as a whole.
        if self._saved(entry) and self._journal.request_index.in_unfinished_run(wish, entry.key, _NOT_DONE):
            done = "This cell has made it already, and is not done with the others: it is not paid again."
            return entry, f"{done} {AGAIN}"
        return None

    def _alike(self, wish: RequestKey, taken: Sequence[int]) -> tuple[Submission, str] | None:
        """An identical submission of any cell or script: best one whose video is here, else one that is being made; and
        one whose video is here no more, as it is paid all the same."""
        made = self._journal.request_index.identical(wish, ("saved", *UNFINISHED), taken)
        if saved := next(filter(self._saved, made), None):
            return saved, f"This video is there already. {AGAIN}"
        if found := self._under_way(wish, taken):
            return found
        gone = next((entry for entry in made if entry.task_id), None)
        return (
            (gone, f"It was made already, but its file is gone: it is fetched again, and not paid again. {AGAIN}")
            if gone
            else None
        )

    def _under_way(
        self, wish: RequestKey, taken: Sequence[int], *, here: bool = False
    ) -> tuple[Submission, str] | None:
        found = self._journal.request_index.identical(wish, OPEN, taken)
        if here:
            found = tuple(entry for entry in found if entry.state == "unknown" or self._journal.owned_here(entry))
        entry = next(filter(self._going_on, found), None)
        said = f"It is being made already: it is shown, and not paid again. {AGAIN}"
        return (entry, self._said(entry, said)) if entry else None

    def _saved(self, entry: Submission) -> bool:
        return entry.state == "saved" and bool(entry.path and self._there(entry.path))

    def _said(self, entry: Submission, said: str) -> str:
        if entry.state in UNSENT and self._journal.owned_elsewhere(entry):
            return f"Another kernel is making the same right now: that one is watched here, and not paid again. {AGAIN}"
        return said

    def _going_on(self, entry: Submission) -> bool:
        """Whether it is under way, and can be watched from here.

        Raises:
            SubmissionUnknownError: nobody knows whether it is.
        """
        if entry.state == "unknown":
            raise SubmissionUnknownError(lost(entry))
        return entry.state in UNDER_WAY and not entry.error  # one that has vanished at the service says so


def lost(entry: Submission) -> str:
    """What to do about the same wish of before whose answer was lost."""
    said = f"The same was sent before, as #{entry.key}, and the answer was lost, so it is not sent again by itself."
    settle = f"%kling_forget #{entry.key}, then run this again."
    if entry.demo:
        return f"{said} In the demo nothing is billed: {settle}"
    return (
        f"{said} It may be in the making, and billed: look into the service's web console first. If it is there: "
        f"%kling_resume ID #{entry.key}, with its id. If not, nothing is billed: {settle}"
    )


def wish_of(
    request: VideoRequest, service: str, cell: Cell | None = None, content: Callable[[Path], str] | None = None
) -> RequestKey:
    """What tells this request from others.

    Args:
        request: what is asked.
        service: the name of the service that it would go to.
        cell: the cell or click that asks, or None.
        content: tells a file by what is in it.
    """
    content = content or cache(_content)
    former = _former(request, service, content)
    if cell is None:
        return RequestKey(same(request, service, content), former_fingerprints=former)
    return RequestKey(same(request, service, content), cell.name, cell.run, former, cell.former)


def same(request: VideoRequest, service: str, content: Callable[[Path], str] | None = None) -> str:
    """Equal for equal requests to one service. A file counts by its content alone: another picture under the same name
    is another wish, and the same one in another place is not. The usual length counts like none: it is the same video.
    """
    body = request.body(content or _content)
    if body.get("seconds") == _USUAL:
        del body["seconds"]
    return _digest(json.dumps([service, body], sort_keys=True, default=str))


def _former(request: VideoRequest, service: str, content: Callable[[Path], str]) -> tuple[str, ...]:
    """What ``same`` was in versions before: a file counted by its path too, and so did whether the usual length was
    said."""
    files = [(str(path), content(path)) for path in request.files()]
    drafts = [draft := request.draft()]
    if draft.get("seconds", _USUAL) == _USUAL:
        rest = {name: value for name, value in draft.items() if name != "seconds"}
        said = rest | {"seconds": _USUAL}
        drafts = [{name: said[name] for name in _FIRST if name in said} | rest, rest]
    return tuple(_digest(to_json([service, request.model, draft, files])) for draft in drafts)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            if stat.st_size > _LARGEST:
                return f"{stat.st_size} {stat.st_mtime_ns}"
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return secrets.token_hex(8)  # nothing can be said about it: equal to nothing
