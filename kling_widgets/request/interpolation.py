"""Replacement of ``{name}`` in a prompt by a variable's value, so that no paid prompt contains a placeholder."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable
from enum import Enum

from kling_widgets.core.json_values import kind_of, shorten
from kling_widgets.errors import InvalidRequestError

Lookup = Callable[[str], object]  # returns a variable's value by its name; raises KeyError
Convert = Callable[[object], object]  # converts a value before insertion: a picture to a path

_NAME = r"[^\W\d]\w*+"
_STEP = rf"\.{_NAME}|\[-?\d+\]|\['[^'{{}}]*'\]|\[\"[^\"{{}}]*\"\]"
# A shell variable ($name), a template variable ({{ name }}), a variable ({name}), a doubled brace, a single brace.
_FOUND = re.compile(rf"""
    (?<! \$ ) (?P<dollars> \$++ ) (?P<shell> {_NAME} )
  | (?<! \{{ ) \{{\{{ \s+ (?P<template> {_NAME} ) (?P<rest> [^{{}}]* ) \}}\}} (?! \}} )
  | \{{ (?P<name> {_NAME} ) (?P<steps> (?: {_STEP} )* ) \}}
  | \{{\{{ | \}}\}} | [{{}}]
""", re.VERBOSE)  # fmt: skip
# A Python expression or a format specification: {a.upper()}, {a!r}, {a + 1}, {a if b else c}.
_EXPRESSION = re.compile(rf"({_NAME}(?:\s*[^\s\w{{}}]|\s+(?:if|or|and|in|is|not|for)\b)[^{{}}]{{0,200}})\}}")
_BEFORE_NAME = re.compile(r"(?<!\$)\$++(?=[^\W\d])")


def _unchanged(value: object) -> object:
    return value


def expand(text: str, variables: Lookup, convert: Convert = _unchanged) -> str:
    """Return the text with every ``{name}``, ``{name.attr}`` and ``{name[0]}`` replaced by its value.

    ``{{`` and ``}}`` become single braces; of several ``$`` before a name, one is removed. Other braces stay as they
    are, including nested ones, so JSON in a prompt is kept.

    Args:
        text: the text.
        variables: returns a variable's value by its name; raises KeyError.
        convert: converts a value before it is inserted; may raise InvalidRequestError.

    Raises:
        InvalidRequestError: a name that is not a variable; a value that is not text, a number or a path; or a variable
            in another syntax: ``$name``, ``{{ name }}``, ``{name.upper()}``.
    """
    out: list[str] = []
    position = 0
    opened: list[str] = []  # the braces that are still open: "{" that was kept, or "{{"
    while match := _FOUND.search(text, position):
        out.append(text[position : match.start()])
        position = match.end()
        if match["shell"]:
            out.append(_dollars(match["dollars"], match["shell"], variables))
            continue
        if match["name"]:
            out.append(_value(match[0], match["name"], match["steps"], variables, convert))
            continue
        if match["template"]:
            _reject_template(match, variables)
            position = match.start() + 2
        brace, doubled = match[0][0], match[0][:2] in ("{{", "}}")
        out.append(brace)
        if brace == "{":
            if not doubled:
                _reject_expression(text, position, variables)
            opened.append(brace * (1 + doubled))
        elif doubled and opened[-1:] == ["{"]:
            opened.pop()
            position -= 1  # the first brace closes a kept one; the second is handled on its own
        elif opened[-1:] == ["{" * (1 + doubled)]:
            opened.pop()
    return "".join(out) + text[position:]


def escape(text: str) -> str:
    """Return a text that ``expand`` turns into this text, regardless of the variables.

    A brace is doubled only if the next letter or brace would give it another meaning; a ``$`` before a name gets a
    second one.
    """
    text = _BEFORE_NAME.sub(lambda match: match[0] + "$", text)
    out: list[str] = []
    opened: list[str] = []  # as in expand
    for match in re.finditer(r"[^{}]+|[{}]", text):
        part, after = match[0], text[match.end() : match.end() + 1]
        if part == "{":
            part *= 1 + (after == "{" or re.match(_NAME, after) is not None)
            opened.append(part)
        elif part == "}":
            closes_single = opened[-1:] == ["{"]
            part *= 1 + (not closes_single and (after == "}" or bool(opened)))
            if opened:
                opened.pop()
        out.append(part)
    return "".join(out)


def _dollars(dollars: str, name: str, variables: Lookup) -> str:
    if len(dollars) > 1:
        return dollars[1:] + name
    if _is_variable(name, variables):
        raise InvalidRequestError(
            f"${name} is not replaced by your variable {name}: write {{{name}}} for its value, or $${name} for the "
            "text itself. Nothing was sent."
        )
    return dollars + name


def _reject_template(match: re.Match[str], variables: Lookup) -> None:
    """Raise InvalidRequestError for a variable in template syntax."""
    name = match["template"]
    if _is_variable(name, variables):
        raise InvalidRequestError(
            f"{shorten(match[0])} is not replaced by your variable {name}: write {{{name}}} for its value; for the "
            f"text itself write {{{{{match[0]}}}}}. Nothing was sent."
        )


def _reject_expression(text: str, position: int, variables: Lookup) -> None:
    """Raise InvalidRequestError for an expression with a variable after an open brace, as none is evaluated."""
    match = _EXPRESSION.match(text, position)
    names = re.findall(_NAME, match[1]) if match else []
    if match and any(_is_variable(name, variables) for name in names):
        code = match[1]
        raise InvalidRequestError(
            f"{shorten('{' + code + '}')} is not evaluated: only {{name}}, {{name.attr}} and {{name[0]}} are replaced. "
            f"Assign it to a variable first, such as x = …, and write {{x}}; for the text itself double the braces. "
            "Nothing was sent."
        )


def _is_variable(name: str, variables: Lookup) -> bool:
    try:
        variables(unicodedata.normalize("NFKC", name))  # as Python normalises identifiers
    except KeyError:
        return False
    return True


def _value(whole: str, name: str, steps: str, variables: Lookup, convert: Convert) -> str:
    try:
        value = variables(unicodedata.normalize("NFKC", name))
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
        value = convert(value)
    except InvalidRequestError as error:
        raise InvalidRequestError(f"{shorten(whole)}: {error}") from None
    if isinstance(value, Enum):
        value = value.value
    if kind := kind_of(value):
        raise InvalidRequestError(
            f"{shorten(whole)} is a value of type {kind}, not text, a number or a path. Nothing was sent."
        )
    return str.__str__(value) if isinstance(value, str) else str(value)
