"""Checks of local media against documented limits: warnings, unless the upload is impossible."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.model_names import model as find
from kling_widgets.catalog.models import models
from kling_widgets.media.limits import CONVERTED, Facts, bounds, problems

MEDIA = ("image", "image_tail", "image_list", "dynamic_masks", "video_list", "voice_list")
PNG = Facts("png", 1_200_000, 1280, 720)
MP4 = Facts("mp4", 5_000_000, 1280, 720, 5.04, 24)
WAV = Facts("wav", 900_000, seconds=10)
GOOD = {**dict.fromkeys(MEDIA[:4], PNG), "video_list": MP4, "voice_list": WAV}


def said(field: str, facts: Facts, model: str = "2.6") -> list[str]:
    """Return the problems of a file, each with its severity."""
    spec = find(model)
    return [f"{each.severity}: {each}" for each in problems(spec.field(field), spec, "a file", facts)]


@pytest.mark.parametrize("model", [model.name for model in models()])
@pytest.mark.parametrize("field", MEDIA)
def test_media_within_the_limits_have_no_problems(field: str, model: str) -> None:
    """A usual picture, clip or sound has no problems with any model."""
    assert said(field, GOOD[field], model) == []


@pytest.mark.parametrize("field", [name for name in FIELDS if name not in MEDIA])
def test_other_fields_have_no_limits(field: str) -> None:
    """Fields without media have no limits."""
    assert bounds(FIELDS[field], find("2.6")) is None
    assert said(field, Facts(None, 0)) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"size": 0}, "is empty"),
        ({"format": None}, "is not a picture"),
        ({"format": "mp4"}, "is mp4, not a picture"),
        ({"size": 40_000_000}, "has 40 MB. The service takes pictures of up to 20 MB"),
    ],
)
@pytest.mark.parametrize("field", MEDIA[:4])
def test_only_a_file_that_cannot_be_uploaded_is_an_error(field: str, change: dict[str, Any], says: str) -> None:
    """A file that cannot be uploaded is an error, and the only problem."""
    (problem,) = said(field, replace(PNG, **change))
    assert problem.startswith("error: ")
    assert says in problem


@pytest.mark.parametrize(
    ("field", "change", "says"),
    [
        ("image", {"format": "gif"}, "is gif; jpeg or png is documented"),
        ("image", {"format": "gif", "animated": True}, "which of its frames is used is not documented"),
        ("image", {"format": "webp"}, "is webp"),
        ("image", {"size": 10_500_000}, "10.5 MB; 10 MB is the documented limit"),
        ("image", {"width": 299, "height": 400}, "299×400 pixels; sides of at least 300"),
        ("image", {"width": 70_000, "height": 70_000}, "sides of at most 65536"),
        ("image", {"width": 3000, "height": 1000}, "from 1:2.5 to 2.5:1 are documented"),
        ("image", {"width": 400, "height": 1100}, "from 1:2.5 to 2.5:1 are documented"),
        ("image", {"width": 9000, "height": 9000}, "more than any clip shows"),
        ("image_list", {"size": 10_500_000}, "10 MB is the documented limit"),
        ("image_tail", {"size": 5_100_000}, "5.1 MB; 5 MB is the documented limit"),
    ],
)
def test_documented_limits_of_pictures_are_warnings(field: str, change: dict[str, Any], says: str) -> None:
    """Documented limits are warnings, as the sources may be outdated."""
    found = said(field, replace(PNG, **change))
    assert all(each.startswith("warning: ") for each in found)
    assert any(says in each for each in found)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("image_tail", {"format": "webp"}),
        ("image", {"format": "jpeg"}),
        ("image", {"width": 2500, "height": 1000}),
        ("image", {"width": 720, "height": 1800}),
        ("image", {"width": 300, "height": 300}),
        ("image", {"width": None, "height": None}),
        ("image_tail", {"size": 5_000_000}),
        ("dynamic_masks", {"width": 64, "height": 48}),
    ],
)
def test_values_at_the_limits_are_accepted(field: str, change: dict[str, Any]) -> None:
    """Values at the limits are accepted, and unknown values are ignored; only a last frame may be WebP."""
    assert said(field, replace(PNG, **change)) == []


@pytest.mark.parametrize(
    ("model", "change", "says"),
    [
        ("o1", {"seconds": 60.0}, "60.0 s long; 3 to 10 s are documented"),
        ("o1", {"seconds": 2.0}, "3 to 10 s"),
        ("o1", {"size": 250_000_000}, "200 MB is the documented limit"),
        ("o1", {"width": 640, "height": 480}, "sides of at least 720"),
        ("o1", {"width": 3840, "height": 2160}, "sides of at most 2160"),
        ("o1", {"format": "webm"}, "mp4 or mov is documented"),
        ("o1", {"format": None}, "has an unknown format"),
        ("o1", {"rate": 12.0}, "12 frames a second; 24 to 60"),
        ("3.0-motion-control", {"seconds": 60.0}, "3 to 30 s"),
        ("3.0-motion-control", {"size": 150_000_000}, "100 MB"),
        ("3.0-motion-control", {"width": 300, "height": 400}, "at least 340"),
    ],
)
def test_documented_limits_of_clips_are_warnings(model: str, change: dict[str, Any], says: str) -> None:
    """Clips have limits, and driving clips others."""
    (problem,) = said("video_list", replace(MP4, **change), model)
    assert problem.startswith("warning: ")
    assert says in problem


@pytest.mark.parametrize(
    ("model", "change"),
    [
        ("o1", {"seconds": 10.04}),
        ("o1", {"seconds": 2.97}),
        ("o1", {"seconds": None, "rate": None, "width": None, "height": None}),
        ("2.6-motion-control", {"seconds": 29.0, "width": 400, "height": 700, "rate": 15.0}),
    ],
)
def test_clips_within_the_limits(model: str, change: dict[str, Any]) -> None:
    """Containers round: a clip of ten seconds may have 10.04."""
    assert said("video_list", replace(MP4, **change), model) == []


@pytest.mark.parametrize(
    ("model", "seconds", "says"),
    [
        ("avatar", 200.0, ""),
        ("avatar", 400.0, "2 to 300 s"),
        ("identifyface", 200.0, "2 to 60 s"),
        ("2.6", 1.0, "2 to 60"),
    ],
)
def test_an_avatar_may_speak_longer(model: str, seconds: float, says: str) -> None:
    """The sound of an avatar may have five minutes."""
    found = said("voice_list", replace(WAV, seconds=seconds), model)
    assert [says in each for each in found] == ([True] if says else [])


def test_format_and_size_of_a_voice_are_reported() -> None:
    """Format and size are both reported."""
    assert "mp3, wav, m4a or aac is documented" in said("voice_list", replace(WAV, format="webm"))[0]
    assert "5 MB is the documented limit" in said("voice_list", replace(WAV, size=6_000_000))[0]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (PNG, "1280×720 png, 1.2 MB"),
        (MP4, "1280×720 mp4, 5.0 s, 5 MB"),
        (WAV, "wav, 10.0 s, 900 KB"),
        (Facts("gif", 999, 4, 3, animated=True), "4×3 animated gif, 1 KB"),
        (Facts(None, 12), "unknown, 1 KB"),
    ],
)
def test_facts_in_words(facts: Facts, words: str) -> None:
    """The text of the properties, as it is shown beside the picture."""
    assert str(facts) == words


@pytest.mark.parametrize(
    ("flaw", "says"),
    [
        ("cut", "a file is cut off: its end is missing. Copy or download it again."),
        (
            "cmyk",
            "a file uses print colours (CMYK), which are often displayed wrongly. kw.picture(path) converts",
        ),
        ("turned", "a file is stored rotated, and cannot be rotated here: how"),
    ],
)
def test_a_flaw_of_a_picture_is_a_warning(flaw: str, says: str) -> None:
    """A flaw is a warning: no source says that the picture would be refused."""
    (found,) = said("image", replace(PNG, flaws=(flaw,)))
    assert found.startswith(f"warning: {says}")


@pytest.mark.parametrize("format", CONVERTED)
def test_another_format_of_picture_is_converted_or_refused(format: str) -> None:
    """Other formats are accepted if Pillow reads them; else the error names the package."""
    assert said("image", replace(PNG, format=format, size=12_000_000, converted=True)) == []
    (found,) = said("image", Facts(format, 1_200_000))
    assert found.startswith(
        f"error: a file is {format.upper()}, which Pillow cannot read here. Save it as JPEG, or: pip"
    )
