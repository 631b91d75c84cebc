"""Tasks, uploads and clips on disk: they outlive the process, and several services can share the folder at once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kling_widgets.demo.drawing.animation import UPLOAD_NAME, upload_name
from kling_widgets.demo.failures import Behaviour, behaviour

VERSION = 2  # of the drawing: increase it if the same request looks different, so that no old clip is reused for it
OWNER_TIMEOUT = 3.0  # seconds without a heartbeat after which another service takes a task over
QUEUED = 0.1  # the share of its time for which a task is reported as queued
FAILS_AT = 0.5  # the share of its time after which a task with a simulated failure fails

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, prompt TEXT NOT NULL, clip TEXT NOT NULL,
    created REAL NOT NULL, takes REAL NOT NULL,
    started REAL, drawn REAL NOT NULL DEFAULT 0, finished REAL, error TEXT, owner TEXT, seen REAL
)
"""
# Errors of SQLite that do not mean that the file is damaged.
_ENVIRONMENT_ERRORS = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
)
SCRATCH = ".drawing-"  # prefix of the folders of clips that are being drawn
OLD = 24 * 3600.0  # seconds after which such a folder is deleted
_TASK_ID = re.compile(r"demo_[0-9a-f]{20}")
_UNCLAIMED = "finished IS NULL AND (owner IS NULL OR seen < ? OR seen > ?)"  # seen > now: the clock was set back


@dataclass(frozen=True)
class State:
    """State of a task: "queued", "running", "succeeded" or "failed"; progress in per cent; error message and code."""

    status: str
    progress: int
    error: tuple[str, str] | None = None


@dataclass(frozen=True)
class Row:
    """One task. Times are in Unix seconds; ``takes`` is its minimum time in seconds, ``drawn`` the share drawn."""

    id: str
    body: Mapping[str, Any]
    prompt: str
    clip: str
    created: float
    takes: float
    started: float | None
    drawn: float
    finished: float | None
    error: str | None

    @property
    def behaviour(self) -> Behaviour:
        return behaviour(self.prompt)

    def state(self, now: float) -> State:
        """Return the state at a time. A task runs for its minimum time even if its clip is finished earlier."""
        if self.error:
            return State("failed", 100, (self.error, "task_failed"))
        if self.started is None:
            return State("queued", 0)
        passed = max(0.0, now - self.started) / self.takes
        wanted = self.behaviour.error
        if wanted and passed >= FAILS_AT:
            return State("failed", 100, wanted)
        if self.finished is not None and passed >= 1:
            return State("succeeded", 100)
        if passed < QUEUED:
            return State("queued", 0)
        # Odd numbers only, as clients take 10, 20 and 30 for the stage marks of the stock gateway.
        progress = min(99, int(100 * min(passed, 0.05 + 0.95 * self.drawn)) | 1)
        return State("running", progress)


