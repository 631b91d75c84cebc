"""The journal: its rows, other writers, and work without a usable file."""

from __future__ import annotations

import multiprocessing
import os
import re
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from filelock import FileLock

from kling_widgets.client.credentials.endpoint import DEMO
from kling_widgets.errors import KlingError
from kling_widgets.request.estimate import Estimate
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.journal import DAY, INTERRUPTED, SCHEMA, Journal, Order
from kling_widgets.storage.requested import RequestKey
from kling_widgets.storage.submission import OPEN, Submission
from tests.jobs.conftest import Clock, before, made

REQUEST = VideoRequest("2.6", prompt="a paper boat", seconds=5)
URL = "https://a.example"


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Journal:
    return Journal(tmp_path / "home" / "journal.sqlite", clock=clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def raw(journal: Journal, statement: str, *values: object) -> None:
    """Write into the file as another program."""
    with sqlite3.connect(journal.path) as connection:
        connection.execute(statement, values)
    connection.close()


def test_a_wish_can_be_read_back(journal: Journal, clock: Clock) -> None:
    """A submission is read back with its request, by another reader of the file too."""
    key = journal.write(REQUEST, URL)
    (entry,) = Journal(journal.path).entries()
    assert replace(entry, owner=None) == Submission(key, clock.now, URL, REQUEST.model, REQUEST.draft(), "written")
    assert journal.owned(entry)
    assert entry.request == REQUEST
    assert not entry.demo
    assert journal.trouble == ""


def test_changes(journal: Journal) -> None:
    """Columns of one row change, a body as a dict; an unknown column is a programming error."""
    one, other = (journal.write(REQUEST, URL) for _ in range(2))
    journal.update(one, state="accepted", task_id="t1", body={"model": "m"})
    assert [(entry.state, entry.task_id) for entry in journal.entries()] == [("written", None), ("accepted", "t1")]
    assert journal.entries()[1].body == {"model": "m"}
    assert other == journal.entries()[0].key
    with pytest.raises(AssertionError):
        journal.update(one, **{"state = 'x' --": 1})


def test_whether_a_change_is_on_disk(journal: Journal, tmp_path: Path) -> None:
    """The result is True only for a change of an existing row in the file, not in memory."""
    key = journal.write(REQUEST, URL)
    assert journal.update(key, state="sending") is True
    assert journal.update(key + 1, state="sending") is False
    (tmp_path / "file").touch()
    nowhere = Journal(tmp_path / "file" / "journal.sqlite")
    assert nowhere.update(nowhere.write(REQUEST, URL), state="sending") is False


def test_those_in_a_state(journal: Journal) -> None:
    """One or more states can be asked for; the oldest come first."""
    for state in ("unknown", "saved", "unknown", "refused"):
        journal.update(journal.write(REQUEST, URL), state=state)
    assert [entry.key for entry in journal.in_state("unknown")] == [1, 3]
    assert [entry.key for entry in journal.in_state("unknown", "refused")] == [1, 3, 4]
    assert journal.in_state("sending") == ()


def test_the_newest_come_first(journal: Journal, clock: Clock) -> None:
    """Submissions come newest first, up to the limit."""
    keys = []
    for _ in range(3):
        keys.append(journal.write(REQUEST, URL))
        clock.now += 1
    assert [entry.key for entry in journal.entries()] == keys[::-1]
    assert [entry.key for entry in journal.entries(2)] == keys[:0:-1]


def test_finding(journal: Journal) -> None:
    """A task is found by its id, a submission without one by its number; anything else is None, and nothing raises."""
    key = journal.write(REQUEST, URL)
    assert journal.find(f"#{key}") == journal.entries()[0]
    journal.update(key, task_id="t1")
    found = journal.find("t1")
    assert found is not None
    assert found.key == key
    for odd in ("t2", "", "#", "#x", "#²", "#99999999999999999999999", "\udc80", "' OR 1 --", "../../t1"):
        assert journal.find(odd) is None


def test_a_task_of_somewhere_else(journal: Journal) -> None:
    """A task that was submitted elsewhere becomes an accepted submission without a known request."""
    entry = journal.import_task("t9", URL)
    assert journal.unfinished() == (entry,)
    assert (entry.task_id, entry.state, entry.accepted) == ("t9", "accepted", None)
    assert entry.request.values == {}


def test_unfinished_is_what_was_accepted_and_is_not_here(journal: Journal) -> None:
    """Accepted submissions and those with an unsaved video are to be resumed, oldest first; no others."""
    for state in ("written", "sending", "accepted", "succeeded", "saved", "failed", "refused", "unknown"):
        journal.update(journal.write(REQUEST, URL), state=state, task_id=f"of-{state}")
    journal.update(journal.write(REQUEST, URL), state="accepted")  # no id: nothing could be asked for
    assert [entry.task_id for entry in journal.unfinished()] == ["of-accepted", "of-succeeded"]


def done(journal: Journal, request: VideoRequest, took: float, service: str = URL, state: str = "saved") -> None:
    journal.update(journal.write(request, service), state=state, task_id="t", accepted=1000.0, ended=1000.0 + took)


def test_the_usual_duration(journal: Journal) -> None:
    """The typical duration for this model, length and resolution at this service; None without one."""
    assert journal.typical_seconds(REQUEST, URL) is None
    for took in (50, 70, 600):
        done(journal, REQUEST, took)
    done(journal, REQUEST.replace(seconds=10), 1)
    done(journal, REQUEST.replace(resolution="720P"), 1)
    done(journal, REQUEST.replace(model="3.0"), 1)
    done(journal, REQUEST, 1, service="demo")
    done(journal, REQUEST, 1, state="failed")
    done(journal, REQUEST, -5)  # a clock that was put back
    assert journal.typical_seconds(REQUEST, URL) == pytest.approx(70)
    assert journal.typical_seconds(REQUEST.replace(prompt="another"), URL) == pytest.approx(70)
    assert journal.typical_seconds(REQUEST.replace(resolution="720P"), URL) == pytest.approx(1)


def test_a_path_in_a_body_is_never_a_users_own(journal: Journal) -> None:
    """A journal from somebody else cannot cause an upload of a file of this machine."""
    key = journal.write(REQUEST, URL)
    journal.update(key, body={"model": REQUEST.model, "prompt": "x", "image": "/etc/passwd"})
    request = journal.entries()[0].request
    assert request.files() == ()
    assert request.errors()


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_the_file_is_its_owners_alone(journal: Journal) -> None:
    """Prompts are private, whatever the umask is."""
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700


def test_text_that_no_file_can_hold(journal: Journal) -> None:
    """A file name that is not valid text does not keep the row from being written."""
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


@pytest.mark.slow
def test_several_processes_write_at_once(tmp_path: Path) -> None:
    """Kernels that share the journal lose nothing, even if all of them create it at once."""
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
    """The threads of one kernel lose nothing."""
    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=_write_many, args=(journal.path, barrier, 10)) for _ in range(3)]
    threads += [threading.Thread(target=lambda: (barrier.wait(60), [journal.write(REQUEST, URL) for _ in range(10)]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(journal.entries()) == 40


def works(journal: Journal) -> None:
    """Check that everything works in memory, and that ``trouble`` names the file."""
    assert str(journal.path) in journal.trouble
    assert "in memory" in journal.trouble
    key = journal.write(REQUEST, URL)
    journal.update(key, state="accepted", task_id="t-in-memory")
    found = journal.find("t-in-memory")
    assert found is not None
    assert found in journal.unfinished()
    assert found in journal.entries()


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    """If no file can be created the journal is in memory, and says so."""
    (tmp_path / "file").touch()
    works(Journal(tmp_path / "file" / "home" / "journal.sqlite"))
    assert (tmp_path / "file").stat().st_size == 0


def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    """The same if a folder has the file's name."""
    (tmp_path / "journal.sqlite").mkdir()
    works(Journal(tmp_path / "journal.sqlite"))


def test_a_journal_of_a_newer_version(journal: Journal) -> None:
    """A file of a newer schema is not changed; what this version can read of it is shown."""
    journal.update(journal.write(REQUEST, URL), state="accepted", task_id="t1")
    raw(journal, f"PRAGMA user_version = {SCHEMA + 1}")
    before = journal.path.read_bytes()
    newer = Journal(journal.path)
    assert "newer version" in newer.trouble
    assert newer.find("t1") is not None
    works(newer)
    assert journal.path.read_bytes() == before


def set_aside(journal: Journal) -> Path:
    """Return the renamed file, which ``trouble`` names; the journal is on disk."""
    (aside,) = journal.path.parent.glob("journal.damaged-*.sqlite")
    assert aside.name in journal.trouble
    assert journal.mode != "memory"
    key = journal.write(REQUEST, URL)
    assert Journal(journal.path).entries()[0].key == key
    assert Journal(journal.path).trouble == ""
    return aside


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\x00" + bytes(range(256)) * 8])
def test_a_corrupt_file(journal: Journal, content: bytes) -> None:
    """A file that is no database is renamed unchanged, and a new one is created."""
    journal.path.write_bytes(content)
    assert set_aside(Journal(journal.path)).read_bytes() == content


def test_a_file_that_breaks_while_it_is_used(journal: Journal) -> None:
    """The same during the work."""
    journal.write(REQUEST, URL)
    assert journal.trouble == ""
    journal.path.write_bytes(b"no database at all" * 100)
    assert journal.entries() == ()
    set_aside(journal)


def test_a_page_that_breaks_while_it_is_used(journal: Journal) -> None:
    """Rows that can be read of a file with damage in its middle are in the new one, with their numbers."""
    for _ in range(100):
        journal.write(REQUEST.replace(prompt="x" * 500), URL)
    content = journal.path.read_bytes()
    journal.path.write_bytes(content[: len(content) // 2] + b"\xff" * (len(content) - len(content) // 2))
    kept = journal.entries()
    assert 0 < len(kept) < 100
    assert {entry.body["prompt"] for entry in kept} == {"x" * 500}
    told = re.search(r"with the (\d+) submissions", journal.trouble)
    assert told and int(told[1]) - len(kept) in (0, 1)  # one lies across the border, and may be no submission any more
    set_aside(journal)


def test_a_second_damage_is_set_aside_beside_the_first(journal: Journal) -> None:
    """No renamed file is overwritten, even within one second."""
    for content in (b"first" * 100, b"second" * 100):
        journal.path.write_bytes(content)
        journal.entries()
    found = {path.read_bytes() for path in journal.path.parent.glob("journal.damaged-*.sqlite")}
    assert found == {b"first" * 100, b"second" * 100}


def test_a_file_that_was_removed_is_made_anew(journal: Journal) -> None:
    """If the journal is deleted while a kernel runs, a new one is created with the submissions in progress."""
    journal.write(REQUEST, URL)
    for path in journal.path.parent.glob("journal.sqlite*"):
        path.unlink()
    assert journal.update(1, state="accepted", task_id="t1")
    key = journal.write(REQUEST, URL)
    assert [entry.key for entry in journal.entries()] == [key, 1]
    assert journal.trouble == ""


def test_another_process_that_holds_the_file(journal: Journal, tmp_path: Path) -> None:
    """A file that stays locked too long is ``trouble``, and no error; its rows can be read."""
    journal.update(journal.write(REQUEST, URL), state="accepted", task_id="t1")
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    impatient = Journal(journal.path, timeout=0.0)
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
    assert journal.typical_seconds(REQUEST, URL) == pytest.approx(60)
    assert journal.unfinished() == ()
    found = journal.find("t1")
    assert found is not None
    assert found.key == 1
    assert journal.trouble == ""


def test_metadata_that_is_none(journal: Journal) -> None:
    """A body of an unusual shape does not break the estimate."""
    done(journal, REQUEST, 60)
    journal.update(1, body={"model": REQUEST.model, "seconds": "5", "metadata": "strange"})
    assert journal.typical_seconds(REQUEST, URL) == pytest.approx(60)
    assert journal.typical_seconds(REQUEST.replace(seconds=10), URL) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_after_a_fork(journal: Journal) -> None:
    """A forked child writes into the same file, and the parent sees it.

    In a program of its own, as forking one with as many threads as pytest's hangs at times before any of our code runs.
    """
    code = f"""
import os
from pathlib import Path
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.journal import Journal
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
    """After close the file is as before."""
    journal.write(REQUEST, URL)
    journal.close()
    assert len(journal.entries()) == 1


# Ownership

OTHER = """
import sys
from pathlib import Path
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.journal import Journal
journal = Journal(Path(sys.argv[1]))
for state in sys.argv[2:]:
    key = journal.write(VideoRequest("2.6", prompt=state), "https://a.example")
    journal.update(key, state=state, **({"task_id": f"of-{state}"} if state == "accepted" else {}))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(journal: Journal) -> Iterator[subprocess.Popen[str]]:
    """Another process, which has written one submission of each state."""
    command = [sys.executable, "-c", OTHER, str(journal.path), "written", "sending", "accepted"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_what_a_living_kernel_works_on_is_its_own(journal: Journal, other: subprocess.Popen[str]) -> None:
    """Its submissions are not recovered; they are owned elsewhere until this process claims them."""
    assert journal.recover_orphans() == ()
    entry = journal.find("of-accepted")
    assert entry is not None
    assert journal.owned_elsewhere(entry)
    journal.own(entry.key)
    taken = journal.find("of-accepted")
    assert taken is not None
    assert journal.owned(taken)
    assert not journal.owned_elsewhere(taken)
    journal.release(entry.key)
    left = journal.find("of-accepted")
    assert left is not None
    assert not journal.owned(left)


def test_of_two_kernels_that_resume_at_once_one_gets_the_task(journal: Journal, other: subprocess.Popen[str]) -> None:
    """Both have read that it has no living owner; one that has ended meanwhile is claimed by neither."""
    other.kill()
    other.wait(60)
    (read,) = journal.unfinished()
    assert journal.claim(read)
    assert not journal.claim(read)
    journal.release(read.key)
    assert journal.claim(read)
    journal.update(read.key, state="saved", owner=None)
    assert not journal.claim(read)


def test_what_a_killed_kernel_left_is_told_as_it_is(journal: Journal, other: subprocess.Popen[str]) -> None:
    """Written: not sent. Sending: unknown. Accepted: unchanged.

    It is reported once; the messages say what it means for the money.
    """
    other.kill()
    other.wait(60)
    unsent, unknown = journal.recover_orphans()
    assert (unsent.state, unknown.state) == ("refused", "unknown")
    assert "nothing is billed" in (unsent.error or "")
    assert "may have been accepted and billed" in (unknown.error or "")
    assert journal.recover_orphans() == ()
    (accepted,) = journal.unfinished()
    assert not journal.owned(accepted)
    assert not journal.owned_elsewhere(accepted)


def test_a_wish_of_this_kernel_is_not_settled(journal: Journal) -> None:
    """Another reader in the same process, such as a second session, sees that its owner is alive."""
    journal.write(REQUEST, URL)
    assert Journal(journal.path).recover_orphans() == ()


def test_only_its_own_is_left(journal: Journal, other: subprocess.Popen[str]) -> None:
    """A kernel that reaches the end of a task which another one has claimed leaves the owner unchanged."""
    entry = journal.find("of-accepted")
    assert entry is not None
    journal.release(entry.key)
    assert journal.find("of-accepted") == entry


@pytest.fixture
def lockless(tmp_path: Path, clock: Clock) -> Journal:
    """The journal of a kernel that cannot lock files."""
    (tmp_path / "lockless").mkdir()
    (tmp_path / "lockless" / "kernels").touch()
    return Journal(tmp_path / "lockless" / "journal.sqlite", clock=clock)


def test_a_kernel_without_a_lock_knows_its_own(lockless: Journal) -> None:
    """Its own "sending" submissions are not taken for those of a dead kernel."""
    keys = [lockless.write(REQUEST, URL) for _ in range(2)]
    lockless.update(keys[0], state="sending")
    assert lockless.recover_orphans() == ()
    entries = lockless.entries()
    assert [(lockless.owned(entry), lockless.owned_elsewhere(entry)) for entry in entries] == [(True, False)] * 2


def test_nobody_can_tell_of_a_kernel_without_a_lock(lockless: Journal, clock: Clock) -> None:
    """A submission of another such kernel is left alone as long as a POST can last, then recovered."""
    lockless.update(lockless.write(REQUEST, URL), state="sending")
    raw(lockless, "UPDATE submissions SET owner = '?another'")
    clock.now += 3000
    (entry,) = lockless.entries()
    assert lockless.owned_elsewhere(entry)
    assert lockless.recover_orphans() == ()
    clock.now += 1000
    assert [entry.state for entry in lockless.recover_orphans()] == ["unknown"]


def test_what_was_believed_of_a_task_is_taken_back_when_it_was_accepted(journal: Journal) -> None:
    """The error and end time of a recovery are cleared; the columns of the change stay."""
    key = journal.write(REQUEST, URL)
    journal.update(key, state="unknown", error="lost", ended=5.0)
    journal.update(key, state="accepted", task_id="t1", accepted=6.0)
    (entry,) = journal.entries()
    assert (entry.error, entry.ended) == (None, None)
    journal.update(key, state="accepted", error="vanished")
    assert journal.entries()[0].error == "vanished"


# Lost rows and row numbers


def test_the_id_of_a_paid_task_is_never_lost(journal: Journal) -> None:
    """If its row is lost by damage it is inserted again; another kernel's submission keeps its number."""
    key = journal.write(REQUEST.replace(prompt="mine"), URL)
    assert journal.update(key, state="sending", cost=3.0)
    raw(journal, "DELETE FROM submissions")
    theirs = Journal(journal.path).write(REQUEST.replace(prompt="theirs"), URL)
    assert theirs != key
    assert journal.update(key, state="accepted", task_id="paid-1") is True
    (found, other) = sorted(journal.entries(), key=lambda entry: entry.key)
    assert (found.key, found.task_id, found.cost, found.body["prompt"]) == (key, "paid-1", 3.0, "mine")
    assert (other.key, other.state, other.body["prompt"]) == (theirs, "written", "theirs")


def test_a_number_that_another_one_has_now(journal: Journal, clock: Clock) -> None:
    """If the file was deleted and another kernel created a new one, neither submission overwrites the other."""
    key = journal.write(REQUEST.replace(prompt="mine"), URL)
    for path in journal.path.parent.glob("journal.sqlite*"):
        path.unlink()
    clock.now += 1
    assert Journal(journal.path, clock=clock).write(REQUEST.replace(prompt="theirs"), URL) == key
    for change in ({"state": "accepted", "task_id": "paid-1"}, {"state": "saved", "path": "/v/mine.mp4"}):
        assert journal.update(key, **change) is True
    found = {entry.body["prompt"]: (entry.key, entry.state, entry.task_id) for entry in journal.entries()}
    assert found == {"theirs": (key, "written", None), "mine": (key + 1, "saved", "paid-1")}


def test_a_task_that_was_taken_up_is_not_lost_either(journal: Journal) -> None:
    """A claimed submission of an earlier kernel is inserted again too."""
    key = journal.import_task("t1", URL).key
    later = Journal(journal.path)
    (entry,) = later.unfinished()
    assert later.claim(entry)
    raw(journal, "DELETE FROM submissions")
    assert later.update(key, state="succeeded", url="https://a.example/v.mp4")
    assert [entry.key for entry in later.unfinished()] == [key]


def test_what_was_forgotten_is_not_written_down_once_more(journal: Journal) -> None:
    """A deleted submission is not inserted again, and its number is not reused."""
    key = journal.write(REQUEST, URL)
    journal.forget([key])
    assert journal.update(key, state="unknown") is False
    assert journal.entries() == ()
    assert journal.write(REQUEST, URL) == key + 1


def test_a_file_that_was_held_for_too_long(journal: Journal, clock: Clock) -> None:
    """Changes made in memory meanwhile are in the file later, and numbers continue from those of the file."""
    key = journal.write(REQUEST, URL)
    impatient = Journal(journal.path, timeout=0.0, clock=clock)
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    far = impatient.write(REQUEST.replace(prompt="meanwhile"), URL, RequestKey("boat", "cell", "1"))
    assert impatient.update(far, state="accepted", task_id="paid-1") is False
    assert impatient.update(key, state="sending") is False
    assert far > 10**9
    other.execute("ROLLBACK")
    other.close()
    clock.now += 1
    assert impatient.write(REQUEST, URL) == key + 1
    assert (impatient.trouble, impatient.mode == "memory") == ("", False)
    found = {entry.key: (entry.state, entry.task_id) for entry in journal.entries()}
    assert found == {key: ("sending", None), far: ("accepted", "paid-1"), key + 1: ("written", None)}
    assert before(journal, "2") == far


# Keeping and forgetting


def test_a_poster(journal: Journal) -> None:
    """A small picture is stored with the row, and read only if asked for."""
    key = journal.write(REQUEST, URL)
    assert journal.poster(key) is None
    journal.update(key, poster=b"\xff\xd8 jpeg")
    assert journal.poster(key) == b"\xff\xd8 jpeg"
    assert journal.poster(key + 1) is None
    other = journal.write(REQUEST, URL)
    assert journal.posters([key, other, other + 1]) == {key: b"\xff\xd8 jpeg"}


def test_what_is_forgotten_is_gone_from_the_disk(journal: Journal) -> None:
    """The row, its prompt's bytes in the file, and its request key are deleted."""
    secret = "a lighthouse that nobody else knows"
    key = journal.write(REQUEST.replace(prompt=secret), URL, RequestKey("boat", "cell", "1"))
    kept = journal.write(REQUEST, URL)
    assert any(secret.encode() in file.read_bytes() for file in journal.path.parent.glob("journal.sqlite*"))
    assert journal.forget([key, 99]) == 1
    assert [entry.key for entry in journal.entries()] == [kept]
    assert before(journal, "2") is None
    assert not any(secret.encode() in file.read_bytes() for file in journal.path.parent.glob("journal.sqlite*"))


# The tables of the versions before the first release, by their number.
SUBMISSIONS = (
    "key INTEGER PRIMARY KEY {}, created REAL NOT NULL, service TEXT NOT NULL, model TEXT NOT NULL, "
    "body TEXT NOT NULL, state TEXT NOT NULL, task_id TEXT, accepted REAL, ended REAL, url TEXT, path TEXT, error TEXT"
)
OWNED = "owner TEXT, cost REAL, currency TEXT, poster BLOB"
REQUESTS = (
    "key INTEGER PRIMARY KEY, same TEXT NOT NULL, cell TEXT NOT NULL, run TEXT NOT NULL, submission INTEGER NOT NULL"
)
EARLY = {
    1: (SUBMISSIONS.format(""),),
    2: (f"{SUBMISSIONS.format('')}, {OWNED}", REQUESTS),
    3: (f"{SUBMISSIONS.format('')}, {OWNED}, sha256 TEXT", REQUESTS),
    4: (f"{SUBMISSIONS.format('AUTOINCREMENT')}, {OWNED}, sha256 TEXT", REQUESTS),
}


@pytest.mark.parametrize("version", EARLY)
def test_a_journal_of_an_unreleased_version_is_copied_into_a_new_one(tmp_path: Path, version: int) -> None:
    """Its submissions keep their numbers, the file is kept under another name, and new numbers follow the old ones."""
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        for table, columns in zip(("submissions", "wishes"), EARLY[version], strict=False):
            old.execute(f"CREATE TABLE {table} ({columns})")
        old.execute(f"PRAGMA user_version = {version}")
        row = "created, service, model, body, state, task_id"
        for key in (1, 2, 3):
            old.execute(f"INSERT INTO submissions ({row}) VALUES (1.0, 'a', 'm', '{{}}', 'accepted', 't{key}')")
            if version > 1:
                old.execute(
                    "INSERT INTO wishes (same, cell, run, submission) VALUES (?, ?, ?, ?)", ("boat", "cell", "1", key)
                )
    journal = Journal(path)
    assert [(entry.key, entry.task_id) for entry in journal.unfinished()] == [(1, "t1"), (2, "t2"), (3, "t3")]
    (aside,) = tmp_path.glob("journal.damaged-*.sqlite")
    with closing(sqlite3.connect(aside)) as kept:
        assert kept.execute("SELECT count(*) FROM submissions").fetchone() == (3,)
        assert kept.execute("PRAGMA user_version").fetchone() == (version,)
    assert "with the 3 submissions" in journal.trouble
    (new,) = made(journal, "2")
    assert new > 3
    assert before(journal, "3") == new
    assert Journal(path).trouble == ""


# Writing together


def boats(count: int, *, run: str = "1", repeats: int | None = None, cost: str = "0.35") -> list[Order]:
    """Return so many equal entries of one run of a cell."""
    estimate = Estimate(1, 5, 0, Decimal(cost), "USD")
    return [Order(REQUEST, RequestKey("boat", "cell", run), estimate, repeats) for _ in range(count)]


def test_a_batch_is_written_as_a_whole_with_what_it_costs(journal: Journal) -> None:
    """In order, each as the next one of its run; of a repetition only the request key is recorded."""
    entries = journal.write_all(lambda: boats(2), URL)
    assert [(entry.key, entry.state, entry.cost, entry.currency) for entry in entries] == [
        (1, "written", 0.35, "USD"),
        (2, "written", 0.35, "USD"),
    ]
    again = journal.write_all(lambda: [*boats(1, run="2", repeats=1), *boats(2, run="2")], URL)
    assert [entry.key for entry in again] == [1, 3, 4]
    assert [before(journal, "3", skip) for skip in range(4)] == [1, 3, 4, None]


def test_what_is_decided_and_not_written_leaves_nothing(journal: Journal, tmp_path: Path) -> None:
    """An error while deciding, or a limit, leaves nothing written, in memory too."""
    (tmp_path / "file").touch()
    nowhere = Journal(tmp_path / "file" / "journal.sqlite")
    for each in (journal, nowhere):

        def fail(each: Journal = each) -> list[Order]:
            each.request_index.record(RequestKey("kite", "cell", "1"), 7)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            each.write_all(fail, URL)
        with pytest.raises(KlingError, match="too much"):
            each.write_all(lambda: boats(2), URL, lambda spent: "too much")
        assert each.entries() == ()
        assert each.request_index.previous(RequestKey("kite", "cell", "2")) is None
        (entry,) = each.write_all(lambda: boats(1), URL, lambda spent: "")
        assert entry.state == "written"
        assert each.trouble == nowhere.trouble * (each is nowhere)


def test_a_limit_is_asked_only_about_what_is_new(journal: Journal) -> None:
    """A repetition of submissions in progress spends nothing."""
    journal.write_all(lambda: boats(1), URL)
    (entry,) = journal.write_all(lambda: boats(1, run="2", repeats=1), URL, lambda spent: "too much")
    assert entry.key == 1


def test_who_looks_and_writes_is_alone(journal: Journal) -> None:
    """Of twenty threads with journals of their own, which decide by what is there, one writes."""
    together, keys = threading.Barrier(20), list[int]()

    def ask(run: int) -> None:
        mine, key = Journal(journal.path), RequestKey("boat", "cell", str(run))
        together.wait(60)

        def decide() -> list[Order]:
            found = mine.request_index.previous(key)
            return [Order(REQUEST, key, repeats=found.key if found and found.state in OPEN else None)]

        keys.extend(entry.key for entry in mine.write_all(decide, URL))

    threads = [threading.Thread(target=ask, args=(run,)) for run in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keys == [1] * 20
    assert len(journal.entries()) == 1


def test_one_submission_at_a_time_has_a_key(journal: Journal) -> None:
    """The file's unique index allows one submission for the nth identical request of a cell."""
    made(journal, "1", 2)
    made(journal, "2")
    with sqlite3.connect(journal.path) as file:
        found = file.execute("SELECT nth, submission FROM wishes WHERE nth IS NOT NULL ORDER BY nth").fetchall()
        assert found == [(1, 3), (2, 2)]
        with pytest.raises(sqlite3.IntegrityError):
            file.execute("UPDATE wishes SET nth = 2 WHERE submission = 3")


# The sum of the last day


def test_what_the_last_day_comes_to(journal: Journal, clock: Clock) -> None:
    """All that may be billed: no refused submissions, none of the demo, none older than a day."""
    for state in ("saved", "failed", "unknown", "accepted", "written", "refused"):
        (entry,) = journal.write_all(lambda: boats(1), URL)
        journal.update(entry.key, state=state)
    journal.write_all(lambda: boats(1), DEMO)
    assert journal.spent() == Estimate(5, 25, 0, Decimal("1.75"), "USD")
    clock.now += DAY - 1
    journal.write(REQUEST.replace(seconds=10), URL)
    assert journal.spent() == Estimate(6, 35, 0, Decimal("1.75"), "USD", unpriced=1)
    clock.now += 1
    assert journal.spent() == Estimate(1, 10, 0, unpriced=1)


def test_what_is_not_known_before_is_counted_as_such(journal: Journal) -> None:
    """A length that depends on the media, and a price in another currency, count as unknown."""
    avatar = VideoRequest("avatar", image="https://example.com/a.png", voice_list=["https://example.com/a.wav"])
    journal.write(avatar, URL)
    journal.import_task("t9", URL)
    assert journal.spent() == Estimate(1, 0, 1, unpriced=1)  # the other one was submitted elsewhere
    journal.write_all(lambda: boats(1), URL)
    euro = Estimate(1, 5, 0, Decimal(2), "EUR")
    journal.write_all(lambda: [Order(REQUEST, None, euro)], URL)
    assert journal.spent() == Estimate(3, 10, 1, Decimal(2), "EUR", unpriced=2)


# Ownership before acceptance


def sent_elsewhere(journal: Journal, key: int, state: str = "written") -> FileLock:
    """A submission of another process, which lives as long as its lock is held."""
    raw(journal, "UPDATE submissions SET owner = 'another', state = ? WHERE key = ?", state, key)
    (journal.path.parent / "kernels").mkdir(exist_ok=True)
    return FileLock(journal.path.parent / "kernels" / "another.lock")


@pytest.mark.parametrize("state", ["written", "sending", "refused", "unknown"])
def test_what_another_process_took_over_is_not_written_over(journal: Journal, state: str) -> None:
    """Nothing changes, and the result says so; an acceptance is written all the same."""
    key = journal.write(REQUEST, URL)
    with sent_elsewhere(journal, key):
        assert journal.update(key, state=state, error="mine") is None
        assert [(entry.state, entry.error) for entry in journal.entries()] == [("written", None)]
        assert journal.update(key, state="accepted", task_id="t1") is True
    assert [(entry.key, entry.task_id) for entry in journal.entries()] == [(key, "t1")]


def test_what_was_settled_meanwhile_is_not_sent(journal: Journal, clock: Clock) -> None:
    """If a cleaner deleted the lock files, and another kernel recorded that it was not sent, it is not sent."""
    key = journal.write(REQUEST, URL)
    raw(journal, "UPDATE submissions SET state = 'refused', error = ? WHERE key = ?", INTERRUPTED, key)
    assert journal.update(key, state="sending") is None
    assert journal.entries()[0].state == "refused"
    assert len(journal.entries()) == 1


def test_what_ended_unsent_is_inherited(journal: Journal) -> None:
    """While its kernel lives it is not inherited; afterwards one other kernel sends it, unless it was "sending"."""
    keys = [journal.write(REQUEST, URL) for _ in range(3)]
    with sent_elsewhere(journal, keys[0]):
        assert not journal.inherit(journal.entries()[-1])
    sent_elsewhere(journal, keys[2], "sending")
    raw(journal, "UPDATE submissions SET state = 'refused', error = ? WHERE key = ?", INTERRUPTED, keys[1])
    third, second, first = journal.entries()
    assert [journal.inherit(entry) for entry in (first, second, third)] == [True, True, False]
    assert [journal.inherit(entry) for entry in (first, second)] == [False, False]
    assert [journal.update(key, state="sending") for key in keys[:2]] == [True, True]
