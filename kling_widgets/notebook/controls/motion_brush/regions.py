"""The regions of a motion brush as values: what each is, as text, and whether it fits the picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeAlias

from kling_widgets.core.json_values import JSON

Size: TypeAlias = tuple[int, int]  # width and height in pixels

MOST_SHOWN = 12  # regions; twice what is documented, so that what is too much can still be seen and removed

_NUMBER = r"[+-]?\d{1,9}(?:\.\d{1,9})?"
_POINT = rf"({_NUMBER})\s*,\s*({_NUMBER})"
_PATH = re.compile(rf"{_POINT}(?:(?:\s*;\s*|\s+){_POINT})*", re.ASCII)


@dataclass(frozen=True)
class Region:
    """One region.

    Attributes:
        mask: a link, a path or None.
        points: ``{"x", "y"}`` each, or text that is no path yet.
        waits: the key of its mask, when that is painted and not here yet.
    """

    mask: JSON = None
    points: JSON = ()
    waits: str = ""

    @property
    def path(self) -> list[dict[str, JSON]]:
        """Its points; none, where they are text."""
        return [] if isinstance(self.points, str) else list(self.points)

    def value(self) -> dict[str, JSON]:
        """As ``dynamic_masks`` has it; what is not there yet is left out, but a region that waits is never nothing."""
        points = self.points if isinstance(self.points, str) else list(self.points)
        value = {name: each for name, each in (("mask_url", self.mask), ("trajectories", points)) if each}
        return value or ({"trajectories": []} if self.waits else {})


def regions_of(value: JSON) -> list[Region] | None:
    """The regions of a value that has nothing else in it, or None."""
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
    """A path as people write it: ``220,380 620,380``."""
    return points if isinstance(points, str) else " ".join(f"{point['x']},{point['y']}" for point in points)


def from_text(text: str) -> JSON:
    """The points of a path, or the text itself when it is none."""
    text = text.strip()
    if not text:
        return []
    if not _PATH.fullmatch(text):
        return text
    return [{"x": _number(x), "y": _number(y)} for x, y in re.findall(_POINT, text, re.ASCII)]


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def misfits(regions: Sequence[Region], picture: Size | None, masks: Sequence[Size | None]) -> Iterator[str]:
    """What cannot be right about the regions, a sentence each.

    Args:
        regions: the regions.
        picture: the size of the first frame, None where it is not known.
        masks: the size of each region's mask, None where it is not known.
    """
    for number, (region, mask) in enumerate(zip(regions, masks, strict=True), 1):
        if isinstance(region.points, str):
            yield f"Path {number}: write each point as x,y with a blank between them, such as 220,380 620,380."
        if picture is None:
            continue
        width, height = picture
        frame = f"the first frame of {width} × {height} pixels"
        if mask and not _same_shape(mask, picture):
            yield f"Mask {number} of {mask[0]} × {mask[1]} pixels has not the shape of {frame}: it may be refused."
        elif mask and mask != picture:
            yield f"Mask {number} is {mask[0]} × {mask[1]} pixels: was it made for another picture than {frame}?"
        outside = [point for point in region.path if not (0 <= point["x"] <= width and 0 <= point["y"] <= height)]
        if outside:
            more = f" and {len(outside) - 1} more" if len(outside) > 1 else ""
            are = "are" if more else "is"
            yield f"Path {number}: {to_text(outside[:1])}{more} {are} outside of {frame}."


def _same_shape(mask: Size, picture: Size) -> bool:
    """Whether one is the other made larger, give or take the rounding to whole pixels."""
    return abs(mask[0] * picture[1] - mask[1] * picture[0]) <= max(*mask, *picture)
