"""Fields whose values are structured: shots, camera, motion brush, elements, references, clips and sounds.

A wrong structure is an error. Exceeding a documented limit (D) is a warning, as the sources may be out of date. Keys
that only the documents of related services name (D) are accepted: other spellings are converted to the page's, and the
rest is sent as given, with a warning.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType
from typing import ClassVar

from kling_widgets.catalog.fields import Field, Media
from kling_widgets.catalog.link_fields import clean_link, link_problem
from kling_widgets.catalog.spellings import contradictions, page_spelling
from kling_widgets.core.json_values import JSON, plain, shorten
from kling_widgets.core.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Structured(Field):
    """A field whose value is JSON; text that is JSON is parsed.

    Attributes:
        keys: the documented keys of its objects; others are sent as they are, with a warning.
        spellings: a related service's name of a link (D) → the page's.
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
        """Return a parsed value in its normal form."""
        return value

    def key_problems(self, number: int, item: Mapping[str, JSON]) -> Iterator[Problem]:
        """Yield the contradictory and the undocumented keys of one object."""
        label = f"{self.label} {number}"
        yield from map(self.error, contradictions(item, self.spellings, label))
        names = [name for name in item if name not in self.keys and name not in self.spellings]
        if names:
            shown = ", ".join(shorten(name, 30) for name in names[:3])
            yield self.warning(f"{label}: the service does not document {shown}.", "It is sent as it is.")

    def items(self, value: JSON, keys: str) -> Iterator[dict[str, JSON]]:
        """Yield the objects of a list.

        Raises:
            ValueError: the value is anything else; the message is a sentence for the user.
        """
        if not isinstance(value, list):
            raise ValueError(f"{self.label} is a list of objects with {keys}, not {shorten(value)}.")
        for item in value:
            if not isinstance(item, dict):
                raise ValueError(f"{self.label}: {shorten(item)} is not an object with {keys}.")
            yield item

    def structure_problems(self, value: JSON) -> Iterator[Problem]:
        """Yield the problems of a value.

        Raises:
            ValueError: its structure is wrong; the message is a sentence for the user.
        """
        yield from ()

    def check(self, value: JSON) -> Iterator[Problem]:
        problems = self.structure_problems(value)
        while True:  # keeps the problems found before a ValueError
            try:
                yield next(problems)
            except StopIteration:
                return
            except ValueError as wrong:
                yield self.error(str(wrong), f"For example {self.example}")
                return

    def warning(self, message: str, hint: str = "", *, asks: bool = False) -> Problem:
        """Return a warning in this field."""
        return Problem("warning", self.name, message, hint, asks=asks)


@dataclass(frozen=True, kw_only=True)
class Anything(Structured):
    """Text or JSON of undocumented structure, sent as it was given."""

    kind: ClassVar[str] = "anything"

    def tidy(self, value: JSON, *, paths: bool) -> JSON:
        return str(value) if is_number(value) else value

    def structure_problems(self, value: JSON) -> Iterator[Problem]:
        if not isinstance(value, (str, list, dict)):
            raise ValueError(f"{self.label} is text, a list or an object, not {shorten(value)}.")
        yield from ()


@dataclass(frozen=True, kw_only=True)
class Clips(Structured):
    """A list of ``{"url": …}``; a link or a list of links is accepted too.

    Attributes:
        media: "video" or "audio".
        at_most: the documented number of items (D).
    """

    kind: ClassVar[str] = "clips"
    many: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ("url",)
    spellings: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"video_url": "url", "audio_url": "url", "voice_url": "url"}
    )
    # Documented options of a video besides its link (D).
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

    def structure_problems(self, value: JSON) -> Iterator[Problem]:
        options = self.options if self.media == "video" else {}
        for number, item in enumerate(self.items(value, "a url"), 1):
            others = [name for name in item if name not in options and item[name] is not None]
            # Another key may replace the link, such as voice_id (D).
            needed = "url" in item or not others
            if needed and (problem := link_problem(self.name, self.label, self.media, item.get("url"))):
                yield problem
            yield from self.key_problems(number, {name: each for name, each in item.items() if name not in options})
            for key, choices in self.options.items():
                if key in item and item[key] not in choices:
                    yield self.warning(f"{self.label}: {key} is {' or '.join(choices)}, not {shorten(item[key])}.")
        if len(value) > self.at_most:
            yield self.warning(f"{self.label}: {len(value)} are given, {self.at_most} is the documented limit.")


@dataclass(frozen=True, kw_only=True)
class Elements(Structured):
    """``kling_elements``: at most 3 of ``{"element_id": …}``, named in the prompt (D)."""

    kind: ClassVar[str] = "elements"
    many: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ("element_id",)
    pictures: ClassVar[str] = "element_input_urls"  # pictures of an element that has no id (D)

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

    def structure_problems(self, value: JSON) -> Iterator[Problem]:
        for number, item in enumerate(self.items(value, "an element_id"), 1):
            if not any(each not in (None, "", [], {}) for each in item.values()):
                raise ValueError(f"Element {number} has no id (element_id).")
            links = item.get(self.pictures)
            for link in links if isinstance(links, list) else ():
                if problem := link_problem(self.name, f"Element {number}", "image", link):
                    yield problem
            if item.get("element_id") in (None, ""):
                message = f"Element {number} has no id (element_id); the service documents no other way to name one."
                yield self.warning(message, "It is sent as it is.")
            else:
                yield from self.key_problems(number, item)
        if len(value) > self.at_most:
            yield self.warning(f"{self.label}: {len(value)} are given, {self.at_most} is the documented limit.")


CAMERA_MOVES = ("simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward")
CAMERA_AXES = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")


@dataclass(frozen=True, kw_only=True)
class CameraControl(Structured):
    """``camera_control``: a named move, or ``simple`` with one axis in [-10, 10] (D)."""

    kind: ClassVar[str] = "camera"

    def tidy(self, value: JSON, *, paths: bool) -> JSON:
        return {"type": value} if isinstance(value, str) and value in CAMERA_MOVES else value

    def structure_problems(self, value: JSON) -> Iterator[Problem]:
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
            if not is_number(amount) or not -10 <= amount <= 10:
                message = f"{self.label}: {axis} is a number from -10 to 10, not {shorten(amount)}."
                yield self.warning(message, asks=True)


@dataclass(frozen=True, kw_only=True)
class Masks(Structured):
    """``dynamic_masks``: at most 6 painted regions, each with a path of 2–77 points (D).

    Coordinates are pixels of the first frame, with the origin at the bottom left (D).
    """

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

    def structure_problems(self, value: JSON) -> Iterator[Problem]:
        for number, item in enumerate(self.items(value, "a mask_url and trajectories"), 1):
            yield from self.key_problems(number, item)
            if not item.get("mask_url"):
                yield self.error(f"{self.label} {number} has no mask.", "Paint one, or give a link or a file.")
            elif problem := link_problem(self.name, f"{self.label} {number}: the mask", "image", item["mask_url"]):
                yield problem
            points = item.get("trajectories")
            if points is None:
                yield self.error(f"{self.label} {number} has no path.", "Draw one, or list its points.")
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
    return isinstance(point, dict) and is_number(point.get("x")) and is_number(point.get("y"))


def is_number(value: JSON) -> bool:
    """Return whether a value is a number, not a boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
