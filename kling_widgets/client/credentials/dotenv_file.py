"""A ``.env`` file beside the notebook. It may come with a cloned repository, so it is read as a stranger's: bounded,
never waited for, and as it stands."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

from kling_widgets.core.text import format_size

LARGEST = 64_000  # bytes; a .env has some lines


def read(folder: Path) -> tuple[Mapping[str, str | None], str]:
    """What stands in the folder's ``.env``, and why it was not read, in a sentence, or ""."""
    path = folder / ".env"
    try:
        if not path.is_file():  # nothing, a virtual environment of that name, a pipe
            return {}, ""
        if find_spec("dotenv") is None:
            return {}, 'There is a .env file here; to have it read: pip install "kling_widgets[keys]".'
        from dotenv import dotenv_values

        # Without interpolation: "${CRAZYROUTER_API_KEY}" in a stranger's .env would make the user's own key one "from
        # the same source" as the stranger's address.
        return dotenv_values(stream=StringIO(_text(path)), interpolate=False), ""
    except OSError as error:
        why = error.strerror or type(error).__name__
    except ValueError as error:
        why = "it is no text" if isinstance(error, UnicodeError) else str(error)
    return {}, f"The .env file here cannot be read ({why})."


def _text(path: Path) -> str:
    """The file's text; raises OSError, or ValueError when it is no small text file."""
    # Without waiting, and looked at once more when it is open: by then the name may mean a pipe.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("it is no file")
        content = os.read(handle, LARGEST + 1)
    finally:
        os.close(handle)
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {format_size(LARGEST)}")
    return content.decode("utf-8-sig")
