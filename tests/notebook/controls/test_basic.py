"""Controls for plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import Field
from kling_widgets.catalog.models import MODELS
from kling_widgets.notebook.controls import Control, WidgetFactory, make
from kling_widgets.notebook.controls.basic import DEFAULT, Dropdown, Slider, TextBox, Toggle
from tests.notebook import said

FIVE_OR_TEN = MODELS["aigc-video-kling-2.6"].field("seconds")
THREE_TO_FIFTEEN = MODELS["aigc-video-kling-3.0"].field("seconds")


@pytest.fixture
def parts(tmp_path: Path) -> WidgetFactory:
    return said.parts(tmp_path)


def check(widget: Any, kind: type[widgets.Widget], **traits: Any) -> None:
    """Check that the widget has this type and these traits."""
    assert isinstance(widget, kind)
    assert {name: getattr(widget, name) for name in traits} == traits


def test_a_prompt_is_the_largest_thing(parts: WidgetFactory) -> None:
    """A prompt has several lines, and a question as its placeholder."""
    prompt, session = make(FIELDS["prompt"], parts), make(FIELDS["session_id"], parts)
    assert isinstance(prompt, TextBox)
    assert isinstance(session, TextBox)
    check(prompt.box, widgets.Textarea, description="Prompt", rows=4, placeholder="What happens in the video?")
    check(session.box, widgets.Text, description="Session", placeholder="SESSION_ID", tooltip=FIELDS["session_id"].help)


@pytest.mark.parametrize(("typed", "value"), [("", None), ("  \n ", None), (" a boat\n", "a boat")])
def test_text_is_stripped_and_empty_is_unset(typed: str, value: str | None, parts: WidgetFactory) -> None:
    """White space is stripped; an empty text is unset."""
    control = make(FIELDS["prompt"], parts)
    assert isinstance(control, TextBox)
    control.box.value = typed
    assert control.get() == value


def test_three_buttons_for_a_switch(parts: WidgetFactory) -> None:
    """A switch has the choices default, off and on; the default is unset, not off."""
    control = make(FIELDS["sound"], parts)
    assert isinstance(control, Toggle)
    check(control.box, widgets.ToggleButtons, description="Sound", options=(DEFAULT, "off", "on"), value=DEFAULT)
    got = []
    for word in control.box.options:
        control.box.value = word
        got.append(control.get())
    assert got == [None, False, True]


def test_a_click_on_an_unknown_button_changes_nothing(parts: WidgetFactory) -> None:
    """ipywidgets reports an index of None for a click on a button that is not its own: nothing was unset."""
    control, told = make(FIELDS["sound"], parts), []
    control.changed = lambda: told.append(control.get())
    assert isinstance(control, Toggle)
    control.box.value = "on"
    control.box.index = None
    assert told == [True]


def test_usual_numbers_are_buttons(parts: WidgetFactory) -> None:
    """Buttons of usual numbers return numbers."""
    control = make(FIVE_OR_TEN, parts)
    assert isinstance(control, Toggle)
    check(control.box, widgets.ToggleButtons, options=(DEFAULT, "5", "10"))
    control.box.value = "10"
    assert control.get() == 10


def test_many_choices_are_a_list(parts: WidgetFactory) -> None:
    """Many choices, such as sizes, are a list that starts with the default."""
    control = make(FIELDS["size"], parts)
    assert isinstance(control, Dropdown)
    check(control.box, widgets.Dropdown, description="Size", value=DEFAULT)
    assert control.box.options[:2] == (DEFAULT, "1280x720")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (FIELDS["sound"], True),
        (FIELDS["sound"], "maybe"),
        (FIELDS["size"], "640x480"),
        (FIELDS["size"], ["odd"]),
        (FIELDS["aspect_ratio"], "21:9"),
        (FIVE_OR_TEN, 5),
        (FIVE_OR_TEN, 7),
        (FIVE_OR_TEN, "abc"),
        (THREE_TO_FIFTEEN, 3),
        (THREE_TO_FIFTEEN, 99),
        (FIELDS["prompt"], "a boat"),
    ],
)
def test_a_value_from_elsewhere_is_shown_as_it_is(field: Field, value: Any, parts: WidgetFactory) -> None:
    """A value set by code is shown unchanged, even if invalid; None unsets it again."""
    control: Control = make(field, parts)
    for _ in range(2):
        control.set(value)
        assert control.get() == value
        assert type(control.get()) is type(value)
        control.set(None)
        assert control.get() is None


def test_a_slider_is_left_alone_or_moved(parts: WidgetFactory) -> None:
    """The slider counts if a number is chosen; it has the model's range and its unit."""
    control = make(THREE_TO_FIFTEEN, parts)
    assert isinstance(control, Slider)
    check(control.mode, widgets.ToggleButtons, description="Seconds", options=(DEFAULT, "choose"), value=DEFAULT)
    check(control.number, widgets.IntSlider, min=3, max=15, value=5, description="seconds")
    assert "kling-number" in control.widget._dom_classes  # by which the style sheet hides it
    control.mode.value = "choose"
    assert control.get() == 5
    control.number.value = 12
    assert control.get() == 12
    control.mode.value = DEFAULT
    assert control.get() is None


@pytest.mark.parametrize(("field", "other"), [(THREE_TO_FIFTEEN, MODELS["aigc-video-kling-o1"].field("seconds"))])
def test_a_control_goes_over_to_another_models_limits(field: Field, other: Field, parts: WidgetFactory) -> None:
    """Another model's field keeps the widgets, with its own range and tooltip."""
    slider = make(field, parts)
    assert isinstance(slider, Slider)
    widget = slider.widget
    slider.set(99)
    slider.set_field(other)
    slider.set(None)
    assert slider.widget is widget
    check(slider.number, widgets.IntSlider, min=3, max=10)
    assert slider.mode.tooltip == other.help
    slider.set_field(field)
    check(slider.number, widgets.IntSlider, min=3, max=15)


@pytest.mark.parametrize("value", ["5.5", "choose", "default", True, [5]])
def test_a_slider_shows_what_is_no_number(value: Any, parts: WidgetFactory) -> None:
    """A value that is not a number is a choice of its own, which can be replaced by another."""
    slider = make(THREE_TO_FIFTEEN, parts)
    assert isinstance(slider, Slider)
    slider.set(value)
    assert slider.get() == value
    slider.mode.value = DEFAULT
    assert slider.get() is None
    slider.set(7)
    assert (slider.get(), len(slider.mode.options)) == (7, 2)
