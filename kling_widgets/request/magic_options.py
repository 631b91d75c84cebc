"""Parsing of a magic line's options: names, quoted values, JSON, files and variables.

Options are split first; variables are expanded afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import SWITCH_WORDS, Field, Flag
from kling_widgets.catalog.model_names import ACCEPTED, ALIASES, FRAME_LISTS, nearest
from kling_widgets.catalog.structured_fields import Anything, Structured
from kling_widgets.core.json_values import JSON, map_strings, plain, shorten
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.interpolation import Lookup, expand
from kling_widgets.request.magic_words import (
    FOREIGN_OPTIONS,
    OPTIONS,
    SETTINGS,
    SWITCH_VALUE,
    SWITCHES,
    Setting,
    unescape,
)
from kling_widgets.request.slips import dash_alone, option_at

# One word: in double quotes with escapes; in double quotes taken literally, for "C:\\clips\\"; in single quotes, where
# no character is special; or up to the next whitespace. The first is possessive (*+) to avoid excessive backtracking.
_WORD = re.compile(r"""
    (?: "(?P<escaped> (?: \\["\\] | [^"] )*+ )" | "(?P<double> [^"]* )" | '(?P<single> [^']* )' ) (?= \s | $ )
    | (?P<bare> [^\s"'] \S* )
""", re.VERBOSE)  # fmt: skip
_EQUALS = re.compile(r"[=＝]?")
_ENDS = re.compile(r"\s|$|[\[{]")
_BLANK = re.compile(r"\s*")
_SWITCH = re.compile(rf"\s+({'|'.join(SWITCH_WORDS)})(?=\s|$)", re.IGNORECASE)
_JSON = re.compile(r"\s*(?=[\[{])(?!\{[^\W\d][^{}\s:]*\})")  # {name} is a variable's value
_FILE = re.compile(r"\s*@")
_EXAMPLES = {"metadata": '{"name": "value"}', **dict.fromkeys(FRAME_LISTS, FIELDS["image"].example)}


class UnknownOptionError(InvalidRequestError):
    """A line contains an unknown option.

    Attributes:
        option: the option as it is written, with its dashes.
    """

    def __init__(self, option: str, written: str = "") -> None:
        self.option = option
        name = option.lstrip("-")
        if ours := FOREIGN_OPTIONS.get(name):
            example = f'{{"{name.replace("-", "_")}": …}}' if ours == "metadata" else example_of(ours)
            message = f"{written or option} is not an option here: use {option_of(ours)} {example}".rstrip()
        elif name in FOREIGN_OPTIONS:
            message = f"{written or option} is not an option here, and there is no equivalent"
        else:
            near = " or ".join(map(option_of, nearest(name, sorted(OPTIONS), 2)))
            hint = f"Did you mean {near}?" if near else "%kling? lists them"
            message = f"There is no option {shorten(written or option)}. {hint}"
        super().__init__(message if message.endswith("?") else f"{message}.")


@dataclass(frozen=True, slots=True)
class ParsedOption:
    """An option of a line, as parsed.

    Attributes:
        name: the name of a setting, a switch or a field, in kebab case.
        kind: how its value is written: "bare", "single" or "double" (in quotes), "json", "file"; "" for a switch.
        value: its value, before variables are expanded.
        written: the option and its value as text.
        end: the position after it.
    """

    name: str
    kind: str
    value: JSON
    written: str
    end: int

    @property
    def option(self) -> str:
        """The name with its dashes."""
        return option_of(self.name)

    @property
    def key(self) -> str:
        """The name of what it sets, the same for a field and its aliases, and for a switch and its negation."""
        name = SWITCHES[self.name][0] if self.name in SWITCHES else _key(self.name)
        return ALIASES.get(name, name)

    @property
    def many(self) -> bool:
        """Whether it adds to a list, and so may be repeated."""
        return _is_list(self.key)


def option_of(name: str) -> str:
    """Return an option's name with its dashes."""
    return f"-{name}" if name == "o" else f"--{name}"


def example_of(name: str) -> str:
    """Return an example value of an option as written in a line; "" if the option takes no value."""
    field = _field(name)
    return field.example if field else _EXAMPLES.get(_key(name)) or SETTINGS[name].example


def read_all(text: str, position: int = 0, *, plain: bool = False) -> list[ParsedOption]:
    """Return the options that start at the position.

    Args:
        text: the line.
        position: where to start.
        plain: whether to stop at an option that is not written with plain ASCII hyphens.

    Raises:
        UnknownOptionError: there is no such option.
        InvalidRequestError: a value is missing or cannot be parsed.
    """
    found: list[ParsedOption] = []
    while (dashed := option_at(text, position)) and (dashed.plain or not plain):
        found.append(read_option(text, dashed.end, dashed.name))
        position = found[-1].end
    return found


def read_option(text: str, position: int, name: str) -> ParsedOption:
    """Return the option of this name, with the value that starts at the position.

    Raises:
        UnknownOptionError: there is no such option.
        InvalidRequestError: its value is missing or cannot be parsed.
    """
    start, equals = position, bool(_EQUALS.match(text, position)[0])  # type: ignore[index]
    position += equals
    if name not in OPTIONS or not (equals or _ENDS.match(text, position)):
        glued = re.match(r"[^\s=]*", text[position:])[0] if name in OPTIONS else ""  # type: ignore[index]
        raise UnknownOptionError(option_of(name + glued))

    def given(kind: str, value: JSON, end: int) -> ParsedOption:
        shown = re.sub(r"[\r\n]+", " ", text[start + equals : end].strip())
        return ParsedOption(name, kind, value, f"{option_of(name)}{'=' if equals else ' '}{shown}".strip(), end)

    option, field = option_of(name), _field(name)
    if name in SWITCHES:
        if equals:
            raise InvalidRequestError(f"{option} takes no value. Nothing was sent.")
        _no_value(option, "takes no value", text, position)
        return given("", SWITCHES[name][1], position)
    if isinstance(field, Flag) and not equals:
        if switch := _SWITCH.match(text, position):
            return given("", SWITCH_WORDS[switch[1].lower()], switch.end())
        _no_value(option, "is on or off", text, position)
        return given("", True, position)
    structured = isinstance(field, Structured) or name == "metadata"
    if (structured or _is_list(_key(name))) and (found := _JSON.match(text, position)):
        try:
            value, end = json.JSONDecoder().raw_decode(text, found.end())
        except (ValueError, RecursionError) as wrong:
            why = wrong.msg if isinstance(wrong, json.JSONDecodeError) else "too deep, or too long a number"
            raise InvalidRequestError(f"{option}: this JSON cannot be read ({why}). Nothing was sent.") from None
        if text[end : end + 1].strip():
            raise InvalidRequestError(f"{option}: leave a space after the JSON. Nothing was sent.")
        return given("json", value, end)
    if structured and (found := _FILE.match(text, position)):
        return given("file", *_word(option, "@file.json", text, found.end(), glued=True)[1:])
    if not equals:
        position = _BLANK.match(text, position).end()  # type: ignore[union-attr]
    return given(*_word(option, example_of(name), text, position, glued=equals))


def _no_value(option: str, takes: str, text: str, position: int) -> None:
    """Raise InvalidRequestError for a word meant as the switch's value, which would become part of a paid prompt."""
    if word := SWITCH_VALUE.match(text, position):
        hint = "If that word belongs to the prompt, put the whole prompt in double quotes."
        raise InvalidRequestError(f"{option} {takes}, not {shorten(word[1])}. Nothing was sent. {hint}")


def _word(option: str, example: str, text: str, position: int, *, glued: bool) -> tuple[str, str, int]:
    """Return the next word: how it is written, the word itself, and the position after it."""
    # After whitespace, a word that looks like an option is one, even with a dash that a phone has substituted.
    another = not glued and (option_at(text, position) or dash_alone(text, position))
    match = None if another else _WORD.match(text, position)
    if match is None or match.lastgroup is None:
        unclosed = text.startswith(("'", '"'), position)
        why = "a quotation mark is not closed" if unclosed else f"needs a value, for example {option} {example}"
        raise InvalidRequestError(f"{option}: {why}. Nothing was sent.")
    kind, word = match.lastgroup, match[match.lastgroup]
    if kind == "bare" and word[0] in "“”„‟«‘’‚「『":
        raise InvalidRequestError(f'{option}: use straight quotes, "…", around a value. Nothing was sent.')
    return ("double", unescape(word), match.end()) if kind == "escaped" else (kind, word, match.end())


class Values:
    """The values of options, with variables and files replaced by their content.

    Args:
        variables: returns a variable's value; raises KeyError.
        read: returns a file's text; raises OSError.
        convert: returns the value to use for a field (its name is the first argument) in place of a variable's value.

    Attributes:
        fields: the values of fields, by name.
        untrusted: the fields that come from files; text in them is never a local path.
        settings: how to handle the request, by ``Setting.key``.
    """

    def __init__(
        self, variables: Lookup, read: Callable[[Path], str], convert: Callable[[str, object], object]
    ) -> None:
        self.variables = variables
        self.read = read
        self.convert = convert
        self.fields: dict[str, object] = {}
        self.untrusted: set[str] = set()
        self.settings: dict[str, object] = {}

    def add(self, options: Sequence[ParsedOption], tail: Sequence[ParsedOption] = ()) -> None:
        """Add the options before the prompt, and those after it.

        Raises:
            InvalidRequestError: a value is wrong, or a field or setting is set twice.
        """
        before = {given.key for given in options}
        for given in tail:
            if given.key in before:
                raise InvalidRequestError(
                    f"{given.option} is at both ends of the line: give it once. Nothing was sent."
                )
        for given in (*options, *tail):
            if given.name in SWITCHES:
                self._set(given.option, SWITCHES[given.name][0], given.value)
            elif setting := SETTINGS.get(given.name):
                self._set(given.option, setting.key, self._setting(given, setting))
            else:
                self._set(given.option, _key(given.name), self._value(given), given.kind == "file")

    def _set(self, option: str, name: str, value: object, untrusted: bool = False) -> None:
        values = self.fields if name in ACCEPTED else self.settings
        if name not in values:
            values[name] = value
            if untrusted:
                self.untrusted.add(name)
        elif _is_list(name) and untrusted == (name in self.untrusted):
            values[name] = [*_as_list(values[name]), *_as_list(value)]  # a repeated option adds to the list
        else:
            raise InvalidRequestError(f"{option} sets something that is already set. Nothing was sent.")

    def _setting(self, given: ParsedOption, setting: Setting) -> object:
        text = expand(given.value, self.variables)
        try:
            return setting.parse(text) if setting.parse else text
        except ValueError:
            raise InvalidRequestError(
                f"{given.option} takes {setting.takes}, not {shorten(text)}. Nothing was sent."
            ) from None

    def _value(self, given: ParsedOption) -> object:
        name, field = _key(given.name), _field(given.name)
        convert = partial(self.convert, name)
        if given.kind == "":
            return given.value
        if given.kind == "json":
            return map_strings(plain(given.value), lambda text: expand(text, self.variables, convert))
        if given.kind == "file":
            return self._file(given.option, expand(given.value, self.variables))
        structured = isinstance(field, Structured) or name == "metadata"
        if structured and given.kind == "bare" and given.value.isidentifier():
            try:
                value = self.variables(given.value)
            except KeyError:
                if not isinstance(field, Anything):
                    hint = "Give JSON, @file.json, or the name of a variable."
                    raise InvalidRequestError(
                        f"{given.option}: there is no variable {given.value}. {hint} Nothing was sent."
                    ) from None
            else:
                return self.convert(name, value)
        return expand(given.value, self.variables, convert)

    def _file(self, option: str, name: str) -> JSON:
        try:
            return plain(json.loads(self.read(Path(name).expanduser())))
        except ValueError:
            why = "is not JSON"
        except (OSError, RuntimeError):  # RuntimeError: nested too deeply, or an unknown user in ~name
            why = "cannot be read"
        raise InvalidRequestError(f"{option}: the file {shorten(name)} {why}. Nothing was sent.")


def _key(name: str) -> str:
    return name.replace("-", "_")


def _field(name: str) -> Field | None:
    name = _key(name)
    return FIELDS.get(ALIASES.get(name, name))


def _is_list(name: str) -> bool:
    known = FIELDS.get(ALIASES.get(name, name))
    return known.many if known else name in FRAME_LISTS


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
