"""Rows of widgets, as many as there are values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest

from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.notebook.widgets.rows import GrowingRows, RowTools


class TextRow:
    """A row that is one box."""

    def __init__(self, parts: WidgetFactory, number: int) -> None:
        self.widget: Any = parts.make(widgets.Text, description=f"Row {number}")


@pytest.fixture
def parts(tmp_path: Path) -> WidgetFactory:
    """The shared factory of a form."""
    return WidgetFactory(LocalMedia(tmp_path))


def test_rows_that_are_there_stay(parts: WidgetFactory) -> None:
    """More are made with the next numbers; those that are too many are closed, but not before they show no longer."""
    rows = GrowingRows(parts, lambda number: TextRow(parts, number))
    with rows.resized(2):
        pass
    first, second = rows
    assert [widget.description for widget in rows.widgets] == ["Row 1", "Row 2"]
    with rows.resized(3):
        pass
    assert rows[:2] == [first, second]
    with rows.resized(1):
        assert rows == [first] and second.widget.comm is not None
    assert first.widget.comm is not None and second.widget.comm is None


def test_rows_that_only_grow_are_kept(parts: WidgetFactory) -> None:
    """Fewer than there are close none."""
    rows = GrowingRows(parts, lambda number: TextRow(parts, number))
    rows.grow(2)
    rows.grow(1)
    assert len(rows) == 2


def test_tools_act_on_their_row(parts: WidgetFactory) -> None:
    """They name what they move, pass the row's index, and the first row cannot go up."""
    called: list[tuple[int, ...]] = []
    first = RowTools(parts, 1, "shot", lambda *step: called.append(step), lambda index: called.append((index,)))
    second = RowTools(parts, 2, "shot", lambda *step: called.append(step), lambda index: called.append((index,)))
    assert (first.up.disabled, second.up.disabled) == (True, False)
    assert second.down.tooltip == "Move shot 2 down"
    for button in (second.up, second.down, second.drop):
        button.click()
    assert called == [(1, -1), (1, 1), (1,)]