class Store:
    """The demo's folder. Thread-safe."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self.folder, self.now = folder, now
        self.clips, self.uploads = folder / "clips", folder / "uploads"
        for path in (folder, self.clips, self.uploads):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for leftover in self.clips.glob(f"{SCRATCH}*"):  # left by a process that was killed
            with contextlib.suppress(OSError):
                if now() - leftover.stat().st_mtime > OLD:
                    shutil.rmtree(leftover)
        if self._damaged():
            # Demo tasks are free, so a damaged file is set aside without any attempt to recover them.
            for end in ("-journal", ""):
                with contextlib.suppress(FileNotFoundError):
                    os.replace(folder / f"tasks.sqlite{end}", folder / f"tasks.damaged.sqlite{end}")
        with self._open() as db:
            db.execute(_SCHEMA)

    def _damaged(self) -> bool:
        try:
            with self._open() as db:
                db.execute(_SCHEMA)
                db.execute(f"SELECT {', '.join(Row.__dataclass_fields__)}, owner, seen FROM tasks LIMIT 1").fetchall()  # noqa: S608
                db.execute("INSERT INTO tasks (id, body, prompt, clip, created, takes) VALUES ('', '', '', '', 0, 0)")
                db.execute("DELETE FROM tasks WHERE id = ''")
                return bool(db.execute("PRAGMA integrity_check(1)").fetchall() != [("ok",)])
        except UnicodeError:  # SQLite's message repeats damaged bytes
            return True
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _ENVIRONMENT_ERRORS:
                raise
            return True

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # One connection for each call: threads and processes share only the file, and a kernel keeps none open.
        db = sqlite3.connect(self.folder / "tasks.sqlite", timeout=30)
        db.text_factory = lambda text: text.decode("utf-8", "replace")
        try:
            with db:
                yield db
        finally:
            db.close()

    def _row(self, db: sqlite3.Connection, task_id: str) -> Row | None:
        names = Row.__dataclass_fields__
        found = db.execute(f"SELECT {', '.join(names)} FROM tasks WHERE id = ?", (task_id,)).fetchone()  # noqa: S608
        if not found:
            return None
        fields = dict(zip(names, found, strict=True))
        try:
            fields |= {"body": dict(json.loads(fields["body"])), "clip": Path(fields["clip"]).name}
            if fields["created"] + fields["takes"] + (fields["started"] or 0) + fields["drawn"] > 0 and fields["body"]:
                return Row(**fields)
        except (ValueError, TypeError):
            pass
        times = {"created": 0.0, "takes": 1.0, "started": None, "drawn": 0.0, "finished": None}
        return Row(task_id, {"model": ""}, "", "none", **times, error="what the demo kept of this task is damaged")  # type: ignore[arg-type]

    def clip(self, row: Row) -> Path:
        """Return the path of the task's clip, which need not exist yet. Equal requests share a clip."""
        return self.clips / f"{row.clip}.mp4"

    def create(self, body: Mapping[str, Any], prompt: str, takes: float) -> Row:
        """Create a task; ``takes`` is its minimum time in seconds, which words in the prompt can extend."""
        script = behaviour(prompt)
        clip = _fingerprint(body)
        now = self.now()
        # A clip that nobody will see, or that exists already, is not drawn.
        done = script.error or script.link == "never" or (self.clips / f"{clip}.mp4").is_file()
        row = (f"demo_{secrets.token_hex(10)}", json.dumps(body), prompt, clip, now, max(0.01, takes * script.stretch))
        with self._open() as db:
            db.execute("INSERT INTO tasks (id, body, prompt, clip, created, takes) VALUES (?, ?, ?, ?, ?, ?)", row)
            if done:
                db.execute("UPDATE tasks SET started = ?, finished = ?, drawn = 1 WHERE id = ?", (now, now, row[0]))
            created = self._row(db, row[0])
        assert created
        return created

    def get(self, task_id: str) -> Row | None:
        """Return the task, or None. A finished task whose clip has been deleted is reset, to be drawn again."""
        if not _TASK_ID.fullmatch(task_id):
            return None
        with self._open() as db:
            row = self._row(db, task_id)
            wanted = (
                row and row.finished and not row.error and not row.behaviour.error and row.behaviour.link != "never"
            )
            if row and wanted and not self.clip(row).is_file():
                db.execute(
                    "UPDATE tasks SET finished = NULL, started = NULL, owner = NULL, drawn = 0 WHERE id = ?", (row.id,)
                )
                row = self._row(db, task_id)
        return row

    def claim(self, owner: str) -> Row | None:
        """Claim the oldest task that no service draws, and return it; None if there is none."""
        now = self.now()
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            found = db.execute(
                f"SELECT id FROM tasks WHERE {_UNCLAIMED} ORDER BY created LIMIT 1",  # noqa: S608
                (now - OWNER_TIMEOUT, now + OWNER_TIMEOUT),
            ).fetchone()
            if not found:
                return None
            db.execute(
                "UPDATE tasks SET owner = ?, seen = ?, started = ?, drawn = 0 WHERE id = ?", (owner, now, now, found[0])
            )
            return self._row(db, found[0])

    def heartbeat(self, row: Row, owner: str, drawn: float) -> None:
        """Record that the owner is alive, and the share that it has drawn."""
        with self._open() as db:
            db.execute(
                "UPDATE tasks SET seen = ?, drawn = ? WHERE id = ? AND owner = ?", (self.now(), drawn, row.id, owner)
            )

    def finish(self, row: Row, error: str | None = None) -> None:
        """Mark the task as finished, or as failed with this error."""
        with self._open() as db:
            db.execute(
                "UPDATE tasks SET finished = ?, drawn = 1, error = ?, owner = NULL WHERE id = ?",
                (self.now(), error, row.id),
            )

    def release(self, owner: str) -> None:
        """Release the owner's unfinished tasks, so that other services can claim them."""
        with self._open() as db:
            db.execute("UPDATE tasks SET owner = NULL, drawn = 0 WHERE owner = ? AND finished IS NULL", (owner,))

    def save_upload(self, data: bytes, suffix: str) -> str:
        """Save a picture, and return its file name, which is derived from its content."""
        name = hashlib.sha256(data).hexdigest()[:32] + suffix
        part = self.uploads / f".{name}.{secrets.token_hex(4)}"
        try:
            part.write_bytes(data)
            os.replace(part, self.uploads / name)
        finally:
            part.unlink(missing_ok=True)
        return name

    def upload(self, name: str) -> Path | None:
        """Return the path of an upload, or None."""
        path = self.uploads / name
        return path if UPLOAD_NAME.fullmatch(name) and path.is_file() else None


def _fingerprint(body: Mapping[str, Any]) -> str:
    """Return the clip's name for a body. The links of an upload are the same for all ports of the demo."""

    def normalised(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: normalised(item) for key, item in value.items()}
        if isinstance(value, list):
            return [normalised(item) for item in value]
        return (upload_name(value) or value) if isinstance(value, str) else value

    text = json.dumps([VERSION, normalised(dict(body))], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
