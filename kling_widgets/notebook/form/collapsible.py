"""Collapsible part of the form, whose content is created when it is first opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import ipywidgets as widgets

from kling_widgets.notebook.widgets.factory import WidgetFactory


class Collapsible:
    """A title that opens and closes the content below it.

    Args:
        title: the text of the title.
        parts: shared with the form.
        content: returns the widgets below the title; called each time it opens. The caller closes them.
        on_toggle: called when the user has opened or closed it.
        classes: its CSS classes.

    Attributes:
        is_open: whether the content is shown.
    """

    def __init__(
        self,
        title: str,
        parts: WidgetFactory,
        content: Callable[[], Iterable[widgets.Widget]],
        on_toggle: Callable[[], None] = lambda: None,
        classes: tuple[str, ...] = (),
    ) -> None:
        self._title, self._parts, self._content, self._on_toggle = title, parts, content, on_toggle
        self.is_open = False
        self._button = parts.button(f"▸ {title}", self._clicked, "kling-section")
        # In a box of its own: opening it must not recreate the other boxes of the form, in which a user may type.
        self.widget = parts.box(self._button, classes=classes)

    def _clicked(self) -> None:
        with self._parts.page.hold_sync():
            self.open(not self.is_open)
            self._on_toggle()

    def open(self, on: bool = True) -> None:
        """Open or close it."""
        if on != self.is_open:
            self.is_open = on
            self.refill()
            self.set_summary()

    def refill(self) -> None:
        """Replace the content by what ``content`` returns now."""
        self.widget.children = (self._button, *(self._content() if self.is_open else ()))

    def set_summary(self, summary: str | None = None) -> None:
        """Set the summary in parentheses after the title; None leaves it unchanged."""
        if summary is not None:
            title = self._title.partition(" (")[0]
            self._title = f"{title} ({summary})" if summary else title
        self._button.description = f"{'▾' if self.is_open else '▸'} {self._title}"
