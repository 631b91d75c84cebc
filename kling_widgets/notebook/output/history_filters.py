"""Filters for the journal's submissions: by model, state, text of the prompt, and time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeAlias

from kling_widgets.catalog.all_fields import PREFIX
from kling_widgets.catalog.model_names import model as find_model
from kling_widgets.core.json_values import shorten
from kling_widgets.errors import InvalidRequestError

if TYPE_CHECKING:
    from kling_widgets.storage.submission import Submission


Test: TypeAlias = "Callable[[Submission], bool]"
When: TypeAlias = date | datetime | str

# The display text of each state of the journal.
STATES: Mapping[str, str] = {
    "written": "not sent",
    "sending": "being sent",
    "accepted": "under way",
    "succeeded": "made, not saved yet",
    "saved": "done",
    "failed": "failed",
    "refused": "refused",
    "unknown": "sent, answer unknown",
    "submitted": "submitted, not followed",
}
# The states for each accepted status word: the texts above, the journal's own words, those of a job, and a few more.
STATUSES: Mapping[str, tuple[str, ...]] = {
    **{word: (state,) for state, word in STATES.items()},
    **{state: (state,) for state in STATES},
    **dict.fromkeys(("queued", "running", "stopped"), ("accepted",)),
    "made": ("succeeded",),
    "succeeded": ("succeeded", "saved"),
}
WORDS = ("not sent", "being sent", "under way", "made", "done", "failed", "refused", "unknown", "submitted")


def conditions(
    entries: Iterable[Submission],
    state: Callable[[Submission], str],
    *,
    model: str | None = None,
    status: str | None = None,
    text: str | None = None,
    since: When | None = None,
    until: When | None = None,
) -> list[Test]:
    """Return the tests that an entry must pass.

    Args:
        entries: The entries to filter; besides those of the catalog, their models are accepted as ``model``.
        state: Returns the current state of an entry.
        model, status, text, since, until: See ``kw.history``.

    Raises:
        InvalidRequestError: One of the arguments has no meaning.
    """
    found: list[Test] = []
    if model is not None:
        wanted = _model(model, entries)
        found.append(lambda entry: entry.model == wanted)
    if status is not None:
        states = _states(status)
        found.append(lambda entry: state(entry) in states)
    if text is not None:
        words = str(text).casefold()
        found.append(lambda entry: words in str(entry.body.get("prompt", "")).casefold())
    if since is not None:
        first = _seconds("since", since)
        found.append(lambda entry: entry.created >= first)
    if until is not None:
        last = _seconds("until", until, end=True)
        found.append(lambda entry: entry.created < last)
    return found


def _model(name: str, entries: Iterable[Submission]) -> str:
    given = str(name).strip()
    known = {entry.model for entry in entries}
    return next((each for each in (given, PREFIX + given) if each in known), None) or find_model(given).id


def _states(status: str) -> tuple[str, ...]:
    word = " ".join(str(status).lower().replace("-", " ").replace("_", " ").split())
    if word not in STATUSES:
        raise InvalidRequestError(f"A status is one of {', '.join(WORDS)}, not {shorten(str(status))}.")
    return STATUSES[word]


def _seconds(name: str, given: When, *, end: bool = False) -> float:
    """Return a time in Unix seconds; for a date, the start or the end of the day. Without a time zone it is local."""
    try:
        when = _parsed(given) if isinstance(given, str) else given
        if isinstance(when, datetime):
            return when.timestamp()
        if isinstance(when, date):
            return datetime.combine(when + timedelta(days=end), time()).timestamp()
    except (ValueError, OverflowError, OSError):
        pass
    example = f"a date or a time such as 2026-11-22 or 2026-11-22T14:05 (local, or with a zone), not {shorten(given)}"
    raise InvalidRequestError(f"{name} is {example}.")


def _parsed(text: str) -> date | datetime:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return datetime.fromisoformat(text.strip())
