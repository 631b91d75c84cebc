"""The tables of the journal."""

from __future__ import annotations

_FIRST_RELEASED = """
CREATE TABLE submissions (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    created REAL NOT NULL,
    service TEXT NOT NULL,
    model TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    task_id TEXT,
    accepted REAL,
    ended REAL,
    url TEXT,
    path TEXT,
    error TEXT,
    owner TEXT,
    cost REAL,
    currency TEXT,
    poster BLOB,
    sha256 TEXT
);
CREATE INDEX by_task ON submissions (task_id);
CREATE INDEX by_state ON submissions (state);
CREATE INDEX by_created ON submissions (created);
CREATE TABLE wishes (
    key INTEGER PRIMARY KEY,
    same TEXT NOT NULL,
    cell TEXT NOT NULL,
    run TEXT NOT NULL,
    submission INTEGER NOT NULL,
    nth INTEGER
);
CREATE INDEX by_same ON wishes (same, cell);
CREATE UNIQUE INDEX one_each ON wishes (cell, same, nth)
"""

# One script for each schema version, which upgrades the tables of the version before. Keys are never reused, even after
# rows were deleted or lost, so one kernel never overwrites another's row. A request is identified by (cell, same, nth):
# the nth identical request in one run of the cell. Versions 1 to 4 were never released: a file of theirs is set aside
# like a damaged one, and its rows are copied into a new file.
SCRIPTS = ("", "", "", "", _FIRST_RELEASED)
