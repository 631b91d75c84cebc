"""Pictures that live in memory, of Pillow or as arrays, become files at the notebook's doors.

What is shown as code is then a path, which is there tomorrow too.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_widgets.core.catalog import FIELDS
from kling_widgets.core.fields import Link, Links
from kling_widgets.core.names import ALIASES, FRAME_LISTS
from kling_widgets.core.structured import Masks
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.notebook.local_media import LocalMedia

if TYPE_CHECKING:
    from PIL.Image import Image

NAME = "picture.png"
_MOST = 20  # pictures in one list; a variable that holds a whole clip is not written out because a line names it
_DEEPEST = 5  # levels; a mask stands in an object in a list
_SHAPES = "an array of height × width, or height × width × 3 or 4 (colours last), of uint8, bool, or floats 0 to 1"
# Fields whose links are of pictures.
_PICTURES = {*FRAME_LISTS, *(name for name, field in FIELDS.items() if isinstance(field, (Link, Links, Masks)))}


def picture(image: Any) -> Path:
    """A file of a picture that is in memory, for ``VideoRequest(image=…)`` and wherever else a path is taken. Forms,
    ``kw.submit`` and ``{name}`` in a magic line take such pictures as they are.

    Args:
        image: a Pillow image of 8 or 16 bits, or an array of height × width, or height × width × 3 (RGB) or 4 (RGBA),
            of uint8, of bool, or of floats from 0 to 1 (what is a little outside is clipped).

    Returns:
        A PNG in the folder ``KLING_WIDGETS_HOME``/uploads; the same picture gives the same file.

    Raises:
        InvalidRequestError: it is no such picture.
        KlingError: Pillow is not installed, or the file cannot be written.
    """
    from kling_widgets.notebook.session import session

    if not is_picture(image):
        raise InvalidRequestError(f"A picture is a Pillow image or {_SHAPES}, not a {type(image).__name__}.")
    return _file(image, session().local)


def is_picture(value: object) -> bool:
    """Whether it is a Pillow image or an array, of whatever shape."""
    if isinstance(value, (str, bytes, int, float)):
        return False
    pillow = sys.modules.get("PIL.Image")  # where nobody has loaded it, nothing is of its kind
    if pillow is not None and isinstance(value, pillow.Image):
        return True
    # A number of numpy's has these, too, but no sides.
    return hasattr(type(value), "__array__") and bool(getattr(value, "shape", ()))


def filed(fields: Mapping[str, Any], local: LocalMedia) -> dict[str, Any]:
    """The fields, with a path in place of each picture in memory.

    Raises:
        InvalidRequestError: an array that is no picture.
        KlingError: Pillow is not installed, or a file cannot be written.
    """
    return {
        name: with_files(value, local) if ALIASES.get(name, name) in _PICTURES else value
        for name, value in fields.items()
    }


def with_files(value: Any, local: LocalMedia) -> Any:
    """The value with a path in place of each picture in it; what holds none, or a whole clip of them, stays as it is.

    Raises:
        InvalidRequestError, KlingError: as ``filed``.
    """
    few = 0 < sum(1 for _ in islice(_pictures(value), _MOST + 1)) <= _MOST
    return _replaced(value, lambda image: _file(image, local)) if few else value


def _pictures(value: Any, depth: int = 0) -> Iterator[Any]:
    if is_picture(value):
        yield value
    elif depth < _DEEPEST:
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
            yield from _pictures(item, depth + 1)


def _replaced(value: Any, file: Callable[[Any], Path], depth: int = 0) -> Any:
    if is_picture(value):
        return file(value)
    if depth < _DEEPEST and isinstance(value, dict):
        return {key: _replaced(item, file, depth + 1) for key, item in value.items()}
    if depth < _DEEPEST and isinstance(value, (list, tuple)):
        return [_replaced(item, file, depth + 1) for item in value]
    return value


def _file(image: Any, local: LocalMedia) -> Path:
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise KlingError('A picture in memory needs Pillow: pip install "kling_widgets[video]".') from None
    drawn = ImageOps.exif_transpose(image) if isinstance(image, Image.Image) else _of_array(image)
    buffer = io.BytesIO()
    try:
        _plain(drawn).save(buffer, "PNG")
    except InvalidRequestError:
        raise
    except (OSError, ValueError) as error:
        raise InvalidRequestError(f"This picture cannot be written as PNG ({error}). Nothing was sent.") from None
    return local.keep(NAME, buffer.getvalue())


def _plain(image: Image) -> Image:
    """The picture in grey or in colours, clear where it was clear."""
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


def _of_array(value: Any) -> Image:
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
            if not (low >= -1 and high <= 2):  # so that also what is no number is refused
                said = f"The floats of this picture go from {low:g} to {high:g}, not from 0 to 1."
                raise InvalidRequestError(f"{said} Scale them, or make them uint8. Nothing was sent.")
            array = (array.clip(0, 1) * 255).round().astype("uint8")
        elif (kind, size) != ("u", 1):
            raise InvalidRequestError(_not_a_picture(array))
        return Image.fromarray(array)
    except InvalidRequestError:
        raise
    except Exception as error:  # noqa: BLE001 - an array of somebody's own may raise anything, such as of a graphics card
        kind = type(value).__name__
        raise InvalidRequestError(
            f"This {kind} cannot be read as a picture ({type(error).__name__}). Nothing was sent."
        ) from None


def _not_a_picture(array: Any) -> str:
    shape = "×".join(map(str, array.shape))
    return f"A picture is {_SHAPES}, not {shape} of {array.dtype}. Nothing was sent."
