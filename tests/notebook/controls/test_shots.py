"""The shot table: its value, and the messages about the length."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.core.problem import Problem
from kling_widgets.notebook.controls import WidgetFactory, make
from kling_widgets.notebook.controls.shots import MOST_ROWS, ShotTable, spread
from kling_widgets.request.request import VideoRequest
from tests.notebook import said

FIELD = FIELDS["multi_prompt"]


def shots(*lengths: int, prompt: str = "shot") -> list[dict[str, Any]]:
    """Return a value of shots of these lengths, each with a prompt."""
    return [
        {"index": number, "prompt": f"{prompt} {number}", "duration": str(length)}
        for number, length in enumerate(lengths, 1)
    ]


class Form:
    """Simulated form: it holds the values, and updates the control with them."""

    def __init__(self, parts: WidgetFactory, model: str = "3.0", **fields: Any) -> None:
        control = make(FIELD, parts)
        assert isinstance(control, ShotTable)
        self.table, self.request = control, VideoRequest(model, **fields)
        self.assigned: list[Mapping[str, Any]] = []
        control.changed = lambda: self.take({FIELD.name: control.get()})
        control.assign = self.assign
        control.set(self.request.get(FIELD.name))
        self.take({})

    def assign(self, values: Mapping[str, Any]) -> None:
        self.assigned.append(dict(values))
        self.take(values)

    def take(self, values: Mapping[str, Any]) -> None:
        self.request = self.request.replace(**values)
        self.table.update_context(self.request)
        self.table.show([(problem, ()) for problem in self.request.problems() if problem.field == FIELD.name])

    @property
    def value(self) -> Any:
        return self.request.get(FIELD.name)

    @property
    def all(self) -> list[Any]:
        """Return every visible widget in order, and the buttons of messages."""
        return [*_within(self.table.widget), *said.presses(self.table.parts.page)]

    def button(self, words: str) -> widgets.Button:
        """Return the visible button with this text or tooltip."""
        (found,) = (
            each
            for each in self.all
            if isinstance(each, (widgets.Button, said.Pressed))
            and words in (each.description, getattr(each, "tooltip", ""))
        )
        return found

    def has(self, words: str) -> bool:
        return any(words == getattr(each, "description", "") for each in self.all)

    def prompts(self) -> list[widgets.Textarea]:
        return [each for each in self.all if isinstance(each, widgets.Textarea)]

    def seconds(self) -> list[widgets.BoundedIntText]:
        return [each for each in self.all if isinstance(each, widgets.BoundedIntText)]

    @property
    def text(self) -> str:
        """Return all text of the control."""
        return said.text(self.table.parts, self.table.widget)


def _within(widget: widgets.Widget) -> list[widgets.Widget]:
    return [widget, *(each for child in getattr(widget, "children", ()) for each in _within(child))]


@pytest.fixture
def parts(tmp_path: Path) -> WidgetFactory:
    return said.parts(tmp_path)


@pytest.fixture
def form(parts: WidgetFactory) -> Form:
    return Form(parts)


# Setting and getting values

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
values = st.lists(st.tuples(texts, st.integers(1, 9999)), min_size=1, max_size=MOST_ROWS).map(
    lambda rows: [
        {"index": number, "prompt": prompt, "duration": str(length)} for number, (prompt, length) in enumerate(rows, 1)
    ]
)
_keys = st.one_of(st.sampled_from(["index", "prompt", "duration", "type", "config", "pan"]), st.text(max_size=3))
_inner = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_keys, inner, max_size=3)),
    max_leaves=8,
)
anything = st.one_of(
    st.lists(_inner, max_size=3), st.lists(st.dictionaries(_keys, _inner)), st.dictionaries(_keys, _inner), st.text()
)


@given(st.lists(st.one_of(st.none(), values), min_size=1, max_size=4))
def test_what_fits_comes_back_as_it_was(parts: WidgetFactory, several: list[Any]) -> None:
    """Values that the rows can show are returned unchanged, one after the other."""
    table = make(FIELD, parts)
    assert isinstance(table, ShotTable)
    for value in several:
        assert value is None or table.can_edit(value)
        table.set(value)
        assert table.get() == value
        assert not table.as_json
    table.close()


@given(anything)
def test_what_does_not_fit_is_reported_and_kept(parts: WidgetFactory, value: Any) -> None:
    """Any other value makes no rows, and is kept without loss."""
    table = make(FIELD, parts)
    assert isinstance(table, ShotTable)
    assert table.can_edit(value) in (True, False)
    wanted = VideoRequest("3.0", multi_prompt=value)
    table.set(wanted.get("multi_prompt"))
    assert VideoRequest("3.0", multi_prompt=table.get()) == wanted
    table.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"index": 1, "prompt": "a"},
        {"index": 1, "duration": "3"},
        {"prompt": "a", "duration": "3"},
        {"index": 1, "prompt": "a", "duration": "3", "more": 1},
        {"index": 2, "prompt": "a", "duration": "3"},
        {"index": "1", "prompt": "a", "duration": "3"},
        {"index": True, "prompt": "a", "duration": "3"},
        {"index": 1.0, "prompt": "a", "duration": "3"},
        {"index": 1, "prompt": None, "duration": "3"},
        {"index": 1, "prompt": ["a"], "duration": "3"},
        {"index": 1, "prompt": "a", "duration": "0"},
        {"index": 1, "prompt": "a", "duration": "-3"},
        {"index": 1, "prompt": "a", "duration": "3.5"},
        {"index": 1, "prompt": "a", "duration": "3s"},
        {"index": 1, "prompt": "a", "duration": ""},
        {"index": 1, "prompt": "a", "duration": None},
        {"index": 1, "prompt": "a", "duration": 2.5},
        {"index": 1, "prompt": "a", "duration": True},
        5,
        None,
    ],
)
def test_other_shapes_are_json(parts: WidgetFactory, wrong: Any) -> None:
    """Shots with other keys, types or indexes are shown as JSON and sent unchanged."""
    form = Form(parts, multi_prompt=[wrong])
    assert form.table.as_json
    assert json.loads(form.prompts()[0].value) == form.value
    assert VideoRequest("3.0", multi_prompt=form.table.get()).get("multi_prompt") == form.value


@pytest.mark.parametrize("seconds", [3, 3.0, "03", " 3 "])
def test_numbers_of_seconds_are_taken_too(parts: WidgetFactory, seconds: Any) -> None:
    """Durations set as numbers are accepted; the body has text, as the service expects."""
    form = Form(parts, multi_prompt=[{"index": 1, "prompt": "a", "duration": seconds}])
    assert form.seconds()[0].value == 3
    assert form.table.get() == [{"index": 1, "prompt": "a", "duration": "3"}]


def test_a_lone_shot_is_a_list_of_one(parts: WidgetFactory) -> None:
    """A single shot without a list becomes a list of one."""
    form = Form(parts, multi_prompt='{"index": 1, "prompt": "a", "duration": 3}')
    assert [box.value for box in form.prompts()] == ["a"]
    assert form.table.get() == [{"index": 1, "prompt": "a", "duration": "3"}]


def test_a_row_is_a_numbered_prompt_and_its_seconds(parts: WidgetFactory) -> None:
    """Each input has a label and each button a tooltip; the first cannot move up nor the last down."""
    form = Form(parts, multi_prompt=shots(2, 3))
    assert [(box.description, box.value) for box in form.prompts()] == [("Shot 1", "shot 1"), ("Shot 2", "shot 2")]
    assert [(box.description, box.value, box.min) for box in form.seconds()] == [("seconds", 2, 1), ("seconds", 3, 1)]
    hints = [each.tooltip for each in form.all if isinstance(each, widgets.Button) and len(each.description) == 1]
    assert hints == [
        f"{does}" for n in (1, 2) for does in (f"Move shot {n} up", f"Move shot {n} down", f"Remove shot {n}")
    ]
    assert [form.button(f"Move shot {n} {way}").disabled for n in (1, 2) for way in ("up", "down")] == [
        True,
        False,
        False,
        True,
    ]


def test_an_unfinished_shot_is_a_value(form: Form) -> None:
    """A shot without a prompt is shown and kept, with an error."""
    form.button("Add a shot").click()
    assert form.value == [{"index": 1, "prompt": "", "duration": "5"}]
    assert form.prompts()[0].placeholder == "What happens in shot 1?"


def test_typing_never_makes_rows_anew(parts: WidgetFactory) -> None:
    """Typing keeps the widgets, and with them the keyboard focus."""
    form = Form(parts, multi_prompt=shots(2, 3))
    before, boxes = set(alive), (form.prompts(), form.seconds())
    form.prompts()[1].value = "rain falls"
    form.seconds()[0].value = 1
    assert form.value == [
        {"index": 1, "prompt": "shot 1", "duration": "1"},
        {"index": 2, "prompt": "rain falls", "duration": "3"},
    ]
    assert (form.prompts(), form.seconds()) == boxes
    assert set(alive) == before


@pytest.mark.parametrize("work", ["Move shot 2 up", "Move shot 1 down", "Fit the shots to 10 s", "Set the clip to 6 s"])
def test_shots_move_through_rows_that_stay(parts: WidgetFactory, work: str) -> None:
    """Moving shots and changing lengths create no widgets."""
    form = Form(parts, multi_prompt=shots(1, 2, 3), seconds=10)
    before, boxes = set(alive), form.prompts()
    form.button(work).click()
    assert form.prompts() == boxes
    assert set(alive) <= before  # a note may have gone


# Adding, moving, removing


def test_the_first_shot_turns_the_switches_on_and_the_last_off(form: Form) -> None:
    """The first shot sets the switches that were unset; removing the last shot unsets them again."""
    before = form.request
    form.button("Add a shot").click()
    assert form.assigned == [{"multi_shots": True, "shot_type": "customize"}]
    form.button("Add a shot").click()
    assert len(form.assigned) == 1
    form.button("Remove shot 1").click()
    assert (form.request.get("multi_shots"), form.request.get("shot_type")) == (True, "customize")
    form.button("Remove shot 1").click()
    assert form.request == before


def test_switches_that_the_user_set_are_left_alone(parts: WidgetFactory) -> None:
    """Switches that the user has set, before or in between, are not changed."""
    form = Form(parts, multi_shots=False)
    form.button("Add a shot").click()
    assert form.assigned == [{"shot_type": "customize"}]
    form.take({"shot_type": "intelligence"})
    form.button("Remove shot 1").click()
    assert (form.request.get("multi_shots"), form.request.get("shot_type")) == (False, "intelligence")


def test_switches_of_a_request_from_code_stay(parts: WidgetFactory) -> None:
    """Switches in a request from code are not changed."""
    form = Form(parts, multi_prompt=shots(5), multi_shots=True, shot_type="customize")
    form.button("Remove shot 1").click()
    assert form.assigned == []
    assert dict(form.request.values) == {"multi_shots": True, "shot_type": "customize"}


@pytest.mark.parametrize(
    ("seconds", "given", "new"),
    [(None, [], 5), (10, [], 10), (10, [3], 7), (10, [3, 6], 1), (10, [10], 1), ("abc", [], 5)],
)
def test_a_new_shot_is_what_is_left_of_the_clip(parts: WidgetFactory, seconds: Any, given: list[int], new: int) -> None:
    """A new shot gets the rest of the clip, at least a second; the clip's default length is 5 s."""
    form = Form(parts, seconds=seconds, multi_prompt=shots(*given))
    form.button("Add a shot").click()
    assert form.value[:-1] == shots(*given)
    assert form.value[-1] == {"index": len(given) + 1, "prompt": "", "duration": str(new)}


