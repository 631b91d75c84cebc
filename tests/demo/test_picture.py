"""Every field of a request is visible in its clip: by its effect, or as unused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.models import MODELS
from kling_widgets.demo.drawing.animation import Animation
from kling_widgets.demo.drawing.sound import track
from kling_widgets.demo.picture import Painter
from kling_widgets.demo.render import render
from kling_widgets.request.request import VideoRequest
from tests.demo.conftest import Studio, film

pytestmark = pytest.mark.slow

OPEN: dict[str, list[str]] = json.loads(
    (Path(__file__).parents[1] / "wire" / "fields.json").read_text(encoding="utf-8")
)["models"]
LINK = "https://example.com/"
SMALL, SIZE = "180P", (320, 180)  # large enough for all differences
NOT_ALONE = ("shot_type", "multi_prompt", "motion_brush")  # the first two only with several shots on


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("studio"))


def values(studio: Studio) -> dict[str, Any]:
    """Return a value for every field."""
    picture, mask = Image.new("RGB", (320, 180), (120, 150, 180)), Image.new("L", (320, 180), 0)
    for image, ink in ((picture, (250, 20, 220)), (mask, 255)):
        ImageDraw.Draw(image).ellipse((40, 40, 80, 80), fill=ink)
    path = [{"x": 60, "y": 120}, {"x": 160, "y": 150}]
    return {
        "prompt": "<<<element_1>>> on the lake",
        "seconds": 3,
        "size": "320x180",
        "aspect_ratio": "1:1",
        "resolution": SMALL,
        "sound": True,
        "image": studio.picture(picture),
        "image_tail": studio.upload((30, 60, 90), (320, 180)),
        "image_list": [studio.upload((200, 90, 30)), f"{LINK}ref.png"],
        "multi_shots": True,
        "shot_type": "customize",
        "multi_prompt": [
            {"index": 1, "prompt": "it waits", "duration": "1"},
            {"index": 2, "prompt": "it goes", "duration": "2"},
        ],
        "kling_elements": [{"element_id": "101"}],
        "camera_control": {"type": "simple", "config": {"roll": 6}},
        "dynamic_masks": [{"mask_url": studio.picture(mask), "trajectories": path}],
        "video_list": [{"url": f"{LINK}walk.mp4", "refer_type": "feature", "keep_original_sound": "yes"}],
        "voice_list": [{"url": f"{LINK}voice.wav"}],
        "session_id": "SESSION_ID",
        "face_choose": "FACE_ID",
        "motion_brush": {"any": "thing"},
        "metadata": {"negative_prompt": "rain"},
    }


def clip(studio: Studio, model: str, fields: dict[str, Any]) -> Animation:
    return Animation.of(VideoRequest.from_payload(VideoRequest(model, **fields).payload()), studio.store.uploads)


def seen(made: Animation) -> str:
    """Return a hash of a clip's frames and sound, at several moments as pages change. It excludes the settings line,
    which names every field in any case."""
    painter = Painter(replace(made, settings=()))
    digest = hashlib.sha256(repr((made.width, made.height, made.frames)).encode())
    for share in (0.02, 0.3, 0.55, 0.9):
        digest.update(painter.frame(round(share * (made.frames - 1)) / made.fps).tobytes())
    samples = track(made)
    digest.update(b"" if samples is None else samples.tobytes())
    return digest.hexdigest()


@cache
def seen_without(studio: Studio, model: str) -> str:
    return seen(clip(studio, model, least(studio, model)))


def least(studio: Studio, model: str) -> dict[str, Any]:
    """Return the fewest fields with which a model makes a clip."""
    every = values(studio)
    needed = ["image"] if any(need.field == "image" for need in MODELS[model].needs) else []
    return {"prompt": "a lake", **{name: every[name] for name in needed}}


# Each field on a model that takes it, and another one on each model that does not.
NAMES = (*FIELDS, "metadata")
TAKEN = [(next((model for model in OPEN if name in OPEN[model]), "aigc-video-kling-2.6"), name) for name in NAMES]
STRANGE = [
    (model, [name for name in FIELDS if name not in names][number % (len(FIELDS) - len(names))])
    for number, (model, names) in enumerate(OPEN.items())
]


@pytest.mark.parametrize(("model", "field"), [*TAKEN, *STRANGE])
def test_every_field_leaves_a_trace(studio: Studio, model: str, field: str) -> None:
    """A clip with the field differs from one without it, for any model: the field has an effect, or is shown as
    unused."""
    fields = least(studio, model)
    value = values(studio)[field]
    if fields.get(field) == value:  # a first frame that the model must have: another one
        value = studio.upload((1, 2, 3), (320, 180))
    assert seen(clip(studio, model, {**fields, field: value})) != seen_without(studio, model)


@pytest.mark.parametrize("model", MODELS)
def test_each_model_draws_its_fields_and_names_the_others(studio: Studio, model: str) -> None:
    """The fields that are not drawn are exactly those that the model is not documented to take."""
    least_of_it = least(studio, model)
    for name in NAMES:
        made = clip(studio, model, {**least_of_it, name: values(studio)[name]})
        assert (name in made.unused) == (name not in (*OPEN[model], "metadata") or name in NOT_ALONE), name


@pytest.mark.parametrize("model", OPEN)
def test_all_fields_at_once(studio: Studio, model: str) -> None:
    """A clip with all of a model's fields is made; removing any of them changes it."""
    fields = {name: values(studio)[name] for name in OPEN[model]}
    whole = clip(studio, model, fields)
    assert not whole.unused
    target = studio.folder / "whole.mp4"
    render(whole.request, target, studio.store.uploads)
    made = film(target)
    assert (made.size, len(made.frames)) == (SIZE, 72)


@pytest.mark.parametrize(
    "model", [min(OPEN, key=lambda model: len(OPEN[model])), max(OPEN, key=lambda model: len(OPEN[model]))]
)
def test_one_field_less(studio: Studio, model: str) -> None:
    """With all fields set, removing one still changes the clip."""
    whole = clip(studio, model, {name: values(studio)[name] for name in OPEN[model]})
    word = seen(whole)
    for name in OPEN[model]:
        less = VideoRequest.from_payload(whole.request.payload()).replace(**{name: None})
        if not less.errors():
            assert seen(Animation.of(less, studio.store.uploads)) != word, name


def test_all_the_line_at_once(studio: Studio) -> None:
    """An unknown model takes every field, and its clip is made, also with invalid values."""
    every = values(studio)
    odd = {
        **every,
        "image_list": [f"{LINK}{number % 5}.png" for number in range(9)],
        "kling_elements": [{"element_id": str(number)} for number in range(9)],
        "camera_control": {"type": "simple", "config": {"pan": 99, "tilt": -99}},
        "dynamic_masks": [{"mask_url": f"{LINK}m.png", "trajectories": [{"x": 1e9, "y": -1e9}]}] * 9,
        "video_list": [{"url": f"{LINK}{number}", "refer_type": "x"} for number in range(3)],
        "voice_list": [{"url": f"{LINK}{number}"} for number in range(3)],
        "face_choose": [{"face_id": "1"}, {"face_id": "2"}],
        "metadata": {f"key{number}": number for number in range(40)},
    }
    for fields in (every, odd):
        for size in ("320x180", "180x320", "64x64"):
            made = clip(
                studio, "aigc-video-kling-9.9", {**fields, "image": f"{LINK}a.png", "size": size, "resolution": None}
            )
            painter = Painter(made)
            for moment in (0.0, 1.5, 2.9):
                frame = painter.frame(moment)
                assert frame.size == (made.width, made.height) and np.ptp(np.asarray(frame)) > 60
