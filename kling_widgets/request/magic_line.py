"""Parsing of the magic line ``[options] prompt…`` into a request and settings.

Options come before the prompt, or at the end of the line. The line is split first; variables are expanded afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kling_widgets.catalog.models import DEFAULT_MODEL
from kling_widgets.core.json_values import shorten
from kling_widgets.core.key_patterns import looks_like_key
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.interpolation import Lookup, expand
from kling_widgets.request.line_parts import LineParts, SlipError, split
from kling_widgets.request.magic_options import UnknownOptionError, Values
from kling_widgets.request.magic_words import suggest_magic
from kling_widgets.request.slips import misplaced


@dataclass(frozen=True, slots=True)
class Command:
    """A parsed magic line.

    Attributes:
        model: the model's name; the default if the line names none.
        fields: the fields of the request, for ``VideoRequest.from_command``.
        untrusted: the fields that come from a file; text in them is never a local path.
        settings: how to handle the request, by ``Setting.key``; only those that were given.
        empty: whether the line is empty, which opens the form.
    """

    model: str
    fields: Mapping[str, object] = field(default_factory=dict)
    untrusted: Container[str] = frozenset()
    settings: Mapping[str, object] = field(default_factory=dict)
    empty: bool = False


def _no_file(path: Path) -> str:
    raise OSError("files are not read here")


def _no_variable(name: str) -> object:
    raise KeyError(name)


def _unchanged(name: str, value: object) -> object:
    return value


def _no_such_file(path: Path) -> bool:
    return False


def parse(
    line: str,
    cell: str | None = None,
    *,
    default: str = DEFAULT_MODEL.name,
    variables: Lookup = _no_variable,
    read: Callable[[Path], str] = _no_file,
    convert: Callable[[str, object], object] = _unchanged,
    exists: Callable[[Path], bool] = _no_such_file,
    magic: str = "kling",
) -> Command:
    """Parse ``%kling line``, or ``%%kling line`` with the cell's body as prompt.

    Args:
        line: the text after the magic's name.
        cell: the body of a cell magic, or None.
        default: the model if the line names none.
        variables: returns a variable's value by its name; raises KeyError.
        read: returns a file's text for ``@file.json``; raises OSError.
        convert: returns the value to use for a field (its name is the first argument) in place of a variable's value,
            such as a path for a picture in memory; raises InvalidRequestError.
        exists: returns whether a file exists; a prompt that begins with the name of an existing picture is refused.
        magic: the magic's name, for the suggested correction of a refused line.

    Raises:
        InvalidRequestError: the line cannot be parsed, names a variable or file that does not exist, or contains what
            looks like an API key.
    """
    if looks_like_key([line, cell]):
        raise InvalidRequestError(
            "This cell contains what looks like an API key. Nothing was sent. Delete it from the cell, so that it is "
            "not saved with the notebook, and use %kling_key to set it."
        )

    def read_values(parts: LineParts, convert: Callable[[str, object], object] = _unchanged) -> Values:
        values = Values(variables, read, convert)
        values.add(parts.options, parts.tail)
        if parts.prompt and "prompt" in values.fields:
            raise InvalidRequestError("The prompt is given twice, as an option and as text. Nothing was sent.")
        return values

    try:
        parts = split(line, cell, exists)
    except (SlipError, UnknownOptionError) as slip:
        from kling_widgets.request.line_correction import LineCorrector  # imported only after a mistake

        correction = LineCorrector(magic, exists, read_values).correction(line, cell)
        raise InvalidRequestError(f"{slip} Nothing was sent. {correction}") from None
    if cell is None and not parts.verbatim and (command := suggest_magic(parts.prompt)):
        raise InvalidRequestError(
            f"{shorten(parts.prompt)} looks like a command: type {command} for that. To use it as the prompt, put it "
            "in double quotes. Nothing was sent."
        )
    values = read_values(parts, convert)
    prompt = _expanded(parts.prompt, variables).strip()
    first = misplaced(prompt, exists) if parts.prompt.startswith("{") and not parts.verbatim else None
    if first and first.kind != "a model":  # a variable's text may well begin with a number
        option, name = first.option.partition(" ")[0], parts.prompt.partition("}")[0] + "}"
        raise InvalidRequestError(
            f"The prompt begins with {first.kind}, which is an option: {option} {name}. To keep it in the prompt, put "
            "the whole prompt in double quotes. Nothing was sent."
        )
    fields = {**values.fields, "prompt": prompt} if prompt else values.fields
    settings = dict(values.settings)
    model = str(settings.pop("model", default))
    return Command(model, fields, values.untrusted, settings, empty=not line.strip() and cell is None)


_F_STRING = re.compile(r"(?:f|fr|rf)(['\"]{3}|['\"])(.*)\1", re.DOTALL | re.IGNORECASE)


def _expanded(prompt: str, variables: Lookup) -> str:
    """Return the prompt with variables replaced by their values.

    Raises:
        InvalidRequestError: as for ``expand``, or the prompt is a Python f-string, whose f would be part of it.
    """
    used: list[str] = []

    def lookup(name: str) -> object:
        value = variables(name)
        used.append(name)
        return value

    expanded = expand(prompt, lookup)
    written = _F_STRING.fullmatch(prompt)
    if written and used:
        raise InvalidRequestError(
            f"A prompt is not an f-string: {{{used[0]}}} is replaced without the f and the quotes. Nothing was sent. "
            f"Write the prompt as: {shorten(written[2].strip(), 1000)[1:-1]}"
        )
    return expanded


# A line of %kling, or a cell of %%kling, with or without an assignment: x = %kling …
_CODE = re.compile(r"(?:[\w.,\t ]+=[\t ]*)?(%%?)kling(?![\w?])(.*)", re.DOTALL)


def read_code(code: str, *, default: str = DEFAULT_MODEL.name) -> Command:
    """Parse a whole ``%kling …`` line or ``%%kling`` cell, as written by ``VideoRequest.to_magic``.

    Raises:
        InvalidRequestError: the code is neither, or needs variables or files.
    """
    match = _CODE.match(code.strip())
    if match is None:
        raise InvalidRequestError(f"This is neither a line of %kling nor a cell of %%kling: {shorten(code)}.")
    line, _, cell = match[2].partition("\n")
    if match[1] == "%%":
        return parse(line, cell, default=default)
    if cell.strip():
        raise InvalidRequestError(f"There is more code below the %kling line: {shorten(cell)}. Pass that line alone.")
    return parse(line, default=default)
