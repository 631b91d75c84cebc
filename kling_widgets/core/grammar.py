"""The magic line: ``[options] prompt…`` → a request and what to do with it.

Options come first; what is no option begins the prompt, which is taken verbatim. Options are split first, then
expanded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kling_widgets.core.catalog import DEFAULT_MODEL
from kling_widgets.core.expand import Lookup, expand
from kling_widgets.core.options import Reader
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.values import looks_like_key, shorten
from kling_widgets.core.words import meant
from kling_widgets.errors import InvalidRequestError


@dataclass(frozen=True, slots=True)
class Command:
    """A magic line as it was understood.

    Attributes:
        request: what is asked for; its model is ``default`` where the line named none.
        settings: what to do with it, by ``Setting.key``; only what was given.
        empty: whether nothing at all was given, which asks for the form.
    """

    request: VideoRequest
    settings: Mapping[str, object] = field(default_factory=dict)
    empty: bool = False


def _no_file(path: Path) -> str:
    raise OSError("files are not read here")


def _no_variable(name: str) -> object:
    raise KeyError(name)


def _as_it_is(name: str, value: object) -> object:
    return value


def parse(
    line: str,
    cell: str | None = None,
    *,
    default: str = DEFAULT_MODEL.name,
    lookup: Lookup = _no_variable,
    read: Callable[[Path], str] = _no_file,
    place: Callable[[str, object], object] = _as_it_is,
) -> Command:
    """Understands ``%kling line``, or ``%%kling line`` with the cell's body as prompt.

    Args:
        line: what follows the magic's name.
        cell: the body of a cell magic, or None.
        default: the model when the line names none.
        lookup: gives a variable's value by its name; raises KeyError.
        read: gives a file's text for ``@file.json``; raises OSError.
        place: gives what a field, by its name, takes in place of a variable's value, such as a path for a picture in
            memory; raises InvalidRequestError.

    Raises:
        InvalidRequestError: the line cannot be understood, names what is not there, or holds what looks like a key.
    """
    if looks_like_key(line) or looks_like_key(cell or ""):
        raise InvalidRequestError(
            "This cell holds what looks like an API key. Nothing was sent. Delete it from the cell, so that it is not "
            "saved with the notebook, and give it with %kling_key."
        )
    reader = Reader(line.strip(), lookup, read, place)
    reader.options()
    rest = reader.text[reader.position :].strip()
    if cell is not None and rest:
        raise InvalidRequestError(
            f"The prompt of a cell stands in its body; {shorten(rest)} stands on its first line. Nothing was sent."
        )
    text, quoted = _unquote((rest if cell is None else cell).strip())
    if cell is None and not quoted and not reader.ended and (magic := meant(text)):
        raise InvalidRequestError(
            f"{shorten(text)} looks like a command: type {magic} for it. For a video of just that, put it in double "
            "quotes. Nothing was sent."
        )
    prompt = expand(text, lookup).strip()
    if prompt and "prompt" in reader.fields:
        raise InvalidRequestError("The prompt is given twice, as an option and as text. Nothing was sent.")
    fields = {**reader.fields, "prompt": prompt} if prompt else reader.fields
    settings = dict(reader.settings)
    model = str(settings.pop("model", default))
    request = VideoRequest.from_given(model, fields, foreign=reader.foreign)
    return Command(request, settings, empty=not line.strip() and cell is None)


# A line of %kling, or a cell of %%kling, also one whose value is kept: x = %kling …
_CODE = re.compile(r"(?:[\w.,\t ]+=[\t ]*)?(%%?)kling(?![\w?])(.*)", re.DOTALL)


def read_code(code: str, *, default: str = DEFAULT_MODEL.name) -> VideoRequest:
    """The request of a whole ``%kling …`` line or ``%%kling`` cell, as ``VideoRequest.to_magic`` writes it.

    Raises:
        InvalidRequestError: it is neither, or cannot be understood without variables and files.
    """
    match = _CODE.match(code.strip())
    if match is None:
        raise InvalidRequestError(f"This is no line of %kling, and no cell of %%kling: {shorten(code)}.")
    line, _, cell = match[2].partition("\n")
    if match[1] == "%%":
        return parse(line, cell, default=default).request
    if cell.strip():
        raise InvalidRequestError(f"More stands below the line of %kling: {shorten(cell)}. Give that line alone.")
    return parse(line, default=default).request


def _unquote(text: str) -> tuple[str, bool]:
    """The prompt without one enclosing pair of double quotes, and whether there was one. «"Yes", she said, "go"» is no
    pair."""
    inner = text[1:-1]
    whole = len(text) > 1 and text[0] == text[-1] == '"'
    if whole and ('"' not in inner or (len(inner) > 1 and inner[0] == inner[-1] == '"')):
        return inner.strip(), True
    return text, False
