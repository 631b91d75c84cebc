"""The code pane: four tabs that follow a request."""

from __future__ import annotations

from pathlib import Path

import pytest
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.notebook.controls import WidgetFactory
from kling_widgets.notebook.form.code_pane import CodePane
from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.request.code_kinds import CODE_KINDS
from kling_widgets.request.request import VideoRequest
from tests.notebook.conftest import KEY


@pytest.fixture
def pane(tmp_path: Path) -> CodePane:
    """A pane that shows nothing yet."""
    return CodePane(WidgetFactory(LocalMedia(tmp_path)))


def ask(pane: CodePane, request: VideoRequest) -> str:
    """Return what the pane shows for the request."""
    pane.show(request)
    return str(pane._page.code)


@pytest.mark.parametrize("index", range(len(CODE_KINDS)))
@pytest.mark.parametrize(
    "request_",
    [
        VideoRequest("2.6"),
        VideoRequest("9", seconds="abc"),
        VideoRequest("2.6", prompt="<b>纸船</b> & 'it' \"is\"\n$x$", image="my pictures/first.png"),
    ],
)
def test_each_tab_shows_its_code(pane: CodePane, index: int, request_: VideoRequest) -> None:
    """As it is, for the page makes text of it; also for an unfinished or mistaken request."""
    pane.widget.selected_index = index
    write = list(CODE_KINDS.values())[index]
    assert ask(pane, request_) == write(request_)


def test_changing_the_tab_changes_the_code(pane: CodePane) -> None:
    """The text is updated for the selected tab."""
    ask(pane, VideoRequest("2.6", prompt="a boat"))
    pane.widget.selected_index = 3
    assert '"prompt": "a boat"' in pane._page.code
    pane.widget.selected_index = 0
    assert pane._page.code.startswith("%kling")


def test_folded_it_rests(pane: CodePane) -> None:
    """Nothing is written where nothing shows; opened again, it is up to date."""
    ask(pane, VideoRequest("2.6", prompt="a boat"))
    pane.widget.selected_index = None
    assert pane._page.code == ""
    assert ask(pane, VideoRequest("2.6", prompt="a ship")) == ""
    pane.widget.selected_index = 0
    assert "a ship" in pane._page.code


def test_no_code_holds_a_key(pane: CodePane) -> None:
    """No snippet contains a key that was typed into the prompt."""
    for index in range(len(CODE_KINDS)):
        pane.widget.selected_index = index
        assert KEY not in ask(pane, VideoRequest("2.6", prompt=f"a boat {KEY}"))


def test_four_tabs_cost_one_place(tmp_path: Path) -> None:
    """One place is seen in all of them."""
    parts = WidgetFactory(LocalMedia(tmp_path))
    before = len(alive)
    pane = CodePane(parts)
    assert len({id(child) for child in pane.widget.children}) == 1
    assert len(alive) - before == 2
