"""The record of every submission, from before it is sent: what is asked, where it went, under which id, how it ended.

An SQLite file that several kernels write at once. Each change is on disk before the step that it announces. Where no
file can be kept (a read-only home, a full disk), the journal goes on in memory and says so.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kling_widgets.core.request import VideoRequest
from kling_widgets.core.values import to_json
from kling_widgets.errors import one_line

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
_NUMBER, _TEXT = (int, float), (str,)
_NONE = (type(None),)
# SQLite takes a value of any type into any column, and a file may have other writers.
_COLUMNS: dict[str, tuple[type, ...]] = {
    "key": (int,),
    "created": _NUMBER,
    "service": _TEXT,
    "model": _TEXT,
    "body": _TEXT,
    "state": _TEXT,
    "task_id": _TEXT + _NONE,
    "accepted": _NUMBER + _NONE,
    "ended": _NUMBER + _NONE,
    "url": _TEXT + _NONE,
    "path": _TEXT + _NONE,
    "error": _TEXT + _NONE,
}
_ALL = ", ".join(_COLUMNS)

# The life of a wish: written → sending → accepted → succeeded → saved; or accepted → failed; or, in place of accepted,
# refused (nothing is billed), or unknown (whether it was accepted is open). A kernel that is killed leaves it where it
# was: "sending" is then an unknown one too.
UNFINISHED = ("accepted", "succeeded")


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission.

    Attributes:
        key: the journal's own number.
        created: when it was written down, unix seconds.
        service: the address that it was sent to, or "demo".
        body: the JSON body; local files are links in it from "sending" on.
        state: "written", "sending", "accepted", "succeeded", "saved", "failed", "refused" or "unknown".
        task_id: the service's id, once it is known.
        accepted: when the service took it, unix seconds, or None.
        ended: when it ended at the service, unix seconds; None also when nobody was watching then.
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
        """What was asked. Media in it are links: a path from a journal is never taken for a user's own.

        Raises:
            InvalidRequestError: a body of somebody else, with keys that no request has.
        """
        return VideoRequest.from_payload(self.body)

    @property
    def demo(self) -> bool:
        """Whether the embedded demo was asked."""
        return self.service == "demo"


class Journal:
    """The journal in a file; safe to use from several threads and processes, and after a fork.

    The file is open only for the moment of each change. Once it cannot be used, what could be read of it goes on in
    memory; nothing here raises for that.

    Args:
        path: the file; its folder is made.
        clock: unix seconds.
        patience: seconds to wait while another process writes.

    Attributes:
        trouble: why the journal is kept in memory only, or "" when all is well.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time, patience: float = 10.0) -> None:
        self.path = path.absolute()
        self.trouble = ""
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        self._memory: sqlite3.Connection | None = None
        self._do("SELECT 1")  # so that trouble is known from the beginning

    def _do(self, statement: str, values: Sequence[object] = ()) -> tuple[list[Any], int]:
        """The rows that a statement gives, and the number of the one that it inserted."""
        clean = [_clean(value) for value in values]
        with self._lock:
            if self._memory is None:
                try:
                    with contextlib.closing(self._open()) as file:
                        return _result(file.execute(statement, clean))
                except (OSError, ValueError, sqlite3.Error) as error:
                    self.trouble = f"The journal {self.path} cannot be kept ({_why(error)}); it is in memory only."
                    self._memory = self._copy()
            return _result(self._memory.execute(statement, clean))

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Prompts are private: the file is its owner's from the first moment.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        file = sqlite3.connect(self.path, timeout=self._patience, isolation_level=None)
        try:
            (version,) = file.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA:
                raise OSError(f"it was written by a newer version of kling_widgets, schema {version}")
            if version < SCHEMA:
                file.executescript(f"BEGIN IMMEDIATE; {_CREATE} PRAGMA user_version = {SCHEMA}; COMMIT;")
        except BaseException:
            file.close()
            raise
        return file

    def _copy(self) -> sqlite3.Connection:
        """What can be read of the file, in memory."""
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        memory.executescript(_CREATE)
        with contextlib.suppress(sqlite3.Error):
            source = sqlite3.connect(f"{self.path.as_uri()}?mode=ro", timeout=self._patience, uri=True)
            with contextlib.closing(source) as file:
                marks = ", ".join("?" * len(_COLUMNS))
                for row in file.execute(f"SELECT {_ALL} FROM submissions"):  # noqa: S608 - our own names
                    memory.execute(f"INSERT INTO submissions ({_ALL}) VALUES ({marks})", row)  # noqa: S608
        return memory

    def write(self, request: VideoRequest, service: str) -> int:
        """Writes a wish down before anything is sent; gives its number."""
        return self._insert(service, request.model, to_json(request.draft()), "written", None)

    def adopt(self, task_id: str, service: str) -> Entry:
        """Writes down a task that was submitted elsewhere; what was asked of it is not known."""
        key = self._insert(service, "", "{}", "accepted", task_id)
        return self._select("WHERE key = ?", key)[0]

    def _insert(self, *values: object) -> int:
        columns = "created, service, model, body, state, task_id"
        statement = f"INSERT INTO submissions ({columns}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own names
        return self._do(statement, (self._clock(), *values))[1]

    def update(self, key: int, **columns: object) -> None:
        """Changes columns of one entry; ``body`` is given as a dict."""
        if "body" in columns:
            columns["body"] = to_json(columns["body"])
        unknown = set(columns) - set(_COLUMNS)
        assert not unknown, unknown
        assignments = ", ".join(f"{name} = ?" for name in columns)
        self._do(f"UPDATE submissions SET {assignments} WHERE key = ?", (*columns.values(), key))  # noqa: S608 - checked above

    def entries(self, limit: int | None = None) -> tuple[Entry, ...]:
        """The submissions, newest first."""
        return self._select("ORDER BY created DESC, key DESC LIMIT ?", -1 if limit is None else limit)

    def find(self, task_id: str) -> Entry | None:
        """The submission with this task id; ``#7`` is the one of number 7, which may have no id."""
        if number := re.fullmatch(r"#(\d{1,15})", task_id, re.ASCII):
            found = self._select("WHERE key = ?", int(number[1]))
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
        asked = _kind(request.draft())
        took = [
            entry.ended - entry.accepted
            for entry in past
            if entry.ended and entry.accepted and entry.ended > entry.accepted and _kind(entry.body) == asked
        ]
        return statistics.median(took) if took else None

    def _select(self, rest: str, *values: object) -> tuple[Entry, ...]:
        rows, _ = self._do(f"SELECT {_ALL} FROM submissions {rest}", values)  # noqa: S608 - our own text
        return tuple(entry for row in rows if (entry := _entry(row)))

    def close(self) -> None:
        """Forgets what is in memory only; a file is never left open."""
        with self._lock:
            if self._memory is not None:
                self._memory.close()
                self._memory = None


def _result(cursor: sqlite3.Cursor) -> tuple[list[Any], int]:
    return cursor.fetchall(), cursor.lastrowid or 0


def _entry(row: tuple[Any, ...]) -> Entry | None:
    """The entry of a row; None for one that somebody else wrote."""
    values = dict(zip(_COLUMNS, row, strict=True))
    if not all(isinstance(value, _COLUMNS[name]) for name, value in values.items()):
        return None
    try:
        body = json.loads(values.pop("body"))
    except (ValueError, RecursionError):
        return None
    return Entry(body=body, **values) if isinstance(body, dict) else None


def _kind(body: dict[str, Any]) -> tuple[object, object]:
    """What the time depends on, besides the model: the seconds and the resolution that are asked for."""
    metadata = body.get("metadata")
    return body.get("seconds"), metadata.get("resolution") if isinstance(metadata, dict) else None


def _clean(value: object) -> object:
    # SQLite takes no lone surrogates, which a file name may hold.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _why(error: Exception) -> str:
    return one_line(getattr(error, "strerror", None) or error, 120)
