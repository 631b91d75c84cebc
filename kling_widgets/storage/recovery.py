"""What can be read of a file of tables, whatever state it is in."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from kling_widgets.storage.damage import APART, SchemaError, columns, last_number, readable, suspected
from kling_widgets.storage.table_pages import Value, rows_in

_MARGIN = 1000  # numbers that are not given again where it cannot be read which one was the last
_TYPES: dict[str, tuple[type, ...]] = {"INTEGER": (int,), "REAL": (int, float), "TEXT": (str,), "BLOB": (bytes,)}


def salvage(
    source: Path, target: sqlite3.Connection, tables: Sequence[str], timeout: float, *, damaged: bool = False
) -> None:
    """Copies the rows that can be read, and that the target lacks, and sees to it that no number is given again.

    Args:
        source: the file; one that is not there has no rows.
        target: has the same tables, each with its number as the first column.
        tables: their names; the first one's numbers are AUTOINCREMENT.
        timeout: seconds to wait while another process writes.
        damaged: whether it is known to be; then the file's own directory is not believed.
    """
    if not os.path.exists(source):  # also where no file could have that name
        return
    with contextlib.ExitStack() as stack:
        # Who is writing it now ends first, and nobody begins. A message about damage may be no text.
        with contextlib.suppress(sqlite3.Error, UnicodeError):
            writer = stack.enter_context(contextlib.closing(sqlite3.connect(source, timeout=timeout)))
            writer.execute("BEGIN IMMEDIATE")
        if damaged:
            _copy_leaves(source, target, tables, timeout)
        whole = [_copy_table(source, target, table, timeout) for table in tables]
        if not damaged and not all(whole):
            _copy_leaves(source, target, tables, timeout)
        last = _last(source, tables[0], timeout)
    statement = f"SELECT coalesce(max(rowid), 0) FROM {tables[0]} WHERE rowid < ?"  # noqa: S608 - our own names
    (largest,) = target.execute(statement, (APART,)).fetchone()
    number(target, tables[0], max(last, largest) if last is not None else min(largest + _MARGIN, APART - 1))


def number(file: sqlite3.Connection, table: str, last: int) -> None:
    """Goes on numbering behind a number."""
    file.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
    file.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))


def _last(source: Path, table: str, timeout: float) -> int | None:
    try:
        with contextlib.closing(_reading(source, timeout)) as file:
            last = last_number(file, table)
            return last if 0 <= last < APART else None
    except (sqlite3.Error, ValueError, TypeError):
        return None


def _copy_table(source: Path, target: sqlite3.Connection, table: str, timeout: float) -> bool:
    """Copies the rows of a table, from both ends to where it is damaged; whether it is not damaged."""
    whole = True
    for order in ("rowid", "rowid DESC"):
        try:
            _copy_rows(source, target, table, order, timeout)
        except (sqlite3.Error, UnicodeError, SchemaError) as error:
            whole = whole and not suspected(error)
    return whole


def _copy_rows(source: Path, target: sqlite3.Connection, table: str, order: str, timeout: float) -> None:
    with contextlib.closing(_reading(source, timeout)) as file:
        ours, there = columns(target, table), columns(file, table)
        common = ours[: len(there)]
        if not common or common != there[: len(common)]:  # an older file has less of them, a newer one more
            raise SchemaError(f"{table} has other columns")
        names = ", ".join(("rowid", *common[1:]))
        _insert(target, table, common, file.execute(f"SELECT {names} FROM {table} ORDER BY {order}"))  # noqa: S608 - our own names


def _copy_leaves(source: Path, target: sqlite3.Connection, tables: Sequence[str], timeout: float) -> None:
    """Copies the rows whose values are of a table's kinds: which table they are of stands in what may be damaged."""
    known = {table: target.execute(f"PRAGMA table_info({table})").fetchall() for table in tables}
    with contextlib.suppress(OSError):
        for key, values in chain.from_iterable(map(rows_in, _contents(source, timeout))):
            if table := next((table for table, column in known.items() if _belongs(values, column)), None):
                names = [name for _, name, *_ in known[table]]
                _insert(target, table, names[: len(values)], [(key, *values[1:])])


def _belongs(values: Sequence[Value], table: Sequence[tuple[Any, ...]]) -> bool:
    """Whether a row is one of a table with these columns; an older row may have less of them."""
    if not 1 < len(values) <= len(table) or values[0] is not None:  # in place of its number stands nothing
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
    """The file with what its log adds; then as it lies on the disk, where SQLite does not open it, or not all of it."""
    content = b""
    with (
        contextlib.suppress(sqlite3.Error, UnicodeError),
        contextlib.closing(sqlite3.connect(source, timeout=timeout)) as file,
    ):
        file.execute("PRAGMA writable_schema = ON")  # so that a damaged schema keeps nobody from reading
        yield (content := file.serialize())
    if len(content) < source.stat().st_size:
        yield source.read_bytes()


def _reading(source: Path, timeout: float) -> sqlite3.Connection:
    # A disk that takes no write takes no lock file either: then only an unchanging file can be read.
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
