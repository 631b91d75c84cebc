"""The pictures of a request: uploads are opened, every other link becomes a card that names it. Nothing is fetched."""

from __future__ import annotations

import hashlib

from PIL import Image, ImageDraw, ImageOps

from kling_widgets.demo.clip import Clip, Picture
from kling_widgets.demo.fonts import Type
from kling_widgets.demo.scene import colour

LARGEST = 120_000_000  # pixels; a picture that unpacks to more is not opened
ROOM = 1.12  # how much larger than the clip a frame is kept, as room for its slow movement


def opened(picture: Picture, width: int, height: int) -> Image.Image:
    """The picture, filling width × height; a card where it is not ours or cannot be read."""
    if picture.path is None:
        return card(picture, width, height, "the demo opens no links")
    try:
        with Image.open(picture.path) as image:
            if image.width * image.height > LARGEST:
                return card(picture, width, height, "too many pixels to open")
            image.draft("RGB", (width, height))  # a JPEG is decoded small at once
            return ImageOps.fit(_opaque(ImageOps.exif_transpose(image)), (width, height), Image.Resampling.LANCZOS)
    except FileNotFoundError:
        return card(picture, width, height, "this upload is gone")
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        Image.DecompressionBombError,
    ):  # Pillow's words for broken files
        return card(picture, width, height, "this picture cannot be read")


def _opaque(image: Image.Image) -> Image.Image:
    """In RGB; what is transparent becomes white, as on paper."""
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    return image.convert("RGB")


def card(picture: Picture, width: int, height: int, why: str) -> Image.Image:
    """A card in place of a picture: its role, the file name of its link, and why the picture itself is not shown."""
    # The hue comes from the role too: first and last frame never look the same.
    hue = hashlib.sha256(picture.link.encode()).digest()[0] / 512 + (0.5 if picture.role == "last frame" else 0)
    top, bottom = (tuple(map(int, colour(hue + turn, light, 0.11))) for turn, light in ((0.0, 0.62), (0.08, 0.4)))
    image = Image.composite(
        Image.new("RGB", (width, height), bottom),
        Image.new("RGB", (width, height), top),
        Image.linear_gradient("L").resize((width, height)),
    )
    draw = ImageDraw.Draw(image)
    side = min(width, height)
    lines = [(picture.role, 0.05), (picture.name, 0.085), (why, 0.04)]
    if side < 160:  # a thumbnail, in which only the name can be read
        lines = [(picture.name, 0.17)]
    written = [(Type(round(side * share)), text) for text, share in lines]
    written = [(face, face.cut(text, width * 0.86)) for face, text in written]
    y = (height - sum(face.leading for face, _ in written)) * (0.42 if len(lines) > 1 else 0.5)
    for face, text in written:
        face.draw(draw, ((width - face.width(text)) / 2, y), text, "white")
        y += face.leading
    return image


class Frames:
    """First and last frame as the ground of the clip: the first at the start, drifting; the last reached at the end."""

    fade = (0.4, 0.85)  # where in the clip the first gives way to the last

    def __init__(self, clip: Clip) -> None:
        self.size = (clip.width, clip.height)
        self.seconds = clip.seconds
        self.end = max(1e-6, clip.seconds - 1 / clip.fps)  # when the last frame is drawn
        room = (round(clip.width * ROOM), round(clip.height * ROOM))
        self.first, self.last = (opened(p, *room) if p else None for p in (clip.first, clip.last))

    def over(self, ground: Image.Image | None, moment: float) -> Image.Image:
        """The frame at a moment; ``ground`` stands in for a first frame that there is not."""
        done = min(1.0, moment / self.end)
        share = min(1.0, max(0.0, (done - self.fade[0]) / (self.fade[1] - self.fade[0])))
        share = share * share * (3 - 2 * share) if self.last else 0.0
        before = self._moved(self.first, done) if share < 1 and self.first else ground
        after = self._moved(self.last, 1 - done) if share > 0 and self.last else None
        if before is None or after is None:
            return (before or after or ground) if share < 1 else (after or before)  # type: ignore[return-value]
        return Image.blend(before, after, share)

    def _moved(self, image: Image.Image, away: float) -> Image.Image:
        """A slow push in: 0 is the whole picture, 1 the farthest."""
        width, height = image.size
        zoom = 1 - 0.1 * away
        left, top = (1 - zoom) * width * 0.35, (1 - zoom) * height * 0.6
        box = (left, top, left + width * zoom, top + height * zoom)
        return image.resize(self.size, Image.Resampling.BILINEAR, box=box)


def thumbnails(clip: Clip) -> Image.Image | None:
    """The references side by side on a clear strip as wide as the clip; None if there are none."""
    if not clip.references:
        return None
    short = min(clip.width, clip.height)
    gap = max(2, short // 60)
    side = max(12, min(short // 5, (clip.width - short // 8) // max(4, len(clip.references)) - gap))
    strip = Image.new("RGBA", (len(clip.references) * (side + gap), side), (0, 0, 0, 0))
    edge = max(1, side // 40)
    for number, picture in enumerate(clip.references):
        tile = Image.new("RGB", (side, side), "white")
        tile.paste(opened(picture, side - 2 * edge, side - 2 * edge), (edge, edge))
        mask = Image.new("L", (side, side), 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, side - 1, side - 1), side // 10, fill=255)
        strip.paste(tile, (number * (side + gap), 0), mask)
    return strip
