"""The history of submissions: a sequence that exports to a table with small pictures, a data frame, and JSON lines."""

from __future__ import annotations

import dataclasses
import math
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from markupsafe import escape

from kling_widgets.catalog.all_fields import FIELDS, PREFIX
from kling_widgets.core.json_values import JSON, masked, plain, shorten, to_json
from kling_widgets.core.printing import say
from kling_widgets.core.text import one_line
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.files.data_dir import abbreviate_home, write_atomically
from kling_widgets.notebook.output import history_filters
from kling_widgets.notebook.output.history_filters import STATES, When
from kling_widgets.notebook.output.status_text import duration
from kling_widgets.notebook.output.table import Table, TableCell, TablePicture
from kling_widgets.storage.journal import INTERRUPTED, Journal
from kling_widgets.storage.submission import Submission

SHOWN = 50  # rows of a table
_LARGEST_PICTURE = 4096  # bytes; the notebook stores each picture of the table
_LONGEST_PROMPT = 120  # characters
_TYPED = re.compile(r"[\w.:-]{1,60}", re.ASCII)  # a task id that can be typed; others are shown by the journal's number
# The service is making a video, or has one that is not saved yet: without its entry it would be lost.
_UNDER_WAY = ("accepted", "succeeded")
# The states that cost money: failed tasks are usually refunded, and refused ones never billed.
_COSTS = ("accepted", "succeeded", "saved", "submitted")


