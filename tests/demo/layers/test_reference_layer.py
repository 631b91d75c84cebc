"""image_list: the references as polaroids."""

from __future__ import annotations

import numpy as np
import pytest

from kling_widgets.demo.drawing.cards import CardSpace
from kling_widgets.demo.drawing.shapes import WRONG
from kling_widgets.demo.layers.reference_layer import ReferenceLayer, allowed
from tests.demo.conftest import BLUE, GREEN, RED, Studio, count, where

pytestmark = pytest.mark.slow

PAPER = (250, 248, 243)


def test_they_stand_in_a_row(studio: Studio) -> None:
    """The references are in order from left to right, above the caption."""
    fields = {"model": "3.0", "size": "640x360", "image_list": [studio.upload(colour) for colour in (RED, GREEN, BLUE)]}
    frame = studio.film(**fields).frames[0]
    places = [where(frame, colour, 25) for colour in (RED, GREEN, BLUE)]
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    assert places[-1][0] < 320 and all(40 < y < 120 for _, y in places)
    assert count(frame, PAPER, 20) > 800


@pytest.mark.parametrize("size", ["640x360", "360x640", "400x400"])
def test_nine_fit(studio: Studio, size: str) -> None:
    """Nine prints stay above the caption and left of the rail, for any ratio."""
    links = [f"https://example.com/ref-{number}.png" for number in range(9)]
    clip = studio.clip(model="3.0", size=size, image_list=links)
    desk = CardSpace.of(clip)
    prints = ReferenceLayer.of(clip, desk.rail)
    assert prints
    width, height = prints.piece.size
    assert prints.at[0] + width < desk.rail + desk.margin * 2
    assert prints.at[1] + height < clip.height * 0.75


@pytest.mark.parametrize(
    ("model", "fields", "most"),
    [
        ("3.0", {}, 9),
        ("1.6", {}, 4),
        ("o1", {}, 7),
        ("o1", {"video_list": ["https://example.com/a.mp4"]}, 4),
    ],
)
def test_more_than_documented_are_struck_through(
    studio: Studio, model: str, fields: dict[str, list[str]], most: int
) -> None:
    """References over the model's documented number are struck through."""
    clip = studio.clip(model=model, size="640x360", image_list=[studio.upload(GREEN)] * 9, **fields)
    assert allowed(clip) == most
    prints = ReferenceLayer.of(clip, 640)
    assert prints
    amber = count(np.asarray(prints.piece.image), WRONG[:3], 30)
    assert (amber > 100) is (most < 9)


def test_none_without_references(studio: Studio) -> None:
    """A clip without references has none; nor has one whose model takes none."""
    links = ["https://example.com/a.png"]
    for clip in (studio.clip(), studio.clip(model="avatar", image=links[0], image_list=links)):
        assert ReferenceLayer.of(clip, 100) is None
