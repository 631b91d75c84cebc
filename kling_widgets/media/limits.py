"""What is wrong with a picture, a clip or a sound whose bytes are at hand: facts in, problems out.

An error is only what the gateway's upload cannot take at all. Everything else is documented for Kling elsewhere (D),
and so a warning. Of a link nothing is known here: its bytes are not at hand.
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

UPLOADABLE = ("png", "jpeg", "webp", "gif")  # the kinds of the gateway's upload (D)
# Other kinds that Pillow may read, and the package by which it does.
CONVERTED = {"heic": "pillow-heif", "avif": '"pillow>=11.3"', "tiff": "pillow", "bmp": "pillow"}
LARGEST_UPLOAD = 20_000_000  # bytes; 20 MB a picture at the gateway's upload (D)
LARGEST_PICTURE = 10_000_000  # bytes; what Kling's own reference of its API says (D)
# No clip has more pixels than 4K, so neither is more of a picture seen; nobody documents that it would be refused.
_LARGE_SIDE = FieldLimit(4096, Source.INFERRED)


@dataclass(frozen=True, slots=True)
class Facts:
    """What some bytes are.

    Attributes:
        kind: "png", "jpeg", "webp", "gif", "heic", "avif", "tiff", "bmp", "mp4", "mov", "webm", "wav", "mp3", "m4a",
            "aac"; None for anything else.
        size: bytes.
        width, height: pixels as they are uploaded, upright where that can be made; None for a sound, or where the
            header does not say.
        seconds: the length of a clip or a sound, or None.
        rate: frames a second of a clip, or None.
        animated: whether it is a picture that moves.
        converted: whether it is uploaded as PNG or JPEG, being of another kind.
        flaws: what else is wrong with it, names of ``FLAWS``.
    """

    kind: str | None
    size: int
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    rate: float | None = None
    animated: bool = False
    converted: bool = False
    flaws: tuple[str, ...] = ()

    def __str__(self) -> str:
        """ "1280×720 png, 1.2 MB"."""
        what = ("animated " if self.animated else "") + (self.kind or "unknown")
        length = f"{self.seconds:.1f} s" if self.seconds is not None else ""
        return ", ".join(filter(None, (f"{self.pixels} {what}".strip(), length, format_size(self.size))))

    @property
    def pixels(self) -> str:
        """ "1280×720", or nothing."""
        return f"{self.width}×{self.height}" if self.width and self.height else ""


# What may be wrong with a picture, and what to do. It is sent as it is: nobody says that it would be refused.
FLAWS = {
    "cut": ("{name} is cut off: its end is missing.", "Copy or download it again."),
    "cmyk": (
        "{name} is in the colours of print (CMYK), which are often shown wrongly.",
        "kw.picture(path) mends that.",
    ),
    "turned": (
        "{name} is stored turned, and cannot be set upright here: what counts is not documented.",
        'Save it upright. Pillow does that for a whole picture that stands still: pip install "kling_widgets[video]".',
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What is documented (D) to be taken in one place.

    Attributes:
        kinds: of file.
        size: bytes at the most.
        sides: pixels of each side, at least and at the most.
        flattest: the long side over the short one, at the most.
        seconds: length, at least and at the most.
        rates: frames a second, at least and at the most.
    """

    kinds: tuple[str, ...]
    size: int
    sides: tuple[int, int] | None = None
    flattest: float | None = None
    seconds: tuple[int, int] | None = None
    rates: tuple[int, int] | None = None


# Kling's own reference of its API: 10 MB, sides from 300 px (motion control: to 65536), 1:2.5 to 2.5:1.
_PICTURE = Bounds(kinds=("jpeg", "png"), size=LARGEST_PICTURE, sides=(300, 65_536), flattest=2.5)
_LAST_FRAME = replace(_PICTURE, kinds=("jpeg", "png", "webp"), size=5_000_000)  # Tencent
_MASK = Bounds(kinds=("jpeg", "png"), size=10_000_000)  # its sides are those of the picture that it covers
_VIDEO = Bounds(kinds=("mp4", "mov"), size=200_000_000, sides=(720, 2160), seconds=(3, 10), rates=(24, 60))
# What drives a motion: Kling's own reference of motion control.
_DRIVING = Bounds(kinds=("mp4", "mov"), size=100_000_000, sides=(340, 3850), seconds=(3, 30))
_VOICE = Bounds(kinds=("mp3", "wav", "m4a", "aac"), size=5_000_000, seconds=(2, 60))
_SPEECH = replace(_VOICE, seconds=(2, 300))  # of an avatar


