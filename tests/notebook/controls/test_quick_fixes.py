"""Quick fixes: the buttons beside a problem."""

from __future__ import annotations

from typing import Any

import pytest

from kling_widgets.core.problem import Problem
from kling_widgets.notebook.controls.quick_fixes import QuickFix, quick_fixes
from kling_widgets.request.request import VideoRequest

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
    """The label of a fix has the field's name and value."""
    assert quick_fixes(Problem("warning", None, "It is odd.", fix=fix), VideoRequest("2.6")) == (QuickFix(words, fix),)


def test_another_model_is_offered_where_it_has_no_such_problem() -> None:
    """For a last frame with 3.0 Turbo, the fixes are to remove it, or to use 3.0."""
    request = VideoRequest("3.0-turbo", prompt="x", image=LINK, image_tail=LINK)
    (problem,) = (each for each in request.problems() if each.field == "image_tail")
    first, second, *_ = quick_fixes(problem, request)
    assert first == QuickFix("Remove image_tail", {"image_tail": None})
    assert second == QuickFix("Use Kling 3.0", {"model": "aigc-video-kling-3.0"})


def test_the_second_of_two_pictures_becomes_a_frame_or_a_reference() -> None:
    """Each of the two buttons decides what the second picture is, and removes the note; other references stay."""
    request = VideoRequest("o1", prompt="x", images=[LINK, LINK + "?2"], image_list=[LINK + "?3"])
    (problem,) = request.problems()
    last, reference = quick_fixes(problem, request)
    assert request.replace(**last.values).get("image_tail") == LINK + "?2"
    assert request.replace(**reference.values).get("image_list") == [LINK + "?3", LINK + "?2"]
    for way in (last, reference):
        decided = request.replace(**way.values)
        assert decided.get("images") is None and decided.get("image") == LINK and problem not in decided.problems()


@pytest.mark.parametrize("name", ["kling-v1", "kling-v4-0", "kling-v3-omni", "kling-v2-master", "aigc-video-kling-3.1"])
def test_a_model_that_is_not_here_has_no_button(name: str) -> None:
    """A similar model is not offered for one that is unavailable: it has another price."""
    request = VideoRequest(name, prompt="x")
    assert [quick_fixes(problem, request) for problem in request.errors()] == [()]


def test_the_same_model_by_another_name_is_a_button() -> None:
    """Kling's own name for a model is replaced by the same model here, in any mode."""
    request = VideoRequest("kling-v2-6-pro", prompt="x")
    (problem,) = request.errors()
    assert quick_fixes(problem, request) == (
        QuickFix("Set model to aigc-video-kling-2.6", {"model": "aigc-video-kling-2.6"}),
    )


def test_what_no_model_mends_has_no_button() -> None:
    """A problem that every model has, such as a missing prompt, has no button."""
    request = VideoRequest("2.6")
    assert [quick_fixes(problem, request) for problem in request.problems()] == [()]
