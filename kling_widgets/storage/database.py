"""An SQLite file that many kernels write at once; its failures never stop the work that it records.

The file is open only during each change. If it cannot be used, the rows that can be read are kept in memory, and the
changes are written to the file once it can be used again. A damaged file is renamed, never overwritten; the rows that
can still be read are copied into a new one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

from kling_widgets.core import forks
from kling_widgets.core.text import one_line
from kling_widgets.files.file_lock import LOCAL, file_system, lock, shared_lock
from kling_widgets.storage.damage import (
    FIRST_MEMORY_NUMBER,
    SchemaError,
    has_tables,
    is_intact,
    last_number,
    readable,
    suggests_damage,
    version_of,
)
from kling_widgets.storage.recovery import salvage, set_last_number

Step: TypeAlias = tuple[str, Sequence[Any]]  # a statement and its values
T = TypeVar("T")

# Errors caused by the state of a file or disk; NotImplementedError: the system has no file locks.
_FILE_ERRORS = (OSError, ValueError, sqlite3.Error, NotImplementedError)
_RETRY_SECONDS = 1.0  # seconds after which an unusable file is tried again
_SHORT_TIMEOUT = 0.25  # seconds to wait for another process's write then


class _Undo(Exception):
    """Carries an error of a transaction's work past the code that handles the file's own errors."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class Answer(NamedTuple):
    """The result of a statement.

    Attributes:
        rows: the rows.
        number: the row number of the inserted row, or 0.
        changed: the number of rows inserted, changed or deleted; -1 for a SELECT.
        on_disk: whether the statement was executed in the file, not in memory alone.
    """

    rows: list[Any]
    number: int
    changed: int
    on_disk: bool


