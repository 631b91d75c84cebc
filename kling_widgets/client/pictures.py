"""What the header of a picture says: its sides, and whether it moves. Cut or made up, it says nothing."""

from __future__ import annotations

Sides = tuple[int | None, int | None]


def sides(kind: str, content: bytes) -> Sides:
    """Width and height in pixels as stored, None where the header does not say."""
    try:
        match kind:
            case "png" if content[12:16] == b"IHDR":
                return _big(content, 16, 4), _big(content, 20, 4)
            case "gif":
                return _little(content, 6, 2), _little(content, 8, 2)
            case "jpeg":
                return _jpeg(content)
            case "webp":
                return _webp(content)
    except IndexError:  # cut short
        pass
    return None, None


def moves(kind: str, content: bytes) -> bool:
    """Whether it holds several pictures that are shown one after the other."""
    try:
        match kind:
            case "gif":
                return _gif_pictures(content) > 1
            case "png":  # an animation says so before its first picture
                return b"acTL" in content[: content.find(b"IDAT") + 1]
            case "webp":
                return content[12:16] == b"VP8X" and bool(content[20] & 0x02)
    except IndexError:
        pass
    return False


def _gif_pictures(content: bytes) -> int:
    """How many there are, up to two."""
    found, at = 0, 13 + _palette(content[10])
    while found < 2:
        match content[at]:
            case 0x2C:  # a picture: its place, its palette, the size of its codes, its data
                found += 1
                at += 11 + _palette(content[at + 9])
            case 0x21:
                at += 2
            case _:
                return found
        while size := content[at]:  # pieces of data, up to an empty one
            at += 1 + size
        at += 1
    return found


def _palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _jpeg(content: bytes) -> Sides:
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


def _webp(content: bytes) -> Sides:
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
