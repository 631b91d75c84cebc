"""Tables of models and of tasks, as text for a terminal and as HTML for a notebook."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from kling_widgets.core.catalog import FIELDS, PRICING, Model, models
from kling_widgets.core.fields import Number, Source
from kling_widgets.core.values import shorten
from kling_widgets.errors import KlingError
from kling_widgets.jobs.journal import Entry
from kling_widgets.notebook.words import duration


class Table:
    """Rows of text with a title each; shows itself as text and as HTML.

    Attributes:
        titles: of the columns.
        rows: of text.
        note: a sentence below.
    """

    def __init__(self, titles: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> None:
        self.titles, self.rows, self.note = tuple(titles), tuple(map(tuple, rows)), note

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.titles, *self.rows, strict=True)]
        lines = (
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in self._all()
        )
        return "\n".join((*lines, *filter(None, (self.note,))))

    def _repr_html_(self) -> str:
        head = "".join(f'<th style="text-align: left">{html.escape(title)}</th>' for title in self.titles)
        body = "".join(
            "<tr>" + "".join(f'<td style="text-align: left">{html.escape(cell)}</td>' for cell in row) + "</tr>"
            for row in self.rows
        )
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        page = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"
        return f'<div class="mathjax_ignore tex2jax_ignore">{page}</div>'

    def to_markdown(self) -> str:
        """The table in Markdown, for the README."""

        def row(cells: Sequence[str]) -> str:
            return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

        return "\n".join((row(self.titles), row(["---"] * len(self.titles)), *map(row, self.rows)))

    def _all(self) -> Iterator[tuple[str, ...]]:
        yield self.titles
        yield from self.rows


_COLUMNS = ("text", "first frame", "last frame", "references", "video in", "sound", "voice", "multi-shot")


def models_table() -> Table:
    """The twelve models by what they can do: ● the service's page says so, ○ documented elsewhere only."""
    rows = [
        [model.name, model.title, *(_mark(model, column) for column in _COLUMNS), _length(model), model.scene or "–"]
        for model in models()
    ]
    note = f"● the service's page says so · ○ documented elsewhere only · – not offered. {PRICING}"
    return Table(("--model", "title", *_COLUMNS, "seconds", "made for"), rows, note)


def _mark(model: Model, capability: str) -> str:
    known = next((each for each in model.capabilities if each.name == capability), None)
    return "–" if known is None else "●" if known.source is Source.SERVICE else "○"


def _length(model: Model) -> str:
    number = model.field("seconds")
    if model.length:
        return model.length
    return number.usual_words().removesuffix(" seconds") if isinstance(number, Number) and number.usual else "default 5"


def fields_table(model: Model) -> Table:
    """The fields of one model, with its limits in words."""
    rows = [[f"--{field.name.replace('_', '-')}", field.label, field.help, field.example] for field in model.fields]
    others = ", ".join(f"--{field.name.replace('_', '-')}" for field in model.others)
    note = f"Not documented for this model, but sent if set: {others}." if others else ""
    return Table(("option", "field", "what it is", "example"), rows, f"{model.id}. {note} {PRICING}")


class History(Sequence[Entry]):
    """Submissions, newest first: a sequence that shows itself as a table."""

    def __init__(self, entries: Sequence[Entry], note: str = "") -> None:
        self._entries, self._note = tuple(entries), note

    def __getitem__(self, index: Any) -> Any:
        found = self._entries[index]
        return History(found, self._note) if isinstance(index, slice) else found

    def __len__(self) -> int:
        return len(self._entries)

    def table(self) -> Table:
        """The table of it."""
        rows = [
            [
                time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created)),
                entry.task_id or f"#{entry.key}",
                entry.model.removeprefix("aigc-video-kling-"),
                _STATES.get(entry.state, entry.state) + (" (demo)" if entry.demo else ""),
                duration(entry.ended - entry.accepted) if entry.ended and entry.accepted else "",
                shorten(str(entry.body.get("prompt", "")), 50).strip("“”"),
            ]
            for entry in self._entries
        ]
        return Table(("when", "task", "model", "state", "took", "prompt"), rows, self._note)

    def __repr__(self) -> str:
        return repr(self.table()) if self._entries else f"No tasks yet. {self._note}".strip()

    def _repr_html_(self) -> str:
        return self.table()._repr_html_() if self._entries else html.escape(repr(self))

    def to_pandas(self) -> Any:
        """A DataFrame with a row a submission.

        Raises:
            KlingError: pandas is not installed.
        """
        if find_spec("pandas") is None:
            raise KlingError("This needs pandas, which is not installed: pip install pandas.")
        import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]

        columns: dict[str, Callable[[Entry], object]] = {
            "created": lambda entry: pandas.Timestamp(entry.created, unit="s", tz="UTC"),
            "service": lambda entry: entry.service,
            "model": lambda entry: entry.model,
            "state": lambda entry: entry.state,
            "task_id": lambda entry: entry.task_id,
            "took": lambda entry: entry.ended - entry.accepted if entry.ended and entry.accepted else None,
            "path": lambda entry: entry.path,
            "url": lambda entry: entry.url,
            "error": lambda entry: entry.error,
            "prompt": lambda entry: entry.body.get("prompt"),
            **{name: _reader(name) for name in FIELDS if name != "prompt"},
        }
        return pandas.DataFrame([{name: read(entry) for name, read in columns.items()} for entry in self])


def _reader(name: str) -> Callable[[Entry], object]:
    return lambda entry: entry.request.get(name)


_STATES = {
    "written": "not sent",
    "sending": "sent, answer unknown",
    "unknown": "sent, answer unknown",
    "accepted": "under way",
    "succeeded": "made, not saved yet",
    "saved": "done",
}
