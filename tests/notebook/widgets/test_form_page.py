"""The page's side of a form: messages, buttons and chosen files; the page itself is tested in a browser."""

from __future__ import annotations

import re

import pytest

from kling_widgets.notebook.widgets.form_page import LARGEST_CHOSEN, Message
from kling_widgets.notebook.widgets.form_page import FormPage as Side
from tests.notebook.controls.page import Page

Taken = list[tuple[str, bytes | None] | str]


@pytest.fixture
def side() -> Side:
    return Side()


@pytest.fixture
def taken(side: Side) -> Taken:
    """Return a list of the files that are chosen in the slot "first"."""
    taken: Taken = []
    side.add_file_chooser(
        "first", "a picture", ("image/png",), lambda: taken.append("begin"), lambda *file: taken.append(file)
    )
    return taken


@pytest.fixture
def page(side: Side) -> Page:
    return Page(side)


def test_the_module_loads_nothing_else_and_has_one_export(side: Side) -> None:
    """It is made of several files, and is sent without their comments; its errors show in the form."""
    module = str(side._esm)
    assert not re.search(r"^\s*import\b|\bimport\(|\s//", module, re.MULTILINE)
    assert re.findall(r"^export .*", module, re.MULTILINE) == ["export default { render: guarded(render) };"]


def test_messages_replace_those_of_the_slot(side: Side) -> None:
    """With the labels of their buttons; messages without a text are left out, and empty slots are removed."""
    side.set_messages("a", Message("one"), Message(""), Message("two", "kling-note", (("Go", lambda: None),), "alert"))
    assert side.messages == {"a": [("one", "kling-dim", (), "", ""), ("two", "kling-note", ("Go",), "alert", "")]}
    side.set_messages("a", Message("three"))
    side.set_static("b", Message("four"))
    assert (list(side.messages), list(side.static)) == (["a"], ["page", "b"])
    side.set_messages("a")
    assert side.messages == {}
    side.clear("b")
    assert list(side.static) == ["page"]


def test_the_same_messages_are_not_sent_again(side: Side, page: Page) -> None:
    """Several changes at once are sent together."""
    for _ in range(2):
        side.set_messages("a", Message("one"))
    assert [list(state) for state in page.wire.states] == [["messages"]]
    with side.hold_sync():
        side.set_messages("a", Message("two"))
        side.set_messages("b", Message("three"))
        side.code = "%kling"
    assert sorted(page.wire.states[-1]) == ["code", "messages"]
    assert len(page.wire.states) == 2


def test_a_button_does_what_it_says_as_long_as_it_is_there(side: Side, page: Page) -> None:
    """A click that comes late is a click on nothing."""
    pressed: list[str] = []
    actions = (("Go", lambda: pressed.append("went")), ("Stay", lambda: pressed.append("stayed")))
    side.set_messages("a", Message("x", actions=actions))
    page.says({"press": "a", "label": "Stay"})
    assert pressed == ["stayed"]
    side.set_messages("a")
    for message in ({"press": "a", "label": "Stay"}, {"press": "b", "label": "Go"}, {"press": 1}, {}):
        page.says(message)
    assert pressed == ["stayed"]


def test_a_style_sheet_is_sent_once(side: Side, page: Page) -> None:
    """The first control that needs it loads it."""
    assert side.media == ""
    for _ in range(2):
        side.load_css("media")
    assert "kling-thumb" in side.media
    assert [list(state) for state in page.wire.states] == [["media"]]


def test_files_come_one_by_one(page: Page, taken: Taken) -> None:
    """First that there are some, then each with its bytes; of another place none."""
    page.says({"chosen": "first", "count": 2})
    page.says({"chosen": "first", "name": "a.png", "size": 3}, b"abc")
    page.says({"chosen": "other", "name": "x.png", "size": 3}, b"xyz")
    page.says({"chosen": "first", "name": "b.png", "size": 1}, b"b")
    assert taken == ["begin", ("a.png", b"abc"), ("b.png", b"b")]


def test_what_is_too_large_comes_without_bytes(page: Page, taken: Taken) -> None:
    """Also if a page sends them anyway."""
    page.says({"chosen": "first", "name": "a.png", "size": LARGEST_CHOSEN + 1})
    page.says({"chosen": "first", "name": "b.png", "size": 3}, bytes(LARGEST_CHOSEN + 1))
    assert taken == [("a.png", None), ("b.png", None)]


def test_no_byte_is_a_trait(page: Page, taken: Taken) -> None:
    """A trait is saved with the notebook."""
    page.says({"chosen": "first", "name": "a.png", "size": 3}, b"abc")
    assert taken
    assert b"abc" not in page.widget.get_state().values()
    assert [list(state) for state in page.wire.states] == [["choosers"]]


def test_what_is_not_understood_is_nothing(page: Page, taken: Taken) -> None:
    """A message of another kind."""
    page.says({"chosen": "first", "name": 5})
    page.says({"chosen": 5})
    page.says({})
    assert taken == []
