"""Jobs in separate programs and kernels: how these end, how interrupts work, and which cells run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobs.conftest import KEY, World, program, row
from tests.kernel import Kernel
from tests.servers import Answer

pytestmark = pytest.mark.slow


def test_a_process_ends_at_once_and_silently_while_jobs_run(world: World) -> None:
    """A program does not wait for its tasks at its end, and prints nothing about them."""
    world.gateway.looks = [row("processing")] * 1000
    code = program(world) + (
        "jobs = [submit().wait_accepted() for _ in range(3)]; jobs[0]._state.listen(lambda moment: None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [entry.state for entry in world.journal.unfinished()] == ["accepted"] * 3


def test_a_failure_that_nobody_asks_for_is_silent_at_the_end(world: World) -> None:
    """A job whose error was never fetched causes no warning when the program ends."""
    world.gateway.created = Answer(401, {"error": {"message": "Invalid token"}})
    code = program(world) + (
        "import threading; ended = threading.Event(); job = submit()\n"
        "job._state.listen(lambda moment: moment.error and ended.set()); assert ended.wait(60); del job\n"
        "import gc; gc.collect()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("held", ["POST /v1/video", "GET /v1/video"])
def test_a_kernel_that_is_killed_leaves_the_truth(world: World, held: str) -> None:
    """After a kill during the submission the journal has "sending"; after a later one, "accepted" with the id."""
    world.gateway.hold(held)
    code = program(world) + "submit().wait()"
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        world.gateway.server.wait_for(1 if held.startswith("POST") else 2)
    finally:
        process.kill()
        process.wait()
    entry = world.entry()
    assert (entry.state, entry.task_id) == (("sending", None) if held.startswith("POST") else ("accepted", "t1"))


def test_an_interrupt_in_a_kernel(kernel_name: str, world: World) -> None:
    """An interrupt ends the wait with one line; the kernel stays usable, and the task can be resumed."""
    world.gateway.looks = [row("processing")] * 1000
    with Kernel(kernel_name) as kernel:
        kernel.run(program(world))
        cell = kernel.send("job = submit(); print('here'); job.wait()")
        kernel.until(lambda: "here" in cell.text)
        world.gateway.server.wait_for(2)
        kernel.interrupt()
        kernel.until(lambda: cell.done)
        ended = "import contextlib\nwith contextlib.suppress(Exception): job.wait(60)\njob.status, job.id"
        (after, again) = kernel.run("1 + 1", ended)  # the watching ends on a thread of its own
    error = cell.outputs[-1]
    assert error["ename"] == "Stopped"
    assert len(error["traceback"]) == 1
    assert "%kling_resume t1" in error["traceback"][0]
    assert after.text.strip() == "2"
    assert again.text.strip() == "('stopped', 't1')"
    assert [entry.task_id for entry in world.journal.unfinished()] == ["t1"]


def test_cells_behind_a_wait_all_run(kernel_name: str, world: World) -> None:
    """Three cells queued behind a waiting one run when it ends, on both kinds of kernel."""
    world.gateway.hold("GET /v1/video")
    with Kernel(kernel_name) as kernel:
        kernel.run(program(world))
        first = kernel.send("print('here'); submit().wait().status")
        kernel.until(lambda: "here" in first.text)
        others = [kernel.send(f"{n} * 10") for n in (1, 2, 3)]
        world.gateway.server.wait_for(2)
        world.gateway.gate.set()
        kernel.until(lambda: all(cell.done for cell in (first, *others)))
    assert "succeeded" in first.text
    assert [cell.text.strip() for cell in others] == ["10", "20", "30"]


def test_the_users_own_tasks_go_on_after_a_cell_has_waited(kernel_name: str, world: World) -> None:
    """On both kinds of kernel a wait never enters the kernel's loop.

    That would sometimes kill an older kernel, and lose the queued cells of a newer one.
    """
    world.gateway.hold("GET /v1/video")
    with Kernel(kernel_name) as kernel:
        kernel.run(program(world))
        cell = kernel.send(
            "import asyncio\n"
            "async def mine():\n    print('mine'); await asyncio.sleep(0); print('still mine')\n"
            "task = asyncio.ensure_future(mine()); job = submit(); job.wait(); print('waited')"
        )
        world.gateway.server.wait_for(2)
        world.gateway.gate.set()
        kernel.until(lambda: cell.done)
        kernel.until(lambda: "still mine" in cell.text)
    assert cell.text.index("waited") < cell.text.index("mine")


FORK = """
import os, signal, sys, threading
import kling_widgets as kw
from kling_widgets.core import forks
job = kw.submit("2.6", prompt="a paper boat", wait=False)
held, go_on = threading.Event(), threading.Event()
def hold():  # as threads at work may do at that moment
    for each in [each for each in forks._locks if each not in forks._delaying_locks]:
        each.acquire()
    held.set()
    go_on.wait(60)
