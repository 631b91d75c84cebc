"""Pictures of a request: uploads are opened, every other link gets a placeholder with its name. Nothing is fetched."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageOps

from kling_widgets.demo.drawing.animation import InputPicture
from kling_widgets.demo.drawing.fonts import Type
from kling_widgets.demo.drawing.scene import Landscape

Point = tuple[float, float]

MIDDLE: Point = (0.5, 0.44)
LARGEST = 120_000_000  # pixels; larger pictures are not opened
# Pillow's errors for broken files.
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)


def opened(picture: InputPicture, width: int, height: int, words: Point = MIDDLE) -> Image.Image:
    """Return the picture, cropped to width × height, or a placeholder if it is not an upload or cannot be read.

    The placeholder's text is centred at ``words``, given as shares of width and height.
    """
    if picture.path is None:
        return placeholder(picture, width, height, "the demo opens no links", words)
    try:
        with Image.open(picture.path) as image:
            if image.width * image.height > LARGEST:
                return placeholder(picture, width, height, "too many pixels to open", words)
            image.draft("RGB", (width, height))  # decodes a JPEG at a reduced size
            return ImageOps.fit(_opaque(ImageOps.exif_transpose(image)), (width, height), Image.Resampling.LANCZOS)
    except FileNotFoundError:
        return placeholder(picture, width, height, "this upload is gone", words)
    except UNREADABLE:
        return placeholder(picture, width, height, "this picture cannot be read", words)


def _opaque(image: Image.Image) -> Image.Image:
    """Return the image in RGB; transparent parts become white."""
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    return image.convert("RGB")


def mask_of(picture: InputPicture) -> Image.Image | None:
    """Return a mask as black and white, or None if it cannot be read.

    If the picture has transparency, its opaque pixels are white, otherwise its light pixels.
    """
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
    clear = opacity.histogram()[255] < upright.width * upright.height  # at least one pixel
    return (opacity if clear else upright.convert("L")).point(lambda value: 255 if value > 127 else 0)


def placeholder(picture: InputPicture, width: int, height: int, why: str, words: Point = MIDDLE) -> Image.Image:
    """Return a placeholder: a landscape with the picture's role, its file name, and the reason why it is not shown."""
    # The role is part of the seed, so that first and last frame never look the same.
    scene = Landscape(f"{picture.role} {picture.link}", width, height)
    image = scene.at(0).resize((width, height), Image.Resampling.BILINEAR)
    draw, side = ImageDraw.Draw(image), min(width, height)
    lines = [(picture.role, 0.04), (picture.name, 0.065), (why, 0.032)]
    if side < 160:  # a thumbnail, in which only the name is readable
        lines = [(picture.name, 0.17)]
    written = [(Type(round(side * share)), text) for text, share in lines]
    room = 1.8 * min(words[0], 1 - words[0])
    written = [(face, face.cut(text, width * room)) for face, text in written]
    y = height * (words[1] if len(lines) > 1 else 0.5) - sum(face.leading for face, _ in written) / 2
    for face, text in written:
        x = width * words[0] - face.width(text) / 2
        for offset, colour in ((max(1, face.size // 14), (8, 10, 18)), (0, (255, 255, 255))):  # the shadow first
            face.draw(draw, (x + offset, y + offset), text, colour)
        y += face.leading
    return image
