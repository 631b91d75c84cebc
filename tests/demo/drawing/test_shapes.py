"""Antialiased shapes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kling_widgets.demo.drawing.shapes import WHITE, Piece, Sheet


def test_edges_are_smooth() -> None:
    """A dot is round, has partly opaque pixels, and has the area of a circle of its radius."""
    sheet = Sheet(40, 40)
    sheet.dot((20, 20), 10, WHITE)
    opacity = np.asarray(sheet.piece().mask, float) / 255
    assert opacity.sum() == pytest.approx(np.pi * 100, rel=0.04)
    assert ((opacity > 0.1) & (opacity < 0.9)).sum() > 20


def test_a_line_has_its_width() -> None:
    """A line covers its width, which may be a fraction of a pixel."""
    sheet = Sheet(60, 20)
    sheet.line([(10, 10), (50, 10)], WHITE, 3)
    assert np.asarray(sheet.piece().mask, float)[:, 30].sum() / 255 == pytest.approx(3, abs=0.4)


@pytest.mark.parametrize("at", [(-8, -8), (95, 95), (-100, 5), (500, 500), (3.4, 3.6)])
def test_a_piece_may_lie_outside(at: tuple[float, float]) -> None:
    """Parts of a piece outside the canvas are cut off."""
    sheet = Sheet(16, 16)
    sheet.rounded((0, 0, 16, 16), 0, WHITE)
    canvas = Image.new("RGB", (100, 100))
    sheet.piece().paste(canvas, at)
    lit = int((np.asarray(canvas)[:, :, 0] > 200).sum())
    across, down = (max(0, min(100, round(side) + 16) - max(0, round(side))) for side in at)
    assert lit == across * down


def test_a_piece_of_an_image() -> None:
    """A piece has the size of its image, and its opacity."""
    piece = Piece.of(Image.new("RGBA", (7, 5), (1, 2, 3, 128)))
    assert piece.size == (7, 5) and piece.mask.getpixel((0, 0)) == 128
