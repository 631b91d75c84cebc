"""Features by which models differ."""

from __future__ import annotations

import json

import pytest

from kling_widgets.catalog.all_fields import FIELDS, PREFIX
from kling_widgets.catalog.features import FEATURES, MINOR_FEATURES, length, max_items, ratios, usual_seconds
from kling_widgets.catalog.fields import Source
from kling_widgets.catalog.models import MODELS, Model, models
from tests.core.samples import WIRE

OPEN = json.loads((WIRE / "fields.json").read_text(encoding="utf-8"))["models"]
BY_TITLE = {feature.title: feature for feature in (*FEATURES, *MINOR_FEATURES)}


def of(name: str) -> Model:
    return MODELS[PREFIX + name]


def test_every_field_belongs_to_one_feature() -> None:
    """Every field of a model has a column; the prompt is common to all, and the other two are numbers."""
    named = [name for feature in (*FEATURES, *MINOR_FEATURES) for name in feature.fields]
    assert sorted([*named, "prompt", "seconds", "resolution"]) == sorted(FIELDS)


def test_every_capability_is_told() -> None:
    """Every capability in the catalog is one of the features."""
    named_capabilities = {feature.capability for feature in (*FEATURES, *MINOR_FEATURES)}
    assert {known.name for model in models() for known in model.capabilities} <= named_capabilities


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_a_model_has_what_its_form_offers(model: Model) -> None:
    """A model has a feature exactly if one of its fields is documented for the model."""
    for feature in (*FEATURES, *MINOR_FEATURES):
        if feature.fields:
            assert feature.has(model) == bool({*feature.fields} & {*OPEN[model.id]}), feature.title


@pytest.mark.parametrize(
    ("title", "model", "source"),
    [
        ("text", "2.6", Source.SERVICE),
        ("text", "avatar", None),
        ("last frame", "1.6", Source.SERVICE),
        ("last frame", "o1", None),
        ("sound", "2.6", Source.DOCUMENTED),
        ("sound", "o1", Source.OPEN),
        ("sound", "3.0-turbo", Source.OPEN),
        ("sound", "1.6", None),
        ("video in", "o1", Source.SERVICE),
        ("video in", "3.0-motion-control", Source.DOCUMENTED),
        ("voice", "avatar", Source.SERVICE),
        ("voice", "3.0", Source.DOCUMENTED),  # among its fields, but not among its capabilities
        ("camera", "2.6", Source.DOCUMENTED),
        ("motion brush", "3.0-motion-control", Source.SERVICE),
        ("elements", "o1", Source.DOCUMENTED),
        ("lip sync", "identifyface", Source.SERVICE),
    ],
)
def test_how_it_is_known(title: str, model: str, source: Source | None) -> None:
    """The source is the service's own page or another one, or the model lacks the feature."""
    known = BY_TITLE[title].capability_of(of(model))
    assert (known.source if known else None) == source


def test_numbers() -> None:
    """The strictest number of references, the documented lengths, and the source of the length."""
    assert [max_items(of(name), "image_list") for name in ("1.6", "2.6", "o1", "avatar")] == [4, 9, 7, None]
    assert [max_items(of(name), "video_list") for name in ("1.6", "2.6", "o1")] == [None, 1, 1]
    assert ratios(of("2.6")) == ("16:9", "9:16", "1:1") and ratios(of("avatar")) == ()
    assert usual_seconds(of("2.6")) == (5, 10)
    assert usual_seconds(of("avatar")) == ()
    assert [length(of(name)) for name in ("2.6", "3.0")] == ["5 or 10 seconds", "3 to 15 seconds"]
    assert length(of("avatar")) == "follows the sound"
