"""What can be read of a file of tables, whatever state it is in."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

APART = 10**9  # numbers from here on are given in memory; those of a file stay far below
_MARGIN = 1000  # numbers that are not given again where it cannot be read which one was the last


def salvage(source: Path, target: sqlite3.Connection, tables: Sequence[str], patience: float) -> None:
    """Copies the rows that can be read, and that the target lacks, and sees to it that no number is given again.

    Args:
        source: the file; one that is not there has no rows.
        target: has the same tables.
        tables: their names; the first one's numbers are AUTOINCREMENT.
        patience: seconds to wait while another process writes.
    """
    if not source.exists():
        return
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(sqlite3.Error):  # who is writing it now ends first, and nobody begins
            writer = stack.enter_context(contextlib.closing(sqlite3.connect(source, timeout=patience)))
            writer.execute("BEGIN IMMEDIATE")
        for table in tables:
            for order in ("rowid", "rowid DESC"):  # from both ends to where it is damaged
                with contextlib.suppress(sqlite3.Error):
                    _copy_rows(source, target, table, order, patience)
        last = _last(source, tables[0], patience)
    statement = f"SELECT coalesce(max(rowid), 0) FROM {tables[0]} WHERE rowid < ?"  # noqa: S608 - our own names
    (largest,) = target.execute(statement, (APART,)).fetchone()
    number(target, tables[0], max(last, largest) if last is not None else largest + _MARGIN)


def last_number(file: sqlite3.Connection, table: str) -> int:
    """The last number that was ever given to a row."""
    found = file.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return int(found[0]) if found else 0


def number(file: sqlite3.Connection, table: str, last: int) -> None:
    """Goes on numbering behind a number."""
    file.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
    file.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))


def _last(source: Path, table: str, patience: float) -> int | None:
    try:
        with contextlib.closing(_reading(source, patience)) as file:
            return last_number(file, table)
    except (sqlite3.Error, ValueError, TypeError):
        return None


def _copy_rows(source: Path, target: sqlite3.Connection, table: str, order: str, patience: float) -> None:
    known = {name for _, name, *_ in target.execute(f"PRAGMA table_info({table})")}
    with contextlib.closing(_reading(source, patience)) as file:
        file.text_factory = lambda text: text.decode("utf-8", "replace")
        there = [name for _, name, *_ in file.execute(f"PRAGMA table_info({table})") if name in known]
        marks = ", ".join("?" * len(there))
        for row in file.execute(f"SELECT {', '.join(there)} FROM {table} ORDER BY {order}"):  # noqa: S608 - our own names
            target.execute(f"INSERT OR IGNORE INTO {table} ({', '.join(there)}) VALUES ({marks})", row)  # noqa: S608 - our own names


def _reading(source: Path, patience: float) -> sqlite3.Connection:
    # A disk that takes no write takes no lock file either: then only an unchanging file can be read.
    for mode in ("mode=ro", "immutable=1"):
        file = sqlite3.connect(f"{source.as_uri()}?{mode}", timeout=patience, uri=True)
        with contextlib.suppress(sqlite3.OperationalError):
            file.execute("SELECT 1 FROM sqlite_master").fetchone()
            return file
        file.close()
    raise sqlite3.OperationalError("it cannot be read")
