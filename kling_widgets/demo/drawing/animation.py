"""Description of a clip to draw: size, length, shots and pictures. Only the headers of pictures are read here."""

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

LONGEST_SIDE = 4096  # pixels; the limit of H.264 decoders in browsers
SHORTEST_SIDE = 64
WIDEST = 4.0  # the aspect ratio is at most 4:1
SHORT_SIDES = {"2K": 1440, "4K": 2160}  # the other names contain it: 720P, 1080P
# Frames a second by pixels a frame: fewer above 1080p, so that a clip is finished soon on two cores.
FRAME_RATES = ((1920 * 1088, 24), (2560 * 1440, 12), (LONGEST_SIDE**2, 8))

UPLOAD_NAME = re.compile(r"[0-9a-f]{32}\.(?:png|jpg|webp|gif)")
UPLOADS_PATH = "/media/uploads/"

LONGEST = 60  # seconds; no model makes longer clips, and drawing one would block all other tasks
MOST_SHOTS = LONGEST  # a shot takes a second at least
FRAMINGS = ("wide", "medium", "close")  # the demo's shots of one prompt if the model chooses the shots


@dataclass(frozen=True)
class InputPicture:
    """Picture of the request: its link, and its file if it is an upload to this demo."""

    role: str
    link: str
    path: Path | None

    @property
    def name(self) -> str:
        """The file name in the link, for display."""
        return file_name(self.link)


@dataclass(frozen=True)
class Shot:
    """Part of the clip with a prompt of its own; times are in seconds. A shot that the demo chose has a framing."""

    prompt: str
    start: float
    end: float
    framing: str = ""


