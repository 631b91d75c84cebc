"""A forked child finds free locks, complete files, and no work of its parent's threads."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import kling_widgets

PACKAGE = Path(kling_widgets.__file__).parent

# Locks that live within one call, or belong to an object that a forked child creates again.
OWN = {
    "jobs/waiting.py": 1,
    "core/forks.py": 3,
    "client/http/blocking_driver.py": 2,
    "notebook/kernel/live_updates.py": 1,
}
KINDS = {"Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore", "Barrier"}

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def program(code: str, *arguments: str) -> str:
    """Return the output of a program that forks; this process has many threads, and forking it can hang."""
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_lock_is_one_of_these() -> None:
    """Locks of the package come from ``core/forks.py``. The demo is a separate program."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        made = [each for each in calls if isinstance(each, ast.Attribute) and each.attr in KINDS and _threading(each)]
        bare = [each for each in calls if isinstance(each, ast.Name) and each.id in KINDS]
        if (count := len(made) + len(bare)) and not name.startswith("demo/"):
            found[name] = count
    assert found == OWN


def _threading(call: ast.Attribute) -> bool:
    return isinstance(call.value, ast.Name) and call.value.id == "threading"


def test_locks_that_a_thread_holds_are_free_in_a_child() -> None:
    """Both kinds of locks are free, also in a grandchild; in the parent they stay as they were."""
    code = """
import os, signal, threading
from kling_widgets.core import forks
locks = [forks.lock(), forks.rlock()]
held, go_on = threading.Event(), threading.Event()
def hold():
    with locks[0], locks[1]:
        held.set(); go_on.wait(60)
thread = threading.Thread(target=hold); thread.start(); held.wait(60)
child = os.fork()
if child == 0:
    signal.alarm(30)
    with locks[0], locks[1], locks[1]:
        grandchild = os.fork()
        if grandchild == 0:
            signal.alarm(30)
            with locks[0], locks[1]:
                os._exit(0)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), [each.acquire(blocking=False) for each in locks])
go_on.set(); thread.join(60)
print([each.acquire(blocking=False) for each in locks])
"""
    assert program(code) == "0 [False, False]\n[True, True]\n"


def test_a_fork_waits_for_what_must_not_be_copied_halfway() -> None:
    """Several threads fork while another one holds the lock: no child starts before it is released, and none hangs."""
    code = """
import os, threading
from kling_widgets.core import forks
lock, begun, go_on, done = forks.lock(delays_fork=True), threading.Event(), threading.Event(), []
def work():
    with lock:
        begun.set(); go_on.wait(60); done.append("whole")
def fork():
    child = os.fork()
    if child == 0:
        os._exit(0 if done == ["whole"] and lock.acquire(blocking=False) else 1)
    statuses.append(os.waitpid(child, 0)[1])
statuses = []
worker = threading.Thread(target=work); worker.start(); begun.wait(60)
forking = [threading.Thread(target=fork) for _ in range(5)]
for each in forking: each.start()
go_on.set()
for each in [worker, *forking]: each.join(60)
print(statuses, lock.acquire(blocking=False))
"""
    assert program(code) == "[0, 0, 0, 0, 0] True\n"


def test_what_is_gone_is_not_called() -> None:
    """Callbacks run for living owners only, and do not keep them alive."""
    code = """
import gc, os
from kling_widgets.core import forks
class Thing:
    def __init__(self):
        self.begun = 0
        forks.after_in_child(self, Thing.begin)
    def begin(self):
        self.begun += 1
gone, kept = Thing(), Thing()
del gone; gc.collect()
child = os.fork()
if child == 0:
    os._exit(kept.begun)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), kept.begun, len(forks._callbacks))
"""
    assert program(code) == "1 0 1\n"


@pytest.mark.slow
def test_a_journal_that_is_written_while_its_process_forks(tmp_path: Path) -> None:
    """SQLite's file is never open during a fork: each child reads and writes it on disk at once."""
    code = """
import os, signal, sys, threading
from pathlib import Path
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.journal import Journal
journal = Journal(Path(sys.argv[1]))
request, going = VideoRequest("2.6", prompt="a paper boat"), True
journal.write(request, "parent")  # imports everything first, as Python's import locks are not tested here
def write():
    while going:
        journal.update(journal.write(request, "parent"), state="refused")
threads = [threading.Thread(target=write) for _ in range(2)]
for each in threads: each.start()
statuses = set()
for _ in range(20):
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        key = journal.write(request, "child")
        os._exit(0 if journal.find(f"#{key}") and journal.mode != "memory" and not journal.trouble else 1)
    statuses.add(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
going = False
for each in threads: each.join(60)
print(statuses, sum(entry.service == "child" for entry in journal.entries()), journal.trouble)
"""
    assert program(code, str(tmp_path / "journal.sqlite")) == "{0} 20 \n"