def test_no_seventh_shot_is_offered(parts: WidgetFactory) -> None:
    """With six shots the button is disabled, with the reason; with fewer it is enabled again."""
    form = Form(parts, multi_prompt=shots(1, 1, 1, 1, 1))
    assert "documented limit" not in form.text
    form.button("Add a shot").click()
    assert form.button("Add a shot").disabled
    assert "6 is the documented limit." in form.text
    form.button("Remove shot 3").click()
    assert not form.button("Add a shot").disabled
    assert "documented limit" not in form.text


def test_seven_shots_from_code_are_shown_and_warned_about(parts: WidgetFactory) -> None:
    """Seven shots from code, and one of 600 characters, are shown unchanged, with a warning."""
    value = [*shots(1, 1, 1, 1, 1, 1), {"index": 7, "prompt": "x" * 600, "duration": "1"}]
    form = Form(parts, multi_prompt=value, seconds=7)
    assert len(form.prompts()) == 7
    assert form.prompts()[6].value == "x" * 600
    assert form.table.get() == value
    assert "Note: Shots: 7 are given, 6 is the documented limit." in form.text
    assert "Note: Shot 7 has 600 characters; 512 is the documented limit." in form.text
    assert form.button("Add a shot").disabled


@pytest.mark.parametrize(("count", "as_json"), [(MOST_ROWS, False), (MOST_ROWS + 1, True), (200, True)])
def test_far_too_many_are_json(parts: WidgetFactory, count: int, as_json: bool) -> None:
    """Far too many shots are shown as JSON, without loss."""
    form = Form(parts, multi_prompt=shots(*[1] * count))
    assert form.table.as_json is as_json
    assert VideoRequest("3.0", multi_prompt=form.table.get()).get("multi_prompt") == shots(*[1] * count)


