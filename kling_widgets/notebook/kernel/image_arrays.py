"""Conversion of pictures in memory (Pillow images, arrays, bytes) to files, so that requests hold paths.

Code that shows a request then contains a path, which is still valid in a later kernel.
"""

from __future__ import annotations

import base64
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.link_fields import Link, Links
from kling_widgets.catalog.model_names import ALIASES, FRAME_LISTS
from kling_widgets.catalog.structured_fields import Masks
from kling_widgets.core.json_values import is_embedded
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.media import conversion, image_headers, limits, probe
from kling_widgets.media.limits import CONVERTED, LARGEST_PICTURE, LARGEST_UPLOAD, Facts
from kling_widgets.notebook.kernel.local_files import LocalMedia

if TYPE_CHECKING:
    from PIL.Image import Image


NAME = "picture"
_MAX_PICTURES = 20  # in one value; a variable with all frames of a clip is not saved just because a line names it
_MAX_DEPTH = 5  # levels of nesting; a mask is in an object in a list
_LARGEST_READ = 200_000_000  # bytes of a file that will be made smaller: scans are large
_SHAPES = "an array of height × width, or height × width × 3 or 4 (colours last), of uint8, bool, or floats 0 to 1"
# Fields whose links are links to pictures.
_PICTURES = {*FRAME_LISTS, *(name for name, field in FIELDS.items() if isinstance(field, (Link, Links, Masks)))}


def picture_file(image: Any, local: LocalMedia) -> Path:
    """Return a file with any picture, as ``kw.picture`` does, in the folder of ``local``.

    Raises:
        InvalidRequestError: It is not a picture, or not one that can be read here.
        KlingError: Pillow is not installed, or the file cannot be written.
    """
    image = _one_upload(image)
    if hasattr(image, "read") and not is_picture(image):
        image = image.read()
    if isinstance(image, (str, os.PathLike)) and not is_picture(image):
        return _from_path(image, local)
    if not is_picture(image):
        kinds = f"a Pillow image, the bytes or the path of a file, a data: link, a FileUpload's value, or {_SHAPES}"
        raise InvalidRequestError(f"A picture is {kinds}, not a {type(image).__name__}. Nothing was sent.")
    return _file(image, local)


def _from_path(path: str | os.PathLike[str], local: LocalMedia) -> Path:
    """Return a file with the picture at a path: the path itself, if nothing has to be changed."""
    text = os.fspath(path)
    if text.lower().startswith(("http://", "https://")):
        raise InvalidRequestError("A link needs no kw.picture: pass it as it is. Nothing was sent.")
    content = probe.read(path, _LARGEST_READ, local.sources)
    return Path(path) if _is_uploadable(content) else _from_bytes(content, text, local)


def _is_uploadable(content: bytes) -> bool:
    """Return whether the bytes are an upright RGB PNG or JPEG, still, and no larger than documented."""
    kind = probe.format_of(content[: probe.ENOUGH])
    if kind not in ("png", "jpeg") or len(content) > LARGEST_PICTURE:
        return False
    return (
        not (image_headers.is_cmyk(kind, content) or image_headers.moves(kind, content))
        and image_headers.orientation(kind, content) == 1
    )


def _from_bytes(content: bytes, name: str, local: LocalMedia) -> Path:
    """Return a file with a picture that is given as bytes."""
    kind = probe.format_of(content[: probe.ENOUGH]) or ""
    readable = conversion.reads(kind)
    # Without Pillow a format that the service may accept is left as it is; so is an animated picture.
    facts = Facts(kind or None, min(len(content), LARGEST_UPLOAD), converted=kind in CONVERTED and readable)
    if problem := limits.upload_problem(None, name, facts):
        raise InvalidRequestError.of([problem])
    if readable and not _is_uploadable(content):
        content = conversion.converted(content, kind)
    return _store(content, local)


def _store(content: bytes, local: LocalMedia) -> Path:
    ending = {"jpeg": "jpg"}.get(kind := probe.format_of(content[: probe.ENOUGH]) or "", kind)
    return local.keep(f"{NAME}.{ending}", content)


def is_picture(value: object) -> bool:
    """Return whether a value is a picture in memory, valid or not: a Pillow image, an array of any shape, bytes, one
    file of a FileUpload, a ``data:`` link or base64."""
    if isinstance(value, (int, float)):
        return False
    if _content(value) is not None or (isinstance(value, str) and is_embedded(value)):
        return True
    pillow = sys.modules.get("PIL.Image")  # if it is not imported, nothing can be a Pillow image
    if pillow is not None and isinstance(value, pillow.Image):
        return True
    # NumPy scalars have ``__array__`` too, but an empty shape.
    return hasattr(type(value), "__array__") and bool(getattr(value, "shape", ()))


def _content(value: Any) -> bytes | None:
    """Return the bytes of a file in memory; None if the value is not one."""
    if isinstance(value, dict) and {"content", "size", "type"} <= value.keys():  # one file of a FileUpload
        value = value["content"]
    return bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else None


