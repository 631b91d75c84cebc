"""The file under the journal: how it is written, brought up, set aside, and left when the disk is no good."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kling_widgets.jobs.database import Database, file_system

FIRST = "CREATE TABLE things (key INTEGER PRIMARY KEY, name TEXT)"
SECOND = "ALTER TABLE things ADD COLUMN size INTEGER; CREATE INDEX by_size ON things (size)"
HERE = """tmpfs / tmpfs rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sda1 /home/anna/local\\040disk ext4 rw 0 0
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "things.sqlite"


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    """What Linux would say: all of it is on this machine."""
    (tmp_path / "mounts").write_text("tmpfs / tmpfs rw 0 0\n")
    return tmp_path / "mounts"


def database(path: Path, *scripts: str, **options: object) -> Database:
    return Database(path, scripts or (FIRST,), ("things",), **options)  # type: ignore[arg-type]


def names(made: Database) -> list[str]:
    return [name for (name,) in made.do("SELECT name FROM things ORDER BY key")[0]]


def add(made: Database, name: str) -> int:
    return made.do("INSERT INTO things (name) VALUES (?)", (name,))[1]


def test_a_write_ahead_log_where_it_is_known_to_be_safe(path: Path, mounts: Path) -> None:
    """On a file system of this machine; the next one who opens it finds it so."""
    made = database(path, mounts=mounts)
    assert (made.mode, add(made, "a"), names(made), made.trouble) == ("wal", 1, ["a"], "")
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p", "virtiofs"])
def test_a_rollback_journal_elsewhere(path: Path, mounts: Path, kind: str) -> None:
    """A network file system, or one that nobody knows; also a file that had a log before it came there."""
    add(database(path, mounts=mounts), "a")
    mounts.write_text(f"x / {kind} rw 0 0\n")
    made = database(path, mounts=mounts)
    assert (made.mode, names(made)) == ("delete", ["a"])
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_machine_that_lists_no_mounts(path: Path, tmp_path: Path) -> None:
    """Nothing is known there, so the rollback journal it is."""
    assert database(path, mounts=tmp_path / "none").mode == "delete"


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("/srv/x", "tmpfs"),
        ("/home/anna/x", "nfs4"),
        ("/homes/x", "tmpfs"),
        ("/home/anna/local disk/x", "ext4"),
        ("/home", "nfs4"),
    ],
)
def test_the_file_system_of_a_path(tmp_path: Path, where: str, kind: str) -> None:
    """The deepest mount that it is under; blanks are written in octal there."""
    (tmp_path / "mounts").write_text(HERE)
    assert file_system(Path(where), tmp_path / "mounts") == kind


def test_what_is_mounted_last_covers_what_was_there(tmp_path: Path) -> None:
    """Two mounts at one place: the later one counts."""
    (tmp_path / "mounts").write_text("a / ext4 rw 0 0\nb / nfs rw 0 0\n")
    assert file_system(Path("/x"), tmp_path / "mounts") == "nfs"


def test_an_older_file_is_brought_up_step_by_step(path: Path) -> None:
    """Its rows stay; a file of the newest version is not touched."""
    add(database(path, FIRST), "a")
    made = database(path, FIRST, SECOND)
    made.do("UPDATE things SET size = 3")
    assert made.do("SELECT name, size FROM things")[0] == [("a", 3)]
    assert names(database(path, FIRST, SECOND)) == ["a"]


def test_a_step_that_fails_changes_nothing(path: Path) -> None:
    """The file stays at the version that it had, and this process goes on in memory."""
    for _ in range(2):
        add(database(path, FIRST), "a")
    broken = database(path, FIRST, "CREATE TABLE more (x); CREATE UNIQUE INDEX each_once ON things (name)")
    assert broken.mode == "memory"
    assert sqlite3.connect(path).execute("SELECT name FROM sqlite_master WHERE name = 'more'").fetchall() == []
    assert names(database(path, FIRST)) == ["a", "a"]


def test_several_bring_it_up_at_once(path: Path) -> None:
    """Threads with connections of their own, as kernels have: each step is made once."""
    add(database(path, FIRST), "a")
    found: list[Database] = []
    threads = [threading.Thread(target=lambda: found.append(database(path, FIRST, SECOND))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [(made.trouble, names(made)) for made in found] == [("", ["a"])] * 6


def test_several_find_the_damage_at_once(path: Path) -> None:
    """It is set aside once, and what the first one wrote into the new file is not set aside with it."""
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


def test_a_lock_of_this_process_stays(path: Path, tmp_path: Path) -> None:
    """Another connection in this process holds it; neither reading nor beginning beside it takes it away."""
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
    """Fills a file, and damages its middle; gives how many names can be read after that."""
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
    """The newest, which may be under way, come last."""
    count = damaged(path)
    found = names(database(path))
    assert 4000 < count == len(found)
    assert (found[0], found[-1]) == ("1", "5000")


def test_a_kernel_that_is_killed_while_it_sets_a_file_aside_loses_nothing(path: Path) -> None:
    """Wherever it was: the next one finds all that could be read."""
    code = """
import os, signal, sys, threading
from pathlib import Path
from tests.jobs.test_database import FIRST, database
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


def test_a_whole_new_file_takes_the_place_of_one_that_was_set_aside(path: Path) -> None:
    """Whoever set the old one aside was killed in the moment between."""
    add(database(path), "a")
    path.rename(path.with_name(f".{path.name}.new"))
    assert names(database(path)) == ["a"]


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_all_of_it_is_its_owners_alone(path: Path) -> None:
    """The file, its log and what is set aside."""
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
from kling_widgets.jobs.database import Database
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
made = Database(path, ["CREATE TABLE things (key INTEGER PRIMARY KEY, name TEXT)"], ["things"])
made.do("INSERT INTO things (name) VALUES ('before')")
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, path.stat().st_size))
for _ in range(50):
    made.do("INSERT INTO things (name) VALUES (?)", ("x" * 1000,))
print(made.mode, made.do("SELECT count(*) FROM things")[0][0][0], made.trouble)
"""


def test_a_full_disk(path: Path) -> None:
    """The work goes on in memory with all that was there, and says why; the file is whole."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("memory 51 "), done.stdout
    assert "cannot be kept" in done.stdout
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert "before" in names(database(path))
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 0  # of this process it is as it was


READ_ONLY = """
import os, sys
from pathlib import Path
from kling_widgets.jobs.database import Database
os.seteuid(65534)
made = Database(Path(sys.argv[1]), ["CREATE TABLE things (key INTEGER PRIMARY KEY, name TEXT)"], ["things"])
made.do("INSERT INTO things (name) VALUES ('new')")
print(made.mode, [name for (name,) in made.do("SELECT name FROM things")[0]])
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_takes_no_write(path: Path) -> None:
    """What is there is read, with its log; what is new is in memory."""
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
