"""The journal: what is in it, who else writes it, and what happens when it cannot be kept."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kling_widgets.core.request import VideoRequest
from kling_widgets.jobs.journal import SCHEMA, Entry, Journal
from tests.jobs.conftest import Clock

REQUEST = VideoRequest("2.6", prompt="a paper boat", seconds=5)
URL = "https://a.example"


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Journal:
    return Journal(tmp_path / "home" / "journal.sqlite", clock=clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def raw(journal: Journal, statement: str, *values: object) -> None:
    """Writes into the file as somebody else."""
    with sqlite3.connect(journal.path) as connection:
        connection.execute(statement, values)
    connection.close()


def test_a_wish_can_be_read_back(journal: Journal, clock: Clock) -> None:
    """What is written down is an entry, with the request as it was; another reader of the file finds it too."""
    key = journal.write(REQUEST, URL)
    (entry,) = Journal(journal.path).entries()
    assert entry == Entry(key, clock.now, URL, REQUEST.model, REQUEST.draft(), "written")
    assert entry.request == REQUEST
    assert not entry.demo
    assert journal.trouble == ""


def test_changes(journal: Journal) -> None:
    """Columns change, of one entry alone, a body as a dict; a name that is no column is a mistake of ours."""
    one, other = (journal.write(REQUEST, URL) for _ in range(2))
    journal.update(one, state="accepted", task_id="t1", body={"model": "m"})
    assert [(entry.state, entry.task_id) for entry in journal.entries()] == [("written", None), ("accepted", "t1")]
    assert journal.entries()[1].body == {"model": "m"}
    assert other == journal.entries()[0].key
    with pytest.raises(AssertionError):
        journal.update(one, **{"state = 'x' --": 1})


def test_the_newest_come_first(journal: Journal, clock: Clock) -> None:
    """Entries are newest first, as many as asked for."""
    keys = []
    for _ in range(3):
        keys.append(journal.write(REQUEST, URL))
        clock.now += 1
    assert [entry.key for entry in journal.entries()] == keys[::-1]
    assert [entry.key for entry in journal.entries(2)] == keys[:0:-1]


def test_finding(journal: Journal) -> None:
    """A task is found by its id, a submission without one by its number; nothing else is found, and nothing raises."""
    key = journal.write(REQUEST, URL)
    assert journal.find(f"#{key}") == journal.entries()[0]
    journal.update(key, task_id="t1")
    found = journal.find("t1")
    assert found is not None
    assert found.key == key
    for odd in ("t2", "", "#", "#x", "#²", "#99999999999999999999999", "\udc80", "' OR 1 --", "../../t1"):
        assert journal.find(odd) is None


def test_a_task_of_somewhere_else(journal: Journal) -> None:
    """A task that was submitted elsewhere is adopted as an accepted one, whose request is not known."""
    entry = journal.adopt("t9", URL)
    assert journal.unfinished() == (entry,)
    assert (entry.task_id, entry.state, entry.accepted) == ("t9", "accepted", None)
    assert entry.request.values == {}


def test_unfinished_is_what_was_accepted_and_is_not_here(journal: Journal) -> None:
    """Resuming takes up what was accepted and what has a video that was not saved, oldest first; nothing else."""
    for state in ("written", "sending", "accepted", "succeeded", "saved", "failed", "refused", "unknown"):
        journal.update(journal.write(REQUEST, URL), state=state, task_id=f"of-{state}")
    journal.update(journal.write(REQUEST, URL), state="accepted")  # no id: nothing could be asked for
    assert [entry.task_id for entry in journal.unfinished()] == ["of-accepted", "of-succeeded"]


def done(journal: Journal, request: VideoRequest, took: float, service: str = URL, state: str = "saved") -> None:
    journal.update(journal.write(request, service), state=state, task_id="t", accepted=1000.0, ended=1000.0 + took)


def test_the_usual_duration(journal: Journal) -> None:
    """It is the median of what this model, at this length and resolution, took at this service; None if none did."""
    assert journal.usual(REQUEST, URL) is None
    for took in (50, 70, 600):
        done(journal, REQUEST, took)
    done(journal, REQUEST.replace(seconds=10), 1)
    done(journal, REQUEST.replace(resolution="720P"), 1)
    done(journal, REQUEST.replace(model="3.0"), 1)
    done(journal, REQUEST, 1, service="demo")
    done(journal, REQUEST, 1, state="failed")
    done(journal, REQUEST, -5)  # a clock that was put back
    assert journal.usual(REQUEST, URL) == 70
    assert journal.usual(REQUEST.replace(prompt="another"), URL) == 70
    assert journal.usual(REQUEST.replace(resolution="720P"), URL) == 1


def test_a_path_in_a_body_is_never_a_users_own(journal: Journal) -> None:
    """A journal that somebody else wrote cannot make a file of this machine be uploaded."""
    key = journal.write(REQUEST, URL)
    journal.update(key, body={"model": REQUEST.model, "prompt": "x", "image": "/etc/passwd"})
    request = journal.entries()[0].request
    assert request.files() == ()
    assert request.errors()


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_the_file_is_its_owners_alone(journal: Journal) -> None:
    """Prompts are private, whatever the umask."""
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700


def test_text_that_no_file_can_hold(journal: Journal) -> None:
    """A name that is no text, as file systems may have it, does not keep the entry from being written."""
    key = journal.write(REQUEST, URL)
    journal.update(key, state="saved", path="/videos/\udcff.mp4", error="\ud800 bad")
    assert (journal.entries()[0].state, journal.trouble) == ("saved", "")


def _write_many(path: Path, start: threading.Barrier, count: int) -> None:
    journal = Journal(path)
    start.wait(60)
    for n in range(count):
        key = journal.write(REQUEST, URL)
        journal.update(key, state="accepted", task_id=f"{os.getpid()}-{n}")
    assert not journal.trouble


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    """Kernels that share the journal lose nothing, also when all of them make it at the same moment."""
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(4)
    path = tmp_path / "journal.sqlite"
    processes = [spawn.Process(target=_write_many, args=(path, start, 25)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * 4
    entries = Journal(path).entries()
    assert len(entries) == len({entry.task_id for entry in entries}) == 100
    assert {entry.state for entry in entries} == {"accepted"}


def test_several_threads_write_at_once(journal: Journal) -> None:
    """So do the threads of one kernel."""
    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=_write_many, args=(journal.path, barrier, 10)) for _ in range(3)]
    threads += [threading.Thread(target=lambda: (barrier.wait(60), [journal.write(REQUEST, URL) for _ in range(10)]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(journal.entries()) == 40


def works(journal: Journal) -> None:
    """All of it works, in memory, and the trouble names the file."""
    assert str(journal.path) in journal.trouble
    assert "in memory" in journal.trouble
    key = journal.write(REQUEST, URL)
    journal.update(key, state="accepted", task_id="t-in-memory")
    found = journal.find("t-in-memory")
    assert found is not None
    assert found in journal.unfinished()
    assert found in journal.entries()


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    """Where no file can be made, the journal is kept in memory and says so."""
    (tmp_path / "file").touch()
    works(Journal(tmp_path / "file" / "home" / "journal.sqlite"))
    assert (tmp_path / "file").stat().st_size == 0


def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    """So it is where something else has the name."""
    (tmp_path / "journal.sqlite").mkdir()
    works(Journal(tmp_path / "journal.sqlite"))


def test_a_journal_of_a_newer_version(journal: Journal) -> None:
    """A file of a newer schema is left as it is; what this version can read of it is there to see."""
    journal.update(journal.write(REQUEST, URL), state="accepted", task_id="t1")
    raw(journal, f"PRAGMA user_version = {SCHEMA + 1}")
    before = journal.path.read_bytes()
    newer = Journal(journal.path)
    assert "newer version" in newer.trouble
    assert newer.find("t1") is not None
    works(newer)
    assert journal.path.read_bytes() == before


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\x00" + bytes(range(256)) * 8])
def test_a_corrupt_file(journal: Journal, content: bytes) -> None:
    """A file that is no database is left as it is, and no error of SQLite comes out."""
    journal.path.write_bytes(content)
    works(Journal(journal.path))
    assert journal.path.read_bytes() == content


def test_a_file_that_breaks_while_it_is_used(journal: Journal) -> None:
    """From then on it is in memory."""
    journal.write(REQUEST, URL)
    assert journal.trouble == ""
    journal.path.write_bytes(b"no database at all" * 100)
    journal.entries()
    works(journal)


def test_a_page_that_breaks_while_it_is_used(journal: Journal) -> None:
    """A file whose beginning is whole and whose rows are not raises nothing either."""
    for _ in range(100):
        journal.write(REQUEST.replace(prompt="x" * 500), URL)
    content = journal.path.read_bytes()
    journal.path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    journal.entries()
    works(journal)


def test_a_file_that_was_removed_is_made_anew(journal: Journal) -> None:
    """Who deletes the journal while a kernel runs gets a new one."""
    journal.write(REQUEST, URL)
    journal.path.unlink()
    journal.update(1, state="accepted")
    key = journal.write(REQUEST, URL)
    assert [entry.key for entry in journal.entries()] == [key]
    assert journal.trouble == ""


def test_another_process_that_holds_the_file(journal: Journal, tmp_path: Path) -> None:
    """A file that stays locked longer than our patience is trouble, and no error; what was in it can be read."""
    journal.update(journal.write(REQUEST, URL), state="accepted", task_id="t1")
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    impatient = Journal(journal.path, patience=0.0)
    assert impatient.trouble == ""
    impatient.write(REQUEST, URL)
    assert impatient.find("t1") is not None
    works(impatient)
    other.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", "{"),
        ("body", "[1]"),
        ("body", "[" * 100_000),
        ("body", b"\xff\x00"),
        ("created", "yesterday"),
        ("ended", "soon"),
        ("accepted", b"\x00"),
        ("task_id", b"\xff"),
        ("state", b"accepted"),
    ],
)
def test_a_row_that_somebody_else_wrote(journal: Journal, column: str, value: object) -> None:
    """A row that cannot be read is left out, and nothing raises; the others are there."""
    for _ in range(2):
        journal.update(journal.write(REQUEST, URL), state="saved", task_id="t1", accepted=1.0, ended=61.0)
    raw(journal, f"UPDATE submissions SET {column} = ? WHERE key = 2", value)
    assert [entry.key for entry in journal.entries()] == [1]
    assert journal.usual(REQUEST, URL) == 60
    assert journal.unfinished() == ()
    found = journal.find("t1")
    assert found is not None
    assert found.key == 1
    assert journal.trouble == ""


def test_metadata_that_is_none(journal: Journal) -> None:
    """A body of an unusual shape does not break the estimate."""
    done(journal, REQUEST, 60)
    journal.update(1, body={"model": REQUEST.model, "seconds": "5", "metadata": "strange"})
    assert journal.usual(REQUEST, URL) == 60
    assert journal.usual(REQUEST.replace(seconds=10), URL) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_after_a_fork(journal: Journal) -> None:
    """A child that was forked writes into the same file; the parent sees it. (In a program of its own: to fork one
    with as many threads as this one hangs at times, before any of our code runs.)"""
    code = f"""
import os
from pathlib import Path
from kling_widgets.core.request import VideoRequest
from kling_widgets.jobs.journal import Journal
journal = Journal(Path({str(journal.path)!r}))
journal.write(VideoRequest("2.6", prompt="parent"), "a")
child = os.fork()
if child == 0:
    journal.write(VideoRequest("2.6", prompt="child"), "a")
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print([entry.body["prompt"] for entry in journal.entries()], journal.trouble)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "['child', 'parent'] \n"


def test_closing_forgets_memory_alone(journal: Journal) -> None:
    """After close the file is there as before."""
    journal.write(REQUEST, URL)
    journal.close()
    assert len(journal.entries()) == 1
