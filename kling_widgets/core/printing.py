"""Printing that never raises: what is said is not worth a video that is paid for."""

from __future__ import annotations

import sys
from typing import Any


def say(text: str, stream: Any = None) -> None:
    """Prints a line at once, as far as that is possible: characters that the stream's encoding has not are escaped, and
    where there is no stream, or it is closed or broken, nothing is printed.

    Args:
        text: the line, or several.
        stream: a text stream; None: the standard output of now.
    """
    try:
        stream = sys.stdout if stream is None else stream
        stream.write(writable(text, stream) + "\n")
        stream.flush()
    except Exception:  # noqa: BLE001, S110 - a stream may be anything, as anybody may have put one there
        pass


def writable(text: str, stream: Any = None) -> str:
    """The text with escapes such as ``\\u7eb8`` for what the stream's encoding has not.

    Args:
        text: any text.
        stream: a text stream; None: the standard output of now.
    """
    encoding = getattr(sys.stdout if stream is None else stream, "encoding", None)
    try:
        return text.encode(encoding or "utf-8", "backslashreplace").decode(encoding or "utf-8")
    except (LookupError, TypeError, UnicodeError):  # it has an encoding of its own, or names none that there is
        return text.encode("ascii", "backslashreplace").decode()
