"""The form's presets, as data: the list and its buttons."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.controls import WidgetFactory
from kling_widgets.notebook.form.form import Form
from kling_widgets.notebook.form.presets_pane import NONE, Presets
from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.presets import PresetStore
from tests.notebook import said

BOAT = VideoRequest("2.6", prompt="a paper boat", seconds=5)
SHIP = VideoRequest("3.0", prompt="a ship")


class Shelf:
    """Presets as a user handles them, beside a form that holds one request."""

    def __init__(self, store: PresetStore, request: VideoRequest = BOAT) -> None:
        self.store, self.request = store, request
        self.presets = Presets(WidgetFactory(LocalMedia(Path("uploads"))), store, lambda: self.request, self.take)
        choose, save = (box.children for box in self.presets.widget.children[:2])
        self.list, self.apply, self.delete = choose
        self.name, self.save = save

    def take(self, request: VideoRequest) -> None:
        self.request = request

    @property
    def said(self) -> str:
        return html.unescape(re.sub("<[^>]+>", "", self.presets.widget.children[2].value))

    def keep(self, name: str, request: VideoRequest) -> None:
        self.request, self.name.value = request, name
        self.save.click()


@pytest.fixture
def store(tmp_path: Path) -> PresetStore:
    return PresetStore(tmp_path / "presets")


@pytest.fixture
def shelf(store: PresetStore) -> Shelf:
    return Shelf(store)


def test_at_first_there_is_nothing_to_choose(shelf: Shelf) -> None:
    """The list says so, and only saving can be done."""
    assert [label for label, _ in shelf.list.options] == [NONE]
    assert [each.disabled for each in (shelf.list, shelf.apply, shelf.delete, shelf.save)] == [True, True, True, False]
    assert shelf.said == ""


def test_save_and_apply(shelf: Shelf) -> None:
    """A saved preset is listed by its name; applying it restores the values and fills in the name."""
    shelf.keep("boat", BOAT)
    assert shelf.said == "Saved “boat”."
    shelf.keep("ship", SHIP)
    assert shelf.list.options == ("boat", "ship")
    assert shelf.list.value == "ship"
    shelf.list.value = "boat"
    shelf.request = VideoRequest("2.6")
    shelf.apply.click()
    assert shelf.request == BOAT
    assert shelf.said == "Applied “boat”."
    assert shelf.name.value == "boat"


def test_what_the_form_holds_is_replaced_by_a_second_click(shelf: Shelf) -> None:
    """The first one asks, as there is no way back."""
    shelf.keep("boat", BOAT)
    shelf.request = SHIP
    shelf.apply.click()
    assert (shelf.request, shelf.apply.description) == (SHIP, "Apply over this form")
    assert shelf.said == "A second click replaces all values of the form by “boat”."
    shelf.apply.click()
    assert (shelf.request, shelf.apply.description) == (BOAT, "Apply")
    assert shelf.said == "Applied “boat”."


@pytest.mark.parametrize("held", [BOAT, VideoRequest("2.6"), VideoRequest("3.0")])
def test_where_nothing_is_lost_one_click_applies(shelf: Shelf, held: VideoRequest) -> None:
    """Into a form without a value, of any model, or with the very same ones."""
    shelf.keep("boat", BOAT)
    shelf.request = held
    shelf.apply.click()
    assert (shelf.request, shelf.apply.description) == (BOAT, "Apply")


@pytest.mark.parametrize("door", ["apply", "new"])
def test_a_file_that_was_not_kept_is_missed(session: Session, door: str) -> None:
    """By the form, beside the button, however the preset comes into it, until another one is chosen."""
    request = BOAT.replace(image=Path("first.png"), dynamic_masks=[{"mask_url": Path("m.png"), "trajectories": []}])
    Shelf(session.presets).keep("boat", request.replace(image_tail="https://example.com/last.png"))
    form = Form.from_request(VideoRequest("3.0") if door == "apply" else session.presets.load("boat"), session)
    if door == "apply":
        for words in ("▸ Presets", "Apply"):
            next(each for each in within(form.widget) if getattr(each, "description", "") == words).click()
    assert form.request == BOAT.replace(image_tail="https://example.com/last.png")
    for label in ("First frame", "Motion brush"):
        assert f"{label} was a file in the request that this form was made from: choose it again." in text(form)
    form.controls["image"].set_value("https://example.com/first.png")
    form.controls["image"].notify_changed()
    assert "First frame was a file" not in text(form) and "Motion brush was a file" in text(form)


def within(widget: Any) -> Iterator[Any]:
    """Everything that a widget holds, in order."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from within(child)


def text(form: Form) -> str:
    """All that can be read in a form."""
    return said.text(form._parts, form.widget)


def test_another_form_has_them_too(shelf: Shelf, store: PresetStore) -> None:
    """At once when it is made, or when it looks again."""
    other = Shelf(store)
    shelf.keep("boat", BOAT)
    assert (Shelf(store).list.options, Shelf(store).list.value) == (("boat",), "boat")
    other.presets.refresh()
    assert other.list.options == ("boat",)
    assert not other.apply.disabled


def test_a_name_that_is_taken_is_replaced_by_a_button_that_says_so(shelf: Shelf) -> None:
    """The first click asks, also when another kernel saved it meanwhile."""
    PresetStore(shelf.store.folder).save("boat", SHIP)
    shelf.name.value = " boat "
    shelf.save.click()
    assert shelf.save.description == "Replace"
    assert shelf.said == "There is already a preset “boat”: a second click replaces it."
    assert shelf.store.load("boat") == SHIP
    assert shelf.list.options == ("boat",)
    shelf.save.click()
    assert shelf.store.load("boat") == BOAT
    assert (shelf.said, shelf.save.description) == ("Saved “boat”.", "Save")


