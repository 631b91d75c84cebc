"""The options of a magic line: names, values in quotes, JSON, files, variables. Split first, then expanded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from kling_widgets.core.catalog import FIELDS
from kling_widgets.core.expand import Lookup, expand
from kling_widgets.core.fields import SWITCH_WORDS, Flag
from kling_widgets.core.names import ACCEPTED, ALIASES, FRAME_LISTS, nearest
from kling_widgets.core.structured import Anything, Structured
from kling_widgets.core.values import JSON, map_strings, plain, shorten
from kling_widgets.core.words import SETTINGS, Setting, option_name, unescape
from kling_widgets.errors import InvalidRequestError

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


class Reader:
    """Reads the options off the front of a line.

    Args:
        text: the line.
        lookup: gives a variable's value, or raises KeyError.
        read: gives a file's text; raises OSError.
        place: gives what a field, by its name, takes in place of a variable's value.

    Attributes:
        position: where the prompt begins, once the options have been read.
        fields: the values of fields, by name.
        foreign: the fields that came from files: text in them is never a local path.
        settings: what to do with the request, by ``Setting.key``.
        ended: whether "--" ended the options: what follows is the prompt, whatever it looks like.
    """

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
        self.foreign: set[str] = set()
        self.settings: dict[str, object] = {}
        self.ended = False

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
