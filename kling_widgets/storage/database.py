"""An SQLite file that many kernels write at once, and that never gets in the way of the work.

It is open only for the moment of each change. Where it cannot be used, what could be read of it goes on in memory, and
is brought over as soon as it can be used again. A damaged file is set aside, never written over; what can still be read
of it goes into the new one.
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
from kling_widgets.storage.damage import APART, SchemaError, fits, last_number, readable, sound, suspected, version_of
from kling_widgets.storage.recovery import number, salvage

Step: TypeAlias = tuple[str, Sequence[Any]]  # a statement and its values
T = TypeVar("T")

# What the state of a file or a disk raises; the last one where a system has no locks on files.
_TROUBLES = (OSError, ValueError, sqlite3.Error, NotImplementedError)
_AGAIN = 1.0  # seconds after which a file that could not be used is tried again
_BRIEFLY = 0.25  # seconds to wait for it then


class _Undo(Exception):
    """Carries what the work of a transaction raised past all that looks for the file's own errors."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class Answer(NamedTuple):
    """What a statement gave.

    Attributes:
        rows: the rows.
        number: of the row that was inserted, or 0.
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
        tables: what to copy where a file cannot be used, names of tables. The first one has an AUTOINCREMENT key, so
            that no number is ever given again.
        timeout: seconds to wait while another process writes.
        clock: unix seconds.
        mounts: the mounted file systems, as Linux lists them; none where nothing is known.

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
        self._pending = self.path.with_name(f".{self.path.name}.damaged")  # what can be read of it is not copied yet
        self._damage = self._held_up = ""
        self.mode = "delete"
        self._scripts, self._tables, self._timeout, self._clock = scripts, tables, timeout, clock
        self._local = file_system(self.path, mounts) in LOCAL
        self._lock = forks.lock(awaited=True)
        self._inside: tuple[int, Callable[[Step], Answer]] | None = None  # whose transaction is under way; runs in it
        self._memory: sqlite3.Connection | None = None
        self._log: list[tuple[Step, Answer]] = []  # what memory has and the file has not
        self._tried = 0.0
        self.do("SELECT 1")  # so that trouble is known from the beginning

    @property
    def trouble(self) -> str:
        """What is wrong with the file, for its user, or ""."""
        return self._held_up or self._damage

    def do(self, statement: str, values: Sequence[object] = ()) -> Answer:
        """What a statement gives. An update assigns, and does not count up: it may be done a second time, in the file,
        when it was done in memory."""
        return self.do_all([(statement, values)])[0]

    def do_all(self, steps: Sequence[Step]) -> list[Answer]:
        """What several statements give; on disk are all of them, or none."""
        clean = [(statement, [_clean(value) for value in values]) for statement, values in steps]
        if (run := self._running()) is not None:
            return [run(step) for step in clean]
        with self._lock:
            return self._do(lambda run: [run(step) for step in clean], writes=any(map(_writes, clean)))

    def atomically(self, work: Callable[[], T]) -> T:
        """Do work in one transaction: nobody else writes from its first look to its last change, and what it raises
        undoes all that it changed. It is done again from its beginning where the file turns out to be unusable."""

        def inside(run: Callable[[Step], Answer]) -> T:
            troubles: list[Exception] = []  # those of the file, which work only passes on

            def step(each: Step) -> Answer:
                try:
                    return run(each)
                except _TROUBLES as error:
                    troubles.append(error)
                    raise

            self._inside = threading.get_ident(), step
            try:
                return work()
            except Exception as error:
                if any(error is each for each in troubles):
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
        """Return what runs a statement in the transaction of this thread that is under way, if one is."""
        thread, run = self._inside or (0, None)
        return run if thread == threading.get_ident() else None

    def _do(self, work: Callable[[Callable[[Step], Answer]], T], *, writes: bool) -> T:
        """Do work, which runs its statements by what it is given: in the file, or where it cannot be used in memory."""
        if self._memory is None or not 0 <= self._clock() - self._tried < _AGAIN:
            try:
                return self._on_disk(work, writes=writes)
            except _TROUBLES as error:
                self._held_up = f"The journal {self.path} cannot be kept ({_why(error)}); it is in memory only."
                self.mode, self._tried = "memory", self._clock()
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
        except _TROUBLES as error:
            if not suspected(error):
                raise
        self._set_aside()
        return self._transaction(work, writes=writes)

    def _transaction(self, work: Callable[[Callable[[Step], Answer]], T], *, writes: bool) -> T:
        with self._open() as file:
            file.execute("BEGIN IMMEDIATE" if writes or self._log else "BEGIN")
            try:
                self._bring_over(file)
                done = work(partial(_run, file, on_disk=True))
                file.execute("COMMIT")
            finally:
                if file.in_transaction:
                    file.execute("ROLLBACK")
        self._forget_memory()
        return done

    @contextlib.contextmanager
    def _present(self) -> Iterator[None]:
        """Hold the file in its place. It is set aside only while nobody has it open: a connection that was opened
        before would write its log beside the new file, under the same name, and SQLite would take it for the log of
        that one."""
        while True:
            with shared_lock(self._lock_file, self._timeout):
                if not self._pending.exists():
                    yield
                    return
            with self._alone():
                self._take_over()

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._present(), self._connection() as file:
            yield file

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        _make(self.path)
        # Once in memory, one goes on there while the file is busy, and waits no more.
        timeout = self._timeout if self._memory is None else min(self._timeout, _BRIEFLY)
        with contextlib.closing(sqlite3.connect(self.path, timeout=timeout, isolation_level=None)) as file:
            file.text_factory = readable
            file.execute("PRAGMA secure_delete = ON")  # what is forgotten is gone
            # A file that was written on this machine alone may be on a network file system now.
            with contextlib.suppress(sqlite3.OperationalError):  # while another kernel writes it stays as it is
                (mode,) = file.execute(f"PRAGMA journal_mode = {'WAL' if self._local else 'DELETE'}").fetchone()
                if self._memory is None:
                    self.mode = mode
            # What is announced is on disk, in either mode: EXTRA syncs the folder too when a rollback journal is
            # removed, and macOS is asked to empty the cache of the disk.
            file.execute("PRAGMA synchronous = EXTRA")
            file.execute("PRAGMA fullfsync = ON")
            self._migrate(file)
            yield file

    def _migrate(self, file: sqlite3.Connection) -> None:
        newest = len(self._scripts)
        while (version := version_of(file)) != newest:
            if version > newest:
                raise SchemaError(
                    f"it was written by a newer version of kling_widgets, schema {version}: upgrade this one"
                )
            file.execute("BEGIN IMMEDIATE")
            try:
                if (version := version_of(file)) < newest:  # another kernel may have been first
                    if version < 0 or not fits(file, self._scripts[:version]):
                        raise SchemaError(f"it has not the tables of schema {version}")
                    for statement in filter(str.strip, self._scripts[version].split(";")):
                        file.execute(statement)
                    file.execute(f"PRAGMA user_version = {version + 1}")
            except BaseException:
                file.execute("ROLLBACK")
                raise
            file.execute("COMMIT")

    # In memory.

    def _copy(self) -> sqlite3.Connection:
        """What can be read of the file, in memory. It gives numbers that no other kernel gives meanwhile."""
        memory = self._new_memory()
        for source in (self._pending, self.path):
            timeout = min(self._timeout, _BRIEFLY)
            salvage(source, memory, self._tables, timeout, damaged=source == self._pending)
        number(memory, self._tables[0], APART + secrets.randbelow(8 * APART))
        return memory

    def _new_memory(self) -> sqlite3.Connection:
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        memory.text_factory = readable
        for script in self._scripts:
            memory.executescript(script)
        memory.execute(f"PRAGMA user_version = {len(self._scripts)}")
        return memory

    def _bring_over(self, file: sqlite3.Connection) -> None:
        """Does in the file what was done in memory. A row that was numbered there keeps its number; the next one in the
        file is numbered as if it were not there."""
        first = self._tables[0]
        last = last_number(file, first) if self._log else 0
        for step, answer in self._log:
            assert self._memory is not None
            if answer.number < APART:
                _run(file, step, on_disk=True)
            elif row := self._memory.execute(f"SELECT * FROM {first} WHERE rowid = ?", (answer.number,)).fetchone():  # noqa: S608 - our own names
                names = [name for _, name, *_ in self._memory.execute(f"PRAGMA table_info({first})")]
                marks = ", ".join("?" * len(names))
                file.execute(f"INSERT OR IGNORE INTO {first} ({', '.join(names)}) VALUES ({marks})", row)  # noqa: S608 - our own names
        if self._log:
            number(file, first, last)

    def _forget_memory(self) -> None:
        if self._memory is not None:
            self._memory.close()
            self._memory, self._log, self._held_up = None, [], ""
            self.mode = "wal" if self._local else "delete"

    def close(self) -> None:
        """Tries a last time to bring over what is in memory, and forgets it; a file is never left open."""
        with self._lock:
            if self._log:
                with contextlib.suppress(*_TROUBLES):
                    self._on_disk(lambda run: None)
            self._forget_memory()

    # A damaged file.

    def _alone(self) -> contextlib.AbstractContextManager[object]:
        return lock(self._lock_file, self._timeout)

    def _set_aside(self) -> None:
        """Moves the damaged file out of the way, unless another kernel has done so, and takes over what is in it."""
        with self._alone():
            if not self._pending.exists():
                if sound(self.path, self._scripts, self._tables[0], self._timeout):
                    return
                _rename(self.path, self._pending)
            self._take_over()

    def _take_over(self) -> None:
        """Begins a new file with what can be read of the one that is to be set aside. Nobody opens the new one before
        that is done: a kernel that is killed here loses nothing, the next one does it again."""
        if not self._pending.exists():
            return
        with contextlib.closing(self._new_memory()) as memory:
            salvage(self._pending, memory, self._tables, self._timeout, damaged=True)
            ((kept,),) = memory.execute(f"SELECT count(*) FROM {self._tables[0]}")  # noqa: S608 - our own names
            draft = self.path.with_name(f".{self.path.name}.draft")
            draft.unlink(missing_ok=True)
            _make(draft)
            memory.execute("VACUUM INTO ?", (str(draft),))
        os.replace(draft, self.path)
        aside = _unused(self.path, self._clock())
        _rename(self._pending, aside)
        self._damage = (
            f"The journal {self.path} was damaged. It was set aside as {aside.name}, and a new one was begun with the "
            f"{kept} submissions that could be read."
        )


def _unused(path: Path, now: float) -> Path:
    """A name for a file that is set aside: nothing is ever written over."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
    names = (f"{path.stem}.damaged-{stamp}{f'-{n}' if n > 1 else ''}{path.suffix}" for n in count(1))
    return next(found for name in names if not (found := path.with_name(name)).exists())


def _rename(source: Path, target: Path) -> None:
    for end in ("-wal", "-shm", "-journal", ""):  # the logs first: without their file they are nothing
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{source}{end}", f"{target}{end}")


def _writes(step: Step) -> bool:
    return not step[0].startswith("SELECT")


def _make(path: Path) -> None:
    # Prompts are private: the file is its owner's from the first moment. One that is there is not even opened: to close
    # it would take away the locks that SQLite holds on it in this process (https://www.sqlite.org/howtocorrupt.html).
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _run(file: sqlite3.Connection, step: Step, *, on_disk: bool) -> Answer:
    cursor = file.execute(*step)
    number = cursor.lastrowid or 0 if step[0].startswith("INSERT") else 0  # else it is that of the insertion before
    return Answer(cursor.fetchall(), number, cursor.rowcount, on_disk)


def _clean(value: object) -> object:
    # SQLite takes no lone surrogates, which a file name may hold.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _why(error: Exception) -> str:
    return one_line(getattr(error, "strerror", None) or error, 120)
