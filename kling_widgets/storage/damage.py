"""Finding out if an SQLite file is damaged: from an error, and from the file's tables and row numbers."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path

FIRST_MEMORY_NUMBER = 10**9  # row numbers from here on are assigned in memory; those of a file stay far below

_AHEAD = 10  # schema versions that a newer package may be ahead; a higher number beside our own tables is damage
# Errors of the disk and of other writers, which are no sign of a damaged file.
_OUTSIDE = {
    *(sqlite3.SQLITE_OK, sqlite3.SQLITE_PERM, sqlite3.SQLITE_ABORT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
    *(sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_AUTH),
}


class SchemaError(OSError):
    """The file has other tables than our versions: a newer package wrote it, or it is damaged."""


def suggests_damage(error: Exception) -> bool:
    """Return whether an error may come from damage.

    A UnicodeError may: SQLite's message can repeat damaged bytes, which cannot be decoded.
    """
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    return isinstance(error, UnicodeError | SchemaError) or code not in _OUTSIDE


def is_intact(path: Path, scripts: Sequence[str], first: str, timeout: float) -> bool:
    """Return whether a file can be read completely, and has the tables and row numbers that it should have.

    Args:
        path: the file.
        scripts: SQL, one script for each schema version.
        first: the table whose row numbers must never be reused.
        timeout: seconds to wait while another process writes.

    Raises:
        sqlite3.Error: the file cannot be checked now.
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
                return version <= len(scripts) + _AHEAD or not has_tables(file, scripts)
            return version >= 0 and has_tables(file, scripts[:version]) and _numbering_is_intact(file, first)
    except (sqlite3.Error, UnicodeError) as error:
        if suggests_damage(error):
            return False
        raise


def has_tables(file: sqlite3.Connection, scripts: Sequence[str]) -> bool:
    """Return whether the file has exactly the tables and columns that these scripts create."""
    with contextlib.closing(sqlite3.connect(":memory:")) as made:
        for script in scripts:
            made.executescript(script)
        return _tables(file) == _tables(made)


def version_of(file: sqlite3.Connection) -> int:
    """Return the schema version that the file declares."""
    (version,) = file.execute("PRAGMA user_version").fetchone()
    return int(version)


def columns(file: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns; an empty list if there is no such table."""
    return [name for _, name, *_ in file.execute(f"PRAGMA table_info({table})")]


def last_number(file: sqlite3.Connection, table: str) -> int:
    """Return the highest row number that the table has ever assigned."""
    found = file.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return int(found[0]) if found else 0


# A text factory that replaces invalid bytes, so that one damaged letter does not make the rest unreadable.
readable = partial(str, encoding="utf-8", errors="replace")


def _tables(file: sqlite3.Connection) -> dict[str, list[str]]:
    found = file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {name: columns(file, name) for (name,) in found if not name.startswith("sqlite_")}


def _numbering_is_intact(file: sqlite3.Connection, first: str) -> bool:
    """Return whether the next row gets a higher number than all others."""
    if not columns(file, "sqlite_sequence"):
        return True  # an empty file, or a version without AUTOINCREMENT
    file.execute(f"EXPLAIN INSERT INTO {first} DEFAULT VALUES")
    statement = f"SELECT coalesce(max(rowid), 0) FROM {first} WHERE rowid < ?"  # noqa: S608 - our own names
    (largest,) = file.execute(statement, (FIRST_MEMORY_NUMBER,)).fetchone()
    try:
        return int(largest) <= last_number(file, first) < FIRST_MEMORY_NUMBER
    except (ValueError, TypeError):  # not a number
        return False
