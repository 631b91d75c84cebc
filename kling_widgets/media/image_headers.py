"""Properties of a picture, read from its headers without decoding: animation, orientation, truncation.

A truncated or invalid header yields no information and raises no error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of a JPEG's frame header, for all codings
_SCAN = 0xDA


def moves(kind: str, content: bytes) -> bool:
    """Return whether the picture is animated."""
    try:
        match kind:
            case "gif":
                return _gif_pictures(content) > 1
            case "png":  # an animation is declared before its first frame
                return b"acTL" in content[: content.find(b"IDAT") + 1]
            case "webp":
                return content[12:16] == b"VP8X" and bool(content[20] & 0x02)
    except IndexError:
        pass
    return False


def _gif_pictures(content: bytes) -> int:
    """Return the number of frames of a GIF, counted up to two."""
    found, at = 0, 13 + _palette(content[10])
    while found < 2:
        match content[at]:
            case 0x2C:  # a frame: position, palette, code size, data
                found += 1
                at += 11 + _palette(content[at + 9])
            case 0x21:
                at += 2
            case _:
                return found
        while size := content[at]:  # data blocks, up to an empty one
            at += 1 + size
        at += 1
    return found


def _palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield the marker and the offset of each segment of a JPEG, up to its first scan."""
    at = 2
    while at < len(content) - 9 and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        yield marker, at
        if marker == _SCAN:
            return
        # Some markers have no length.
        at += 2 if 0xD0 <= marker <= 0xD8 or marker == 0x01 else 2 + max(2, _big(content, at + 2, 2))


def _chunks(content: bytes, at: int, order: Literal["big", "little"]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and the content of each complete chunk of a PNG or a WebP."""
    while at + 8 <= len(content):
        first, second = content[at : at + 4], content[at + 4 : at + 8]
        length = int.from_bytes(first if order == "big" else second, order)
        checksum = 4 if order == "big" else 0
        if at + 8 + length + checksum > len(content):
            return
        yield second if order == "big" else first, content[at + 8 : at + 8 + length]
        at += 8 + length + (checksum or length % 2)  # WebP pads to an even length


def orientation(kind: str, content: bytes) -> int:
    """Return the EXIF orientation of a picture: 1 upright, 2 to 8 rotated or mirrored."""
    exif = b""
    try:
        if kind == "jpeg":
            for marker, at in _segments(content):
                if marker == 0xE1 and content[at + 4 : at + 10] == b"Exif\0\0":
                    exif = content[at + 10 : at + 2 + _big(content, at + 2, 2)]
                    break
        elif kind == "png":
            exif = next((body for name, body in _chunks(content, 8, "big") if name == b"eXIf"), b"")
        elif kind == "webp":
            exif = next((body for name, body in _chunks(content, 12, "little") if name == b"EXIF"), b"")
        return _orientation(exif.removeprefix(b"Exif\0\0"))
    except IndexError:
        return 1


def _orientation(exif: bytes) -> int:
    number = {b"II": _little, b"MM": _big}.get(exif[:2])
    if number is None:
        return 1
    start = number(exif, 4, 4)
    for entry in range(start + 2, start + 2 + 12 * number(exif, start, 2), 12):
        if number(exif, entry, 2) == 0x0112:
            found = number(exif, entry + 8, 2)
            return found if 1 <= found <= 8 else 1
    return 1


def without_notes(content: bytes) -> bytes:
    """Return a JPEG without its EXIF and XMP metadata, which may contain location, time and names."""
    try:
        notes = [(at, at + 2 + _big(content, at + 2, 2)) for marker, at in _segments(content) if marker == 0xE1]
    except IndexError:
        return content
    if notes and notes[-1][1] > len(content):
        return content
    for start, end in reversed(notes):
        content = content[:start] + content[end:]
    return content


def is_lossless(kind: str, content: bytes) -> bool:
    """Return whether the picture was compressed without loss."""
    if kind == "webp":
        return any(name == b"VP8L" for name, _ in _chunks(content, 12, "little"))
    return kind not in ("jpeg", "heic", "avif")


def is_cmyk(kind: str, content: bytes) -> bool:
    """Return whether it is a JPEG in CMYK."""
    try:
        frames = (at for marker, at in _segments(content) if marker in _FRAMES)
        return kind == "jpeg" and any(content[at + 9] == 4 for at in frames)
    except IndexError:
        return False


def is_cut(kind: str, content: bytes) -> bool:
    """Return whether the end of a JPEG, PNG or WebP is missing."""
    try:
        match kind:
            case "jpeg":  # within a scan, FF is always followed by 00 or a restart marker, so FF D9 is the end
                scan = next((at for marker, at in _segments(content) if marker == _SCAN), None)
                return scan is None or content.find(b"\xff\xd9", scan) < 0
            case "png":
                return not any(name == b"IEND" for name, _ in _chunks(content, 8, "big"))
            case "webp":
                return _little(content, 4, 4) + 8 > len(content)
    except IndexError:
        return True
    return False


def _big(content: bytes, at: int, length: int) -> int:
    if at + length > len(content):
        raise IndexError(at)
    return int.from_bytes(content[at : at + length], "big")


def _little(content: bytes, at: int, length: int) -> int:
    if at + length > len(content):
        raise IndexError(at)
    return int.from_bytes(content[at : at + length], "little")
