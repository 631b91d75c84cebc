"""The tasks, uploads and clips on disk: they outlive the process, and several services may share the folder at once."""

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

VERSION = 2  # of the drawing: raise it when the same request is to look different, so that no old clip is shown for it
SILENCE = 3.0  # seconds without a beat after which the service that draws a task counts as gone: another one takes it
QUEUED = 0.1  # the share of its time that a task is seen in the queue
FAILS_AT = 0.5  # the share of its time after which a task fails that was asked to

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, prompt TEXT NOT NULL, clip TEXT NOT NULL,
    created REAL NOT NULL, takes REAL NOT NULL,
    started REAL, drawn REAL NOT NULL DEFAULT 0, finished REAL, error TEXT, owner TEXT, seen REAL
)
"""
# Errors that say nothing about what is in the file.
_OUTSIDE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
            sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)  # fmt: skip
SCRATCH, OLD = ".drawing-", 24 * 3600.0  # folders of clips that are being drawn; seconds after which one is litter
_TASK_ID = re.compile(r"demo_[0-9a-f]{20}")
_STALE = "finished IS NULL AND (owner IS NULL OR seen < ? OR seen > ?)"  # seen > now: the clock was set back


@dataclass(frozen=True)
class State:
    """What a query tells: status "queued", "running", "succeeded" or "failed"; progress in per cent; the error."""

    status: str
    progress: int
    error: tuple[str, str] | None = None


@dataclass(frozen=True)
class Row:
    """One task. Times in seconds since 1970; ``takes`` and ``drawn``: the least seconds it runs, the share drawn."""

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
        """How far the task is. It runs for its least time even when the clip is there sooner, and has not succeeded
        before the clip is whole."""
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
        # Odd numbers only: 10, 20 and 30 are marks of the stock gateway's stages, and would be read as such.
        progress = min(99, int(100 * min(passed, 0.05 + 0.95 * self.drawn)) | 1)
        return State("running", progress)


class Store:
    """The folder of a demo. All methods may be called from any thread."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self.folder, self.now = folder, now
        self.clips, self.uploads = folder / "clips", folder / "uploads"
        for place in (folder, self.clips, self.uploads):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in self.clips.glob(f"{SCRATCH}*"):  # of a process that was killed
            with contextlib.suppress(OSError):
                if now() - left.stat().st_mtime > OLD:
                    shutil.rmtree(left)
        if self._damaged():
            # Its tasks were free: they are set aside, and not looked for in what is left of them.
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
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _OUTSIDE:
                raise
            return True

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # A connection a call: threads and processes share nothing but the file, and none is left open in a kernel.
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
        """Where the clip of a task is, or will be. Equal requests share it."""
        return self.clips / f"{row.clip}.mp4"

    def create(self, body: Mapping[str, Any], prompt: str, takes: float) -> Row:
        """A new task; ``takes``: its least time, in seconds, before words of the prompt change it."""
        wishes = behaviour(prompt)
        clip = _fingerprint(body)
        now = self.now()
        # What nobody will see, or what lies on disk already, is not drawn.
        done = wishes.error or wishes.link == "never" or (self.clips / f"{clip}.mp4").is_file()
        row = (f"demo_{secrets.token_hex(10)}", json.dumps(body), prompt, clip, now, max(0.01, takes * wishes.stretch))
        with self._open() as db:
            db.execute("INSERT INTO tasks (id, body, prompt, clip, created, takes) VALUES (?, ?, ?, ?, ?, ?)", row)
            if done:
                db.execute("UPDATE tasks SET started = ?, finished = ?, drawn = 1 WHERE id = ?", (now, now, row[0]))
            created = self._row(db, row[0])
        assert created
        return created

    def get(self, task_id: str) -> Row | None:
        """A task as it is, or None. One whose clip has been deleted since is open again."""
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

    def take(self, owner: str) -> Row | None:
        """The oldest task that nobody draws, now this service's; None if there is none."""
        now = self.now()
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            found = db.execute(
                f"SELECT id FROM tasks WHERE {_STALE} ORDER BY created LIMIT 1",  # noqa: S608
                (now - SILENCE, now + SILENCE),
            ).fetchone()
            if not found:
                return None
            db.execute(
                "UPDATE tasks SET owner = ?, seen = ?, started = ?, drawn = 0 WHERE id = ?", (owner, now, now, found[0])
            )
            return self._row(db, found[0])

    def beat(self, row: Row, owner: str, drawn: float) -> None:
        """Says that the owner lives, and how much it has drawn."""
        with self._open() as db:
            db.execute(
                "UPDATE tasks SET seen = ?, drawn = ? WHERE id = ? AND owner = ?", (self.now(), drawn, row.id, owner)
            )

    def finish(self, row: Row, error: str | None = None) -> None:
        """The clip is whole, or cannot be made."""
        with self._open() as db:
            db.execute(
                "UPDATE tasks SET finished = ?, drawn = 1, error = ?, owner = NULL WHERE id = ?",
                (self.now(), error, row.id),
            )

    def release(self, owner: str) -> None:
        """The owner ends; others may take what it has not finished."""
        with self._open() as db:
            db.execute("UPDATE tasks SET owner = NULL, drawn = 0 WHERE owner = ? AND finished IS NULL", (owner,))

    def keep_upload(self, data: bytes, suffix: str) -> str:
        """Keeps a picture, and gives the file name in its link: the same picture has the same one."""
        name = hashlib.sha256(data).hexdigest()[:32] + suffix
        part = self.uploads / f".{name}.{secrets.token_hex(4)}"
        try:
            part.write_bytes(data)
            os.replace(part, self.uploads / name)
        finally:
            part.unlink(missing_ok=True)
        return name

    def upload(self, name: str) -> Path | None:
        """The file of an upload, or None."""
        path = self.uploads / name
        return path if UPLOAD_NAME.fullmatch(name) and path.is_file() else None


def _fingerprint(body: Mapping[str, Any]) -> str:
    """A name for what a body looks like: an upload counts as its content, at whatever port its link was given."""

    def settled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: settled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [settled(item) for item in value]
        return (upload_name(value) or value) if isinstance(value, str) else value

    text = json.dumps([VERSION, settled(dict(body))], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
