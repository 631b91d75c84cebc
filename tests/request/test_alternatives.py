"""Comparison of models, and suggestions of other models for a problem."""

from __future__ import annotations

from typing import Any

import pytest

from kling_widgets.catalog.all_fields import FIELDS, PREFIX, PRICING
from kling_widgets.catalog.compare import gains_and_losses
from kling_widgets.catalog.models import MODELS, Model, models, unknown_model
from kling_widgets.core.problem import Problem
from kling_widgets.request.alternatives import alternatives
from kling_widgets.request.request import VideoRequest
from tests.core.samples import BODIES

A, B = "https://example.com/a.png", "https://example.com/b.png"
# A valid value for every field.
VALUES: dict[str, Any] = {
    "prompt": "a boat, <<<element_1>>>",
    "seconds": 7,
    "size": "1280x720",
    "aspect_ratio": "16:9",
    "resolution": "4K",
    "sound": True,
    "image": A,
    "image_tail": B,
    "image_list": [f"{A}?{number}" for number in range(5)],
    "multi_shots": True,
    "shot_type": "intelligence",
    "multi_prompt": [{"index": 1, "prompt": "a boat", "duration": "5"}],
    "kling_elements": [{"element_id": "1"}],
    "camera_control": {"type": "down_back"},
    "dynamic_masks": [{"mask_url": A, "trajectories": [{"x": 1, "y": 1}, {"x": 9, "y": 9}]}],
    "video_list": [{"url": "https://example.com/v.mp4"}],
    "voice_list": [{"url": "https://example.com/v.wav"}],
    "session_id": "s",
    "face_choose": "f",
    "motion_brush": {"any": "JSON"},
}
# The fields that a field needs, so that there is no other problem.
WITH: dict[str, tuple[str, ...]] = {
    "image_tail": ("image",),
    "multi_prompt": ("multi_shots", "shot_type"),
    "shot_type": ("multi_shots",),
    "multi_shots": ("shot_type",),
    "dynamic_masks": ("image",),
}


def of(name: str) -> Model:
    return MODELS[PREFIX + name]


def asked(model: str | Model, *names: str, **more: Any) -> VideoRequest:
    """Return a request with these fields and the fields that they need."""
    names = ("prompt", *names, *(other for name in names for other in WITH.get(name, ())))
    return VideoRequest(model, **{**{name: VALUES[name] for name in names}, **more})


def about(request: VideoRequest, field: str, text: str = "") -> Problem:
    """Return the problem of this field whose text contains this."""
    (found,) = (each for each in request.problems() if each.field == field and text in each.message)
    return found


def offered(request: VideoRequest, field: str, text: str = "") -> list[str]:
    return [model.name for model in alternatives(request, about(request, field, text))]


# Gains and losses


def test_the_words() -> None:
    """They name fields, capabilities and larger numbers."""
    gained, lost = gains_and_losses(of("2.6"), of("3.0"))
    assert gained == ("shots", "elements", "3 to 15 seconds", "native 4K")
    assert lost == ("video in",)
    assert gains_and_losses(of("3.0"), of("3.0-turbo"))[1][0] == "last frame"
    assert "sound" in gains_and_losses(of("2.1"), of("2.6"))[0]
    assert "more than 4 references" in gains_and_losses(of("1.6"), of("2.0"))[0]
    assert "more than 7 references" in gains_and_losses(of("2.6"), of("o1"))[1]
    assert "11 to 15 seconds" in gains_and_losses(of("3.0"), of("o1"))[1]
    assert "a length that follows the sound" in gains_and_losses(of("2.6"), of("avatar"))[0]
    assert "video from text alone" in gains_and_losses(of("2.6"), of("avatar"))[1]


def others(model: Model) -> list[Model]:
    """Return all models but this one."""
    return [other for other in models() if other is not model]


@pytest.mark.parametrize("old", models(), ids=lambda model: model.name)
def test_what_is_gained_one_way_is_lost_the_other_way(old: Model) -> None:
    """No feature is both gained and lost, and both directions agree."""
    for new in others(old):
        gained, lost = gains_and_losses(old, new)
        assert (lost, gained) == gains_and_losses(new, old)
        assert not {*gained} & {*lost}
        assert len({*gained, *lost}) == len(gained) + len(lost)


@pytest.mark.parametrize("old", models(), ids=lambda model: model.name)
def test_a_field_more_is_a_gain(old: Model) -> None:
    """A model that takes a field that the other lacks gains it."""
    for new in others(old):
        gained, _ = gains_and_losses(old, new)
        assert bool({*new.by_name} - {*old.by_name}) <= bool(gained)
        either = gained + gains_and_losses(new, old)[0]
        assert (new.native_resolutions == old.native_resolutions) != ("native 4K" in either)


def test_the_same_model_and_one_that_is_not_known() -> None:
    """A model gains nothing compared with itself, and nothing is known of a model that the catalog lacks."""
    assert gains_and_losses(of("2.6"), of("2.6")) == ((), ())
    newer = unknown_model(f"{PREFIX}9")
    assert gains_and_losses(of("2.6"), newer) == gains_and_losses(newer, of("2.6")) == ((), ())


