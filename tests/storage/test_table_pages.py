"""Rows are read from the pages of a file, without its index of tables."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from kling_widgets.storage.table_pages import rows_in

ROWS = [
    (1, 0, 1, -1, 127),
    (2, 2**15, -(2**23), 2**31 - 1, 2**47),
    (3, -(2**63), 2**63 - 1, 1.5, -0.25),
    (4, "", "a boat", "小船 🚣", None),
    (5, b"", b"\x00\xff", "x" * 4061, "y" * 4062),
    (6, "z" * 40_000, b"\xfe" * 9000, None, 7),
    (2**40, "far", "away", None, None),
]


def made(path: Path, size: int) -> bytes:
    """Return the content of a file with these rows, twice, in pages of this size."""
    with sqlite3.connect(path, isolation_level=None) as file:
        file.execute(f"PRAGMA page_size = {size}")
        for table in ("one", "two"):
            file.execute(f"CREATE TABLE {table} (key INTEGER PRIMARY KEY, a, b, c, d)")
            file.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", ROWS)
            file.execute(f"CREATE INDEX {table}_a ON {table} (a)")
    file.close()
    return path.read_bytes()


@pytest.mark.parametrize("size", [512, 4096, 65536])
def test_every_row_of_every_table(tmp_path: Path, size: int) -> None:
    """Integers of each length, floats, text, bytes and NULL; rows longer than a page; every page size."""
    found = [(key, *values[1:]) for key, values in rows_in(made(tmp_path / "a.sqlite", size)) if values[:1] == [None]]
    assert set(found) == set(ROWS)
    assert min(found.count(row) for row in ROWS) == 2


@pytest.mark.parametrize("start", [b"", b"\xff" * 100])
def test_without_its_first_page(tmp_path: Path, start: bytes) -> None:
    """The first page has the page size and the positions of the tables."""
    content = made(tmp_path / "a.sqlite", 4096)
    found = {key for key, values in rows_in(start.ljust(4096, b"\0") + content[4096:]) if len(values) == 5}
    assert found >= {key for key, *_ in ROWS}


def test_any_bytes_are_read_to_their_end() -> None:
    """Nothing, noise, and a page of one repeated byte: no error, no endless loop, and no more rows than fit."""
    noise = random.Random(1)
    for size in (0, 1, 20, 100, 4096, 20_000):
        for fill in (b"\0", b"\x0d", b"\xff", noise.randbytes(size) or b"\0"):
            content = (fill * size)[:size]
            assert len(list(rows_in(content))) <= size
            assert len(list(rows_in((b"\x0d" + content)[:size]))) <= size
