"""Pictures made fit for an upload by Pillow, where it is installed: upright, and of a kind that the service takes."""

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

Ways = Iterable[tuple[str, dict[str, Any]]]

_MOST_PIXELS = 178_000_000  # more is an attack to Pillow itself; a camera's largest picture has 150 million
_FORMATS = {"heic": "HEIF"}  # where Pillow calls a kind otherwise than in capitals


def reads(kind: str) -> bool:
    """Return whether Pillow is here, and reads files of this kind."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        return False
    if kind == "heic":
        try:  # Pillow itself never reads them, for their patents
            importlib.import_module("pillow_heif").register_heif_opener()
        except ImportError:
            return False
    if kind == "avif":
        from PIL import features

        return kind in features.modules and features.check_module(kind)
    return True


def fit(content: bytes, kind: str) -> bytes:
    """Return the picture as it is uploaded: upright, and a kind that the service does not take as PNG or JPEG.

    A JPEG that is turned keeps its tables of quantization, and so its quality and size; colour profiles are kept. The
    place, and what else the camera has noted, stays here. What Pillow cannot read but the service may is sent as it is.

    Raises:
        InvalidRequestError: it is of a kind that has to be converted, and cannot be.
    """
    if kind in CONVERTED:
        return converted(content, kind)
    if image_headers.orientation(kind, content) == 1:
        return image_headers.without_notes(content) if kind == "jpeg" else content
    if image_headers.moves(kind, content) or not reads(kind):
        return content
    try:
        return _upright(content, kind)
    except Exception:  # noqa: BLE001 - a broken picture breaks its decoder in ways of its own
        return content


def size(content: bytes, kind: str) -> image_headers.Sides:
    """Return width and height of a picture that has to be converted, upright; None where Pillow cannot tell."""
    try:
        image = _opened(content, kind)
        # The readers of the others turn them by themselves.
        turned = kind == "avif" and image.getexif().get(0x0112, 1) >= 5
        return (image.height, image.width) if turned else image.size
    except Exception:  # noqa: BLE001 - as above
        return None, None


def converted(content: bytes, kind: str) -> bytes:
    """Return a picture of any kind that Pillow reads, of CMYK too, upright as PNG or JPEG: as JPEG what was compressed
    with loss before.

    Raises:
        InvalidRequestError: Pillow is not here, or cannot read it.
    """
    from PIL import ImageOps

    try:
        image = _opened(content, kind)
        if kind == "tiff" and {50706, 330} & set(image.getexif()):  # Pillow would find the small preview in it
            raise InvalidRequestError("A camera's raw file is no picture yet: develop it, and save it as JPEG.")
        upright = ImageOps.exif_transpose(image)
        return encoded(upright, lossy=not image_headers.is_lossless(kind, content))
    except InvalidRequestError:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        raise InvalidRequestError(
            f"This {kind} picture cannot be read ({type(error).__name__}): save it as JPEG or PNG. Nothing was sent."
        ) from None


def encoded(image: Image, *, lossy: bool = False) -> bytes:
    """Return the picture as PNG; as JPEG if it was compressed with loss before, or if its PNG is over the 10 MB that
    are documented, and nothing in it is clear.

    Raises:
        InvalidRequestError: nothing says which of its numbers is white.
    """
    drawn = eight_bits(image)
    # The profile of other colours would be wrong.
    profile = {"icc_profile": image.info.get("icc_profile")} if drawn.mode == image.mode else {}
    png, jpeg = ("PNG", profile), ("JPEG", {"quality": 95, **profile})
    ways = [png] if drawn.mode == "RGBA" else [jpeg] if lossy else [png, jpeg]
    return _first(drawn, ways, LARGEST_PICTURE)


def eight_bits(image: Image) -> Image:
    """Return the picture in grey or in colours, of 8 bits each, clear where it was clear.

    Raises:
        InvalidRequestError: it has 32 bits a colour.
    """
    if image.mode in ("L", "RGB", "RGBA"):
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I;16"):
        # Pillow itself would cut at 255, which leaves a white picture.
        return image.convert("I").point([round(level / 257) for level in range(65536)], "L")
    if image.mode in ("I", "F"):  # nothing says which number is white
        said = f"A picture has 8 or 16 bits a colour, not 32 (Pillow's mode {image.mode})."
        raise InvalidRequestError(f'{said} Scale it to 0 to 255, and convert("L"). Nothing was sent.')
    clear = image.mode in ("LA", "La", "PA", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if clear else "RGB")


def _opened(content: bytes, kind: str) -> Image:
    from PIL import Image

    # Only what was looked at: Pillow knows formats that start other programs.
    image = Image.open(io.BytesIO(content), formats=[_FORMATS.get(kind, kind.upper())])
    if image.width * image.height > _MOST_PIXELS:
        raise ValueError("too many pixels")
    return image


def _upright(content: bytes, kind: str) -> bytes:
    from PIL import ImageOps

    image: Any = _opened(content, kind)
    turned = ImageOps.exif_transpose(image)
    profile = {"icc_profile": image.info.get("icc_profile")}
    ways: Ways = [("PNG", profile), *([] if "A" in turned.getbands() else [("JPEG", {"quality": 95, **profile})])]
    if kind == "webp":
        ways = [("WEBP", {"lossless": image_headers.is_lossless(kind, content), "quality": 95, **profile})]
    elif kind == "jpeg":
        ways = [
            ("JPEG", {**_tables(image, on_its_side=image_headers.orientation(kind, content) >= 5), **profile}),
            ("JPEG", {"quality": 90, **profile}),
        ]
    return _first(turned, ways, LARGEST_UPLOAD)


def _tables(image: Any, *, on_its_side: bool) -> dict[str, Any]:
    """Return the options by which a turned JPEG is encoded as it was: on its side, so are its tables."""
    from PIL.JpegImagePlugin import get_sampling

    sampling, tables = get_sampling(image), image.quantization
    if on_its_side:
        tables = {number: [table[i % 8 * 8 + i // 8] for i in range(64)] for number, table in tables.items()}
        sampling = 0 if sampling == 1 else sampling  # half as wide becomes half as high, which Pillow does not write
    return {"qtables": tables, "subsampling": max(sampling, 0)}


def _first(image: Image, ways: Ways, largest: int) -> bytes:
    """Return the picture in the first of the ways in which it is no larger; else in the last one."""
    for form, options in ways:
        buffer = io.BytesIO()
        image.save(buffer, form, **options)
        if buffer.tell() <= largest:
            break
    return buffer.getvalue()
