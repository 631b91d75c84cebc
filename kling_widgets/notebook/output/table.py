"""A table of text: aligned lines in a terminal, HTML in a notebook, Markdown in the README."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Callable, Iterator, Sequence

from markupsafe import Markup, escape

from kling_widgets.core.text import one_line
from kling_widgets.notebook.widgets.styles import TABLE_STYLE

_LONG = 14  # characters; a longer cell gets a minimum width in HTML
_NARROWEST = 20  # terminal columns; text is not cut to less, as it would be unreadable


_ROW = Markup("<tr>{}</tr>")
_NOTE = Markup('<p class="kling-table-note">{}</p>')
_PAGE = Markup(
    '{style}<div class="mathjax_ignore tex2jax_ignore">'
    # Focusable, so that its columns can be scrolled by keyboard; it needs a role and a name for that.
    '<div class="kling-table" role="group" aria-label="Table" tabindex="0" data-lm-suppress-shortcuts="true">'
    "<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{note}</div>"
)
# role="img" makes a screen reader read the title instead of the symbol.
_MARK = Markup('<span role="img" title="{}">{}</span>')
# The alt text is empty, as the cells beside the picture describe it.
_JPEG = Markup('<img alt="" height="54" src="data:image/jpeg;base64,{}">')


class TableCell(str):
    """Cell text with an explanation, such as a symbol.

    Attributes:
        meaning: The explanation, for the tooltip and for screen readers.
    """

    __slots__ = ("meaning",)

    meaning: str

    def __new__(cls, text: str, meaning: str = "") -> TableCell:
        cell = super().__new__(cls, one_line(text))
        cell.meaning = one_line(meaning)
        return cell


class TablePicture(str):
    """Cell with a small picture; empty in text output.

    Attributes:
        jpeg: The picture's bytes; empty for an empty cell.
    """

    __slots__ = ("jpeg",)

    jpeg: bytes

    def __new__(cls, jpeg: bytes) -> TablePicture:
        cell = super().__new__(cls)
        cell.jpeg = jpeg
        return cell


class Table:
    """Table of one-line texts that is displayed as text or HTML.

    Attributes:
        titles: The titles of the columns.
        rows: The rows; the first cell of each row is its header.
        note: A sentence below the table.
    """

    def __init__(
        self,
        titles: Sequence[str],
        rows: Sequence[Sequence[str]],
        note: str = "",
        *,
        folds: bool = False,
        cuts: bool = False,
        width: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        """Create a table.

        Args:
            titles: The titles of the columns.
            rows: The rows, each with as many cells as there are titles.
            note: A sentence below the table.
            folds: Whether columns that do not fit into the terminal are printed below the others.
            cuts: Whether the last column is cut to fit before columns are folded.
            width: Returns the terminal's width in columns.
        """
        self.titles, self.rows = _clean(titles), tuple(map(_clean, rows))
        self.note = one_line(note)
        self._width = width if folds or cuts else lambda: 10**6
        self._cuts = cuts

    def __repr__(self) -> str:
        columns = list(zip(self.titles, *self.rows, strict=True))
        width = self._width()
        if self._cuts:
            room = width - sum(_wide(column) + 2 for column in columns[:-1])
            if room < _NARROWEST:  # it is folded, and then has only the first column beside it
                room = max(width - _wide(columns[0]) - 2, _NARROWEST)
            columns[-1] = tuple(_cut(cell, room) for cell in columns[-1])
        blocks = ("\n".join(_lines([columns[0], *block])) for block in _blocks(columns, width))
        return "\n".join(filter(None, ("\n\n".join(blocks), self.note)))

    def _repr_html_(self) -> str:
        head = Markup().join(_html("th", title, "col") for title in self.titles)
        rows = ((_html("th", name, "row"), *(_html("td", cell) for cell in cells)) for name, *cells in self.rows)
        body = Markup().join(_ROW.format(Markup().join(row)) for row in rows)
        note = _NOTE.format(self.note) if self.note else ""
        return str(_PAGE.format(style=TABLE_STYLE, head=head, body=body, note=note))

    def to_markdown(self) -> str:
        """Return the table in Markdown, for the README."""

        def row(cells: Sequence[str]) -> str:
            return f"| {' | '.join(map(_markdown, cells))} |"

        return "\n".join((row(self.titles), row(["---"] * len(self.titles)), *map(row, self.rows)))


def _clean(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell if isinstance(cell, (TableCell, TablePicture)) else one_line(cell) for cell in cells)


def _markdown(text: str) -> str:
    """Return the text escaped for a cell of a Markdown table."""
    return re.sub(r"([\\`*_\[\]<>|~$&!]|:(?=//)|(?<=www)\.|@)", r"\\\1", text, flags=re.IGNORECASE)


def _html(tag: str, cell: str, scope: str = "") -> Markup:
    attributes = Markup(' scope="{}"').format(scope) if scope else Markup()
    attributes += Markup(' class="kling-long"') if len(cell) > _LONG else ""
    content = escape(cell.replace(" ≤", "\N{NO-BREAK SPACE}≤"))  # a mark stays with its limit
    if isinstance(cell, TablePicture) and cell.jpeg:
        content = _JPEG.format(base64.b64encode(cell.jpeg).decode("ascii"))
    if (meaning := getattr(cell, "meaning", "")) and not scope:
        content = _MARK.format(meaning, content)
    return Markup("<{tag}{attributes}>{content}</{tag}>").format(tag=tag, attributes=attributes, content=content)


def _blocks(columns: Sequence[Sequence[str]], width: int) -> Iterator[list[Sequence[str]]]:
    """Yield the columns after the first one in groups that fit beside it."""
    block: list[Sequence[str]] = []
    used = first = _wide(columns[0])
    for column in columns[1:]:
        if block and used + 2 + _wide(column) > width:
            yield block
            block, used = [], first
        block.append(column)
        used += 2 + _wide(column)
    yield block


def _wide(column: Sequence[str]) -> int:
    return max(map(columns_of, column))


def columns_of(text: str) -> int:
    """Return the width of a text in terminal columns: two for a Chinese character, none for a combining mark."""
    if text.isascii():
        return len(text)
    from wcwidth import width  # imported late: it loads thirty modules, and a notebook shows most tables as HTML

    return width(text)


def _cut(text: str, columns: int) -> str:
    """Return the text cut to this number of terminal columns."""
    if columns_of(text) <= columns:
        return text
    from wcwidth import clip

    return clip(text, 0, columns - 1).rstrip() + "…"


def _lines(columns: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [_wide(column) for column in columns]
    for row in zip(*columns, strict=True):
        cells = (cell + " " * (width - columns_of(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
