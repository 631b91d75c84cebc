"""The file under the journal: how it is written, upgraded and set aside, and work without a usable disk."""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest

from kling_widgets.files.file_lock import lock
from kling_widgets.storage.database import Database
from tests.jobs.conftest import Clock

FIRST = "CREATE TABLE things (key INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)"
SECOND = "ALTER TABLE things ADD COLUMN size INTEGER; CREATE INDEX by_size ON things (size)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "things.sqlite"


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    """The list of mounts as Linux has it; all of them are local."""
    (tmp_path / "mounts").write_text("tmpfs / tmpfs rw 0 0\n")
    return tmp_path / "mounts"


def database(path: Path, *scripts: str, **options: object) -> Database:
    return Database(path, scripts or (FIRST,), ("things",), **options)  # type: ignore[arg-type]


def names(made: Database) -> list[str]:
    return [name for (name,) in made.do("SELECT name FROM things ORDER BY key")[0]]


def add(made: Database, name: str) -> int:
    return made.do("INSERT INTO things (name) VALUES (?)", (name,))[1]


def test_a_write_ahead_log_where_it_is_known_to_be_safe(path: Path, mounts: Path) -> None:
    """A local file system uses WAL, and the next process finds the file so."""
    made = database(path, mounts=mounts)
    assert (made.mode, add(made, "a"), names(made), made.trouble) == ("wal", 1, ["a"], "")
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p", "virtiofs"])
def test_a_rollback_journal_elsewhere(path: Path, mounts: Path, kind: str) -> None:
    """A network or unknown file system uses a rollback journal, even for a file that had a WAL before."""
    add(database(path, mounts=mounts), "a")
    mounts.write_text(f"x / {kind} rw 0 0\n")
    made = database(path, mounts=mounts)
    assert (made.mode, names(made)) == ("delete", ["a"])
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_machine_that_lists_no_mounts(path: Path, tmp_path: Path) -> None:
    """Without a list of mounts the rollback journal is used."""
    assert database(path, mounts=tmp_path / "none").mode == "delete"


def test_an_older_file_is_brought_up_step_by_step(path: Path) -> None:
    """Its rows stay; a file of the newest version is not changed."""
    add(database(path, FIRST), "a")
    made = database(path, FIRST, SECOND)
    made.do("UPDATE things SET size = 3")
    assert made.do("SELECT name, size FROM things")[0] == [("a", 3)]
    assert names(database(path, FIRST, SECOND)) == ["a"]


def test_a_step_that_fails_changes_nothing(path: Path) -> None:
    """The file stays at its version, and this process works in memory."""
    for _ in range(2):
        add(database(path, FIRST), "a")
    broken = database(path, FIRST, "CREATE TABLE more (x); CREATE UNIQUE INDEX each_once ON things (name)")
    assert broken.mode == "memory"
    assert sqlite3.connect(path).execute("SELECT name FROM sqlite_master WHERE name = 'more'").fetchall() == []
    assert names(database(path, FIRST)) == ["a", "a"]


