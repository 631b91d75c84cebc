"""The path of a video's file, and finding the saved file again."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Container
from pathlib import Path

from kling_widgets.core import forks
from kling_widgets.core.text import one_line
from kling_widgets.errors import KlingError
from kling_widgets.files.file_names import task_hash
from kling_widgets.media.clip import Clip, find
from kling_widgets.storage.submission import Submission

FOLDER = "kling_videos"
_LONGEST_NAME = 240  # bytes; file systems allow 255, and a number may be appended


def save_path(save: str) -> Path:
    """Return the absolute path that a user asked for; a relative one starts in the current folder.

    Raises:
        KlingError: it is no possible path.
    """
    try:
        path = Path(save).expanduser().absolute()
        if "\0" in save or len(os.fsencode(path.name)) > _LONGEST_NAME:
            raise ValueError
        return path
    except (RuntimeError, ValueError):  # RuntimeError: ~name of an unknown user
        raise KlingError(f"Nothing can be saved as {one_line(save, 200)}, so nothing was sent.") from None


def choose_path(folder: Path, save: str | None, name: str, taken: Container[Path] = ()) -> Path:
    """Return a path at which there is no file yet; append a number to the name if needed.

    Args:
        folder: the folder of this notebook's videos.
        save: the file (its name ends in .mp4) or folder that the user asked for, or None.
        name: the file name if the user gave none.
        taken: paths that are reserved for other downloads.
    """
    path = folder.absolute() / name
    if save:
        asked = save_path(save)
        path = asked if asked.suffix.lower() == ".mp4" and not asked.is_dir() else asked / name
    candidate, number = path, 1
    while candidate in taken or os.path.lexists(candidate):
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


class Targets:
    """The paths to which this process is downloading, so that two downloads never choose the same one."""

    def __init__(self) -> None:
        self._lock = forks.lock()
        self._taken: set[Path] = set()

    def take(self, folder: Path, save: str | None, name: str) -> Path:
        """Choose a path as ``choose_path`` does, and reserve it until it is released."""
        with self._lock:
            target = choose_path(folder, save, name, self._taken)
            self._taken.add(target)
            return target

    def release(self, target: Path) -> None:
        """Release a path, once it is a file or its download has failed."""
        self._taken.discard(target)


def ensure_writable(folder: Path) -> None:
    """Create the folder and check that files can be written there, before anything is paid for.

    Raises:
        KlingError: files cannot be written there; nothing was sent.
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


def saved_clip(submission: Submission, folder: Path) -> Clip | None:
    """Return the saved video of a submission, or None if it is not there.

    A journal may come from somebody else and name any file of this machine, which would then be shown and saved with
    the notebook. So a file counts only if its checksum is the recorded one, if it has the name that this package gives
    to the video of this task, or if it is in ``folder``, where videos are saved.
    """
    clip = find(Path(submission.path)) if submission.path else None
    if clip is None:
        return None
    named = re.fullmatch(rf"\S+_{task_hash(submission.task_id or '')}(-\d+)?\.mp4", clip.path.name)
    inside = Path(os.path.realpath(clip.path)).is_relative_to(os.path.realpath(folder))
    return clip if clip.sha256 == submission.sha256 or named or inside else None
