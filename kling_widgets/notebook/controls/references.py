"""Rows below a list of pictures: for each a thumbnail, its number, and buttons to name, move or remove it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets
from markupsafe import Markup

from kling_widgets.core.json_values import JSON, shorten
from kling_widgets.notebook.controls.preview import name_of, picture
from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.notebook.widgets.rows import GrowingRows, RowTools

MOST_ROWS = 12  # more than any model takes; a thousand pasted lines do not make a thousand rows


class ReferenceRows:
    """Rows for the pictures of a list; rows that are not needed at the moment are kept.

    Args:
        parts: Creates widgets; shared by the form's controls.
        widget: The box that the rows are appended to.
        reorder: Called with the indexes of the pictures that stay, in their new order.
        insert_name: Called with the name of a picture to insert it into the prompt.
    """

    def __init__(
        self,
        parts: WidgetFactory,
        widget: widgets.VBox,
        reorder: Callable[[list[int]], None],
        insert_name: Callable[[str], None],
    ) -> None:
        self.parts, self.widget, self.reorder, self.insert_name = parts, widget, reorder, insert_name
        self.count = 0
        self._above = widget.children
        self._rows = GrowingRows(parts, lambda number: _ReferenceRow(self, number))
        self._more: widgets.HTML | None = None

    def show(self, items: Sequence[JSON], prompt: str) -> None:
        """Show these links and paths; the button of a picture that the prompt already names is disabled."""
        self.count = len(items)
        shown = items[:MOST_ROWS]
        self._rows.grow(len(shown))
        rows = self._rows[: len(shown)]
        for row, item in zip(rows, shown, strict=True):
            row.show(item, prompt)
        rest = len(items) - len(shown)
        children = (*self._above, *(row.widget for row in rows), *(self._more_row(rest) if rest else ()))
        if children != self.widget.children:
            self.widget.children = children

    def _more_row(self, rest: int) -> tuple[widgets.HTML]:
        if self._more is None:
            self._more = self.parts.make(widgets.HTML, "kling-indent")
        self._more.value = Markup('<span class="kling-dim">… and {} more</span>').format(rest)
        return (self._more,)

    def move(self, index: int, by: int) -> None:
        """Swap a picture with its neighbour; the keyboard focus moves with it."""
        order = list(range(self.count))
        order[index], order[index + by] = order[index + by], order[index]
        self.reorder(order)
        self._rows[min(index + by, len(self._rows) - 1)].tools.focus(by)

    def remove(self, index: int) -> None:
        """Remove a picture; those behind it move up."""
        self.reorder([other for other in range(self.count) if other != index])

    def close(self) -> None:
        """Close all widgets, including those of hidden rows."""
        for each in (*self._rows.widgets, *([self._more] if self._more else ())):
            self.parts.close(each)


class _ReferenceRow:
    """Widgets for one picture."""

    def __init__(self, references: ReferenceRows, number: int) -> None:
        self._references, self._number = references, number
        parts = references.parts
        self.name = f"<<<image_{number}>>>"
        self.text = parts.make(widgets.HTML)
        self.name_button = parts.button(
            f"Name it {self.name}",
            lambda: references.insert_name(self.name),
            tooltip=f"Add {self.name} to the end of the prompt, where it refers to reference {number}",
        )
        self.tools = tools = RowTools(parts, number, "reference", references.move, references.remove)
        buttons = parts.row(self.name_button, tools.up, tools.down, tools.drop, classes=("kling-tools",))
        self.widget = parts.row(self.text, buttons, classes=("kling-reference", "kling-indent"))

    def show(self, item: JSON, prompt: str) -> None:
        """Show a link or a path."""
        local = self._references.parts.local
        name = shorten(name_of(item), 60).strip("“”")
        drawn = picture(item, local, f"Reference {self._number}", name)
        text = Markup('<div class="kling-look"><i>{}</i>{}</div>').format(self._number, drawn)
        if text != self.text.value:
            self.text.value = text
        self.name_button.disabled = self.name in prompt
        self.tools.down.disabled = self._number >= self._references.count
