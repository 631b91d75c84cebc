"""The button that chooses files, its page played by the test; the page itself is tried in a browser."""

from __future__ import annotations

import pytest

from kling_widgets.notebook.controls.chooser import LARGEST_CHOSEN, Chooser
from tests.notebook.controls.page import Page

Taken = list[tuple[str, bytes | None] | str]


@pytest.fixture
def taken() -> Taken:
    return []


@pytest.fixture
def page(taken: Taken) -> Page:
    return Page(Chooser(lambda: taken.append("begin"), lambda name, content: taken.append((name, content))))


def test_files_come_one_by_one(page: Page, taken: Taken) -> None:
    """First that there are some, then each with its bytes."""
    page.says({"chosen": 2})
    page.says({"name": "a.png", "size": 3}, b"abc")
    page.says({"name": "b.png", "size": 1}, b"b")
    assert taken == ["begin", ("a.png", b"abc"), ("b.png", b"b")]


def test_what_is_too_large_comes_without_bytes(page: Page, taken: Taken) -> None:
    """Also when a page sends them nevertheless."""
    page.says({"name": "a.png", "size": LARGEST_CHOSEN + 1})
    page.says({"name": "b.png", "size": 3}, bytes(LARGEST_CHOSEN + 1))
    assert taken == [("a.png", None), ("b.png", None)]


def test_no_byte_is_a_trait(page: Page) -> None:
    """A trait is saved with the notebook."""
    page.says({"name": "a.png", "size": 3}, b"abc")
    assert b"abc" not in page.widget.get_state().values()
    assert page.wire.states == []


def test_what_is_not_understood_is_nothing(page: Page, taken: Taken) -> None:
    """A message of another kind."""
    page.says({"name": 5})
    page.says({})
    assert taken == []