# Alternatives


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_a_field_of_other_models_leads_to_them(model: Model) -> None:
    """For each field that a model lacks, a model that takes it is suggested, unless there is none."""
    for name in (field.name for field in model.others):
        request = asked(model, name)
        found = alternatives(request, about(request, name, "is not documented"))
        assert all(name in other.by_name for other in found), name
        assert len(found) <= 2 and model not in found, name
        assert bool(found) == any(name in other.by_name for other in models()), name


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_whoever_is_offered_is_better(model: Model) -> None:
    """The problem disappears, and no valid field becomes invalid."""
    for names in (*((name,) for name in VALUES), ("image_tail", "sound"), ("seconds", "video_list")):
        request = asked(model, *names)
        wrong_before = {each.field for each in request.problems()}
        for problem in request.problems():
            for other in alternatives(request, problem):
                after = [each for each in request.replace(other).problems() if each.hint != PRICING]
                assert problem.message not in {each.message for each in after}, names
                assert {each.field for each in after if each.field in request.values} <= wrong_before, names


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_a_request_without_problems_leads_nowhere(model: Model) -> None:
    """Without a problem, no model is suggested."""
    request = asked(model)
    strange = Problem("warning", "image", "This problem is of another request.")
    assert alternatives(request, strange) == ()


@pytest.mark.parametrize(
    ("request_", "field", "names"),
    [
        (asked("3.0-turbo", "image_tail"), "image_tail", ["3.0", "2.0"]),
        (asked("3.0-turbo", "image_tail", seconds=7), "image_tail", ["3.0"]),  # 2.0 makes no 7 seconds
        (asked("2.6", seconds=7), "seconds", ["3.0", "3.0-turbo"]),
        (asked("2.6", seconds=7, sound=True), "seconds", ["3.0"]),  # Turbo has no sound
        (asked("2.6", seconds=20), "seconds", []),  # an avatar is not suggested for its length
        (asked("2.6", "image", seconds=20), "seconds", []),
        (asked("o1", seconds=12), "seconds", ["3.0", "3.0-turbo"]),
        (asked("2.6", resolution="4K"), "resolution", ["3.0"]),
        (asked("2.6", resolution="2K"), "resolution", []),  # upscaled everywhere
        (asked("1.6", "image_list"), "image_list", ["2.0", "2.1"]),
        (asked("o1", image_list=[f"{A}?{number}" for number in range(8)]), "image_list", ["3.0", "3.0-turbo"]),
        (asked("o1", "image_list", "video_list"), "image_list", ["2.6"]),
        (asked("2.6", "image_tail", sound=True), "sound", ["3.0"]),
        (asked("2.1", "image_tail", resolution="720P"), "resolution", ["2.0", "3.0"]),
        (asked("3.0", "video_list"), "video_list", ["2.6", "o1"]),
        (asked("2.0", "dynamic_masks"), "dynamic_masks", ["2.6-motion-control", "3.0-motion-control"]),
        (asked("3.0", "session_id"), "session_id", ["identifyface"]),
        (asked("3.0", "session_id", "multi_shots"), "session_id", []),  # no model takes both
        (asked("avatar", "image", "voice_list", resolution="4K"), "resolution", []),  # no other model makes avatars
    ],
    ids=lambda value: repr(value) if isinstance(value, VideoRequest) else None,
)
def test_the_nearest_comes_first(request_: VideoRequest, field: str, names: list[str]) -> None:
    """Models with fewer remaining problems, fewer losses and a nearer version come first; at most two are suggested."""
    (problem, *_) = (each for each in request_.problems() if each.field == field)
    assert [model.name for model in alternatives(request_, problem)] == names


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (VideoRequest("2.6"), "prompt"),
        (VideoRequest("2.6", prompt="x", image="ftp://x"), "image"),
        (VideoRequest("2.6", prompt="x", seconds="7s"), "seconds"),
        (VideoRequest("2.6", prompt="x", image_tail=B), "image_tail"),
        (VideoRequest("2.6", prompt="x" * 3000), "prompt"),
        (VideoRequest("3.0", multi_shots=True, shot_type="customize", multi_prompt=VALUES["multi_prompt"], seconds=9),
         "multi_prompt"),
        (VideoRequest("3.0", prompt="x", kling_elements=["1"]), "kling_elements"),
        (VideoRequest("2.6", prompt="x", image_list=[f"{A}?{number}" for number in range(10)]), "image_list"),
        (VideoRequest("2.6", prompt="x", size="640x480"), "size"),
        (VideoRequest("2.6", prompt="x", size="1280x720", image=A), "size"),
        (VideoRequest("2.6", prompt="x", duration=5, seconds=10), "seconds"),
        (VideoRequest("2.6", prompt="x", metadata={"seed": 1}), "metadata"),
        (VideoRequest("3.0", prompt="x", camera_control={"type": "simple", "config": {"pan": 1, "roll": 1}}),
         "camera_control"),
        (VideoRequest("3.0-motion-control", prompt="x"), "image"),
        (VideoRequest("avatar", prompt="x", image=A), "voice_list"),
        (VideoRequest("identifyface", prompt="x", image=A), "session_id"),
        (VideoRequest("o1", prompt="x", video_list=VALUES["video_list"]), "video_list"),  # only a note on the price
        (VideoRequest("kling-v2-6", prompt="x", image_tail=B), "model"),
        (VideoRequest(f"{PREFIX}9", prompt="x", image_tail=B), "image_tail"),
    ],
    ids=lambda value: repr(value)[:60] if isinstance(value, VideoRequest) else None,
)  # fmt: skip
def test_what_no_model_makes_better(request_: VideoRequest, field: str) -> None:
    """No model solves a missing prompt or picture, a bad link, shots that do not add up, or a price."""
    found = [each for each in request_.problems() if each.field == field]
    assert found
    assert [alternatives(request_, each) for each in found] == [()] * len(found)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_service_s_own_examples_need_no_other_model(body: dict[str, Any]) -> None:
    """The examples of the service's page cause no suggestions."""
    request = VideoRequest.from_payload(body)
    offers = {problem: alternatives(request, problem) for problem in request.problems()}
    assert not any(offers.values()), offers


def test_every_field_has_a_sample() -> None:
    """No field is missing above."""
    assert VALUES.keys() == FIELDS.keys()
