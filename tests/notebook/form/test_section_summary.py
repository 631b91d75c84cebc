"""Summaries of field values in the title of a section."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.notebook.form.section_summary import section_summary
from kling_widgets.request.request import VideoRequest

LINK = "https://example.com/a.png"
SHOTS = [{"index": 1, "prompt": "a", "duration": "4"}, {"index": 2, "prompt": "b", "duration": "5"}]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("image", LINK, "first frame"),
        ("image_tail", Path("last.png"), "last frame"),
        ("image_list", [LINK, LINK], "2 of 9"),
        ("image_list", {"not": "a list"}, "references"),
        ("multi_prompt", SHOTS, "2, 9 of 10 s"),
        ("multi_prompt", [{"index": 1}], "1, 0 of 10 s"),
        ("multi_prompt", [{"index": 1, "duration": "2.5"}, {"prompt": 5, "duration": 3.0}], "2, 3 of 10 s"),
        ("multi_prompt", {"duration": "04"}, "1, 4 of 10 s"),
        ("multi_prompt", 5, "shots"),
        ("multi_shots", True, ""),
        ("shot_type", "intelligence", "intelligence"),
        ("shot_type", "other", "shot type"),
        ("camera_control", {"type": "simple", "config": {"pan": 4}}, "pan +4"),
        ("camera_control", {"type": "simple", "config": {"zoom": -2.5}}, "zoom -2.5"),
        ("camera_control", {"type": "simple", "config": {"pan": "x"}}, "pan"),
        ("camera_control", {"type": "simple", "config": {"pan": 4, "tilt": 1}}, "simple"),
        ("camera_control", {"type": "down_back"}, "down back"),
        ("camera_control", "forward_up", "forward up"),
        ("camera_control", "rubbish", "camera"),
        ("kling_elements", [{"element_id": "1"}], "1 of 3"),
        ("dynamic_masks", [{"mask_url": LINK, "trajectories": []}], "1 of 6"),
        ("video_list", [{"url": LINK}], "video"),
        ("session_id", "s", "session"),
        ("face_choose", [{"face_id": 1}], "face"),
    ],
)
def test_a_value_in_few_words(name: str, value: Any, said: str) -> None:
    """Numbers where they tell most, the field's label elsewhere; for any value, right or wrong."""
    assert section_summary(FIELDS[name], VideoRequest("3.0", seconds=10, **{name: value})) == said


def test_shots_beside_who_cuts_them() -> None:
    """The shots say it already."""
    request = VideoRequest("3.0", multi_prompt=SHOTS, shot_type="customize")
    assert section_summary(FIELDS["shot_type"], request) == ""
    assert section_summary(FIELDS["multi_prompt"], request) == "2, 9 of 5 s"  # the service's default length