@dataclass(frozen=True)
class Animation:
    """Everything needed to draw a request: pixels, frames a second, seconds, shots and pictures.

    ``unused`` has the fields that are not drawn but only listed, each with the reason, such as that the model is not
    documented to take it. ``used`` has all others.
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
        """The shorter side in pixels; the sizes of everything drawn over the picture are shares of it."""
        return min(self.width, self.height)

    def shot_at(self, moment: float) -> int:
        """Return the index of the shot at a moment, in seconds."""
        return next((n for n, shot in enumerate(self.shots) if moment < shot.end), len(self.shots) - 1)

    def done(self, moment: float) -> float:
        """Return the share of the clip that is over at a moment: 0 in its first frame, 1 in its last."""
        return min(1.0, moment / max(1e-6, self.seconds - 1 / self.fps))

    def items(self, field: str) -> list[Mapping[str, Any]]:
        """Return the objects in a used field's list; empty if the field is not used or not a list."""
        value = self.used.get(field)
        return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []

    def picture(self, role: str, link: object) -> InputPicture | None:
        """Return a picture of the request for a link, or None if the link is not a text."""
        return _picture(role, link, self.uploads)

    @classmethod
    def of(cls, request: VideoRequest, uploads: Path) -> Animation:
        """Return the animation of a request; pictures are only read from the folder ``uploads``."""
        not_drawn = unused(request)
        used = {name: value for name, value in request.values.items() if name not in not_drawn}
        first, last = (
            _picture(role, used.get(name), uploads)
            for role, name in (("first frame", "image"), ("last frame", "image_tail"))
        )
        pair = used.get("images") or []  # the service decides on their use; here all but the first are references
        first = first or (_picture("first frame", pair[0], uploads) if pair else None)
        links = enumerate([*map(link_of, used.get("image_list") or []), *pair[1:]], 1)
        references = (_picture(f"reference {number}", link, uploads) for number, link in links)
        width, height = frame_size(used, first)
        seconds = min(int(used.get("seconds") or DEFAULT_SECONDS), LONGEST)
        return cls(
            width=width,
            height=height,
            fps=next(fps for pixels, fps in FRAME_RATES if width * height <= pixels),
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
    """Return the file name in a link, for display; the whole link if it has none."""
    try:
        return unquote(PurePosixPath(urlsplit(link).path).name) or link
    except ValueError:
        return link


def upload_name(link: str) -> str | None:
    """Return the file name of an upload to a demo on this machine, at any port; None for any other link."""
    try:
        parts = urlsplit(link)
        name = parts.path.removeprefix(UPLOADS_PATH)
        ours = is_loopback(link) and parts.path.startswith(UPLOADS_PATH) and UPLOAD_NAME.fullmatch(name)
    except ValueError:
        return None
    return name if ours else None


def frame_size(values: Mapping[str, Any], first: InputPicture | None) -> tuple[int, int]:
    """Return width and height in pixels, both even.

    The ratio is that of the first frame, else of ``size``, else ``aspect_ratio``; the short side is that of
    ``resolution``, else of ``size``, else 720. The stock gateway turns an unknown size into 1:1; the demo does not.
    """
    size, ratio, resolution = values.get("size"), values.get("aspect_ratio"), values.get("resolution")
    given = _pair(size, "x")
    shape = (size_of(first) if first else None) or given or _pair(ratio, ":") or (16, 9)
    short = _short_side(resolution) or (min(given) if given else 720)
    flat = min(max(shape[0] / shape[1], 1 / WIDEST), WIDEST)
    width, height = (short * flat, float(short)) if flat >= 1 else (float(short), short / flat)
    shrink = min(1.0, LONGEST_SIDE / max(width, height))
    return _even(width * shrink), _even(height * shrink)


def _even(side: float) -> int:
    """Return the side as an even number, as 4:2:0 video has one colour for two by two pixels."""
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
    """Return width and height of a picture, upright; None if it is not an upload or cannot be read."""
    if picture.path is None:
        return None
    try:
        with Image.open(picture.path) as image:
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # EXIF orientations that swap the sides
            return (image.height, image.width) if turned else image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # Pillow's errors for a broken picture
        return None


def _picture(role: str, link: object, uploads: Path) -> InputPicture | None:
    if not isinstance(link, str) or not link:
        return None
    name = upload_name(link)
    return InputPicture(role, link, uploads / name if name else None)


def _shots(request: VideoRequest, used: Mapping[str, Any], seconds: int) -> tuple[Shot, ...]:
    """Return the shots of ``multi_prompt``, scaled to the whole length.

    Without them, return framings of the prompt if the model chooses the shots, otherwise the prompt as one shot.
    """
    rows = [row for row in used.get("multi_prompt") or [] if isinstance(row, Mapping)][:MOST_SHOTS]
    lengths = [_number(row.get("duration")) for row in rows]
    if rows and sum(lengths):
        parts = [(str(row.get("prompt") or ""), "") for row in rows]
    else:
        prompt = str(request.get("prompt") or joined_prompt(request.get("multi_prompt")))
        cuts = used.get("multi_shots") is True and used.get("shot_type") != "customize"
        parts = [(prompt, framing) for framing in (FRAMINGS if cuts else ("",))]
        lengths = [1.0] * len(parts)
    scale, start, shots = seconds / sum(lengths), 0.0, []
    for (prompt, framing), length in zip(parts, lengths, strict=True):
        shots.append(Shot(prompt, start, start := start + length * scale, framing))
    return tuple(shots)


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0.0
    return number if 0 < number < 1e6 else 0.0  # excludes "inf" and "nan"


def _settings(request: VideoRequest, width: int, height: int) -> Iterator[str]:
    """Yield the settings for the caption: those of the request, the demo's defaults for others, and the pixel size."""
    unsaid: dict[str, Any] = {"seconds": DEFAULT_SECONDS}
    if "size" not in request.values:
        unsaid["resolution"] = "720P"
        if not {"image", "images"} & request.values.keys():  # a first frame gives its own ratio
            unsaid["aspect_ratio"] = "16:9"
    yield request.replace(**{name: value for name, value in unsaid.items() if name not in request.values}).settings()
    if request.get("multi_shots") is False:  # switching it off is shown, as for sound
        yield "several shots off"
    if request.get("size") != f"{width}x{height}":
        yield f"{width}×{height} px"
