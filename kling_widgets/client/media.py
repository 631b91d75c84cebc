"""What a picture, a clip or a sound is, read from its first bytes with the standard library alone.

A file's name says what somebody hopes it is; a paid request needs to know what it is.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kling_widgets.core.fields import Problem
from kling_widgets.errors import InvalidRequestError, one_line

Sort = Literal["picture", "clip", "sound"]

LARGEST_UPLOAD = 20_000_000  # bytes; 20 MB a picture at the gateway's upload (D)
ENOUGH = 64  # bytes that tell any of the kinds

_MEDIA_TYPES: dict[str, tuple[Sort, str]] = {
    "png": ("picture", "image/png"),
    "jpeg": ("picture", "image/jpeg"),
    "webp": ("picture", "image/webp"),
    "gif": ("picture", "image/gif"),
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
        kind: "png", "jpeg", "webp", "gif", "mp4", "mov", "webm", "wav", "mp3", "m4a" or "aac".
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
    def sort(self) -> Sort:
        """ "picture", "clip" or "sound"."""
        return _MEDIA_TYPES[self.kind][0]

    @property
    def media_type(self) -> str:
        """Such as ``image/png``."""
        return _MEDIA_TYPES[self.kind][1]


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
        return "mov" if brand == b"qt  " else "m4a" if brand in (b"M4A ", b"M4B ") else None if _still(brand) else "mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot"):
        return "mov"  # QuickTime from before there was "ftyp"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "webm"
    if head.startswith(b"ID3"):
        return "mp3"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:  # the sync word of a frame; its layer tells
        return "aac" if head[1] & 0x06 == 0 else "mp3"
    return None


def sort_of(kind: str | None) -> Sort | None:
    """Whether a kind is a picture, a clip or a sound."""
    return _MEDIA_TYPES[kind][0] if kind in _MEDIA_TYPES else None


def look(content: bytes) -> Media | None:
    """What these bytes are, or None."""
    kind = kind_of(content[:ENOUGH])
    if kind is None:
        return None
    width, height = _picture_size(kind, content)
    return Media(kind, len(content), width, height, content, hashlib.sha256(content).hexdigest())


def check_upload(path: str | os.PathLike[str], field: str | None = None) -> Media:
    """Reads a picture that is to be uploaded. ``~`` means the home folder.

    Args:
        path: the file.
        field: the request's field that names it, for the message.

    Raises:
        InvalidRequestError: there is no such file, it cannot be read, it is empty, larger than 20 MB, or no picture.
    """
    place = Path(path).expanduser()
    name = one_line(place, 200)
    try:
        if place.is_dir():
            raise _problem(field, f"{name} is a folder", "Name a picture in it.")
        if not place.is_file():
            raise _problem(
                field, f"{name} is not there", "Check the path: a relative one starts in the current folder."
            )
        if place.stat().st_size > LARGEST_UPLOAD:
            raise _too_large(field, name, place.stat().st_size)
        with place.open("rb") as file:
            content = file.read(LARGEST_UPLOAD + 1)  # it may grow meanwhile
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidRequestError):
            raise
        reason = getattr(error, "strerror", None) or "the path cannot be used"
        raise _problem(field, f"{name} cannot be read ({reason})", "Check its permissions.") from None
    return check_picture(content, name, field)


def check_picture(content: bytes, name: str = "the picture", field: str | None = None) -> Media:
    """The same for bytes that are in memory."""
    if not content:
        raise _problem(field, f"{name} is empty", "")
    if len(content) > LARGEST_UPLOAD:
        raise _too_large(field, name, len(content))
    media = look(content)
    if media is None or media.sort != "picture":
        found = f"{media.kind}, not a picture" if media else "not a picture"
        raise _problem(field, f"{name} is {found}", "Pictures that can be uploaded: png, jpeg, webp, gif.")
    return media


def _problem(field: str | None, message: str, hint: str) -> InvalidRequestError:
    return InvalidRequestError.of([Problem("error", field, f"{message}.", hint)])


def _too_large(field: str | None, name: str, size: int) -> InvalidRequestError:
    return _problem(field, f"{name} has {size / 1e6:.1f} MB", "The service takes pictures of up to 20 MB.")


def _still(brand: bytes) -> bool:
    return brand in (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")


def _picture_size(kind: str, content: bytes) -> tuple[int | None, int | None]:
    try:
        match kind:
            case "png" if content[12:16] == b"IHDR":
                return _big(content, 16, 4), _big(content, 20, 4)
            case "gif":
                return _little(content, 6, 2), _little(content, 8, 2)
            case "jpeg":
                return _jpeg_size(content)
            case "webp":
                return _webp_size(content)
    except IndexError:  # cut short
        pass
    return None, None


def _jpeg_size(content: bytes) -> tuple[int | None, int | None]:
    at = 2
    while at < len(content) - 9:
        if content[at] != 0xFF:
            return None, None
        marker = content[at + 1]
        if marker == 0xFF:  # padding
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame header, of whatever coding
            return _big(content, at + 7, 2), _big(content, at + 5, 2)
        elif 0xD0 <= marker <= 0xD8 or marker == 0x01:  # markers without a length
            at += 2
        else:
            at += 2 + max(2, _big(content, at + 2, 2))
    return None, None


def _webp_size(content: bytes) -> tuple[int | None, int | None]:
    match content[12:16]:
        case b"VP8X":
            return _little(content, 24, 3) + 1, _little(content, 27, 3) + 1
        case b"VP8L":
            bits = _little(content, 21, 4)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return _little(content, 26, 2) & 0x3FFF, _little(content, 28, 2) & 0x3FFF
    return None, None


def _big(content: bytes, at: int, length: int) -> int:
    if at + length > len(content):
        raise IndexError(at)
    return int.from_bytes(content[at : at + length], "big")


def _little(content: bytes, at: int, length: int) -> int:
    if at + length > len(content):
        raise IndexError(at)
    return int.from_bytes(content[at : at + length], "little")
