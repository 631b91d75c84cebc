"""Tab completion of ``%kling``: options, models, values, and task ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import assert_never

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import Choice, Flag, Number, Text
from kling_widgets.catalog.link_fields import Link, Links
from kling_widgets.catalog.model_names import ALIASES, resolve
from kling_widgets.catalog.models import MODELS, Model
from kling_widgets.catalog.shot_fields import Shots
from kling_widgets.catalog.structured_fields import Anything, CameraControl, Clips, Elements, Masks
from kling_widgets.notebook.magics import tasks
from kling_widgets.notebook.output import history_filters
from kling_widgets.request.magic_words import SETTINGS, Setting, option_name

Names = Callable[[], Sequence[str]]
_SOURCES = ("--from", "--preset")  # of a form's request


def options(settings: Iterable[Setting] = SETTINGS.values()) -> list[str]:
    """Return the options of all fields, and of these settings."""
    names = [f"--{option_name(name)}" for name in FIELDS if name != "prompt"] + ["--metadata"]
    names += [f"--no-{option_name(name)}" for name, field in FIELDS.items() if isinstance(field, Flag)]
    for setting in settings:
        names += [f"-{setting.name}" if len(setting.name) == 1 else f"--{setting.name}"]
        names += [f"--no-{setting.name}"] if setting.negated else []
    return names


def values(option: str, model: str | Model) -> list[str]:
    """Return the values of an option, for the model of the line."""
    if option == "model":
        return [known.name for known in MODELS.values()]
    name = option.replace("-", "_")
    spec, _ = resolve(model)
    match spec.by_name.get(ALIASES.get(name, name)) or FIELDS.get(ALIASES.get(name, name)):
        case Choice(choices=choices):
            return list(choices)
        case Number(usual=usual):
            return [str(number) for number in usual]
        case Flag(choices=choices):
            return ["on" if choice else "off" for choice in reversed(choices)]
        case None | Text() | Link() | Links() | Shots() | CameraControl() | Elements() | Clips() | Masks() | Anything():
            return []
        case never:
            assert_never(never)


def complete(text: str, ids: Names, presets: Names = tuple, default: str = "2.6") -> tuple[str, list[str]]:
    """Return the word before the cursor and its completions.

    Args:
        text: the text before the cursor.
        ids: returns the task ids.
        presets: returns the names of the presets.
        default: the model, if the line names none.
    """
    line = _LINE.match(text)
    if line is None:
        return "", []
    name, words = line[1], line[2].split(" ")
    current, before = words[-1], words[-2] if len(words) > 1 else ""
    models = [known.name for known in MODELS.values()]
    found: Sequence[str] = []
    match name:
        case "kling_show" | "kling_resume" | "kling_forget":
            found = ids()
        case "kling_code":
            from kling_widgets.request.code_kinds import CODE_KINDS

            found = [*ids(), *map(str.lower, CODE_KINDS)]
        case "kling_form" if before == "--from":
            found = ids()
        case "kling_form" if before == "--preset":
            found = presets()
        case "kling_tasks" if before in ("--model", "--status"):
            found = models if before == "--model" else [word.replace(" ", "-") for word in history_filters.WORDS]
        case "kling_tasks" if not before.startswith("--"):
            found = [f"--{name}" for name in tasks.OPTIONS]
        case "kling_models":
            found = models
        case "kling_prices" if len(words) == 1:
            found = [*models, "from"]
        case "kling_prices":
            from kling_widgets.notebook.magics.prices import FORGET, OPTIONS

            found = OPTIONS.get(before, (*OPTIONS, FORGET))
        case "kling_form" if len(words) == 1:
            found = [*models, *_SOURCES, *options([SETTINGS["model"]])]
        case "kling_demo":
            found = ["off"]
        case "kling" | "kling_form":
            if current.startswith("-"):
                found = options() if name == "kling" else options([SETTINGS["model"]])
            elif before.startswith("--"):
                found = values(before[2:], dict(pairwise(words)).get("--model", default))
    return current, [word for word in found if word.startswith(current)]


_LINE = re.compile(r"\s*(?:[\w.,\s]+=\s*)?%{1,2}(kling\w*)\s+(.*)", re.DOTALL)