def bounds(field: AnyField, model: Model) -> Bounds | None:
    """What is documented for the media of a field; None for a field that holds none."""
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


def unfit(field: str | None, name: str, facts: Facts) -> Problem | None:
    """Why a file cannot be uploaded as a picture, or None.

    Args:
        field: the request's field that it stands in.
        name: what the file is called in the message.
        facts: what it is.
    """
    if not facts.size:
        return Problem("error", field, f"{name} is empty.")
    if facts.kind in CONVERTED and not facts.converted:
        kind = facts.kind.upper()
        said = f"{name} is {kind}, which Pillow cannot read here."
        return Problem("error", field, said, f"Save it as JPEG, or: pip install {CONVERTED[facts.kind]}.")
    if facts.kind not in UPLOADABLE and not facts.converted:
        found = f"{facts.kind}, not a picture" if facts.kind else "not a picture"
        return Problem("error", field, f"{name} is {found}.", "Pictures that can be uploaded: png, jpeg, webp, gif.")
    if facts.size > LARGEST_UPLOAD:
        said = f"{name} has {format_size(facts.size)}."
        return Problem("error", field, said, f"The service takes pictures of up to {format_size(LARGEST_UPLOAD)}.")
    return None


def problems(field: AnyField, model: Model, name: str, facts: Facts) -> Iterator[Problem]:
    """What is wrong with a local file in a field.

    Args:
        field: where it stands.
        model: the model that is to take it.
        name: what the file is called in messages.
        facts: what it is.
    """
    limits = bounds(field, model)
    if limits is None:
        return
    # That a clip or a sound cannot be uploaded at all says its field.
    if not isinstance(field, Clips) and (found := unfit(field.name, name, facts)):
        yield found
        return
    passed = list(_beyond(limits, name, facts))
    for message, hint in passed:
        yield field.problem_by_source(Source.DOCUMENTED, message, hint)
    large = max(facts.width or 0, facts.height or 0) > _LARGE_SIDE.value
    if large and not passed and not isinstance(field, Clips):
        yield field.problem_by_source(
            _LARGE_SIDE.source,
            f"{name} has {facts.pixels} pixels, more than any clip shows.",
            "A smaller one looks the same and is sent sooner.",
        )


def _beyond(limits: Bounds, name: str, facts: Facts) -> Iterator[tuple[str, str]]:
    """Each limit that is passed: what is the case, and what to do."""
    kinds = f"{', '.join(limits.kinds[:-1])} or {limits.kinds[-1]}"
    if facts.kind is None:
        yield f"{name} is no file of a kind that is known here; {kinds} is documented.", ""
        return
    for flaw in facts.flaws:
        message, hint = FLAWS[flaw]
        yield message.format(name=name), hint
    if facts.kind not in limits.kinds and not facts.converted:
        yield f"{name} is {facts.kind}; {kinds} is documented.", f"Save it as {limits.kinds[-1]}."
    if facts.animated:
        yield f"{name} moves; which of its pictures counts is not documented.", "Save the one that you mean."
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
    if limits.flattest and ratio > limits.flattest * 1.01:
        yield (
            f"{name} has {facts.pixels} pixels; no flatter than {limits.flattest:g}:1, and no taller than "
            f"1:{limits.flattest:g}, is documented.",
            "Cut it.",
        )


def _inside(value: float, limits: tuple[int, int]) -> bool:
    """Whether it is within the limits, give or take what a container rounds: a clip of 10 s has 10.04."""
    low, high = limits
    return low * 0.98 <= value <= high * 1.02
