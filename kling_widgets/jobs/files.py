"""Where a video goes, what it is called, and what is in it."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
import time
import unicodedata
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from kling_widgets.client import media
from kling_widgets.core import forks
from kling_widgets.errors import KlingError, one_line
from kling_widgets.jobs.entry import Entry

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from PIL.Image import Image

FOLDER = "kling_videos"
LARGEST_POSTER = 18 * 1024  # bytes; a notebook holds it twice
LARGEST_THUMBNAIL = 4 * 1024  # bytes; a table holds fifty
# Quality and longest side of pictures, the best first.
_POSTERS = ((72, 640), (60, 480), (50, 360), (40, 240), (30, 160))
_THUMBNAILS = ((60, 128), (40, 96), (30, 64))
_LONGEST_NAME = 240  # bytes; 255 is what a file system takes, and a number may come behind it
_LONGEST_SLUG = 40  # characters
_LONGEST_SLUG_BYTES = 100  # a name may have 255 bytes (143 where it is encrypted), and Chinese takes three a character


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
    text = unicodedata.normalize("NFC", prompt[:1000]).lower()
    # Letters, digits, and marks, without which Hindi or Thai cannot be read; what has no form of its own goes.
    kept = (char if unicodedata.category(char)[0] in "LNM" else "" if _formless(char) else "-" for char in text)
    words = re.sub(r"-+", "-", "".join(kept)).strip("-")[:_LONGEST_SLUG]
    while len(words.encode()) > _LONGEST_SLUG_BYTES:
        words = words[:-1]
    return words.strip("-") or "video"


def _formless(char: str) -> bool:
    return unicodedata.category(char) == "Cf"  # joiners inside words; and marks that turn the reading direction


def name_for(prompt: str, task_id: str, created: float, *, demo: bool) -> str:
    """The name of a video: when, what, which task; and "demo" where it is one."""
    when = time.strftime("%Y-%m-%d_%H%M", time.localtime(created))
    return f"{when}_{slug(prompt)}_{'demo_' if demo else ''}{_mark(task_id)}.mp4"


def _mark(task_id: str) -> str:
    return hashlib.sha256(task_id.encode()).hexdigest()[:6]


def place(save: str) -> Path:
    """The path that a user asked for, from the current folder.

    Raises:
        KlingError: no path can be made of it.
    """
    try:
        path = Path(save).expanduser().absolute()
        if "\0" in save or len(os.fsencode(path.name)) > _LONGEST_NAME:
            raise ValueError
        return path
    except (RuntimeError, ValueError):  # ~somebody whom this machine does not know
        raise KlingError(f"Nothing can be saved as {one_line(save, 200)}, so nothing was sent.") from None


def choose(folder: Path, save: str | None, name: str, taken: Container[Path] = ()) -> Path:
    """A path that no file has yet.

    Args:
        folder: the folder of this notebook's videos.
        save: the file (it ends in .mp4) or folder that the user asked for, or None.
        name: the name that we would give.
        taken: paths that will soon be files.
    """
    path = folder.absolute() / name
    if save:
        asked = place(save)
        path = asked if asked.suffix.lower() == ".mp4" and not asked.is_dir() else asked / name
    candidate, number = path, 1
    while candidate in taken or os.path.lexists(candidate):
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


class Targets:
    """The paths to which this process is downloading: ten wishes with one ``--save`` must not fetch to one name."""

    def __init__(self) -> None:
        self._lock = forks.lock()
        self._taken: set[Path] = set()

    def take(self, folder: Path, save: str | None, name: str) -> Path:
        """A path as of ``choose`` that nobody else here gets until it is released."""
        with self._lock:
            target = choose(folder, save, name, self._taken)
            self._taken.add(target)
            return target

    def release(self, target: Path) -> None:
        """It is a file now, or will not be one."""
        self._taken.discard(target)


def make_ready(folder: Path) -> None:
    """Makes the folder, and makes sure that a file can be written there: before anything is paid.

    Raises:
        KlingError: it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise KlingError(
            f"Videos cannot be saved in {folder} ({why}), so nothing was sent. Choose another folder with "
            "%config Kling.video_dir = '…' or --save."
        ) from None


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
            if media.sort_of(media.kind_of(file.read(media.ENOUGH))) != "clip":
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
            head = file.read(media.ENOUGH)
        return read(path) if media.sort_of(media.kind_of(head)) == "clip" else None
    except (OSError, ValueError):
        return None


def ours(entry: Entry, folder: Path) -> Clip | None:
    """The saved video of a submission, if it is there.

    A journal may be somebody else's, and name any file of this machine, which would be shown and so saved with the
    notebook. Taken is the file with the checksum that was written down when it was saved; one that bears the name that
    we give to the video of this task; and what lies in ``folder``, where videos are saved.
    """
    clip = find(Path(entry.path)) if entry.path else None
    if clip is None:
        return None
    named = re.fullmatch(rf"\S+_{_mark(entry.task_id or '')}(-\d+)?\.mp4", clip.path.name)
    inside = Path(os.path.realpath(clip.path)).is_relative_to(os.path.realpath(folder))
    return clip if clip.sha256 == entry.sha256 or named or inside else None


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


def image_of(frame: VideoFrame, **options: Any) -> Image:
    """Return a frame as a picture; the options are those of ``VideoReformatter.reformat``.

    By a reformatter of its own, which is gone at once. From PyAV 19 on ``VideoFrame.reformat`` keeps one for each
    thread, with a pool of threads for which every forked child, and so every ``!command`` of a cell, waits for ever on
    Python 3.12 and later.

    Raises:
        ImportError: the extra ``video`` is not installed.
    """
    import PIL.Image  # noqa: F401 - to_image makes one
    from av.video.reformatter import VideoReformatter

    picture: Image = VideoReformatter().reformat(frame, format="rgb24", **options).to_image()  # type: ignore[no-untyped-call]
    return picture


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