def test_half_a_name_is_never_saved(shelf: Shelf) -> None:
    """The box sends its text when it loses the focus: a click would overtake single letters."""
    assert not shelf.name.continuous_update


def test_deleting_takes_two_clicks(shelf: Shelf) -> None:
    """The first one asks."""
    shelf.keep("boat", BOAT)
    shelf.keep("ship", SHIP)
    shelf.delete.click()
    assert shelf.delete.description == "Really delete"
    assert shelf.said == "A second click deletes “ship”."
    assert shelf.store.names() == ("boat", "ship")
    shelf.delete.click()
    assert shelf.store.names() == shelf.list.options == ("boat",)
    assert (shelf.said, shelf.delete.description) == ("Deleted “ship”.", "Delete")
    shelf.delete.click()
    shelf.delete.click()
    assert [label for label, _ in shelf.list.options] == [NONE]
    assert shelf.delete.disabled


@pytest.mark.parametrize("then", ["choose", "type", "look", "the other"])
@pytest.mark.parametrize("question", ["delete", "save", "apply"])
def test_a_question_is_about_that_one_alone(shelf: Shelf, question: str, then: str) -> None:
    """Whatever else is done takes the question back: the next click asks again, or does what the button says."""
    shelf.keep("boat", BOAT)
    shelf.keep("ship", SHIP)
    shelf.request = held = VideoRequest("o1", prompt="a raft")
    buttons = {"delete": shelf.delete, "save": shelf.save, "apply": shelf.apply}
    buttons[question].click()
    assert buttons[question].description in ("Really delete", "Replace", "Apply over this form")
    if then == "choose":
        shelf.list.value = "boat"
    elif then == "type":
        shelf.name.value = "boat"
    elif then == "look":
        shelf.presets.refresh()
    else:
        next(each for name, each in buttons.items() if name != question).click()
    assert buttons[question].description in ("Delete", "Save", "Apply")
    buttons[question].click()
    assert (shelf.store.load("boat"), shelf.store.load("ship"), shelf.request) == (BOAT, SHIP, held)


def test_one_that_is_gone_is_said(shelf: Shelf, store: PresetStore) -> None:
    """Another kernel deleted it: the error says so, and the list is right again."""
    for name in ("boat", "raft", "ship"):
        shelf.keep(name, BOAT)
    for button, name in ((shelf.apply, "ship"), (shelf.delete, "raft")):
        shelf.list.value = name
        button.click()
        shelf.list.value = name
        store.delete(name)
        button.click()
        assert shelf.said.startswith(f"Error: There is no preset “{name}”.")
        assert name not in shelf.list.options
    assert shelf.list.options == ("boat",)


@pytest.mark.parametrize(
    ("name", "said"), [("", "Error: The preset needs a name."), ("x" * 81, "Error: A preset's name has at most 80")]
)
def test_a_name_that_cannot_be_is_said(shelf: Shelf, name: str, said: str) -> None:
    """Nothing is saved."""
    shelf.keep(name, BOAT)
    assert shelf.said.startswith(said)
    assert shelf.store.names() == ()


def test_files_that_are_not_kept_are_said(shelf: Shelf) -> None:
    """By their labels."""
    shelf.keep("boat", BOAT.replace(image="a.png", image_list=["b.png"]))
    assert shelf.said == "Saved “boat”. Not saved, as presets contain links but no files: First frame, References."


def test_a_broken_file_is_said_and_the_others_are_there(shelf: Shelf) -> None:
    """As long as it is there."""
    shelf.keep("boat", BOAT)
    (shelf.store.folder / "<b>.json").write_text("{")
    shelf.presets.refresh()
    assert shelf.list.options == ("boat",)
    assert "Note: These files in" in shelf.said and "<b>.json" in shelf.said
    assert "<b>" not in shelf.presets.widget.children[2].value


def test_what_the_form_cannot_take_is_said(store: PresetStore) -> None:
    """An error of the form is shown in the status, as text."""
    store.save("boat", BOAT)

    def refuse(request: VideoRequest) -> None:
        raise InvalidRequestError("Not <now>.")

    presets = Presets(WidgetFactory(LocalMedia(Path("uploads"))), store, lambda: BOAT, refuse)
    presets.widget.children[0].children[1].click()
    assert "Error: Not &lt;now&gt;." in presets.widget.children[2].value


def test_everything_has_its_words(shelf: Shelf) -> None:
    """Each control has a visible label, and a sentence more in its tooltip; there are few of them."""
    controls = [child for box in shelf.presets.widget.children[:2] for child in box.children]
    assert [each.description for each in controls] == ["Preset", "Apply", "Delete", "Name", "Save"]
    assert all(each.tooltip for each in controls)


def test_it_gives_its_widgets_back(store: PresetStore) -> None:
    """Closing what it shows leaves nothing of it behind."""
    parts = said.parts(Path("uploads"))
    before = {*alive}
    presets = Presets(parts, store, lambda: BOAT, lambda request: None)
    assert {*alive} - before
    parts.close(presets.widget)
    assert not {*alive} - before


def test_a_name_that_looks_like_a_key_is_taken_out(store: PresetStore) -> None:
    """The value of the box would be saved with the notebook, even if no preset is."""
    shelf = Shelf(store)
    key = "sk-" + "Abc123xyz" * 4
    shelf.name.value = key
    assert shelf.name.value == "" and "not like a name" in shelf.said and key not in shelf.said
    shelf.save.click()
    assert store.names() == ()
