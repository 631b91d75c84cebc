"""The rows below a list of pictures: a small picture, its number, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets
from markupsafe import Markup

from kling_widgets.core.json_values import JSON, shorten
from kling_widgets.notebook.controls.preview import name_of, picture
from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.notebook.widgets.rows import GrowingRows, RowTools

MOST_ROWS = 12  # more than any model takes; a thousand pasted lines are no thousand pictures


class ReferenceRows:
    """A row for each picture of a list; those that are not needed for now are kept.

    Args:
        parts: what the form's controls share.
        widget: where the rows show, below what is in it.
        reorder: called with the places of the pictures that stay, in their new order.
        name_it: called with the name of a picture that is to go into the prompt.
    """

    def __init__(
        self,
        parts: WidgetFactory,
        widget: widgets.VBox,
        reorder: Callable[[list[int]], None],
        name_it: Callable[[str], None],
    ) -> None:
        self.parts, self.widget, self.reorder, self.name_it = parts, widget, reorder, name_it
        self.count = 0
        self._above = widget.children
        self._rows = GrowingRows(parts, lambda number: _ReferenceRow(self, number))
        self._more: widgets.HTML | None = None

    def show(self, items: Sequence[JSON], prompt: str) -> None:
        """Shows these links and paths; the prompt tells which of them it names."""
        self.count = len(items)
        shown = items[:MOST_ROWS]
        self._rows.grow(len(shown))
        rows = self._rows[: len(shown)]
        for row, item in zip(rows, shown, strict=True):
            row.show(item, prompt)
        rest = len(items) - len(shown)
        children = (*self._above, *(row.widget for row in rows), *(self._and_more(rest) if rest else ()))
        if children != self.widget.children:
            self.widget.children = children

    def _and_more(self, rest: int) -> tuple[widgets.HTML]:
        if self._more is None:
            self._more = self.parts.make(widgets.HTML, "kling-indent")
        self._more.value = Markup('<span class="kling-dim">… and {} more</span>').format(rest)
        return (self._more,)

    def move(self, index: int, by: int) -> None:
        """Changes a picture's place with its neighbour's; the keyboard goes along with it."""
        order = list(range(self.count))
        order[index], order[index + by] = order[index + by], order[index]
        self.reorder(order)
        self._rows[min(index + by, len(self._rows) - 1)].tools.focus(by)

    def remove(self, index: int) -> None:
        """Takes a picture out; those behind it move up."""
        self.reorder([place for place in range(self.count) if place != index])

    def close(self) -> None:
        """Gives back every widget that it made, also of rows that do not show."""
        for each in (*self._rows.widgets, *([self._more] if self._more else ())):
            self.parts.close(each)


class _ReferenceRow:
    """A place for one picture."""

    def __init__(self, references: ReferenceRows, number: int) -> None:
        self._references, self._number = references, number
        parts = references.parts
        self.name = f"<<<image_{number}>>>"
        self.text = parts.make(widgets.HTML)
        self.named = parts.button(
            f"Name it {self.name}",
            lambda: references.name_it(self.name),
            tooltip=f"Put {self.name} at the end of the prompt: it stands for reference {number} there",
        )
        self.tools = tools = RowTools(parts, number, "reference", references.move, references.remove)
        beside = parts.row(self.named, tools.up, tools.down, tools.drop, classes=("kling-tools",))
        self.widget = parts.row(self.text, beside, classes=("kling-reference", "kling-indent"))

    def show(self, item: JSON, prompt: str) -> None:
        """Shows a link or a path."""
        local = self._references.parts.local
        name = shorten(name_of(item), 60).strip("“”")
        drawn = picture(item, local, f"Reference {self._number}", name)
        text = Markup('<div class="kling-look"><i>{}</i>{}</div>').format(self._number, drawn)
        if text != self.text.value:
            self.text.value = text
        self.named.disabled = self.name in prompt
        self.tools.down.disabled = self._number >= self._references.count
