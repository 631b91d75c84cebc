"""Fields that take links or local pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kling_widgets.catalog.all_fields import FIELDS
from tests.catalog.test_fields import HTTPS, said


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        (f" {HTTPS} ", HTTPS),
        ("first.png", Path("first.png")),
        ("~/first.png", Path("~/first.png")),
        ("ftp://example.com/a", "ftp://example.com/a"),
        ("data:image/png;base64,AA", "data:image/png;base64,AA"),
        ("", None),
        (5, 5),
    ],
)
def test_a_link_in_its_one_form(value: Any, clean: Any) -> None:
    """A link becomes text, a local file a path, and anything else stays as it was given."""
    cleaned = FIELDS["image"].clean(value, paths=True)
    assert cleaned == clean and type(cleaned) is type(clean)


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        (HTTPS, None),
        ("HTTP://example.com", None),
        ("a.png", None),
        ("ftp://example.com/a.png", "error"),
        ("https://", "error"),
        ("https://[", "error"),
        ("https://exa mple.com/a.png", "error"),
        ("javascript://x", "error"),
        (5, "error"),
    ],
)
def test_what_is_wrong_with_a_link(value: Any, severity: str | None) -> None:
    """Only http(s) links and local pictures are valid."""
    assert said(FIELDS["image"], value) == ([(severity, "image")] if severity else [])


@pytest.mark.parametrize("name", ["image", "image_tail"])
def test_text_from_elsewhere_is_never_a_path(name: str) -> None:
    """A path in a body or a file is not the user's own input: it stays text, which is an error."""
    field = FIELDS[name]
    assert field.clean("first.png", paths=False) == "first.png"
    assert [problem.severity for problem in field.check("first.png")] == ["error"]
