"""What is to be drawn: a request in numbers. Sizes, length, shots and pictures; nothing is opened here but headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from PIL import Image

from kling_widgets.core.request import VideoRequest

LONGEST_SIDE = 4096  # pixels; what H.264 decoders of browsers take at most
SHORTEST_SIDE = 64
WIDEST = 4.0  # no clip is flatter or taller than 4:1
SHORT_SIDES = {"2K": 1440, "4K": 2160}  # the others say it themselves: 720P, 1080P
# Frames a second by pixels a frame: above 1080p fewer, so that a clip is ready soon on two cores.
PACES = ((1920 * 1088, 24), (2560 * 1440, 12), (LONGEST_SIDE**2, 8))

UPLOAD_NAME = re.compile(r"[0-9a-f]{32}\.(?:png|jpg|webp|gif)")
UPLOADS_PATH = "/media/uploads/"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Picture:
    """A picture of the request: its link, and its file if it is an upload of this very demo."""

    role: str
    link: str
    path: Path | None

    @property
    def name(self) -> str:
        """The file name in the link, to show."""
        return unquote(PurePosixPath(urlsplit(self.link).path).name) or self.link


@dataclass(frozen=True)
class Shot:
    """A part of the clip with a prompt of its own; times in seconds."""

    prompt: str
    start: float
    end: float


@dataclass(frozen=True)
class Clip:
    """A request as numbers: pixels, frames a second, seconds."""

    width: int
    height: int
    fps: int
    seconds: int
    sound: bool
    title: str
    settings: tuple[str, ...]
    shots: tuple[Shot, ...]
    first: Picture | None
    last: Picture | None
    references: tuple[Picture, ...]
    request: VideoRequest

    @property
    def frames(self) -> int:
        return self.seconds * self.fps

    @classmethod
    def of(cls, request: VideoRequest, uploads: Path) -> Clip:
        """The clip of a request; ``uploads`` is the only folder from which pictures are read."""
        first, last, *references = _pictures(request, uploads)
        width, height = measure(request, first)
        seconds = int(request.get("seconds") or 5)
        return cls(
            width=width,
            height=height,
            fps=next(fps for pixels, fps in PACES if width * height <= pixels),
            seconds=seconds,
            sound=request.get("sound") is True,
            title=request.spec.title,
            settings=(request.spec.title, *_settings(request, width, height)),
            shots=_shots(request, seconds),
            first=first,
            last=last,
            references=tuple(picture for picture in references if picture),
            request=request,
        )


def upload_name(link: str) -> str | None:
    """The file name of an upload to a demo of this machine, at whatever port it was then; None for any other link."""
    try:
        parts = urlsplit(link)
        name = parts.path.removeprefix(UPLOADS_PATH)
        ours = parts.hostname in LOOPBACK and parts.path.startswith(UPLOADS_PATH) and UPLOAD_NAME.fullmatch(name)
    except ValueError:
        return None
    return name if ours else None


def measure(request: VideoRequest, first: Picture | None) -> tuple[int, int]:
    """Width and height in pixels, even. A first frame gives the ratio, then ``size``, then ``aspect_ratio``; the short
    side is what ``resolution`` says, else that of ``size``, else 720. The stock gateway makes any size that it
    does not know 1:1; the demo draws the size that was asked."""
    size, ratio, resolution = request.get("size"), request.get("aspect_ratio"), request.get("resolution")
    asked = _pair(size, "x")
    shape = (_size_of(first) if first else None) or asked or _pair(ratio, ":") or (16, 9)
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


def _size_of(picture: Picture) -> tuple[int, int] | None:
    if picture.path is None:
        return None
    try:
        with Image.open(picture.path) as image:
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # EXIF: lies on its side
            return (image.height, image.width) if turned else image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # Pillow's words for a broken picture
        return None


def _pictures(request: VideoRequest, uploads: Path) -> Iterator[Picture | None]:
    """First frame or None, last frame or None, then the references."""

    def picture(role: str, link: object) -> Picture | None:
        if not isinstance(link, str) or not link:
            return None
        name = upload_name(link)
        return Picture(role, link, uploads / name if name else None)

    yield picture("first frame", request.get("image"))
    yield picture("last frame", request.get("image_tail"))
    for number, link in enumerate(request.get("image_list") or [], 1):
        yield picture(f"reference {number}", link)


def _shots(request: VideoRequest, seconds: int) -> tuple[Shot, ...]:
    """The shots of ``multi_prompt`` one after the other, over the whole length; else the prompt as the one shot."""
    rows = [row for row in request.get("multi_prompt") or [] if isinstance(row, Mapping)]
    lengths = [_number(row.get("duration")) for row in rows]
    if not rows or not sum(lengths):
        return (Shot(str(request.get("prompt") or ""), 0.0, float(seconds)),)
    scale, start, shots = seconds / sum(lengths), 0.0, []
    for row, length in zip(rows, lengths, strict=True):
        shots.append(Shot(str(row.get("prompt") or ""), start, start := start + length * scale))
    return tuple(shots)


def _number(value: Any) -> float:
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        return 0.0


def _settings(request: VideoRequest, width: int, height: int) -> Iterator[str]:
    """The line under the prompt: what was asked, what the demo takes where nothing was, and the pixels made."""
    unsaid: dict[str, Any] = {"seconds": 5}
    if "size" not in request.values:
        unsaid["resolution"] = "720P"
        if "image" not in request.values:  # a first frame gives its own ratio
            unsaid["aspect_ratio"] = "16:9"
    yield request.replace(**{name: value for name, value in unsaid.items() if name not in request.values}).settings()
    if request.get("size") != f"{width}x{height}":
        yield f"{width}×{height} px"
