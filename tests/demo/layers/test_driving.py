"""video_list: the walking figure in place of the linked video."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kling_widgets.demo.drawing.shapes import WRONG
from kling_widgets.demo.layers.driving import card, link, scene_seed
from tests.demo.conftest import Studio, count

pytestmark = pytest.mark.slow

WALK = "https://example.com/walk.mp4"
Frames = list[np.ndarray[Any, np.dtype[np.uint8]]]


def frames(studio: Studio, **fields: Any) -> Frames:
    return studio.film(model="o1", size="640x360", **fields).frames


def test_a_figure_walks_to_the_right(studio: Studio) -> None:
    """The figure is farther to the right at each moment."""
    bare, driven = frames(studio), frames(studio, video_list=[WALK])
    places = []
    for number in (0, 8, 16, 23):
        change = np.abs(driven[number].astype(int) - bare[number]).max(2)[80:240, :400] > 40
        assert change.sum() > 600
        places.append(np.argwhere(change)[:, 1].mean())
    assert places == sorted(places) and places[-1] > places[0] + 40


def test_its_frames_run_on_a_strip(studio: Studio) -> None:
    """The film strip has moving frames of different moments side by side."""
    strip = [frame[60:110, 440:600].astype(int) for frame in frames(studio, video_list=[WALK])]
    assert np.abs(strip[0] - strip[6]).mean() > 2
    thirds = np.split(strip[0][:, :159], 3, axis=1)
    assert np.abs(thirds[0] - thirds[1]).mean() > 2


def test_another_link_is_another_figure(studio: Studio) -> None:
    """The figure's looks are derived from the link."""
    one, other = (frames(studio, video_list=[f"https://example.com/{name}.mp4"])[8] for name in ("walk", "dance"))
    assert np.abs(one[80:240, :400].astype(int) - other[80:240, :400]).mean() > 0.5


def test_base_and_feature(studio: Studio) -> None:
    """With "base" the clip has the video's landscape, with "feature" that of the prompt."""
    bare = frames(studio)[0]
    for kind, same in (("feature", True), ("base", False)):
        made = frames(studio, video_list=[{"url": WALK, "refer_type": kind}])[0]
        assert bool(np.abs(made[50:70, 10:60].astype(int) - bare[50:70, 10:60]).mean() < 4) is same
    assert scene_seed(studio.clip(video_list=[{"url": WALK, "refer_type": "base"}]))


@pytest.mark.parametrize(
    ("items", "wrong"),
    [
        ([WALK], False),
        ([{"url": WALK, "refer_type": "feature", "keep_original_sound": "yes"}], False),
        ([{"url": WALK, "refer_type": "motion"}], True),
        ([{"url": WALK, "keep_original_sound": "maybe"}], True),
        ([WALK, "https://example.com/b.mp4"], True),
    ],
    ids=str,
)
def test_problems_are_reported(studio: Studio, items: list[Any], wrong: bool) -> None:
    """An unknown choice and a second video are on the card in the warning colour."""
    made = card(studio.clip(size="1280x720", video_list=items))
    assert made
    assert (count(np.asarray(made.piece.image), WRONG[:3], 30) > 40) is wrong


def test_no_video_no_figure(studio: Studio) -> None:
    """A clip without a video, or whose model takes none, has neither figure nor card."""
    for clip in (studio.clip(), studio.clip(model="1.6", video_list=[WALK])):
        assert link(clip) is None and card(clip) is None
