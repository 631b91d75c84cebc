"""Detection of the format of pictures, clips and sounds by their content, and checks before an upload.

The name of a file may be wrong, and a request with a wrong file may be billed, so only the content counts.
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
from kling_widgets.files.data_dir import abbreviate_home
from kling_widgets.media import conversion, durations, image_headers
from kling_widgets.media.limits import CONVERTED, Facts, upload_problem
from kling_widgets.media.limits import LARGEST_UPLOAD as LARGEST_UPLOAD

_STILL = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")

MediaKind = Literal["picture", "clip", "sound"]

ENOUGH = 64  # bytes, enough to recognise any format

_MEDIA_TYPES: dict[str, tuple[MediaKind, str]] = {
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
    """A media file in memory.

    Attributes:
        format: as returned by ``format_of``, such as "png".
        size: its size in bytes.
        width: pixels of a picture as stored; None if unknown, and for clips and sounds.
        height: as ``width``.
        content: the bytes that were checked.
        sha256: of the content, hexadecimal.
    """

    format: str
    size: int
    width: int | None = None
    height: int | None = None
    content: bytes = field(default=b"", repr=False)
    sha256: str = field(default="", repr=False)

    @property
    def kind(self) -> MediaKind:
        """The kind of media: "picture", "clip" or "sound"."""
        return _MEDIA_TYPES[self.format][0]

    @property
    def media_type(self) -> str:
        """The media type, such as ``image/png``."""
        return media_type(self.format)


def format_of(head: bytes) -> str | None:
    """Return the format of a file that begins with ``head`` (64 bytes are enough), or None."""
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
        if brand in _STILL:  # the compatible brands distinguish the two
            return "avif" if b"avif" in head[8:] or b"avis" in head[8:] else "heic"
        return "mov" if brand == b"qt  " else "m4a" if brand in (b"M4A ", b"M4B ") else "mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot"):
        return "mov"  # old QuickTime files without "ftyp"
    if head[:4] in (b"II*\0", b"MM\0*"):
        return "tiff"
    if head[:2] == b"BM" and head[6:10] == bytes(4):  # two reserved fields
        return "bmp"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "webm"
    if head.startswith(b"ID3"):
        return "mp3"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:  # the sync word of an audio frame, with its layer
        return "aac" if head[1] & 0x06 == 0 else "mp3"
    return None


def kind_of(format: str | None) -> MediaKind | None:
    """Return whether a format is that of a picture, a clip or a sound; None if it is unknown."""
    return _MEDIA_TYPES[format][0] if format in _MEDIA_TYPES else None


def media_type(format: str) -> str:
    """Return the media type of a format, such as ``image/png``."""
    return _MEDIA_TYPES[format][1]


def identify(content: bytes) -> Media | None:
    """Return the media file that these bytes are, or None if their format is unknown."""
    format = format_of(content[:ENOUGH])
    if format is None:
        return None
    width, height = conversion.size(content, format)
    return Media(format, len(content), width, height, content, hashlib.sha256(content).hexdigest())


def facts_of(path: str | os.PathLike[str], field: str | None = None, folder: Path | None = None) -> Facts:
    """Return the properties of a file of any format and size. ``~`` means the home folder.

    Args:
        path: the file.
        field: the request's field with the file, for the message.
        folder: where a relative path starts; None: in the current folder.

    Raises:
        InvalidRequestError: there is no such file, or it cannot be read.
    """
    with _opened(path, field, folder) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(ENOUGH)
        format = format_of(head)
        if format is None:
            return Facts(None, size)
        if kind_of(format) == "picture":
            content = head + file.read(LARGEST_UPLOAD - len(head))
            return _picture_facts(format, size, content)
        file.seek(0)
        found = durations.measure(format, file)
        return Facts(format, size, found.width, found.height, found.seconds, found.rate)


def _picture_facts(format: str, size: int, content: bytes) -> Facts:
    """Return the properties of a picture as it will be uploaded."""
    if format in CONVERTED:
        if not conversion.reads(format):
            return Facts(format, size)
        width, height = conversion.size(content, format)
        return Facts(format, size, width, height, converted=True)
    (width, height), turn = conversion.size(content, format), image_headers.orientation(format, content)
    cut, animated = image_headers.is_cut(format, content), image_headers.moves(format, content)
    turned = turn > 1 and (cut or animated or not conversion.reads(format))
    if turn >= 5 and not turned:
        width, height = height, width
    flaws = {"cut": cut, "cmyk": image_headers.is_cmyk(format, content), "turned": turned}
    return Facts(
        format, size, width, height, animated=animated, flaws=tuple(name for name, found in flaws.items() if found)
    )


def check_upload(path: str | os.PathLike[str], field: str | None = None, folder: Path | None = None) -> Media:
    """Read a picture and check that it can be uploaded, after ``ready``. ``~`` means the home folder.

    Args:
        path: the file.
        field: the request's field with the file, for the message.
        folder: where a relative path starts; None: in the current folder.

    Raises:
        InvalidRequestError: the file is missing, unreadable, empty, larger than 20 MB, or not a picture.
    """
    name = one_line(os.fspath(path), 200)
    with _opened(path, field, folder) as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST_UPLOAD:
            format = format_of(file.read(ENOUGH))
            raise _refused(upload_problem(field, name, Facts(format, size)))
        content = file.read(LARGEST_UPLOAD + 1)  # it may have grown
    return check_picture(content, name, field)


def read(path: str | os.PathLike[str], largest: int, folder: Path | None = None) -> bytes:
    """Return the content of a file of at most ``largest`` bytes. ``~`` means the home folder; a relative path starts in
    ``folder``, or in the current one.

    Raises:
        InvalidRequestError: there is no such file, it cannot be read, or it is larger.
    """
    with _opened(path, None, folder) as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        message = f"{one_line(os.fspath(path), 200)} has more than {format_size(largest)}"
        raise _problem(None, message, "Save a smaller version of the picture.")
    return content


def check_picture(content: bytes, name: str = "the picture", field: str | None = None) -> Media:
    """Check that bytes in memory are a picture that can be uploaded, after ``ready``.

    Raises:
        InvalidRequestError: they are empty, larger than 20 MB, or not a picture.
    """
    media = identify(content)
    format = media.format if media else None
    convertible = format in CONVERTED and conversion.reads(format)
    if problem := upload_problem(field, name, Facts(format, len(content), converted=convertible)):
        raise _refused(problem)
    assert media is not None
    return media


def ready(picture: Media, name: str = "The picture") -> Media:
    """Return a picture from ``check_upload`` as it is uploaded: upright, and in a format that the service takes.

    Raises:
        InvalidRequestError: it cannot be read, or is larger than 20 MB after the conversion.
    """
    return check_picture(conversion.fit(picture.content, picture.format), name)


@contextmanager
def _opened(path: str | os.PathLike[str], field: str | None, folder: Path | None) -> Iterator[BinaryIO]:
    """Open a file; raise any error of it, also while it is open, as a problem of the field."""
    name = one_line(os.fspath(path), 200)
    try:
        file_path = (folder or Path()) / Path(path).expanduser()
        if file_path.is_dir():
            raise _problem(field, f"{name} is a folder", "Name a picture in it.")
        if not file_path.is_file():  # also a device or a pipe, which might never end
            start = f"in {abbreviate_home(folder)}" if folder else "in the current folder"
            raise _problem(field, f"{name} is not there", f"Check the path: a relative one starts {start}.")
        with file_path.open("rb") as file:
            yield file
    except InvalidRequestError:
        raise
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: ~user of an unknown user
        reason = getattr(error, "strerror", None) or "the path cannot be used"
        raise _problem(field, f"{name} cannot be read ({reason})", "Check its permissions.") from None


def _problem(field: str | None, message: str, hint: str) -> InvalidRequestError:
    return InvalidRequestError.of([Problem("error", field, f"{message}.", hint)])


def _refused(problem: Problem | None) -> InvalidRequestError:
    assert problem is not None
    return InvalidRequestError.of([problem])
