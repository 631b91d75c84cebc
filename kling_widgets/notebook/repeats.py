"""Whether a wish is new, or one that is under way already: a cell that is run again must not pay again.

The n-th identical wish of a cell's run meets the n-th one of the run before, if that has not ended. So a loop that asks
four times makes four videos, and the same loop run again watches those four.
"""

from __future__ import annotations

import hashlib
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
from kling_widgets.jobs.journal import Journal, Wish
from kling_widgets.notebook.cell import Cell

AGAIN = "To make another one: --new, in Python new=True."


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
            entry, note = _under_way(wish, so_far[wish.same], journal)
            if entry is None and reuse:
                taken = [each.entry.key for each in met if each.entry]
                entry = next((each for each in journal.saved(wish, taken) if find(Path(each.path or ""))), None)
                note = f"This video is there already. {AGAIN}" if entry else ""
        so_far[wish.same] += 1
        met.append(Met(request, wish, entry, note))
    return met


def _under_way(wish: Wish, nth: int, journal: Journal) -> tuple[Entry | None, str]:
    found = journal.before(wish, nth)
    if found is None:
        return None, ""
    if found.state == "unknown":
        raise SubmissionUnknownError(
            f"This cell has sent the same before, as #{found.key}, and the answer was lost: it may be in the making, "
            "and billed. Look into the service's web console first. If it is there: %kling_resume and its id; if not, "
            f"nothing is billed. {AGAIN}"
        )
    if found.state in ("written", "sending") and journal.elsewhere(found):
        raise KlingError(f"Another kernel is sending the same for this cell, as #{found.key}: wait a moment. {AGAIN}")
    if found.state not in ("written", *SENT):
        return None, ""
    return found, f"This cell is making it already: it is shown again, and not paid again. {AGAIN}"


def same(request: VideoRequest, service: str) -> str:
    """Equal for equal requests to one service. A file counts by its path, size and time: another picture under the same
    name is another wish."""
    files = [(str(path), *_state(path)) for path in request.files()]
    text = to_json([service, request.model, request.draft(), files])
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _state(path: Path) -> tuple[object, ...]:
    try:
        stat = path.stat()
    except OSError:
        return (secrets.token_hex(4),)  # nothing can be said about it: equal to nothing
    return stat.st_size, stat.st_mtime_ns
