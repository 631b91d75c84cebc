"""The magic line: ``[options] prompt…`` → a request and what to do with it.

Options come first, and may end the line. Options are split first, then expanded.
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
from kling_widgets.request.line_parts import Parts, SlipError, split
from kling_widgets.request.magic_options import UnknownOptionError, Values
from kling_widgets.request.magic_words import suggest_magic
from kling_widgets.request.slips import misplaced


@dataclass(frozen=True, slots=True)
class Command:
    """A magic line as it was understood.

    Attributes:
        model: its name; ``default`` where the line named none.
        fields: what is asked for, as ``VideoRequest.from_command`` makes a request of it.
        untrusted: the fields that come from a file, and so name no local one.
        settings: what to do with it, by ``Setting.key``; only what was given.
        empty: whether nothing at all was given, which asks for the form.
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


def _as_it_is(name: str, value: object) -> object:
    return value


def _not_there(path: Path) -> bool:
    return False


def parse(
    line: str,
    cell: str | None = None,
    *,
    default: str = DEFAULT_MODEL.name,
    variables: Lookup = _no_variable,
    read: Callable[[Path], str] = _no_file,
    convert: Callable[[str, object], object] = _as_it_is,
    there: Callable[[Path], bool] = _not_there,
    magic: str = "kling",
) -> Command:
    """Understands ``%kling line``, or ``%%kling line`` with the cell's body as prompt.

    Args:
        line: what follows the magic's name.
        cell: the body of a cell magic, or None.
        default: the model when the line names none.
        variables: gives a variable's value by its name; raises KeyError.
        read: gives a file's text for ``@file.json``; raises OSError.
        convert: gives what a field, by its name, takes in place of a variable's value, such as a path for a picture in
            memory; raises InvalidRequestError.
        there: whether a file is there; a prompt that begins with the name of such a picture is refused.
        magic: the magic's name, to show a refused line as it should be.

    Raises:
        InvalidRequestError: the line cannot be understood, names what is not there, or holds what looks like a key.
    """
    if looks_like_key([line, cell]):
        raise InvalidRequestError(
            "This cell holds what looks like an API key. Nothing was sent. Delete it from the cell, so that it is not "
            "saved with the notebook, and give it with %kling_key."
        )

    def taken(parts: Parts, convert: Callable[[str, object], object] = _as_it_is) -> Values:
        values = Values(variables, read, convert)
        values.take(parts.options, parts.tail)
        if parts.prompt and "prompt" in values.fields:
            raise InvalidRequestError("The prompt is given twice, as an option and as text. Nothing was sent.")
        return values

    try:
        parts = split(line, cell, there)
    except (SlipError, UnknownOptionError) as slip:
        from kling_widgets.request.line_correction import Mender  # only mistakes need it

        instead = Mender(magic, there, taken).mended(line, cell)
        raise InvalidRequestError(f"{slip} Nothing was sent. {instead}") from None
    if cell is None and not parts.verbatim and (command := suggest_magic(parts.prompt)):
        raise InvalidRequestError(
            f"{shorten(parts.prompt)} looks like a command: type {command} for it. For a video of just that, put it in "
            "double quotes. Nothing was sent."
        )
    values = taken(parts, convert)
    prompt = _expanded(parts.prompt, variables).strip()
    first = misplaced(prompt, there) if parts.prompt.startswith("{") and not parts.verbatim else None
    if first and first.what != "a model":  # a variable holds text that begins with a number as often as not
        option, name = first.option.partition(" ")[0], parts.prompt.partition("}")[0] + "}"
        raise InvalidRequestError(
            f"The prompt begins with {first.what}, which is an option: {option} {name}. To keep it in the prompt, put "
            "the whole prompt in double quotes. Nothing was sent."
        )
    fields = {**values.fields, "prompt": prompt} if prompt else values.fields
    settings = dict(values.settings)
    model = str(settings.pop("model", default))
    return Command(model, fields, values.untrusted, settings, empty=not line.strip() and cell is None)


_F_STRING = re.compile(r"(?:f|fr|rf)(['\"]{3}|['\"])(.*)\1", re.DOTALL | re.IGNORECASE)


def _expanded(prompt: str, variables: Lookup) -> str:
    """The prompt with its variables' values.

    Raises:
        InvalidRequestError: as ``expand``; it is a Python f-string, whose f would be part of the prompt.
    """
    used: list[str] = []

    def noting(name: str) -> object:
        value = variables(name)
        used.append(name)
        return value

    expanded = expand(prompt, noting)
    written = _F_STRING.fullmatch(prompt)
    if written and used:
        raise InvalidRequestError(
            f"A prompt is no f-string: {{{used[0]}}} is replaced without the f and its quotes. Nothing was sent. Write "
            f"the prompt as: {shorten(written[2].strip(), 1000)[1:-1]}"
        )
    return expanded


# A line of %kling, or a cell of %%kling, also one whose value is kept: x = %kling …
_CODE = re.compile(r"(?:[\w.,\t ]+=[\t ]*)?(%%?)kling(?![\w?])(.*)", re.DOTALL)


def read_code(code: str, *, default: str = DEFAULT_MODEL.name) -> Command:
    """Understand a whole ``%kling …`` line or ``%%kling`` cell, as ``VideoRequest.to_magic`` writes it.

    Raises:
        InvalidRequestError: it is neither, or cannot be understood without variables and files.
    """
    match = _CODE.match(code.strip())
    if match is None:
        raise InvalidRequestError(f"This is no line of %kling, and no cell of %%kling: {shorten(code)}.")
    line, _, cell = match[2].partition("\n")
    if match[1] == "%%":
        return parse(line, cell, default=default)
    if cell.strip():
        raise InvalidRequestError(f"More stands below the line of %kling: {shorten(cell)}. Give that line alone.")
    return parse(line, default=default)
