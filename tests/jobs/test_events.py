"""Waiting as an iterator of snapshots, by ``for`` and ``async for``, in programs and in cells."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import subprocess
import sys
import weakref
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from kling_widgets.core.task import Task
from kling_widgets.errors import AuthenticationError, WaitTimeoutError
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import ENDED, JobSnapshot
from kling_widgets.jobs.state import JobState
from tests.jobs.conftest import LONG, Clock, World, program, row, start
from tests.kernel import Kernel
from tests.servers import Answer

STATES = ["sending", "queued", "running", "fetching", "done"]
QUICK = ["sending", "queued", "fetching", "done"]  # finished by the first poll


def states(snapshots: list[JobSnapshot]) -> list[str]:
    """Return the states in order, each once."""
    return list(dict.fromkeys(snapshot.state for snapshot in snapshots))


def test_each_state_from_the_present_one_to_the_end(world: World) -> None:
    """The present snapshot comes first, then each with a visible change; the end is the last."""
    world.gateway.looks = [row("queued"), row("processing", progress="42%"), row("processing", progress="42%")]
    job = world.job()
    events = job.events(LONG)
    start(job)
    seen = list(events)
    assert states(seen) == STATES
    assert [snapshot.percent for snapshot in seen if snapshot.percent is not None] == [42]
    assert all(one.news != after.news for one, after in pairwise(seen))
    assert [snapshot.state for snapshot in seen if snapshot.state in ENDED] == ["done"]
    assert seen[-1].clip is not None
    assert (seen[-1].clip.path, seen[-1].error) == (job.path, None)
    assert list(events) == []


def test_several_at_once(world: World) -> None:
    """Iterators are independent: each returns all snapshots from the time when it was made."""
    job = world.job()
    first, second = job.events(LONG), job.events(LONG)
    start(job)
    seen = list(first)
    assert list(second)[1:] == seen[1:]
    assert states(seen) == QUICK
    assert [snapshot.state for snapshot in job.events()] == ["done"]


def test_an_end_without_a_video_is_a_state(world: World) -> None:
    """The iterator raises no error of the job: the last snapshot has the state and the error."""
    world.gateway.created = Answer(401, {"error": {"message": "Invalid token"}})
    *_, last = start(world.job()).events(LONG)
    assert last.state == "refused"
    assert isinstance(last.error, AuthenticationError)


def test_it_ends_in_time(world: World) -> None:
    """After the timeout it raises as ``wait`` does, after the snapshots that came in time; the job continues."""
    world.gateway.hold("GET /v1/video")
    job = start(world.job()).wait_accepted()
    events = job.events(0)
    assert next(events).state == "queued"
    with pytest.raises(WaitTimeoutError, match="Task t1 is not done after 0 s"):
        next(events)

    async def late() -> None:
        async for snapshot in job.events(0):
            assert snapshot.state == "queued"

    with pytest.raises(WaitTimeoutError, match="Task t1 is not done after 0 s"):
        asyncio.run(late())
    world.gateway.gate.set()
    job.wait(LONG)
    assert [snapshot.state for snapshot in events][-1] == "done"


@pytest.mark.slow
def test_an_interrupt_stops_the_watching(world: World) -> None:
    """Ctrl+C in a program raises as in ``wait``: the task is no longer watched, and can be resumed."""
    world.gateway.hold("GET /v1/video")
    code = program(world) + (
        "job = submit()\n"
        "try:\n    for snapshot in job.events():\n        print(snapshot.state, flush=True)\n"
        "except KeyboardInterrupt as error:\n    print(type(error).__name__, error, job._runner.watched)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert any(line == "queued\n" for line in process.stdout)
            world.gateway.server.wait_for(2)  # seconds later
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=LONG)
        finally:
            process.kill()
    assert said.startswith("Stopped Task t1 continues at the service")
    assert said.endswith("False\n")
    assert [entry.task_id for entry in world.journal.unfinished()] == ["t1"]


def test_in_async_code(world: World) -> None:
    """``async for`` returns the same snapshots, to several loops at once, while other tasks run."""

    async def take(job: Job) -> list[JobSnapshot]:
        return [snapshot async for snapshot in job.events(LONG)]

    async def main() -> list[list[JobSnapshot]]:
        job = world.job()
        takers = [asyncio.ensure_future(take(job)) for _ in range(2)]
        await asyncio.sleep(0)
        start(job)
        return await asyncio.gather(*takers)

    one, other = asyncio.run(main())
    assert one[1:] == other[1:]
    assert states(one) == QUICK


def test_in_a_running_loop(world: World) -> None:
    """A plain ``for`` inside a coroutine blocks the loop, which continues afterwards."""

    async def main() -> list[JobSnapshot]:
        seen = list(start(world.job()).events(LONG))
        await asyncio.sleep(0)
        return seen

    assert states(asyncio.run(main()))[-1] == "done"


def test_whoever_gives_up_leaves_the_others_alone(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Cancelling an ``async for``, or closing its loop, ends neither the job nor another wait; nothing is logged."""
    world.gateway.hold("GET /v1/video")
    job = start(world.job()).wait_accepted()
    events = job.events(LONG)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(aiter(_rest(job))), 0.001)

    asyncio.run(main())
    world.gateway.gate.set()
    with caplog.at_level(logging.WARNING):
        assert states(list(events))[-1] == "done"
    assert caplog.text == ""


async def _rest(job: Job) -> AsyncIterator[JobSnapshot]:
    async for snapshot in job.events():
        if snapshot.state != "queued":
            yield snapshot


def test_what_nobody_waits_for_is_not_kept() -> None:
    """An abandoned iterator costs no memory: the job keeps its last snapshot only."""
    clock = Clock()
    state = JobState(clock.now, clock)
    state.accept(Task("t1", status="queued"), clock.now)
    left = weakref.ref(state.present().following)
    for _ in range(3):
        state.poll_failed()
    gc.collect()
    assert left() is None


@pytest.mark.slow
def test_in_a_cell(kernel_name: str, world: World) -> None:
    """Both kinds of loop show each state in the cell as it comes, and queued cells run; an interrupt shows one line."""
    world.gateway.hold("GET /v1/video")
    with Kernel(kernel_name) as kernel:
        kernel.run(program(world))
        plain = kernel.send("for snapshot in submit().events(60):\n    print(snapshot.state)")
        kernel.until(lambda: "queued" in plain.text)
        behind = kernel.send("job = submit()\nasync for snapshot in job.events(60):\n    print(snapshot.state)")
        last = kernel.send("job.status")
        world.gateway.gate.set()
        kernel.until(lambda: last.done)
        world.gateway.hold("GET /v1/video")
        asked = world.gateway.questions
        stopped = kernel.send("for snapshot in submit().events():\n    print(snapshot.state)")
        kernel.until(lambda: "queued" in stopped.text and world.gateway.questions > asked)
        kernel.interrupt()
        kernel.until(lambda: stopped.done)
        (after,) = kernel.run("1 + 1")
    assert plain.text.split()[-3:] == QUICK[1:]
    assert behind.text.split()[-1] == "done"
    assert last.text.strip() == "'succeeded'"
    assert stopped.outputs[-1]["ename"] == "Stopped"
    assert len(stopped.outputs[-1]["traceback"]) == 1
    assert after.text.strip() == "2"