def test_several_bring_it_up_at_once(path: Path) -> None:
    """Threads with connections of their own run each upgrade step once."""
    add(database(path, FIRST), "a")
    found: list[Database] = []
    threads = [threading.Thread(target=lambda: found.append(database(path, FIRST, SECOND))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [(made.trouble, names(made)) for made in found] == [("", ["a"])] * 6


def test_several_find_the_damage_at_once(path: Path) -> None:
    """The file is renamed once, and the new file that the first process wrote is not renamed with it."""
    found = [database(path) for _ in range(6)]
    path.write_bytes(b"no database" * 200)
    barrier = threading.Barrier(6)

    def work(made: Database) -> None:
        barrier.wait(60)
        add(made, "new")

    threads = [threading.Thread(target=work, args=(made,)) for made in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert names(database(path)) == ["new"] * 6
    assert len(list(path.parent.glob("things.damaged-*.sqlite"))) == 1


def test_a_file_that_is_open_is_not_set_aside(path: Path) -> None:
    """A process that finds damage waits until no connection is open, so that nothing being written is lost."""
    """Who takes it for damaged waits until no connection is open: what is being written is not lost with it."""
    made = database(path)

    def work() -> tuple[str, list[str]]:
        other = database(path, FIRST.replace("name", "other"), SECOND, timeout=0.1)
        add(made, "a")
        return other.mode, sorted(each.name for each in path.parent.glob("*damaged*"))

    assert made.atomically(work) == ("memory", [])
    assert names(database(path)) == ["a"]
    if sys.platform != "win32":  # there an open file cannot be renamed, and there are no such locks
        other = lock(path.with_name(f".{path.name}.lock"), timeout=0)
        assert made.atomically(lambda: _is_held(other))
        assert not _is_held(other)


def _is_held(other: filelock.BaseFileLock) -> bool:
    try:
        with other:
            return False
    except filelock.Timeout:
        return True


def test_a_lock_of_this_process_stays(path: Path, tmp_path: Path) -> None:
    """Neither reading nor a new database releases the lock of another connection in this process."""
    made = database(path, mounts=tmp_path / "none")
    add(made, "a")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert names(made) == names(database(path, mounts=tmp_path / "none")) == ["a"]
    code = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
    other = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60)
    assert "database is locked" in other.stderr
    holder.close()


def damaged(path: Path) -> int:
    """Fill a file and damage its middle; return how many names can be read after that."""
    made = database(path)
    made.do(
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO things (name) SELECT i FROM n"
    )
    content = bytearray(path.read_bytes())
    middle = len(content) // 8192 * 4096
    content[middle : middle + 512] = b"\xff" * 512
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    path.write_bytes(content)
    copy = path.with_name("copy.sqlite")
    copy.write_bytes(content)
    return len(names(database(copy)))


def test_what_is_behind_the_damage_is_read_too(path: Path) -> None:
    """The newest rows, which may be in progress, come last."""
    count = damaged(path)
    found = names(database(path))
    assert 4000 < count == len(found)
    assert (found[0], found[-1]) == ("1", "5000")


@pytest.mark.slow
def test_a_kernel_that_is_killed_while_it_sets_a_file_aside_loses_nothing(path: Path) -> None:
    """At whatever step it was killed, the next kernel finds all that could be read."""
    code = """
import os, signal, sys, threading
from pathlib import Path
from tests.storage.test_database import FIRST, database
path, after = Path(sys.argv[1]), float(sys.argv[2])
import filelock, sqlite3
threading.Timer(after, os.kill, (os.getpid(), signal.SIGKILL)).start()
database(path)
"""
    for number in range(5):
        own = path.with_name(str(number)) / path.name
        count = damaged(own)
        subprocess.run([sys.executable, "-c", code, str(own), str(number / 200)], timeout=60, check=False)
        assert len(names(database(own))) == count


def test_what_was_not_taken_over_yet_is_taken_over(path: Path) -> None:
    """If the kernel was killed right after the renaming, the rows are copied later; no row number is reused."""
    made = database(path)
    for name in "ab":
        add(made, name)
    made.do("DELETE FROM things WHERE name = 'b'")
    for end in ("", "-wal", "-shm"):
        if path.with_name(path.name + end).exists():
            path.with_name(path.name + end).rename(path.with_name(f".{path.name}.damaged{end}"))
    again = database(path)
    assert (names(again), add(again, "c")) == (["a"], 3)
    assert len(list(path.parent.glob("things.damaged-*.sqlite"))) == 1


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_all_of_it_is_its_owners_alone(path: Path) -> None:
    """The file, its log and the renamed file are readable for their owner only."""
    made = database(path)
    holder = sqlite3.connect(path)
    holder.execute("SELECT * FROM things").fetchall()
    add(made, "a")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    holder.close()
    path.write_bytes(b"no database" * 200)
    add(made, "b")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes


FULL = """
import resource, signal, sys
from pathlib import Path
from kling_widgets.storage.database import Database
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
made = Database(path, ["CREATE TABLE things (key INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)"], ["things"])
made.do("INSERT INTO things (name) VALUES ('before')")
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, path.stat().st_size))
for _ in range(50):
    made.do("INSERT INTO things (name) VALUES (?)", ("x" * 1000,))
print(made.mode, made.do("SELECT count(*) FROM things")[0][0][0], made.trouble)
"""


def test_a_full_disk(path: Path) -> None:
    """Work continues in memory with all earlier rows, and says why; the file stays intact."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("memory 51 "), done.stdout
    assert "cannot be used" in done.stdout
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert "before" in names(database(path))
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 0  # of this process it is as it was


def things(clock: Clock, path: Path, holder: sqlite3.Connection) -> Database:
    """A database that works in memory, as its file was locked for too long."""
    made = database(path, timeout=0.0, clock=clock)
    add(made, "before")
    holder.execute("BEGIN IMMEDIATE")
    assert add(made, "a") >= 10**9
    made.do("UPDATE things SET name = 'after' WHERE name = 'before'")
    made.do("DELETE FROM things WHERE name = ?", ("none",))
    assert (names(made), made.mode) == (["after", "a"], "memory")
    assert made.trouble
    return made


@pytest.fixture
def holder(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of another process."""
    database(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def test_a_file_that_can_be_used_again_is_used_again(path: Path, holder: sqlite3.Connection) -> None:
    """Changes made in memory are written once; those of others stay, and no two rows share a number."""
    clock = Clock()
    made = things(clock, path, holder)
    holder.execute("INSERT INTO things (name) VALUES ('theirs')")
    holder.execute("COMMIT")
    clock.now += 0.5
    assert names(made) == ["after", "a"]  # not tried again so soon
    clock.now += 0.5
    assert names(made) == ["after", "theirs", "a"]
    assert (made.mode == "memory", made.trouble) == (False, "")
    assert names(database(path)) == ["after", "theirs", "a"]


def test_at_the_end_it_is_tried_once_more(path: Path, holder: sqlite3.Connection) -> None:
    """Closing tries the file again whatever the clock says, as the changes in memory would be lost."""
    made = things(Clock(), path, holder)
    holder.execute("ROLLBACK")
    made.close()
    assert names(database(path)) == ["after", "a"]


def test_a_file_that_stays_in_use_is_waited_for(path: Path, holder: sqlite3.Connection) -> None:
    """Each failed attempt leaves the memory unchanged, and later changes are written with the rest."""
    clock = Clock()
    made = things(clock, path, holder)
    for each in "xyz":
        clock.now += 5
        assert not made.do("UPDATE things SET name = ? WHERE key < 10", (each,)).on_disk
        assert names(made) == [each, "a"]
    holder.execute("ROLLBACK")
    clock.now += 5
    assert made.do("UPDATE things SET name = 'b' WHERE name = 'a'").on_disk
    assert names(database(path)) == ["z", "b"]


def test_no_more_files_for_a_moment(path: Path) -> None:
    """A process with too many open files works in memory, and on disk once it has closed some."""
    code = """
import os, resource, sys
from pathlib import Path
from tests.storage.test_database import Clock, add, database, names
clock = Clock()
made = database(Path(sys.argv[1]), clock=clock)
add(made, "before")
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
opened = []
try:
    while True:
        opened.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
add(made, "during")
print(made.mode)
for each in opened:
    os.close(each)
clock.now += 1
add(made, "after")
print(sorted(names(made)), made.trouble)
"""
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "memory\n['after', 'before', 'during'] \n"


def test_all_or_nothing(path: Path) -> None:
    """Several statements are one transaction."""
    made = database(path, FIRST, "CREATE UNIQUE INDEX each_once ON things (name)")
    add(made, "a")
    made.do_all([("INSERT INTO things (name) VALUES (?)", ("b",)), ("DELETE FROM things WHERE name = ?", ("a",))])
    assert names(database(path, FIRST, "CREATE UNIQUE INDEX each_once ON things (name)")) == ["b"]


def test_what_is_written_while_a_file_is_set_aside_is_not_lost(path: Path) -> None:
    """Two kernels keep writing while a third one finds the damage."""
    damaged(path)
    found = [database(path) for _ in range(3)]
    content = bytearray(path.read_bytes())
    content[8192 : 8192 + 512] = b"\xff" * 512
    path.write_bytes(content)
    barrier, given = threading.Barrier(3), []

    def work(made: Database, number: int) -> None:
        barrier.wait(60)
        if number == 0:
            names(made)
        for each in range(20):
            given.append((add(made, f"new {number} {each}"), f"new {number} {each}"))

    threads = [threading.Thread(target=work, args=(made, number)) for number, made in enumerate(found)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for made in found:
        made.close()  # one that used the file during the change works in memory
    kept = dict(database(path).do("SELECT key, name FROM things").rows)
    assert len(dict(given)) == 60
    assert {key: kept.get(key) for key, _ in given} == dict(given)


READ_ONLY = """
import filelock, os, sys
from pathlib import Path
from kling_widgets.storage.database import Database
Path.cwd().as_uri()  # imports what it needs, which may be unreadable later
os.seteuid(65534)
schema = "CREATE TABLE things (key INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)"
made = Database(Path(sys.argv[1]), [schema], ["things"])
made.do("INSERT INTO things (name) VALUES ('new')")
print(made.mode, [name for (name,) in made.do("SELECT name FROM things")[0]])
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_takes_no_write(path: Path) -> None:
    """The rows that are there are read, with the log; new ones are in memory."""
    add(database(path), "old")
    for folder in (path.parent, *path.parent.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
        if folder.name.startswith("pytest-of"):
            break
    path.parent.chmod(0o555)
    path.chmod(0o444)
    done = subprocess.run([sys.executable, "-c", READ_ONLY, str(path)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "memory ['old', 'new']\n", done


# Several statements that belong together


def test_what_belongs_together_is_done_as_a_whole(path: Path) -> None:
    """Nobody writes in between; an error undoes the changes, and the database stays usable."""
    made, seen = database(path), list[int]()

    def work() -> str:
        add(made, "a")
        with contextlib.closing(sqlite3.connect(path, timeout=0)) as other, pytest.raises(sqlite3.OperationalError):
            other.execute("BEGIN IMMEDIATE")
        seen.append(len(names(made)))
        return made.atomically(lambda: "inner")

    def fail() -> None:
        add(made, "b")
        raise ValueError("mine")

    assert made.atomically(work) == "inner"
    with pytest.raises(ValueError, match="mine"):
        made.atomically(fail)
    assert (seen, names(made), made.trouble) == ([1], ["a"], "")
    add(made, "c")
    assert names(made) == ["a", "c"]


def test_in_memory_it_is_a_whole_too_and_is_brought_over_as_one(path: Path) -> None:
    """Changes that were undone in memory are never written to the file."""
    path.mkdir(parents=True)
    clock = Clock()
    made = database(path, clock=clock)

    def fail() -> None:
        add(made, "a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        made.atomically(fail)
    made.atomically(lambda: [add(made, name) for name in "bc"])
    assert (names(made), made.mode) == (["b", "c"], "memory")
    path.rmdir()
    clock.now += 2
    assert names(made) == ["b", "c"]
    assert names(database(path)) == ["b", "c"]


def test_it_is_begun_anew_where_the_file_turns_out_to_be_damaged(path: Path) -> None:
    """Nothing of the first attempt is left, and nothing is done twice."""
    made = database(path)
    add(made, "a")
    path.write_bytes(b"no database at all" * 100)
    made.atomically(lambda: [add(made, name) for name in "bc"])
    assert names(made) == ["b", "c"]
    assert "was damaged or too old" in made.trouble
