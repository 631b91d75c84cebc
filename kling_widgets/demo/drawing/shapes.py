"""Antialiased shapes, drawn enlarged and then reduced, as Pillow has none; and the colours of the demo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from kling_widgets.demo.drawing.scene import colour

Colour = tuple[int, int, int, int]  # red, green, blue, opacity: 0–255
Point = tuple[float, float]

FINE = 3  # the factor by which shapes are drawn enlarged

ACCENT: Colour = (255, 196, 61, 255)
WRONG: Colour = (255, 146, 84, 255)  # for problems; always together with text or a mark
WHITE: Colour = (255, 255, 255, 255)
SOFT: Colour = (255, 255, 255, 205)
FAINT: Colour = (255, 255, 255, 90)
NIGHT: Colour = (8, 10, 18, 255)


def tint(hue: float, light: float, chroma: float = 0.13) -> Colour:
    """Return the opaque colour of a hue (turns), lightness and chroma, as in OKLCH."""
    red, green, blue = (round(float(value)) for value in colour(hue, light, chroma))
    return red, green, blue, 255


@dataclass(frozen=True)
class Piece:
    """Image with an opacity mask, to be pasted into frames."""

    image: Image.Image
    mask: Image.Image

    @classmethod
    def of(cls, image: Image.Image) -> Piece:
        """Return the piece of an RGBA image."""
        return cls(image.convert("RGB"), image.getchannel("A"))

    @property
    def size(self) -> tuple[int, int]:
        return self.image.size

    def paste(self, canvas: Image.Image, at: Point) -> None:
        """Paste it with its upper left corner at a point; parts outside the canvas are cut off."""
        canvas.paste(self.image, (round(at[0]), round(at[1])), self.mask)


class Sheet:
    """Transparent drawing surface of a size in pixels; coordinates may be fractions of pixels."""

    def __init__(self, width: float, height: float) -> None:
        self.image = Image.new("RGBA", (max(1, round(width)) * FINE, max(1, round(height)) * FINE), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """Draw a filled polygon."""
        self._draw.polygon([(x * FINE, y * FINE) for x, y in points], fill=fill)

    def outline(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """Draw the outline of a polygon."""
        self.line([*points, points[0]], fill, width)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """Draw a line with round joints and ends."""
        thick = max(1, round(width * FINE))
        path = [(x * FINE, y * FINE) for x, y in points]
        self._draw.line(path, fill=fill, width=thick, joint="curve")
        for end in (path[0], path[-1]):
            self._dot(end, thick / 2, fill)

    def dot(self, centre: Point, radius: float, fill: Colour) -> None:
        """Draw a filled circle."""
        self._dot((centre[0] * FINE, centre[1] * FINE), radius * FINE, fill)

    def _dot(self, centre: Point, radius: float, fill: Colour) -> None:
        x, y = centre
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

    def pie(self, centre: Point, radius: float, start: float, end: float, fill: Colour) -> None:
        """Draw a slice of a circle between two angles in degrees, clockwise from the right."""
        x, y, far = centre[0] * FINE, centre[1] * FINE, radius * FINE
        self._draw.pieslice((x - far, y - far, x + far, y + far), start, end, fill=fill)

    def chord(self, centre: Point, radius: float, start: float, end: float, fill: Colour) -> None:
        """Draw the segment that a straight line between two angles cuts off a circle."""
        x, y, far = centre[0] * FINE, centre[1] * FINE, radius * FINE
        self._draw.chord((x - far, y - far, x + far, y + far), start, end, fill=fill)

    def ellipse(self, box: tuple[float, float, float, float], fill: Colour) -> None:
        """Draw a filled ellipse in a box."""
        self._draw.ellipse([side * FINE for side in box], fill=fill)

    def rounded(self, box: tuple[float, float, float, float], radius: float, fill: Colour) -> None:
        """Draw a filled box with rounded corners."""
        self._draw.rounded_rectangle([side * FINE for side in box], radius * FINE, fill=fill)

    def reduced(self) -> Image.Image:
        """Return the drawing as an RGBA image of the sheet's size."""
        return self.image.reduce(FINE)

    def piece(self) -> Piece:
        """Return the drawing as a piece."""
        return Piece.of(self.reduced())
