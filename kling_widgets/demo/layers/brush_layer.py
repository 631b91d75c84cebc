"""``dynamic_masks``: each masked region of the first frame is cut out and moves along its path, which is drawn.

Points are in pixels of the picture, from its lower left corner.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import atan2, cos, dist, pi, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter, ImageOps

from kling_widgets.demo.drawing.animation import Animation, size_of
from kling_widgets.demo.drawing.cards import Card, TextLine
from kling_widgets.demo.drawing.fonts import Type
from kling_widgets.demo.drawing.pictures import mask_of
from kling_widgets.demo.drawing.shapes import NIGHT, WRONG, Colour, Piece, Point, Sheet

Floats = NDArray[np.floating]

MOST = 6  # the documented number of regions (D); more are not used
FARTHEST = 2.0  # the distance outside the clip, in sides, to which points are clamped
# Okabe and Ito's colours, which are distinguishable with colour blindness; the form uses the same.
COLOURS = tuple((*ImageColor.getrgb(name)[:3], 255) for name in (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#d55e00"
))  # fmt: skip
SMOOTHING = 16  # smoothing rounds on each scale when a hole is filled
SAME_SHAPE = 0.02  # the tolerance between the aspect ratios of a mask and the picture


@dataclass(frozen=True)
class PaintedRegion:
    """Painted region.

    Attributes:
        number: Its number, from 1.
        colour: The colour of its path and number.
        path: Its points in pixels of the clip, from the upper left corner.
        mask: White where it is painted, as large as the clip; None if it is not available.
        problems: Problems of the region, to be shown.
        hints: Other remarks, to be shown.
    """

    number: int
    colour: Colour
    path: tuple[Point, ...]
    mask: Image.Image | None
    problems: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    def at(self, done: float) -> Point:
        """Return its position after a share of the clip; it moves at constant speed."""
        lengths = [0.0, *accumulate(dist(a, b) for a, b in pairwise(self.path))]
        if lengths[-1] == 0:
            return self.path[0]
        way = done * lengths[-1]
        leg = min(bisect_right(lengths, way), len(lengths) - 1) - 1
        (x, y), (u, v) = self.path[leg], self.path[leg + 1]
        share = (way - lengths[leg]) / max(1e-9, lengths[leg + 1] - lengths[leg])
        return x + (u - x) * share, y + (v - y) * share


class BrushLayer:
    """Layer with all regions of a clip."""

    def __init__(self, clip: Animation, regions: list[PaintedRegion]) -> None:
        self.clip, self.regions = clip, regions
        self.background: Image.Image | None = None
        self.cuts: dict[int, tuple[Piece, Point]] = {}
        self.paths = self._drawn_paths()
        self.badges = {region.number: _badge(region, clip.short) for region in regions}

    @classmethod
    def of(cls, clip: Animation) -> BrushLayer | None:
        """Return the layer of a clip, or None if it has no regions."""
        items = clip.items("dynamic_masks")
        return cls(clip, regions(clip)) if items else None

    def cut(self, picture: Image.Image) -> None:
        """Cut the regions out of the picture, and fill the holes with the colours around them."""
        holes = Image.new("L", picture.size, 0)
        for region in self.regions:
            box = region.mask.getbbox() if region.mask else None
            if region.mask and box:
                soft = region.mask.filter(ImageFilter.GaussianBlur(max(0.6, self.clip.short / 900)))
                self.cuts[region.number] = (Piece(picture.crop(box), soft.crop(box)), (box[0], box[1]))
                holes = ImageChops.lighter(holes, region.mask)
        self.background = filled(picture, holes) if self.cuts else picture

    def at(self, done: float) -> Image.Image:
        """Return the picture after a share of the clip."""
        assert self.background
        canvas = self.background.copy()
        self.paths.paste(canvas, (0, 0))
        for region in self.regions:
            if region.number in self.cuts:
                piece, (left, top) = self.cuts[region.number]
                (x, y), (u, v) = region.path[0], region.at(done)
                piece.paste(canvas, (left + u - x, top + v - y))
        self._badge(canvas, done)
        return canvas

    def draw(self, canvas: Image.Image, done: float) -> None:
        """Draw only the paths, if there is no picture to cut."""
        self.paths.paste(canvas, (0, 0))
        self._badge(canvas, done)

    def _badge(self, canvas: Image.Image, done: float) -> None:
        for region in self.regions:
            badge = self.badges[region.number]
            x, y = region.at(done)
            badge.paste(canvas, (x - badge.size[0] / 2, y - badge.size[1] / 2))

    def _drawn_paths(self) -> Piece:
        clip = self.clip
        sheet, thin = Sheet(clip.width, clip.height), max(1.2, clip.short / 240)
        for region in self.regions:
            path = list(region.path)
            sheet.line(path, (*NIGHT[:3], 130), thin * 2)
            sheet.line(path, region.colour, thin)
            sheet.dot(path[0], thin * 1.6, region.colour)
            if len(path) > 1 and path[-1] != path[-2]:
                sheet.polygon(_arrow(path[-2], path[-1], thin * 4), region.colour)
            for x, y in path:
                if not (0 <= x <= clip.width and 0 <= y <= clip.height):
                    _cross(sheet, (min(max(x, 0), clip.width), min(max(y, 0), clip.height)), clip.short / 36)
        return sheet.piece()


def regions(clip: Animation) -> list[PaintedRegion]:
    """Return the regions of a clip with their problems."""
    size = size_of(clip.first) if clip.first else None
    items = clip.items("dynamic_masks")
    to_clip = _to_clip(clip, size, items)
    made = []
    for number, item in enumerate(items[:MOST], 1):
        problems, hints = [], []
        raw = _points(item)
        if len(raw) < 2:
            problems.append("one point is no path" if raw else "no path")
        outside = sum(1 for x, y in raw if size and not (0 <= x <= size[0] and 0 <= y <= size[1]))
        if outside:
            problems.append(f"{outside} of {len(raw)} points outside the picture")
        mask = None
        given = clip.picture(f"mask {number}", item.get("mask_url"))
        if given is None or given.path is None or size is None:
            hints.append("its mask is not opened")
        else:
            mask, problem = _mask(mask_of(given), size, clip)
            problems += [problem] if problem else []
        path = tuple(to_clip(x, y) for x, y in raw) or ((clip.width / 2, clip.height / 2),)
        colour = COLOURS[(number - 1) % len(COLOURS)]
        made.append(PaintedRegion(number, colour, path, mask, tuple(problems), tuple(hints)))
    return made


def _to_clip(
    clip: Animation, size: tuple[int, int] | None, items: list[Mapping[str, Any]]
) -> Callable[[float, float], Point]:
    """Return a function that converts a point of the picture to one of the clip, which the picture fills.

    A picture that cannot be opened is assumed to be as large as the clip, or as its points require.
    """
    if size is None:
        points = [point for item in items for point in _points(item)]
        needed = max((max(x / clip.width, y / clip.height) for x, y in points), default=0.0)
        size = (round(clip.width * max(1.0, needed * 1.05)), round(clip.height * max(1.0, needed * 1.05)))
    width, height = size
    scale = max(clip.width / width, clip.height / height)
    left, bottom = (clip.width - width * scale) / 2, (clip.height + height * scale) / 2

    def convert(x: float, y: float) -> Point:
        return _clamped(left + x * scale, clip.width), _clamped(bottom - y * scale, clip.height)

    return convert


def _clamped(value: float, side: int) -> float:
    return min(max(value, -FARTHEST * side), (1 + FARTHEST) * side)


def _points(item: Mapping[str, Any]) -> list[Point]:
    points = item.get("trajectories")
    points = [point for point in points if isinstance(point, Mapping)] if isinstance(points, list) else []
    return [(float(point["x"]), float(point["y"])) for point in points if {"x", "y"} <= point.keys()]


def _mask(mask: Image.Image | None, size: tuple[int, int], clip: Animation) -> tuple[Image.Image | None, str]:
    if mask is None:
        return None, "the mask cannot be read"
    if mask.getbbox() is None:
        return None, "nothing is painted on the mask"
    if abs(mask.width / mask.height / (size[0] / size[1]) - 1) > SAME_SHAPE:
        return None, f"mask {mask.width}×{mask.height}, picture {size[0]}×{size[1]}"
    other = "" if mask.size == size else f"mask {mask.width}×{mask.height}, picture {size[0]}×{size[1]}: scaled"
    return ImageOps.fit(mask, (clip.width, clip.height), Image.Resampling.BILINEAR), other


def filled(picture: Image.Image, holes: Image.Image) -> Image.Image:
    """Return the picture with its holes filled smoothly from the colours around them."""
    size = 2 ** (min(picture.size).bit_length() - 2)  # a power of two, to be halved down to one
    small = (size, size)
    # Enlarge the holes a little, so that a blurred edge of the region does not stay behind as a line.
    spread = ImageFilter.GaussianBlur(max(1.5, min(picture.size) / 200))
    around = holes.filter(spread).point(lambda value: 255 if value > 10 else 0)
    keep = 1 - np.asarray(around.resize(small, Image.Resampling.BOX), np.float32)[:, :, None] / 255
    keep[keep < 1] = 0  # a pixel partly in a hole has the region's colour, too
    known = np.asarray(picture.resize(small, Image.Resampling.BOX), np.float32) * keep
    guess = Image.fromarray(np.clip(_pulled(known, keep), 0, 255).astype(np.uint8))
    guess = guess.resize(picture.size, Image.Resampling.BICUBIC)
    return Image.composite(guess, picture, around.filter(ImageFilter.GaussianBlur(max(1.0, min(picture.size) / 300))))


def _pulled(known: Floats, weight: Floats) -> Floats:
    """Fill unknown pixels with the colours of the next coarser picture ("pull-push", Gortler et al. 1996).

    Each is then smoothed to the mean of its neighbours.
    """
    own = known / np.maximum(weight, 1e-6)
    if len(weight) == 1 or weight.min() > 0:
        return own
    half = len(weight) // 2
    coarse = _pulled(*(part.reshape(half, 2, half, 2, -1).mean((1, 3)) for part in (known, weight)))
    made = np.where(weight > 0, own, coarse.repeat(2, 0).repeat(2, 1))
    for _ in range(SMOOTHING):
        wide = np.pad(made, ((1, 1), (1, 1), (0, 0)), mode="edge")
        mean = (wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:]) / 4
        made = np.where(weight > 0, made, mean)
    return made


def _badge(region: PaintedRegion, short: int) -> Piece:
    """Return the region's number on a disc, with a warning-coloured frame if the region has problems."""
    radius, face = max(5.0, short * 0.024), Type(round(short * 0.03))
    sheet = Sheet(radius * 2 + 2, radius * 2 + 2)
    middle = (radius + 1, radius + 1)
    sheet.dot(middle, radius, WRONG if region.problems else NIGHT)
    sheet.dot(middle, radius * 0.84, region.colour)
    image, text = sheet.reduced(), str(region.number)
    at = (image.width / 2 - face.width(text) / 2, image.height / 2 - face.size * 0.64)
    face.draw(ImageDraw.Draw(image), at, text, NIGHT)
    return Piece.of(image)


