"""A small picture of a local file, as a data URI: what is shown in a form may be saved with the notebook."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import BinaryIO

from kling_widgets.media.conversion import converted
from kling_widgets.media.limits import LARGEST_UPLOAD, Facts

SIDE = 320  # pixels at the most; shown at half of that, so that it is sharp on a fine screen
_LARGEST = 24_000  # bytes of a thumbnail
_LARGEST_WHOLE = 300_000  # bytes of a file that stands for itself where nothing can make it smaller
# Pixels of a picture that is decoded for this within a second or two: a few hundred kilobytes may hold billions. A JPEG
# is decoded at a fraction of its size; above its number Pillow warns in the middle of the notebook.
_MOST_PIXELS = {"jpeg": 89_000_000, "png": 20_000_000, "webp": 20_000_000, "gif": 20_000_000}
_MOST_CONVERTED = 30_000_000
_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}


def thumbnail(path: Path, facts: Facts) -> str:
    """The picture as a data URI of a few kilobytes; where Pillow is missing, a small file as it is; else "".

    Args:
        path: the file.
        facts: what it is.
    """
    if facts.kind is None or not facts.width or not facts.height or not (facts.kind in _TYPES or facts.converted):
        return ""
    if facts.size > LARGEST_UPLOAD or facts.width * facts.height > _MOST_PIXELS.get(facts.kind, _MOST_CONVERTED):
        return ""
    if facts.converted:
        return _smaller(io.BytesIO(converted(path.read_bytes(), facts.kind)))
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        return data_uri(path.read_bytes(), _TYPES[facts.kind]) if facts.size <= _LARGEST_WHOLE else ""
    return _smaller(path)


def data_uri(content: bytes, media_type: str) -> str:
    """The bytes as a link to themselves."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def _smaller(path: Path | BinaryIO) -> str:
    from PIL import Image, ImageOps

    # Only what was looked at: Pillow knows formats that start other programs.
    with Image.open(path, formats=[kind.upper() for kind in _TYPES]) as file:
        file.draft("RGB", (SIDE, SIDE))
        file.thumbnail((SIDE, SIDE))
        picture = ImageOps.exif_transpose(file)
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    picture = picture.convert("RGBA" if clear else "RGB")
    for side, quality in ((SIDE, 80), (SIDE, 60), (SIDE // 2, 60)):
        picture.thumbnail((side, side))
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP" if clear else "JPEG", quality=quality)
        if buffer.tell() <= _LARGEST:
            break
    return data_uri(buffer.getvalue(), "image/webp" if clear else "image/jpeg")
