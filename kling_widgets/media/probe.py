"""What a picture, a clip or a sound is, read from its bytes with the standard library alone.

A file's name says what somebody hopes it is; a paid request needs to know what it is.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from kling_widgets.core.problem import Problem
from kling_widgets.core.text import format_size, one_line
from kling_widgets.errors import InvalidRequestError
from kling_widgets.media import conversion, durations, image_headers
from kling_widgets.media.limits import CONVERTED, Facts, unfit
from kling_widgets.media.limits import LARGEST_UPLOAD as LARGEST_UPLOAD

_STILL = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")

Sort = Literal["picture", "clip", "sound"]

ENOUGH = 64  # bytes that tell any of the kinds

_MEDIA_TYPES: dict[str, tuple[Sort, str]] = {
    "png": ("picture", "image/png"),
    "jpeg": ("picture", "image/jpeg"),
    "webp": ("picture", "image/webp"),
    "gif": ("picture", "image/gif"),
    "heic": ("picture", "image/heic"),
    "avif": ("picture", "image/avif"),
    "tiff": ("picture", "image/tiff"),
    "bmp": ("picture", "image/bmp"),
    "mp4": ("clip", "video/mp4"),
    "mov": ("clip", "video/quicktime"),
    "webm": ("clip", "video/webm"),
    "wav": ("sound", "audio/wav"),
    "mp3": ("sound", "audio/mpeg"),
    "m4a": ("sound", "audio/mp4"),
    "aac": ("sound", "audio/aac"),
}


@dataclass(frozen=True, slots=True)
class Media:
    """What some bytes are.

    Attributes:
        kind: as ``kind_of`` gives it, such as "png".
        size: bytes.
        width, height: pixels of a picture as stored, None for others or where the header does not say.
        content: the bytes, as they were checked.
        sha256: of the content, hexadecimal.
    """

    kind: str
    size: int
    width: int | None = None
    height: int | None = None
    content: bytes = field(default=b"", repr=False)
    sha256: str = field(default="", repr=False)

    @property
    def format(self) -> Sort:
        """ "picture", "clip" or "sound"."""
        return _MEDIA_TYPES[self.kind][0]

    @property
    def media_type(self) -> str:
        """Such as ``image/png``."""
        return media_type(self.kind)


def kind_of(head: bytes) -> str | None:
    """The kind of what begins with ``head`` (64 bytes are enough), or None."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head[:4] == b"RIFF":
        return {b"WEBP": "webp", b"WAVE": "wav"}.get(head[8:12])
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _STILL:  # what is compatible with it says which
            return "avif" if b"avif" in head[8:] or b"avis" in head[8:] else "heic"
        return "mov" if brand == b"qt  " else "m4a" if brand in (b"M4A ", b"M4B ") else "mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot"):
        return "mov"  # QuickTime from before there was "ftyp"
    if head[:4] in (b"II*\0", b"MM\0*"):
        return "tiff"
    if head[:2] == b"BM" and head[6:10] == bytes(4):  # two reserved numbers
        return "bmp"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "webm"
    if head.startswith(b"ID3"):
        return "mp3"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:  # the sync word of a frame; its layer tells
        return "aac" if head[1] & 0x06 == 0 else "mp3"
    return None


def format_of(kind: str | None) -> Sort | None:
    """Whether a kind is a picture, a clip or a sound."""
    return _MEDIA_TYPES[kind][0] if kind in _MEDIA_TYPES else None


def media_type(kind: str) -> str:
    """Such as ``image/png``, of a kind as of ``kind_of``."""
    return _MEDIA_TYPES[kind][1]


def look(content: bytes) -> Media | None:
    """What these bytes are, or None."""
    kind = kind_of(content[:ENOUGH])
    if kind is None:
        return None
    width, height = image_headers.sides(kind, content)
    return Media(kind, len(content), width, height, content, hashlib.sha256(content).hexdigest())


def facts_of(path: str | os.PathLike[str], field: str | None = None) -> Facts:
    """What is in a file, of whatever kind and size. ``~`` means the home folder.

    Args:
        path: the file.
        field: the request's field that names it, for the message.

    Raises:
        InvalidRequestError: there is no such file, or it cannot be read.
    """
    with _opened(path, field) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(ENOUGH)
        kind = kind_of(head)
        if kind is None:
            return Facts(None, size)
        if format_of(kind) == "picture":
            content = head + file.read(LARGEST_UPLOAD - len(head))
            return _picture_facts(kind, size, content)
        file.seek(0)
        found = durations.measure(kind, file)
        return Facts(kind, size, found.width, found.height, found.seconds, found.rate)


