"""multi_shots, shot_type and multi_prompt: the card of the current shot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from kling_widgets.demo.drawing.shapes import ACCENT, WRONG
from kling_widgets.demo.layers.cuts import FLASH, card
from tests.demo.conftest import Studio, count

pytestmark = pytest.mark.slow

ROWS = [{"index": 1, "prompt": "one", "duration": "1"}, {"index": 2, "prompt": "two", "duration": "3"}]
GIVEN = {"multi_shots": True, "shot_type": "customize", "multi_prompt": ROWS}


def drawn(studio: Studio, moment: float, **fields: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the drawn card of a clip of 4 s at a moment."""
    made = card(studio.clip(model="3.0", seconds=4, size="1280x720", **fields))
    assert made
    canvas = Image.new("RGB", (500, made.height), (20, 20, 30))
    made.draw(canvas, (0, 0), moment)
    return np.asarray(canvas)


def test_each_shot_has_its_part_of_the_bar(studio: Studio) -> None:
    """The highlighted part of the bar is the current shot, in proportion to its length."""
    lit = [count(drawn(studio, moment, **GIVEN), ACCENT[:3], 20) for moment in (0.5, 3)]
    assert lit[1] / lit[0] == pytest.approx(3, rel=0.15)


def test_a_cut_flashes(studio: Studio) -> None:
    """Right after a cut the new shot's part is white, a little later in its normal colour."""
    soon, later = (drawn(studio, 1 + wait, **GIVEN) for wait in (0.01, FLASH + 0.01))
    assert count(soon, (255, 255, 255), 8) > count(later, (255, 255, 255), 8) + 500


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"multi_shots": True}, False),
        ({"multi_shots": True, "shot_type": "intelligence"}, False),
        (GIVEN, False),
        ({"multi_shots": True, "shot_type": "customize"}, True),
    ],
    ids=str,
)
def test_missing_shots_are_reported(studio: Studio, fields: dict[str, Any], wrong: bool) -> None:
    """Custom shots without any shot are a problem; other requests are not."""
    assert (count(drawn(studio, 0, **fields), WRONG[:3], 20) > 40) is wrong


def test_none_without_several_shots(studio: Studio) -> None:
    """A clip of one shot has no card, also if shots are given without the switch."""
    for fields in ({}, {"multi_shots": False}, {"multi_prompt": ROWS, "shot_type": "customize"}):
        assert card(studio.clip(model="3.0", seconds=4, **fields)) is None
