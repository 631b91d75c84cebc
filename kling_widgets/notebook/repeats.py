"""Whether a wish is new, or one that is under way already: a cell that is run again must not pay again.

The n-th identical wish of a cell's run meets the n-th one of the run before, if that has not ended. So a loop that asks
four times makes four videos, and the same loop run again watches those four.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kling_widgets.core.request import VideoRequest
from kling_widgets.core.values import to_json
from kling_widgets.errors import KlingError, SubmissionUnknownError
from kling_widgets.jobs.entry import SENT, Entry
from kling_widgets.jobs.files import find
from kling_widgets.jobs.journal import Journal
from kling_widgets.jobs.wishes import Wish
from kling_widgets.notebook.cell import Cell

AGAIN = "To make another one: --new, in Python new=True."
_UNDER_WAY = ("written", *SENT)
_OPEN = (*_UNDER_WAY, "unknown")
_LARGEST = 64 * 2**20  # bytes; above any picture that can be uploaded, a file is told by its size and time


@dataclass(frozen=True, slots=True)
class Met:
    """A wish, and what it meets.

    Attributes:
        request: what is asked.
        wish: what tells it from others.
        entry: the submission that it meets, or None for a new one.
        note: why, in words, or "".
    """

    request: VideoRequest
    wish: Wish
    entry: Entry | None = None
    note: str = ""


def meet(
    requests: Sequence[VideoRequest], service: str, cell: Cell | None, journal: Journal, *, new: bool, reuse: bool
) -> list[Met]:
    """What each of the requests meets.

    Args:
        requests: in the order in which they are made.
        service: the name of the service that they would go to.
        cell: the cell that makes them; None: a script or a form, where only ``reuse`` meets anything.
        journal: knows what was submitted.
        new: meet nothing.
        reuse: meet also what is finished, and has its file.

    Raises:
        SubmissionUnknownError: the run before sent it, and got no answer.
        KlingError: another kernel is sending it.
    """
    met: list[Met] = []
    so_far: Counter[str] = Counter()
    for request in requests:
        wish = Wish(same(request, service), cell.name if cell else "", cell.run if cell else "")
        entry, note = None, ""
        if not new:
            entry, note = _met(journal.wishes.before(wish, so_far[wish.same]), wish, journal)
            if entry is None and reuse:
                entry, note = _alike(wish, [each.entry.key for each in met if each.entry], journal)
        so_far[wish.same] += 1
        met.append(Met(request, wish, entry, note))
    return met


def _met(found: Entry | None, wish: Wish, journal: Journal) -> tuple[Entry | None, str]:
    """The submission that a wish of a cell met in the run before, if it meets it again, and why."""
    if found is None:
        return None, ""
    if _going_on(found, journal):
        return found, f"This cell is making it already: it is shown again, and not paid again. {AGAIN}"
    # A run that was interrupted, or is still under way, is gone on with as a whole.
    if found.state == "saved" and _there(found) and journal.wishes.in_open_run(wish, found.key, _OPEN):
        return found, f"This cell has made it already, and is not done with the others: it is not paid again. {AGAIN}"
    return None, ""


def _alike(wish: Wish, taken: Sequence[int], journal: Journal) -> tuple[Entry | None, str]:
    """An identical submission of any cell or script."""
    saved = next(filter(_there, journal.wishes.alike(wish, ("saved",), taken)), None)
    if saved:
        return saved, f"This video is there already. {AGAIN}"
    found = next((entry for entry in journal.wishes.alike(wish, _OPEN, taken) if _going_on(entry, journal)), None)
    return (found, f"It is being made already: it is shown, and not paid again. {AGAIN}") if found else (None, "")


def _going_on(entry: Entry, journal: Journal) -> bool:
    """Whether it is under way, and can be watched from here.

    Raises:
        SubmissionUnknownError: nobody knows whether it is.
        KlingError: another kernel is sending it.
    """
    if entry.state == "unknown":
        raise SubmissionUnknownError(lost(entry))
    if entry.state in ("written", "sending") and journal.elsewhere(entry):
        raise KlingError(f"Another kernel is sending the same, as #{entry.key}: wait a moment. {AGAIN}")
    return entry.state in _UNDER_WAY and not entry.error  # one that has vanished at the service says so


def lost(entry: Entry) -> str:
    """What to do about the same wish of before whose answer was lost."""
    said = f"The same was sent before, as #{entry.key}, and the answer was lost, so it is not sent again by itself."
    settle = f"%kling_forget #{entry.key}, then run this again."
    if entry.demo:
        return f"{said} In the demo nothing is billed: {settle}"
    return (
        f"{said} It may be in the making, and billed: look into the service's web console first. If it is there: "
        f"%kling_resume ID #{entry.key}, with its id. If not, nothing is billed: {settle}"
    )


def _there(entry: Entry) -> bool:
    return bool(entry.path and find(Path(entry.path)))


def same(request: VideoRequest, service: str) -> str:
    """Equal for equal requests to one service. A file counts by its path and content: another picture under the same
    name is another wish, and the same one that is written once more is not."""
    files = [(str(path), _content(path)) for path in request.files()]
    text = to_json([service, request.model, request.draft(), files])
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
