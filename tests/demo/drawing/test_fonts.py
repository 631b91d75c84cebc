"""Text drawing: lines that fit, and characters that no font has."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from kling_widgets.demo.drawing.fonts import Type, missing, printable

LONG = "Mist rises between the reeds while a paper boat drifts over the lake, unhurried, towards the other shore. " * 3


@pytest.mark.parametrize("text", [LONG, "a" * 500, "纸船在湖面上漂流" * 20, "word 纸船 word " * 20, "👩‍👩‍👧 " * 50])
@pytest.mark.parametrize("width", [90, 400])
def test_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    """Every line is at most as wide as asked, and together they hold every character."""
    face = Type(16)
    text = printable(text)
    lines = face.wrap(text, width)
    assert all(face.width(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_words_stay_whole() -> None:
    """Latin words break only if they are longer than a line."""
    assert {word for line in Type(16).wrap(LONG, 400) for word in line.split()} == set(LONG.split())


def test_cut() -> None:
    """A line that is too long ends in …; one that fits is unchanged."""
    face = Type(16)
    assert face.cut("short", 400) == "short"
    assert face.cut(LONG, 200).endswith("…")
    assert face.width(face.cut(LONG, 200)) <= 200


def test_missing_counts_what_no_font_has() -> None:
    """ASCII text always has a font; a noncharacter never has one."""
    assert missing("A quiet lake, 7 o'clock.") == 0
    assert missing("ab\U000e0fff") == 1


def test_printable_keeps_one_line_without_what_has_no_shape() -> None:
    """Line breaks become spaces; joiners, selectors and control characters are removed."""
    assert printable("a\n b\u200d\ufe0f\x1b[2J") == "a b [2J"


def test_what_has_no_font_is_a_box() -> None:
    """Text that no font has is drawn as boxes, without an error."""
    image = Image.new("L", (200, 40))
    Type(20).draw(ImageDraw.Draw(image), (2, 2), "\U000e0fff", 255)
    assert image.getbbox()
