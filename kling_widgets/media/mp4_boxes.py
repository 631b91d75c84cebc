"""The parts that a video file is made of, and whether all of them are there: what tells a download that broke off where
no length was promised. Nothing here raises for what a stranger sent.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

_MOST = 1_000_000  # parts that are looked at: a day in fragments of a tenth of a second
# What stands at the top of an mp4 or mov. What follows the last box, and is none, may claim any length.
_TOP = frozenset(
    b"ftyp styp moov moof mdat imda free skip wide uuid meta sidx ssix mfra emsg prft pdin pnot udta PICT".split()
)
_PICTURES = frozenset({b"mdat", b"imda"})
_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"  # of a webm: all of it, and some seconds


def is_cut_off(kind: str, file: BinaryIO, size: int) -> bool:
    """Whether a video of this kind ("mp4", "mov" or "webm") and so many bytes ends before its end; False where that
    cannot be told."""
    return _cut_off_webm(file, size) if kind == "webm" else _cut_off_movie(file, size)


def boxes(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of an mp4 or mov (ISO/IEC 14496-12): the name of each, where its content begins, and where the box says
    that it ends, which may be behind the end of the file."""
    for _ in range(_MOST):
        if at + 8 > end:
            return
        file.seek(at)
        head = file.read(16)
        if len(head) < min(16, end - at):
            return
        (length, name), skip = struct.unpack(">I4s", head[:8]), 8
        if length == 1:
            # A head that is cut itself is one of a box that goes on behind the end.
            skip, length = 16, struct.unpack(">Q", head[8:])[0] if at + 16 <= end else end - at + 1
        length = length or end - at  # none given: up to the end
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
    # The index, and pictures; the index of a fragment stands before its pictures.
    return b"moov" not in found or not found & _PICTURES or name == b"moof"


def _cut_off_webm(file: BinaryIO, size: int) -> bool:
    """As EBML (RFC 8794): elements in elements, of which a live recording does not say how long they are."""
    at, clusters = 0, False
    for _ in range(_MOST):
        if at >= size:
            return at > size or not clusters
        file.seek(at)
        head = file.read(12)
        name_ends = _width(head)
        ends = name_ends + _width(head[name_ends:])
        if not 0 < name_ends < ends <= len(head):
            return not clusters  # what follows the last element
        name, told = head[:name_ends], head[name_ends:ends]
        length = int.from_bytes(told, "big") & (1 << 7 * len(told)) - 1
        clusters |= name == _CLUSTER
        if length == (1 << 7 * len(told)) - 1:  # not known: what is in it follows
            if name not in (_SEGMENT, _CLUSTER):
                return False
            length = 0
        elif name == _SEGMENT:
            return at + ends + length > size
        at += ends + length
    return False


def _width(head: bytes) -> int:
    """How many bytes a number has that begins here; 0 where none does."""
    return 9 - head[0].bit_length() if head and head[0] else 0
