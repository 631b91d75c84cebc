"""Splitting of a ``%kling`` line into options, prompt, and options at the end.

A mistyped option never becomes part of a prompt, which would be paid for; it is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kling_widgets.core.json_values import shorten
from kling_widgets.core.text import one_line
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.magic_options import ParsedOption, UnknownOptionError, read_all
from kling_widgets.request.magic_words import OPTIONS
from kling_widgets.request.slips import dash_alone, misplaced, slips, visible


class SlipError(InvalidRequestError):
    """The prompt contains an option, or begins with an option's value."""


@dataclass(frozen=True, slots=True)
class LineParts:
    """The parts of a line, or of a cell.

    Attributes:
        options: the options before the prompt.
        prompt: the prompt, before variables are expanded.
        verbatim: whether the prompt may contain words that look like options: it is entirely in double quotes, or "--"
            precedes it.
        tail: the options at the end of the line.
    """

    options: tuple[ParsedOption, ...]
    prompt: str
    verbatim: bool
    tail: tuple[ParsedOption, ...] = ()


def split(line: str, cell: str | None, exists: Callable[[Path], bool]) -> LineParts:
    """Return the parts of a line, or of a cell whose body is the prompt.

    Args:
        line: the text after the magic's name.
        cell: the body of a cell magic, or None.
        exists: returns whether a file exists.

    Raises:
        SlipError: the prompt contains what looks like an option.
        UnknownOptionError: there is no such option.
        InvalidRequestError: an option's value is missing or cannot be parsed.
    """
    options = tuple(read_all(line))
    position, ended = start_of_prompt(line, options[-1].end if options else 0)
    text = line[position:].strip()
    for given in options:
        if given.key == "prompt" and given.kind != "double":
            _reject_slips(given.value, exists, _ENDS)
    if cell is not None:
        if text:
            raise InvalidRequestError(
                f"The prompt of a cell goes into its body, but {shorten(text)} is on its first line. Nothing was sent."
            )
        text = cell.strip()
    tail: tuple[ParsedOption, ...] = ()
    if ended or cell is not None:
        prompt, quoted = unquote(text)
    else:
        prompt, quoted, tail = _without_tail(text)
    if not (ended or quoted):
        _reject_slips(prompt, exists, _ENDS if cell is None else _FIRST_LINE)
    return LineParts(options, prompt, ended or quoted, tail)


def start_of_prompt(line: str, position: int) -> tuple[int, bool]:
    """Return where the prompt begins after the options, and whether "--" precedes it, which makes it verbatim.

    A dash that a phone or an editor substitutes for "--" ends the options too, but does not make the prompt verbatim.
    """
    return dash_alone(line, position) or (position, False)


def unquote(text: str) -> tuple[str, bool]:
    """Return the prompt without an enclosing pair of double quotes, and whether there was one.

    The quotes of «"Yes", she said, "go"» are not an enclosing pair.
    """
    inner = text[1:-1]
    whole = len(text) > 1 and text[0] == text[-1] == '"'
    if whole and ('"' not in inner or (len(inner) > 1 and inner[0] == inner[-1] == '"')):
        return inner.strip(), True
    return text, False


_ENDS = "options go before it, or all of them at the end of the line"
_FIRST_LINE = "options go on the cell's first line"


def _without_tail(text: str) -> tuple[str, bool, tuple[ParsedOption, ...]]:
    """Return the prompt, whether it is entirely in double quotes, and the options at the end of the line."""
    closed = _CLOSED.match(text)
    if closed and (tail := _only_options(text, closed.end())):
        return *unquote(closed[0]), tail
    prompt, quoted = unquote(text)
    first = None if quoted else next(slips(text), None)
    if first is None or not (first.plain and first.spaced):
        return prompt, quoted, ()
    before = text[: first.start]
    tail = () if _within_quotes(before, text[first.start :]) else _only_options(text, first.start)
    return (before.strip() if tail else text), False, tail


_PAIRS = ("“”", "„“", "«»", "‹›", "「」", "『』", "()", "（）", "[]", "{}", "''", "``")


def _within_quotes(before: str, after: str) -> bool:
    """Return whether quotes or brackets are open between two texts, so that the prompt does not end there."""
    if before.count('"') % 2 and after.count('"') % 2:
        return True
    for pair in _PAIRS:
        opening, closing = pair[0], pair[1]
        if opening == closing:  # may be an apostrophe, unless it is the first and the last character
            opened = before.startswith(opening) and before.count(opening) == 1 and after.endswith(closing)
        else:
            opened = before.count(opening) > before.count(closing) and after.count(closing) > after.count(opening)
        if opened:
            return True
    return False


# A prompt in double quotes (two each if it contains quotes itself), followed by what may be an option.
_CLOSED = re.compile(r'("|"")[^"](?:.*?[^"])?\1(?=\s+-)', re.DOTALL)


def _only_options(text: str, position: int) -> tuple[ParsedOption, ...]:
    """Return the options from here to the end; none if there is other text, or a dash that is not a hyphen."""
    found = read_all(text, position, plain=True)
    return () if not found or text[found[-1].end :].strip() else tuple(found)


def _reject_slips(prompt: str, exists: Callable[[Path], bool], rule: str) -> None:
    """Raise SlipError or UnknownOptionError if the prompt contains what looks like an option."""
    if slip := next(slips(prompt), None):
        written = visible(prompt[slip.start : slip.end])
        if slip.name not in OPTIONS:
            raise UnknownOptionError(slip.option, one_line(written, 60))
        if slip.dashes == "-" and slip.name != "o":
            raise SlipError(f"An option has two dashes: {slip.option}, not {shorten(written)}.")
        if not slip.plain and slip.spaced:
            raise SlipError(f"{shorten(written)} is in the prompt; an option there has two hyphens: {slip.option}.")
        raise SlipError(f"{shorten(written)} is in the prompt: {rule}.")
    if first := misplaced(prompt, exists):
        raise SlipError(f"The prompt begins with {first.kind}, which is an option: {first.option}.")
