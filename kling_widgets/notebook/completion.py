"""What Tab offers behind ``%kling``: options, models, values, and ids of tasks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from kling_widgets.core.catalog import FIELDS, MODELS
from kling_widgets.core.fields import Choice, Flag, Number
from kling_widgets.core.grammar import SETTINGS
from kling_widgets.core.names import ALIASES, resolve
from kling_widgets.core.words import option_name

Ids = Callable[[], Sequence[str]]


def options() -> list[str]:
    """Every option of ``%kling``."""
    names = [f"--{option_name(name)}" for name in FIELDS if name != "prompt"] + ["--metadata"]
    names += [f"--no-{option_name(name)}" for name, field in FIELDS.items() if isinstance(field, Flag)]
    for setting in SETTINGS.values():
        names += [f"-{setting.name}" if len(setting.name) == 1 else f"--{setting.name}"]
        names += [f"--no-{setting.name}"] if setting.negated else []
    return names


def values(option: str, model: str) -> list[str]:
    """What may stand behind an option, for the model of the line."""
    if option == "model":
        return [known.name for known in MODELS.values()]
    name = option.replace("-", "_")
    spec, _ = resolve(model)
    match spec.by_name.get(ALIASES.get(name, name)) or FIELDS.get(ALIASES.get(name, name)):
        case Choice(choices=choices):
            return list(choices)
        case Number(usual=usual):
            return [str(number) for number in usual]
        case Flag():
            return ["on", "off"]
    return []


def complete(text: str, ids: Ids, default: str = "2.6") -> tuple[str, list[str]]:
    """The word at the end of a line, of which ``text`` is what is there before the cursor, and what it may become."""
    line = _LINE.match(text)
    if line is None:
        return "", []
    name, words = line[1], line[2].split(" ")
    current = words[-1]
    found: Sequence[str] = []
    if name in ("kling_show", "kling_resume", "kling_code") or (name == "kling_form" and "--from" in words[-2:-1]):
        found = ids()
    elif name in ("kling_models", "kling_form"):
        found = [*(["--from"] if name == "kling_form" else []), *(known.name for known in MODELS.values())]
    elif name == "kling_demo":
        found = ["off"]
    elif name == "kling":
        chosen = dict(pairwise(words)).get("--model", default)
        before = words[-2] if len(words) > 1 else ""
        if current.startswith("-"):
            found = options()
        elif before.startswith("--"):
            found = values(before[2:], chosen)
    return current, [word for word in found if word.startswith(current)]


def matcher(ids: Ids, default: Callable[[], str]) -> Any:
    """What ``shell.Completer.custom_matchers`` takes. A hook for a command would know neither ``x = %kling`` nor where
    a word such as 16:9 begins, and its words would stand among Python's own."""

    @context_matcher(identifier="kling_widgets")  # type: ignore[untyped-decorator,unused-ignore]
    def kling(context: CompletionContext) -> SimpleMatcherResult:
        word, found = complete(context.text_until_cursor, ids, default())
        completions = [SimpleCompletion(text=each, type="magic") for each in found]
        return {"completions": completions, "matched_fragment": word, "suppress": True, "ordered": True}

    return kling


_LINE = re.compile(r"\s*(?:[\w.,\s]+=\s*)?%{1,2}(kling\w*)\s+(.*)", re.DOTALL)