def _arrow(before: Point, tip: Point, size: float) -> list[Point]:
    angle = atan2(tip[1] - before[1], tip[0] - before[0])
    return [
        tip,
        *((tip[0] + size * cos(angle + turn), tip[1] + size * sin(angle + turn)) for turn in (pi - 0.45, pi + 0.45)),
    ]


def _cross(sheet: Sheet, at: Point, size: float) -> None:
    x, y = at
    for slope in (1, -1):
        sheet.line([(x - size / 2, y - slope * size / 2), (x + size / 2, y + slope * size / 2)], WRONG, size / 5)


def card(clip: Animation) -> Card | None:
    """Return a card with each region's number, the number of points of its path, and its problems."""
    items = clip.items("dynamic_masks")
    if not items:
        return None
    found = regions(clip)
    lines = []
    for region in found:
        points = "1 point" if len(region.path) == 1 else f"{len(region.path)} points"
        lines.append(TextLine(" · ".join([str(region.number), points, *region.hints]), region.colour))
        lines += [TextLine(f"{region.number} · {problem}", WRONG) for problem in region.problems]
    if len(items) > MOST:
        lines.append(TextLine(f"{len(items) - MOST} more, not used: {MOST} are documented", WRONG))
    return Card(clip, f"motion brush · {len(items)}", lines)
