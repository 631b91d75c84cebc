"""Whether a file of tables is damaged: what an error says of that, and what its tables and numbers do."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path

APART = 10**9  # numbers from here on are given in memory; those of a file stay far below

_AHEAD = 10  # versions that a newer package may be ahead; a number above that, with our very tables, is damaged
# Errors of the disk and of other writers, which say nothing about the content of the file.
_OUTSIDE = {
    *(sqlite3.SQLITE_OK, sqlite3.SQLITE_PERM, sqlite3.SQLITE_ABORT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
    *(sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_AUTH),
}


class SchemaError(OSError):
    """The file does not have the tables of our versions: a newer package wrote it, or it is damaged."""


def suspected(error: Exception) -> bool:
    """Whether the error may come from damage. SQLite's message may repeat damaged bytes, which are no text."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    return isinstance(error, UnicodeError | SchemaError) or code not in _OUTSIDE


def sound(path: Path, scripts: Sequence[str], first: str, timeout: float) -> bool:
    """Whether a file is whole, and has the tables and numbers that it should have.

    Args:
        path: the file.
        scripts: SQL, one for each version of the tables.
        first: the table whose numbers are never given again.
        timeout: seconds to wait while another process writes.

    Raises:
        sqlite3.Error: it cannot be looked at now.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=timeout)) as file:
            file.text_factory = readable
            if file.execute("PRAGMA integrity_check(1)").fetchall() != [("ok",)]:
                return False
            if file.serialize()[18:20] not in (b"", b"\1\1", b"\2\2"):  # a format that SQLite does not write
                return False
            version = version_of(file)
            if version > len(scripts):
                return version <= len(scripts) + _AHEAD or not fits(file, scripts)
            return version >= 0 and fits(file, scripts[:version]) and _counts_on(file, first)
    except (sqlite3.Error, UnicodeError) as error:
        if suspected(error):
            return False
        raise


def fits(file: sqlite3.Connection, scripts: Sequence[str]) -> bool:
    """Whether the file has the tables that these scripts make, with their columns, and no others."""
    with contextlib.closing(sqlite3.connect(":memory:")) as made:
        for script in scripts:
            made.executescript(script)
        return _tables(file) == _tables(made)


def version_of(file: sqlite3.Connection) -> int:
    """The version of the tables, as the file says."""
    (version,) = file.execute("PRAGMA user_version").fetchone()
    return int(version)


def columns(file: sqlite3.Connection, table: str) -> list[str]:
    """The names of a table's columns; none where there is no such table."""
    return [name for _, name, *_ in file.execute(f"PRAGMA table_info({table})")]


def last_number(file: sqlite3.Connection, table: str) -> int:
    """The last number that was ever given to a row."""
    found = file.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return int(found[0]) if found else 0


# Reads text as SQLite keeps it: a letter that is damaged does not keep anybody from reading the others.
readable = partial(str, encoding="utf-8", errors="replace")


def _tables(file: sqlite3.Connection) -> dict[str, list[str]]:
    found = file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {name: columns(file, name) for (name,) in found if not name.startswith("sqlite_")}


def _counts_on(file: sqlite3.Connection, first: str) -> bool:
    """Whether the next row gets a number behind all others."""
    if not columns(file, "sqlite_sequence"):
        return True  # an empty file, or a version that kept no numbers
    file.execute(f"EXPLAIN INSERT INTO {first} DEFAULT VALUES")
    statement = f"SELECT coalesce(max(rowid), 0) FROM {first} WHERE rowid < ?"  # noqa: S608 - our own names
    (largest,) = file.execute(statement, (APART,)).fetchone()
    try:
        return int(largest) <= last_number(file, first) < APART
    except (ValueError, TypeError):  # no number at all
        return False
