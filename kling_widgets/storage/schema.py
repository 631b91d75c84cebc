"""The tables of the journal."""

from __future__ import annotations

# One script for each version of the tables; an older file is brought up by those that it lacks.
SCRIPTS = (
    """
CREATE TABLE IF NOT EXISTS submissions (
    key INTEGER PRIMARY KEY,
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
    error TEXT
);
CREATE INDEX IF NOT EXISTS by_task ON submissions (task_id);
""",
    """
ALTER TABLE submissions ADD COLUMN owner TEXT;
ALTER TABLE submissions ADD COLUMN cost REAL;
ALTER TABLE submissions ADD COLUMN currency TEXT;
ALTER TABLE submissions ADD COLUMN poster BLOB;
CREATE TABLE wishes (
    key INTEGER PRIMARY KEY,
    same TEXT NOT NULL,
    cell TEXT NOT NULL,
    run TEXT NOT NULL,
    submission INTEGER NOT NULL
);
CREATE INDEX by_same ON wishes (same, cell)
""",
    """
ALTER TABLE submissions ADD COLUMN sha256 TEXT
""",
    # No number is given twice, whatever was forgotten or lost: one kernel never writes over another's wish.
    """
CREATE TABLE numbered (
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
INSERT INTO numbered SELECT * FROM submissions;
DROP TABLE submissions;
ALTER TABLE numbered RENAME TO submissions;
CREATE INDEX by_task ON submissions (task_id);
CREATE INDEX by_state ON submissions (state);
CREATE INDEX by_created ON submissions (created)
""",
    # The nth identical wish of a cell's run is known by (cell, same, nth): one submission at a time has this key, the
    # last one that it has led to. Older files may hold several that are open; their last one gets it.
    """
ALTER TABLE wishes ADD COLUMN nth INTEGER;
CREATE TABLE counted (key INTEGER PRIMARY KEY, nth INTEGER, again INTEGER);
INSERT INTO counted SELECT key, nth, row_number() OVER (PARTITION BY cell, same, nth ORDER BY key DESC) FROM (
    SELECT key, cell, same, row_number() OVER (PARTITION BY cell, same, run ORDER BY key) AS nth
    FROM wishes WHERE cell <> ''
);
UPDATE wishes SET nth = (SELECT nth FROM counted WHERE counted.key = wishes.key AND again = 1);
DROP TABLE counted;
CREATE UNIQUE INDEX one_each ON wishes (cell, same, nth)
""",
)
