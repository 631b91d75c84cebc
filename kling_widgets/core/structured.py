"""The fields whose value has an inner shape: shots, camera, motion brush, elements, references, clips and sounds.

A wrong shape is an error; a documented limit (D) that is passed is a warning, as the sources may be behind the service.
What the service's page does not name but a neighbour's documents do (D) is taken: in the page's spelling where that is
only another one, else as it is given, with a warning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType
from typing import ClassVar

from kling_widgets.core.fields import Field, Links, Media, Problem, clean_link, link_problem
from kling_widgets.core.values import JSON, is_blank, is_missing, plain, shorten


def page_spelling(item: Mapping[str, JSON], spellings: Mapping[str, str], *, paths: bool) -> dict[str, JSON]:
    """The object with its links cleaned, and under the page's names. Where both spellings are there and differ, both
    stay: see ``contradictions``."""
    links = {*spellings, *spellings.values()}
    found = {name: clean_link(value, paths=paths) if name in links else value for name, value in item.items()}
    for other, right in spellings.items():
        if other in found and found.get(right) in (None, found[other]):
            found = {right if name == other else name: value for name, value in found.items() if name != right}
    return found


def contradictions(item: Mapping[str, JSON], spellings: Mapping[str, str], label: str) -> Iterator[str]:
    """A sentence for each neighbour's spelling that says something else than the page's."""
    for other, right in spellings.items():
        if other in item:
            yield f"{label}: {right} and {other} are the same, but differ. Keep {right}."


@dataclass(frozen=True, kw_only=True)
class Structured(Field):
    """A field whose value is JSON. Text that is JSON is taken as JSON.

    Attributes:
        keys: what its objects may hold; anything else is sent as it is, with a warning.
        spellings: a neighbour's name of a link (D) → the page's.
    """

    keys: ClassVar[tuple[str, ...]] = ()
    spellings: ClassVar[Mapping[str, str]] = MappingProxyType({})

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

    def strange(self, number: int, item: Mapping[str, JSON]) -> Iterator[Problem]:
        """What is not the page's in one object: contradictions, and names that it does not know."""
        said = f"{self.label} {number}"
        yield from map(self.error, contradictions(item, self.spellings, said))
        names = [name for name in item if name not in self.keys and name not in self.spellings]
        if names:
            shown = ", ".join(shorten(name, 30) for name in names[:3])
            yield self.warning(f"{said}: the service does not document {shown}.", "It is sent as it is.")

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
        return str(value) if _is_number(value) else value

    def shape(self, value: JSON) -> Iterator[Problem]:
        if not isinstance(value, (str, list, dict)):
            raise ValueError(f"{self.label} is text, a list or an object, not {shorten(value)}.")
        yield from ()


@dataclass(frozen=True, kw_only=True)
class References(Links):
    """``image_list``: a list of links (S). An object with a link (D) is taken, and sent as it is if it says more."""

    spellings: ClassVar[Mapping[str, str]] = MappingProxyType({"image_url": "url"})

    def clean(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, (str, PurePath)) or _is_object(value):
            value = [value]
        if not isinstance(value, list):
            return value
        items = (self._item(_parsed(item), paths=paths) for item in value)
        return [item for item in items if not is_missing(item)] or None

    def _item(self, item: JSON, *, paths: bool) -> JSON:
        if not _is_object(item):
            return clean_link(item, paths=paths)
        spelled = page_spelling(item, self.spellings, paths=paths)
        if spelled.keys() == {"url"}:
            return spelled["url"]
        return {name: clean_link(each, paths=paths) if name in _LINKS else each for name, each in item.items()}

    def check(self, value: JSON) -> Iterator[Problem]:
        objects = [item for item in value if _is_object(item)] if isinstance(value, list) else []
        for item in objects:
            if len({str(item[name]) for name in _LINKS if item.get(name)}) > 1:
                yield self.error(f"{self.label}: url and image_url are the same, but differ.", "Keep url.")
        if objects:
            said = f"{self.label}: the service documents links alone, not objects such as {shorten(objects[0])}."
            yield Problem("warning", self.name, said, "It is sent as it is.")
        yield from super().check([link_of(item) for item in value] if objects else value)


_LINKS = ("url", "image_url")


def link_of(item: JSON) -> JSON:
    """The link or path of a reference, also of one that is an object."""
    return next(item[name] for name in _LINKS if item.get(name)) if _is_object(item) else item


def _is_object(item: JSON) -> bool:
    """Whether it is an object with a link."""
    return isinstance(item, dict) and any(item.get(name) for name in _LINKS)


