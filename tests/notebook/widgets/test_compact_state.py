"""Widgets whose first message leaves out defaults; a browser test checks that the page fills them in."""

from __future__ import annotations

from collections.abc import Iterator

import ipywidgets as widgets
import pytest

from kling_widgets.notebook.widgets.compact_state import compact_state
from tests.notebook.comms import Comms, counted


@pytest.fixture
def comms() -> Iterator[Comms]:
    with counted() as comms:
        yield comms


def test_it_is_a_widget_of_its_kind() -> None:
    """One class for all of them, with all that the kind can do."""
    button = compact_state(widgets.Button)(description="Go")
    assert isinstance(button, widgets.Button)
    assert compact_state(widgets.Button) is type(button)
    clicks: list[object] = []
    button.on_click(clicks.append)
    button.click()
    assert clicks == [button]


def test_it_opens_with_what_is_not_its_default(comms: Comms) -> None:
    """Values that are set, and which model it is."""
    layout = compact_state(widgets.Layout)()
    style = compact_state(widgets.ButtonStyle)()
    comms.clear()
    compact_state(widgets.Button)(description="Go", layout=layout, style=style, _dom_classes=("a",))
    widgets.Button(description="Go", layout=layout, style=style, _dom_classes=("a",))
    few, all_of_it = comms.opened
    assert few < all_of_it / 2
    assert few < 250


def test_a_layout_that_says_something_is_named(comms: Comms) -> None:
    """At once, or later on."""
    for layout in (compact_state(widgets.Layout)(width="9px"), compact_state(widgets.Layout)()):
        layout.height = "9px"
        comms.clear()
        compact_state(widgets.Button)(
            style=compact_state(widgets.ButtonStyle)(), layout=compact_state(widgets.Layout)()
        )
        compact_state(widgets.Button)(style=compact_state(widgets.ButtonStyle)(), layout=layout)
        *_, without, _, named = comms.opened
        assert named - without == len(f', "layout": "IPY_MODEL_{layout.model_id}"')


@pytest.mark.parametrize("kind", [widgets.Text, widgets.Layout, widgets.ToggleButtons])
def test_whoever_asks_for_everything_gets_everything(kind: type[widgets.Widget]) -> None:
    """As a reloaded page does, and a notebook that is saved with its widgets."""
    few, usual = compact_state(kind)(), kind()
    assert few.get_state().keys() == usual.get_state().keys()
    same = few.get_state().keys() - {"layout", "style"}
    assert {name: few.get_state()[name] for name in same} == {name: usual.get_state()[name] for name in same}


def test_changes_are_told(comms: Comms) -> None:
    """Also a change back to the default."""
    text = compact_state(widgets.Text)()
    comms.clear()
    text.value = "a"
    text.value = ""
    assert [message["state"] for message in comms.sent] == [{"value": "a"}, {"value": ""}]
