"""Checks of local pictures, clips and sounds against the documented limits.

Only files that the gateway's upload cannot take at all are errors. All other limits are documented for Kling elsewhere
(D), so exceeding them is a warning. Links are not checked here, as their content is not available.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from kling_widgets.catalog.field_kinds import AnyField
from kling_widgets.catalog.fields import Choice, FieldLimit, Flag, Number, Source, Text
from kling_widgets.catalog.link_fields import Link, Links
from kling_widgets.catalog.models import Model
from kling_widgets.catalog.shot_fields import Shots
from kling_widgets.catalog.structured_fields import Anything, CameraControl, Clips, Elements, Masks
from kling_widgets.core.problem import Problem
from kling_widgets.core.text import format_size

UPLOADABLE = ("png", "jpeg", "webp", "gif")  # the formats of the gateway's upload (D)
# Other formats that Pillow may read, and the package it needs.
CONVERTED = {"heic": "pillow-heif", "avif": '"pillow>=11.3"', "tiff": "pillow", "bmp": "pillow"}
LARGEST_UPLOAD = 20_000_000  # bytes; 20 MB a picture at the gateway's upload (D)
LARGEST_PICTURE = 10_000_000  # bytes; Kling's own API reference (D)
# Clips have at most 4K, so more pixels of a picture are useless; no source says that it would be refused.
_LARGE_SIDE = FieldLimit(4096, Source.INFERRED)


@dataclass(frozen=True, slots=True)
class Facts:
    """Properties of a media file.

    Attributes:
        format: "png", "jpeg", "webp", "gif", "heic", "avif", "tiff", "bmp", "mp4", "mov", "webm", "wav", "mp3", "m4a",
            "aac"; None for anything else.
        size: bytes.
        width: pixels as uploaded, upright if possible; None for a sound, or if unknown.
        height: as ``width``.
        seconds: the length of a clip or a sound, or None.
        rate: frames per second of a clip, or None.
        animated: whether it is an animated picture.
        converted: whether it has another format and is converted to PNG or JPEG for the upload.
        flaws: other problems, names of ``FLAWS``.
    """

    format: str | None
    size: int
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    rate: float | None = None
    animated: bool = False
    converted: bool = False
    flaws: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return a text such as "1280×720 png, 1.2 MB"."""
        label = ("animated " if self.animated else "") + (self.format or "unknown")
        length = f"{self.seconds:.1f} s" if self.seconds is not None else ""
        return ", ".join(filter(None, (f"{self.pixels} {label}".strip(), length, format_size(self.size))))

    @property
    def pixels(self) -> str:
        """The dimensions as text, such as "1280×720", or ""."""
        return f"{self.width}×{self.height}" if self.width and self.height else ""


