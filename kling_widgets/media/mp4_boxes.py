"""Walk over the boxes of a video file, to detect a truncated download whose length was not announced.

The content is untrusted; nothing here raises for it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

_MAX_BOXES = 1_000_000  # boxes to read at most: a day in fragments of a tenth of a second
# Top-level boxes of an mp4 or mov. Other data after the last box may look like a box of any length.
_TOP = frozenset(
    b"ftyp styp moov moof mdat imda free skip wide uuid meta sidx ssix mfra emsg prft pdin pnot udta PICT".split()
)
_DATA = frozenset({b"mdat", b"imda"})
_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"  # webm elements: the whole file, and a few seconds of it


def is_cut_off(format: str, file: BinaryIO, size: int) -> bool:
    """Return whether a video of this format ("mp4", "mov" or "webm") is truncated; False if that is unknown.

    Args:
        format: the file's format.
        file: the content.
        size: its size in bytes.
    """
    return _cut_off_webm(file, size) if format == "webm" else _cut_off_movie(file, size)


def boxes(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the boxes of an mp4 or mov (ISO/IEC 14496-12): name, start of the content, and declared end.

    The declared end may be after the end of the file.
    """
    for _ in range(_MAX_BOXES):
        if at + 8 > end:
            return
        file.seek(at)
        head = file.read(16)
        if len(head) < min(16, end - at):
            return
        (length, name), skip = struct.unpack(">I4s", head[:8]), 8
        if length == 1:
            # If the box header itself is truncated, the box ends after the end of the file.
            skip, length = 16, struct.unpack(">Q", head[8:])[0] if at + 16 <= end else end - at + 1
        length = length or end - at  # 0: up to the end of the file
        if length < skip:
            return
        yield name, at + skip, at + length
        at += length


def _cut_off_movie(file: BinaryIO, size: int) -> bool:
    name, found = b"", set()
    for name, _, end in boxes(file, 0, size):
        if end > size:
            if name in _TOP:
                return True
            break
        found.add(name)
    # A complete file has an index and media data; the index of a fragment comes before its data.
    return b"moov" not in found or not found & _DATA or name == b"moof"


def _cut_off_webm(file: BinaryIO, size: int) -> bool:
    """Return whether a webm is truncated, as EBML (RFC 8794); elements of live recordings have no length."""
    at, clusters = 0, False
    for _ in range(_MAX_BOXES):
        if at >= size:
            return at > size or not clusters
        file.seek(at)
        head = file.read(12)
        name_ends = _width(head)
        ends = name_ends + _width(head[name_ends:])
        if not 0 < name_ends < ends <= len(head):
            return not clusters  # other data after the last element
        name, size_bytes = head[:name_ends], head[name_ends:ends]
        length = int.from_bytes(size_bytes, "big") & (1 << 7 * len(size_bytes)) - 1
        clusters |= name == _CLUSTER
        if length == (1 << 7 * len(size_bytes)) - 1:  # unknown length: its children follow
            if name not in (_SEGMENT, _CLUSTER):
                return False
            length = 0
        elif name == _SEGMENT:
            return at + ends + length > size
        at += ends + length
    return False


def _width(head: bytes) -> int:
    """Return the length in bytes of the EBML number that starts here; 0 if there is none."""
    return 9 - head[0].bit_length() if head and head[0] else 0
