"""Properties of all controls: the kind for each field, the number of widgets, and the display of problems."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import Field
from kling_widgets.catalog.models import models
from kling_widgets.core.problem import Problem
from kling_widgets.notebook.controls import Control, WidgetFactory, make
from kling_widgets.notebook.controls.basic import Dropdown, Slider, TextBox, Toggle
from kling_widgets.notebook.controls.camera import CameraMoves
from kling_widgets.notebook.controls.clips import ClipRows
from kling_widgets.notebook.controls.json_box import JsonBox
from kling_widgets.notebook.controls.media import LinkBox, LinksBox
from kling_widgets.notebook.controls.quick_fixes import QuickFix
from kling_widgets.notebook.controls.shots import ShotTable
from tests.notebook import said

NOTE = Problem("warning", "sound", "It is <odd>.", "Look.", {"sound": False})
ERROR = Problem("error", "sound", "It is wrong.")


@pytest.fixture
def parts(tmp_path: Path) -> WidgetFactory:
    return said.parts(tmp_path / "uploads")


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("prompt", TextBox),
        ("session_id", TextBox),
        ("seconds", Slider),
        ("size", Dropdown),
        ("aspect_ratio", Toggle),
        ("resolution", Toggle),
        ("sound", Toggle),
        ("shot_type", Toggle),
        ("image", LinkBox),
        ("image_list", LinksBox),
        ("video_list", ClipRows),
        ("multi_prompt", ShotTable),
        ("camera_control", CameraMoves),
        ("face_choose", JsonBox),
    ],
)
def test_each_kind_of_field_has_its_control(field: str, kind: type[Control], parts: WidgetFactory) -> None:
    """The kind of control depends on the type of the field, not on its name."""
    assert type(make(FIELDS[field], parts)) is kind


def test_a_short_choice_of_lengths_is_buttons_and_a_range_a_slider(parts: WidgetFactory) -> None:
    """Two usual lengths are buttons; thirteen are a slider."""
    by_name = {model.name: model.field("seconds") for model in models()}
    assert type(make(by_name["2.6"], parts)) is Toggle
    assert type(make(by_name["3.0"], parts)) is Slider


def test_a_field_of_no_kind_is_an_error(parts: WidgetFactory) -> None:
    """A kind of field without a control raises an error."""
    with pytest.raises(TypeError, match="Field"):
        make(Field(name="x", label="X", help="", example=""), parts)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_setting_is_no_change_of_the_users(name: str, parts: WidgetFactory) -> None:
    """Setting a value does not call ``changed``; typing one does."""
    control = make(FIELDS[name], parts)
    calls: list[int] = []
    control.changed = lambda: calls.append(1)
    for value in ("x", 5, True, None, ["x"], {"a": 1}):
        control.set(value)
    assert calls == []
    box: Any = next(each for each in _within(control.widget) if hasattr(each, "value") and each.description)
    box.value = box.options[1] if hasattr(box, "options") else "typed"
    assert calls


def _within(widget: widgets.Widget) -> list[widgets.Widget]:
    return [widget, *(each for child in getattr(widget, "children", ()) for each in _within(child))]


def shown(control: Control, *problems: Problem) -> tuple[list[str], list[said.Pressed]]:
    """Return the sentences and buttons below the control."""
    control.show(
        [(problem, (QuickFix("Set sound to off", problem.fix),) if problem.fix else ()) for problem in problems]
    )
    page = control.parts.page
    return said.lines(page, control.field.name).splitlines(), said.presses(page, control.field.name)


def test_problems_stand_below(parts: WidgetFactory) -> None:
    """Each problem has its word, and does not rely on colour; its text is escaped."""
    (error, note), _ = shown(make(FIELDS["sound"], parts), ERROR, NOTE)
    assert "Error: It is wrong." in error
    assert "kling-error" in error
    assert "Note: It is &lt;odd&gt;. Look." in note
    assert "kling-note" in note


def test_each_quick_fix_is_a_button_that_says_what_it_does(parts: WidgetFactory) -> None:
    """A click passes the fix's values to the form."""
    control = make(FIELDS["sound"], parts)
    assigned: list[Mapping[str, Any]] = []
    control.assign = assigned.append
    ways = (
        QuickFix("Set sound to off", {"sound": False}),
        QuickFix("Use Kling 3.0", {"model": "aigc-video-kling-3.0"}),
    )
    control.show([(NOTE, ways)])
    buttons = said.presses(parts.page, "sound")
    assert [button.description for button in buttons] == ["Set sound to off", "Use Kling 3.0"]
    for button in buttons:
        button.click()
    assert assigned == [way.values for way in ways]


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_closed_control_leaves_nothing_behind(name: str, parts: WidgetFactory) -> None:
    """Closing a control closes all its widgets, with the layouts and styles of their own, in any state."""
    before = set(alive)
    control = make(FIELDS[name], parts)
    for value in (FIELDS[name].clean(FIELDS[name].example, paths=True), "x", None):
        control.set(value)
        control.show([(NOTE, (QuickFix("Set sound to off", {}),))])
    control.close()
    assert set(alive) == before
    assert parts.layout.comm is not None
    assert (parts.page.messages, list(parts.page.static), parts.page.choosers) == ({}, ["page"], {})


def test_the_same_problems_change_nothing(parts: WidgetFactory) -> None:
    """Showing the same problems again sends nothing, so that nothing flickers while typing."""
    control = make(FIELDS["sound"], parts)
    shown(control, ERROR)
    before = parts.page.messages
    shown(control, ERROR)
    assert parts.page.messages is before


def test_problems_cost_no_widgets(parts: WidgetFactory) -> None:
    """All problems are lines of one model, and removed once they are solved."""
    control = make(FIELDS["sound"], parts)
    before = set(alive)
    shown(control, ERROR, NOTE)
    assert set(alive) == before
    shown(control)
    assert parts.page.messages == {}


def test_controls_share_layouts_and_styles(parts: WidgetFactory) -> None:
    """A text box adds only its own model."""
    before = len(alive)
    make(FIELDS["session_id"], parts)
    assert len(alive) - before == 1
