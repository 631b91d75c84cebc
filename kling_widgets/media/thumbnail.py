"""Thumbnails of local pictures, as small data URIs, because a form may be saved with the notebook."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import BinaryIO

from kling_widgets.media.conversion import converted
from kling_widgets.media.limits import LARGEST_UPLOAD, Facts

SIDE = 320  # pixels at most; displayed at half of that, so that it is sharp on a high-resolution screen
_LARGEST = 24_000  # bytes of a thumbnail
# Pixels of the largest picture that is decoded, so that it takes a second or two: a few hundred kilobytes may contain
# billions. A JPEG is decoded at a reduced size; above its limit, Pillow would print a warning into the notebook.
_MOST_PIXELS = {"jpeg": 89_000_000, "png": 20_000_000, "webp": 20_000_000, "gif": 20_000_000}
_MOST_CONVERTED = 30_000_000


def thumbnail(path: Path, facts: Facts) -> str:
    """Return a data URI of a few kilobytes for the picture, or "" if there is none, as without Pillow.

    Args:
        path: the file.
        facts: the file's properties.
    """
    if (
        facts.format is None
        or not facts.width
        or not facts.height
        or not (facts.format in _MOST_PIXELS or facts.converted)
    ):
        return ""
    if facts.size > LARGEST_UPLOAD or facts.width * facts.height > _MOST_PIXELS.get(facts.format, _MOST_CONVERTED):
        return ""
    if facts.converted:
        return _smaller(io.BytesIO(converted(path.read_bytes(), facts.format)))
    return _smaller(path)


def data_uri(content: bytes, media_type: str) -> str:
    """Return the bytes as a data URI."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def _smaller(path: Path | BinaryIO) -> str:
    from PIL import Image, ImageOps

    # Only these formats: for some others Pillow starts other programs.
    with Image.open(path, formats=[format.upper() for format in _MOST_PIXELS]) as file:
        file.draft("RGB", (SIDE, SIDE))
        file.thumbnail((SIDE, SIDE))
        picture = ImageOps.exif_transpose(file)
    transparent = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    picture = picture.convert("RGBA" if transparent else "RGB")
    for side, quality in ((SIDE, 80), (SIDE, 60), (SIDE // 2, 60)):
        picture.thumbnail((side, side))
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP" if transparent else "JPEG", quality=quality)
        if buffer.tell() <= _LARGEST:
            break
    return data_uri(buffer.getvalue(), "image/webp" if transparent else "image/jpeg")
