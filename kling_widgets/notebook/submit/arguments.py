"""What Python code gives beside a request: looked at before anything is written down or sent."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from numbers import Real
from typing import Any

from kling_widgets.catalog.model_names import resolve
from kling_widgets.catalog.models import Model
from kling_widgets.core.json_values import BOOLS, kind_of, shorten
from kling_widgets.core.key_patterns import looks_like_key
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.request import VideoRequest

MOST = 1000  # videos of one request in one call: more is a slip
LONGEST = 1e6  # seconds, as in a line; eleven days


_ROWS = "kw.submit([kw.VideoRequest(**row) for row in rows]), with the columns model, prompt and other fields"
_PROMPTS = 'kw.submit([kw.VideoRequest("2.6", prompt=text) for text in prompts])'


def requests(given: object, fields: Mapping[str, Any], times: int) -> list[VideoRequest]:
    """Return the requests that ``kw.submit`` is called with.

    Args:
        given: a request, a model, or several of them.
        fields: to be changed in each.
        times: how often each is to be made.

    Raises:
        InvalidRequestError: it is something else, and what it is to be instead; or there is no such field.
    """
    if isinstance(given, (VideoRequest, Model)) or not kind_of(given):
        return [VideoRequest.of(given, **fields)] * times  # type: ignore[arg-type]
    if isinstance(getattr(given, "request", None), VideoRequest):
        raise _not_taken(given, "give the request in it: kw.submit(it.request)")
    if isinstance(given, Mapping) or hasattr(given, "iterrows"):
        hint = 'df.to_dict("records") gives the rows of a table: ' if hasattr(given, "iterrows") else ""
        raise _not_taken(given, hint + _ROWS)
    if isinstance(given, (bytes, bytearray, memoryview)) or not _is_several(given):
        raise _not_taken(given, 'for example kw.submit("2.6", prompt="a boat")')
    several: Iterable[object] = given  # type: ignore[assignment]
    return [VideoRequest.of(_one(each), **fields) for each in several for _ in range(times)]


def _is_several(given: object) -> bool:
    try:
        iter(given)  # type: ignore[call-overload]
    except TypeError:  # also of an array without sides
        return False
    return True


def _one(given: Any) -> VideoRequest | Model | str:
    """Return one of several as it is, when it is a request or a model."""
    if isinstance(given, (VideoRequest, Model)):
        return given
    if isinstance(given, Mapping):
        raise _not_taken(given, _ROWS)
    problem = resolve(given)[1] if not kind_of(given) else None
    if isinstance(given, str) and problem and problem.severity == "error" and not problem.fix:
        raise InvalidRequestError(
            f"In a list {shorten(given)} is no request and no model. Of prompts: {_PROMPTS}. Nothing was sent."
        )
    if kind_of(given):
        raise _not_taken(given, f"for example {_PROMPTS}")
    return given  # type: ignore[no-any-return]


def _not_taken(given: object, hint: str) -> InvalidRequestError:
    said = f"kw.submit takes a request, a model with its fields, or a list of requests, not {_said(given)}"
    return InvalidRequestError(f"{said}: {hint}. Nothing was sent.")


def _real(given: object) -> float | None:
    """Return a number of whatever library; None for what is none."""
    number = isinstance(given, Real | Decimal) and not kind_of(given)
    return float(given) if number else None  # type: ignore[arg-type]


def count(given: object) -> int:
    """How many videos of each request to make.

    Raises:
        InvalidRequestError: it is no whole number from 1 to 1000.
    """
    number = _real(given)
    if number is not None and number.is_integer() and 1 <= number <= MOST:
        return int(number)
    raise InvalidRequestError(f"count is a whole number from 1 to {MOST}, not {_said(given)}. Nothing was sent.")


def timeout(given: object) -> float | None:
    """How many seconds to watch at the most; None: as the settings say. A ``timedelta`` says its own.

    Raises:
        InvalidRequestError: it is no number above 0 and below a million.
    """
    if given is None:
        return None
    number = given.total_seconds() if isinstance(given, timedelta) else _real(given)
    if number is not None and 0 < number < LONGEST:
        return number
    raise InvalidRequestError(
        f"timeout is a number of seconds, above 0 and below {LONGEST:,.0f}, not {_said(given)}. Nothing was sent."
    )


def flag(name: str, given: object) -> bool:
    """Return whether something is wanted; None: it is not. A text such as "no" would count as a yes.

    Raises:
        InvalidRequestError: it is neither True nor False, of Python or numpy, nor 1 or 0.
    """
    if given is None or kind_of(given) in BOOLS:
        return bool(given)
    if (number := _real(given)) in (0, 1):
        return bool(number)
    raise InvalidRequestError(f"{name} is True or False, not {_said(given)}. Nothing was sent.")


def save(given: object) -> str | None:
    """The file or folder to save in; None: as the settings say.

    Raises:
        InvalidRequestError: it is no path, or looks like an API key.
    """
    path = os.fspath(given) if isinstance(given, os.PathLike) else given
    if not isinstance(path, str | None):
        raise InvalidRequestError(f"save is the path of a file or folder, not {_said(given)}. Nothing was sent.")
    if path and looks_like_key(path):
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
    if isinstance(given, bool | float | None) or (isinstance(given, int) and not kind_of(given)):
        return str(given)
    return shorten(given) if isinstance(given, str) else f"something of type {type(given).__name__}"
