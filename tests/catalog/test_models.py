"""The catalog against the service's tables."""

from __future__ import annotations

import json
import pickle

import pytest

from kling_widgets.catalog import models as catalog
from kling_widgets.catalog.all_fields import FIELDS, PREFIX
from kling_widgets.catalog.fields import Number, Source
from kling_widgets.catalog.link_fields import Links
from kling_widgets.catalog.models import MODELS, Model
from tests.core.samples import WIRE

FIVE_OR_TEN, THREE_TO_FIFTEEN = (5, 10), tuple(range(3, 16))
EVERYTHING = {"text": "S", "first frame": "S", "last frame": "S", "references": "S"}
# API.md, section 3: what each model can do and who says so; seconds; the numbers of references.
TABLE = {
    "1.6": (EVERYTHING, FIVE_OR_TEN, (9, 4)),
    "2.0": (EVERYTHING, FIVE_OR_TEN, (9,)),
    "2.1": (EVERYTHING, FIVE_OR_TEN, (9,)),
    "2.5-turbo": (EVERYTHING, FIVE_OR_TEN, (9,)),
    "2.6": ({**EVERYTHING, "video in": "S", "sound": "D"}, FIVE_OR_TEN, (9,)),
    "2.6-motion-control": ({"first frame": "S", "video in": "D", "motion control": "S"}, (), None),
    "3.0": ({**EVERYTHING, "sound": "D", "multi-shot": "D"}, THREE_TO_FIFTEEN, (9,)),
    "3.0-turbo": ({"text": "S", "first frame": "S", "references": "S", "sound": "?"}, THREE_TO_FIFTEEN, (9,)),
    "3.0-motion-control": ({"first frame": "S", "video in": "D", "motion control": "S"}, (), None),
    "o1": (
        {"text": "S", "first frame": "S", "references": "S", "video in": "S", "sound": "?"},
        tuple(range(3, 11)),
        (9, 7),
    ),
    "avatar": ({"first frame": "S", "voice": "S", "avatar": "S"}, (), None),
    "identifyface": ({"first frame": "S", "voice": "S", "lip sync": "S"}, (), None),
}


def test_the_fields_of_each_model_are_the_documented_ones() -> None:
    """They are exactly the fields in the design's own table, in its order."""
    offered = json.loads((WIRE / "fields.json").read_text(encoding="utf-8"))["models"]
    assert {model.id: [field.name for field in model.fields] for model in catalog.models()} == offered


@pytest.mark.parametrize("name", TABLE)
def test_each_model_can_do_what_its_row_says(name: str) -> None:
    """Capabilities with their source, the seconds, the numbers of references."""
    can, seconds, references = TABLE[name]
    model = MODELS[PREFIX + name]
    assert {known.name: known.source.value for known in model.capabilities} == can
    number = model.field("seconds")
    assert isinstance(number, Number)
    assert (number.low, number.high, number.usual) == (1, 60, seconds)
    links = model.by_name.get("image_list")
    assert (tuple(limit.value for limit in links.limits) if isinstance(links, Links) else None) == references


def test_all_twelve_are_there() -> None:
    """Each of them has a title of its own."""
    assert {model.name for model in catalog.models()} == set(TABLE)
    assert len({model.title for model in catalog.models()}) == 12
    assert catalog.DEFAULT_MODEL.name == "2.6"


@pytest.mark.parametrize("model", catalog.models(), ids=lambda model: model.name)
def test_a_model_knows_every_field_of_the_line(model: Model) -> None:
    """Its own fields come with its own limits, the others separately."""
    own, others = {field.name for field in model.fields}, {field.name for field in model.others}
    assert own | others == set(FIELDS) and not own & others
    for name in FIELDS:
        assert model.field(name).name == name
    with pytest.raises(KeyError):
        model.field("negative_prompt")


def test_native_resolutions() -> None:
    """720P and 1080P; 4K on 3.0 too (D)."""
    assert {model.name for model in catalog.models() if "4K" in model.native_resolutions} == {"3.0"}


def test_who_needs_what() -> None:
    """Motion control and avatar need a first frame (S); an avatar needs a voice (D)."""
    needs = {
        model.name: [(need.field, need.source) for need in model.needs] for model in catalog.models() if model.needs
    }
    assert needs == {
        "2.6-motion-control": [("image", Source.SERVICE)],
        "3.0-motion-control": [("image", Source.SERVICE)],
        "avatar": [("image", Source.SERVICE), ("voice_list", Source.DOCUMENTED)],
        "identifyface": [("voice_list", Source.DOCUMENTED)],
    }


def test_what_is_known_of_sound() -> None:
    """Two models make sound on request, the sources contradict each other for two, and the others make none."""
    assert {model.name: model.sound for model in catalog.models() if model.sound != "never"} == {
        "2.6": "optional",
        "3.0": "optional",
        "3.0-turbo": "unknown",
        "o1": "unknown",
    }
    for model in catalog.models():
        assert ("sound" in model.by_name) == (model.sound in ("always", "optional"))


def test_capabilities_can_be_asked_for() -> None:
    """By name, whatever the source."""
    assert MODELS["aigc-video-kling-2.6"].can("sound")
    assert not MODELS["aigc-video-kling-o1"].can("last frame")
    assert not MODELS["aigc-video-kling-o1"].can("sound")  # the sources contradict each other


def test_the_length_of_a_clip_is_told_in_words() -> None:
    """The help of the seconds names the documented values, or what the length follows."""
    helps = {model.name: model.field("seconds").help for model in catalog.models()}
    assert "5 or 10 seconds" in helps["1.6"]
    assert "3 to 15 seconds" in helps["3.0"]
    assert "3 to 10 seconds" in helps["o1"]
    assert "follows the driving video" in helps["3.0-motion-control"]
    assert "follows the sound" in helps["avatar"]


def test_a_field_of_another_model_is_not_touched() -> None:
    """Limits of one model do not change another's."""
    assert FIELDS["seconds"] is not MODELS["aigc-video-kling-3.0"].field("seconds")
    assert getattr(FIELDS["seconds"], "usual") == ()  # noqa: B009 - Field itself has no such attribute


def test_models_can_be_pickled() -> None:
    """Models can be sent to other processes."""
    model = MODELS["aigc-video-kling-2.6"]
    assert pickle.loads(pickle.dumps(model)) == model