def fields_with_paths(fields: Mapping[str, Any], local: LocalMedia) -> dict[str, Any]:
    """Return the fields with each picture in memory saved and replaced by its path.

    Raises:
        InvalidRequestError: An array is not a picture.
        KlingError: Pillow is not installed, or a file cannot be written.
    """
    return {
        name: value_with_paths(value, local) if ALIASES.get(name, name) in _PICTURES else value
        for name, value in fields.items()
    }


def _one_upload(value: Any) -> Any:
    """Return the one file of a FileUpload or of its value, all files if there are several; any other value as it is."""
    if type(value).__name__ == "FileUpload" and value.value:  # without a chosen file it is not a picture
        value = value.value
    alone = isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], dict)
    return value[0] if alone and is_picture(value[0]) else value


def value_with_paths(value: Any, local: LocalMedia) -> Any:
    """Return the value with each picture in it saved and replaced by its path.

    A value without pictures, or with more than 20, is returned unchanged.

    Raises:
        InvalidRequestError: An array is not a picture.
        KlingError: Pillow is not installed, or a file cannot be written.
    """
    few = 0 < sum(1 for _ in islice(_pictures(value), _MAX_PICTURES + 1)) <= _MAX_PICTURES
    return _replaced(value, lambda image: _file(image, local)) if few else value


def _pictures(value: Any, depth: int = 0) -> Iterator[Any]:
    value = _one_upload(value)
    if is_picture(value):
        yield value
    elif depth < _MAX_DEPTH:
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
            yield from _pictures(item, depth + 1)


def _replaced(value: Any, file: Callable[[Any], Path], depth: int = 0) -> Any:
    value = _one_upload(value)
    if is_picture(value):
        return file(value)
    if depth < _MAX_DEPTH and isinstance(value, dict):
        return {key: _replaced(item, file, depth + 1) for key, item in value.items()}
    if depth < _MAX_DEPTH and isinstance(value, (list, tuple)):
        return [_replaced(item, file, depth + 1) for item in value]
    return value


def _file(image: Any, local: LocalMedia) -> Path:
    if isinstance(image, str):
        return _from_bytes(_decoded(image), "This text", local)
    if (content := _content(image)) is not None:
        return _from_bytes(content, "This picture in memory", local)
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise KlingError('A picture in memory needs Pillow: pip install "kling_widgets[video]".') from None
    drawn = ImageOps.exif_transpose(image) if isinstance(image, Image.Image) else _from_array(image)
    try:
        content = conversion.encoded(drawn)
    except InvalidRequestError:
        raise
    except (OSError, ValueError) as error:
        raise InvalidRequestError(f"This picture cannot be written as PNG ({error}). Nothing was sent.") from None
    return _store(content, local)


def _decoded(text: str) -> bytes:
    """Return the bytes of a ``data:`` link or of base64, in the standard or the URL-safe alphabet."""
    head, _, body = text.partition(",")
    is_data = text.lower().startswith("data:")
    try:
        if is_data and ";base64" not in head.lower():
            return unquote_to_bytes(body)
        encoded = re.sub(r"\s", "", unquote(body) if is_data else text).translate({45: "+", 95: "/"}).rstrip("=")
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise InvalidRequestError("This text is not a complete picture in base64. Nothing was sent.") from None


def _from_array(value: Any) -> Image:
    from PIL import Image

    try:
        array = value if hasattr(value, "__array_interface__") else value.__array__()
        kind, size = array.dtype.kind, array.dtype.itemsize
        sides, colours = tuple(array.shape[:2]), tuple(array.shape[2:])
        if len(sides) != 2 or 0 in sides or colours not in ((), (3,), (4,)):
            raise InvalidRequestError(_not_a_picture(array))
        if kind == "b":
            array = array.astype("uint8") * 255
        elif kind == "f":
            low, high = float(array.min()), float(array.max())
            if not (low >= -1 and high <= 2):  # written so that NaN is refused too
                found = f"The floats of this picture range from {low:g} to {high:g}, not from 0 to 1."
                raise InvalidRequestError(f"{found} Scale them, or convert them to uint8. Nothing was sent.")
            array = (array.clip(0, 1) * 255).round().astype("uint8")
        elif (kind, size) != ("u", 1):
            raise InvalidRequestError(_not_a_picture(array))
        return Image.fromarray(array)
    except InvalidRequestError:
        raise
    except Exception as error:  # noqa: BLE001 - other array libraries may raise anything, such as for a GPU array
        kind = type(value).__name__
        raise InvalidRequestError(
            f"This {kind} cannot be read as a picture ({type(error).__name__}). Nothing was sent."
        ) from None


def _not_a_picture(array: Any) -> str:
    shape = "×".join(map(str, array.shape))
    return f"A picture is {_SHAPES}, not {shape} of {array.dtype}. Nothing was sent."
