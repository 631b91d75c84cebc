"""The record of every submission, from before it is sent: what is asked, where it went, under which id, how it ended.

An SQLite file that several kernels write at once. Each change is on disk before the step that it announces. Where no
file can be kept (a read-only home, a full disk), the journal goes on in memory and says so.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kling_widgets.core.request import VideoRequest
from kling_widgets.core.values import to_json
from kling_widgets.errors import KlingError, one_line

SCHEMA = 1
_CREATE = """
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
"""
_COLUMNS = [
    "key",
    "created",
    "service",
    "model",
    "body",
    "state",
    "task_id",
    "accepted",
    "ended",
    "url",
    "path",
    "error",
]

# The life of a wish: written → sending → accepted → running → succeeded | failed; or refused, or unknown when it is
# open whether it was accepted. "saved" is a succeeded one whose file is there.
UNFINISHED = ("accepted", "running", "succeeded")


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission.

    Attributes:
        key: the journal's own number.
        created: when it was written down, unix seconds.
        service: the address that it was sent to, or "demo".
        body: the JSON body; local files are links in it from "sending" on.
        state: "written", "sending", "accepted", "running", "succeeded", "saved", "failed", "refused" or "unknown".
        task_id: the service's id, once it is known.
        accepted, ended: unix seconds, or None.
        url: the link to the video, or None.
        path: the saved file, or None.
        error: why it ended without a video, or None.
    """

    key: int
    created: float
    service: str
    model: str
    body: dict[str, Any]
    state: str
    task_id: str | None = None
    accepted: float | None = None
    ended: float | None = None
    url: str | None = None
    path: str | None = None
    error: str | None = None

    @property
    def request(self) -> VideoRequest:
        """What was asked. Media in it are links: a path from a journal is never taken for a user's own."""
        return VideoRequest.from_payload(self.body)

    @property
    def demo(self) -> bool:
        """Whether the embedded demo was asked."""
        return self.service == "demo"


class Journal:
    """The journal in a file; safe to use from several threads and processes.

    Attributes:
        path: the file.
        trouble: why the journal is kept in memory only, or "" when all is well.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self.trouble = ""
        self._clock = clock
        self._lock = threading.Lock()
        try:
            self._connection = self._open()
        except (OSError, sqlite3.Error) as error:
            self.trouble = f"The journal {path} cannot be kept ({one_line(error, 120)}); it is in memory only."
            self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            self._connection.executescript(_CREATE)

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Prompts are private: the file is its owner's from the first moment.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA:
            connection.close()
            raise OSError(f"it was written by a newer version of kling_widgets, schema {version}")
        connection.executescript(_CREATE)
        connection.execute(f"PRAGMA user_version = {SCHEMA}")
        return connection

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise KlingError(f"The journal {self.path} cannot be used: {error}.") from None

    def write(self, request: VideoRequest, service: str) -> int:
        """Writes a wish down before anything is sent; gives its number."""
        body = to_json(request.draft())
        values = (self._clock(), service, request.model, body, "written")
        with self._cursor() as connection:
            cursor = connection.execute(
                "INSERT INTO submissions (created, service, model, body, state) VALUES (?, ?, ?, ?, ?)", values
            )
            assert cursor.lastrowid is not None
            return cursor.lastrowid

    def update(self, key: int, **columns: object) -> None:
        """Changes columns of one entry; ``body`` is given as a dict."""
        if "body" in columns:
            columns["body"] = to_json(columns["body"])
        unknown = set(columns) - set(_COLUMNS)
        assert not unknown, unknown
        assignments = ", ".join(f"{name} = ?" for name in columns)
        with self._cursor() as connection:
            connection.execute(f"UPDATE submissions SET {assignments} WHERE key = ?", (*columns.values(), key))  # noqa: S608 - names are checked above

    def entries(self, limit: int | None = None) -> tuple[Entry, ...]:
        """The submissions, newest first."""
        return self._select("ORDER BY created DESC, key DESC LIMIT ?", -1 if limit is None else limit)

    def find(self, task_id: str) -> Entry | None:
        """The submission with this task id; ``#7`` is the one of number 7, which may have no id."""
        if task_id.startswith("#") and task_id[1:].isdigit():
            found = self._select("WHERE key = ?", int(task_id[1:]))
        else:
            found = self._select("WHERE task_id = ? ORDER BY key DESC", task_id)
        return found[0] if found else None

    def unfinished(self) -> tuple[Entry, ...]:
        """The submissions that were accepted and whose video is not here yet, oldest first."""
        marks = ", ".join("?" * len(UNFINISHED))
        return self._select(f"WHERE state IN ({marks}) AND task_id IS NOT NULL ORDER BY key", *UNFINISHED)

    def usual(self, request: VideoRequest, service: str) -> float | None:
        """The median of the seconds that the last tasks of this model and length took, if there are any."""
        past = self._select(
            "WHERE service = ? AND model = ? AND accepted IS NOT NULL AND ended IS NOT NULL "
            "AND state IN ('succeeded', 'saved') ORDER BY key DESC LIMIT 50",
            service,
            request.model,
        )
        asked = request.draft()
        seconds, resolution = asked.get("seconds"), asked.get("metadata", {}).get("resolution")
        took = [
            entry.ended - entry.accepted
            for entry in past
            if entry.ended and entry.accepted and entry.ended > entry.accepted
            if entry.body.get("seconds") == seconds
            if entry.body.get("metadata", {}).get("resolution") == resolution
        ]
        return statistics.median(took) if took else None

    def _select(self, rest: str, *values: object) -> tuple[Entry, ...]:
        with self._cursor() as connection:
            rows = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM submissions {rest}", values).fetchall()  # noqa: S608 - our own text
        return tuple(entry for row in rows if (entry := _entry(row)))

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()


def _entry(row: tuple[Any, ...]) -> Entry | None:
    values = dict(zip(_COLUMNS, row, strict=True))
    try:
        body = json.loads(values.pop("body"))
    except ValueError:
        return None  # a row that somebody else wrote
    return Entry(body=body if isinstance(body, dict) else {}, **values)
