"""Regions of a motion brush: conversion to text and back, values for the table, and checks against the picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.notebook.controls.motion_brush.regions import (
    MOST_SHOWN,
    Region,
    from_text,
    misfits,
    regions_of,
    to_text,
)

LINK = "https://example.com/m.png"
PATH = [{"x": 220, "y": 380}, {"x": 620, "y": 380}]
POINT = st.fixed_dictionaries({"x": st.integers(-999, 99_999), "y": st.integers(-999, 99_999)})


@given(st.lists(POINT))
def test_points_are_the_same_after_a_way_through_text(points: list[dict[str, int]]) -> None:
    """Points are the same after conversion to text and back."""
    assert from_text(to_text(points)) == points


@pytest.mark.parametrize(
    "text",
    [
        "220,380 620,380",
        " 220, 380   620 ,380 ",
        "220,380; 620,380",
        "220,380\n620,380",
        "+220,380;620,380",
    ],
)
def test_points_may_be_written_in_several_ways(text: str) -> None:
    """Points can be separated by spaces, line breaks or semicolons."""
    assert from_text(text) == PATH


def test_fractions_stay_fractions() -> None:
    """Fractions stay fractions, and whole numbers stay whole."""
    assert from_text("1.5,2 3,-4") == [{"x": 1.5, "y": 2}, {"x": 3, "y": -4}]
    assert from_text(to_text([{"x": 0.25, "y": 7}])) == [{"x": 0.25, "y": 7}]


@pytest.mark.parametrize(
    "text", ["220", "220,380 620", "a,b", "1,2,3,4", "220,380 and 620,380", "9" * 5000 + ",1", "1,,2"]
)
def test_what_is_no_path_stays_as_it_was_written(text: str) -> None:
    """Text that is not a path is unchanged, so that the user can correct it."""
    assert from_text(text) == text


def test_nothing_is_no_points() -> None:
    """An empty text has no points."""
    assert from_text(" \n") == []


@pytest.mark.parametrize(
    "value",
    [
        [],
        [{"mask_url": LINK, "trajectories": PATH}],
        [{"mask_url": Path("m.png"), "trajectories": PATH[:1]}, {"trajectories": PATH}],
        [{"mask_url": LINK}, {}],
        [{"mask_url": LINK, "trajectories": "220,"}],
        [{"mask_url": LINK, "trajectories": PATH * 100}],
        [{"mask_url": LINK, "trajectories": PATH}] * MOST_SHOWN,
    ],
)
def test_what_the_table_shows_is_kept_whole(value: Any) -> None:
    """The table keeps incomplete and excessive regions; the field's check reports them."""
    regions = regions_of(value)
    assert regions is not None
    assert [region.value() for region in regions] == value


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        {"mask_url": LINK},
        ["text"],
        [{"mask_url": 5, "trajectories": PATH}],
        [{"mask_url": LINK, "trajectories": 5}],
        [{"mask_url": LINK, "trajectories": [{"x": 1}]}],
        [{"mask_url": LINK, "trajectories": [{"x": 1, "y": "2"}]}],
        [{"mask_url": LINK, "trajectories": [{"x": True, "y": 2}]}],
        [{"mask_url": LINK, "trajectories": [{"x": 1, "y": 2, "z": 3}]}],
        [{"mask_url": LINK, "trajectories": PATH, "speed": 2}],
        [{"mask_url": LINK, "trajectories": PATH}] * (MOST_SHOWN + 1),
    ],
)
def test_what_the_table_would_lose_does_not_fit(value: Any) -> None:
    """A value that the table would change does not fit."""
    assert regions_of(value) is None


FRAME = (1280, 720)


def said(region: Region, picture: Any = FRAME, mask: Any = FRAME) -> list[str]:
    return list(misfits([Region(LINK, PATH), region], picture, [FRAME, mask]))


def test_a_mask_of_the_pictures_size_with_points_in_it_is_right() -> None:
    """A mask of the picture's size and points on its edges and corners have no message."""
    corners = [{"x": 0, "y": 0}, {"x": 1279, "y": 719}, {"x": 1280, "y": 720}]
    assert said(Region(LINK, corners)) == []


@pytest.mark.parametrize(
    ("mask", "words"),
    [((720, 1280), "the aspect ratio"), ((1280, 640), "the aspect ratio"), ((640, 360), "a picture other than"),
     ((1281, 720), "a picture other than")],
)  # fmt: skip
def test_a_mask_of_another_size_is_reported(mask: tuple[int, int], words: str) -> None:
    """A mask with another aspect ratio may be refused; one of another size may be for another picture."""
    (sentence,) = said(Region(LINK, PATH), mask=mask)
    assert sentence.startswith(f"Mask 2 of {mask[0]} × {mask[1]} pixels") or sentence.startswith(f"Mask 2 is {mask[0]}")
    assert words in sentence
    assert "1280 × 720" in sentence


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([*PATH, {"x": 1281, "y": 5}], "Path 2: 1281,5 is outside"),
        ([*PATH, {"x": 5, "y": -1}], "Path 2: 5,-1 is outside"),
        ([{"x": 5, "y": 721}, *PATH, {"x": 9, "y": 900}], "Path 2: 5,721 and 1 more are outside"),
    ],
)
def test_a_point_outside_the_picture_is_reported(points: list[dict[str, int]], words: str) -> None:
    """The message has the first point outside, and the number of others."""
    (sentence,) = said(Region(LINK, points))
    assert sentence.startswith(words)


def test_unknown_sizes_are_not_reported() -> None:
    """Without the size of the mask or the first frame there is no message."""
    assert said(Region(LINK, [{"x": 9999, "y": 1}]), picture=None) == []
    assert said(Region(LINK, PATH), mask=None) == []


def test_text_that_is_no_path_is_reported_without_a_picture_too() -> None:
    """Text that is not a path has a message with an example, also without a picture."""
    (sentence,) = said(Region(LINK, "220"), picture=None)
    assert sentence.startswith("Path 2: write each point as x,y")
