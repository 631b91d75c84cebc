"""Reading what can be read of an SQLite file, whatever its state."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from kling_widgets.storage.damage import (
    FIRST_MEMORY_NUMBER,
    SchemaError,
    columns,
    last_number,
    readable,
    suggests_damage,
)
from kling_widgets.storage.table_pages import Value, rows_in

_MARGIN = 1000  # row numbers to skip if the last assigned one cannot be read
_TYPES: dict[str, tuple[type, ...]] = {"INTEGER": (int,), "REAL": (int, float), "TEXT": (str,), "BLOB": (bytes,)}


def salvage(
    source: Path, target: sqlite3.Connection, tables: Sequence[str], timeout: float, *, damaged: bool = False
) -> None:
    """Copy the rows that can be read and that the target lacks, and make sure that no row number is assigned again.

    Args:
        source: the file; if it does not exist, nothing is copied.
        target: a connection with the same tables, the row number being the first column of each.
        tables: the names of the tables; the first one's numbers are AUTOINCREMENT.
        timeout: seconds to wait while another process writes.
        damaged: whether the file is known to be damaged; then its own index of tables is not trusted.
    """
    if not os.path.exists(source):  # os.path, as Path.exists raises for an impossible name
        return
    with contextlib.ExitStack() as stack:
        # Wait for a writer to finish and keep others from starting. UnicodeError: SQLite's message repeats bad bytes.
        with contextlib.suppress(sqlite3.Error, UnicodeError):
            writer = stack.enter_context(contextlib.closing(sqlite3.connect(source, timeout=timeout)))
            writer.execute("BEGIN IMMEDIATE")
        if damaged:
            _copy_pages(source, target, tables, timeout)
        whole = [_copy_table(source, target, table, timeout) for table in tables]
        if not damaged and not all(whole):
            _copy_pages(source, target, tables, timeout)
        last = _last(source, tables[0], timeout)
    statement = f"SELECT coalesce(max(rowid), 0) FROM {tables[0]} WHERE rowid < ?"  # noqa: S608 - our own names
    (largest,) = target.execute(statement, (FIRST_MEMORY_NUMBER,)).fetchone()
    set_last_number(
        target, tables[0], max(last, largest) if last is not None else min(largest + _MARGIN, FIRST_MEMORY_NUMBER - 1)
    )


def set_last_number(file: sqlite3.Connection, table: str, last: int) -> None:
    """Make the next row's number the one after ``last``."""
    file.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
    file.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))


def _last(source: Path, table: str, timeout: float) -> int | None:
    try:
        with contextlib.closing(_open_read_only(source, timeout)) as file:
            last = last_number(file, table)
            return last if 0 <= last < FIRST_MEMORY_NUMBER else None
    except (sqlite3.Error, ValueError, TypeError):
        return None


def _copy_table(source: Path, target: sqlite3.Connection, table: str, timeout: float) -> bool:
    """Copy the rows of a table, from both ends up to a damaged place; return whether the table is undamaged."""
    whole = True
    for order in ("rowid", "rowid DESC"):
        try:
            _copy_rows(source, target, table, order, timeout)
        except (sqlite3.Error, UnicodeError, SchemaError) as error:
            whole = whole and not suggests_damage(error)
    return whole


def _copy_rows(source: Path, target: sqlite3.Connection, table: str, order: str, timeout: float) -> None:
    with contextlib.closing(_open_read_only(source, timeout)) as file:
        ours, there = columns(target, table), columns(file, table)
        common = ours[: len(there)]
        if not common or common != there[: len(common)]:  # an older file has fewer columns, a newer one more
            raise SchemaError(f"{table} has other columns")
        names = ", ".join(("rowid", *common[1:]))
        _insert(target, table, common, file.execute(f"SELECT {names} FROM {table} ORDER BY {order}"))  # noqa: S608 - our own names


def _copy_pages(source: Path, target: sqlite3.Connection, tables: Sequence[str], timeout: float) -> None:
    """Copy the rows found in the file's pages into the table whose column types they match.

    The record of which page belongs to which table may be damaged, so it is not used.
    """
    known = {table: target.execute(f"PRAGMA table_info({table})").fetchall() for table in tables}
    with contextlib.suppress(OSError):
        for key, values in chain.from_iterable(map(rows_in, _contents(source, timeout))):
            if table := next((table for table, column in known.items() if _fits_table(values, column)), None):
                names = [name for _, name, *_ in known[table]]
                _insert(target, table, names[: len(values)], [(key, *values[1:])])


def _fits_table(values: Sequence[Value], table: Sequence[tuple[Any, ...]]) -> bool:
    """Return whether a row may be one of a table with these columns; an older row may have fewer."""
    if not 1 < len(values) <= len(table) or values[0] is not None:  # the row number's own column is stored as NULL
        return False
    left = table[len(values) :]
    return not any(required and default is None for _, _, _, required, default, _ in left) and all(
        not required if value is None else isinstance(value, _TYPES.get(kind, (object,)))
        for value, (_, _, kind, required, _, _) in zip(values[1:], table[1:], strict=False)
    )


def _insert(target: sqlite3.Connection, table: str, names: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    marks = ", ".join("?" * len(names))
    for row in rows:
        target.execute(f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})", row)  # noqa: S608 - our own names


def _contents(source: Path, timeout: float) -> Iterator[bytes]:
    """Yield the file's content with its write-ahead log, then the bytes on disk if SQLite cannot open all of it."""
    content = b""
    with (
        contextlib.suppress(sqlite3.Error, UnicodeError),
        contextlib.closing(sqlite3.connect(source, timeout=timeout)) as file,
    ):
        file.execute("PRAGMA writable_schema = ON")  # lets SQLite open a file with a damaged schema
        yield (content := file.serialize())
    if len(content) < source.stat().st_size:
        yield source.read_bytes()


def _open_read_only(source: Path, timeout: float) -> sqlite3.Connection:
    # On a read-only disk no lock file can be created; then the file can only be read as one that never changes.
    error: Exception = sqlite3.OperationalError("it cannot be read")
    for mode in ("mode=ro", "immutable=1"):
        file = sqlite3.connect(f"{source.as_uri()}?{mode}", timeout=timeout, uri=True)
        file.text_factory = readable
        try:
            file.execute("SELECT 1 FROM sqlite_master").fetchone()
            return file
        except (sqlite3.Error, UnicodeError) as found:
            file.close()
            error = found
            if not isinstance(found, sqlite3.OperationalError):
                break
    raise error
