"""The magic line: ``[options] prompt…`` → a request and what to do with it.

Options come first; what is no option begins the prompt, which is taken verbatim. Options are split first, then
expanded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kling_widgets.core.catalog import FIELDS
from kling_widgets.core.expand import Lookup, expand
from kling_widgets.core.fields import SWITCH_WORDS, Flag, Links
from kling_widgets.core.names import ALIASES, FRAME_LISTS, nearest
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.structured import Anything, Camera, Structured
from kling_widgets.core.values import JSON, looks_like_key, map_strings, shorten
from kling_widgets.core.words import is_command, option_name, unescape
from kling_widgets.errors import InvalidRequestError


@dataclass(frozen=True, slots=True)
class Setting:
    """An option that is no field: what to do with the request.

    Attributes:
        name: as it is written behind ``--``.
        key: its name in ``Command.settings``.
        parse: turns its text into its value, raising ValueError; None for a switch.
        takes: what that text is, in words.
        example: such a text.
        help: one sentence.
        negated: whether ``--no-…`` exists.
    """

    name: str
    key: str
    help: str
    parse: Callable[[str], object] | None = None
    takes: str = ""
    example: str = ""
    negated: bool = False


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 20:
        raise ValueError(text)
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e6:
        raise ValueError(text)
    return number


def _variable(text: str) -> str:
    if not text.isidentifier():
        raise ValueError(text)
    return text


SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("model", "model", "The model, by its id or what follows aigc-video-kling-.", str, "a model", "2.6"),
        Setting("dry-run", "dry_run", "Show the body that would be sent; send nothing."),
        Setting("wait", "wait", "Wait in this cell until the video is there, or do not.", negated=True),
        Setting("timeout", "timeout", "How many seconds to wait at the most.", _seconds, "a number of seconds", "600"),
        Setting(
            "count",
            "count",
            "How many videos of this request to make, each billed.",
            _count,
            "a whole number from 1 to 20",
            "2",
        ),
        Setting("save", "save", "The file, or the folder, to save the video in.", str, "a path", "clips/boat.mp4"),
        Setting("o", "out", "The variable that takes the Job: -o boat.", _variable, "the name of a variable", "boat"),
    )
}


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


def parse(
    line: str,
    cell: str | None = None,
    *,
    default: str = "2.6",
    lookup: Lookup = _no_variable,
    read: Callable[[Path], str] = _no_file,
) -> Command:
    """Understands ``%kling line``, or ``%%kling line`` with the cell's body as prompt.

    Args:
        line: what follows the magic's name.
        cell: the body of a cell magic, or None.
        default: the model when the line names none.
        lookup: gives a variable's value by its name; raises KeyError.
        read: gives a file's text for ``@file.json``; raises OSError.

    Raises:
        InvalidRequestError: the line cannot be understood, names what is not there, or holds what looks like a key.
    """
    if looks_like_key(line) or looks_like_key(cell or ""):
        raise InvalidRequestError(
            "This cell holds what looks like an API key. Nothing was sent. Delete it from the cell, so that it is not "
            "saved with the notebook, and give it with %kling_key."
        )
    reader = _Reader(line.strip(), lookup, read)
    reader.options()
    rest = reader.text[reader.position :].strip()
    if cell is not None and rest:
        raise InvalidRequestError(
            f"With %%kling the prompt stands in the cell's body; {shorten(rest)} stands on its first line. "
            "Nothing was sent."
        )
    text, quoted = _unquote((rest if cell is None else cell).strip())
    command = is_command(text) if cell is None and not quoted and not reader.ended else None
    if command:
        raise InvalidRequestError(
            f"{shorten(text)} looks like a command: use %kling_{text.lower()}. For a video of just that, put it in "
            "double quotes. Nothing was sent."
        )
    if text == "help" and not quoted and not reader.ended and cell is None:
        raise InvalidRequestError("For help type %kling? (with the question mark). Nothing was sent.")
    prompt = expand(text, lookup)
    if prompt.strip():
        if "prompt" in reader.fields:
            raise InvalidRequestError("The prompt is given twice, as an option and as text. Nothing was sent.")
        reader.fields["prompt"] = prompt
    settings = dict(reader.settings)
    request = VideoRequest(str(settings.pop("model", default)), **reader.fields)
    if reader.foreign:
        request = request.with_foreign(reader.foreign)
    return Command(request, settings, empty=not line.strip() and cell is None)


def _unquote(text: str) -> tuple[str, bool]:
    """The prompt without one enclosing pair of double quotes. «"Yes", she said, "go"» is no pair."""
    inner = text[1:-1]
    whole = len(text) > 1 and text[0] == text[-1] == '"'
    if whole and ('"' not in inner or (len(inner) > 1 and inner[0] == inner[-1] == '"')):
        return inner.strip(), True
    return text, False


# In double quotes, in single quotes (there no character is special), or up to the next blank.
_WORD = re.compile(r'"((?:\\["\\]|[^"])*)"(?=\s|$)' r"|'([^']*)'(?=\s|$)" r"|(\S+)")


class _Reader:
    """Reads the options off the front of a line."""

    def __init__(self, text: str, lookup: Lookup, read: Callable[[Path], str]) -> None:
        self.text = text
        self.position = 0
        self.lookup = lookup
        self.read = read
        self.fields: dict[str, JSON] = {}
        self.foreign: dict[str, JSON] = {}  # from files: text in them is never a local path
        self.settings: dict[str, object] = {}
        self.ended = False  # by "--": what follows is the prompt, whatever it looks like

    def options(self) -> None:
        while match := re.compile(r"\s*(?:--([A-Za-z][\w-]*)|-(o)(?=[\s=]|$))(=?)").match(self.text, self.position):
            self.position = match.end()
            self._option(match[1] or match[2], equals=bool(match[3]))
        if match := re.compile(r"\s*--(?=\s|$)").match(self.text, self.position):
            self.position = match.end()
            self.ended = True

    def _option(self, option: str, *, equals: bool) -> None:
        name = option.lower().replace("_", "-")
        positive = name.removeprefix("no-")
        field_name = positive.replace("-", "_")
        field_name = ALIASES.get(field_name, field_name) if field_name in self._alias_free() else field_name
        known = FIELDS.get(field_name)
        setting = SETTINGS.get(positive)
        if name != positive:
            if isinstance(known, Flag):
                return self._set_field(field_name, False)
            if setting and setting.negated:
                return self._set(setting, False)
        elif setting and setting.parse is None:
            return self._set(setting, True)
        elif setting and setting.parse:
            text = self._text(option, setting.example, equals)
            try:
                return self._set(setting, setting.parse(text))
            except ValueError:
                raise InvalidRequestError(
                    f"--{option} takes {setting.takes}, not {shorten(text)}. Nothing was sent."
                ) from None
        elif isinstance(known, Flag) and not equals:
            word = re.compile(r"\s+(on|off|true|false)(?=\s|$)", re.I).match(self.text, self.position)
            if word:
                self.position = word.end()
            return self._set_field(field_name, SWITCH_WORDS[word[1].lower()] if word else True)
        elif known or field_name in (*ALIASES, *FRAME_LISTS, "metadata"):
            return self._set_field(field_name, *self._value(option, field_name, equals))
        accepted = [option_name(key) for key in (*FIELDS, *ALIASES)] + list(SETTINGS)
        near = " or ".join(f"--{word}" for word in nearest(name, accepted, 2))
        hint = f"Did you mean {near}?" if near else "%kling? lists them."
        raise InvalidRequestError(
            f"There is no option --{option}. {hint} Before a prompt that begins with dashes write --. Nothing was sent."
        )

    def _alias_free(self) -> list[str]:
        """The aliases whose field is not set yet: beside it an alias keeps its name, so that a contradiction shows."""
        return [alias for alias, name in ALIASES.items() if name not in self.fields]

    def _set(self, setting: Setting, value: object) -> None:
        if setting.key in self.settings:
            raise InvalidRequestError(f"--{setting.name} is given twice. Nothing was sent.")
        self.settings[setting.key] = value

    def _set_field(self, name: str, value: JSON, foreign: bool = False) -> None:
        values = self.foreign if foreign else self.fields
        if name not in values:
            values[name] = value
            return
        known = FIELDS.get(name)
        if isinstance(known, Links) or (isinstance(known, Structured) and not isinstance(known, Camera)):
            values[name] = [*_as_list(values[name]), *_as_list(value)]  # a list repeats its option
        elif name in FRAME_LISTS:
            values[name] = [*_as_list(values[name]), *_as_list(value)]
        else:
            raise InvalidRequestError(f"--{option_name(name)} is given twice. Nothing was sent.")

    def _text(self, option: str, example: str, equals: bool) -> str:
        """The next word, expanded."""
        return expand(self._word(option, example, equals)[0], self.lookup)

    def _word(self, option: str, example: str, equals: bool) -> tuple[str, bool]:
        """The next word as it stands, and whether it was in quotes."""
        if not equals:
            space = re.compile(r"\s*").match(self.text, self.position)
            self.position = space.end() if space else self.position
        match = _WORD.match(self.text, self.position)
        missing = match is None or (match[3] is not None and match[3].startswith("--") and not equals)
        if match is None or missing:
            raise InvalidRequestError(f"--{option} needs a value, for example --{option} {example}. Nothing was sent.")
        self.position = match.end()
        if match[1] is not None:
            return unescape(match[1]), True
        return (match[3], False) if match[2] is None else (match[2], True)

    def _value(self, option: str, name: str, equals: bool) -> tuple[JSON, bool]:
        """A field's value, and whether it came from a file."""
        known = FIELDS.get(ALIASES.get(name, name))
        structured = isinstance(known, Structured) or name == "metadata"
        if (structured or isinstance(known, Links) or name in FRAME_LISTS) and (
            start := re.compile(r"\s*(?=[\[{])").match(self.text, self.position)
        ):
            try:
                value, self.position = json.JSONDecoder().raw_decode(self.text, start.end())
            except (ValueError, RecursionError) as wrong:
                why = wrong.msg if isinstance(wrong, json.JSONDecodeError) else "too deep"
                raise InvalidRequestError(f"--{option}: this JSON cannot be read ({why}). Nothing was sent.") from None
            if re.compile(r"\S").match(self.text, self.position):
                raise InvalidRequestError(f"--{option}: leave a space behind the JSON. Nothing was sent.")
            return map_strings(value, lambda text: expand(text, self.lookup)), False
        word, quoted = self._word(option, known.example if known else "'{…}'", equals)
        if quoted or not structured:
            return expand(word, self.lookup), False
        if word.startswith("@"):
            return self._from_file(option, expand(word[1:].strip("\"'"), self.lookup)), True
        if word.isidentifier():
            try:
                return self.lookup(word), False
            except KeyError:
                if not isinstance(known, Anything):
                    hint = "Give JSON, @file.json, or the name of a variable."
                    raise InvalidRequestError(
                        f"--{option}: there is no variable {word}. {hint} Nothing was sent."
                    ) from None
        return expand(word, self.lookup), False

    def _from_file(self, option: str, name: str) -> JSON:
        try:
            return json.loads(self.read(Path(name).expanduser()))
        except (OSError, ValueError, RecursionError) as wrong:
            why = "is not JSON" if isinstance(wrong, ValueError) else "cannot be read"
            raise InvalidRequestError(f"--{option}: the file {shorten(name)} {why}. Nothing was sent.") from None


def _as_list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else [value]
