"""Parser of ``%kling_tasks`` lines."""

from __future__ import annotations

import re

from kling_widgets.core.json_values import shorten
from kling_widgets.errors import InvalidRequestError

OPTIONS = ("model", "status", "since", "until")
_NUMBER = 20  # tasks that %kling_tasks shows by default


def read(line: str) -> tuple[int, dict[str, str]]:
    """Return the number of tasks that a line requests, and the filters.

    The first word may be a number; words that are not options are searched for in the prompt.

    Raises:
        InvalidRequestError: There is no such option, or it has no value.
    """
    words = line.split()
    count = int(words.pop(0)) if words and re.fullmatch(r"\d{1,9}", words[0], re.ASCII) else _NUMBER
    given: dict[str, str] = {}
    text: list[str] = []
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            text.append(word)
            continue
        name, equals, value = word.removeprefix("--").partition("=")
        if name not in OPTIONS:
            options = ", ".join(f"--{each}" for each in OPTIONS)
            raise InvalidRequestError(f"%kling_tasks takes a number, {options} and words, not {shorten(word)}.")
        if not equals and not words:
            raise InvalidRequestError(f"%kling_tasks: --{name} needs a value after it.")
        given[name] = value if equals else words.pop(0)
    if text:
        joined = " ".join(text)
        given["text"] = joined[1:-1] if len(joined) > 1 and joined[0] == joined[-1] == '"' else joined
    return count, given
