"""The words of the magic line: magics, options that are no field, and how a value is written as one word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from keyword import iskeyword

from kling_widgets.core.expand import escape_braces

# Every magic of the family by what follows "kling_", with what it is for. A short prompt that begins with one of these
# words is refused: whoever types "%kling models" wants the table, not a paid video.
MAGICS = {
    "form": "a form: of a model, a task, a preset, or what %kling takes",
    "models": "the models, what one of them takes, or how several differ",
    "tasks": "your tasks, newest first",
    "show": "a task and its video",
    "resume": "watch what has not ended",
    "forget": "take a submission off the journal",
    "code": "the code of a form or a task, in the next cell",
    "prices": "your own price table, from which costs are estimated",
    "demo": "the embedded demo: no key, no network, no cost",
    "key": "give an API key for this kernel",
    "doctor": "what works here and what does not",
}


# Short prompts that are no wish for a video, and what to type instead.
_MEANT = {"help": "%kling?", **{name: f"%kling_{name}" for name in MAGICS}}


def meant(prompt: str) -> str | None:
    """The magic that a prompt of one or two words asks for: "models 2.6" gives "%kling_models 2.6"; else None."""
    words = prompt.split()
    instead = _MEANT.get(words[0].lower()) if 1 <= len(words) <= 2 else None
    return " ".join((instead, *words[1:])) if instead else None


def option_name(field: str) -> str:
    """How a field is called as an option: "image_tail" is "image-tail"."""
    return field.replace("_", "-")


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
    if not text.isidentifier() or iskeyword(text):
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
        Setting("new", "new", "Make another one, also when this cell has the same one under way."),
        Setting("reuse", "reuse", "Take the video of the same request that is there already; make it only if none is."),
        Setting("yes", "yes", "Make also what is above %config Kling.confirm_above without asking."),
        Setting("save", "save", "The file, or the folder, to save the video in.", str, "a path", "clips/boat.mp4"),
        Setting("o", "out", "The variable that takes the Job: -o boat.", _variable, "the name of a variable", "boat"),
    )
}


# No quote, file, JSON or option at its beginning, and nothing in it that could end a word or a line.
_PLAIN = re.compile(r"[^\s\"'@{\[\-][^\s]*")


def escape_word(text: str, *, always: bool = False) -> str:
    """A value as one word of a magic line: as it is where that is enough, else in double quotes."""
    text = escape_braces(text)
    if not always and _PLAIN.fullmatch(text) and not breaks_line(text):
        return text
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\u{ord(char):04x}" if breaks_line(char) else char for char in quoted) + '"'


def breaks_line(text: str) -> bool:
    """Whether it holds what no line can: an end of line in some editor or language, another control character, or a
    mark that makes the line read otherwise than it runs."""
    return any(unicodedata.category(char) in ("Cc", "Zl", "Zp") or _turns(char) for char in text)


def _turns(char: str) -> bool:
    """Whether it is an embedding, an override or an isolate of Unicode's bidirectional algorithm."""
    return "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"


_ESCAPE = re.compile(r'\\(?:(["\\])|u([0-9a-fA-F]{4}))')


def unescape(text: str) -> str:
    r"""What stands in double quotes: ``\"``, ``\\`` and ``\u0000`` are escapes; any other backslash is itself."""
    return _ESCAPE.sub(lambda match: match[1] or chr(int(match[2], 16)), text)
