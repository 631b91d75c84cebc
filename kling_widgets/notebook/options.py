"""What Python code gives beside a request: looked at before anything is written down or sent."""

from __future__ import annotations

import os

from kling_widgets.core.values import looks_like_key, shorten
from kling_widgets.errors import InvalidRequestError

MOST = 1000  # videos of one request in one call: more is a slip
LONGEST = 1e6  # seconds, as in a line; eleven days


def count(given: object) -> int:
    """How many videos of each request to make.

    Raises:
        InvalidRequestError: it is no whole number from 1 to 1000.
    """
    if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= MOST:
        return given
    raise InvalidRequestError(f"count is a whole number from 1 to {MOST}, not {_said(given)}. Nothing was sent.")


def timeout(given: object) -> float | None:
    """How many seconds to watch at the most; None: as the settings say.

    Raises:
        InvalidRequestError: it is no number above 0 and below a million.
    """
    if given is None:
        return None
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 < given < LONGEST:
        return float(given)
    raise InvalidRequestError(
        f"timeout is a number of seconds, above 0 and below {LONGEST:,.0f}, not {_said(given)}. Nothing was sent."
    )


def save(given: object) -> str | None:
    """The file or folder to save in; None: as the settings say.

    Raises:
        InvalidRequestError: it is no path, or looks like an API key.
    """
    path = os.fspath(given) if isinstance(given, os.PathLike) else given
    if not isinstance(path, str | None):
        raise InvalidRequestError(f"save is the path of a file or folder, not {_said(given)}. Nothing was sent.")
    if looks_like_key(path or ""):
        raise InvalidRequestError("What looks like an API key is no place to save in. Nothing was sent.")
    return path


def task_id(given: object) -> str:
    """A task's id, or a submission's number such as #7.

    Raises:
        InvalidRequestError: it is no text.
    """
    if isinstance(given, str):
        return given
    raise InvalidRequestError(f"A task's id is a text, not {_said(given)}; kw.history() lists yours.")


def _said(given: object) -> str:
    if isinstance(given, bool | int | float | None):
        return str(given)
    return shorten(given) if isinstance(given, str) else f"something of type {type(given).__name__}"
