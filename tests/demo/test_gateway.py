"""Parsing of submissions as the gateway does it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.core.json_values import plain, to_json
from kling_widgets.demo.drawing.animation import LONGEST, Animation
from kling_widgets.demo.gateway import read
from kling_widgets.request.request import VideoRequest
from tests.core.samples import BODIES, junk

LINK = "https://example.com/a.png"
MODEL = "aigc-video-kling-2.6"


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_bodies_of_the_page_are_read_as_they_are(body: dict[str, Any]) -> None:
    """The bodies on the service's page are parsed without loss or addition."""
    assert read(body) == body


@pytest.mark.parametrize(
    ("seconds", "read_as"),
    [
        ({"seconds": "10"}, "10"),
        ({"seconds": 10}, "10"),
        ({"duration": "7"}, "7"),
        ({"seconds": "10", "duration": "7"}, "10"),
        ({"seconds": "5.5"}, "5"),
        ({"seconds": "10s"}, "5"),
        ({"seconds": 10.0}, "5"),
        ({"seconds": "0"}, "5"),
        ({}, "5"),
        ({"seconds": "10", "metadata": {"seconds": "8"}}, "8"),
        ({"metadata": {"duration": 9}}, "9"),
    ],
)
def test_seconds_as_the_stock_gateway_reads_them(seconds: dict[str, Any], read_as: str) -> None:
    """A length is a whole number or its text, anything else the default (R); metadata overrides it."""
    assert read({"model": MODEL, "prompt": "x", **seconds})["seconds"] == read_as


def test_what_it_does_not_know_is_ignored() -> None:
    """Unknown top-level fields are ignored; unknown metadata is kept for the upstream."""
    body = {"model": MODEL, "prompt": "x", "promt": 1, "resolution": "4K", "metadata": {"seed": 1, "model": "other"}}
    assert read(body) == {"model": MODEL, "prompt": "x", "seconds": "5", "metadata": {"seed": 1}}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "cannot unmarshal"),
        ({"model": MODEL, "prompt": 5}, "field prompt"),
        ({"model": MODEL, "prompt": "x", "images": LINK}, "field images"),
        ({"model": MODEL, "prompt": "x", "images": [{"url": LINK}]}, "field images"),
        ({"model": MODEL, "prompt": "x", "metadata": "x"}, "field metadata"),
        ({"model": MODEL, "prompt": "x", "seconds": True}, "field seconds"),
        ({"model": MODEL}, "prompt"),
        ({"model": MODEL, "image": LINK}, "The prompt is empty"),
        ({"model": "aigc-video-kling-avatar", "prompt": "x"}, "starts from a picture"),
        ({"prompt": "x"}, "No model"),
        ({"model": "kling-v2-6", "prompt": "x"}, MODEL),
        ({"model": "aigc-video-kling-3.1", "prompt": "x"}, "Veo"),
    ],
)
def test_what_it_refuses(body: Any, said: str) -> None:
    """The gateway refuses types that it cannot unmarshal, and errors named on the service's page."""
    with pytest.raises(ValueError, match=said):
        read(body)


_fields = st.dictionaries(st.sampled_from([*FIELDS, "images", "image_urls", "last_frame_url"]), junk, max_size=4)


@given(_fields, _fields, st.sampled_from([MODEL, "aigc-video-kling-o1", "aigc-video-kling-3.0", "aigc-video-kling-9"]))
def test_whatever_it_takes_can_be_laid_out(top: dict[str, Any], metadata: dict[str, Any], model: str) -> None:
    """Any JSON is refused with a message, or is a clip of bounded length that opens no file except uploads."""
    body = json.loads(to_json(plain({**top, "model": model, "prompt": "x", "metadata": metadata})))
    try:
        taken = read(body)
    except ValueError as refused:
        assert str(refused)
        return
    clip = Animation.of(VideoRequest.from_payload(taken), Path("uploads"))
    assert 1 <= clip.seconds <= LONGEST
    pictures = [clip.first, clip.last, *clip.references]
    assert all(each is None or each.path is None or each.path.parent == Path("uploads") for each in pictures)


def test_a_second_picture_is_a_reference_here() -> None:
    """A second picture, on which the service decides, is a reference in the demo."""
    body = read({"model": "aigc-video-kling-o1", "prompt": "x", "images": [LINK, LINK + "?2"]})
    clip = Animation.of(VideoRequest.from_payload(body), Path("uploads"))
    assert clip.first and clip.first.link == LINK
    assert [each.link for each in clip.references] == [LINK + "?2"]