def _picture_facts(kind: str, size: int, content: bytes) -> Facts:
    """Return what a picture is, as it is uploaded."""
    if kind in CONVERTED:
        if not conversion.reads(kind):
            return Facts(kind, size)
        width, height = conversion.size(content, kind)
        return Facts(kind, size, width, height, converted=True)
    (width, height), turn = image_headers.sides(kind, content), image_headers.orientation(kind, content)
    cut, animated = image_headers.is_cut(kind, content), image_headers.moves(kind, content)
    turned = turn > 1 and (cut or animated or not conversion.reads(kind))
    if turn >= 5 and not turned:
        width, height = height, width
    flaws = {"cut": cut, "cmyk": image_headers.is_cmyk(kind, content), "turned": turned}
    return Facts(
        kind, size, width, height, animated=animated, flaws=tuple(name for name, found in flaws.items() if found)
    )


def check_upload(path: str | os.PathLike[str], field: str | None = None) -> Media:
    """Reads a picture that is to be uploaded; ``ready`` makes it fit for that. ``~`` means the home folder.

    Args:
        path: the file.
        field: the request's field that names it, for the message.

    Raises:
        InvalidRequestError: there is no such file, it cannot be read, it is empty, larger than 20 MB, or no picture.
    """
    name = one_line(os.fspath(path), 200)
    with _opened(path, field) as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST_UPLOAD:
            kind = kind_of(file.read(ENOUGH))
            raise _refused(unfit(field, name, Facts(kind, size)))
        content = file.read(LARGEST_UPLOAD + 1)  # it may grow meanwhile
    return check_picture(content, name, field)


def read(path: str | os.PathLike[str], largest: int) -> bytes:
    """Return the bytes of a file of at most so many. ``~`` means the home folder.

    Raises:
        InvalidRequestError: there is no such file, it cannot be read, or it is larger.
    """
    with _opened(path, None) as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        said = f"{one_line(os.fspath(path), 200)} has more than {format_size(largest)}"
        raise _problem(None, said, "Save the picture smaller.")
    return content


def check_picture(content: bytes, name: str = "the picture", field: str | None = None) -> Media:
    """The same for bytes that are in memory."""
    media = look(content)
    kind = media.kind if media else None
    if problem := unfit(field, name, Facts(kind, len(content), converted=kind in CONVERTED and conversion.reads(kind))):
        raise _refused(problem)
    assert media is not None
    return media


def ready(picture: Media, name: str = "The picture") -> Media:
    """Return a picture, as ``check_upload`` gave it, in the form that is uploaded: upright, of a kind that is taken.

    Raises:
        InvalidRequestError: it cannot be read, or is larger than 20 MB then.
    """
    return check_picture(conversion.fit(picture.content, picture.kind), name)


@contextmanager
def _opened(path: str | os.PathLike[str], field: str | None) -> Iterator[BinaryIO]:
    """The file, open; what goes wrong with it while it is is said as a problem of the field."""
    name = one_line(os.fspath(path), 200)
    try:
        place = Path(path).expanduser()
        if place.is_dir():
            raise _problem(field, f"{name} is a folder", "Name a picture in it.")
        if not place.is_file():  # nor a device or a pipe, which might never end
            raise _problem(
                field, f"{name} is not there", "Check the path: a relative one starts in the current folder."
            )
        with place.open("rb") as file:
            yield file
    except InvalidRequestError:
        raise
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: ~somebody whom this machine does not know
        reason = getattr(error, "strerror", None) or "the path cannot be used"
        raise _problem(field, f"{name} cannot be read ({reason})", "Check its permissions.") from None


def _problem(field: str | None, message: str, hint: str) -> InvalidRequestError:
    return InvalidRequestError.of([Problem("error", field, f"{message}.", hint)])


def _refused(problem: Problem | None) -> InvalidRequestError:
    assert problem is not None
    return InvalidRequestError.of([problem])
