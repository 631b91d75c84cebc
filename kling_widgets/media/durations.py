"""Length of clips and sounds, and dimensions of clips, read by FFmpeg; unknown without the extra ``video``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

# FFmpeg gets the name of the format: if it guesses, it may take a file for a playlist and open other files.
_FORMATS = {"mp4": "mov", "mov": "mov", "m4a": "mov", "webm": "matroska", "wav": "wav", "mp3": "mp3", "aac": "aac"}


@dataclass(frozen=True, slots=True)
class Length:
    """Length and dimensions of a clip or a sound.

    Attributes:
        seconds: its length, or None if unknown.
        width: pixels of a clip as displayed, or None.
        height: pixels of a clip as displayed, or None.
        rate: frames per second, or None.
    """

    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    rate: float | None = None


def measure(kind: str, file: BinaryIO) -> Length:
    """Return the length of a file of this format, such as "mp4" or "wav"; an empty one if it cannot be read."""
    try:
        return _measured(_FORMATS[kind], file)
    except Exception:  # noqa: BLE001 - it is only used for warnings; the service checks by itself
        return Length()


def _measured(name: str, file: BinaryIO) -> Length:
    import av

    with av.open(file, mode="r", format=name) as container:
        seconds = container.duration / av.time_base if container.duration and container.duration > 0 else None
        if not container.streams.video or name in ("mp3", "aac", "wav"):  # a cover is not a video
            return Length(seconds)
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1  # one frame needs no thread pool
        width, height = stream.width, stream.height
        if next(container.decode(stream)).rotation % 180:  # recorded with a phone held upright
            width, height = height, width
        return Length(seconds, width or None, height or None, float(stream.average_rate or 0) or None)
