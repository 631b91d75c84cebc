"""Reading the ``.env`` file beside the notebook.

It may come from a cloned repository, so it is untrusted: its size is limited, reading never blocks, and variables in it
are not expanded.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

from kling_widgets.core.text import format_size

LARGEST = 64_000  # bytes; a .env usually has a few lines


def read(folder: Path) -> tuple[Mapping[str, str | None], str]:
    """Return the content of the folder's ``.env``, and a sentence on why it was not read, or ""."""
    path = folder / ".env"
    try:
        if not path.is_file():  # missing, a virtual environment of that name, or a pipe
            return {}, ""
        if find_spec("dotenv") is None:
            return {}, 'There is a .env file here; to read it: pip install "kling_widgets[keys]".'
        from dotenv import dotenv_values

        # Without interpolation: "${CRAZYROUTER_API_KEY}" in an untrusted .env would pass the user's own key off as one
        # from the same source as the untrusted address.
        return dotenv_values(stream=StringIO(_text(path)), interpolate=False), ""
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except ValueError as error:
        reason = "it is not a text file" if isinstance(error, UnicodeError) else str(error)
    return {}, f"The .env file here cannot be read ({reason})."


def _text(path: Path) -> str:
    """Return the file's text.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a small text file.
    """
    # Non-blocking, and checked again once open: meanwhile the name may refer to a pipe.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("it is not a file")
        content = os.read(handle, LARGEST + 1)
    finally:
        os.close(handle)
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {format_size(LARGEST)}")
    return content.decode("utf-8-sig")