class History(Sequence[Submission]):
    """Submissions, newest first: a sequence that is shown as a table. ``kw.history`` returns it.

    A slice of a history is a history. A submission has ``created``, ``model``, ``state``, ``task_id``, ``body``,
    ``path``, ``url``, ``error`` and more.

    Example:
        >>> job = kw.submit("2.6", prompt="a paper boat in the rain")
        >>> history = kw.history()
        >>> len(history), history[0].model, history[0].task_id == job.id
        (1, 'aigc-video-kling-2.6', True)
    """

    def __init__(self, entries: Sequence[Submission], journal: Journal, *, filtered: bool = False) -> None:
        """Create a history.

        Args:
            entries: The submissions, newest first.
            journal: The journal that they are from.
            filtered: Whether the journal may have other submissions that a filter has left out.
        """
        self._entries, self._journal, self._filtered = tuple(entries), journal, filtered
        self._owners: dict[str | None, bool] = {}

    def __getitem__(self, index: Any) -> Any:
        found = self._entries[index]
        return History(found, self._journal, filtered=self._filtered) if isinstance(index, slice) else found

    def __len__(self) -> int:
        return len(self._entries)

    def where(
        self,
        model: str | None = None,
        status: str | None = None,
        text: str | None = None,
        since: When | None = None,
        until: When | None = None,
    ) -> History:
        """Return the submissions that fulfil all given conditions.

        Args:
            model: the model, as in ``kw.history``.
            status: the status, as in ``kw.history``.
            text: text in the prompt, as in ``kw.history``.
            since: the earliest time, as in ``kw.history``.
            until: the latest time, as in ``kw.history``.

        Raises:
            InvalidRequestError: an argument has no meaning; the message lists the possible values.

        Example:
            >>> job = kw.submit("2.6", prompt="a paper boat in the rain").wait()
            >>> len(kw.history().where(model="2.6", status="done"))
            1
        """
        given = {"model": model, "status": status, "text": text, "since": since, "until": until}
        tests = history_filters.conditions(self._entries, self._state, **given)  # type: ignore[arg-type]
        found = [entry for entry in self._entries if all(test(entry) for test in tests)]
        return History(found, self._journal, filtered=self._filtered or bool(tests))

    # As a table

    def table(self, *, pictures: bool = False) -> Table:
        """Return the table that is shown: one row for each submission, at most 50.

        Args:
            pictures: whether to add a small picture of each video; text has none.

        Example:
            >>> job = kw.submit("2.6", prompt="a paper boat in the rain")
            >>> kw.history().table().titles
            ('when', 'task', 'model', 'state', 'took', 'prompt')
        """
        shown = self._entries[:SHOWN]
        posters = self._journal.posters(entry.key for entry in shown) if pictures else {}
        posters = {key: poster for key, poster in posters.items() if _is_small(poster)}
        columns: dict[str, Callable[[Submission], str]] = {
            "when": lambda entry: _local(entry.created),
            "video": lambda entry: TablePicture(posters.get(entry.key, b"")),
            "task": _reference,
            "model": lambda entry: entry.model.removeprefix(PREFIX),
            "state": self._status_cell,
            "took": lambda entry: duration(entry.took) if entry.took is not None else "",
            "cost": lambda entry: _money(entry.cost, entry.currency) if _has_cost(entry) else "",
            "prompt": lambda entry: shorten(_prompt(entry), _LONGEST_PROMPT)[1:-1],
        }
        if not posters:
            del columns["video"]
        if not any(map(_has_cost, shown)):
            del columns["cost"]
        rows = [[read(entry) for read in columns.values()] for entry in shown]
        return Table(tuple(columns), rows, " ".join(self._notes()), folds=True, cuts=True)

    def __repr__(self) -> str:
        return repr(self.table()) if self._entries else " ".join(self._notes())

    def _repr_html_(self) -> str:
        return self.table(pictures=True)._repr_html_() if self._entries else str(escape(repr(self)))

    def _state(self, entry: Submission) -> str:
        """Return the journal's state, corrected for a kernel that has ended.

        A submission that it was sending is "unknown": the service may have accepted it. One that it had not begun to
        send is "written", although the journal has it as refused.
        """
        if entry.state == "sending" and not self._owned(entry):
            return "unknown"
        return "written" if entry.error == INTERRUPTED else entry.state

    def _owned(self, entry: Submission) -> bool:
        """Return whether a process works on the entry; checked once for each process that has a unique name."""
        if entry.owner is None or entry.owner.startswith("?"):
            return self._journal.owned(entry)
        if entry.owner not in self._owners:
            self._owners[entry.owner] = self._journal.owned(entry)
        return self._owners[entry.owner]

    def _status_cell(self, entry: Submission) -> TableCell:
        state = self._state(entry)
        word = STATES.get(state, state)
        if state in _UNDER_WAY and not self._owned(entry):
            word += ", not watched"
        if entry.demo:
            word += " (demo)"
        return TableCell(word, f"{word}: {entry.error}" if entry.error else "")

    def _notes(self) -> Iterator[str]:
        if not self._entries:
            yield "No tasks match." if self._filtered else "No tasks yet."
        if len(self) > SHOWN:
            yield f"{len(self) - SHOWN:,} more: history[{SHOWN}:{2 * SHOWN}] shows the next ones."
        if total := _sum([entry for entry in self._entries if entry.state in _COSTS]):
            yield f"{total} for what was made or is under way, by your own price table."
        if any(entry.state in _COSTS for entry in self._entries):
            yield "To see one in a cell: %kling_show and its id."
        yield self._journal.trouble or f"Kept in {abbreviate_home(self._journal.path)}{_privacy(self._journal.path)}."

    # As data

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame with one row for each submission.

        Returns:
            The columns are ``created`` (a time in UTC), ``service``, ``model``, ``state``, ``task_id``, ``took``
            (seconds), ``cost``, ``currency``, ``path``, ``url``, ``error``, ``prompt``, and one for each other field of
            a request.

        Raises:
            KlingError: pandas is not installed.

        Example:
            >>> job = kw.submit("2.6", prompt="a paper boat in the rain", seconds=5)
            >>> kw.history().to_pandas()["model"].tolist()
            ['aigc-video-kling-2.6']
        """
        if find_spec("pandas") is None:
            raise KlingError("This needs pandas, which is not installed: pip install pandas.")
        import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]

        fields = [_fields(entry) for entry in self]
        columns: dict[str, Callable[[Submission], object]] = {
            "created": lambda entry: _utc(entry.created),
            "service": lambda entry: entry.service,
            "model": lambda entry: entry.model,
            "state": self._state,
            "task_id": lambda entry: entry.task_id,
            "took": lambda entry: entry.took,
            "cost": lambda entry: entry.cost,
            "currency": lambda entry: entry.currency,
            "path": lambda entry: entry.path,
            "url": lambda entry: entry.url,
            "error": lambda entry: entry.error,
            "prompt": lambda entry: entry.body.get("prompt"),
        }
        frame = pandas.DataFrame(
            {name: [read(entry) for entry in self] for name, read in columns.items()}
            | {name: [each[name] for each in fields] for name in _FIELDS}
        )
        frame["created"] = pandas.to_datetime(frame["created"], utc=True)
        return frame

    def to_jsonl(self, path: str | os.PathLike[str] | None = None, *, overwrite: bool = False) -> str | None:
        """Write all of each submission, including its body, as one JSON object a line.

        Times are text in ISO 8601, in UTC.

        Args:
            path: the file to write, readable by its owner only, as prompts are private; None to return the text.
            overwrite: whether to replace an existing file.

        Returns:
            The text if there is no path, else None.

        Raises:
            InvalidRequestError: ``path`` is not a path.
            KlingError: the file exists or cannot be written.

        Example:
            >>> job = kw.submit("2.6", prompt="a paper boat in the rain")
            >>> kw.history().to_jsonl("history.jsonl")
        """
        if not isinstance(path, str | os.PathLike | None):
            raise InvalidRequestError(f"A file's path is text or a Path, not something of type {type(path).__name__}.")
        text = "".join(f"{to_json(_whole(entry, self._state(entry)))}\n" for entry in self)
        if path is None:
            return text
        _write(Path(path), text, overwrite)
        return None

    def forget(self) -> int:
        """Remove these submissions from the journal for good, and return their number. Their videos stay.

        A submission under way is kept, and a line says so: without its entry, its video would be lost.

        Example:
            >>> job = kw.submit("2.6", prompt="a paper boat in the rain").wait()
            >>> kw.history(status="done").forget()
            1
        """
        kept = {entry.key for entry in self if self._busy(entry)}
        gone = self._journal.forget([entry.key for entry in self if entry.key not in kept])
        if kept:
            tasks = "1 task is" if len(kept) == 1 else f"{len(kept)} tasks are"
            say(
                f"{tasks} under way and kept: once forgotten, videos that are paid for would be lost. To finish them "
                "first: %kling_resume."
            )
        return gone

    def _busy(self, entry: Submission) -> bool:
        if entry.state in _UNDER_WAY:
            return not entry.error  # with an error, the service no longer has it
        return entry.state in ("written", "sending") and self._owned(entry)


_FIELDS = [name for name in FIELDS if name != "prompt"]


def _reference(entry: Submission) -> str:
    """Return how a magic line refers to the submission: the task's id, or the journal's number."""
    return entry.task_id if entry.task_id and _TYPED.fullmatch(entry.task_id) else f"#{entry.key}"


def _prompt(entry: Submission) -> str:
    prompt = entry.body.get("prompt", "")
    return prompt if isinstance(prompt, str) else to_json(prompt)


def _local(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _utc(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _has_cost(entry: Submission) -> bool:
    return entry.cost is not None and not entry.demo  # older versions recorded a cost for the demo too


def _money(amount: float | None, currency: str | None) -> str:
    return one_line(f"{amount:,.2f} {currency or ''}", 40)


def _sum(entries: Sequence[Submission]) -> str:
    """Return their total cost in each currency."""
    sums: dict[str, list[float]] = {}
    for entry in filter(_has_cost, entries):
        sums.setdefault(entry.currency or "", []).append(entry.cost or 0.0)
    return " and ".join(_money(math.fsum(costs), currency) for currency, costs in sums.items())


def _is_small(jpeg: bytes) -> bool:
    """Return whether it is a JPEG small enough for the table; a journal from another source may hold anything."""
    return jpeg.startswith(b"\xff\xd8\xff") and len(jpeg) <= _LARGEST_PICTURE


def _privacy(path: Path) -> str:
    """Return who can read the prompts in the file, as the end of a sentence; "" if the system does not show it."""
    try:
        if os.name != "posix":
            return ""
        return ", which others can read too: chmod 600 it" if os.stat(path).st_mode & 0o077 else ", for you alone"
    except OSError:
        return ""


def _fields(entry: Submission) -> dict[str, JSON]:
    """Return the fields of the request; all None if the body is not a valid request."""
    try:
        request = entry.request
    except KlingError:
        return dict.fromkeys(_FIELDS)
    return {name: request.get(name) for name in _FIELDS}


def _whole(entry: Submission, state: str) -> dict[str, JSON]:
    whole = dataclasses.asdict(entry) | {"state": state}
    del whole["owner"]  # has no meaning once that process has ended
    for name in ("created", "accepted", "ended"):
        moment = _utc(whole[name])
        whole[name] = moment.isoformat().replace("+00:00", "Z") if moment else None
    cleaned: dict[str, JSON] = masked(plain(whole))
    return cleaned


def _write(path: Path, text: str, overwrite: bool) -> None:
    """Write the file completely or not at all, readable by its owner only.

    Raises:
        KlingError: The file exists and ``overwrite`` is false, or it cannot be written.
    """
    try:
        path = path.expanduser()
        if overwrite:
            write_atomically(path, text.encode())
        else:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
    except FileExistsError:
        raise KlingError(f"{path} exists already: choose another name, or pass overwrite=True.") from None
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: ~somebody whom this machine does not know
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise KlingError(f"The file {path} cannot be written ({why}).") from None
