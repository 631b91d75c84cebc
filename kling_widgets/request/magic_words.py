"""Vocabulary of the magic line: the magics, the options that are not fields, and the quoting of values."""

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

# Every magic by its name after "kling_", with its purpose. A short prompt that begins with one of these words is
# refused: "%kling models" probably asks for the table, not for a paid video.
MAGICS = {
    "form": "a form: of a model, a task, a preset, or what %kling takes",
    "models": "the models, what one of them takes, or how several differ",
    "tasks": "your tasks, newest first",
    "show": "a task and its video",
    "resume": "watch unfinished tasks again",
    "forget": "remove a submission from the journal",
    "code": "the code of a form or a task, in the next cell",
    "prices": "your own price table, from which costs are estimated",
    "demo": "the embedded demo: no key, no network, no cost",
    "key": "set an API key for this kernel",
    "doctor": "check what works here and what does not",
}


# Short prompts that are probably commands, and what to type instead.
_COMMANDS = {"help": "%kling?", **{name: f"%kling_{name}" for name in MAGICS}}


def suggest_magic(prompt: str) -> str | None:
    """Return the magic for a prompt of one or two words that is a command, or None.

    For example, "models 2.6" returns "%kling_models 2.6".
    """
    words = prompt.split()
    instead = _COMMANDS.get(words[0].lower()) if 1 <= len(words) <= 2 else None
    return " ".join((instead, *words[1:])) if instead else None


def option_name(field: str) -> str:
    """Return the name of a field's option: "image-tail" for "image_tail"."""
    return field.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Setting:
    """An option that is not a field, but says how to handle the request.

    Attributes:
        name: its name after ``--``.
        key: its name in ``Command.settings``.
        parse: converts its text to its value and raises ValueError; None for a switch.
        takes: the kind of value, in words.
        example: an example of a value.
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
        Setting("wait", "wait", "Wait in this cell until the video is finished, or do not.", negated=True),
        Setting("timeout", "timeout", "The maximum number of seconds to wait.", float, "a number of seconds", "600"),
        Setting("count", "count", "How many videos to make, at most 1000, each billed.", int, "a whole number", "2"),
        Setting("new", "new", "Make another video even if this cell is already making the same one."),
        Setting("reuse", "reuse", "Show the existing video of the same request; make one only if there is none."),
        Setting("yes", "yes", "Do not ask for confirmation above %config Kling.confirm_above."),
        Setting("save", "save", "The file or folder to save the video in.", str, "a path", "clips/boat.mp4"),
        Setting("o", "out", "The variable to assign the Job to: -o boat.", _variable, "the name of a variable", "boat"),
    )
}


# Options without a value: the key that they set, and the value.
SWITCHES: Mapping[str, tuple[str, bool]] = {
    **{name: (setting.key, True) for name, setting in SETTINGS.items() if not setting.parse},
    **{f"no-{name}": (setting.key, False) for name, setting in SETTINGS.items() if setting.negated},
    **{
        f"no-{option_name(name)}": (name, False)
        for name in ACCEPTED
        if isinstance(FIELDS.get(ALIASES.get(name, name)), Flag)
    },
}
# A word after a switch that looks like its value, such as "on" or "no".
SWITCH_VALUE = re.compile(rf"\s*({'|'.join((*SWITCH_WORDS, 'yes', 'no'))})(?=[\s,;:.!，；：。！]|$)", re.IGNORECASE)
OPTIONS = frozenset((*map(option_name, ACCEPTED), *SETTINGS, *SWITCHES))

# Options of other tools, mainly Midjourney, that people are used to, and the equivalent here: an option, or "".
FOREIGN_OPTIONS: Mapping[str, str] = {
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


# Text that needs no quotes: it contains no whitespace, and does not start with a quote, @, a bracket, a dash or an
# invisible letter.
_PLAIN = re.compile(r"[^\W\u115f\u1160\u3164\uffa0]\S*|[./~:?#&=%+$<>(!*|^,;`\\]\S*")


def escape_word(text: str, *, always: bool = False) -> str:
    """Return a value as one word of a magic line, in double quotes if it needs them.

    Args:
        text: the value.
        always: whether to use quotes in any case.
    """
    text = escape(text)
    if not always and _PLAIN.fullmatch(text) and not breaks_line(text):
        return text
    return f'"{_TO_ESCAPE.sub(_escaped, text)}"'


def breaks_line(text: str) -> bool:
    """Return whether a text contains a character that must not be in a line of code.

    Such characters are line separators in any editor or language, other control characters, and marks that make the
    line look different from what runs.
    """
    return any(unicodedata.category(char) in ("Cc", "Zl", "Zp") or _is_bidi_control(char) for char in text)


def _is_bidi_control(char: str) -> bool:
    """Return whether a character is an embedding, an override or an isolate of Unicode's bidirectional algorithm."""
    return "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"


# A backslash is literal, for the sake of Windows paths, except before a quote, before the escape of a character that
# breaks a line, and at the end: there, two stand for one.
_TO_ESCAPE = re.compile(r"(\\*)(?:(?=u([0-9a-fA-F]{4}))|([^\\])|$)")
_ESCAPED = re.compile(r'(\\+)(?:(")|u([0-9a-fA-F]{4})|$)')


def _escaped(match: re.Match[str]) -> str:
    run, code, char = match.groups()
    escapes = char == '"' or breaks_line(char or "") if code is None else breaks_line(chr(int(code, 16)))
    if not escapes and (char or code):
        return match[0]
    return run * 2 + ("" if not char else '\\"' if char == '"' else f"\\u{ord(char):04x}")


def unescape(text: str) -> str:
    r"""Return the content of double quotes with its escapes resolved.

    ``\"`` and ``\u0000`` stand for a quote and for a character that breaks a line. Two backslashes before either, or at
    the end, stand for one; any other backslash is literal.
    """
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
