"""Reading the rows of an SQLite file page by page, for a file whose own index of pages is damaged.

https://www.sqlite.org/fileformat2.html, sections 1.6 and 2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

Value = int | float | str | bytes | None

_LEAF = 0x0D  # the first byte of a table leaf page, which has rows
_HEADER = 100  # bytes of the file header, which come before the first page's content
_DEFAULT_SIZE = 4096  # bytes of a page
_NUMBERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # bytes of an integer, by its serial type


def rows_in(content: bytes) -> Iterator[tuple[int, list[Value]]]:
    """Yield the number and the values of each row of any table that can be read.

    Text is decoded as UTF-8, and invalid bytes are replaced. If the declared page size is not the default, both sizes
    are tried, as the declaration may be damaged; a row may then come twice.
    """
    (size,) = struct.unpack(">H", content[16:18].ljust(2, b"\0"))
    declared = 65536 if size == 1 else size if size >= 512 and size & (size - 1) == 0 else _DEFAULT_SIZE
    for pages in (_Pages(content, each) for each in sorted({declared, _DEFAULT_SIZE})):
        for start in range(0, len(content), pages.size):
            for at in _cells(pages, start):
                try:
                    length, at = _varint(content, at)
                    number, at = _varint(content, at)
                    yield number, _values(pages.payload(at, length))
                except (LookupError, ValueError, struct.error):
                    continue


class _Pages:
    """A file's content in pages of ``size`` bytes; the first page has number 1."""

    def __init__(self, content: bytes, size: int) -> None:
        self.content, self.size = content, size
        self._usable = size - (content[20] if len(content) > 20 and content[20] < 32 else 0)

    def payload(self, at: int, length: int) -> bytes:
        """Return ``length`` bytes of a row that starts at ``at``.

        The part that does not fit on its page is on a chain of overflow pages.
        """
        if length > len(self.content):
            raise ValueError("longer than the file")
        most, least = self._usable - 35, (self._usable - 12) * 32 // 255 - 23
        if length <= most:
            return self.content[at : at + length]
        here = least + (length - least) % (self._usable - 4)
        here = here if here <= most else least
        found = bytearray(self.content[at : at + here])
        at += here
        while len(found) < length:  # each iteration adds bytes, or raises
            (page,) = struct.unpack_from(">I", self.content, at)
            if not 1 < page <= len(self.content) // self.size:
                raise LookupError(page)
            at = (page - 1) * self.size
            found += self.content[at + 4 : at + self._usable]
        return bytes(found[:length])


def _cells(pages: _Pages, start: int) -> list[int]:
    """Return the positions of the rows on the page that starts here."""
    head = start + (_HEADER if start == 0 else 0)
    if pages.content[head : head + 1] != bytes([_LEAF]):
        return []
    (count,) = struct.unpack(">H", pages.content[head + 3 : head + 5].ljust(2, b"\0"))
    table = pages.content[head + 8 : min(head + 8 + 2 * count, start + pages.size)]
    return [start + at for (at,) in struct.iter_unpack(">H", table[: len(table) // 2 * 2])]


def _values(payload: bytes) -> list[Value]:
    end, at = _varint(payload, 0)
    body, values = end, []
    while at < end:
        kind, at = _varint(payload, at)
        value, body = _value(payload, kind, body)
        values.append(value)
    return values


def _value(payload: bytes, kind: int, at: int) -> tuple[Value, int]:
    """Return the value of a serial type that starts here, and the position of the next one."""
    if kind in (0, 8, 9):
        return (None if kind == 0 else kind - 8), at
    size = _NUMBERS.get(kind, 8 if kind == 7 else (kind - 12) // 2)
    piece = payload[at : at + size]
    if len(piece) != size or kind in (10, 11):
        raise LookupError(kind)
    if kind in _NUMBERS:
        return int.from_bytes(piece, "big", signed=True), at + size
    if kind == 7:
        return struct.unpack(">d", piece)[0], at + size
    return (piece.decode("utf-8", "replace") if kind % 2 else piece), at + size


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes, and the position after it."""
    value = 0
    for position in range(at, at + 8):
        value = value << 7 | content[position] & 0x7F
        if content[position] < 0x80:
            return value, position + 1
    value = value << 8 | content[at + 8]
    return value - (1 << 64 if value >= 1 << 63 else 0), at + 9
