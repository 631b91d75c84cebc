"""The camera control: a named move or one axis; other values are kept as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.structured_fields import CAMERA_AXES, CAMERA_MOVES
from kling_widgets.notebook.controls import WidgetFactory, make
from kling_widgets.notebook.controls.basic import DEFAULT
from kling_widgets.notebook.controls.camera import CameraMoves
from kling_widgets.notebook.controls.camera_preview import MOVES
from kling_widgets.request.request import VideoRequest
from tests.notebook import said
from tests.notebook.controls.test_shots import anything

FIELD = FIELDS["camera_control"]
ONE_AXIS = "↔ one axis"


@pytest.fixture
def parts(tmp_path: Path) -> WidgetFactory:
    return said.parts(tmp_path)


def camera(parts: WidgetFactory, value: Any = None) -> CameraMoves:
    """Return the control with a value set by code."""
    control = make(FIELD, parts)
    assert isinstance(control, CameraMoves)
    control.set(value)
    return control


@pytest.fixture
def control(parts: WidgetFactory) -> CameraMoves:
    return camera(parts)


def _within(widget: widgets.Widget) -> list[widgets.Widget]:
    return [widget, *(each for child in getattr(widget, "children", ()) for each in _within(child))]


def text(control: CameraMoves) -> str:
    """Return all text of the control."""
    return said.text(control.parts, control.widget)


def same(value: Any, other: Any) -> bool:
    """Return whether both are equal as JSON text: 4 is not 4.0, and the order of keys matters."""
    return json.dumps(value) == json.dumps(other)


amounts = st.one_of(st.integers(-10, 10), st.integers(-20, 20).map(lambda half: half / 2))
zeros = st.sampled_from([0, 0.0])
axes = st.permutations(CAMERA_AXES).flatmap(
    lambda names: st.integers(0, 6).flatmap(
        lambda count: st.tuples(amounts, *[zeros] * 5).flatmap(
            lambda found: st.permutations(found[: max(count, 1)]).map(
                lambda numbers: dict(zip(names, numbers, strict=False)) if count else {}
            )
        )
    )
)
simple = st.one_of(axes.map(lambda config: {"type": "simple", "config": config}), st.just({"type": "simple"}))
named = st.sampled_from(sorted(MOVES)).flatmap(
    lambda name: st.sampled_from([{"type": name}, {"type": name, "config": None}, {"config": {}, "type": name}])
)


# Setting and getting values


@given(st.lists(st.one_of(st.none(), simple, named), min_size=1, max_size=4))
def test_what_fits_comes_back_as_it_was(parts: WidgetFactory, several: list[Any]) -> None:
    """A value that the editor can show is returned exactly: 4.0 stays 4.0, zero axes stay."""
    control = camera(parts)
    for value in several:
        assert value is None or control.can_edit(value)
        control.set(value)
        assert not control.as_json
        assert same(control.get(), value)
    control.close()


@given(anything)
def test_what_does_not_fit_is_reported_and_kept(parts: WidgetFactory, value: Any) -> None:
    """Any other value is sent unchanged."""
    control = camera(parts)
    assert control.can_edit(value) in (True, False)
    wanted = VideoRequest("3.0", camera_control=value)
    control.set(wanted.get("camera_control"))
    assert VideoRequest("3.0", camera_control=control.get()) == wanted
    control.close()


@pytest.mark.parametrize(
    "value",
    [
        {"type": "simple", "config": {"pan": 4, "tilt": 1}},  # two axes
        {"type": "simple", "config": {"pan": 11}},
        {"type": "simple", "config": {"pan": -10.5}},
        {"type": "simple", "config": {"pan": 2.3}},  # between the slider's steps
        {"type": "simple", "config": {"pan": "4"}},
        {"type": "simple", "config": {"pan": True}},
        {"type": "simple", "config": {"pan": None}},
        {"type": "simple", "config": {"pan": 10**400}},
        {"type": "simple", "config": {"dolly": 4}},
        {"type": "simple", "config": [4]},
        {"type": "simple", "config": {"pan": 4}, "speed": 1},
        {"type": "orbit"},
        {"type": "down_back", "config": {"pan": 4}},
        {"type": ["simple"]},
        {"type": None},
        {"config": {"pan": 4}},
        ["simple"],
        "orbit",
    ],
)
def test_everything_else_is_json(parts: WidgetFactory, value: Any) -> None:
    """Other values are shown as JSON and sent unchanged."""
    control = camera(parts, value)
    assert not control.can_edit(value)
    assert control.as_json
    assert VideoRequest("3.0", camera_control=control.get()) == VideoRequest("3.0", camera_control=value)


@pytest.mark.parametrize("name", CAMERA_MOVES)
def test_a_move_s_name_alone_is_the_move(parts: WidgetFactory, name: str) -> None:
    """The name of a move alone, from a magic line or in the JSON, selects the move."""
    control = camera(parts, name)
    assert not control.as_json
    assert FIELD.clean(control.get(), paths=True)["type"] == name


def test_two_axes_from_code_are_warned_about(parts: WidgetFactory) -> None:
    """A value with two axes has a warning beside its JSON."""
    value = {"type": "simple", "config": {"pan": 4, "tilt": 1}}
    control = camera(parts, value)
    request = VideoRequest("3.0", prompt="x", camera_control=control.get())
    control.show([(problem, ()) for problem in request.problems()])
    assert "Note: Camera: simple moves along one axis, and only one" in text(control)
    assert json.loads(control.get()) == value


# User actions


def test_the_moves_are_those_of_the_field(control: CameraMoves) -> None:
    """The choices are the default and the field's moves, each with its name in its tooltip."""
    assert control.move.description == "Move"
    assert control.move.options == (DEFAULT, ONE_AXIS, *(move.label for move in MOVES.values()))
    assert control.move.value == DEFAULT
    assert control.move.tooltips[0] == FIELD.help
    assert [re.search(r"\((\w+)\)$", hint)[1] for hint in control.move.tooltips[1:]] == list(CAMERA_MOVES)  # type: ignore[index]


