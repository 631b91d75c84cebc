"""The words of the magic line: names of options and magics, and how a value is written as one word."""

from __future__ import annotations

import re
import unicodedata

from kling_widgets.core.expand import escape_braces

# Every magic of the family by what follows "kling_", with what it is for. A short prompt that begins with one of these
# words is refused: whoever types "%kling models" wants the table, not a paid video.
MAGICS = {
    "form": "a form with the controls of a model",
    "models": "the models, or what one of them takes",
    "tasks": "your tasks, newest first",
    "show": "a task and its video",
    "resume": "watch what has not ended",
    "code": "the code of a task, in the next cell",
    "demo": "the embedded demo: no key, no network, no cost",
    "key": "give an API key for this kernel",
}


def is_command(prompt: str) -> str | None:
    """The magic that a prompt of one or two words names, or None."""
    words = prompt.lower().split()
    return words[0] if 1 <= len(words) <= 2 and words[0] in MAGICS else None


def option_name(field: str) -> str:
    """How a field is called as an option: "image_tail" is "image-tail"."""
    return field.replace("_", "-")


_PLAIN = re.compile(r"[^\s\"'@{\[\-][^\s]*")


def escape_word(text: str, *, always: bool = False) -> str:
    """A value as one word of a magic line: as it is where that is enough, else in double quotes."""
    text = escape_braces(text)
    if not always and _PLAIN.fullmatch(text) and not any(map(_breaks_line, text)):
        return text
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\u{ord(char):04x}" if _breaks_line(char) else char for char in quoted) + '"'


def _breaks_line(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Zl", "Zp")


_ESCAPE = re.compile(r'\\(?:(["\\])|u([0-9a-fA-F]{4}))')


def unescape(text: str) -> str:
    r"""What stands in double quotes: ``\"``, ``\\`` and ``\u0000`` are escapes; any other backslash is itself."""
    return _ESCAPE.sub(lambda match: match[1] or chr(int(match[2], 16)), text)
