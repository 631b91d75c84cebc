"""``image_list``: the reference pictures as numbered polaroids in the upper left."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFilter

from kling_widgets.catalog.link_fields import Links
from kling_widgets.demo.drawing.animation import Animation, InputPicture
from kling_widgets.demo.drawing.cards import CardSpace
from kling_widgets.demo.drawing.fonts import Type
from kling_widgets.demo.drawing.pictures import opened
from kling_widgets.demo.drawing.shapes import NIGHT, WRONG, Piece

LEAN = (-2.5, 1.5, -1.0, 2.5, -1.5, 1.0, -2.0, 2.0, -0.5)  # degrees, so that they look placed by hand
SIZES = (0.15, 0.12, 0.1, 0.08)  # of a print, as shares of the shorter side: the largest that leaves the caption free
FOOT = 0.64  # lower end of the layer, as a share of the height
PAPER = (250, 248, 243)
O1_WITH_VIDEO = 4  # documented number of references that O1 takes together with a video (D)


def allowed(clip: Animation) -> int:
    """Return the documented number of references of the model; the rest are marked as too many."""
    field = clip.request.spec.field("image_list")
    most = min(limit.value for limit in field.limits) if isinstance(field, Links) else 9
    return min(most, O1_WITH_VIDEO) if clip.request.spec.name == "o1" and "video_list" in clip.used else most


class ReferenceLayer:
    """Layer of polaroids that do not move, left of a given edge in pixels."""

    def __init__(self, clip: Animation, right: int) -> None:
        layout, short = CardSpace.of(clip), clip.short
        room, gap, number = right - 2 * layout.margin, max(2, round(short * 0.02)), len(clip.references)
        for size in SIZES:
            side = max(16, round(short * size))
            row = max(1, min(number, (room + gap) // (side + gap)))
            rows = -(-number // row)
            tall = round(side * 1.24)
            if layout.top + rows * (tall + gap) <= clip.height * FOOT:
                break
        edge = round(side * 0.12)  # room for the rotation and the shadow
        sheet = Image.new("RGBA", (row * (side + gap) + 2 * edge, rows * (tall + gap) + 2 * edge), (0, 0, 0, 0))
        most = allowed(clip)
        for number, picture in enumerate(clip.references):
            print_ = _polaroid(number + 1, picture, side, tall, number < most)
            layer = Image.new("RGBA", sheet.size, (0, 0, 0, 0))
            layer.paste(print_, (number % row * (side + gap), number // row * (tall + gap)))
            sheet = Image.alpha_composite(sheet, layer)
        self.piece = Piece.of(sheet)
        self.at = (layout.margin - edge, layout.top - edge)

    def draw(self, canvas: Image.Image, moment: float) -> None:
        self.piece.paste(canvas, self.at)

    @classmethod
    def of(cls, clip: Animation, right: int) -> ReferenceLayer | None:
        return cls(clip, right) if clip.references else None


def _polaroid(number: int, picture: InputPicture, side: int, tall: int, fits: bool) -> Image.Image:
    """Return a print with its name, rotated, with a shadow; struck through if it is one too many."""
    border = max(2, side // 18)
    card = Image.new("RGB", (side, tall), PAPER)
    card.paste(opened(picture, side - 2 * border, side - 2 * border), (border, border))
    draw, face = ImageDraw.Draw(card), Type(round(side * 0.145))
    name = face.cut(f"image_{number}", side - 2 * border)
    at = ((side - face.width(name)) / 2, side - border + (tall - side + border - face.leading) / 2)
    face.draw(draw, at, name, NIGHT)
    if not fits:
        draw.rectangle((0, 0, side - 1, tall - 1), outline=WRONG[:3], width=border)
        draw.line((0, tall, side, 0), fill=WRONG[:3], width=max(2, border))
    edge = round(side * 0.12)
    whole = Image.new("RGBA", (side + 2 * edge, tall + 2 * edge), (0, 0, 0, 0))
    whole.paste(card, (edge, edge))
    whole = whole.rotate(LEAN[(number - 1) % len(LEAN)], Image.Resampling.BICUBIC)
    shadow = Image.new("RGBA", whole.size, NIGHT)
    shadow.putalpha(whole.getchannel("A").filter(ImageFilter.GaussianBlur(edge * 0.4)).point(lambda v: v * 110 // 255))
    return Image.alpha_composite(shadow, whole)
