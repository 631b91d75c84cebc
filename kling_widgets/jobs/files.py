"""Where a video goes, what it is called, and what is in it."""

from __future__ import annotations

import hashlib
import io
import os
import re
import time
import unicodedata
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kling_widgets.errors import KlingError

if TYPE_CHECKING:
    from PIL.Image import Image

FOLDER = "kling_videos"
LARGEST_POSTER = 18 * 1024  # bytes; a notebook holds it twice
_LONGEST_SLUG = 40


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


def slug(prompt: str) -> str:
    """A few words of the prompt for a file name, in any script, without anything that a file system could mistake."""
    text = unicodedata.normalize("NFC", prompt).lower()
    words = re.sub(r"[^\w]+|_+", "-", text).strip("-")[:_LONGEST_SLUG].strip("-")
    while len(words.encode()) > 100:  # a name may have 255 bytes, and Chinese takes three a character
        words = words[:-1]
    return words or "video"


def name_for(prompt: str, task_id: str, created: float, *, demo: bool) -> str:
    """The name of a video: when, what, which task; and "demo" where it is one."""
    when = time.strftime("%Y-%m-%d_%H%M", time.localtime(created))
    short = hashlib.sha256(task_id.encode()).hexdigest()[:6]
    return f"{when}_{slug(prompt)}_{'demo_' if demo else ''}{short}.mp4"


def choose(folder: Path, save: str | None, name: str) -> Path:
    """A path that no file has yet.

    Args:
        folder: the folder of this notebook's videos.
        save: the file (it ends in .mp4) or folder that the user asked for, or None.
        name: the name that we would give.
    """
    path = folder / name
    if save:
        asked = Path(save).expanduser()
        path = asked if asked.suffix.lower() == ".mp4" else asked / name
    candidate, number = path, 1
    while os.path.lexists(candidate):
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


def make_ready(folder: Path) -> None:
    """Makes the folder, and makes sure that a file can be written there: before anything is paid.

    Raises:
        KlingError: it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".kling-{os.getpid()}-{time.monotonic_ns()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise KlingError(
            f"Videos cannot be saved in {folder} ({why}), so nothing was sent. Choose another folder with "
            "%config Kling.video_dir = '…' or --save."
        ) from None


def examine(path: Path) -> Clip:
    """What is in a video file. Without the extra ``video`` only its size and checksum are known.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    if find_spec("av") is None or find_spec("PIL") is None:
        return Clip(path, size, digest)
    import av

    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            seconds = container.duration / av.time_base if container.duration else None
            frame = next(container.decode(stream))
            sound = bool(container.streams.audio)
            picture: Image = frame.to_image()  # type: ignore[no-untyped-call]
    except (av.FFmpegError, IndexError, StopIteration, ValueError):
        return Clip(path, size, digest)  # it is on disk all the same; the browser may know better
    return Clip(path, size, digest, frame.width, frame.height, seconds, sound, _poster(picture))


def _poster(picture: Image) -> bytes | None:
    picture.thumbnail((640, 640))
    for quality, side in ((72, 640), (60, 480), (50, 360), (40, 240), (30, 160)):
        picture.thumbnail((side, side))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= LARGEST_POSTER:
            return buffer.getvalue()
    return None