@pytest.mark.parametrize(
    ("work", "order"),
    [
        ("Move shot 1 down", "b a c"),
        ("Move shot 2 up", "b a c"),
        ("Move shot 2 down", "a c b"),
        ("Move shot 3 up", "a c b"),
        ("Remove shot 1", "b c"),
        ("Remove shot 2", "a c"),
        ("Remove shot 3", "a b"),
    ],
)
def test_shots_are_renumbered(parts: WidgetFactory, work: str, order: str) -> None:
    """A moved shot keeps its prompt and seconds; its index is its position."""
    named = {"a": "1", "b": "2", "c": "3"}
    value = [{"index": n, "prompt": name, "duration": d} for n, (name, d) in enumerate(named.items(), 1)]
    form = Form(parts, multi_prompt=value)
    form.button(work).click()
    wanted = [{"index": n, "prompt": name, "duration": named[name]} for n, name in enumerate(order.split(), 1)]
    assert form.value == form.table.get() == wanted


def test_rows_leave_nothing_behind(form: Form) -> None:
    """Adding and removing shots repeatedly leaves no widgets."""
    form.button("Add a shot").click()
    before = len(alive)  # the notes below are others each time
    for _ in range(3):
        for _ in range(5):
            form.button("Add a shot").click()
        for _ in range(5):
            form.button("Remove shot 1").click()
    assert len(alive) == before


