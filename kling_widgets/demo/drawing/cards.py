"""Cards at the right of the picture: one for each field in use, with its name, text, and a small drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image, ImageDraw

from kling_widgets.demo.drawing.animation import Animation
from kling_widgets.demo.drawing.fonts import Type, printable
from kling_widgets.demo.drawing.shapes import NIGHT, SOFT, WHITE, Colour, Piece, Sheet

CARD_FIELDS = {
    "multi_shots", "camera_control", "dynamic_masks", "video_list", "voice_list", "session_id", "face_choose",
    "kling_elements",
}  # fmt: skip
UNDER_MARK = 0.13  # lower end of the DEMO mark, as a share of the shorter side
WIDE = 1.5  # the aspect ratio from which a second column leaves enough of the picture visible
FOOT = 0.72  # lower end of the rail, as a share of the height; the prompt is below it
TITLE, TEXT = (0.032, 0.029, 0.026), 0.026  # font sizes as shares of the shorter side; a long title gets a smaller one
PAD = 0.018  # padding of a card, as a share of the shorter side

Box = tuple[int, int, int, int]
Drawing = Callable[[Image.Image, Box, float], None]  # draws onto the canvas, within a box, at a moment in seconds


@dataclass(frozen=True)
class CardSpace:
    """Layout over the picture, in pixels: margins, and the rail of cards at the right."""

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
        """Return the centre of the area that cards leave free, as shares of width and height."""
        layout = cls.of(clip)
        free = (layout.rail if CARD_FIELDS & clip.used.keys() else clip.width) / clip.width
        return free / 2, 0.44


@dataclass(frozen=True)
class TextLine:
    """Line of text on a card."""

    text: str
    colour: Colour = SOFT


class Slot(Protocol):
    """Item of the rail: it is as wide as the rail, and has its own height."""

    height: int

    def draw(self, canvas: Image.Image, at: tuple[int, int], moment: float) -> None: ...


class Card:
    """Card with a title, lines of text, and a drawing.

    Args:
        clip: The clip that it belongs to.
        title: The field and its value, on one line.
        lines: Other lines of text.
        drawing: The moving part, drawn for each frame.
        space: Height of the drawing in pixels.
        beside: Share of the width that the drawing takes at the right of the lines; 0 for the full width below them.
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
        for row, colour in rows:
            small.draw(draw, (pad, y), small.cut(row, for_words), colour)
            y += small.leading
        self.piece = Piece.of(image)

    @staticmethod
    def inner(clip: Animation) -> int:
        """Return the inner width of a card, in pixels."""
        return CardSpace.of(clip).width - 2 * round(clip.short * PAD)

    def draw(self, canvas: Image.Image, at: tuple[int, int], moment: float) -> None:
        self.piece.paste(canvas, at)
        if self.drawing:
            left, top, right, bottom = self.box
            self.drawing(canvas, (at[0] + left, at[1] + top, at[0] + right, at[1] + bottom), moment)


class Rail:
    """Column of cards.

    In a wide clip, cards that do not fit are in a second column. If there are still more, they are shown page by page.
    ``left`` is the left edge of the rail.
    """

    def __init__(self, clip: Animation, cards: Iterable[Slot]) -> None:
        self.clip, layout, gap = clip, CardSpace.of(clip), max(2, round(clip.short * 0.012))
        wide = clip.width > clip.height * WIDE
        tops = (layout.margin, layout.top) if wide else (layout.top,)  # a wide clip has room beside the mark
        self.left, column, y = layout.rail, 0, tops[0]
        self.pages: list[list[tuple[Slot, tuple[int, int]]]] = [[]]
        for card in cards:
            if y > tops[column] and y + card.height > clip.height * FOOT:
                column = (column + 1) % len(tops)
                y = tops[column]
                if column == 0:
                    self.pages.append([])
            x = layout.rail - column * (layout.width + gap)
            self.left = min(self.left, x)
            self.pages[-1].append((card, (x, y)))
            y += card.height + gap

    def draw(self, canvas: Image.Image, moment: float) -> None:
        turn = int(moment / self.clip.seconds * len(self.pages))
        for card, at in self.pages[min(turn, len(self.pages) - 1)]:
            card.draw(canvas, at, moment)