threading.Thread(target=hold, daemon=True).start()
assert held.wait(60)
child = os.fork()
if child == 0:
    signal.alarm(60)
    try:
        job.wait()
    except kw.KlingError as error:
        print("wait:", error, flush=True)
    try:
        job.events()
    except kw.KlingError as error:
        print("events:", error, flush=True)
    job.stop()
    print("history:", [entry.task_id for entry in kw.history()], flush=True)
    again = kw.resume("t1", wait=False)
    print("resume:", again is not job, again.wait(60).status, flush=True)
    print("submit:", kw.submit("2.6", prompt="a paper plane", wait=False).id, flush=True)
    os._exit(0)
print("child:", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), job.status, flush=True)
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_works_by_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever locks the parent's threads held, a forked child can use the package.

    A job of the parent says that it runs there; the history can be read, the task resumed, and a new job made.
    """
    monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)
    monkeypatch.setenv("CRAZYROUTER_BASE_URL", world.gateway.server.url)
    world.gateway.hold("GET /v1/video")
    with subprocess.Popen([sys.executable, "-W", "ignore", "-c", FORK], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = ("wait:", "events:", "history:")
            lines = [next(line for line in process.stdout if line.startswith(said)) for _ in said]
            world.gateway.gate.set()
            rest, _ = process.communicate(timeout=90)
        finally:
            process.kill()
    assert [line.strip() for line in lines] == [
        "wait: This job runs in the process that this one was forked from. To watch it here: kw.resume('t1').",
        "events: This job runs in the process that this one was forked from. To watch it here: kw.resume('t1').",
        "history: ['t1']",
    ]
    assert "resume: True succeeded" in rest
    assert "submit: t1" in rest
    assert "child: 0 " in rest
    assert world.gateway.posts == 2


PRINTING = """
import contextlib, os, sys
import kling_widgets as kw
{before}
said = []
for show in (lambda: kw.submit("2.6", prompt="纸船 🛶", wait=True), lambda: kw.resume("t1", wait=True), kw.use_demo):
    job = show()
    said.append(getattr(job, "status", None))
with open("said", "w") as file:
    file.write(repr(said))
sys.stdout = sys.__stdout__ = None
"""
OUTPUTS = {
    "gbk": ("gbk", ""),
    "cp1252": ("cp1252", ""),
    "ascii": ("ascii", ""),
    "strict utf-8": ("utf-8:strict", ""),
    "closed": ("", "sys.stdout.close(); sys.stderr.close()"),
    "closed below": ("", "os.close(1); os.close(2)"),
    "none": ("", "sys.stdout = sys.stderr = None"),
    "broken pipe": ("", "read, write = os.pipe(); os.dup2(write, 1); os.close(write); os.close(read)"),
    "full": ("", "full = os.open('/dev/full', os.O_WRONLY); os.dup2(full, 1)"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors of Linux")
def test_what_cannot_be_printed_loses_no_video(world: World, tmp_path: Path) -> None:
    """No print raises, whatever the output stream is: each job is returned, saved, and sent once.

    All cases run at the same time, as they mostly wait.
    """
    processes = {}
    for name, (encoding, before) in OUTPUTS.items():
        folder = tmp_path / name
        folder.mkdir()
        env = {
            "CRAZYROUTER_API_KEY": KEY,
            "CRAZYROUTER_BASE_URL": world.gateway.server.url,
            "KLING_WIDGETS_HOME": str(folder / "home"),
            "PYTHONIOENCODING": encoding,
        }
        command = [sys.executable, "-c", PRINTING.format(before=before)]
        pipe = subprocess.PIPE
        processes[name] = subprocess.Popen(command, cwd=folder, env=os.environ | env, stdout=pipe, stderr=pipe)
    for name, process in processes.items():
        shown, errors = process.communicate(timeout=120)
        assert (tmp_path / name / "said").read_text() == "['succeeded', 'succeeded', None]", (name, errors)
        assert not OUTPUTS[name][0] or b"Kling 2.6" in shown
    assert world.gateway.posts == len(OUTPUTS)
