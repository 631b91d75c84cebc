"""A folded part of the form: a title that opens and closes what is below it, which is made when it is first opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import ipywidgets as widgets

from kling_widgets.notebook.widgets.factory import WidgetFactory


class Collapsible:
    """A title, and what it folds away.

    Args:
        title: in words.
        parts: shared with the form.
        content: gives the widgets below the title, asked each time it opens; they stay their maker's.
        opened: called when the user has opened or closed it.
        classes: its names in the style sheets.

    Attributes:
        is_open: whether the content shows.
    """

    def __init__(
        self,
        title: str,
        parts: WidgetFactory,
        content: Callable[[], Iterable[widgets.Widget]],
        opened: Callable[[], None] = lambda: None,
        classes: tuple[str, ...] = (),
    ) -> None:
        self._title, self._parts, self._content, self._opened = title, parts, content, opened
        self.is_open = False
        self._button = parts.button(f"▸ {title}", self._clicked, "kling-section")
        # A box of its own: what opens above the box in which somebody types must not make that one anew.
        self.widget = parts.box(self._button, classes=classes)

    def _clicked(self) -> None:
        with self._parts.page.hold_sync():
            self.open(not self.is_open)
            self._opened()

    def open(self, on: bool = True) -> None:
        """Opens or closes it."""
        if on != self.is_open:
            self.is_open = on
            self.refill()
            self.say()

    def refill(self) -> None:
        """Asks for the content again."""
        self.widget.children = (self._button, *(self._content() if self.is_open else ()))

    def say(self, held: str | None = None) -> None:
        """Says behind the title what it holds; None leaves that as it is."""
        if held is not None:
            self._title = f"{self._title.partition(' (')[0]} ({held})" if held else self._title.partition(" (")[0]
        self._button.description = f"{'▾' if self.is_open else '▸'} {self._title}"
