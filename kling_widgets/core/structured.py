"""The fields whose value has an inner shape: shots, camera, motion brush, elements, clips and sounds.

A wrong shape is an error; a documented limit (D) that is passed is a warning, as the sources may be behind the service.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar

from kling_widgets.core.fields import Field, Media, Problem, clean_link, link_problem
from kling_widgets.core.values import JSON, plain, shorten


@dataclass(frozen=True, kw_only=True)
class Structured(Field):
    """A field whose value is JSON. Text that is JSON is taken as JSON."""

    def clean(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, str):
            text = value.strip()
            if text[:1] in ("{", "["):
                try:
                    value = plain(json.loads(text))
                except (ValueError, RecursionError):
                    return text
            else:
                value = text
        if value in (None, "", [], {}):
            return None
        return self.tidy(value, paths=paths)

    def tidy(self, value: JSON, *, paths: bool) -> JSON:
        """The parsed value in its one form."""
        return value

    def items(self, value: JSON, keys: str) -> Iterator[dict[str, JSON]]:
        """The objects of a list; raises ValueError with a sentence for anything else."""
        if not isinstance(value, list):
            raise ValueError(f"{self.label} is a list of objects with {keys}, not {shorten(value)}.")
        for item in value:
            if not isinstance(item, dict):
                raise ValueError(f"{self.label}: {shorten(item)} is not an object with {keys}.")
            yield item

    def shape(self, value: JSON) -> Iterator[Problem]:
        """What is wrong with the value; may raise ValueError with a sentence when the shape itself is wrong."""
        yield from ()

    def check(self, value: JSON) -> Iterator[Problem]:
        problems = self.shape(value)
        while True:  # so that what was found before a wrong shape is kept
            try:
                yield next(problems)
            except StopIteration:
                return
            except ValueError as wrong:
                yield self.error(str(wrong), f"For example {self.example}")
                return

    def warning(self, message: str, hint: str = "", *, asks: bool = False) -> Problem:
        """A warning in this field."""
        return Problem("warning", self.name, message, hint, asks=asks)


@dataclass(frozen=True, kw_only=True)
class Anything(Structured):
    """Text or JSON whose inner shape is not documented: sent as it was given."""

    kind: ClassVar[str] = "anything"

    def tidy(self, value: JSON, *, paths: bool) -> JSON:
        return value if isinstance(value, (list, dict, str)) else str(value)


@dataclass(frozen=True, kw_only=True)
class Clips(Structured):
    """A list of ``{"url": …}``; a link or a list of links is taken too. ``at_most`` items are documented (D)."""

    kind: ClassVar[str] = "clips"
    many: ClassVar[bool] = True

    media: Media
    at_most: int

    def tidy(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, (str, dict, PurePath)):
            value = [value]
        if not isinstance(value, list):
            return value
        return [
            {**item, "url": clean_link(item.get("url"), paths=paths)}
            if isinstance(item, dict) and "url" in item
            else {"url": clean_link(item, paths=paths)}
            if isinstance(item, (str, PurePath))
            else item
            for item in value
        ]

    def shape(self, value: JSON) -> Iterator[Problem]:
        for item in self.items(value, "a url"):
            if problem := link_problem(self.name, self.label, self.media, item.get("url")):
                yield problem
            for key, choices in {"refer_type": ("base", "feature"), "keep_original_sound": ("yes", "no")}.items():
                if key in item and item[key] not in choices:
                    yield self.warning(f"{self.label}: {key} is {' or '.join(choices)}, not {shorten(item[key])}.")
        if len(value) > self.at_most:
            yield self.warning(f"{self.label}: {len(value)} are given, {self.at_most} is documented.")


@dataclass(frozen=True, kw_only=True)
class Shots(Structured):
    """``multi_prompt``: 1–6 shots of at most 512 characters and at least 1 s, indices from 1 without a gap (D)."""

    kind: ClassVar[str] = "shots"
    many: ClassVar[bool] = True

    at_most: int = 6
    longest_prompt: int = 512

    def tidy(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, dict):
            value = [value]
        if not isinstance(value, list):
            return value
        return [
            {**shot, "duration": _seconds(shot["duration"])} if isinstance(shot, dict) and "duration" in shot else shot
            for shot in value
        ]

    def shape(self, value: JSON) -> Iterator[Problem]:
        shots = list(self.items(value, "index, prompt and duration"))
        for number, shot in enumerate(shots, 1):
            prompt = "" if shot.get("prompt") is None else shot["prompt"]
            if not isinstance(prompt, str):
                yield self.warning(f"The prompt of shot {number} is text, not {shorten(prompt)}.")
            elif not prompt.strip():
                yield self.warning(f"Shot {number} has no prompt.", "Say what happens in it.")
            elif len(prompt) > self.longest_prompt:
                yield self.warning(
                    f"Shot {number} has {len(prompt)} characters; {self.longest_prompt} is the documented limit."
                )
            if duration_of(shot) is None:
                given = f", not {shorten(shot['duration'])}" if shot.get("duration") is not None else ""
                said = f"Shot {number} wants a duration: a whole number of seconds from 1{given}."
                yield self.warning(said, asks=bool(given))
        if len(shots) > self.at_most:
            yield self.warning(f"{self.label}: {len(shots)} are given, {self.at_most} is the documented limit.")
        if [shot.get("index") for shot in shots] != list(range(1, len(shots) + 1)):
            yield self.warning(f"{self.label}: the indices should count 1, 2, 3 … in order.")


def _seconds(value: JSON) -> JSON:
    """A whole number of seconds as the service page writes it, as text; anything else as it is."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip() if _is_number(value) or isinstance(value, str) else ""
    return str(int(text)) if re.fullmatch("[0-9]{1,9}", text) else text or value


