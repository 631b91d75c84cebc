"""Formatting of text on one line, and of file sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.core.text import first_sentence, format_size, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n b\tc\r\n", "a b c"),
        ("\x1b[31mred\x07", "[31mred"),
        ("gnp\u202eexe\u2069", "gnp exe"),
        ("a\ud800b", "a?b"),
        (5, "5"),
        ("x" * 11, "x" * 9 + "…"),
        ("x" * 10, "x" * 10),
    ],
)
def test_a_line_is_harmless(text: object, line: str) -> None:
    """Line breaks become spaces, control characters are removed, and long text is cut."""
    assert one_line(text, 10) == line


@given(st.text())
def test_any_text_is_a_line(text: str) -> None:
    """The result can be printed, and a second call changes nothing."""
    line = one_line(text)
    line.encode()
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (1, "1 KB"),
        (640_400, "640 KB"),
        (1_000_000, "1 MB"),
        (5_250_000, "5.2 MB"),
        (20_000_000, "20 MB"),
        (1_500_000_000, "1.5 GB"),
    ],
)
def test_sizes_are_for_people(size: int, words: str) -> None:
    """Sizes are rounded, in a fitting unit; whole numbers have no decimals."""
    assert format_size(size) == words


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("It failed. Nothing is billed.", "It failed."),
        ("It took 4.5 s (HTTP 500): 失败。 Try again.", "It took 4.5 s (HTTP 500): 失败。"),
        ("One sentence.", "One sentence."),
        ("none", "none"),
        ("", ""),
    ],
)
def test_the_first_sentence(text: str, first: str) -> None:
    """A sentence ends at a full stop, an exclamation or question mark before a space."""
    assert first_sentence(text) == first
