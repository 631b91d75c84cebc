"""The pictures of a request: uploads are opened, every other link becomes a card that names it. Nothing is fetched."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageOps

from kling_widgets.demo.drawing.animation import InputPicture
from kling_widgets.demo.drawing.fonts import Type
from kling_widgets.demo.drawing.scene import Landscape

Point = tuple[float, float]

MIDDLE: Point = (0.5, 0.44)
LARGEST = 120_000_000  # pixels; a picture that unpacks to more is not opened
UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    Image.DecompressionBombError,
)  # Pillow's words for broken files


def opened(picture: InputPicture, width: int, height: int, words: Point = MIDDLE) -> Image.Image:
    """The picture, filling width × height; a card where it is not ours or cannot be read, its words around a point that
    is given in shares of width and height."""
    if picture.path is None:
        return card(picture, width, height, "the demo opens no links", words)
    try:
        with Image.open(picture.path) as image:
            if image.width * image.height > LARGEST:
                return card(picture, width, height, "too many pixels to open", words)
            image.draft("RGB", (width, height))  # a JPEG is decoded small at once
            return ImageOps.fit(_opaque(ImageOps.exif_transpose(image)), (width, height), Image.Resampling.LANCZOS)
    except FileNotFoundError:
        return card(picture, width, height, "this upload is gone", words)
    except UNREADABLE:
        return card(picture, width, height, "this picture cannot be read", words)


def _opaque(image: Image.Image) -> Image.Image:
    """In RGB; what is transparent becomes white, as on paper."""
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    return image.convert("RGB")


def mask_of(picture: InputPicture) -> Image.Image | None:
    """What is painted on a mask: white where it is opaque on a clear ground, else where it is light. None where it
    cannot be read."""
    if picture.path is None:
        return None
    try:
        with Image.open(picture.path) as image:
            if image.width * image.height > LARGEST:
                return None
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except UNREADABLE:
        return None
    opacity = upright.getchannel("A")
    clear = opacity.histogram()[255] < upright.width * upright.height  # somewhere at least
    return (opacity if clear else upright.convert("L")).point(lambda value: 255 if value > 127 else 0)


def card(picture: InputPicture, width: int, height: int, why: str, words: Point = MIDDLE) -> Image.Image:
    """A stand-in for a picture: a land of its own, its role, the file name of its link, and why it is not shown."""
    # The role counts too: first and last frame never look the same.
    scene = Landscape(f"{picture.role} {picture.link}", width, height)
    image = scene.at(0).resize((width, height), Image.Resampling.BILINEAR)
    draw, side = ImageDraw.Draw(image), min(width, height)
    lines = [(picture.role, 0.04), (picture.name, 0.065), (why, 0.032)]
    if side < 160:  # a thumbnail, in which only the name can be read
        lines = [(picture.name, 0.17)]
    written = [(Type(round(side * share)), text) for text, share in lines]
    room = 1.8 * min(words[0], 1 - words[0])
    written = [(face, face.cut(text, width * room)) for face, text in written]
    y = height * (words[1] if len(lines) > 1 else 0.5) - sum(face.leading for face, _ in written) / 2
    for face, text in written:
        x = width * words[0] - face.width(text) / 2
        for nudge, ink in ((max(1, face.size // 14), (8, 10, 18)), (0, (255, 255, 255))):  # with a shadow, on any land
            face.draw(draw, (x + nudge, y + nudge), text, ink)
        y += face.leading
    return image
