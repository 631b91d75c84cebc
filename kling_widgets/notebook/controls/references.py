"""The rows below a list of pictures: a small picture, its number, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from kling_widgets.core.values import JSON, shorten
from kling_widgets.notebook.controls.control import Parts
from kling_widgets.notebook.controls.preview import name_of, picture

MOST_ROWS = 12  # more than any model takes; a thousand pasted lines are no thousand pictures


class References:
    """A row for each picture of a list. Rows keep their widgets, the pictures move through them: nothing is made anew
    while somebody types, and the focus stays.

    Args:
        parts: what the form's controls share.
        label: what the list is called.
        reorder: called with the places of the pictures that stay, in their new order.
        name_it: called with the name of a picture that is to go into the prompt.
    """

    def __init__(
        self, parts: Parts, label: str, reorder: Callable[[list[int]], None], name_it: Callable[[str], None]
    ) -> None:
        self.parts, self.label, self.reorder, self.name_it = parts, label, reorder, name_it
        self.style = widgets.ButtonStyle()  # one for all buttons
        self.count = 0
        self._rows: list[_Row] = []
        self._more = widgets.HTML(layout=parts.plain)
        self.widget = widgets.VBox(layout=parts.plain)
        self.widget.add_class("kling-indent")

    def show(self, items: Sequence[JSON], prompt: str) -> None:
        """Shows these links and paths; the prompt tells which of them it names."""
        self.count = len(items)
        shown = items[:MOST_ROWS]
        while len(self._rows) < len(shown):
            self._rows.append(_Row(self, len(self._rows)))
        rows = self._rows[: len(shown)]
        for row, item in zip(rows, shown, strict=True):
            row.show(item, prompt)
        rest = len(items) - len(shown)
        self._more.value = f'<span class="kling-dim">… and {rest} more</span>' if rest else ""
        children = (*(row.widget for row in rows), *([self._more] if rest else []))
        if children != self.widget.children:
            self.widget.children = children

    def move(self, index: int, by: int) -> None:
        """Changes a picture's place with its neighbour's; the keyboard goes along with it."""
        order = list(range(self.count))
        order[index], order[index + by] = order[index + by], order[index]
        self.reorder(order)
        row = self._rows[min(index + by, len(self._rows) - 1)]
        on, back = (row.up, row.down) if by < 0 else (row.down, row.up)
        (back if on.disabled else on).focus()

    def remove(self, index: int) -> None:
        """Takes a picture out; those behind it move up."""
        self.reorder([place for place in range(self.count) if place != index])

    def close(self) -> None:
        """Gives back every widget that it made, also of rows that do not show."""
        for each in (*(row.widget for row in self._rows), self.style, self._more, self.widget):
            self.parts.close(each)


class _Row:
    """A place for one picture."""

    def __init__(self, references: References, index: int) -> None:
        self._references, self._index = references, index
        number = index + 1
        self.name = f"<<<image_{number}>>>"
        self.text = widgets.HTML(layout=references.parts.plain)
        self.named = self._button(
            f"Name it {self.name}",
            f"Put {self.name} at the end of the prompt: it stands for reference {number} there",
            lambda: references.name_it(self.name),
        )
        self.up = self._button("↑", f"Move reference {number} up", lambda: references.move(index, -1))
        self.down = self._button("↓", f"Move reference {number} down", lambda: references.move(index, 1))
        drop = self._button("✕", f"Remove reference {number}", lambda: references.remove(index))
        self.up.disabled = index == 0
        tools = widgets.HBox([self.named, self.up, self.down, drop], layout=references.parts.plain)
        tools.add_class("kling-tools")
        self.widget = widgets.HBox([self.text, tools], layout=references.parts.plain)
        self.widget.add_class("kling-reference")

    def show(self, item: JSON, prompt: str) -> None:
        """Shows a link or a path."""
        local = self._references.parts.local
        name = shorten(name_of(item), 60).strip("“”")
        drawn = picture(item, local, f"Reference {self._index + 1}", name)
        text = f'<div class="kling-look"><i>{self._index + 1}</i>{drawn}</div>'
        if text != self.text.value:
            self.text.value = text
        self.named.disabled = self.name in prompt
        self.down.disabled = self._index >= self._references.count - 1

    def _button(self, words: str, tooltip: str, pressed: Callable[[], None]) -> widgets.Button:
        references = self._references
        button = widgets.Button(
            description=words, tooltip=tooltip, layout=references.parts.narrow, style=references.style
        )
        button.on_click(lambda _: pressed())
        return button
