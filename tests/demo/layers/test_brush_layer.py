"""dynamic_masks: regions that move along their paths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from kling_widgets.demo.drawing.shapes import WRONG
from kling_widgets.demo.layers.brush_layer import COLOURS, BrushLayer, card, filled, regions
from tests.demo.conftest import Studio, count, where

pytestmark = pytest.mark.slow

MODEL, THING, GROUND = "3.0-motion-control", (250, 20, 220), (70, 90, 110)
BOX = (96, 60, 160, 124)  # of the painted object, in a picture of 640 × 360


def picture(studio: Studio, size: tuple[int, int] = (640, 360)) -> str:
    image = Image.new("RGB", size, GROUND)
    image.paste(THING, BOX)
    return studio.picture(image)


def mask(studio: Studio, size: tuple[int, int] = (640, 360), box: tuple[int, ...] = BOX) -> str:
    image = Image.new("L", size, 0)
    ImageDraw.Draw(image).rectangle(box, fill=255)
    return studio.picture(image)


def path(*points: tuple[float, float]) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in points]


def brush_fields(studio: Studio, *items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the fields of a clip of 320 × 180 whose first frame is twice as large."""
    fixed: dict[str, Any] = {"model": MODEL, "size": None, "resolution": "180P", "image": picture(studio)}
    return {**fixed, "dynamic_masks": list(items), **fields}


def test_a_region_travels_its_path(studio: Studio) -> None:
    """The region's centre follows the path at constant speed from the first point to the last; points are measured
    from the lower left corner of the picture, whatever the size of the clip."""
    # 160 right, then 48 down, in pixels of the picture; it begins at the object's centre: 128, 360 - 92.
    item = {"mask_url": mask(studio), "trajectories": path((128, 200), (288, 200), (288, 152))}
    frames = studio.film(**brush_fields(studio, item)).frames
    start = where(frames[0], THING, 60)
    assert start == pytest.approx((64, 46), abs=1)
    for number in (0, 6, 12, 17, 20, 23):
        way = number / 23 * 208
        across, down = min(way, 160), max(0.0, way - 160)
        x, y = where(frames[number], THING, 60)
        assert (x - start[0], y - start[1]) == pytest.approx((across / 2, down / 2), abs=2)


def test_nothing_of_it_stays_behind(studio: Studio) -> None:
    """The region's original place is filled with the colours around it."""
    item = {"mask_url": mask(studio), "trajectories": path((128, 268), (400, 268))}
    frame = studio.film(**brush_fields(studio, item)).frames[-1]
    assert np.abs(frame[34:42, 52:76].astype(int) - GROUND).mean() < 25
    assert np.abs(frame[34:42, 190:204].astype(int) - THING).mean() < 60


def test_a_region_without_a_way_stays(studio: Studio) -> None:
    """Unpainted parts do not move, nor does a region whose points are all the same."""
    item = {"mask_url": mask(studio), "trajectories": path((128, 268), (128, 268))}
    frames = studio.film(**brush_fields(studio, item)).frames
    assert where(frames[0], THING, 60) == pytest.approx(where(frames[-1], THING, 60), abs=0.6)


def test_several_regions_have_colours_of_their_own(studio: Studio) -> None:
    """Each path is drawn in the colour of its region."""
    items = [
        {"mask_url": mask(studio), "trajectories": path((60, 340 - 30 * n), (380, 340 - 30 * n))} for n in range(6)
    ]
    frame = studio.film(**brush_fields(studio, *items, resolution="720P")).frames[0]
    assert all(count(frame, colour[:3], 45) > 40 for colour in COLOURS)


