"""Printing that never raises: a failed message must not cost a paid video."""

from __future__ import annotations

import sys
from typing import Any


def say(text: str, stream: Any = None) -> None:
    """Print text and flush it; never raise.

    Characters that the stream's encoding lacks are escaped. If the stream is missing, closed or broken, nothing is
    printed.

    Args:
        text: one line or several.
        stream: a text stream; None for the current ``sys.stdout``.
    """
    try:
        stream = sys.stdout if stream is None else stream
        stream.write(writable(text, stream) + "\n")
        stream.flush()
    except Exception:  # noqa: BLE001, S110 - sys.stdout may have been replaced by anything
        pass


def writable(text: str, stream: Any = None) -> str:
    """Return the text with escapes such as ``\\u7eb8`` for characters that the stream's encoding lacks.

    Args:
        text: any text.
        stream: a text stream; None for the current ``sys.stdout``.
    """
    encoding = getattr(sys.stdout if stream is None else stream, "encoding", None)
    try:
        return text.encode(encoding or "utf-8", "backslashreplace").decode(encoding or "utf-8")
    except (LookupError, TypeError, UnicodeError):  # the stream's encoding is unknown or not usable
        return text.encode("ascii", "backslashreplace").decode()
