"""How long a clip or a sound is, and how large a clip, as FFmpeg reads it; unknown without the extra ``video``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

# By the name of its format alone: FFmpeg guesses others, and some of them name further files, which it would open.
_FORMATS = {"mp4": "mov", "mov": "mov", "m4a": "mov", "webm": "matroska", "wav": "wav", "mp3": "mp3", "aac": "aac"}


@dataclass(frozen=True, slots=True)
class Length:
    """What a header says.

    Attributes:
        seconds: how long it is, or None.
        width, height: pixels of the picture as it is shown, or None.
        rate: frames a second, or None.
    """

    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    rate: float | None = None


def measure(kind: str, file: BinaryIO) -> Length:
    """Return the length of a file of this kind, such as "mp4" or "wav"; an empty one if it cannot be told."""
    try:
        return _measured(_FORMATS[kind], file)
    except Exception:  # noqa: BLE001 - only warnings hang on it; the service looks for itself
        return Length()


def _measured(name: str, file: BinaryIO) -> Length:
    import av

    with av.open(file, mode="r", format=name) as container:
        seconds = container.duration / av.time_base if container.duration and container.duration > 0 else None
        if not container.streams.video or name in ("mp3", "aac", "wav"):  # a cover is no picture of it
            return Length(seconds)
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1  # one frame needs no pool of threads
        width, height = stream.width, stream.height
        if next(container.decode(stream)).rotation % 180:  # a telephone held upright
            width, height = height, width
        return Length(seconds, width or None, height or None, float(stream.average_rate or 0) or None)
