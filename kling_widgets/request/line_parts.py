"""A line of ``%kling`` in its parts: options, prompt, options. No slip of an option is ever part of the prompt."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kling_widgets.core.json_values import shorten
from kling_widgets.core.text import one_line
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.magic_options import Given, UnknownOptionError, read_all
from kling_widgets.request.magic_words import OPTIONS
from kling_widgets.request.slips import dash_alone, misplaced, seen, slips


class SlipError(InvalidRequestError):
    """The prompt holds an option, or begins with an option's value."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a line, or of a cell.

    Attributes:
        options: those before the prompt.
        prompt: the prompt, not expanded yet.
        verbatim: whether the prompt is taken as it stands: it is whole in double quotes, or "--" stands before it.
        tail: the options at the end of the line.
    """

    options: tuple[Given, ...]
    prompt: str
    verbatim: bool
    tail: tuple[Given, ...] = ()


def split(line: str, cell: str | None, there: Callable[[Path], bool]) -> Parts:
    """The parts of a line, or of a cell whose body is the prompt.

    Args:
        line: what follows the magic's name.
        cell: the body of a cell magic, or None.
        there: whether a file is there.

    Raises:
        SlipError: the prompt holds what looks like an option.
        UnknownOptionError: there is no such option.
        InvalidRequestError: an option's value is missing or cannot be read.
    """
    options = tuple(read_all(line))
    position, ended = start_of_prompt(line, options[-1].end if options else 0)
    text = line[position:].strip()
    for given in options:
        if given.key == "prompt" and given.kind != "double":
            _look_at(given.value, there, _ENDS)
    if cell is not None:
        if text:
            raise InvalidRequestError(
                f"The prompt of a cell stands in its body; {shorten(text)} stands on its first line. Nothing was sent."
            )
        text = cell.strip()
    tail: tuple[Given, ...] = ()
    if ended or cell is not None:
        prompt, quoted = unquote(text)
    else:
        prompt, quoted, tail = _without_tail(text)
    if not (ended or quoted):
        _look_at(prompt, there, _ENDS if cell is None else _FIRST_LINE)
    return Parts(options, prompt, ended or quoted, tail)


def start_of_prompt(line: str, position: int) -> tuple[int, bool]:
    """Where the prompt begins behind the options, and whether "--" stands there: it is verbatim then. What a phone or
    an editor makes of "--" ends the options as well, but protects nothing."""
    return dash_alone(line, position) or (position, False)


def unquote(text: str) -> tuple[str, bool]:
    """The prompt without one enclosing pair of double quotes, and whether there was one. «"Yes", she said, "go"» is no
    pair."""
    inner = text[1:-1]
    whole = len(text) > 1 and text[0] == text[-1] == '"'
    if whole and ('"' not in inner or (len(inner) > 1 and inner[0] == inner[-1] == '"')):
        return inner.strip(), True
    return text, False


_ENDS = "options stand before it, or all of them at the end of the line"
_FIRST_LINE = "options stand on the cell's first line"


def _without_tail(text: str) -> tuple[str, bool, tuple[Given, ...]]:
    """The prompt of a line, whether it is whole in double quotes, and the options that end the line."""
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
    """Whether quotes or brackets are open between the two: then nothing ends there."""
    if before.count('"') % 2 and after.count('"') % 2:
        return True
    for pair in _PAIRS:
        opening, closing = pair[0], pair[1]
        if opening == closing:  # an apostrophe, too, but where it is first and last
            opened = before.startswith(opening) and before.count(opening) == 1 and after.endswith(closing)
        else:
            opened = before.count(opening) > before.count(closing) and after.count(closing) > after.count(opening)
        if opened:
            return True
    return False


# A prompt in double quotes, which are doubled where others stand in it, and what may be an option behind it.
_CLOSED = re.compile(r'("|"")[^"](?:.*?[^"])?\1(?=\s+-)', re.DOTALL)


def _only_options(text: str, position: int) -> tuple[Given, ...]:
    """The options from here to the end; none, where there is anything else, or a dash that is no hyphen."""
    found = read_all(text, position, plain=True)
    return () if not found or text[found[-1].end :].strip() else tuple(found)


def _look_at(prompt: str, there: Callable[[Path], bool], place: str) -> None:
    if slip := next(slips(prompt), None):
        written = seen(prompt[slip.start : slip.end])
        if slip.name not in OPTIONS:
            raise UnknownOptionError(slip.option, one_line(written, 60))
        if slip.dashes == "-" and slip.name != "o":
            raise SlipError(f"An option has two dashes: {slip.option}, not {shorten(written)}.")
        if not slip.plain and slip.spaced:
            raise SlipError(f"{shorten(written)} stands in the prompt; an option there has two hyphens: {slip.option}.")
        raise SlipError(f"{shorten(written)} stands in the prompt: {place}.")
    if first := misplaced(prompt, there):
        raise SlipError(f"The prompt begins with {first.what}, which is an option: {first.option}.")
