"""Shots, each with a prompt and a duration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from kling_widgets.catalog.structured_fields import Structured, is_number
from kling_widgets.core.json_values import JSON, is_blank, shorten
from kling_widgets.core.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Shots(Structured):
    """``multi_prompt``: 1–6 shots of at most 512 characters and at least 1 s, indices from 1 without a gap (D)."""

    kind: ClassVar[str] = "shots"
    many: ClassVar[bool] = True

    keys: ClassVar[tuple[str, ...]] = ("index", "prompt", "duration")

    at_most: int = 6
    longest_prompt: int = 512

    def tidy(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, (dict, str)):
            value = [value]
        if not isinstance(value, list):
            return value
        return [
            {**shot, "duration": _seconds(shot["duration"])} if isinstance(shot, dict) and "duration" in shot else shot
            for shot in value
        ]

    def structure_problems(self, value: JSON) -> Iterator[Problem]:
        if texts_of(value):
            return  # texts that could not be split into shots; a rule reports why
        shots = list(self.items(value, "index, prompt and duration"))
        for number, shot in enumerate(shots, 1):
            yield from self.key_problems(number, shot)
            prompt = "" if shot.get("prompt") is None else shot["prompt"]
            if not isinstance(prompt, str):
                yield self.warning(f"The prompt of shot {number} is text, not {shorten(prompt)}.")
            elif is_blank(prompt):
                yield self.warning(f"Shot {number} has no prompt.", "Describe what happens in it.")
            elif len(prompt) > self.longest_prompt:
                yield self.warning(
                    f"Shot {number} has {len(prompt)} characters; {self.longest_prompt} is the documented limit."
                )
            if duration_of(shot) is None:
                given = f", not {shorten(shot['duration'])}" if shot.get("duration") is not None else ""
                message = f"Shot {number} needs a duration: a whole number of seconds from 1{given}."
                yield self.warning(message, asks=bool(given))
        if len(shots) > self.at_most:
            yield self.warning(f"{self.label}: {len(shots)} are given, {self.at_most} is the documented limit.")
        if [shot.get("index") for shot in shots] != list(range(1, len(shots) + 1)):
            yield self.warning(f"{self.label}: the indices should count 1, 2, 3 … in order.")


def texts_of(shots: JSON) -> list[str]:
    """Return the items of a list of texts, which some sources accept as shots (D); an empty list for anything else."""
    return shots if isinstance(shots, list) and shots and all(isinstance(shot, str) for shot in shots) else []


def split_evenly(texts: list[str], seconds: int) -> list[dict[str, JSON]]:
    """Return shots with these texts that share the seconds evenly, the first ones getting the remainder.

    Returns an empty list if there are more texts than seconds.
    """
    each, rest = divmod(seconds, len(texts))
    return [
        {"index": number, "prompt": text, "duration": str(each + (number <= rest))}
        for number, text in enumerate(texts, 1)
        if each
    ]


def _seconds(value: JSON) -> JSON:
    """Return a whole number of seconds as text, as on the service's page; anything else unchanged."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip() if is_number(value) or isinstance(value, str) else ""
    return str(int(text)) if re.fullmatch("[0-9]{1,9}", text) else text or value


def duration_of(shot: JSON) -> int | None:
    """Return the seconds of a shot, given as a number or its text; None for anything else or less than 1."""
    text = str(shot.get("duration")) if isinstance(shot, dict) else ""
    return int(text) if re.fullmatch("[1-9][0-9]{0,3}", text) else None


def joined_prompt(shots: JSON) -> str:
    """Return the shots' prompts as one text, as the stock gateway refuses an empty prompt even with shots (R)."""
    if not isinstance(shots, list):
        return ""
    prompts = texts_of(shots) or (shot.get("prompt") for shot in shots if isinstance(shot, dict))
    present = (prompt for prompt in prompts if isinstance(prompt, str) and not is_blank(prompt))
    return " ".join(" ".join(prompt.split()) for prompt in present)
