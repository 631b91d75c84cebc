"""The checklist of a workflow: steps in order, marked when they are done."""

from __future__ import annotations

import pytest

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.models import MODELS, models
from kling_widgets.catalog.workflows import SCENES
from kling_widgets.notebook.form.checklist import checklist, checklist_sections
from kling_widgets.request.request import VideoRequest

LED = [model.name for model in models() if model.scene]


def marks(request: VideoRequest) -> list[str]:
    """Return the mark of each step."""
    return [line.mark for line in checklist(request)[1:-1]]


def test_every_scene_of_the_catalog_has_a_lead_and_no_other() -> None:
    """Its steps name fields that the models of the scene take."""
    assert {model.scene for model in models()} - {""} == SCENES.keys()
    for model in models():
        if model.scene:
            names = {name for step in SCENES[model.scene].steps for name in step.fields}
            assert names <= set(model.by_name)
            assert {need.field for need in model.needs} <= names


def test_a_model_for_everything_has_none() -> None:
    """It has no checklist."""
    assert checklist(VideoRequest("2.6", prompt="x")) == []
    assert checklist_sections(MODELS["aigc-video-kling-2.6"]) == set()


@pytest.mark.parametrize("model", LED)
def test_steps_are_ticked_as_they_are_done(model: str) -> None:
    """One after the other, whichever of its fields does it."""
    request = VideoRequest(model)
    scene = SCENES[request.spec.scene]
    assert not any("done" in mark for mark in marks(request))
    for number, step in enumerate(scene.steps, 1):
        name = step.fields[-1]
        request = request.replace(**{name: FIELDS[name].clean(FIELDS[name].example, paths=False)})
        assert ["done" in mark for mark in marks(request)] == [n <= number for n in range(1, len(scene.steps) + 1)]


def test_what_the_service_does_not_offer_is_said() -> None:
    """Lip sync wants a face identification, which happens elsewhere."""
    assert "identifies no faces" in checklist(VideoRequest("identifyface"))[-1].text
    assert checklist_sections(MODELS["aigc-video-kling-identifyface"]) == {"Frames", "Video and voice", "Lip sync"}
