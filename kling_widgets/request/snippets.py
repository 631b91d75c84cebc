"""Conversion of a request to a magic line, Python code and a curl command.

These functions never raise, even for an unfinished request, and their output never contains an API key. Paths in code
count as input of the user who runs it. So text from untrusted input that would become a path is left out.
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
from kling_widgets.request.magic_words import SWITCH_VALUE, breaks_line, escape_word, option_name, suggest_magic
from kling_widgets.request.slips import begins_with_dash, misplaced, slips

SERVICE = "https://api.crazyrouter.com"


def without_untrusted_paths(model: Model, values: Mapping[str, JSON]) -> tuple[dict[str, JSON], tuple[str, ...]]:
    """Return the values without text that would become a local path in code, and the names of the affected fields.

    Such text comes from a body, a file or a journal.
    """
    if not _becomes_path(model, values):
        return dict(values), ()
    kept: dict[str, JSON] = {}
    omitted: list[str] = []
    for name, value in values.items():
        if _becomes_path(model, {name: value}):
            omitted.append(name)
            if isinstance(value, list):
                value = [item for item in value if not _becomes_path(model, {name: [item]})]
            elif isinstance(value, dict):
                value = {key: item for key, item in value.items() if not _becomes_path(model, {name: {key: item}})}
            else:
                continue
        if value or name not in omitted:
            kept[name] = value
    return kept, tuple(omitted)


def _becomes_path(model: Model, values: Mapping[str, JSON]) -> bool:
    own = set(paths_in(dict(values)))
    return any(path not in own for path in paths_in(normalise(model, values)))


def omission_note(omitted: tuple[str, ...]) -> str:
    """Return a sentence that names the fields that were left out, or ""."""
    names = ", ".join(FIELDS[name].label if name in FIELDS else name for name in omitted)
    return f"Left out, as it is not a link: {names}. Add it before you run this." if omitted else ""


def magic(model: Model, values: Mapping[str, JSON]) -> str:
    """Return ``%kling …``, or ``%%kling …`` with the prompt below it if the prompt does not fit into a line.

    If IPython would change even the text of a cell, the prompt is escaped in ``--prompt "…"``.
    """
    values = masked(without_untrusted_paths(model, values)[0])
    prompt = values.get("prompt", "")
    prompt = prompt if isinstance(prompt, str) else to_json(prompt)
    options = " ".join(_options(_name(model), values))
    text = escape(prompt)
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = f'"{text}"'  # the parser removes one enclosing pair
    slip = any(slips(text)) or misplaced(text, _may_be_there) is not None
    verbatim = slip or begins_with_dash(text) or suggest_magic(text) or SWITCH_VALUE.match(text)
    line = f"%kling {options} {'-- ' if verbatim else ''}{text}".rstrip()
    # IPython shows help for a line that ends in ?, and joins one that ends in \ with the next.
    if not line.endswith(("?", "\\")) and not breaks_line(text):
        return line
    if not text:
        return f"{line} --"
    if not _changed_in_cell(text):
        return f"%%kling {options}{' --' if slip else ''}\n{text}"
    return f"%kling {options} --prompt {escape_word(prompt, always=True)}"


def _may_be_there(path: Path) -> bool:
    return True  # on the machine where the code runs


def _name(model: Model) -> str:
    """Return the model's short name, or its full id if the catalog does not know it."""
    name: str = masked(model.name if model.known else model.id)
    return name


def _changed_in_cell(text: str) -> bool:
    """Return whether IPython or an editor would change a cell's text.

    They change other line separators, lines of whitespace only, and text that looks like the prompt of a shell.
    """
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
                # For a field that takes JSON, a bare name would be a variable.
                yield f"--{option} {escape_word(link, always=link.isidentifier())}"
        elif isinstance(field, Flag):
            yield f"--{option}={_value(field, value)}"  # with =, as a switch would not take the next word as its value
        else:
            yield f"--{option} {_value(field, value)}"


def _only_links(value: JSON) -> list[str]:
    """Return the items of a list of links, which may be ``{"url": …}``; an empty list for anything else."""
    items = value if isinstance(value, list) else []
    links = [item["url"] if isinstance(item, dict) and item.keys() == {"url"} else item for item in items]
    return links if all(isinstance(link, str) for link in links) else []


def _value(field: Field | None, value: JSON) -> str:
    structured = field is None or isinstance(field, Structured)
    if isinstance(value, str):
        # Always in quotes for a structured field, for which a bare word is the name of a variable.
        return escape_word(value, always=structured)
    if isinstance(value, (dict, list)):
        return to_json(map_strings(value, escape))
    return escape_word(to_json(value), always=structured)


def python(model: Model, values: Mapping[str, JSON]) -> str:
    """Return a call of ``kw.submit`` with one line for each field."""
    values, omitted = without_untrusted_paths(model, values)
    fields = "".join(f"    {name}={value!r},\n" for name, value in masked(values).items())
    note = f"# {omission_note(omitted)}\n" if omitted else ""
    return f"import kling_widgets as kw\n\n{note}job = kw.submit(\n    {_name(model)!r},\n{fields})"


def curl(body: Mapping[str, JSON], base_url: str = SERVICE, omitted: tuple[str, ...] = ()) -> str:
    """Return a curl command that reads the key from its environment variable; a comment names ``omitted`` fields."""
    data = shlex.quote(to_json(dict(body), indent=2))
    note = f"# {omission_note(omitted)}\n" if omitted else ""
    return note + (
        f"curl -X POST {shlex.quote(base_url + '/v1/video/generations')} \\\n"
        '  -H "Authorization: Bearer $CRAZYROUTER_API_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d {data}"
    )


def settings(values: Mapping[str, JSON]) -> str:
    """Return the settings in a few words, in the order of a form."""
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
