"""How requests are submitted: how many videos of each, where they are saved, whether to ask or to wait."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from numbers import Real
from typing import Any

from kling_widgets.core.json_values import BOOLS, kind_of
from kling_widgets.core.key_patterns import looks_like_key
from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.submit.arguments import described

MAX_COUNT = 1000  # videos of one request in one call: more is a slip
MAX_SECONDS = 1e6  # eleven days


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """The options of one submission, from ``kw.submit``, a magic or the form.

    Attributes:
        count: how many videos of each request to make.
        save: the file or folder to save in; None: as the settings say.
        timeout: seconds to watch at the most; None: as the settings say.
        new: make another one where the cell, run again, has the same one under way.
        reuse: take the video of the same request that is there already.
        yes: make what is new without asking, as far as the budget allows it.
        wait: whether to wait until the video is saved; None: as the settings say.
        out: the variable that takes the job; "": none.
        dry_run: show the body, and send nothing.

    Raises:
        InvalidRequestError: two of them contradict each other.
    """

    count: int = 1
    save: str | None = None
    timeout: float | None = None
    new: bool = False
    reuse: bool = False
    yes: bool = False
    wait: bool | None = None
    out: str = ""
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.new and self.reuse:
            raise InvalidRequestError("--new makes another one, --reuse takes one that is there: give one of them.")

    @classmethod
    def of(cls, **given: Any) -> SubmitOptions:
        """Return the options that a user has given: numbers, switches and paths of any library. None is as if nothing
        was given, but for a count.

        Raises:
            InvalidRequestError: one of them is something else. Nothing was sent.
        """
        found = {name: value for name, value in given.items() if value is not None or name == "count"}
        return cls(**{name: _CHECKS.get(name, _flag)(name, value) for name, value in found.items()})


DEFAULTS = SubmitOptions()


def _real(given: object) -> float | None:
    """Return a number of whatever library; None for what is none."""
    number = isinstance(given, Real | Decimal) and not kind_of(given)
    return float(given) if number else None  # type: ignore[arg-type]


def _count(name: str, given: object) -> int:
    number = _real(given)
    if number is not None and number.is_integer() and 1 <= number <= MAX_COUNT:
        return int(number)
    raise _refused(name, f"a whole number from 1 to {MAX_COUNT}", given)


def _timeout(name: str, given: object) -> float:
    number = given.total_seconds() if isinstance(given, timedelta) else _real(given)
    if number is not None and 0 < number < MAX_SECONDS:
        return number
    raise _refused(name, f"a number of seconds, above 0 and below {MAX_SECONDS:,.0f}", given)


def _flag(name: str, given: object) -> bool:
    """Return whether something is wanted. A text such as "no" would count as a yes."""
    if kind_of(given) in BOOLS:
        return bool(given)
    if (number := _real(given)) in (0, 1):
        return bool(number)
    raise _refused(name, "True or False", given)


def _path(name: str, given: object) -> str:
    path = os.fspath(given) if isinstance(given, os.PathLike) else given
    if not isinstance(path, str):
        raise _refused(name, "the path of a file or folder", given)
    if looks_like_key(path):
        raise InvalidRequestError("What looks like an API key is no place to save in. Nothing was sent.")
    return path


def _refused(name: str, takes: str, given: object) -> InvalidRequestError:
    return InvalidRequestError(f"{name} is {takes}, not {described(given)}. Nothing was sent.")


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "count": _count,
    "save": _path,
    "timeout": _timeout,
    "out": lambda _, name: name,
}
