"""What is to be drawn: a request in numbers. Sizes, length, shots and pictures; nothing is opened here but headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from PIL import Image

from kling_widgets.catalog.all_fields import DEFAULT_SECONDS
from kling_widgets.catalog.reference_fields import link_of
from kling_widgets.catalog.shot_fields import joined_prompt
from kling_widgets.core.hosts import is_loopback
from kling_widgets.demo.drawing.unused import unused
from kling_widgets.request.request import VideoRequest

LONGEST_SIDE = 4096  # pixels; what H.264 decoders of browsers take at most
SHORTEST_SIDE = 64
WIDEST = 4.0  # no clip is flatter or taller than 4:1
SHORT_SIDES = {"2K": 1440, "4K": 2160}  # the others say it themselves: 720P, 1080P
# Frames a second by pixels a frame: above 1080p fewer, so that a clip is ready soon on two cores.
PACES = ((1920 * 1088, 24), (2560 * 1440, 12), (LONGEST_SIDE**2, 8))

UPLOAD_NAME = re.compile(r"[0-9a-f]{32}\.(?:png|jpg|webp|gif)")
UPLOADS_PATH = "/media/uploads/"

LONGEST = 60  # seconds; no model makes longer clips, and an hour of drawing would hold up everybody's
MOST_SHOTS = LONGEST  # a shot takes a second at least
FRAMINGS = ("wide", "medium", "close")  # how the demo cuts one prompt when the model is to make the shots


@dataclass(frozen=True)
class InputPicture:
    """A picture of the request: its link, and its file if it is an upload of this very demo."""

    role: str
    link: str
    path: Path | None

    @property
    def name(self) -> str:
        """The file name in the link, to show."""
        return file_name(self.link)


@dataclass(frozen=True)
class Shot:
    """A part of the clip with a prompt of its own; times in seconds. One that the demo cut itself has a framing."""

    prompt: str
    start: float
    end: float
    framing: str = ""


@dataclass(frozen=True)
class Animation:
    """A request as numbers: pixels, frames a second, seconds.

    ``unused`` has the fields that the model is not documented to take, each with the reason: they are not drawn, and
    said. ``used`` has all others.
    """

    width: int
    height: int
    fps: int
    seconds: int
    settings: tuple[str, ...]
    shots: tuple[Shot, ...]
    first: InputPicture | None
    last: InputPicture | None
    references: tuple[InputPicture, ...]
    used: Mapping[str, Any]
    unused: Mapping[str, str]
    request: VideoRequest
    uploads: Path

    @property
    def frames(self) -> int:
        return self.seconds * self.fps

    @property
    def short(self) -> int:
        """The shorter side in pixels, of which everything drawn over the picture is a share."""
        return min(self.width, self.height)

    def shot_at(self, moment: float) -> int:
        """The number of the shot that is seen at a moment, from 0."""
        return next((n for n, shot in enumerate(self.shots) if moment < shot.end), len(self.shots) - 1)

    def done(self, moment: float) -> float:
        """The share of the clip that is over, 0 in its first frame and 1 in its last."""
        return min(1.0, moment / max(1e-6, self.seconds - 1 / self.fps))

    def items(self, field: str) -> list[Mapping[str, Any]]:
        """The objects of a list that is used; nothing when it is not, or is no list."""
        value = self.used.get(field)
        return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []

    def picture(self, role: str, link: object) -> InputPicture | None:
        """A picture of the request, by its link."""
        return _picture(role, link, self.uploads)

    @classmethod
    def of(cls, request: VideoRequest, uploads: Path) -> Animation:
        """The clip of a request; ``uploads`` is the only folder from which pictures are read."""
        not_drawn = unused(request)
        used = {name: value for name, value in request.values.items() if name not in not_drawn}
        first, last = (
            _picture(role, used.get(name), uploads)
            for role, name in (("first frame", "image"), ("last frame", "image_tail"))
        )
        pair = used.get("images") or []  # of which the service decides: here all but the first are references
        first = first or (_picture("first frame", pair[0], uploads) if pair else None)
        links = enumerate([*map(link_of, used.get("image_list") or []), *pair[1:]], 1)
        references = (_picture(f"reference {number}", link, uploads) for number, link in links)
        width, height = measure(used, first)
        seconds = min(int(used.get("seconds") or DEFAULT_SECONDS), LONGEST)
        return cls(
            width=width,
            height=height,
            fps=next(fps for pixels, fps in PACES if width * height <= pixels),
            seconds=seconds,
            settings=(request.spec.title, *_settings(request, width, height)),
            shots=_shots(request, used, seconds),
            first=first,
            last=last,
            references=tuple(picture for picture in references if picture),
            used=used,
            unused=not_drawn,
            request=request,
            uploads=uploads,
        )


def file_name(link: str) -> str:
    """The file name in a link, to show; the whole of it where there is none."""
    try:
        return unquote(PurePosixPath(urlsplit(link).path).name) or link
    except ValueError:
        return link


def upload_name(link: str) -> str | None:
    """The file name of an upload to a demo of this machine, at whatever port it was then; None for any other link."""
    try:
        parts = urlsplit(link)
        name = parts.path.removeprefix(UPLOADS_PATH)
        ours = is_loopback(link) and parts.path.startswith(UPLOADS_PATH) and UPLOAD_NAME.fullmatch(name)
    except ValueError:
        return None
    return name if ours else None


def measure(values: Mapping[str, Any], first: InputPicture | None) -> tuple[int, int]:
    """Width and height in pixels, even. A first frame gives the ratio, then ``size``, then ``aspect_ratio``; the short
    side is what ``resolution`` says, else that of ``size``, else 720. The stock gateway makes any size that it
    does not know 1:1; the demo draws the size that was asked."""
    size, ratio, resolution = values.get("size"), values.get("aspect_ratio"), values.get("resolution")
    asked = _pair(size, "x")
    shape = (size_of(first) if first else None) or asked or _pair(ratio, ":") or (16, 9)
    short = _short_side(resolution) or (min(asked) if asked else 720)
    flat = min(max(shape[0] / shape[1], 1 / WIDEST), WIDEST)
    width, height = (short * flat, float(short)) if flat >= 1 else (float(short), short / flat)
    shrink = min(1.0, LONGEST_SIDE / max(width, height))
    return _even(width * shrink), _even(height * shrink)


def _even(side: float) -> int:
    """Even, as 4:2:0 video has one colour for two by two pixels."""
    return max(SHORTEST_SIDE, round(side / 2) * 2)


def _pair(text: Any, between: str) -> tuple[int, int] | None:
    match = re.fullmatch(rf"(\d{{1,6}}){between}(\d{{1,6}})", str(text or ""))
    pair = (int(match[1]), int(match[2])) if match else None
    return pair if pair and all(pair) else None


def _short_side(resolution: Any) -> int | None:
    text = str(resolution or "").upper()
    if text in SHORT_SIDES:
        return SHORT_SIDES[text]
    match = re.fullmatch(r"(\d{1,3})K|(\d{1,5})P", text)
    if not match:
        return None
    return int(match[1]) * 540 if match[1] else int(match[2])


def size_of(picture: InputPicture) -> tuple[int, int] | None:
    """Width and height of a picture as it is seen; None where it is not ours or cannot be read."""
    if picture.path is None:
        return None
    try:
        with Image.open(picture.path) as image:
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # EXIF: lies on its side
            return (image.height, image.width) if turned else image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # Pillow's words for a broken picture
        return None


def _picture(role: str, link: object, uploads: Path) -> InputPicture | None:
    if not isinstance(link, str) or not link:
        return None
    name = upload_name(link)
    return InputPicture(role, link, uploads / name if name else None)


def _shots(request: VideoRequest, used: Mapping[str, Any], seconds: int) -> tuple[Shot, ...]:
    """The shots of ``multi_prompt`` one after the other, over the whole length; where the model is to make them,
    framings of the one prompt; else the prompt as the one shot."""
    rows = [row for row in used.get("multi_prompt") or [] if isinstance(row, Mapping)][:MOST_SHOTS]
    lengths = [_number(row.get("duration")) for row in rows]
    if rows and sum(lengths):
        asked = [(str(row.get("prompt") or ""), "") for row in rows]
    else:
        prompt = str(request.get("prompt") or joined_prompt(request.get("multi_prompt")))
        cuts = used.get("multi_shots") is True and used.get("shot_type") != "customize"
        asked = [(prompt, framing) for framing in (FRAMINGS if cuts else ("",))]
        lengths = [1.0] * len(asked)
    scale, start, shots = seconds / sum(lengths), 0.0, []
    for (prompt, framing), length in zip(asked, lengths, strict=True):
        shots.append(Shot(prompt, start, start := start + length * scale, framing))
    return tuple(shots)


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0.0
    return number if 0 < number < 1e6 else 0.0  # "inf" and "nan" are numbers too


def _settings(request: VideoRequest, width: int, height: int) -> Iterator[str]:
    """The line under the prompt: what was asked, what the demo takes where nothing was, and the pixels made."""
    unsaid: dict[str, Any] = {"seconds": DEFAULT_SECONDS}
    if "size" not in request.values:
        unsaid["resolution"] = "720P"
        if not {"image", "images"} & request.values.keys():  # a first frame gives its own ratio
            unsaid["aspect_ratio"] = "16:9"
    yield request.replace(**{name: value for name, value in unsaid.items() if name not in request.values}).settings()
    if request.get("multi_shots") is False:  # as with sound: that it was turned off is said
        yield "several shots off"
    if request.get("size") != f"{width}x{height}":
        yield f"{width}×{height} px"