def _parsed(value: JSON) -> JSON:
    """Text that is a JSON object with a link as that object, so that one can be typed; anything else as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        found = plain(json.loads(value))
    except (ValueError, RecursionError):
        return value
    return found if _is_object(found) else value


@dataclass(frozen=True, kw_only=True)
class Clips(Structured):
    """A list of ``{"url": …}``; a link or a list of links is taken too. ``at_most`` items are documented (D)."""

    kind: ClassVar[str] = "clips"
    many: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ("url",)
    spellings: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"video_url": "url", "audio_url": "url", "voice_url": "url"}
    )
    # What may stand beside a video's link (D).
    options: ClassVar[Mapping[str, tuple[str, str]]] = MappingProxyType(
        {"refer_type": ("base", "feature"), "keep_original_sound": ("yes", "no")}
    )

    media: Media
    at_most: int

    def tidy(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, (str, dict, PurePath)):
            value = [value]
        if not isinstance(value, list):
            return value
        return [
            page_spelling(item, self.spellings, paths=paths)
            if isinstance(item, dict)
            else {"url": clean_link(item, paths=paths)}
            if isinstance(item, (str, PurePath))
            else item
            for item in value
        ]

    def shape(self, value: JSON) -> Iterator[Problem]:
        options = self.options if self.media == "video" else {}
        for number, item in enumerate(self.items(value, "a url"), 1):
            others = [name for name in item if name not in options and item[name] is not None]
            # Without a link another name may say what it is, such as voice_id (D).
            needed = "url" in item or not others
            if needed and (problem := link_problem(self.name, self.label, self.media, item.get("url"))):
                yield problem
            yield from self.strange(number, {name: each for name, each in item.items() if name not in options})
            for key, choices in self.options.items():
                if key in item and item[key] not in choices:
                    yield self.warning(f"{self.label}: {key} is {' or '.join(choices)}, not {shorten(item[key])}.")
        if len(value) > self.at_most:
            yield self.warning(f"{self.label}: {len(value)} are given, {self.at_most} is documented.")


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

    def shape(self, value: JSON) -> Iterator[Problem]:
        if texts_of(value):
            return  # they are no shots yet, which a rule explains: how long each is depends on the clip
        shots = list(self.items(value, "index, prompt and duration"))
        for number, shot in enumerate(shots, 1):
            yield from self.strange(number, shot)
            prompt = "" if shot.get("prompt") is None else shot["prompt"]
            if not isinstance(prompt, str):
                yield self.warning(f"The prompt of shot {number} is text, not {shorten(prompt)}.")
            elif is_blank(prompt):
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


def texts_of(shots: JSON) -> list[str]:
    """The texts of a list that holds nothing else: shots as some write them (D); else nothing."""
    return shots if isinstance(shots, list) and shots and all(isinstance(shot, str) for shot in shots) else []


def split_evenly(texts: list[str], seconds: int) -> list[dict[str, JSON]]:
    """The shots of these texts, which share the seconds evenly, earlier ones longer; nothing where there are more shots
    than seconds."""
    each, rest = divmod(seconds, len(texts))
    return [
        {"index": number, "prompt": text, "duration": str(each + (number <= rest))}
        for number, text in enumerate(texts, 1)
        if each
    ]


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
    prompts = texts_of(shots) or (shot.get("prompt") for shot in shots if isinstance(shot, dict))
    seen = (prompt for prompt in prompts if isinstance(prompt, str) and not is_blank(prompt))
    return " ".join(" ".join(prompt.split()) for prompt in seen)


@dataclass(frozen=True, kw_only=True)
class Elements(Structured):
    """``kling_elements``: at most 3 of ``{"element_id": …}``, named in the prompt (D)."""

    kind: ClassVar[str] = "elements"
    many: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ("element_id",)
    pictures: ClassVar[str] = "element_input_urls"  # of an element that is described, not named (D)

    at_most: int = 3

    def tidy(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, (str, int, dict)) and not isinstance(value, bool):
            value = [value]
        if not isinstance(value, list):
            return value
        return [self._item(item, paths=paths) for item in value]

    def _item(self, item: JSON, *, paths: bool) -> JSON:
        if isinstance(item, (str, int)):
            return {"element_id": item}
        if isinstance(item, dict) and isinstance(links := item.get(self.pictures), list):
            return {**item, self.pictures: [clean_link(link, paths=paths) for link in links]}
        return item

    def shape(self, value: JSON) -> Iterator[Problem]:
        for number, item in enumerate(self.items(value, "an element_id"), 1):
            if not any(each not in (None, "", [], {}) for each in item.values()):
                raise ValueError(f"Element {number} has no id (element_id).")
            links = item.get(self.pictures)
            for link in links if isinstance(links, list) else ():
                if problem := link_problem(self.name, f"Element {number}", "image", link):
                    yield problem
            if item.get("element_id") in (None, ""):
                said = f"Element {number} has no id (element_id); the service documents no other way to give one."
                yield self.warning(said, "It is sent as it is.")
            else:
                yield from self.strange(number, item)
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

    keys: ClassVar[tuple[str, ...]] = ("mask_url", "trajectories")
    spellings: ClassVar[Mapping[str, str]] = MappingProxyType({"mask": "mask_url"})

    at_most: int = 6
    fewest_points: int = 2
    most_points: int = 77

    def tidy(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, dict):
            value = [value]
        if not isinstance(value, list):
            return value
        return [page_spelling(item, self.spellings, paths=paths) if isinstance(item, dict) else item for item in value]

    def shape(self, value: JSON) -> Iterator[Problem]:
        for number, item in enumerate(self.items(value, "a mask_url and trajectories"), 1):
            yield from self.strange(number, item)
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
