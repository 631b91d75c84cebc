"""Several jobs of one call."""

from __future__ import annotations

import asyncio

import pytest

from kling_widgets.client.rate_limit import RateLimiter, Ticket
from kling_widgets.errors import KlingError, TaskFailedError, WaitTimeoutError
from kling_widgets.jobs.batch import Batch, stop_all
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.watcher import Watcher
from tests.jobs.conftest import LONG, Ticks, World, program, row, start
from tests.kernel import Kernel

pytestmark = pytest.mark.slow


def test_all_are_waited_for(world: World) -> None:
    """A batch is a sequence of its jobs; waiting returns it when all videos are saved."""
    jobs = [start(world.job()) for _ in range(3)]
    batch = Batch(jobs)
    assert batch.wait(LONG) is batch
    assert [job.status for job in batch] == ["succeeded"] * 3
    assert len(batch) == 3
    assert batch[0] is jobs[0]
    assert list(batch[1:]) == jobs[1:]
    assert repr(batch) == "<Batch of 3: t1, t1, t1>"
    assert repr(Batch(())) == "<Batch of 0: >"
    assert Batch(()).wait() is not None


def test_the_first_error_comes_when_all_have_ended(world: World) -> None:
    """One failure does not keep the other jobs from being saved; it is raised afterwards."""
    first = start(world.job())
    first.wait(LONG)
    world.gateway.looks = [row("FAILURE", fail_reason="sensitive content")]
    second = start(world.job())
    with pytest.raises(TaskFailedError):
        second.wait(LONG)
    third = start(world.job())
    with pytest.raises(TaskFailedError, match="sensitive content"):
        Batch([first, second, third]).wait(LONG)
    assert third.path is not None


def test_a_batch_is_awaited(world: World) -> None:
    """``await kw.submit([…])`` returns the batch when all jobs have ended, and raises the first error only then.

    An empty batch can be awaited too, and cancelling the await ends no job.
    """

    async def awaited(jobs: list[Job]) -> Batch:
        return await Batch(jobs)

    async def given_up(batch: Batch) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(batch, 0)

    assert len(asyncio.run(awaited([]))) == 0
    world.gateway.hold("GET /v1/video")
    jobs = [start(world.job()) for _ in range(2)]
    asyncio.run(given_up(Batch(jobs)))
    world.gateway.gate.set()
    assert [job.status for job in asyncio.run(awaited(jobs))] == ["succeeded"] * 2
    world.gateway.looks = [row("FAILURE", fail_reason="sensitive content")]
    failed = start(world.job())
    with pytest.raises(TaskFailedError):
        failed.wait(LONG)
    last = start(world.job())
    with pytest.raises(TaskFailedError, match="sensitive content"):
        asyncio.run(awaited([failed, last]))
    assert last.path is not None


def test_the_time_is_for_all_together(world: World) -> None:
    """When the time is over the wait ends for all jobs, and all of them continue."""
    world.gateway.hold("GET /v1/video")
    batch = Batch([start(world.job()) for _ in range(3)])
    with pytest.raises(WaitTimeoutError):
        batch.wait(0)
    world.gateway.gate.set()
    assert batch.wait(LONG)[2].path


def test_stop_stops_all(world: World) -> None:
    """No job is watched afterwards; all can be resumed."""
    world.gateway.looks = [row("processing")] * 10_000
    batch = Batch([start(world.job()) for _ in range(3)])
    for job in batch:
        job.wait_accepted()
    batch.stop()
    for job in batch:
        with pytest.raises(Exception, match="%kling_resume t1"):
            job.wait(LONG)
    assert len(world.journal.unfinished()) == 3


def test_an_interrupt_stops_all(world: World) -> None:
    """An interrupt stops watching all jobs, with one line for all of them."""
    world.gateway.looks = [row("processing")] * 10_000
    with Kernel() as kernel:
        kernel.run(program(world) + "from kling_widgets.jobs.batch import Batch")
        cell = kernel.send("batch = Batch([submit() for _ in range(3)]); print('here'); batch.wait()")
        kernel.until(lambda: "here" in cell.text)
        world.gateway.server.wait_for(6)
        kernel.interrupt()
        kernel.until(lambda: cell.done)
        (states,) = kernel.run(
            "from concurrent.futures import wait as all_of\n"
            "for job in batch:\n"
            "    try: job.wait(60)\n"
            "    except Exception: pass\n"
            "[job.status for job in batch]"
        )
    (line,) = cell.outputs[-1]["traceback"]
    assert "3 tasks continue" in line
    assert states.text.strip() == "['stopped', 'stopped', 'stopped']"


def test_what_is_not_sent_yet_is_not_sent_any_more(world: World) -> None:
    """One message says how many tasks continue and how many requests were not sent."""
    done, first, second, waits, unstarted = (world.job() for _ in range(5))
    start(done).wait(LONG)
    world.gateway.hold("GET /v1/video")
    for job in (first, second):
        start(job).wait_accepted()
    waits = start(world.job(watcher=held(world)))
    said = str(stop_all([done, first, waits, unstarted]))
    assert said.startswith("2 were not sent, and are not billed. Task t1 continues at the service")
    assert str(stop_all([first, second])).startswith("2 tasks continue at the service")
    assert str(stop_all([waits, unstarted])) == "Nothing was sent, nothing is billed."
    world.gateway.gate.set()
    for job in (waits, unstarted):
        with pytest.raises(KlingError, match="Nothing was sent"):
            job.wait(LONG)
    assert world.gateway.posts == 3
    assert sorted(entry.state for entry in world.journal.entries()).count("refused") == 2


def held(world: World) -> Watcher:
    """A watcher whose next submission waits a very long time for the rate limiter."""
    budget = RateLimiter(1e-6)
    budget.try_acquire(Ticket(urgent=True), world.clock())
    return Watcher(budget, lambda service, budget: world.connect(service, budget, sleep=Ticks().sleep))


def test_each_job_is_shown(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Showing a batch shows its jobs."""
    batch = Batch([world.job() for _ in range(2)])
    batch._ipython_display_()
    assert capsys.readouterr().out.count("<Job #") == 2
