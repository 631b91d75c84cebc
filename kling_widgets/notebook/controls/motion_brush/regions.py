"""Regions of a motion brush: conversion from and to field values and text, and checks against the first frame."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeAlias

from kling_widgets.core.json_values import JSON

Size: TypeAlias = tuple[int, int]  # width and height in pixels

MOST_SHOWN = 12  # regions; twice the documented limit, so that the excess can still be seen and removed

_NUMBER = r"[+-]?\d{1,9}(?:\.\d{1,9})?"
_POINT = rf"({_NUMBER})\s*,\s*({_NUMBER})"
_PATH = re.compile(rf"{_POINT}(?:(?:\s*;\s*|\s+){_POINT})*", re.ASCII)


@dataclass(frozen=True)
class Region:
    """Region of a motion brush.

    Attributes:
        mask: A link, a path or None.
        points: ``{"x", "y"}`` for each point, or text that is not a valid path yet.
        pending: The key of a painted mask that the page has not sent yet; "" otherwise.
    """

    mask: JSON = None
    points: JSON = ()
    pending: str = ""

    @property
    def path(self) -> list[dict[str, JSON]]:
        """The points; empty if they are text."""
        return [] if isinstance(self.points, str) else list(self.points)

    def value(self) -> dict[str, JSON]:
        """Return the region as an item of ``dynamic_masks``.

        Missing parts are left out. A region with a pending mask is never empty, so that it is not dropped.
        """
        points = self.points if isinstance(self.points, str) else list(self.points)
        value = {name: each for name, each in (("mask_url", self.mask), ("trajectories", points)) if each}
        return value or ({"trajectories": []} if self.pending else {})


def regions_of(value: JSON) -> list[Region] | None:
    """Return the regions of a value, or None if it has anything else in it."""
    if not isinstance(value, list) or len(value) > MOST_SHOWN:
        return None
    regions = [region for item in value if (region := _region_of(item))]
    return regions if len(regions) == len(value) else None


def _region_of(item: JSON) -> Region | None:
    if not isinstance(item, dict) or not item.keys() <= {"mask_url", "trajectories"}:
        return None
    region = Region(item.get("mask_url"), item.get("trajectories") or ())
    good = region.mask is None or isinstance(region.mask, (str, PurePath))
    if not isinstance(region.points, str):
        good = good and isinstance(region.points, (list, tuple)) and all(map(_is_point, region.points))
    return region if good else None


def _is_point(point: JSON) -> bool:
    return (
        isinstance(point, dict)
        and point.keys() == {"x", "y"}
        and all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in point.values())
    )


def to_text(points: JSON) -> str:
    """Return a path as text, such as ``220,380 620,380``."""
    return points if isinstance(points, str) else " ".join(f"{point['x']},{point['y']}" for point in points)


def from_text(text: str) -> JSON:
    """Return the points of a path, or the text itself if it is not a path."""
    text = text.strip()
    if not text:
        return []
    if not _PATH.fullmatch(text):
        return text
    return [{"x": _number(x), "y": _number(y)} for x, y in re.findall(_POINT, text, re.ASCII)]


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def misfits(regions: Sequence[Region], picture: Size | None, masks: Sequence[Size | None]) -> Iterator[str]:
    """Yield a sentence for each region that does not match the first frame.

    Args:
        regions: The regions.
        picture: The size of the first frame, or None if unknown.
        masks: The size of each region's mask, or None if unknown.
    """
    for number, (region, mask) in enumerate(zip(regions, masks, strict=True), 1):
        if isinstance(region.points, str):
            yield f"Path {number}: write each point as x,y, separated by spaces, such as 220,380 620,380."
        if picture is None:
            continue
        width, height = picture
        frame = f"the first frame of {width} × {height} pixels"
        if mask and not _same_shape(mask, picture):
            painted = f"Mask {number} of {mask[0]} × {mask[1]} pixels"
            yield f"{painted} does not have the aspect ratio of {frame}: it may be refused."
        elif mask and mask != picture:
            yield f"Mask {number} is {mask[0]} × {mask[1]} pixels: was it made for a picture other than {frame}?"
        outside = [point for point in region.path if not (0 <= point["x"] <= width and 0 <= point["y"] <= height)]
        if outside:
            more = f" and {len(outside) - 1} more" if len(outside) > 1 else ""
            are = "are" if more else "is"
            yield f"Path {number}: {to_text(outside[:1])}{more} {are} outside {frame}."


def _same_shape(mask: Size, picture: Size) -> bool:
    """Return whether both have the same aspect ratio, within rounding to whole pixels."""
    return abs(mask[0] * picture[1] - mask[1] * picture[0]) <= max(*mask, *picture)
