"""The lead of a scene: steps in order, ticked as they are done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kling_widgets.core.catalog import FIELDS, MODELS, models
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.scenes import SCENES
from kling_widgets.notebook.controls import Parts
from kling_widgets.notebook.guide import Guide, sections
from kling_widgets.notebook.local_media import LocalMedia

LED = [model.name for model in models() if model.scene]


@pytest.fixture
def guide(tmp_path: Path) -> Guide:
    return Guide(Parts(LocalMedia(tmp_path)))


def marks(guide: Guide) -> list[str]:
    """What stands before each step."""
    return re.findall(r"<li><span[^>]*>(.*?)</span>", guide.widget.value)


def test_every_scene_of_the_catalog_has_a_lead_and_no_other() -> None:
    """Its steps name fields that the models of the scene take."""
    assert {model.scene for model in models()} - {""} == SCENES.keys()
    for model in models():
        if model.scene:
            names = {name for step in SCENES[model.scene].steps for name in step.fields}
            assert names <= set(model.by_name)
            assert {need.field for need in model.needs} <= names


def test_a_model_for_everything_has_none(guide: Guide) -> None:
    """Nothing stands there."""
    guide.tell(VideoRequest("2.6", prompt="x"))
    assert guide.widget.value == ""
    assert sections(MODELS["aigc-video-kling-2.6"]) == set()


@pytest.mark.parametrize("model", LED)
def test_steps_are_ticked_as_they_are_done(model: str, guide: Guide) -> None:
    """One after the other, whichever of its fields does it."""
    request = VideoRequest(model)
    scene = SCENES[request.spec.scene]
    guide.tell(request)
    assert not any("done" in mark for mark in marks(guide))
    for number, step in enumerate(scene.steps, 1):
        name = step.fields[-1]
        request = request.replace(**{name: FIELDS[name].clean(FIELDS[name].example, paths=False)})
        guide.tell(request)
        assert ["done" in mark for mark in marks(guide)] == [n <= number for n in range(1, len(scene.steps) + 1)]


def test_what_the_service_does_not_offer_is_said(guide: Guide) -> None:
    """Lip sync wants a face identification, which happens elsewhere."""
    guide.tell(VideoRequest("identifyface"))
    assert "identifies no faces" in guide.widget.value
    assert sections(MODELS["aigc-video-kling-identifyface"]) == {"Frames", "Video and voice", "Lip sync"}
