"""Where a user's journal, demo and presets are kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_data_path

VARIABLE = "KLING_WIDGETS_HOME"


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of ``KLING_WIDGETS_HOME``, else the one that the system keeps for a program's data of this user."""
    chosen = environ.get(VARIABLE, "").strip()
    return Path(chosen).expanduser() if chosen else user_data_path("kling_widgets", appauthor=False)


def tilde(path: Path) -> str:
    """The path with ~ for the user's own folder: what is shown may be saved, and need not tell the user's name."""
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):  # RuntimeError: this user has no home folder
        return str(path)
