"""Landscapes of prompts."""

from __future__ import annotations

import numpy as np
import pytest

from kling_widgets.demo.drawing.scene import Landscape
from kling_widgets.demo.drawing.view import View

pytestmark = pytest.mark.slow

SEED, WIDTH, HEIGHT = "a paper boat", 640, 360


def crest(picture: np.ndarray, rows: slice) -> np.ndarray:
    """Return the lightness along a band of rows, from left to right, minus its mean."""
    line = picture[rows].astype(float).mean((0, 2))
    return np.asarray(line - line.mean())


def shifted(before: np.ndarray, after: np.ndarray, rows: slice) -> int:
    """Return by how many pixels a band moved to the left."""
    one, two = crest(before, rows), crest(after, rows)
    return max(range(200), key=lambda way: float(np.corrcoef(one[way:], two[: len(two) - way])[0, 1]))


def test_the_nearer_the_more_it_moves() -> None:
    """If the camera slides to the right, near ridges move farther to the left than far ones."""
    scene = Landscape(SEED, WIDTH, HEIGHT)
    ways = []
    for ridge in (scene.ridges[0], scene.ridges[-2]):
        rows = slice(int(ridge.base - 6), int(ridge.base + 6))
        before, after = (np.asarray(scene.at(0, view)) for view in (View(), View(right=0.1)))
        ways.append(shifted(before, after, rows))
    assert 2 <= ways[0] < ways[1] / 2 and ways[1] <= 0.1 * 360 + 2


def test_a_part_is_a_part_of_the_whole() -> None:
    """A part of a landscape is the same as in the whole, except for noise and motes."""
    whole = np.asarray(Landscape(SEED, WIDTH, HEIGHT).at(0.5), int)
    part = Landscape(SEED, WIDTH, HEIGHT, (100, 50, 400, 330))
    assert part.part == (100, 50, 400, 330)
    made = np.asarray(part.at(0.5), int)
    assert made.shape == (280, 300, 3)
    assert np.median(np.abs(made - whole[50:330, 100:400])) <= 1


def test_more_than_the_picture_can_be_drawn() -> None:
    """A landscape continues beyond the picture's edges."""
    wide = Landscape(SEED, WIDTH, HEIGHT, (-200, -100, 840, 460))
    made, whole = np.asarray(wide.at(0), int), np.asarray(Landscape(SEED, WIDTH, HEIGHT).at(0), int)
    assert made.shape == (560, 1040, 3)
    assert np.median(np.abs(made[100:460, 200:840] - whole)) <= 1
    assert made.max(2).min() > 5


def test_large_pictures_are_drawn_small() -> None:
    """Only ``detail`` rows are computed; ``part`` is the box in pixels of the clip."""
    scene = Landscape(SEED, 1280, 720)
    assert scene.at(0).size == (640, 360)
    assert scene.part == (0, 0, 1280, 720)
