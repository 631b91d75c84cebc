"""The plates at the right: one for each control at work, with its name, what it says, and a small drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image, ImageDraw

from kling_widgets.demo.drawing.animation import Animation
from kling_widgets.demo.drawing.fonts import Type, printable
from kling_widgets.demo.drawing.shapes import NIGHT, SOFT, WHITE, Colour, Piece, Sheet

PLATED = {
    "multi_shots", "camera_control", "dynamic_masks", "video_list", "voice_list", "session_id", "face_choose",
    "kling_elements",
}  # fmt: skip
UNDER_MARK = 0.13  # below the mark in the upper left, of the shorter side
WIDE = 1.5  # width to height of a clip in which a second column leaves enough of the picture
FOOT = 0.72  # where the rail ends, of the height, as the prompt begins there
TITLE, TEXT = (0.032, 0.029, 0.026), 0.026  # type sizes, of the shorter side; a long title takes a smaller one
PAD = 0.018  # around what stands on a plate, of the shorter side

Box = tuple[int, int, int, int]
Drawing = Callable[[Image.Image, Box, float], None]  # into the canvas, within a box, at a moment in seconds


@dataclass(frozen=True)
class CardSpace:
    """Where things stand over the picture, in pixels: the rail of plates at the right, and what is left of it."""

    margin: int
    top: int
    rail: int  # its left edge
    width: int  # of the rail

    @classmethod
    def of(cls, clip: Animation) -> CardSpace:
        margin = round(clip.short * 0.045)
        width = round(clip.width * (0.31 if clip.width > clip.height else 0.46))
        return cls(margin, round(clip.short * UNDER_MARK), clip.width - margin - width, width)

    @classmethod
    def words(cls, clip: Animation) -> tuple[float, float]:
        """The middle of what plates leave free, in shares of width and height."""
        desk = cls.of(clip)
        free = (desk.rail if PLATED & clip.used.keys() else clip.width) / clip.width
        return free / 2, 0.44


@dataclass(frozen=True)
class TextLine:
    """A line of words on a plate."""

    text: str
    colour: Colour = SOFT


class Slot(Protocol):
    """What may stand on the rail: it is as wide as the rail, and has its own height."""

    height: int

    def draw(self, canvas: Image.Image, at: tuple[int, int], moment: float) -> None: ...


class Plate:
    """A plate with a title, lines of words, and a drawing under them.

    Args:
        clip: whose plate it is.
        title: the control and its value, on one line.
        lines: what else is to be said.
        drawing: what moves, drawn at each moment.
        space: its height in pixels.
        beside: the share of the width at the right of the lines that it takes; 0 for all of it under them.
    """

    def __init__(
        self,
        clip: Animation,
        title: str,
        lines: Sequence[TextLine] = (),
        drawing: Drawing | None = None,
        space: int = 0,
        beside: float = 0.0,
    ) -> None:
        short, width = clip.short, CardSpace.of(clip).width
        pad, inner, title = round(short * PAD), self.inner(clip), printable(title)
        faces = [Type(round(short * size)) for size in TITLE]
        face, small = next((face for face in faces if face.width(title) <= inner), faces[-1]), Type(round(short * TEXT))
        for_words = inner * (1 - beside)
        rows = [(row, line.colour) for line in lines for row in small.wrap(printable(line.text), for_words)[:2]]
        top = round(pad * 0.6) + face.leading
        words = len(rows) * small.leading
        self.drawing = drawing if space else None
        if beside:
            self.box = (pad + round(for_words), top, pad + inner, top + space)
            self.height = top + max(words, space) + round(pad * 0.8)
        else:
            below = top + words + (pad // 2 if space else 0)
            self.box = (pad, below, pad + inner, below + space)
            self.height = below + space + round(pad * 0.8)
        sheet = Sheet(width, self.height)
        sheet.rounded((0, 0, width, self.height), short * 0.02, (*NIGHT[:3], 150))
        image = sheet.reduced()
        draw = ImageDraw.Draw(image)
        y = round(pad * 0.6)
        face.draw(draw, (pad, y), face.cut(title, inner), WHITE)
        y += face.leading
        for row, ink in rows:
            small.draw(draw, (pad, y), small.cut(row, for_words), ink)
            y += small.leading
        self.piece = Piece.of(image)

    @staticmethod
    def inner(clip: Animation) -> int:
        """The width of what stands on a plate, in pixels."""
        return CardSpace.of(clip).width - 2 * round(clip.short * PAD)

    def draw(self, canvas: Image.Image, at: tuple[int, int], moment: float) -> None:
        self.piece.paste(canvas, at)
        if self.drawing:
            left, top, right, bottom = self.box
            self.drawing(canvas, (at[0] + left, at[1] + top, at[0] + right, at[1] + bottom), moment)


class Rail:
    """The plates, one under the other; in a wide clip what does not fit stands in a second column, and what does not
    fit there either comes in its turn. ``left`` is the rail's left edge."""

    def __init__(self, clip: Animation, plates: Iterable[Slot]) -> None:
        self.clip, desk, gap = clip, CardSpace.of(clip), max(2, round(clip.short * 0.012))
        wide = clip.width > clip.height * WIDE
        tops = (desk.margin, desk.top) if wide else (desk.top,)  # a wide clip has room beside the mark
        self.left, column, y = desk.rail, 0, tops[0]
        self.pages: list[list[tuple[Slot, tuple[int, int]]]] = [[]]
        for plate in plates:
            if y > tops[column] and y + plate.height > clip.height * FOOT:
                column = (column + 1) % len(tops)
                y = tops[column]
                if column == 0:
                    self.pages.append([])
            x = desk.rail - column * (desk.width + gap)
            self.left = min(self.left, x)
            self.pages[-1].append((plate, (x, y)))
            y += plate.height + gap

    def draw(self, canvas: Image.Image, moment: float) -> None:
        turn = int(moment / self.clip.seconds * len(self.pages))
        for plate, at in self.pages[min(turn, len(self.pages) - 1)]:
            plate.draw(canvas, at, moment)
