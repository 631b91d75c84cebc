"""Conversion of pictures for upload, by Pillow if it is installed: upright, and in a format the service takes."""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kling_widgets.errors import InvalidRequestError
from kling_widgets.media import image_headers
from kling_widgets.media.limits import CONVERTED, LARGEST_PICTURE, LARGEST_UPLOAD

if TYPE_CHECKING:
    from PIL.Image import Image

Encodings = Iterable[tuple[str, dict[str, Any]]]

_MOST_PIXELS = 178_000_000  # Pillow treats more as an attack; the largest camera pictures have 150 million
_FORMATS = {"heic": "HEIF"}  # Pillow's names, if not the format in capitals


def reads(format: str) -> bool:
    """Return whether Pillow is installed and reads this format."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        return False
    if format == "heic":
        try:  # Pillow itself does not read HEIC because of patents
            importlib.import_module("pillow_heif").register_heif_opener()
        except ImportError:
            return False
    if format == "avif":
        from PIL import features

        return format in features.modules and features.check_module(format)
    return True


def fit(content: bytes, format: str) -> bytes:
    """Return the picture as it is uploaded: upright, and as PNG or JPEG if the service does not take its format.

    A rotated JPEG keeps its quantization tables, and so its quality and size; colour profiles are kept. The location
    and other metadata of the camera are removed. If Pillow cannot read the picture, but the service may, it is sent as
    it is.

    Raises:
        InvalidRequestError: the format must be converted, and cannot be.
    """
    if format in CONVERTED:
        return converted(content, format)
    if image_headers.orientation(format, content) == 1:
        return image_headers.without_notes(content) if format == "jpeg" else content
    if image_headers.moves(format, content) or not reads(format):
        return content
    try:
        return _upright(content, format)
    except Exception:  # noqa: BLE001 - a damaged picture can make a decoder raise anything
        return content


def size(content: bytes, format: str) -> tuple[int | None, int | None]:
    """Return width and height in pixels; None without Pillow, or if it cannot read the picture.

    A PNG, JPEG, GIF or WebP is measured as it is stored, a picture that must be converted as it is once upright.
    """
    try:
        image = _opened(content, format)
        # The plug-ins of the other converted formats rotate by themselves.
        turned = format == "avif" and image.getexif().get(0x0112, 1) >= 5
        return (image.height, image.width) if turned else image.size
    except Exception:  # noqa: BLE001 - as above
        return None, None


def converted(content: bytes, format: str) -> bytes:
    """Return a picture of any format that Pillow reads, also CMYK, upright as PNG, or as JPEG if it was lossy before.

    Raises:
        InvalidRequestError: Pillow is not installed, or cannot read it.
    """
    from PIL import ImageOps

    try:
        image = _opened(content, format)
        if format == "tiff" and {50706, 330} & set(image.getexif()):  # Pillow would read the small preview
            raise InvalidRequestError("A camera raw file cannot be used: develop it, and save it as JPEG.")
        upright = ImageOps.exif_transpose(image)
        return encoded(upright, lossy=not image_headers.is_lossless(format, content))
    except InvalidRequestError:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        raise InvalidRequestError(
            f"This {format} picture cannot be read ({type(error).__name__}): save it as JPEG or PNG. Nothing was sent."
        ) from None


def encoded(image: Image, *, lossy: bool = False) -> bytes:
    """Return the picture as PNG; as JPEG if it was lossy before, or if its PNG exceeds the documented 10 MB.

    A picture with transparency always becomes PNG.

    Raises:
        InvalidRequestError: it has 32 bits per channel.
    """
    converted_image = eight_bits(image)
    # After a change of the colour mode, the profile would be wrong.
    profile = {"icc_profile": image.info.get("icc_profile")} if converted_image.mode == image.mode else {}
    png, jpeg = ("PNG", profile), ("JPEG", {"quality": 95, **profile})
    encodings = [png] if converted_image.mode == "RGBA" else [jpeg] if lossy else [png, jpeg]
    return _encode(converted_image, encodings, LARGEST_PICTURE)


def eight_bits(image: Image) -> Image:
    """Return the picture with 8 bits per channel, as greyscale, RGB or RGBA; transparency is kept.

    Raises:
        InvalidRequestError: it has 32 bits per channel.
    """
    if image.mode in ("L", "RGB", "RGBA"):
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I;16"):
        # Pillow itself would clip at 255, which gives a white picture.
        return image.convert("I").point([round(level / 257) for level in range(65536)], "L")
    if image.mode in ("I", "F"):  # the value of white is unknown
        problem = f"A picture must have 8 or 16 bits per channel, not 32 (Pillow's mode {image.mode})."
        raise InvalidRequestError(f'{problem} Scale it to 0 to 255, and convert("L"). Nothing was sent.')
    transparent = image.mode in ("LA", "La", "PA", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if transparent else "RGB")


def _opened(content: bytes, format: str) -> Image:
    from PIL import Image

    # Only the format that was detected: for some formats Pillow starts other programs.
    image = Image.open(io.BytesIO(content), formats=[_FORMATS.get(format, format.upper())])
    if image.width * image.height > _MOST_PIXELS:
        raise ValueError("too many pixels")
    return image


def _upright(content: bytes, format: str) -> bytes:
    from PIL import ImageOps

    image: Any = _opened(content, format)
    upright = ImageOps.exif_transpose(image)
    profile = {"icc_profile": image.info.get("icc_profile")}
    jpeg = [] if "A" in upright.getbands() else [("JPEG", {"quality": 95, **profile})]
    encodings: Encodings = [("PNG", profile), *jpeg]
    if format == "webp":
        encodings = [("WEBP", {"lossless": image_headers.is_lossless(format, content), "quality": 95, **profile})]
    elif format == "jpeg":
        encodings = [
            ("JPEG", {**_jpeg_options(image, sideways=image_headers.orientation(format, content) >= 5), **profile}),
            ("JPEG", {"quality": 90, **profile}),
        ]
    return _encode(upright, encodings, LARGEST_UPLOAD)


def _jpeg_options(image: Any, *, sideways: bool) -> dict[str, Any]:
    """Return the options that encode a rotated JPEG as before; ``sideways`` transposes its quantization tables, too."""
    from PIL.JpegImagePlugin import get_sampling

    sampling, tables = get_sampling(image), image.quantization
    if sideways:
        tables = {number: [table[i % 8 * 8 + i // 8] for i in range(64)] for number, table in tables.items()}
        sampling = 0 if sampling == 1 else sampling  # 4:2:2 would become 4:4:0, which Pillow does not write
    return {"qtables": tables, "subsampling": max(sampling, 0)}


def _encode(image: Image, encodings: Encodings, largest: int) -> bytes:
    """Return the picture in the first encoding that is not larger than this many bytes; else in the last one."""
    for name, options in encodings:
        buffer = io.BytesIO()
        image.save(buffer, name, **options)
        if buffer.tell() <= largest:
            break
    return buffer.getvalue()
