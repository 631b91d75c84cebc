"""A collapsible part: opening, closing, its title, and its cost."""

from __future__ import annotations

from pathlib import Path

import ipywidgets as widgets
import pytest

from kling_widgets.notebook.controls import WidgetFactory
from kling_widgets.notebook.form.collapsible import Collapsible
from tests.notebook import said


@pytest.fixture
def parts(tmp_path: Path) -> WidgetFactory:
    return said.parts(tmp_path)


def title(fold: Collapsible) -> str:
    return str(fold.widget.children[0].description)


def test_the_content_is_asked_for_when_it_opens(parts: WidgetFactory) -> None:
    """Not before; and its owner hears of a click, not of what a program does."""
    inside, asked, clicks = widgets.HTML("x"), list[int](), list[int]()

    def content() -> list[widgets.Widget]:
        asked.append(1)
        return [inside]

    fold = Collapsible("More", parts, content, lambda: clicks.append(1))
    assert (title(fold), asked, len(fold.widget.children)) == ("▸ More", [], 1)
    fold.widget.children[0].click()
    assert (title(fold), asked, clicks) == ("▾ More", [1], [1])
    assert fold.widget.children[1] is inside
    fold.open(False)
    assert (title(fold), asked, clicks, len(fold.widget.children)) == ("▸ More", [1], [1], 1)


def test_the_title_says_what_it_holds(parts: WidgetFactory) -> None:
    """An empty summary adds nothing."""
    fold = Collapsible("More", parts, list)
    for held, wanted in (("2 of 9", "▸ More (2 of 9)"), ("a (b)", "▸ More (a (b))"), ("", "▸ More")):
        fold.set_summary(held)
        assert title(fold) == wanted
    fold.set_summary("one")
    fold.open()
    assert title(fold) == "▾ More (one)"


def test_closed_it_leaves_the_content_to_its_owner(parts: WidgetFactory) -> None:
    """It shows no more, and lives."""
    inside = widgets.HTML("x")
    fold = Collapsible("More", parts, lambda: [inside])
    fold.open()
    assert inside in fold.widget.children
    fold.open(False)
    assert inside not in fold.widget.children
    assert inside.comm is not None