def test_a_foreign_mask_is_a_disc(studio: Studio) -> None:
    """A mask that is not an upload is not opened: a disc with the region's number moves along the path."""
    item = {"mask_url": "https://example.com/mask.png", "trajectories": path((40, 200), (150, 200))}
    fields = brush_fields(studio, item, image="https://example.com/input.png", resolution="360P")
    frames = studio.film(**fields).frames
    # The picture is assumed to be as large as the clip: 640 × 360.
    for frame, x in ((frames[0], 40), (frames[-1], 150)):
        disc = frame[152:168, x - 8 : x + 8]
        assert count(disc, COLOURS[0][:3], 60) > 90
    assert "its mask is not opened" in regions(studio.clip(**fields))[0].hints


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"trajectories": path((10, 10), (700, 10), (20, -5))}, "2 of 3 points outside the picture"),
        ({"trajectories": path((10, 10))}, "one point is no path"),
        ({"trajectories": []}, "no path"),
    ],
)
def test_a_wrong_path_is_reported(studio: Studio, item: dict[str, Any], said: str) -> None:
    """Problems of a path are on the card, in the warning colour."""
    fields = brush_fields(studio, {"mask_url": mask(studio), **item}, resolution="720P")
    assert regions(studio.clip(**fields))[0].problems == (said,)
    right = brush_fields(
        studio, {"mask_url": mask(studio), "trajectories": path((10, 10), (20, 20))}, resolution="720P"
    )
    amber = [count(studio.film(**each).frames[0][:400, 800:], WRONG[:3], 50) for each in (fields, right)]
    assert amber[0] > 60 > amber[1]


@pytest.mark.parametrize(
    ("size", "box", "said", "moves"),
    [
        ((300, 300), BOX, "mask 300×300, picture 640×360", False),
        ((320, 180), (48, 30, 80, 62), "mask 320×180, picture 640×360: scaled", True),
        ((640, 360), (0, 0, -1, -1), "nothing is painted on the mask", False),
    ],
)
def test_a_wrong_mask_is_reported(
    studio: Studio, size: tuple[int, int], box: tuple[int, ...], said: str, moves: bool
) -> None:
    """A mask with another ratio is not used; one of another size is scaled. Both are reported."""
    image = Image.new("L", size, 0)
    if box[2] > 0:
        ImageDraw.Draw(image).rectangle(box, fill=255)
    item = {"mask_url": studio.picture(image), "trajectories": path((128, 268), (400, 268))}
    fields = brush_fields(studio, item)
    assert regions(studio.clip(**fields))[0].problems == (said,)
    frames = studio.film(**fields).frames
    assert (where(frames[-1], THING, 60)[0] - where(frames[0], THING, 60)[0] > 60) is moves


def test_a_mask_that_is_no_picture_is_reported(studio: Studio) -> None:
    """An unreadable mask is reported, and the clip is made."""
    item = {"mask_url": studio.keep(b"nothing"), "trajectories": path((1, 1), (9, 9))}
    fields = brush_fields(studio, item)
    assert regions(studio.clip(**fields))[0].problems == ("the mask cannot be read",)
    assert len(studio.film(**fields).frames) == 24


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_masks_of_every_kind(studio: Studio, mode: str) -> None:
    """Masks of white on black and of paint on a transparent background mark the same place."""
    image = Image.new(mode, (640, 360), (0, 0, 0, 0) if mode == "RGBA" else 0)
    image.paste("red" if mode == "RGBA" else "white", BOX)
    item = {"mask_url": studio.picture(image), "trajectories": path((1, 1), (9, 9))}
    found = regions(studio.clip(**brush_fields(studio, item)))[0].mask
    assert found and found.getbbox() == pytest.approx((48, 30, 80, 62), abs=1)


def test_more_than_six_are_not_used(studio: Studio) -> None:
    """A seventh region is mentioned, not drawn."""
    items = [{"mask_url": mask(studio), "trajectories": path((1, 1), (9, 9))}] * 8
    clip = studio.clip(**brush_fields(studio, *items))
    assert len(regions(clip)) == 6
    assert card(clip)


def test_no_regions_no_brush(studio: Studio) -> None:
    """A clip without masks, or whose model takes none, has no brush."""
    item = {"mask_url": mask(studio), "trajectories": path((1, 1), (9, 9))}
    for clip in (studio.clip(), studio.clip(model="2.6", image=picture(studio), dynamic_masks=[item])):
        assert BrushLayer.of(clip) is None and card(clip) is None


def test_a_hole_is_filled_from_around_it() -> None:
    """A hole is filled on the left with the colour at its left, on the right with that at its right."""
    image = Image.new("RGB", (200, 100), (200, 40, 40))
    image.paste((40, 40, 200), (100, 0, 200, 100))
    hole = Image.new("L", image.size, 0)
    hole.paste(255, (60, 30, 140, 70))
    image.paste((0, 255, 0), (60, 30, 140, 70))
    made = np.asarray(filled(image, hole))
    assert count(made, (0, 255, 0), 120) == 0
    assert made[50, 68, 0] > made[50, 68, 2] and made[50, 132, 2] > made[50, 132, 0]