class Database:
    """A file of tables; safe to use from several threads and processes, and after a fork.

    No method raises because of the state of the file or the disk: work continues in memory then.

    Args:
        path: the file; it and its folder are created, readable for their owner alone.
        scripts: SQL, one script for each schema version, that upgrades the tables of the version before.
        tables: the tables to copy if a file cannot be used. The first one has an AUTOINCREMENT key, so that no row
            number is ever assigned twice.
        timeout: seconds to wait while another process writes.
        clock: unix seconds.
        mounts: the list of mounted file systems, as Linux has it; if it is missing, no file system is known.

    Attributes:
        mode: how the file is written: "wal", "delete" (a rollback journal), or "memory".
    """

    def __init__(
        self,
        path: Path,
        scripts: Sequence[str],
        tables: Sequence[str],
        *,
        timeout: float = 10.0,
        clock: Callable[[], float] = time.time,
        mounts: Path = Path("/proc/self/mounts"),
    ) -> None:
        self.path = path.absolute()
        self._lock_file = self.path.with_name(f".{self.path.name}.lock")
        self._pending = self.path.with_name(f".{self.path.name}.damaged")  # exists while its rows are being copied
        self._damage = self._unusable = ""
        self.mode = "delete"
        self._scripts, self._tables, self._timeout, self._clock = scripts, tables, timeout, clock
        self._local = file_system(self.path, mounts) in LOCAL
        self._lock = forks.lock(delays_fork=True)
        # The thread of the open transaction, and the function that executes a statement in it.
        self._inside: tuple[int, Callable[[Step], Answer]] | None = None
        self._memory: sqlite3.Connection | None = None
        self._log: list[tuple[Step, Answer]] = []  # changes made in memory that the file does not have
        self._last_try = 0.0
        self.do("SELECT 1")  # so that ``trouble`` is set from the beginning

    @property
    def trouble(self) -> str:
        """A sentence for the user about what is wrong with the file, or ""."""
        return self._unusable or self._damage

    def do(self, statement: str, values: Sequence[object] = ()) -> Answer:
        """Execute a statement.

        An UPDATE must assign values, not increment them: if it was executed in memory, it is executed again in the
        file.
        """
        return self.do_all([(statement, values)])[0]

    def do_all(self, steps: Sequence[Step]) -> list[Answer]:
        """Execute several statements in one transaction: all of them are on disk, or none."""
        clean = [(statement, [_clean(value) for value in values]) for statement, values in steps]
        if (run := self._running()) is not None:
            return [run(step) for step in clean]
        with self._lock:
            return self._do(lambda run: [run(step) for step in clean], writes=any(map(_writes, clean)))

    def atomically(self, work: Callable[[], T]) -> T:
        """Call ``work`` in one transaction: nobody else writes meanwhile, and an error undoes all its changes.

        If the file turns out to be unusable, ``work`` is called again from its beginning.
        """

        def inside(run: Callable[[Step], Answer]) -> T:
            file_errors: list[Exception] = []  # errors of the file that passed through work

            def step(each: Step) -> Answer:
                try:
                    return run(each)
                except _FILE_ERRORS as error:
                    file_errors.append(error)
                    raise

            self._inside = threading.get_ident(), step
            try:
                return work()
            except Exception as error:
                if any(error is each for each in file_errors):
                    raise
                raise _Undo(error) from error
            finally:
                self._inside = None

        if self._running() is not None:
            return work()
        with self._lock:
            try:
                return self._do(inside, writes=True)
            except _Undo as undo:
                raise undo.error from undo.error.__cause__

    def _running(self) -> Callable[[Step], Answer] | None:
        """Return the run function of this thread's open transaction, or None."""
        thread, run = self._inside or (0, None)
        return run if thread == threading.get_ident() else None

    def _do(self, work: Callable[[Callable[[Step], Answer]], T], *, writes: bool) -> T:
        """Call ``work`` with a function that executes a statement.

        The statements are executed in the file, or in memory if the file cannot be used.
        """
        if self._memory is None or not 0 <= self._clock() - self._last_try < _RETRY_SECONDS:
            try:
                return self._on_disk(work, writes=writes)
            except _FILE_ERRORS as error:
                self._unusable = (
                    f"The journal {self.path} cannot be used ({_reason(error)}); it is kept in memory only."
                )
                self.mode, self._last_try = "memory", self._clock()
                self._memory = self._memory or self._copy()
        return self._in_memory(self._memory, work)

    def _in_memory(self, memory: sqlite3.Connection, work: Callable[[Callable[[Step], Answer]], T]) -> T:
        log: list[tuple[Step, Answer]] = []

        def run(step: Step) -> Answer:
            answer = _run(memory, step, on_disk=False)
            if _writes(step):
                log.append((step, answer))
            return answer

        memory.execute("BEGIN")
        try:
            done = work(run)
        except BaseException:
            memory.execute("ROLLBACK")
            raise
        memory.execute("COMMIT")
        self._log += log
        return done

    def _on_disk(self, work: Callable[[Callable[[Step], Answer]], T], *, writes: bool = True) -> T:
        try:
            return self._transaction(work, writes=writes)
        except _FILE_ERRORS as error:
            if not suggests_damage(error):
                raise
        self._set_aside()
        return self._transaction(work, writes=writes)

    def _transaction(self, work: Callable[[Callable[[Step], Answer]], T], *, writes: bool) -> T:
        with self._open() as file:
            file.execute("BEGIN IMMEDIATE" if writes or self._log else "BEGIN")
            try:
                self._replay(file)
                done = work(partial(_run, file, on_disk=True))
                file.execute("COMMIT")
            finally:
                if file.in_transaction:
                    file.execute("ROLLBACK")
        self._forget_memory()
        return done

    @contextlib.contextmanager
    def _in_place(self) -> Iterator[None]:
        """Keep the file from being renamed while it is open here.

        A damaged file is renamed only while nobody has it open. Otherwise an open connection would write its log beside
        the new file, under the same name, and SQLite would take it for the new file's log.
        """
        while True:
            with shared_lock(self._lock_file, self._timeout):
                if not self._pending.exists():
                    yield
                    return
            with self._exclusive():
                self._recover()

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._in_place(), self._connection() as file:
            yield file

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        _create(self.path)
        # Once in memory, work continues there while the file is busy, and does not wait long.
        timeout = self._timeout if self._memory is None else min(self._timeout, _SHORT_TIMEOUT)
        with contextlib.closing(sqlite3.connect(self.path, timeout=timeout, isolation_level=None)) as file:
            file.text_factory = readable
            file.execute("PRAGMA secure_delete = ON")  # deleted rows are overwritten
            # The file may have been moved to a network file system, where WAL does not work.
            with contextlib.suppress(sqlite3.OperationalError):  # unchanged while another kernel writes
                (mode,) = file.execute(f"PRAGMA journal_mode = {'WAL' if self._local else 'DELETE'}").fetchone()
                if self._memory is None:
                    self.mode = mode
            # A commit is on disk in either mode: EXTRA also syncs the folder after a rollback journal is removed, and
            # fullfsync makes macOS flush the disk's cache.
            file.execute("PRAGMA synchronous = EXTRA")
            file.execute("PRAGMA fullfsync = ON")
            self._migrate(file)
            yield file

    def _migrate(self, file: sqlite3.Connection) -> None:
        newest = len(self._scripts)
        if version_of(file) == newest:
            return
        file.execute("BEGIN IMMEDIATE")
        try:
            version = version_of(file)  # another kernel may have upgraded it meanwhile
            if version > newest:
                raise SchemaError(
                    f"it was written by a newer version of kling_widgets, schema {version}: upgrade kling_widgets"
                )
            if version < 0 or not has_tables(file, self._scripts[:version]):
                raise SchemaError(f"it does not have the tables of schema {version}")
            for statement in filter(str.strip, ";".join(self._scripts[version:]).split(";")):
                file.execute(statement)
            file.execute(f"PRAGMA user_version = {newest}")
        except BaseException:
            file.execute("ROLLBACK")
            raise
        file.execute("COMMIT")

    # In memory.

    def _copy(self) -> sqlite3.Connection:
        """Copy what can be read of the file into memory, and number new rows as no other kernel does meanwhile."""
        memory = self._new_memory()
        for source in (self._pending, self.path):
            timeout = min(self._timeout, _SHORT_TIMEOUT)
            salvage(source, memory, self._tables, timeout, damaged=source == self._pending)
        set_last_number(memory, self._tables[0], FIRST_MEMORY_NUMBER + secrets.randbelow(8 * FIRST_MEMORY_NUMBER))
        return memory

    def _new_memory(self) -> sqlite3.Connection:
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        memory.text_factory = readable
        for script in self._scripts:
            memory.executescript(script)
        memory.execute(f"PRAGMA user_version = {len(self._scripts)}")
        return memory

    def _replay(self, file: sqlite3.Connection) -> None:
        """Execute in the file what was executed in memory.

        A row that was numbered in memory keeps its number; the file's own numbering continues as if it were not there.
        """
        first = self._tables[0]
        last = last_number(file, first) if self._log else 0
        for step, answer in self._log:
            assert self._memory is not None
            if answer.number < FIRST_MEMORY_NUMBER:
                _run(file, step, on_disk=True)
            elif row := self._memory.execute(f"SELECT * FROM {first} WHERE rowid = ?", (answer.number,)).fetchone():  # noqa: S608 - our own names
                names = [name for _, name, *_ in self._memory.execute(f"PRAGMA table_info({first})")]
                marks = ", ".join("?" * len(names))
                file.execute(f"INSERT OR IGNORE INTO {first} ({', '.join(names)}) VALUES ({marks})", row)  # noqa: S608 - our own names
        if self._log:
            set_last_number(file, first, last)

    def _forget_memory(self) -> None:
        if self._memory is not None:
            self._memory.close()
            self._memory, self._log, self._unusable = None, [], ""
            self.mode = "wal" if self._local else "delete"

    def close(self) -> None:
        """Try a last time to write the changes in memory to the file, and drop them; a file is never left open."""
        with self._lock:
            if self._log:
                with contextlib.suppress(*_FILE_ERRORS):
                    self._on_disk(lambda run: None)
            self._forget_memory()

    # A damaged file.

    def _exclusive(self) -> contextlib.AbstractContextManager[object]:
        return lock(self._lock_file, self._timeout)

    def _set_aside(self) -> None:
        """Rename the damaged file, unless another kernel has done so, and copy its rows into a new one."""
        with self._exclusive():
            if not self._pending.exists():
                if is_intact(self.path, self._scripts, self._tables[0], self._timeout):
                    return
                _rename(self.path, self._pending)
            self._recover()

    def _recover(self) -> None:
        """Create a new file with the rows that can be read of the damaged one, and give that one its final name.

        Nobody opens the new file before that is done. If the kernel is killed here nothing is lost: the next one
        repeats it.
        """
        if not self._pending.exists():
            return
        with contextlib.closing(self._new_memory()) as memory:
            salvage(self._pending, memory, self._tables, self._timeout, damaged=True)
            ((kept,),) = memory.execute(f"SELECT count(*) FROM {self._tables[0]}")  # noqa: S608 - our own names
            draft = self.path.with_name(f".{self.path.name}.draft")
            draft.unlink(missing_ok=True)
            _create(draft)
            memory.execute("VACUUM INTO ?", (str(draft),))
        os.replace(draft, self.path)
        aside = _unused(self.path, self._clock())
        _rename(self._pending, aside)
        self._damage = (
            f"The journal {self.path} was damaged or too old. It was renamed to {aside.name}, and a new one was "
            f"created with the {kept} submissions that could be read."
        )


