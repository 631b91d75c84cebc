"""The code pane: four tabs that follow a request."""

from __future__ import annotations

import html
from pathlib import Path

import pytest
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.core.request import VideoRequest
from kling_widgets.notebook.code import TABS, CodePane
from kling_widgets.notebook.controls import Parts
from kling_widgets.notebook.local_media import LocalMedia
from tests.notebook.conftest import KEY


@pytest.fixture
def pane(tmp_path: Path) -> CodePane:
    """A pane of a request that the test changes: ``pane.asked``."""
    asked = [VideoRequest("2.6")]
    pane = CodePane(Parts(LocalMedia(tmp_path)), lambda: asked[0])
    pane.asked = asked  # type: ignore[attr-defined]
    return pane


def ask(pane: CodePane, request: VideoRequest) -> str:
    """What the pane shows for the request."""
    pane.asked[0] = request  # type: ignore[attr-defined]
    pane.refresh()
    return str(pane.tabs.children[0].value)


@pytest.mark.parametrize("index", range(len(TABS)))
@pytest.mark.parametrize(
    "request_",
    [
        VideoRequest("2.6"),
        VideoRequest("9", seconds="abc"),
        VideoRequest("2.6", prompt="<b>纸船</b> & 'it' \"is\"\n$x$", image="my pictures/first.png"),
    ],
)
def test_each_tab_shows_its_code(pane: CodePane, index: int, request_: VideoRequest) -> None:
    """Escaped and selectable, and as it is for the copy button, also for an unfinished or mistaken request."""
    pane.tabs.selected_index = index
    write = list(TABS.values())[index]
    assert ask(pane, request_) == f'<pre tabindex="0">{html.escape(write(request_))}</pre>'
    assert pane.copy.text == write(request_)


def test_changing_the_tab_changes_the_code(pane: CodePane) -> None:
    """The one text is written anew for the tab that shows."""
    ask(pane, VideoRequest("2.6", prompt="a boat"))
    pane.tabs.selected_index = 3
    assert "&quot;prompt&quot;: &quot;a boat&quot;" in pane.tabs.children[0].value
    pane.tabs.selected_index = 0
    assert "%kling" in pane.tabs.children[0].value
    assert pane.copy.text.startswith("%kling")


def test_folded_it_rests(pane: CodePane) -> None:
    """Nothing is written where nothing shows; opened again, it is up to date."""
    ask(pane, VideoRequest("2.6", prompt="a boat"))
    pane.tabs.selected_index = None
    assert pane.copy.text == ""
    assert "a boat" in ask(pane, VideoRequest("2.6", prompt="a ship"))
    pane.tabs.selected_index = 0
    assert "a ship" in pane.tabs.children[0].value


def test_no_code_holds_a_key(pane: CodePane) -> None:
    """A key that slipped into the prompt stands in no snippet."""
    for index in range(len(TABS)):
        pane.tabs.selected_index = index
        assert KEY not in ask(pane, VideoRequest("2.6", prompt=f"a boat {KEY}"))
        assert KEY not in pane.copy.text


def test_four_tabs_cost_one_text(tmp_path: Path) -> None:
    """One text model is seen in all of them."""
    before = len(alive)
    pane = CodePane(Parts(LocalMedia(tmp_path)), lambda: VideoRequest("2.6"))
    assert len({id(child) for child in pane.tabs.children}) == 1
    assert len(alive) - before <= 16
