"""Formatting of text on one line, its first sentence, and file sizes."""

from __future__ import annotations

import re

_LONGEST = 2000  # characters; an error should stay readable, and a service may answer with a whole page


def one_line(text: object, longest: int = _LONGEST) -> str:
    """Return text on one line, cut to ``longest``, without control characters or marks that change text direction.

    Replies and file names are data: a terminal or a notebook must not interpret control characters in them.
    """
    # A lone surrogate, as in a file name that is not valid text, cannot be printed.
    printable = str(text).encode("utf-8", "replace").decode()
    words = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", printable)
    line = " ".join(words.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def first_sentence(text: str) -> str:
    """Return the text up to the end of its first sentence."""
    return re.split(r"(?<=[.!?。]) ", text, maxsplit=1)[0]


def format_size(size: float) -> str:
    """Return a number of bytes in readable form: "640 KB", "1.2 MB", "20 MB"."""
    if size < 1e6:
        return f"{max(1, round(size / 1e3))} KB"
    number, unit = (size / 1e9, "GB") if size >= 1e9 else (size / 1e6, "MB")
    return f"{number:.1f}".removesuffix(".0") + f" {unit}"
