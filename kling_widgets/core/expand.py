"""``{name}`` in a prompt: a variable's value goes in, and nothing is ever left as a hole in a paid prompt."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from decimal import Decimal
from numbers import Real
from pathlib import PurePath

from kling_widgets.core.values import shorten
from kling_widgets.errors import InvalidRequestError

Lookup = Callable[[str], object]  # a variable's value by its name; raises KeyError
Finish = Callable[[object], object]  # what goes in for a value: a path for a picture; raises InvalidRequestError

_STEP = r"\.[A-Za-z_]\w*|\[-?\d+\]|\['[^'{}]*'\]|\[\"[^\"{}]*\"\]"
_BRACES = re.compile(rf"\{{\{{|\}}\}}|\{{([A-Za-z_]\w*)((?:{_STEP})*)\}}|[{{}}]")


def _as_it_is(value: object) -> object:
    return value


def expand(text: str, lookup: Lookup, finish: Finish = _as_it_is) -> str:
    """The text with every ``{name}``, ``{name.attr}``, ``{name[0]}`` replaced by its value, finished.

    ``{{`` and ``}}`` are braces. Braces that hold no name stay as they are, also nested ones: JSON in a prompt is kept.

    Raises:
        InvalidRequestError: a name that is no variable, or a value that is not text, number or path.
    """
    out: list[str] = []
    position = 0
    opened: list[str] = []  # what opened the braces that are still open: "{" that stayed, or "{{"
    while match := _BRACES.search(text, position):
        out.append(text[position : match.start()])
        position = match.end()
        brace = match[0][0]
        if match[1]:
            out.append(_value(match[0], match[1], match[2], lookup, finish))
            continue
        out.append(brace)
        if brace == "{":
            opened.append(match[0])
        elif match[0] == "}}" and opened[-1:] == ["{"]:
            opened.pop()
            position -= 1  # this one closes a brace that stayed; the next is looked at by itself
        elif opened[-1:] == ["{" * len(match[0])]:
            opened.pop()
    return "".join(out) + text[position:]


def escape_braces(text: str) -> str:
    """The text for which ``expand`` gives this text; unchanged where that is so already."""

    def no_variables(name: str) -> object:
        raise KeyError(name)

    try:
        if expand(text, no_variables) == text:
            return text
    except InvalidRequestError:
        pass
    return text.replace("{", "{{").replace("}", "}}")


def _value(whole: str, name: str, steps: str, lookup: Lookup, finish: Finish) -> str:
    try:
        value = lookup(name)
    except KeyError:
        hint = f"Define it first, or write {{{whole}}} for the braces themselves."
        raise InvalidRequestError(f"There is no variable {name} for {whole}. {hint} Nothing was sent.") from None
    for step in re.findall(_STEP, steps):
        try:
            value = getattr(value, step[1:]) if step[0] == "." else value[ast.literal_eval(step[1:-1])]  # type: ignore[index]
        except Exception as error:  # noqa: BLE001 - the user's own object may raise anything
            why = type(error).__name__
            raise InvalidRequestError(
                f"{whole} has no value: {name} has no {step} ({why}). Nothing was sent."
            ) from None
    try:
        value = finish(value)
    except InvalidRequestError as error:
        raise InvalidRequestError(f"{shorten(whole)}: {error}") from None
    if isinstance(value, bool) or not isinstance(value, (str, Real, Decimal, PurePath)):
        kind = type(value).__name__
        raise InvalidRequestError(f"{shorten(whole)} is a {kind}, not text, a number or a path. Nothing was sent.")
    return str(value)
