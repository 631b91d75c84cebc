"""Options of a submission: how many videos of each request, where to save them, whether to ask and to wait."""

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

MAX_COUNT = 1000  # videos of one request in one call; a larger number is probably a mistake
MAX_SECONDS = 1e6  # eleven days


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """The options of one submission, from ``kw.submit``, a magic or the form.

    Attributes:
        count: how many videos of each request to make.
        save: the file or folder to save in; None: that of the settings.
        timeout: the longest time to watch a task, in seconds; None: that of the settings.
        new: make another video even if the same request of this cell is under way.
        reuse: use the existing video of an identical request, if there is one.
        yes: submit without asking; the budget still applies.
        wait: whether to wait until the video is saved; None: as in the settings.
        out: the name of a variable for the job; "" for none.
        dry_run: show the body, and send nothing.

    Raises:
        InvalidRequestError: ``new`` and ``reuse`` are both set.
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
            raise InvalidRequestError("--new makes another video, --reuse takes an existing one: use one of them.")

    @classmethod
    def of(cls, **given: Any) -> SubmitOptions:
        """Return the options for arguments of a user, who may pass numbers, switches and paths of any library.

        None counts as not passed, except for ``count``.

        Raises:
            InvalidRequestError: An option has an invalid value. Nothing was sent.
        """
        found = {name: value for name, value in given.items() if value is not None or name == "count"}
        return cls(**{name: _CHECKS.get(name, _flag)(name, value) for name, value in found.items()})


DEFAULTS = SubmitOptions()


def _real(given: object) -> float | None:
    """Return a number of any library as a float; None if it is not a number."""
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
    """Return a switch as a bool. Strings are refused, as bool("no") is true."""
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
        raise InvalidRequestError("save looks like an API key, not like a path. Nothing was sent.")
    return path


def _refused(name: str, takes: str, given: object) -> InvalidRequestError:
    return InvalidRequestError(f"{name} must be {takes}, not {described(given)}. Nothing was sent.")


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "count": _count,
    "save": _path,
    "timeout": _timeout,
    "out": lambda _, name: name,
}
