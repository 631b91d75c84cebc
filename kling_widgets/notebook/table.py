"""A table of text: aligned lines in a terminal, HTML in a notebook, Markdown in the README."""

from __future__ import annotations

import html
import shutil
from collections.abc import Callable, Iterator, Sequence

from kling_widgets.notebook.style import TABLE_STYLE

_LONG = 14  # characters; a cell with more is not squeezed to the width of its longest word


class Cell(str):
    """Text of a cell that means more than it says, such as a mark.

    Attributes:
        meaning: in words, for who points at it, or listens.
    """

    __slots__ = ("meaning",)

    meaning: str

    def __new__(cls, text: str, meaning: str = "") -> Cell:
        cell = super().__new__(cls, text)
        cell.meaning = meaning
        return cell


class Table:
    """Rows of text with a title each; shows itself as text and as HTML.

    Attributes:
        titles: of the columns.
        rows: of text; the first cell of each names its row.
        note: a sentence below.
    """

    def __init__(
        self,
        titles: Sequence[str],
        rows: Sequence[Sequence[str]],
        note: str = "",
        *,
        folds: bool = False,
        width: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        """With ``folds``, columns that a terminal of this width (in characters) has no room for go below the others."""
        self.titles, self.rows, self.note = tuple(titles), tuple(map(tuple, rows)), note
        self._width = width if folds else lambda: 10**6

    def __repr__(self) -> str:
        columns = list(zip(self.titles, *self.rows, strict=True))
        blocks = ("\n".join(_lines([columns[0], *block])) for block in _blocks(columns, self._width()))
        return "\n".join(filter(None, ("\n\n".join(blocks), self.note)))

    def _repr_html_(self) -> str:
        head = "".join(_html("th", title, "col") for title in self.titles)
        rows = (_html("th", name, "row") + "".join(_html("td", cell) for cell in cells) for name, *cells in self.rows)
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        note = f'<p class="kling-table-note">{html.escape(self.note)}</p>' if self.note else ""
        return (
            f'{TABLE_STYLE}<div class="mathjax_ignore tex2jax_ignore">'
            # With a role and a name, as it takes the focus: its columns are reached by the keyboard, too.
            '<div class="kling-table" role="group" aria-label="Table" tabindex="0" data-lm-suppress-shortcuts="true">'
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{note}</div>"
        )

    def to_markdown(self) -> str:
        """The table in Markdown, for the README."""

        def row(cells: Sequence[str]) -> str:
            return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

        return "\n".join((row(self.titles), row(["---"] * len(self.titles)), *map(row, self.rows)))


def _html(tag: str, cell: str, scope: str = "") -> str:
    attributes = f' scope="{scope}"' if scope else ""
    attributes += ' class="kling-long"' if len(cell) > _LONG else ""
    text = html.escape(cell)
    if (meaning := html.escape(getattr(cell, "meaning", ""))) and not scope:
        # A picture's name is what is read out in its place.
        text = f'<span role="img" title="{meaning}">{text}</span>'
    return f"<{tag}{attributes}>{text}</{tag}>"


def _blocks(columns: Sequence[Sequence[str]], width: int) -> Iterator[list[Sequence[str]]]:
    """The columns after the first one, in groups of which each has room beside it."""
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
    return max(map(len, column))


def _lines(columns: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in zip(*columns, strict=True):
        yield "  ".join(cell.ljust(_wide(column)) for cell, column in zip(row, columns, strict=True)).rstrip()
