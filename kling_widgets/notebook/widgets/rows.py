"""Rows of widgets, one for each value of a list.

Rows and their widgets stay where they are, and values move between rows: the box in which the user types is never
replaced, so it keeps the focus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import ipywidgets as widgets

from kling_widgets.notebook.widgets.factory import WidgetFactory


class WidgetRow(Protocol):
    """Row that shows one value."""

    widget: widgets.Widget


RowType = TypeVar("RowType", bound=WidgetRow)


class GrowingRows(list[RowType]):
    """List of rows that is resized to the number of values.

    Args:
        parts: shared with the form.
        make: returns a new row for this row number, counted from 1.
    """

    def __init__(self, parts: WidgetFactory, make: Callable[[int], RowType]) -> None:
        super().__init__()
        self._parts, self._make = parts, make

    @property
    def widgets(self) -> tuple[widgets.Widget, ...]:
        """Return the widget of each row."""
        return tuple(row.widget for row in self)

    def grow(self, count: int) -> None:
        """Add rows until there are at least ``count``."""
        self.extend(self._make(number) for number in range(len(self) + 1, count + 1))

    @contextmanager
    def resized(self, count: int) -> Iterator[None]:
        """Resize to ``count`` rows; removed rows are closed on exit, when they are no longer shown."""
        removed = self[count:]
        del self[count:]
        self.grow(count)
        yield
        for row in removed:
            self._parts.close(row.widget)


class RowTools:
    """Buttons that move the value of a row up or down, or remove it.

    Args:
        parts: shared with the form.
        number: the number of the row, counted from 1.
        what: the kind of value, such as "shot", for the tooltips.
        move: called with the row's index and the distance, -1 or 1.
        remove: called with the row's index.
    """

    def __init__(
        self,
        parts: WidgetFactory,
        number: int,
        what: str,
        move: Callable[[int, int], None],
        remove: Callable[[int], None],
    ) -> None:
        index = number - 1
        self.up: Any = parts.button(
            "↑", lambda: move(index, -1), tooltip=f"Move {what} {number} up", disabled=index == 0
        )
        self.down: Any = parts.button("↓", lambda: move(index, 1), tooltip=f"Move {what} {number} down")
        self.drop: Any = parts.button("✕", lambda: remove(index), tooltip=f"Remove {what} {number}")

    def focus(self, by: int) -> None:
        """Focus the button that moves further in this direction; at the end of the list, the opposite one."""
        further, back = (self.up, self.down) if by < 0 else (self.down, self.up)
        (back if further.disabled else further).focus()
