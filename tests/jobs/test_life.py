"""A job's life on the loop: what ticks, and what never happens on the loop itself."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from kling_widgets.core.request import VideoRequest
from kling_widgets.jobs.journal import Entry, Journal
from kling_widgets.jobs.moment import Moment
from tests.jobs.conftest import LONG, REQUEST, Heard, World, row
from tests.servers import Answer


def test_without_listeners_nothing_ticks(world: World) -> None:
    """Nobody is told, so the loop is left alone."""
    world.job().start().wait(LONG)
    assert world.ticks.asked == []


def test_time_that_goes_by_is_told(world: World) -> None:
    """Somebody who listens hears each second in the first minute, then every five, though nothing else happens."""
    world.gateway.hold("GET /v1/video")
    job, heard = world.job().start(), Heard()
    job.wait_accepted()
    world.gateway.server.wait_for(2)
    job.listen(heard)
    job.listen(Heard())  # one clock ticks for all listeners
    now = world.clock.now
    for count, seconds in enumerate((1, 2, 61, 66), 1):
        world.ticks.wait_for(count)
        world.clock.now = now + seconds
        world.ticks.tick()
        heard.until(lambda moment, seconds=seconds: moment.elapsed >= seconds)  # type: ignore[misc]
    world.ticks.wait_for(5)
    assert world.ticks.asked == [1, 1, 1, 5, 5]
    world.gateway.gate.set()
    job.wait(LONG)
    assert len(heard.ends) == 1


def test_a_silent_service_is_told_and_outlasted(world: World) -> None:
    """Answers that are none do not end the watching; listeners hear of the silence and of its end."""
    world.gateway.looks = [row("processing"), Answer(502), Answer(fault="reset"), Answer(502), row("processing")]
    job, heard = world.job(), Heard()
    job.listen(heard)
    job.start().wait(LONG)
    silent = [moment.silent is not None for moment in heard.moments]
    assert True in silent
    assert not silent[-1]
    assert heard.moments[-1].state == "done"


def test_the_end_is_shown_beside_the_loop(world: World) -> None:
    """A view that takes its time for the end does not hold up other tasks."""
    slow, first_ends = threading.Event(), threading.Event()

    def at_the_end(moment: Moment) -> None:
        if moment.state == "done":
            first_ends.set()
            assert slow.wait(LONG)

    first = world.job()
    first.listen(at_the_end)
    first.start()
    assert first_ends.wait(LONG)
    assert world.job().start().wait(LONG).path
    slow.set()
    assert first.wait(LONG).path


class Watched(Journal):
    """A journal that knows in which threads it was used."""

    def __init__(self, path: Path) -> None:
        self.threads: set[str] = set()
        super().__init__(path)

    def update(self, key: int, **columns: object) -> None:
        self.threads.add(threading.current_thread().name)
        super().update(key, **columns)

    def usual(self, request: VideoRequest, service: str) -> float | None:
        self.threads.add(threading.current_thread().name)
        return super().usual(request, service)


def test_the_journal_is_never_used_on_the_loop(world: World, tmp_path: Path) -> None:
    """A slow disk holds up one task and not all of them."""
    journal = Watched(tmp_path / "other.sqlite")
    world.job(journal=journal).start().wait(LONG)
    assert journal.threads
    assert "kling_widgets" not in journal.threads


@pytest.mark.parametrize("state", ["accepted", "succeeded"])
def test_an_entry_goes_on_where_it_was(world: World, state: str) -> None:
    """Both kinds of unfinished entries end as a saved video, without a submission."""
    key = world.journal.write(REQUEST, world.desk.service.name)
    world.journal.update(key, state=state, task_id="t1", accepted=world.clock.now, url="https://gone.example/old.mp4")
    (entry,) = world.journal.unfinished()
    job = world.job(entry.request, entry).start().wait(LONG)
    saved: Entry = world.entry()
    assert (saved.key, saved.state, saved.path) == (key, "saved", str(job.path))
    assert saved.url == f"{world.gateway.server.url}/clip.mp4"
    assert world.gateway.posts == 0


def test_a_hundred_jobs_at_once(world: World) -> None:
    """All of them get a file of their own, though all would like the same name."""
    jobs = [world.job().start() for _ in range(100)]
    assert len({job.wait(LONG).path for job in jobs}) == 100
    assert {entry.state for entry in world.journal.entries()} == {"saved"}