def _unused(path: Path, now: float) -> Path:
    """Return an unused name for a damaged file, so that no file is ever overwritten."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
    names = (f"{path.stem}.damaged-{stamp}{f'-{n}' if n > 1 else ''}{path.suffix}" for n in count(1))
    return next(found for name in names if not (found := path.with_name(name)).exists())


def _rename(source: Path, target: Path) -> None:
    for end in ("-wal", "-shm", "-journal", ""):  # the logs first, as they are useless without their file
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{source}{end}", f"{target}{end}")


def _writes(step: Step) -> bool:
    return not step[0].startswith("SELECT")


def _create(path: Path) -> None:
    # Prompts are private, so the file is created for its owner alone. An existing one is not opened, as closing it
    # would release the locks that SQLite holds on it in this process (https://www.sqlite.org/howtocorrupt.html).
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _run(file: sqlite3.Connection, step: Step, *, on_disk: bool) -> Answer:
    cursor = file.execute(*step)
    # After other statements lastrowid is still the number of an earlier insertion.
    number = cursor.lastrowid or 0 if step[0].startswith("INSERT") else 0
    return Answer(cursor.fetchall(), number, cursor.rowcount, on_disk)


def _clean(value: object) -> object:
    # SQLite rejects lone surrogates, which a file name may contain.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _reason(error: Exception) -> str:
    return one_line(getattr(error, "strerror", None) or error, 120)