def test_a_row_costs_seven_models(form: Form) -> None:
    """A row has two boxes, two inputs and three buttons: layouts and styles are shared."""
    form.table.set(shots(1))
    before = len(alive)
    form.table.set(shots(1, 1, 1))
    assert len(alive) - before == 14


def test_closed_it_leaves_nothing(parts: WidgetFactory) -> None:
    """Closing the control leaves no widgets: with rows, without, and as JSON."""
    before = set(alive)
    for value in (None, shots(1, 2), shots(*[1] * 50)):
        form = Form(parts, multi_prompt=value)
        form.table.close()
        assert set(alive) == before


# Lengths


@pytest.mark.parametrize(
    ("lengths", "seconds", "words"),
    [
        ([5, 3], 10, "8 of 10 s · 2 s left"),
        ([6, 5], 10, "11 of 10 s · 1 s too many"),
        ([4, 6], 10, "10 of 10 s"),
        ([3], None, "3 of 5 s · 2 s left · 5 s is the default length"),
        ([2, 3], None, "5 of 5 s · 5 s is the default length"),
        ([2, 3], "abc", "5 s in all"),
    ],
)
def test_the_sum_is_shown(parts: WidgetFactory, lengths: list[int], seconds: Any, words: str) -> None:
    """A line says how the seconds add up to the clip's length, and if that is the default."""
    form = Form(parts, multi_prompt=shots(*lengths), seconds=seconds)
    assert f">{words}<" in form.text


def bar(form: Form) -> tuple[list[float], float | None]:
    """Return the segments' widths and, if the shots are too long, the clip's end, in per cent of the bar."""
    widths = [float(width) for width in re.findall(r"width: ([\d.]+)%", form.text)]
    end = re.search(r"left: ([\d.]+)%", form.text)
    return widths, float(end[1]) if end else None


@pytest.mark.parametrize(
    ("lengths", "seconds", "widths", "end"),
    [
        ([], 10, [], None),
        ([2, 3], 10, [20, 30], None),
        ([4, 6], 10, [40, 60], None),
        ([10, 10], 5, [50, 50], 25),
        ([1, 3], "abc", [25, 75], None),
    ],
)
def test_the_bar_is_in_proportion(
    parts: WidgetFactory, lengths: list[int], seconds: Any, widths: list[float], end: float | None
) -> None:
    """The bar is in proportion to the clip, or to longer shots, with a mark at the clip's end."""
    form = Form(parts, multi_prompt=shots(*lengths), seconds=seconds)
    assert bar(form) == (widths, end)


def test_the_bar_follows_what_is_typed(parts: WidgetFactory) -> None:
    """The bar follows typed lengths of shots and clip; it has a label for screen readers."""
    form = Form(parts, multi_prompt=shots(2, 3), seconds=10)
    form.seconds()[1].value = 8
    assert bar(form) == ([20, 80], None)
    assert "10 of 10 s" in form.text
    form.take({"seconds": 5})
    assert bar(form) == ([20, 80], 50)
    assert 'aria-label="shot 1: 2 s, shot 2: 8 s"' in form.text


