"""The magic line: ``[options] prompt…`` → a request and what to do with it.

Options come first; what is no option begins the prompt, which is taken verbatim. Options are split first, then
expanded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from kling_widgets.core.catalog import DEFAULT_MODEL, FIELDS
from kling_widgets.core.expand import Lookup, expand
from kling_widgets.core.fields import SWITCH_WORDS, Flag
from kling_widgets.core.names import ACCEPTED, ALIASES, FRAME_LISTS, nearest
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.structured import Anything, Structured
from kling_widgets.core.values import JSON, looks_like_key, map_strings, plain, shorten
from kling_widgets.core.words import SETTINGS as SETTINGS
from kling_widgets.core.words import Setting, meant, option_name, unescape
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
    reader = _Reader(line.strip(), lookup, read, place)
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


# One word: in double quotes with escapes; in double quotes as it is, for "C:\\clips\\"; in single quotes, where no
# character is special; or up to the next blank. The first is atomic (*+): it must not be tried in every other way.
_WORD = re.compile(r"""
    (?: "(?P<escaped> (?: \\["\\] | [^"] )*+ )" | "(?P<double> [^"]* )" | '(?P<single> [^']* )' ) (?= \s | $ )
    | (?P<bare> [^\s"'] \S* )
""", re.VERBOSE)  # fmt: skip
_OPTION = re.compile(r"\s*(?:--([A-Za-z][\w-]*)|-(o)(?=[\s=]|$))(=?)")
_END = re.compile(r"\s*--(?=\s|$)")
_BLANK = re.compile(r"\s*")
_SWITCH = re.compile(rf"\s+({'|'.join(SWITCH_WORDS)})(?=\s|$)", re.IGNORECASE)
_JSON = re.compile(r"\s*(?=[\[{])(?!\{[A-Za-z_][^{}\s:]*\})")  # {name} is a variable's value
_FILE = re.compile(r"\s*@")

# Options that take no value: what they set, and to what.
_SWITCHES: Mapping[str, tuple[str, bool]] = {
    **{name: (setting.key, True) for name, setting in SETTINGS.items() if not setting.parse},
    **{f"no-{name}": (setting.key, False) for name, setting in SETTINGS.items() if setting.negated},
    **{
        f"no-{option_name(name)}": (name, False)
        for name in ACCEPTED
        if isinstance(FIELDS.get(ALIASES.get(name, name)), Flag)
    },
}
_EXAMPLES = {"metadata": '{"name": "value"}', **dict.fromkeys(FRAME_LISTS, FIELDS["image"].example)}


class _Reader:
    """Reads the options off the front of a line."""

    def __init__(
        self,
        text: str,
        lookup: Lookup,
        read: Callable[[Path], str],
        place: Callable[[str, object], object],
    ) -> None:
        self.text = text
        self.position = 0
        self.lookup = lookup
        self.read = read
        self.place = place
        self.fields: dict[str, object] = {}
        self.foreign: set[str] = set()  # the fields that came from files: text in them is never a local path
        self.settings: dict[str, object] = {}
        self.ended = False  # by "--": what follows is the prompt, whatever it looks like

    def options(self) -> None:
        """Reads all of them, and the "--" behind them."""
        while match := self._take(_OPTION):
            self._option(match[1] or match[2], equals=bool(match[3]))
        self.ended = self._take(_END) is not None

    def _take(self, what: re.Pattern[str]) -> re.Match[str] | None:
        """What stands at the position, which moves behind it; None when something else stands there."""
        match = what.match(self.text, self.position)
        if match:
            self.position = match.end()
        return match

    def _option(self, word: str, *, equals: bool) -> None:
        name = word.lower().replace("_", "-")
        option = "-o" if name == "o" else f"--{name}"
        field_name = name.replace("-", "_")
        if name in _SWITCHES:
            if equals:
                raise InvalidRequestError(f"{option} takes no value. Nothing was sent.")
            self._set(option, *_SWITCHES[name])
        elif setting := SETTINGS.get(name):
            self._set(option, setting.key, self._setting(option, setting, equals))
        elif field_name in ACCEPTED:
            self._set(option, field_name, *self._value(option, field_name, equals))
        else:
            accepted = (*map(option_name, ACCEPTED), *SETTINGS, *_SWITCHES)
            near = " or ".join(f"--{known}" for known in nearest(name, accepted, 2))
            hint = f"Did you mean {near}?" if near else "%kling? lists them."
            raise InvalidRequestError(
                f"There is no option {shorten(option)}. {hint} Before a prompt that begins with dashes write --. "
                "Nothing was sent."
            )

    def _set(self, option: str, name: str, value: object, foreign: bool = False) -> None:
        values = self.fields if name in ACCEPTED else self.settings
        if name not in values:
            values[name] = value
            if foreign:
                self.foreign.add(name)
        elif _is_list(name) and foreign == (name in self.foreign):
            values[name] = [*_as_list(values[name]), *_as_list(value)]  # a list repeats its option
        else:
            raise InvalidRequestError(f"{option} sets what is set already. Nothing was sent.")

    def _word(self, option: str, example: str, equals: bool) -> tuple[str, bool]:
        """The next word as it stands, and whether it was bare of quotes."""
        if not equals:
            self._take(_BLANK)
        if self.text.startswith("--", self.position) and not equals:
            match = None  # the next option
        else:
            match = self._take(_WORD)
        if match is None:
            unclosed = self.text.startswith(("'", '"'), self.position)
            why = "a quotation mark is not closed" if unclosed else f"needs a value, for example {option} {example}"
            raise InvalidRequestError(f"{option}: {why}. Nothing was sent.")
        text = match[match.lastgroup or 0]
        return unescape(text) if match.lastgroup == "escaped" else text, match.lastgroup == "bare"

    def _setting(self, option: str, setting: Setting, equals: bool) -> object:
        text = expand(self._word(option, setting.example, equals)[0], self.lookup)
        try:
            return setting.parse(text) if setting.parse else text
        except ValueError:
            raise InvalidRequestError(
                f"{option} takes {setting.takes}, not {shorten(text)}. Nothing was sent."
            ) from None

    def _value(self, option: str, name: str, equals: bool) -> tuple[object, bool]:
        """A field's value, and whether it came from a file."""
        known = FIELDS.get(ALIASES.get(name, name))
        if isinstance(known, Flag) and not equals:
            switch = self._take(_SWITCH)
            return SWITCH_WORDS[switch[1].lower()] if switch else True, False
        structured = isinstance(known, Structured) or name == "metadata"
        if (structured or _is_list(name)) and self._take(_JSON):
            return self._json(option, name), False
        example = known.example if known else _EXAMPLES[name]
        if structured and self._take(_FILE):
            return self._file(option, expand(self._word(option, "@file.json", equals=True)[0], self.lookup)), True
        word, bare = self._word(option, example, equals)
        if structured and bare and word.isidentifier():
            try:
                value = self.lookup(word)
            except KeyError:
                if not isinstance(known, Anything):
                    hint = "Give JSON, @file.json, or the name of a variable."
                    raise InvalidRequestError(
                        f"{option}: there is no variable {word}. {hint} Nothing was sent."
                    ) from None
            else:
                return self.place(name, value), False
        return expand(word, self.lookup, partial(self.place, name)), False

    def _json(self, option: str, name: str) -> JSON:
        """The JSON at the position; the text in it is expanded."""
        try:
            value, self.position = json.JSONDecoder().raw_decode(self.text, self.position)
        except (ValueError, RecursionError) as wrong:
            why = wrong.msg if isinstance(wrong, json.JSONDecodeError) else "too deep, or too long a number"
            raise InvalidRequestError(f"{option}: this JSON cannot be read ({why}). Nothing was sent.") from None
        if self.text[self.position : self.position + 1].strip():
            raise InvalidRequestError(f"{option}: leave a space behind the JSON. Nothing was sent.")
        return map_strings(plain(value), lambda text: expand(text, self.lookup, partial(self.place, name)))

    def _file(self, option: str, name: str) -> JSON:
        try:
            return plain(json.loads(self.read(Path(name).expanduser())))
        except ValueError:
            why = "is not JSON"
        except (OSError, RuntimeError):  # RuntimeError: nested too deep, or no such home as ~name
            why = "cannot be read"
        raise InvalidRequestError(f"{option}: the file {shorten(name)} {why}. Nothing was sent.")


def _is_list(name: str) -> bool:
    known = FIELDS.get(ALIASES.get(name, name))
    return known.many if known else name in FRAME_LISTS


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