@pytest.mark.parametrize("name", MOVES)
def test_a_named_move_is_one_click(control: CameraMoves, name: str) -> None:
    """One click selects a named move, and "default" unsets it."""
    heard: list[Any] = []
    control.changed = lambda: heard.append(control.get())
    control.move.value = MOVES[name].label
    control.move.value = DEFAULT
    assert heard == [{"type": name}, None]


def test_one_axis_begins_with_a_move_that_can_be_seen(control: CameraMoves) -> None:
    """One click on "one axis" makes a complete value without an error."""
    control.move.value = ONE_AXIS
    value = control.get()
    assert value == {"type": "simple", "config": {"horizontal": 5}}
    assert not list(FIELD.check(value))


def test_the_axes_have_friendly_words_and_their_own_names(control: CameraMoves) -> None:
    """The six axes are listed in the field's order, with a description and their names."""
    assert [name for _, name in control.axis.options] == list(CAMERA_AXES)
    for words, name in control.axis.options:
        assert words.endswith(f"({name})")
        assert words.removesuffix(f"({name})").strip()


@given(st.lists(st.tuples(st.sampled_from(CAMERA_AXES), st.integers(-20, 20)), min_size=1, max_size=5))
def test_no_wrong_combination_can_be_made(parts: WidgetFactory, steps: list[tuple[str, int]]) -> None:
    """Any position of list and slider is one axis from -10 to 10; whole numbers are integers."""
    control = camera(parts)
    control.move.value = ONE_AXIS
    for axis, halves in steps:
        control.axis.value = axis
        control.amount.value = halves / 2
        amount = halves / 2 if halves % 2 else halves // 2
        assert same(control.get(), {"type": "simple", "config": {axis: amount}})
        said = list(FIELD.check(control.get()))
        assert not said or amount == 0
    control.close()


def test_the_slider_goes_no_farther(control: CameraMoves) -> None:
    """The slider has steps of 0.5 from -10 to 10, so that the shown value is sent."""
    assert (control.amount.min, control.amount.max, control.amount.step) == (-10, 10, 0.5)
    assert control.amount.description == "Amount"


def test_axes_at_rest_stay_named(parts: WidgetFactory) -> None:
    """A value with all six axes, five of them 0, as on Kling's page, keeps them with another amount or axis."""
    value = {"type": "simple", "config": dict.fromkeys(CAMERA_AXES, 0) | {"tilt": 4}}
    control = camera(parts, value)
    assert (control.axis.value, control.amount.value) == ("tilt", 4)
    control.amount.value = -3
    assert same(control.get(), {"type": "simple", "config": dict.fromkeys(CAMERA_AXES, 0) | {"tilt": -3}})
    control.axis.value = "roll"
    assert same(control.get(), {"type": "simple", "config": dict.fromkeys(CAMERA_AXES, 0) | {"roll": -3}})


def test_a_single_axis_changes_its_name(parts: WidgetFactory) -> None:
    """A value with a single axis gets no zero if another axis is chosen."""
    control = camera(parts, {"type": "simple", "config": {"pan": 4}})
    control.axis.value = "zoom"
    assert control.get() == {"type": "simple", "config": {"zoom": 4}}


def test_the_axis_and_amount_are_kept_through_another_move(control: CameraMoves) -> None:
    """Axis and amount are kept while another move is chosen."""
    control.move.value = ONE_AXIS
    control.axis.value, control.amount.value = "roll", -7
    control.move.value = MOVES["forward_up"].label
    assert control.get() == {"type": "forward_up"}
    control.move.value = ONE_AXIS
    assert control.get() == {"type": "simple", "config": {"roll": -7}}