@pytest.mark.parametrize(("lengths", "seconds"), [([3, 5], 10), ([8, 4], 10), ([3], None), ([5, 3], "abc")])
def test_the_clip_can_be_set_to_the_sum(parts: WidgetFactory, lengths: list[int], seconds: Any) -> None:
    """A button sets the clip's length to the sum; nothing changes before the click."""
    form = Form(parts, multi_prompt=shots(*lengths), seconds=seconds)
    assert form.request.get("seconds") == seconds
    words = f"Set the clip to {sum(lengths)} s"
    form.button(words).click()
    assert form.assigned == [{"seconds": sum(lengths)}]
    assert form.request.get("seconds") == sum(lengths)
    assert form.value == shots(*lengths)
    assert not form.has(words)


def test_the_shots_can_be_fit_to_the_clip(parts: WidgetFactory) -> None:
    """The other button scales the shots' lengths to the clip, and changes nothing else."""
    form = Form(parts, multi_prompt=shots(2, 2, 4), seconds=12)
    form.button("Fit the shots to 12 s").click()
    assert form.value == shots(3, 3, 6)
    assert form.assigned == []
    assert not form.has("Fit the shots to 12 s")
    assert "12 of 12 s" in form.text


@pytest.mark.parametrize(
    ("lengths", "seconds", "clip", "fit"),
    [
        ([], 10, False, False),
        ([5], 5, False, False),
        ([1, 1, 1], 2, True, False),  # three shots do not fit into two seconds
        ([60, 1], 10, False, True),  # no clip is that long
        ([30, 30], 10, True, True),
        ([2], "abc", True, False),
    ],
)
def test_only_what_helps_is_offered(
    parts: WidgetFactory, lengths: list[int], seconds: Any, clip: bool, fit: bool
) -> None:
    """Buttons without an effect, or with an impossible one, are not shown."""
    form = Form(parts, multi_prompt=shots(*lengths), seconds=seconds)
    words = [each.description for each in form.all if isinstance(each, (widgets.Button, said.Pressed))]
    assert any(word.startswith("Set the clip") for word in words) is clip
    assert any(word.startswith("Fit the shots") for word in words) is fit


def test_the_difference_is_shown_once(parts: WidgetFactory) -> None:
    """The line below the bar replaces the note; as JSON, without the bar, the note is shown."""
    form = Form(parts, multi_prompt=shots(3), seconds=10, multi_shots=True, shot_type="customize")
    (problem,) = form.request.problems()
    assert "The shots take 3 s" in problem.message
    assert "The shots take 3 s" not in form.text
    form.table.switch.click()
    assert "Note: The shots take 3 s, but the clip is 10 s." in form.text


def test_other_notes_stay(parts: WidgetFactory) -> None:
    """Other notes are still shown."""
    form = Form(parts, multi_prompt=shots(5))
    form.table.show([(Problem("warning", FIELD.name, "It is odd.", fix={"multi_prompt": None}), ())])
    assert "It is odd." in form.text


@given(st.lists(st.integers(1, 9999), min_size=1, max_size=12), st.integers(0, 100))
def test_spread_lengths_add_up(lengths: list[int], more: int) -> None:
    """Scaled lengths add up to the total, each at least a second, and keep their order within rounding; lengths that
    already add up stay."""
    total = len(lengths) + more
    found = spread(lengths, total)
    assert sum(found) == total
    assert min(found) >= 1
    assert len(found) == len(lengths)
    assert all(
        f <= g + 1 for f, a in zip(found, lengths, strict=True) for g, b in zip(found, lengths, strict=True) if a <= b
    )
    assert spread(lengths, sum(lengths)) == lengths


# The prompt


def test_the_joined_shots_are_shown_as_the_prompt(parts: WidgetFactory) -> None:
    """Without a prompt, a line shows the joined shots, escaped and cut."""
    form = Form(parts, multi_prompt=shots(2, 3, prompt="<b>"))
    assert "the joined shots are sent as the prompt: “&lt;b&gt; 1 &lt;b&gt; 2”" in form.text
    form.take({"prompt": "a boat"})
    assert "joined" not in form.text
    form.take({"prompt": None})
    form.prompts()[0].value = "word " * 100
    assert "…”" in form.text
    for box in form.prompts():
        box.value = ""
    assert "joined" not in form.text


def test_setting_is_no_change_of_the_users(form: Form) -> None:
    """Setting a value neither calls ``changed`` nor assigns other fields."""
    for value in (shots(1), shots(2, 3), None, "nonsense", shots(4), None):
        form.table.set(value)
    assert form.assigned == []
    assert form.value is None
