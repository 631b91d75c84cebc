"""Problems of requests that are shown in the clip."""

from __future__ import annotations

from typing import Any

import pytest

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.models import MODELS
from kling_widgets.demo.drawing.unused import NAMED, WRONG, struck, unused, warnings
from kling_widgets.request.request import VideoRequest
from tests.demo.conftest import make_request

PICTURE = "https://example.com/a.png"


@pytest.mark.parametrize(
    ("model", "fields", "names"),
    [
        ("2.6", {"sound": True}, set()),
        ("1.6", {"sound": True, "session_id": "S"}, {"sound", "session_id"}),
        ("3.0-turbo", {"image": PICTURE, "image_tail": PICTURE}, {"image_tail"}),
        ("3.0", {"multi_shots": True, "shot_type": "intelligence"}, set()),
        ("3.0", {"shot_type": "intelligence"}, {"shot_type"}),
        ("3.0", {"multi_shots": False, "shot_type": "customize"}, {"shot_type"}),
        ("aigc-video-kling-9", {"session_id": "S", "motion_brush": {"a": 1}}, {"motion_brush"}),
    ],
)
def test_unused(model: str, fields: dict[str, Any], names: set[str]) -> None:
    """Unused are fields that the model is not documented to take, shots without their switch, and fields without a
    documented shape; a model that the catalog does not know takes everything else."""
    assert set(unused(make_request(model=model, size=None, **fields))) == names


@pytest.mark.parametrize("model", [model.name for model in MODELS.values()])
def test_what_a_model_takes_is_used(model: str) -> None:
    """Exactly those fields are struck through that the model does not have in the catalog."""
    given = {name: field.clean(field.example, paths=False) for name, field in FIELDS.items()}
    request = VideoRequest(model, **given)
    assert set(unused(request)) == FIELDS.keys() - request.spec.by_name.keys()


@pytest.mark.parametrize(
    "fields",
    [
        {"camera_control": "left"},
        {"image_list": [{"x": 1}]},
        {"dynamic_masks": "right"},
        {"video_list": ["walk.mp4"]},
        {"size": "big"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_has_a_wrong_shape_is_struck_through(fields: dict[str, Any]) -> None:
    """A value of the wrong type, which the gateway accepts, is struck through."""
    request = VideoRequest.from_given("aigc-video-kling-9", {"prompt": "x", **fields}, untrusted=fields)
    assert unused(request) == dict.fromkeys(fields, WRONG)


def test_struck_through_by_reason() -> None:
    """Unused fields are grouped by reason, with the form's labels; unknown metadata by key, up to a limit."""
    request = make_request(model="1.6", sound=True, voice_list=["https://example.com/a.wav"], metadata={"seed": 1})
    said = struck(request)
    assert said["not documented for Kling 1.6"] == ["Sound", "Voice"]
    assert said["not documented"] == ["metadata.seed"]
    many = struck(make_request(metadata={f"key{number}": 1 for number in range(NAMED + 5)}))["not documented"]
    assert len(many) == NAMED + 1 and many[-1] == "and 5 more"


def test_warnings_are_the_catalogs() -> None:
    """The form's warnings are shown, except for fields that are struck through."""
    fields = {"image": PICTURE, "metadata": {"seed": 1}, "size": "1280x720"}
    request = make_request(model="1.6", seconds=5, sound=True, **fields)
    said = list(warnings(request))
    assert said == ["With a first frame the clip keeps the picture's shape; “1280x720” is ignored."]
    assert len(request.problems()) == 3
