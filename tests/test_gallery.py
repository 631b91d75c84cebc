"""The README's gallery can be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_widgets.catalog.models import models
from tests.gallery import ACROSS, GAP, HEIGHT, WIDTH, gallery

pytestmark = pytest.mark.slow


def test_the_gallery_has_a_clip_of_every_model(tmp_path: Path) -> None:
    """The gallery has as many clips as there are models, no two alike, and no empty cell."""
    sheet = gallery(tmp_path)
    corners = [(x, y) for y in range(0, sheet.height, HEIGHT + GAP) for x in range(0, sheet.width, WIDTH + GAP)]
    assert len(corners) == len(models())
    assert len(corners) % ACROSS == 0
    assert len({sheet.crop((x, y, x + WIDTH, y + HEIGHT)).tobytes() for x, y in corners}) == len(corners)
