"""The folder of the user's journal, prices, presets and demo data, and atomic writing of its files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_data_path

from kling_widgets.errors import KlingError

VARIABLE = "KLING_WIDGETS_HOME"


def data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder named by ``KLING_WIDGETS_HOME``, or the system's default for application data of this user.

    Raises:
        KlingError: the variable names the home of an unknown user, or this user has no home folder.
    """
    chosen = environ.get(VARIABLE, "").strip()
    try:
        return Path(chosen).expanduser() if chosen else user_data_path("kling_widgets", appauthor=False)
    except RuntimeError:
        reason = f"{VARIABLE} is {chosen}, but there is no such user" if chosen else "This user has no home folder"
        raise KlingError(
            f"{reason}, so the journal cannot be kept and nothing was sent. Set {VARIABLE} to a folder."
        ) from None


def abbreviate_home(path: Path) -> str:
    """Return the path with ~ for the home folder: output may be saved, and should not contain the user's name."""
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):  # RuntimeError: this user has no home folder
        return str(path)


def write_atomically(path: Path, content: bytes) -> None:
    """Write or replace a file as a whole; if that fails, the old file stays. Missing folders are created.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".draft")  # readable by its owner only
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
