"""Where a user's journal, prices, presets and demo are kept, and how a file of these is written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_data_path

from kling_widgets.errors import KlingError

VARIABLE = "KLING_WIDGETS_HOME"


def data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of ``KLING_WIDGETS_HOME``, else the one that the system keeps for a program's data of this user.

    Raises:
        KlingError: the variable names no folder, or there is none by default: this user has no home.
    """
    chosen = environ.get(VARIABLE, "").strip()
    try:
        return Path(chosen).expanduser() if chosen else user_data_path("kling_widgets", appauthor=False)
    except RuntimeError:
        said = f"{VARIABLE} names {chosen}, of a user who is not known here" if chosen else "This user has no home"
        raise KlingError(
            f"{said}, so the journal cannot be kept and nothing was sent. Set {VARIABLE} to a folder."
        ) from None


def abbreviate_home(path: Path) -> str:
    """The path with ~ for the user's own folder: what is shown may be saved, and need not tell the user's name."""
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):  # RuntimeError: this user has no home folder
        return str(path)


def write_whole(path: Path, content: bytes) -> None:
    """Puts the whole content in the place of what was there, or changes nothing; the folder is made.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".draft")  # its owner's alone: what is kept is private
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
