"""Structured controls: an editor, and JSON for all other values and on demand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.catalog.structured_fields import Structured
from kling_widgets.notebook.controls import WidgetFactory
from kling_widgets.notebook.controls.structured import AS_CONTROLS, AS_JSON, StructuredControl
from tests.notebook import said

FIELD = Structured(
    name="spice", label="Spice", help="One name, at least.", example='{"name": "mace"}', section="Kitchen"
)


class OneName(StructuredControl):
    """Control that edits ``{"name": text}`` and nothing else."""

    def build_editor(self) -> list[widgets.Widget]:
        self.box = self.parts.make(widgets.Text)
        self.watch(self.box)
        return [self.box]

    def can_edit(self, value: Any) -> bool:
        return isinstance(value, dict) and value.keys() == {"name"} and isinstance(value["name"], str)

    def read(self) -> Any:
        return {"name": self.box.value} if self.box.value else None

    def write(self, value: Any) -> None:
        self.box.value = value["name"] if value else ""


@pytest.fixture
def parts(tmp_path: Path) -> WidgetFactory:
    return said.parts(tmp_path)


@pytest.fixture
def control(parts: WidgetFactory) -> OneName:
    return OneName(FIELD, parts)


def calls(control: StructuredControl) -> list[Any]:
    """Return a list that records the value at each call of ``changed``."""
    heard: list[Any] = []
    control.changed = lambda: heard.append(control.get())
    return heard


def typed(control: StructuredControl) -> widgets.Textarea:
    """Return the visible text box of JSON."""
    box = control.widget.children[-1]
    assert isinstance(box, widgets.Textarea)
    return box


def test_it_begins_empty_with_its_editor(control: OneName) -> None:
    """A new control is unset, and has no JSON box before it is needed."""
    assert control.get() is None
    assert not control.as_json
    assert control.widget.children[-1] is control.box
    assert control.json is None
    assert control.switch.description == AS_JSON


def test_its_head_names_the_field_and_its_limits(control: OneName) -> None:
    """The header has the label, the limits and a button to switch to JSON."""
    assert "Spice" in control.label.value
    assert "One name, at least." in control.label.value
    assert "Spice" in control.switch.tooltip


@pytest.mark.parametrize("value", [{"name": "mace"}, '{"name": "mace"}'])
def test_what_fits_is_in_the_editor(control: OneName, value: Any) -> None:
    """A value that fits is in the editor, also if it is set as JSON text."""
    control.set(value)
    assert control.box.value == "mace"
    assert not control.as_json
    assert control.get() == {"name": "mace"}


@pytest.mark.parametrize(
    "value",
    [
        {"name": "mace", "grams": 2},
        {"name": None},
        [{"name": "mace"}],
        [1, 2.5, True, "纸船"],
        {"name": "mace", "file": Path("a.png")},
    ],
)
def test_what_does_not_fit_is_json_without_loss(control: OneName, value: Any) -> None:
    """Any other value is shown as JSON without loss; Chinese is not escaped, a path is its text."""
    control.set({"name": "before"})
    control.set(value)
    assert control.as_json
    assert control.switch.description == AS_CONTROLS
    assert json.loads(control.get()) == json.loads(json.dumps(value, default=str))
    assert "\\u" not in typed(control).value


@pytest.mark.parametrize("text", ["nonsense", '{"half":', "[" * 5000])
def test_what_is_no_json_is_shown_as_it_is(control: OneName, text: str) -> None:
    """Invalid JSON is shown unchanged, and can be corrected."""
    control.set(text)
    assert control.as_json
    assert control.get() == text


def test_a_value_that_fits_leads_back_to_the_editor(control: OneName) -> None:
    """Setting a value that fits returns to the editor; None empties both."""
    control.set("nonsense")
    control.set({"name": "mace"})
    assert not control.as_json
    control.set("nonsense")
    control.set(None)
    assert not control.as_json
    assert control.get() is None


def test_setting_calls_nobody_and_typing_does(control: OneName) -> None:
    """Setting a value does not call ``changed``; typing does, in the editor and in the JSON."""
    heard = calls(control)
    for value in ({"name": "a"}, "nonsense", None):
        control.set(value)
    assert heard == []
    control.box.value = "mace"
    control.switch.click()
    heard.clear()
    typed(control).value = '{"name": "clove"}'
    assert heard == ['{"name": "clove"}']


def test_the_switch_goes_there_and_back(control: OneName) -> None:
    """Typed JSON stays JSON until the user switches back; then the editor shows it."""
    control.set({"name": "mace"})
    control.switch.click()
    assert json.loads(typed(control).value) == {"name": "mace"}
    assert control.switch.description == AS_CONTROLS
    typed(control).value = '{"name": "clove"}'
    assert control.as_json
    control.switch.click()
    assert not control.as_json
    assert control.box.value == "clove"
    assert control.get() == {"name": "clove"}


def test_the_switch_of_an_empty_control_is_an_empty_box(control: OneName) -> None:
    """Switching an empty control shows an empty box with an example; switching back sets no value."""
    control.switch.click()
    assert typed(control).value == ""
    assert typed(control).placeholder == FIELD.example
    assert typed(control).description
    control.switch.click()
    assert control.get() is None
    assert not control.as_json


def test_the_switch_is_no_loss(control: OneName) -> None:
    """A value that the editor cannot show stays JSON, and the button says so until the text changes."""
    control.set({"name": "mace", "grams": 2})
    control.switch.click()
    assert control.as_json
    assert "cannot show" in control.switch.description
    assert control.switch.disabled
    assert json.loads(control.get()) == {"name": "mace", "grams": 2}
    typed(control).value = '{"name": "mace"}'
    control.switch.click()
    assert (control.as_json, control.get()) == (False, {"name": "mace"})


def test_the_json_box_is_made_once(control: OneName) -> None:
    """Switching repeatedly creates the JSON box only once."""
    control.switch.click()
    before = len(alive)
    for _ in range(5):
        control.switch.click()
    assert len(alive) == before


@pytest.mark.parametrize("value", [None, {"name": "mace"}, "nonsense"])
def test_closed_it_leaves_nothing(parts: WidgetFactory, value: Any) -> None:
    """Closing the control closes all its widgets, in either view; shared ones stay."""
    before = set(alive)
    control = OneName(FIELD, parts)
    control.switch.click()
    control.switch.click()
    control.set(value)
    control.close()
    assert set(alive) == before
    assert parts.layout.comm is not None
