"""Rows of widgets, as many as there are values.

A row keeps its place and its widgets, and the values move through the rows: nothing that is typed in is made anew, and
the focus stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import ipywidgets as widgets

from kling_widgets.notebook.widgets.factory import WidgetFactory


class WidgetRow(Protocol):
    """What shows one value."""

    widget: widgets.Widget


RowType = TypeVar("RowType", bound=WidgetRow)


class GrowingRows(list[RowType]):
    """The rows that there are.

    Args:
        parts: shared with the form.
        make: returns a new row for the place of this number, counted from 1.
    """

    def __init__(self, parts: WidgetFactory, make: Callable[[int], RowType]) -> None:
        super().__init__()
        self._parts, self._make = parts, make

    @property
    def widgets(self) -> tuple[widgets.Widget, ...]:
        """The widget of each row."""
        return tuple(row.widget for row in self)

    def grow(self, count: int) -> None:
        """Make the rows that are missing."""
        self.extend(self._make(number) for number in range(len(self) + 1, count + 1))

    @contextmanager
    def resized(self, count: int) -> Iterator[None]:
        """Have so many rows; those that are too many are closed in the end, when they show no longer."""
        gone = self[count:]
        del self[count:]
        self.grow(count)
        yield
        for row in gone:
            self._parts.close(row.widget)


class RowTools:
    """Buttons that move the value of a row up and down, or take it out.

    Args:
        parts: shared with the form.
        number: of the row, counted from 1.
        what: the value is, such as "shot".
        move: called with the row's index and how far.
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
        """Put the keyboard on the button that moves on in this direction; at either end there is only the way back."""
        on, back = (self.up, self.down) if by < 0 else (self.down, self.up)
        (back if on.disabled else on).focus()
