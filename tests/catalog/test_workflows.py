"""Inputs of the workflows that some models are made for."""

from __future__ import annotations

import pytest

from kling_widgets.catalog.models import MODELS, models
from kling_widgets.catalog.workflows import SCENES, missing_steps
from kling_widgets.request.request import VideoRequest

A, SOUND = "https://a.example/a.png", [{"url": "https://a.example/a.mp3"}]


@pytest.mark.parametrize(
    ("model", "values", "missing"),
    [
        ("2.6", {}, []),
        ("avatar", {}, ["image", "voice_list", "prompt"]),
        ("avatar", {"image": A, "voice_list": SOUND}, ["prompt"]),
        ("avatar", {"images": [A], "voice_list": SOUND, "prompt": "x"}, []),
        ("identifyface", {"image": A, "voice_list": SOUND, "prompt": "x"}, ["session_id", "face_choose"]),
        ("3.0-motion-control", {"image": A, "prompt": "x"}, ["video_list"]),
        ("3.0-motion-control", {"image": A, "prompt": "x", "motion_brush": {}}, []),
    ],
)
def test_missing_inputs(model: str, values: dict[str, object], missing: list[str]) -> None:
    """A step is missing until one of its fields, or of the fields that stand for it, is set."""
    spec = MODELS[f"aigc-video-kling-{model}"]
    assert [step.fields[0] for step in missing_steps(spec.scene, values)] == missing


def test_a_form_names_what_it_does_not_submit_without() -> None:
    """Each such step has a noun for the button, and no other step has one."""
    for workflow in SCENES.values():
        for step in workflow.steps:
            assert bool(step.noun) == (step.need == "off")


@pytest.mark.parametrize("model", [model.name for model in models() if model.scene])
def test_each_missing_input_is_also_a_problem(model: str) -> None:
    """The form's button and its questions agree with the problems of the request."""
    request = VideoRequest(model)
    reported = {problem.field for problem in request.problems()}
    for step in missing_steps(request.spec.scene, request.values):
        assert reported & set(step.fields) or step.fields == ("image",)
