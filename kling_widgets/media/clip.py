"""A video file on disk: its size, length and poster."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kling_widgets.media import probe
from kling_widgets.media.frames import image_of

if TYPE_CHECKING:
    from PIL.Image import Image


LARGEST_POSTER = 18 * 1024  # bytes; a notebook holds it twice
LARGEST_THUMBNAIL = 4 * 1024  # bytes; a table holds fifty
# Quality and longest side of pictures, the best first.
_POSTERS = ((72, 640), (60, 480), (50, 360), (40, 240), (30, 160))
_THUMBNAILS = ((60, 128), (40, 96), (30, 64))


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file as it was found on disk.

    Attributes:
        path: the file.
        size: bytes.
        sha256: of the content, hexadecimal.
        width, height: pixels, or None where nothing here can read it.
        seconds: its length, or None.
        sound: whether it has a sound track, or None.
        poster: a JPEG of its first picture, at most 18 KiB, or None.
    """

    path: Path
    size: int
    sha256: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    sound: bool | None = None
    poster: bytes | None = None


def read(path: Path) -> Clip:
    """The size and the checksum of a video file.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return Clip(path, os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest())


def look_into(clip: Clip) -> Clip:
    """The clip with what its pictures say; as it is without the extra ``video``, or if that cannot read it."""
    try:
        with clip.path.open("rb") as file:
            # A decoder is not asked about anything else: it would follow a playlist to other files.
            if probe.format_of(probe.kind_of(file.read(probe.ENOUGH))) != "clip":
                return clip
            file.seek(0)
            return _decoded(clip, file)
    except Exception:  # noqa: BLE001 - it is on disk all the same
        return clip


def find(path: Path) -> Clip | None:
    """The video that is in a file; None if there is none, or if it is no video by its first bytes."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return None
        with path.open("rb") as file:
            head = file.read(probe.ENOUGH)
        return read(path) if probe.format_of(probe.kind_of(head)) == "clip" else None
    except (OSError, ValueError):
        return None


def _decoded(clip: Clip, file: BinaryIO) -> Clip:
    import av

    with av.open(file, mode="r") as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        return replace(
            clip,
            width=frame.width,
            height=frame.height,
            seconds=container.duration / av.time_base if container.duration else None,
            sound=bool(container.streams.audio),
            poster=_jpeg(image_of(frame), _POSTERS, LARGEST_POSTER),
        )


def thumbnail(poster: bytes) -> bytes | None:
    """A poster made small, a JPEG of at most 4 KiB; None without the extra ``video``, or if it is no picture."""
    return _again(poster, _THUMBNAILS, LARGEST_THUMBNAIL)


def smaller(poster: bytes, largest: int) -> bytes | None:
    """A poster as a JPEG of at most so many bytes; None without the extra ``video``, or if that is too few."""
    return poster if len(poster) <= largest else _again(poster, _POSTERS, largest)


def _again(poster: bytes, ways: Sequence[tuple[int, int]], largest: int) -> bytes | None:
    try:
        from PIL import Image

        with Image.open(io.BytesIO(poster), formats=("JPEG",)) as picture:
            return _jpeg(picture, ways, largest)
    except Exception:  # noqa: BLE001 - a table without a picture is a table
        return None


def _jpeg(picture: Image, ways: Sequence[tuple[int, int]], largest: int) -> bytes | None:
    """The picture as a JPEG by the first of the ways, quality and longest side, that is small enough."""
    for quality, side in ways:
        picture.thumbnail((side, side))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= largest:
            return buffer.getvalue()
    return None
