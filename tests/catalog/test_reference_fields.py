"""Reference pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kling_widgets.catalog.all_fields import FIELDS
from tests.catalog.test_fields import HTTPS, said


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        (HTTPS, [HTTPS]),
        (Path("a.png"), [Path("a.png")]),
        ([HTTPS, None, "", "a.png"], [HTTPS, Path("a.png")]),
        ([], None),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_a_list_of_links_in_its_one_form(value: Any, clean: Any) -> None:
    """A single link becomes a list; empty items are dropped."""
    cleaned = FIELDS["image_list"].clean(value, paths=True)
    assert cleaned == clean and type(cleaned) is type(clean)


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ([HTTPS], None),
        ([f"{HTTPS}?{n}" for n in range(9)], None),
        ([f"{HTTPS}?{n}" for n in range(10)], "error"),
        ([HTTPS, HTTPS], "warning"),
        ([5], "error"),
        ({"a": HTTPS}, "error"),
    ],
)
def test_what_is_wrong_with_a_list_of_links(value: Any, severity: str | None) -> None:
    """A value that is not a list, or too long a list, is an error; a repeated picture is a warning."""
    assert said(FIELDS["image_list"], value) == ([(severity, "image_list")] if severity else [])


def test_a_list_from_elsewhere_holds_no_path() -> None:
    """A path in a body or a file is not the user's own input: it stays text."""
    assert FIELDS["image_list"].clean(["a.png"], paths=False) == ["a.png"]
