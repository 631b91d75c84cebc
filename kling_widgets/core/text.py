"""Text on one line, and sizes of files in words."""

from __future__ import annotations

import re

_LONGEST = 2000  # characters; an error is a line to read, and a service may answer with a whole page


def one_line(text: object, longest: int = _LONGEST) -> str:
    """Text on one line without control characters or marks that turn the reading direction, cut to ``longest``:
    replies and file names are data, and a terminal or a notebook must not obey what stands in them."""
    # A lone surrogate, as of a file name that is no text, cannot be printed.
    printable = str(text).encode("utf-8", "replace").decode()
    words = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", printable)
    line = " ".join(words.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def format_size(size: float) -> str:
    """Return a number of bytes for people: "640 KB", "1.2 MB", "20 MB"."""
    if size < 1e6:
        return f"{max(1, round(size / 1e3))} KB"
    number, unit = (size / 1e9, "GB") if size >= 1e9 else (size / 1e6, "MB")
    return f"{number:.1f}".removesuffix(".0") + f" {unit}"
