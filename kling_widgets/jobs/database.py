"""An SQLite file that many kernels write at once, and that never gets in the way of the work.

It is open only for the moment of each change. Where it cannot be used, what could be read of it goes on in memory. A
damaged file is set aside, never written over; what can still be read of it goes into the new one.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kling_widgets.errors import one_line

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# File systems of this machine alone. A write-ahead log needs memory that all who write share, which a network file
# system has not, and SQLite cannot tell: where it is not known to be safe, the slower rollback journal is used.
# https://www.sqlite.org/wal.html: "All processes using a database must be on the same host computer."
_LOCAL = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs", "overlay"})


class Answer(NamedTuple):
    """What a statement gave.

    Attributes:
        rows: the rows.
        number: of the row that was inserted.
        changed: how many rows were inserted, changed or removed; a reading statement leaves it -1.
        on_disk: whether it was done in the file, and not in memory alone.
    """

    rows: list[Any]
    number: int
    changed: int
    on_disk: bool


class Database:
    """A file of tables; safe to use from several threads and processes, and after a fork. Nothing here raises for the
    state of the file or the disk.

    Args:
        path: the file; its folder is made, for its owner alone, and so is the file.
        scripts: SQL, one for each version of the tables, that makes it out of the version before.
        tables: what to copy where a file cannot be used, names of tables.
        patience: seconds to wait while another process writes.
        clock: unix seconds.
        mounts: the mounted file systems, as Linux lists them; none where nothing is known.

    Attributes:
        trouble: what is wrong with the file, for its user, or "".
        mode: how the file is written: "wal", "delete" (a rollback journal), or "memory".
    """

    def __init__(
        self,
        path: Path,
        scripts: Sequence[str],
        tables: Sequence[str],
        *,
        patience: float = 10.0,
        clock: Callable[[], float] = time.time,
        mounts: Path = Path("/proc/self/mounts"),
    ) -> None:
        self.path = path.absolute()
        self._spare = self.path.with_name(f".{self.path.name}.new")  # a whole one, about to take the place
        self.trouble = ""
        self.mode = "delete"
        self._scripts, self._tables, self._patience, self._clock = scripts, tables, patience, clock
        self._local = file_system(self.path, mounts) in _LOCAL
        self._lock = threading.Lock()
        self._memory: sqlite3.Connection | None = None
        self.do("SELECT 1")  # so that trouble is known from the beginning

    def do(self, statement: str, values: Sequence[object] = ()) -> Answer:
        """What a statement gives."""
        clean = [_clean(value) for value in values]
        with self._lock:
            if self._memory is None:
                try:
                    return self._on_disk(statement, clean)
                except (OSError, ValueError, sqlite3.Error) as error:
                    self.trouble = f"The journal {self.path} cannot be kept ({_why(error)}); it is in memory only."
                    self.mode = "memory"
                    self._memory = self._copy()
            return _answer(self._memory.execute(statement, clean), on_disk=False)

    def _on_disk(self, statement: str, values: Sequence[object]) -> Answer:
        try:
            with self._open() as file:
                return _answer(file.execute(statement, values), on_disk=True)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
                raise
        self._set_aside()
        with self._open() as file:
            return _answer(file.execute(statement, values), on_disk=True)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.path.exists():
            with contextlib.suppress(FileNotFoundError):
                os.rename(self._spare, self.path)
        _make(self.path)
        with contextlib.closing(sqlite3.connect(self.path, timeout=self._patience, isolation_level=None)) as file:
            file.execute("PRAGMA secure_delete = ON")  # what is forgotten is gone
            # A file that was written on this machine alone may be on a network file system now.
            with contextlib.suppress(sqlite3.OperationalError):  # while another kernel writes it stays as it is
                (self.mode,) = file.execute(f"PRAGMA journal_mode = {'WAL' if self._local else 'DELETE'}").fetchone()
            file.execute("PRAGMA synchronous = FULL")  # what is announced is on disk, in either mode
            self._migrate(file)
            yield file

    def _migrate(self, file: sqlite3.Connection) -> None:
        newest = len(self._scripts)
        while (version := _version(file)) != newest:
            if version > newest:
                raise OSError(f"it was written by a newer version of kling_widgets, schema {version}: upgrade this one")
            file.execute("BEGIN IMMEDIATE")
            try:
                if (version := _version(file)) < newest:  # another kernel may have been first
                    for statement in filter(str.strip, self._scripts[version].split(";")):
                        file.execute(statement)
                    file.execute(f"PRAGMA user_version = {version + 1}")
            except BaseException:
                file.execute("ROLLBACK")
                raise
            file.execute("COMMIT")

    def _set_aside(self) -> None:
        """Renames the damaged file, and begins a new one, unless another kernel has done so."""
        from filelock import FileLock

        with FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=self._patience, mode=0o600):
            with contextlib.suppress(sqlite3.DatabaseError), self._open() as file:
                if file.execute("PRAGMA integrity_check(1)").fetchall() == [("ok",)]:
                    return
            stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self._clock()))
            aside, count = self.path.with_name(f"{self.path.stem}.damaged-{stamp}{self.path.suffix}"), 1
            while aside.exists():
                count += 1
                aside = aside.with_name(f"{self.path.stem}.damaged-{stamp}-{count}{self.path.suffix}")
            # The new one is complete before it takes the place: a kernel that is killed here loses nothing.
            draft = self.path.with_name(f".{self.path.name}.draft")
            draft.unlink(missing_ok=True)
            _make(draft)
            with contextlib.closing(self._copy()) as memory:
                ((kept,),) = memory.execute(f"SELECT count(*) FROM {self._tables[0]}")  # noqa: S608 - our own name
                memory.execute("VACUUM INTO ?", (str(draft),))
            os.replace(draft, self._spare)
            for end in ("-wal", "-shm", ""):
                with contextlib.suppress(FileNotFoundError):
                    os.rename(f"{self.path}{end}", f"{aside}{end}")
            with contextlib.suppress(FileNotFoundError):  # another kernel has found it there
                os.rename(self._spare, self.path)
        self.trouble = (
            f"The journal {self.path} was damaged. It was set aside as {aside.name}, and a new one was begun with the "
            f"{kept} submissions that could be read."
        )

    def _copy(self) -> sqlite3.Connection:
        """What can be read of the file, in memory."""
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        for script in self._scripts:
            memory.executescript(script)
        memory.execute(f"PRAGMA user_version = {len(self._scripts)}")
        for table in self._tables:
            for order in ("rowid", "rowid DESC"):  # from both ends to where it is damaged
                with contextlib.suppress(sqlite3.Error):
                    self._copy_rows(table, order, memory)
        return memory

    def _copy_rows(self, table: str, order: str, target: sqlite3.Connection) -> None:
        known = {name for _, name, *_ in target.execute(f"PRAGMA table_info({table})")}
        with contextlib.closing(self._reading(self.path)) as file:
            file.text_factory = lambda text: text.decode("utf-8", "replace")
            there = [name for _, name, *_ in file.execute(f"PRAGMA table_info({table})") if name in known]
            marks = ", ".join("?" * len(there))
            for row in file.execute(f"SELECT {', '.join(there)} FROM {table} ORDER BY {order}"):  # noqa: S608 - our own names
                target.execute(f"INSERT OR IGNORE INTO {table} ({', '.join(there)}) VALUES ({marks})", row)  # noqa: S608

    def _reading(self, source: Path) -> sqlite3.Connection:
        # A disk that takes no write takes no lock file either: then only an unchanging file can be read.
        for mode in ("mode=ro", "immutable=1"):
            file = sqlite3.connect(f"{source.as_uri()}?{mode}", timeout=self._patience, uri=True)
            with contextlib.suppress(sqlite3.OperationalError):
                file.execute("SELECT 1 FROM sqlite_master").fetchone()
                return file
            file.close()
        raise sqlite3.OperationalError("it cannot be read")

    def close(self) -> None:
        """Forgets what is in memory only; a file is never left open."""
        with self._lock:
            if self._memory is not None:
                self._memory.close()
                self._memory = None


def _make(path: Path) -> None:
    # Prompts are private: the file is its owner's from the first moment. One that is there is not even opened: to close
    # it would take away the locks that SQLite holds on it in this process (https://www.sqlite.org/howtocorrupt.html).
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def file_system(path: Path, mounts: Path) -> str:
    """The kind of file system that a path is on, such as "ext4"; "" where that is not known."""
    try:
        lines = [line.split() for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
        real = os.path.realpath(path)
    except (OSError, ValueError):
        return ""
    found = [(line[1].replace("\\040", " "), line[2]) for line in lines if len(line) > 2]
    above = [(len(point), kind) for point, kind in found if os.path.join(real, "").startswith(os.path.join(point, ""))]
    return max(reversed(above), key=lambda each: each[0])[1] if above else ""


def _version(file: sqlite3.Connection) -> int:
    (version,) = file.execute("PRAGMA user_version").fetchone()
    return int(version)


def _answer(cursor: sqlite3.Cursor, *, on_disk: bool) -> Answer:
    return Answer(cursor.fetchall(), cursor.lastrowid or 0, cursor.rowcount, on_disk)


def _clean(value: object) -> object:
    # SQLite takes no lone surrogates, which a file name may hold.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _why(error: Exception) -> str:
    return one_line(getattr(error, "strerror", None) or error, 120)
