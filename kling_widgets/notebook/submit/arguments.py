"""Checks of the requests and ids that Python code passes, before anything is written or sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kling_widgets.catalog.model_names import resolve
from kling_widgets.catalog.models import Model
from kling_widgets.core.json_values import kind_of, shorten
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.request import VideoRequest

_ROWS = "kw.submit([kw.VideoRequest(**row) for row in rows]), with the columns model, prompt and other fields"
_PROMPTS = 'kw.submit([kw.VideoRequest("2.6", prompt=text) for text in prompts])'


def requests(given: object, fields: Mapping[str, Any], times: int) -> list[VideoRequest]:
    """Return the requests for the arguments of ``kw.submit``.

    Args:
        given: a request, a model, or several of them.
        fields: fields to set in each of them.
        times: the number of copies of each.

    Raises:
        InvalidRequestError: ``given`` is something else, or there is no such field.
    """
    if isinstance(given, (VideoRequest, Model)) or not kind_of(given):
        return [VideoRequest.of(given, **fields)] * times  # type: ignore[arg-type]
    if isinstance(getattr(given, "request", None), VideoRequest):
        raise _not_taken(given, "pass its request: kw.submit(it.request)")
    if isinstance(given, Mapping) or hasattr(given, "iterrows"):
        hint = 'df.to_dict("records") returns the rows of a table: ' if hasattr(given, "iterrows") else ""
        raise _not_taken(given, hint + _ROWS)
    if isinstance(given, (bytes, bytearray, memoryview)) or not _is_iterable(given):
        raise _not_taken(given, 'for example kw.submit("2.6", prompt="a boat")')
    several: Iterable[object] = given  # type: ignore[assignment]
    return [VideoRequest.of(_one(each), **fields) for each in several for _ in range(times)]


def _is_iterable(given: object) -> bool:
    try:
        iter(given)  # type: ignore[call-overload]
    except TypeError:  # also raised for an array without dimensions
        return False
    return True


def _one(given: Any) -> VideoRequest | Model | str:
    """Return one item of a list if it is a request or a model.

    Raises:
        InvalidRequestError: It is something else.
    """
    if isinstance(given, (VideoRequest, Model)):
        return given
    if isinstance(given, Mapping):
        raise _not_taken(given, _ROWS)
    problem = resolve(given)[1] if not kind_of(given) else None
    if isinstance(given, str) and problem and problem.severity == "error" and not problem.fix:
        raise InvalidRequestError(
            f"{shorten(given)} in the list is neither a request nor a model. For prompts: {_PROMPTS}. Nothing was sent."
        )
    if kind_of(given):
        raise _not_taken(given, f"for example {_PROMPTS}")
    return given  # type: ignore[no-any-return]


def _not_taken(given: object, hint: str) -> InvalidRequestError:
    takes = f"kw.submit takes a request, a model with its fields, or a list of requests, not {described(given)}"
    return InvalidRequestError(f"{takes}: {hint}. Nothing was sent.")


def task_id(given: object) -> str:
    """Return a task's id, or a submission's number such as #7.

    Raises:
        InvalidRequestError: It is not a string.
    """
    if isinstance(given, str):
        return given
    raise InvalidRequestError(f"A task's id is a string, not {described(given)}; kw.history() lists yours.")


def described(given: object) -> str:
    """Return a value as an error message shows it: itself if it is short and simple, else its type."""
    if isinstance(given, bool | float | None) or (isinstance(given, int) and not kind_of(given)):
        return str(given)
    return shorten(given) if isinstance(given, str) else f"something of type {type(given).__name__}"
