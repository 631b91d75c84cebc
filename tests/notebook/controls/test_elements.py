"""Element rows: ids, and their names in the prompt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.notebook.controls import WidgetFactory, make
from kling_widgets.notebook.controls.elements import ElementRows
from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.request.request import VideoRequest


@pytest.fixture
def control(tmp_path: Path) -> ElementRows:
    made = make(FIELDS["kling_elements"], WidgetFactory(LocalMedia(tmp_path)))
    assert isinstance(made, ElementRows)
    return made


def within(widget: widgets.Widget) -> list[widgets.Widget]:
    return [widget, *(each for child in getattr(widget, "children", ()) for each in within(child))]


def boxes(control: ElementRows) -> list[widgets.Text]:
    return [each for each in within(control.widget) if isinstance(each, widgets.Text)]


def click(control: ElementRows, words: str, number: int = 0) -> None:
    [each for each in within(control.widget) if getattr(each, "description", "") == words][number].click()


def test_ids_are_typed_row_by_row(control: ElementRows) -> None:
    """Ids are typed into added rows, up to three (D)."""
    for number in range(3):
        click(control, "Add an element")
        boxes(control)[number].value = f" id-{number} "
    assert control.get() == [{"element_id": "id-0"}, {"element_id": "id-1"}, {"element_id": "id-2"}]
    add = next(each for each in within(control.widget) if getattr(each, "description", "") == "Add an element")
    assert add.disabled
    assert "At most 3" in add.tooltip


def test_removing_keeps_the_others(control: ElementRows) -> None:
    """Removing a row moves the others up; without rows the field is unset."""
    changes: list[int] = []
    control.changed = lambda: changes.append(1)
    control.set([{"element_id": text} for text in "abc"])
    click(control, "Remove", 1)
    assert control.get() == [{"element_id": "a"}, {"element_id": "c"}]
    click(control, "Remove")
    click(control, "Remove")
    assert control.get() is None
    assert len(changes) == 3


def test_its_name_is_offered_for_the_prompt(control: ElementRows) -> None:
    """The button appends the name to the prompt, and is disabled once the prompt has it."""
    assigned: list[Mapping[str, Any]] = []
    control.assign = assigned.append
    control.set([{"element_id": "a"}, {"element_id": "b"}])
    control.update_context(VideoRequest("3.0", prompt="a man"))
    click(control, "Name it <<<element_2>>>")
    assert assigned == [{"prompt": "a man <<<element_2>>>"}]
    control.update_context(VideoRequest("3.0", prompt="a man <<<element_2>>>"))
    states = {
        each.description: each.disabled
        for each in within(control.widget)
        if getattr(each, "description", "").startswith("Name it")
    }
    assert states == {"Name it <<<element_1>>>": False, "Name it <<<element_2>>>": True}


@pytest.mark.parametrize(
    "value",
    [
        [{"element_id": 7}],
        [{"element_id": "a", "more": 1}],
        [{"element_id": text} for text in "abcd"],
        [{"id": "a"}],
        ["nonsense", 1.5],
        {"not": "a list"},
    ],
)
def test_what_rows_cannot_show_is_shown_as_json(value: Any, control: ElementRows) -> None:
    """Numeric ids, more than three items and unknown keys are shown as JSON, unchanged."""
    field = FIELDS["kling_elements"]
    control.set(value)
    assert field.clean(control.get(), paths=True) == field.clean(value, paths=True)