def duration_of(shot: JSON) -> int | None:
    """The seconds of one shot, from a number or its text; None when it is neither, or less than 1."""
    text = str(shot.get("duration")) if isinstance(shot, dict) else ""
    return int(text) if re.fullmatch("[1-9][0-9]{0,3}", text) else None


def joined_prompt(shots: JSON) -> str:
    """The shots' prompts as one: the stock gateway refuses an empty prompt even with shots (R)."""
    if not isinstance(shots, list):
        return ""
    prompts = (shot.get("prompt") for shot in shots if isinstance(shot, dict))
    return " ".join(" ".join(prompt.split()) for prompt in prompts if isinstance(prompt, str)).strip()


@dataclass(frozen=True, kw_only=True)
class Elements(Structured):
    """``kling_elements``: at most 3 of ``{"element_id": …}``, named in the prompt (D)."""

    kind: ClassVar[str] = "elements"
    many: ClassVar[bool] = True

    at_most: int = 3

    def tidy(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, (str, int, dict)) and not isinstance(value, bool):
            value = [value]
        if not isinstance(value, list):
            return value
        return [{"element_id": item} if isinstance(item, (str, int)) else item for item in value]

    def shape(self, value: JSON) -> Iterator[Problem]:
        for number, item in enumerate(self.items(value, "an element_id"), 1):
            if item.get("element_id") in (None, ""):
                raise ValueError(f"Element {number} has no id (element_id).")
        if len(value) > self.at_most:
            yield self.warning(f"{self.label}: {len(value)} are given, {self.at_most} is the documented limit.")


CAMERA_MOVES = ("simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward")
CAMERA_AXES = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")


@dataclass(frozen=True, kw_only=True)
class Camera(Structured):
    """``camera_control``: a named move, or ``simple`` with one axis in [-10, 10] (D)."""

    kind: ClassVar[str] = "camera"

    def tidy(self, value: JSON, *, paths: bool) -> JSON:
        return {"type": value} if isinstance(value, str) and value in CAMERA_MOVES else value

    def shape(self, value: JSON) -> Iterator[Problem]:
        if not isinstance(value, dict) or not isinstance(value.get("type"), str):
            raise ValueError(f"{self.label} is an object with a type, not {shorten(value)}.")
        move, config = value["type"], value.get("config")
        if move not in CAMERA_MOVES:
            yield self.warning(f"{self.label}: {shorten(move)} is not one of {', '.join(CAMERA_MOVES)}.")
        if config is not None and not isinstance(config, dict):
            raise ValueError(f"{self.label}: config is an object of axes and numbers, not {shorten(config)}.")
        if move != "simple":
            if config:
                yield self.warning(f"{self.label}: config goes with the type simple only.")
            return
        moved = {axis: amount for axis, amount in (config or {}).items() if amount}
        if len(moved) != 1:
            yield self.warning(f"{self.label}: simple moves along one axis, and only one ({', '.join(CAMERA_AXES)}).")
        for axis, amount in moved.items():
            if axis not in CAMERA_AXES:
                yield self.warning(f"{self.label}: {shorten(axis)} is not one of {', '.join(CAMERA_AXES)}.")
            if not _is_number(amount) or not -10 <= amount <= 10:
                said = f"{self.label}: {axis} is a number from -10 to 10, not {shorten(amount)}."
                yield self.warning(said, asks=True)


@dataclass(frozen=True, kw_only=True)
class Masks(Structured):
    """``dynamic_masks``: at most 6 painted regions with a path of 2–77 points in pixels of the first frame, the origin
    at the bottom left (D)."""

    kind: ClassVar[str] = "masks"
    many: ClassVar[bool] = True

    at_most: int = 6
    fewest_points: int = 2
    most_points: int = 77

    def tidy(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, dict):
            value = [value]
        if not isinstance(value, list):
            return value
        return [
            {**item, "mask_url": clean_link(item["mask_url"], paths=paths)}
            if isinstance(item, dict) and "mask_url" in item
            else item
            for item in value
        ]

    def shape(self, value: JSON) -> Iterator[Problem]:
        for number, item in enumerate(self.items(value, "a mask_url and trajectories"), 1):
            if not item.get("mask_url"):
                yield self.error(f"{self.label} {number} has no mask.", "Paint it, or give a link or a file.")
            elif problem := link_problem(self.name, f"{self.label} {number}: the mask", "image", item["mask_url"]):
                yield problem
            points = item.get("trajectories")
            if points is None:
                yield self.error(f"{self.label} {number} has no path.", "Draw it, or write its points.")
                continue
            if not isinstance(points, list) or not all(map(_is_point, points)):
                raise ValueError(f"{self.label} {number}: trajectories is a list of points with x and y.")
            if not self.fewest_points <= len(points) <= self.most_points:
                yield self.warning(
                    f"{self.label} {number}: a path has {self.fewest_points} to {self.most_points} points, "
                    f"not {len(points)}."
                )
        if len(value) > self.at_most:
            yield self.warning(f"{self.label}: {len(value)} are given, {self.at_most} is the documented limit.")


def _is_point(point: JSON) -> bool:
    return isinstance(point, dict) and _is_number(point.get("x")) and _is_number(point.get("y"))


def _is_number(value: JSON) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
