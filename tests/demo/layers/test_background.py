"""Backgrounds: first and last frame, the landscapes of the shots, and the cross-fade."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kling_widgets.demo.drawing.animation import FRAMINGS as NAMES
from kling_widgets.demo.layers.background import FRAMINGS, Background
from tests.demo.conftest import Studio

pytestmark = pytest.mark.slow

SIZE = (320, 180)
CAMERAS: list[dict[str, Any] | None] = [
    None,
    {"type": "simple", "config": {"horizontal": 6}},
    {"type": "simple", "config": {"pan": -6}},
    {"type": "simple", "config": {"roll": 6}},
    {"type": "simple", "config": {"zoom": 8}},
    {"type": "down_back"},
    {"type": "left_turn_forward"},
]


def blobs(seed: int) -> Image.Image:
    """Return a picture of soft colours in which every shift is visible."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 16, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC)


def apart(frame: Any, picture: Image.Image) -> float:
    """Return the difference between a frame and a picture, where no text covers it."""
    part = np.s_[30:80, 10:190]
    return float(np.abs(np.asarray(frame, int) - np.asarray(picture, int))[part].mean())


@pytest.mark.parametrize("camera", CAMERAS, ids=str)
def test_first_at_the_start_last_at_the_end(studio: Studio, camera: dict[str, Any] | None) -> None:
    """The clip starts with the first frame and ends with the last one, also if the camera moves; between
    them the clip is neither."""
    first, last = blobs(1), blobs(2)
    fields = {"image": studio.picture(first), "image_tail": studio.picture(last), "camera_control": camera}
    frames = studio.film(size="320x180", **fields).frames
    assert apart(frames[0], first) < 6
    assert apart(frames[-1], last) < 6
    middle = frames[15]
    assert min(apart(middle, first), apart(middle, last)) > 12


def test_a_camera_goes_on_into_the_last_frame(studio: Studio) -> None:
    """Shortly before the end, the last frame is shown from the camera's current view, which then reaches it."""
    last = blobs(2)
    fields = {"image": studio.picture(blobs(1)), "image_tail": studio.picture(last)}
    moving = studio.film(
        size="320x180", camera_control={"type": "simple", "config": {"horizontal": 10}}, **fields
    ).frames
    assert apart(moving[20], last) > apart(moving[-1], last) + 5


def test_the_last_frame_comes_within_the_last_shot(studio: Studio) -> None:
    """With several shots, the last frame appears only in the last shot, and is reached at its end."""
    last = blobs(2)
    rows = [{"index": n, "prompt": f"shot {n}", "duration": "1"} for n in (1, 2)]
    fields: dict[str, Any] = {"multi_shots": True, "shot_type": "customize", "multi_prompt": rows, "seconds": 2}
    pictures = {"image": studio.picture(blobs(1)), "image_tail": studio.picture(last)}
    frames = studio.film(model="3.0", prompt="", size="320x180", **fields, **pictures).frames
    alone = studio.film(model="3.0", prompt="", size="320x180", **fields, image=pictures["image"]).frames
    assert apart(frames[0], blobs(1)) < 6 and apart(frames[-1], last) < 6
    assert apart(frames[24], Image.fromarray(alone[24])) < 3
    assert apart(frames[24], blobs(1)) > 12  # the second shot has a landscape of its own


def test_shots_of_the_models_own_are_framings(studio: Studio) -> None:
    """If the model chooses the shots, there are three framings, each nearer, with two cuts."""
    fields: dict[str, Any] = {"model": "3.0", "seconds": 3, "multi_shots": True, "shot_type": "intelligence"}
    frames = studio.film(size="320x180", image=studio.picture(blobs(3)), **fields).frames
    change = [np.abs(a.astype(int) - b)[30:80, 10:190].mean() for a, b in itertools.pairwise(frames)]
    assert sorted(np.argsort(change)[-2:]) == [23, 47]
    assert {"", *NAMES} == set(FRAMINGS)
    zooms = [FRAMINGS[name].zoom for name in NAMES]
    assert zooms == sorted(set(zooms))


def test_framings_of_a_land(studio: Studio) -> None:
    """Without a picture, the framings are parts of one landscape, each as detailed as the whole."""
    background = Background(studio.clip(model="3.0", seconds=3, size="320x180", multi_shots=True))
    wide, medium, close = (np.asarray(background.at(moment), float) for moment in (0.0, 1.0, 2.0))
    assert wide.shape == medium.shape == close.shape == (180, 320, 3)
    assert np.abs(wide - medium).mean() > 3 and np.abs(medium - close).mean() > 3


@pytest.mark.parametrize("camera", CAMERAS, ids=str)
@pytest.mark.parametrize("size", ["320x180", "90x160", "128x128", "400x100"])
def test_no_view_has_a_black_corner(studio: Studio, camera: dict[str, Any] | None, size: str) -> None:
    """No view of the camera has a black corner, of a landscape or beyond a picture's edges."""
    for pictures in ({}, {"image": studio.upload((200, 200, 200), tuple(map(int, size.split("x"))))}):  # type: ignore[arg-type]
        background = Background(studio.clip(size=size, camera_control=camera, **pictures))
        for moment in (0.0, 0.5, 23 / 24):
            assert np.asarray(background.at(moment)).max(2).min() > 8


def test_a_picture_ends_visibly(studio: Studio) -> None:
    """Beyond a picture's edge the view is darker, with a line at the edge."""
    fields = {"image": studio.upload((110, 110, 110), SIZE), "size": "320x180"}
    background = Background(studio.clip(camera_control={"type": "simple", "config": {"horizontal": -10}}, **fields))
    row = np.asarray(background.at(23 / 24).convert("L"), int)[60]
    assert row[10] < 90 < 105 < row[200] < 115 < 130 < row[:120].max()
