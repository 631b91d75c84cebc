"""kling_elements: a paper object for each id."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from kling_widgets.demo.drawing.shapes import WRONG
from kling_widgets.demo.layers.element_layer import POSITIONS, THINGS, ElementLayer, card, ids, kinds
from tests.demo.conftest import Studio, count

pytestmark = pytest.mark.slow

BOTH = "<<<element_1>>> meets <<<element_2>>>"


def at_stand(frame: np.ndarray[Any, np.dtype[np.uint8]], number: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the part of a frame at an element's position."""
    height, width, _ = frame.shape
    x, y = round(POSITIONS[number - 1][0] * width), round(POSITIONS[number - 1][1] * height)
    return frame[y - height // 5 : y, x - height // 10 : x + height // 10].astype(int)


def test_named_elements_are_in_the_clip(studio: Studio) -> None:
    """An element is in the clip if and only if the prompt names it."""
    fields: dict[str, Any] = {"model": "3.0", "size": "640x360", "prompt": BOTH}
    bare = studio.film(**fields).frames[6]
    made = studio.film(**fields, kling_elements=["829836802793406551", "22", "7"]).frames[6]
    change = [np.abs(at_stand(made, n) - at_stand(bare, n)).mean() for n in (1, 2, 3)]
    assert min(change[:2]) > 12 and change[2] < 3


def test_an_element_is_in_the_shots_that_name_it(studio: Studio) -> None:
    """An element is only in the shots whose prompt names it."""
    rows = [
        {"index": 1, "prompt": "<<<element_1>>> waits", "duration": "1"},
        {"index": 2, "prompt": "nobody is there", "duration": "1"},
    ]
    shots: dict[str, Any] = {"prompt": "", "seconds": 2, "multi_shots": True, "multi_prompt": rows}
    bare = studio.film(model="3.0", size="640x360", **shots).frames
    made = studio.film(model="3.0", size="640x360", **shots, kling_elements=["101"]).frames
    change = [np.abs(at_stand(made[n], 1) - at_stand(bare[n], 1)).mean() for n in (6, 40)]
    assert change[0] > 12 > 3 > change[1]


def test_problems_are_reported(studio: Studio) -> None:
    """An element that is not named, and a fourth one, are on the card in the warning colour."""
    wrong = []
    for prompt, given in ((BOTH, ["1", "2"]), ("a sea", ["1", "2"]), (f"{BOTH} <<<element_3>>>", ["1", "2", "3", "4"])):
        made = card(studio.clip(model="3.0", size="1280x720", prompt=prompt, kling_elements=given))
        assert made
        canvas = Image.new("RGB", (600, made.height))
        made.draw(canvas, (0, 0), 0)
        wrong.append(count(np.asarray(canvas), WRONG[:3], 40))
    assert wrong[0] == 0 and min(wrong[1:]) > 60


def test_each_looks_different() -> None:
    """No two elements look the same, as long as there are enough objects; the first depends only on its id."""
    for found in ([str(n) for n in range(6)], ["a"] * 6):
        assert sorted(kinds(found)) == sorted(THINGS)
    assert kinds(["5", "6"])[0] == kinds(["5"])[0]


def test_ids(studio: Studio) -> None:
    """Numbers and texts are ids; a clip whose model takes no elements has none."""
    assert ids(studio.clip(model="3.0", kling_elements=[7, "x"])) == ["7", "x"]
    clip = studio.clip(model="2.6", kling_elements=[7])
    assert ids(clip) == [] and card(clip) is None and ElementLayer.of(clip) is None