# Problems of a picture, and hints. It is sent as it is: no source says that it would be refused.
FLAWS = {
    "cut": ("{name} is cut off: its end is missing.", "Copy or download it again."),
    "cmyk": (
        "{name} uses print colours (CMYK), which are often displayed wrongly.",
        "kw.picture(path) converts it.",
    ),
    "turned": (
        "{name} is stored rotated, and cannot be rotated here: how the service reads it is not documented.",
        'Save it upright. Pillow does this for complete, still pictures: pip install "kling_widgets[video]".',
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Documented limits (D) for the media of one field.

    Attributes:
        formats: the accepted file formats.
        size: largest size in bytes.
        sides: least and greatest width and height in pixels.
        ratio: greatest ratio of the longer to the shorter side.
        seconds: least and greatest length.
        rates: least and greatest number of frames per second.
    """

    formats: tuple[str, ...]
    size: int
    sides: tuple[int, int] | None = None
    ratio: float | None = None
    seconds: tuple[int, int] | None = None
    rates: tuple[int, int] | None = None


# Kling's own API reference: 10 MB, sides from 300 px (motion control: to 65536), 1:2.5 to 2.5:1.
_PICTURE = Bounds(formats=("jpeg", "png"), size=LARGEST_PICTURE, sides=(300, 65_536), ratio=2.5)
_LAST_FRAME = replace(_PICTURE, formats=("jpeg", "png", "webp"), size=5_000_000)  # Tencent
_MASK = Bounds(formats=("jpeg", "png"), size=10_000_000)  # its sides are those of the picture that it covers
_VIDEO = Bounds(formats=("mp4", "mov"), size=200_000_000, sides=(720, 2160), seconds=(3, 10), rates=(24, 60))
# Clips that drive a motion: Kling's own reference of motion control.
_DRIVING = Bounds(formats=("mp4", "mov"), size=100_000_000, sides=(340, 3850), seconds=(3, 30))
_VOICE = Bounds(formats=("mp3", "wav", "m4a", "aac"), size=5_000_000, seconds=(2, 60))
_SPEECH = replace(_VOICE, seconds=(2, 300))  # of an avatar


def bounds(field: AnyField, model: Model) -> Bounds | None:
    """Return the documented limits for the media of a field; None for a field without media."""
    match field:
        case Link(name="image_tail"):
            return _LAST_FRAME
        case Link() | Links():
            return _PICTURE
        case Masks():
            return _MASK
        case Clips(media="audio"):
            return _SPEECH if model.scene == "avatar" else _VOICE
        case Clips():
            return _DRIVING if model.scene == "motion control" else _VIDEO
        case Text() | Flag() | Choice() | Number() | Shots() | CameraControl() | Elements() | Anything():
            return None
    assert_never(field)


def upload_problem(field: str | None, name: str, facts: Facts) -> Problem | None:
    """Return the reason why a file cannot be uploaded as a picture, or None.

    Args:
        field: the request's field with the file.
        name: the file's name in the message.
        facts: the file's properties.
    """
    if not facts.size:
        return Problem("error", field, f"{name} is empty.")
    if facts.format in CONVERTED and not facts.converted:
        message = f"{name} is {facts.format.upper()}, which Pillow cannot read here."
        return Problem("error", field, message, f"Save it as JPEG, or: pip install {CONVERTED[facts.format]}.")
    if facts.format not in UPLOADABLE and not facts.converted:
        found = f"{facts.format}, not a picture" if facts.format else "not a picture"
        return Problem("error", field, f"{name} is {found}.", "Pictures that can be uploaded: png, jpeg, webp, gif.")
    if facts.size > LARGEST_UPLOAD:
        message = f"{name} has {format_size(facts.size)}."
        return Problem("error", field, message, f"The service takes pictures of up to {format_size(LARGEST_UPLOAD)}.")
    return None


def problems(field: AnyField, model: Model, name: str, facts: Facts) -> Iterator[Problem]:
    """Yield the problems of a local file in a field.

    Args:
        field: the field with the file.
        model: the model of the request.
        name: the file's name in messages.
        facts: the file's properties.
    """
    limits = bounds(field, model)
    if limits is None:
        return
    # Clips and sounds cannot be uploaded at all, which is an error of their field.
    if not isinstance(field, Clips) and (found := upload_problem(field.name, name, facts)):
        yield found
        return
    exceeded = list(_exceeded(limits, name, facts))
    for message, hint in exceeded:
        yield field.problem_by_source(Source.DOCUMENTED, message, hint)
    large = max(facts.width or 0, facts.height or 0) > _LARGE_SIDE.value
    if large and not exceeded and not isinstance(field, Clips):
        yield field.problem_by_source(
            _LARGE_SIDE.source,
            f"{name} has {facts.pixels} pixels, more than any clip shows.",
            "A smaller one looks the same and uploads faster.",
        )


def _exceeded(limits: Bounds, name: str, facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield a message and a hint for each limit that is exceeded."""
    formats = f"{', '.join(limits.formats[:-1])} or {limits.formats[-1]}"
    if facts.format is None:
        yield f"{name} has an unknown format; {formats} is documented.", ""
        return
    for flaw in facts.flaws:
        message, hint = FLAWS[flaw]
        yield message.format(name=name), hint
    if facts.format not in limits.formats and not facts.converted:
        yield f"{name} is {facts.format}; {formats} is documented.", f"Save it as {limits.formats[-1]}."
    if facts.animated:
        yield f"{name} is animated; which of its frames is used is not documented.", "Save the one that you want."
    if facts.size > limits.size and not facts.converted:
        yield f"{name} has {format_size(facts.size)}; {format_size(limits.size)} is the documented limit.", ""
    if limits.seconds and facts.seconds is not None and not _inside(facts.seconds, limits.seconds):
        low, high = limits.seconds
        yield f"{name} is {facts.seconds:.1f} s long; {low} to {high} s are documented.", ""
    if limits.rates and facts.rate is not None and not _inside(facts.rate, limits.rates):
        low, high = limits.rates
        yield f"{name} has {facts.rate:.0f} frames a second; {low} to {high} are documented.", ""
    if not facts.width or not facts.height:
        return
    if limits.sides and not all(limits.sides[0] <= side <= limits.sides[1] for side in (facts.width, facts.height)):
        low, high = limits.sides
        allowed = f"at least {low}" if min(facts.width, facts.height) < low else f"at most {high}"
        yield f"{name} has {facts.pixels} pixels; sides of {allowed} are documented.", ""
    ratio = max(facts.width / facts.height, facts.height / facts.width)
    if limits.ratio and ratio > limits.ratio * 1.01:
        yield (
            f"{name} has {facts.pixels} pixels; aspect ratios from 1:{limits.ratio:g} to {limits.ratio:g}:1 are "
            "documented.",
            "Crop it.",
        )


def _inside(value: float, limits: tuple[int, int]) -> bool:
    """Return whether a value is within the limits, with 2 % tolerance: containers round, a clip of 10 s has 10.04."""
    low, high = limits
    return low * 0.98 <= value <= high * 1.02
