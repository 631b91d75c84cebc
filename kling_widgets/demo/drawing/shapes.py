"""Shapes with smooth edges, which Pillow does not draw: larger first, then reduced; and colours that all share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from kling_widgets.demo.drawing.scene import colour

Colour = tuple[int, int, int, int]  # red, green, blue, opacity: 0–255
Point = tuple[float, float]

FINE = 3  # times larger

ACCENT: Colour = (255, 196, 61, 255)
WRONG: Colour = (255, 146, 84, 255)  # what is not as it should be; always with words or a mark beside it
WHITE: Colour = (255, 255, 255, 255)
SOFT: Colour = (255, 255, 255, 205)
FAINT: Colour = (255, 255, 255, 90)
NIGHT: Colour = (8, 10, 18, 255)


def tint(hue: float, light: float, chroma: float = 0.13) -> Colour:
    """A colour of this hue (turns), lightness and chroma, as in OKLCH."""
    red, green, blue = (round(float(value)) for value in colour(hue, light, chroma))
    return red, green, blue, 255


@dataclass(frozen=True)
class Piece:
    """Something to be pasted into frames."""

    ink: Image.Image
    mask: Image.Image

    @classmethod
    def of(cls, image: Image.Image) -> Piece:
        """The piece of an image with opacity."""
        return cls(image.convert("RGB"), image.getchannel("A"))

    @property
    def size(self) -> tuple[int, int]:
        return self.ink.size

    def paste(self, canvas: Image.Image, at: Point) -> None:
        """Draws it, its upper left corner at a point; what is outside the canvas is left out."""
        canvas.paste(self.ink, (round(at[0]), round(at[1])), self.mask)


class Sheet:
    """A clear sheet of a size in pixels, to draw on in these pixels, also between them."""

    def __init__(self, width: float, height: float) -> None:
        self.image = Image.new("RGBA", (max(1, round(width)) * FINE, max(1, round(height)) * FINE), (0, 0, 0, 0))
        self.pen = ImageDraw.Draw(self.image)

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """A filled shape."""
        self.pen.polygon([(x * FINE, y * FINE) for x, y in points], fill=fill)

    def outline(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """The edge of a shape."""
        self.line([*points, points[0]], fill, width)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """A line with round joints and ends."""
        thick = max(1, round(width * FINE))
        path = [(x * FINE, y * FINE) for x, y in points]
        self.pen.line(path, fill=fill, width=thick, joint="curve")
        for end in (path[0], path[-1]):
            self._dot(end, thick / 2, fill)

    def dot(self, centre: Point, radius: float, fill: Colour) -> None:
        """A filled circle."""
        self._dot((centre[0] * FINE, centre[1] * FINE), radius * FINE, fill)

    def _dot(self, centre: Point, radius: float, fill: Colour) -> None:
        x, y = centre
        self.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

    def pie(self, centre: Point, radius: float, start: float, end: float, fill: Colour) -> None:
        """A slice of a circle, from an angle to another in degrees, clockwise from the right."""
        x, y, far = centre[0] * FINE, centre[1] * FINE, radius * FINE
        self.pen.pieslice((x - far, y - far, x + far, y + far), start, end, fill=fill)

    def chord(self, centre: Point, radius: float, start: float, end: float, fill: Colour) -> None:
        """What a straight cut from one angle to another takes off a circle."""
        x, y, far = centre[0] * FINE, centre[1] * FINE, radius * FINE
        self.pen.chord((x - far, y - far, x + far, y + far), start, end, fill=fill)

    def ellipse(self, box: tuple[float, float, float, float], fill: Colour) -> None:
        """A filled ellipse in a box."""
        self.pen.ellipse([side * FINE for side in box], fill=fill)

    def rounded(self, box: tuple[float, float, float, float], radius: float, fill: Colour) -> None:
        """A filled box with round corners."""
        self.pen.rounded_rectangle([side * FINE for side in box], radius * FINE, fill=fill)

    def reduced(self) -> Image.Image:
        """What was drawn, at its size, with opacity."""
        return self.image.reduce(FINE)

    def piece(self) -> Piece:
        """What was drawn, to be pasted."""
        return Piece.of(self.reduced())
