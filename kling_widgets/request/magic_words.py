"""The words of the magic line: magics, options that are no field, and how a value is written as one word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from keyword import iskeyword

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import SWITCH_WORDS, Flag
from kling_widgets.catalog.model_names import ACCEPTED, ALIASES
from kling_widgets.request.interpolation import escape

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


def suggest_magic(prompt: str) -> str | None:
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
        Setting("timeout", "timeout", "How many seconds to wait at the most.", float, "a number of seconds", "600"),
        Setting(
            "count", "count", "How many videos of it to make, at most 1000, each billed.", int, "a whole number", "2"
        ),
        Setting("new", "new", "Make another one, also when this cell has the same one under way."),
        Setting("reuse", "reuse", "Take the video of the same request that is there already; make it only if none is."),
        Setting("yes", "yes", "Make also what is above %config Kling.confirm_above without asking."),
        Setting("save", "save", "The file, or the folder, to save the video in.", str, "a path", "clips/boat.mp4"),
        Setting("o", "out", "The variable that takes the Job: -o boat.", _variable, "the name of a variable", "boat"),
    )
}


# Options that take no value: what they set, and to what.
SWITCHES: Mapping[str, tuple[str, bool]] = {
    **{name: (setting.key, True) for name, setting in SETTINGS.items() if not setting.parse},
    **{f"no-{name}": (setting.key, False) for name, setting in SETTINGS.items() if setting.negated},
    **{
        f"no-{option_name(name)}": (name, False)
        for name in ACCEPTED
        if isinstance(FIELDS.get(ALIASES.get(name, name)), Flag)
    },
}
# What people write behind a switch to say whether it is on, at the start of what follows it.
SAID = re.compile(rf"\s*({'|'.join((*SWITCH_WORDS, 'yes', 'no'))})(?=[\s,;:.!，；：。！]|$)", re.IGNORECASE)
OPTIONS = frozenset((*map(option_name, ACCEPTED), *SETTINGS, *SWITCHES))

# Options of others, of Midjourney above all, that people bring along, and what there is here in their place: an
# option, or nothing.
OTHERS: Mapping[str, str] = {
    **dict.fromkeys(("ar", "aspect", "ratio"), "aspect-ratio"),
    **dict.fromkeys(("v", "version"), "model"),
    **dict.fromkeys(("length", "time", "secs"), "seconds"),
    **dict.fromkeys(("n", "r", "repeat", "batch"), "count"),
    **dict.fromkeys(("q", "quality", "hd", "res"), "resolution"),
    **dict.fromkeys(("i", "input", "start", "first", "first-frame"), "image"),
    **dict.fromkeys(("end", "last", "last-frame", "end-frame", "tail"), "image-tail"),
    **dict.fromkeys(("ref", "reference", "sref", "cref", "oref"), "image-list"),
    **dict.fromkeys(("audio", "voice"), "sound"),
    **dict.fromkeys(("out", "output"), "save"),
    **dict.fromkeys(("camera", "motion"), "camera-control"),
    **dict.fromkeys(("seed", "no", "neg", "negative", "negative-prompt", "cfg", "cfg-scale", "mode"), "metadata"),
    **dict.fromkeys(
        (
            *("s", "style", "stylize", "stylise", "c", "chaos", "w", "weird", "iw", "sw", "cw", "ow", "sv", "p"),
            *("niji", "tile", "raw", "stop", "fast", "relax", "turbo", "draft", "loop", "video", "test", "exp"),
            *("profile", "personalize", "bs", "fps", "steps", "guidance", "gs", "width", "height", "help"),
        ),
        "",
    ),
}


# No quote, file, JSON, dash or letter that is not seen at its beginning, and nothing in it that could end a word.
_PLAIN = re.compile(r"[^\W\u115f\u1160\u3164\uffa0]\S*|[./~:?#&=%+$<>(!*|^,;`\\]\S*")


def escape_word(text: str, *, always: bool = False) -> str:
    """A value as one word of a magic line: as it is where that is enough, else in double quotes."""
    text = escape(text)
    if not always and _PLAIN.fullmatch(text) and not breaks_line(text):
        return text
    return f'"{_TO_ESCAPE.sub(_escaped, text)}"'


def breaks_line(text: str) -> bool:
    """Whether it holds what no line can: an end of line in some editor or language, another control character, or a
    mark that makes the line read otherwise than it runs."""
    return any(unicodedata.category(char) in ("Cc", "Zl", "Zp") or _turns(char) for char in text)


def _turns(char: str) -> bool:
    """Whether it is an embedding, an override or an isolate of Unicode's bidirectional algorithm."""
    return "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"


# Backslashes are themselves, as a path is mostly made of them, but before a quote, before the escape of a character
# that no line can hold, and at the end: there two are one.
_TO_ESCAPE = re.compile(r"(\\*)(?:(?=u([0-9a-fA-F]{4}))|([^\\])|$)")
_ESCAPED = re.compile(r'(\\+)(?:(")|u([0-9a-fA-F]{4})|$)')


def _escaped(match: re.Match[str]) -> str:
    run, code, char = match.groups()
    escapes = char == '"' or breaks_line(char or "") if code is None else breaks_line(chr(int(code, 16)))
    if not escapes and (char or code):
        return match[0]
    return run * 2 + ("" if not char else '\\"' if char == '"' else f"\\u{ord(char):04x}")


def unescape(text: str) -> str:
    r"""What stands in double quotes: ``\"`` and ``\u0000`` are escapes, of a quote and of a character that no line can
    hold; two backslashes before either, or at the end, are one; any other backslash is itself."""
    return _ESCAPED.sub(_plain, text)


def _plain(match: re.Match[str]) -> str:
    run, quote, code = match.groups()
    char = quote or (chr(int(code, 16)) if code else "")
    if code and not breaks_line(char):
        return match[0]
    kept = "\\" * (len(run) // 2)
    if len(run) % 2 == 0:
        return kept + (quote or (f"u{code}" if code else ""))
    return kept + (char or "\\")
