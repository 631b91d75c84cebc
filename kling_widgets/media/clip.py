"""A video file on disk, with its size, length and poster."""

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


LARGEST_POSTER = 18 * 1024  # bytes; a notebook contains it three times
LARGEST_THUMBNAIL = 4 * 1024  # bytes; a table contains fifty
# JPEG quality and longest side in pixels, the best first.
_POSTERS = ((72, 640), (60, 480), (50, 360), (40, 240), (30, 160))
_THUMBNAILS = ((60, 128), (40, 96), (30, 64))


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file on disk.

    Attributes:
        path: the file.
        size: its size in bytes.
        sha256: of the content, hexadecimal.
        width: pixels, or None if unknown.
        height: pixels, or None if unknown.
        seconds: its length, or None if unknown.
        sound: whether it has a sound track, or None if unknown.
        poster: a JPEG of its first frame, at most 18 KiB, or None.
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
    """Return a video file with its size and checksum.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return Clip(path, os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest())


def look_into(clip: Clip) -> Clip:
    """Return the clip with its dimensions, length and poster; unchanged if it cannot be decoded.

    Decoding needs the extra ``video``.
    """
    try:
        with clip.path.open("rb") as file:
            # Never decode other formats: FFmpeg would follow a playlist to other files.
            if probe.kind_of(probe.format_of(file.read(probe.ENOUGH))) != "clip":
                return clip
            file.seek(0)
            return _decoded(clip, file)
    except Exception:  # noqa: BLE001 - the file is valid all the same
        return clip


def find(path: Path) -> Clip | None:
    """Return the video in a file; None if there is no such file, or if its first bytes are not those of a video."""
    try:
        if not path.is_file():  # reading a pipe would block
            return None
        with path.open("rb") as file:
            head = file.read(probe.ENOUGH)
        return read(path) if probe.kind_of(probe.format_of(head)) == "clip" else None
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
    """Return a poster as a JPEG of at most 4 KiB; None without the extra ``video``, or if it is not a picture."""
    return _reencoded(poster, _THUMBNAILS, LARGEST_THUMBNAIL)


def smaller(poster: bytes, largest: int) -> bytes | None:
    """Return a poster as a JPEG of at most this many bytes; None if that is too few, or without the extra ``video``."""
    return poster if len(poster) <= largest else _reencoded(poster, _POSTERS, largest)


def _reencoded(poster: bytes, encodings: Sequence[tuple[int, int]], largest: int) -> bytes | None:
    try:
        from PIL import Image

        with Image.open(io.BytesIO(poster), formats=("JPEG",)) as picture:
            return _jpeg(picture, encodings, largest)
    except Exception:  # noqa: BLE001 - a table works without the picture
        return None


def _jpeg(picture: Image, encodings: Sequence[tuple[int, int]], largest: int) -> bytes | None:
    """Return the picture as a JPEG with the first quality and longest side that make it small enough, or None."""
    for quality, side in encodings:
        picture.thumbnail((side, side))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= largest:
            return buffer.getvalue()
    return None
