"""A request as magic line, Python, curl. Never raises, also for an unfinished request, and never holds a key.

Code is run by its reader, as whose own its paths then count: so a path that stands in a request of somebody else, where
it is text, is left out of the code.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import Field, Flag
from kling_widgets.catalog.link_fields import Links
from kling_widgets.catalog.model_names import ALIASES
from kling_widgets.catalog.models import Model
from kling_widgets.catalog.structured_fields import Clips, Structured
from kling_widgets.core.json_values import JSON, map_strings, masked, paths_in, to_json
from kling_widgets.core.text import one_line
from kling_widgets.request.body import normalise
from kling_widgets.request.interpolation import escape
from kling_widgets.request.magic_words import SAID, breaks_line, escape_word, option_name, suggest_magic
from kling_widgets.request.slips import begins_with_dash, misplaced, slips

SERVICE = "https://api.crazyrouter.com"


def only_own(model: Model, values: Mapping[str, JSON]) -> tuple[dict[str, JSON], tuple[str, ...]]:
    """Return the values without text that would become a local path if the reader wrote it, and the names of the
    fields that lack it. Such text comes from a body, a file or a journal."""
    if not _becomes_path(model, values):
        return dict(values), ()
    kept: dict[str, JSON] = {}
    left: list[str] = []
    for name, value in values.items():
        if _becomes_path(model, {name: value}):
            left.append(name)
            if isinstance(value, list):
                value = [item for item in value if not _becomes_path(model, {name: [item]})]
            elif isinstance(value, dict):
                value = {key: item for key, item in value.items() if not _becomes_path(model, {name: {key: item}})}
            else:
                continue
        if value or name not in left:
            kept[name] = value
    return kept, tuple(left)


def _becomes_path(model: Model, values: Mapping[str, JSON]) -> bool:
    own = set(paths_in(dict(values)))
    return any(path not in own for path in paths_in(normalise(model, values)))


def missing(left: tuple[str, ...]) -> str:
    """Return what is to be said of fields that were left out, or ""."""
    names = ", ".join(FIELDS[name].label if name in FIELDS else name for name in left)
    return f"Left out, as it is no link: {names}. Put it in before you run this." if left else ""


def magic(model: Model, values: Mapping[str, JSON]) -> str:
    """``%kling …``, or ``%%kling …`` with the prompt below it where a line could not hold it, or ``--prompt "…"`` with
    escapes where IPython would change even the cell."""
    values = masked(only_own(model, values)[0])
    prompt = values.get("prompt", "")
    prompt = prompt if isinstance(prompt, str) else to_json(prompt)
    options = " ".join(_options(_name(model), values))
    text = escape(prompt)
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = f'"{text}"'  # one enclosing pair is removed again
    slip = any(slips(text)) or misplaced(text, _may_be_there) is not None
    verbatim = slip or begins_with_dash(text) or suggest_magic(text) or SAID.match(text)
    line = f"%kling {options} {'-- ' if verbatim else ''}{text}".rstrip()
    # IPython takes a line that ends in ? for its help, and joins one that ends in \ with the next.
    if not line.endswith(("?", "\\")) and not breaks_line(text):
        return line
    if not text:
        return f"{line} --"
    if not _changed_in_cell(text):
        return f"%%kling {options}{' --' if slip else ''}\n{text}"
    return f"%kling {options} --prompt {escape_word(prompt, always=True)}"


def _may_be_there(path: Path) -> bool:
    return True  # where the code is run


def _name(model: Model) -> str:
    """The model as people type it; one that the catalog does not know in full, as its short name means nothing."""
    name: str = masked(model.name if model.known else model.id)
    return name


def _changed_in_cell(text: str) -> bool:
    """Whether IPython or an editor would hand over a cell's text otherwise: one with other ends of line, with a line of
    blanks, or with what looks like the prompt of a shell."""
    lines = text.split("\n")
    return any(
        breaks_line(line.replace("\t", ""))
        or (line and not line.strip())
        or re.match(r"\s*(>>>|\.\.\.|(\[\w+\] )?In \[)", line)
        for line in lines
    )


def _options(model: str, values: Mapping[str, JSON]) -> Iterator[str]:
    yield f"--model {escape_word(model)}"
    for name in (*(name for name in FIELDS if name in values), *(name for name in values if name not in FIELDS)):
        if name == "prompt":
            continue
        option, value, field = option_name(name), values[name], FIELDS.get(ALIASES.get(name, name))
        if isinstance(field, Flag) and isinstance(value, bool):
            yield f"--{'' if value else 'no-'}{option}"
        elif isinstance(field, (Links, Clips)) and (links := _only_links(value)):
            for link in links:
                # A bare name would be a variable where JSON is taken.
                yield f"--{option} {escape_word(link, always=link.isidentifier())}"
        elif isinstance(field, Flag):
            yield f"--{option}={_value(field, value)}"  # not a switch: it must not eat or lose its word
        else:
            yield f"--{option} {_value(field, value)}"


def _only_links(value: JSON) -> list[str]:
    """The links of a list that holds nothing else, also as ``{"url": …}``; else nothing."""
    items = value if isinstance(value, list) else []
    links = [item["url"] if isinstance(item, dict) and item.keys() == {"url"} else item for item in items]
    return links if all(isinstance(link, str) for link in links) else []


def _value(field: Field | None, value: JSON) -> str:
    structured = field is None or isinstance(field, Structured)
    if isinstance(value, str):
        # In quotes even where it needs none: a bare word for a structured field is the name of a variable.
        return escape_word(value, always=structured)
    if isinstance(value, (dict, list)):
        return to_json(map_strings(value, escape))
    return escape_word(to_json(value), always=structured)


def python(model: Model, values: Mapping[str, JSON]) -> str:
    """``kw.submit(…)`` with one line a field."""
    values, left = only_own(model, values)
    fields = "".join(f"    {name}={value!r},\n" for name, value in masked(values).items())
    note = f"# {missing(left)}\n" if left else ""
    return f"import kling_widgets as kw\n\n{note}job = kw.submit(\n    {_name(model)!r},\n{fields})"


def curl(body: Mapping[str, JSON], base_url: str = SERVICE, left: tuple[str, ...] = ()) -> str:
    """A curl command; the key stays in its environment variable. Fields that were ``left`` out are named above it."""
    data = shlex.quote(to_json(dict(body), indent=2))
    note = f"# {missing(left)}\n" if left else ""
    return note + (
        f"curl -X POST {shlex.quote(base_url + '/v1/video/generations')} \\\n"
        '  -H "Authorization: Bearer $CRAZYROUTER_API_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d {data}"
    )


def settings(values: Mapping[str, JSON]) -> str:
    """The settings in a few words, in the order of a form."""
    values = masked(dict(values))
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
    return one_line(" · ".join(words), 300)
