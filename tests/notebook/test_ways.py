"""The buttons beside a problem."""

from __future__ import annotations

from typing import Any

import pytest

from kling_widgets.core.fields import Problem
from kling_widgets.core.request import VideoRequest
from kling_widgets.notebook.ways import Way, ways

LINK = "https://example.com/a.png"


@pytest.mark.parametrize(
    ("fix", "words"),
    [
        ({"sound": False}, "Set sound to off"),
        ({"multi_shots": True}, "Set multi_shots to on"),
        ({"size": None}, "Remove size"),
        ({"resolution": "1080P"}, "Set resolution to 1080P"),
        ({"seconds": 10}, "Set seconds to 10"),
    ],
)
def test_a_fix_says_what_it_does(fix: dict[str, Any], words: str) -> None:
    """In the wire's names."""
    assert ways(Problem("warning", None, "It is odd.", fix=fix), VideoRequest("2.6")) == (Way(words, fix),)


def test_another_model_is_offered_where_it_has_no_such_problem() -> None:
    """3.0 Turbo takes no last frame: remove it, or use 3.0."""
    request = VideoRequest("3.0-turbo", prompt="x", image=LINK, image_tail=LINK)
    (problem,) = (each for each in request.problems() if each.field == "image_tail")
    first, second, *_ = ways(problem, request)
    assert first == Way("Remove image_tail", {"image_tail": None})
    assert second == Way("Use Kling 3.0", {"model": "aigc-video-kling-3.0"})


def test_what_no_model_mends_has_no_button() -> None:
    """A missing prompt is missing everywhere."""
    request = VideoRequest("2.6")
    assert [ways(problem, request) for problem in request.problems()] == [()]
