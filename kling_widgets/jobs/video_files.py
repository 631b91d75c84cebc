"""Where a video goes, what it is called, and what is in it."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Container
from pathlib import Path

from kling_widgets.core import forks
from kling_widgets.core.text import one_line
from kling_widgets.errors import KlingError
from kling_widgets.files.file_names import _mark
from kling_widgets.media.clip import Clip, find
from kling_widgets.storage.submission import Submission

FOLDER = "kling_videos"
_LONGEST_NAME = 240  # bytes; 255 is what a file system takes, and a number may come behind it


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


def ours(entry: Submission, folder: Path) -> Clip | None:
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