def test_none_empties_it(parts: WidgetFactory) -> None:
    """None unsets the value, and resets axis and amount."""
    control = camera(parts, {"type": "simple", "config": {"roll": -7}})
    control.set(None)
    assert control.get() is None
    control.move.value = ONE_AXIS
    assert control.get() == {"type": "simple", "config": {"horizontal": 5}}


def test_setting_is_no_change_of_the_users(control: CameraMoves) -> None:
    """Setting a value does not call ``changed``."""
    heard: list[Any] = []
    control.changed = lambda: heard.append(control.get())
    for value in ({"type": "down_back"}, {"type": "simple", "config": {"pan": 1}}, "nonsense", None):
        control.set(value)
    assert heard == []


# Descriptions


def test_only_one_axis_shows_list_and_slider(control: CameraMoves) -> None:
    """List and slider are shown for "one axis" only."""
    shown = {}
    for words in control.move.options:
        control.move.value = words
        shown[words] = control.axis in _within(control.widget) and control.amount in _within(control.widget)
    assert [words for words, on in shown.items() if on] == [ONE_AXIS]


@pytest.mark.parametrize(
    ("axis", "amount", "ends", "said"),
    [
        ("horizontal", -4, ("← left", "right →"), "The camera slides to the left, 4 of 10."),
        ("horizontal", 4, ("← left", "right →"), "The camera slides to the right, 4 of 10."),
        ("vertical", 2.5, ("↓ down", "up ↑"), "The camera rises, 2.5 of 10."),
        ("pan", -1, ("← left", "right →"), "The camera turns to the left, 1 of 10."),
        ("tilt", 1, ("↓ down", "up ↑"), "The camera turns up, 1 of 10."),
        ("roll", 10, ("↺ counterclockwise", "clockwise ↻"), "The camera rolls clockwise, 10 of 10."),
        ("zoom", -3, ("closer", "wider"), "The camera zooms in: closer, 3 of 10."),
        ("zoom", 3, ("closer", "wider"), "The camera zooms out: wider, 3 of 10."),
    ],
)
def test_each_direction_has_its_word(
    parts: WidgetFactory, axis: str, amount: float, ends: tuple[str, str], said: str
) -> None:
    """Each direction is named at its end of the slider and in a sentence."""
    control = camera(parts, {"type": "simple", "config": {axis: amount}})
    assert said in text(control)
    assert text(control).index(ends[0]) < text(control).index(ends[1])


@pytest.mark.parametrize("value", [{"type": "simple"}, {"type": "simple", "config": {"pan": 0}}])
def test_zero_is_said_to_be_still(parts: WidgetFactory, value: Any) -> None:
    """At 0 the control says that the camera does not move, and the field's check warns."""
    control = camera(parts, value)
    assert "At 0 the camera does not move." in text(control)
    assert same(control.get(), value)
    assert [problem.severity for problem in FIELD.check(value)] == ["warning"]


@pytest.mark.parametrize("name", MOVES)
def test_a_move_is_said_and_drawn(parts: WidgetFactory, name: str) -> None:
    """A move has a description beside its picture."""
    control = camera(parts, {"type": name})
    assert MOVES[name].description in text(control)
    assert "<svg" in text(control)


def test_left_alone_the_model_chooses(control: CameraMoves) -> None:
    """Without a move there is no picture, and a line says that the model chooses."""
    assert "The model chooses how the camera moves." in text(control)
    assert "<svg" not in text(control)


def test_pan_and_tilt_are_said_to_be_unsure(parts: WidgetFactory) -> None:
    """Pan and tilt have a note, as Kling's own pages swap them; other axes have none."""
    unsure = {
        axis: "pages disagree" in text(camera(parts, {"type": "simple", "config": {axis: 1}})) for axis in CAMERA_AXES
    }
    assert [axis for axis, on in unsure.items() if on] == ["pan", "tilt"]


def test_a_chosen_move_is_shown_going_there_and_a_dragged_slider_is_not(control: CameraMoves) -> None:
    """A chosen move is animated; a dragged slider and a value set by code show the last frame only."""
    control.set({"type": "down_back"})
    assert "kling-moving" not in text(control)
    control.move.value = ONE_AXIS
    assert "kling-moving" in text(control)
    control.amount.value = 3
    assert "kling-moving" not in text(control)
    control.axis.value = "zoom"
    assert "kling-moving" in text(control)


def test_it_makes_no_widgets_after_the_first(control: CameraMoves) -> None:
    """Repeated choices create no more widgets, and closing the control leaves none."""
    control.move.value = ONE_AXIS
    before = set(alive)
    for words in (*control.move.options, ONE_AXIS):
        control.move.value = words
    for axis in CAMERA_AXES:
        control.axis.value = axis
    assert set(alive) == before


def test_closed_it_leaves_nothing(parts: WidgetFactory) -> None:
    """Closing the control leaves no widgets, with the editor and as JSON."""
    before = set(alive)
    for value in (None, {"type": "simple", "config": {"pan": 4}}, "nonsense"):
        camera(parts, value).close()
        assert set(alive) == before
