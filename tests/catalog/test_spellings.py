"""Conversion of related services' key names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kling_widgets.catalog.spellings import contradictions, page_spelling

A, B = "https://example.com/a.mp4", "https://example.com/b.mp4"
SPELLINGS = {"video_url": "url"}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"video_url": f" {A} ", "weight": 1}, {"url": A, "weight": 1}),
        ({"video_url": A, "url": A}, {"url": A}),
        ({"video_url": A, "url": ""}, {"url": A}),
        ({"video_url": A, "url": B}, {"video_url": A, "url": B}),
        ({"video_url": "a.mp4"}, {"url": Path("a.mp4")}),
        ({"weight": "a.mp4"}, {"weight": "a.mp4"}),
    ],
)
def test_the_pages_name_takes_the_place_of_the_neighbours(item: Any, expected: Any) -> None:
    """If both names are present and differ, both stay."""
    assert page_spelling(item, SPELLINGS, paths=True) == expected


def test_two_names_with_two_links_contradict_each_other() -> None:
    """Each contradiction is one sentence that names both."""
    assert list(contradictions({"video_url": A, "url": B}, SPELLINGS, "Video 1")) == [
        "Video 1: url and video_url mean the same, but their values differ. Keep url."
    ]
    assert list(contradictions({"url": B}, SPELLINGS, "Video 1")) == []
