"""A request as magic line, Python, curl. Never raises, also for an unfinished request, and never holds a key."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

from kling_widgets.core.catalog import FIELDS, Model
from kling_widgets.core.expand import escape_braces
from kling_widgets.core.fields import SWITCH_WORDS, Field, Flag, Links
from kling_widgets.core.structured import Structured
from kling_widgets.core.values import JSON, map_strings, to_json, with_links
from kling_widgets.core.words import escape_word, is_command, option_name

SERVICE = "https://api.crazyrouter.com"


def magic(model: Model, values: Mapping[str, JSON]) -> str:
    """``%kling …``, or ``%%kling …`` with the prompt below where IPython would not hand the line over as it is."""
    values = {name: with_links(value, str) for name, value in values.items()}
    prompt = values.get("prompt", "")
    prompt = prompt if isinstance(prompt, str) else to_json(prompt)
    options = " ".join(_options(model, values))
    text = escape_braces(prompt)
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = f'"{text}"'  # one enclosing pair is removed again
    ends = "-- " if text.startswith("-") or is_command(text) or text.lower().split(" ")[0] in SWITCH_WORDS else ""
    line = f"%kling {options} {ends}{text}".rstrip()
    # A line that ends in ? is IPython's help, one that ends in \ goes on, and control characters would break it.
    if line.endswith(("?", "\\")) or not _one_line(text):
        # Behind an empty line, or IPython would take ">>> " and "In [1]: " for prompts of its own and cut them off.
        gap = "\n" if re.match(r">>>|\.\.\.|In ?\[|\s*\.{3}", text) else ""
        return f"%%kling {options}\n{gap}{text}"
    return line


def _one_line(text: str) -> bool:
    return len(text.splitlines()) <= 1 and not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in text)


def _options(model: Model, values: Mapping[str, JSON]) -> Iterator[str]:
    yield f"--model {escape_word(model.name)}"
    for name in (*(name for name in FIELDS if name in values), *(name for name in values if name not in FIELDS)):
        if name == "prompt":
            continue
        option, value, field = option_name(name), values[name], FIELDS.get(name)
        if isinstance(field, Flag) and isinstance(value, bool):
            yield f"--{'' if value else 'no-'}{option}"
        elif isinstance(field, Links) and isinstance(value, list) and all(isinstance(item, str) for item in value):
            for item in value:
                yield f"--{option} {escape_word(item)}"
        else:
            yield f"--{option} {_value(field, value)}"


def _value(field: Field | None, value: JSON) -> str:
    structured = field is None or isinstance(field, Structured)
    if isinstance(value, str):
        # In quotes even where it needs none: a bare word for a structured field is the name of a variable.
        return escape_word(value, always=structured)
    if isinstance(value, (dict, list)):
        text = to_json(map_strings(value, escape_braces))
        return re.sub("[\x7f-\x9f\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", text)
    return escape_word(to_json(value), always=structured)


def python(model: Model, values: Mapping[str, JSON]) -> str:
    """``kw.submit(…)`` with one line a field."""
    fields = "".join(f"    {name}={with_links(value, str)!r},\n" for name, value in values.items())
    return f"import kling_widgets as kw\n\njob = kw.submit(\n    {model.name!r},\n{fields})"


def curl(body: Mapping[str, JSON], base_url: str = SERVICE) -> str:
    """A curl command; the key stays in its environment variable."""
    data = shlex.quote(to_json(dict(body), indent=2))
    return (
        f"curl -X POST {shlex.quote(base_url + '/v1/video/generations')} \\\n"
        '  -H "Authorization: Bearer $CRAZYROUTER_API_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d {data}"
    )


def settings(values: Mapping[str, JSON]) -> str:
    """The settings in a few words, in the order of a form."""
    words: list[str] = []
    if "seconds" in values:
        words.append(f"{values['seconds']} s")
    words += [str(values[name]) for name in ("size", "aspect_ratio", "resolution") if name in values]
    if isinstance(values.get("sound"), bool):
        words.append(f"sound {'on' if values['sound'] else 'off'}")
    for name, field in FIELDS.items():
        if name in values and field.section:
            value = values[name]
            many = f" ({len(value)})" if isinstance(value, list) and len(value) > 1 else ""
            if value is not False:
                words.append(field.label.lower() + many)
    return " · ".join(words)
