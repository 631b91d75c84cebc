"""The runner: what is recorded at each step, each way to end, and what never runs on the loop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sqlite3
import threading
import weakref
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from kling_widgets.client.credentials.endpoint import Service
from kling_widgets.client.credentials.find import Secret
from kling_widgets.client.rate_limit import RateLimiter, Ticket
from kling_widgets.errors import (
    APIError,
    AuthenticationError,
    ConnectionFailedError,
    KlingError,
    ServerError,
    SubmissionUnknownError,
    TaskNotFoundError,
    VideoMissingError,
    WaitTimeoutError,
)
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.jobs.watcher import Watcher
from kling_widgets.media.clip import Clip
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.journal import INTERRUPTED, Journal
from kling_widgets.storage.submission import Submission
from tests.jobs.conftest import LONG, MP4, REQUEST, Heard, Ticks, World, row, start, until
from tests.servers import Answer


def test_nothing_is_sent_before_it_is_written_down(world: World) -> None:
    """When the POST arrives the journal has "sending", with the same body."""
    world.gateway.hold("POST /v1/video")
    job = world.job()
    assert world.entry().state == "written"
    start(job)
    world.gateway.server.wait_for(1)
    entry = world.entry()
    assert entry.state == "sending"
    assert entry.body == world.gateway.server.asked[0].json()
    world.gateway.gate.set()
    job.wait(LONG)


def test_the_id_is_written_down_before_the_first_look(world: World) -> None:
    """When the first poll of the task arrives the journal has its id."""
    world.gateway.hold("GET /v1/video")
    job = start(world.job())
    world.gateway.server.wait_for(2)
    entry = world.entry()
    assert (entry.state, entry.task_id) == ("accepted", "t1")
    world.gateway.gate.set()
    job.wait(LONG)


def test_local_pictures_are_links_in_the_journal(world: World, tmp_path: Path) -> None:
    """From "sending" on the journal has the body as it was sent, without paths of this machine."""
    picture = tmp_path / "first.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(60))
    job = world.job(REQUEST.replace(image=picture))
    assert str(tmp_path) not in str(world.entry().body)
    start(job).wait(LONG)
    assert world.entry().body["image"] == "https://files.example/first.png"


def test_stop_before_anything_is_sent(world: World) -> None:
    """A submission that is stopped before it is sent costs nothing, and says so."""
    job = world.job()
    job.stop()
    start(job)
    with pytest.raises(KlingError, match="Nothing was sent"):
        job.wait(LONG)
    assert job._state.snapshot().state == job.status == "stopped"
    assert world.gateway.server.asked == []
    assert world.entry().state == "refused"


def test_stop_while_a_picture_is_uploaded(world: World, tmp_path: Path) -> None:
    """Nothing is submitted after a stop during the upload."""
    picture = tmp_path / "first.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(60))
    world.gateway.hold("POST /v1/files")
    job = start(world.job(REQUEST.replace(image=picture)))
    world.gateway.server.wait_for(1)
    job.stop()
    with pytest.raises(KlingError, match="Nothing was sent"):
        job.wait_accepted()
    assert world.gateway.posts == 0


def test_stop_while_the_submission_is_under_way(world: World) -> None:
    """The submission is completed, so that the id is not lost; then the task is no longer watched."""
    world.gateway.hold("POST /v1/video")
    job = start(world.job())
    world.gateway.server.wait_for(1)
    job.stop()
    assert "may be billed" in job._runner.after_stop()
    world.gateway.gate.set()
    assert job.wait_accepted().id == "t1"
    with pytest.raises(KlingError, match="%kling_resume t1"):
        job.wait(LONG)
    assert world.gateway.questions == 0
    (entry,) = world.journal.unfinished()
    assert entry.task_id == "t1"


def test_stop_calls_off_a_submission_that_is_not_accepted_yet(world: World) -> None:
    """While the service is busy, a stop keeps the request from being sent again."""
    world.gateway.created = Answer(429, {"error": {"message": "busy"}})
    world.gateway.hold("POST /v1/video")
    job = start(world.job())
    world.gateway.server.wait_for(1)
    job.stop()
    world.gateway.gate.set()
    with pytest.raises(KlingError, match="Nothing was sent"):
        job.wait(LONG)
    assert world.gateway.posts == 1
    assert (job.status, world.entry().state) == ("stopped", "refused")


def test_a_refusal_after_a_stop_is_a_refusal(world: World) -> None:
    """The service's refusal is reported even if the user has stopped the job by then."""
    world.gateway.created = Answer(402, {"error": {"message": "no money"}})
    world.gateway.hold("POST /v1/video")
    job = start(world.job())
    world.gateway.server.wait_for(1)
    job.stop()
    world.gateway.gate.set()
    with pytest.raises(APIError, match="no money"):
        job.wait(LONG)
    assert job.status == "refused"


def test_stop_while_it_is_watched(world: World) -> None:
    """Watching ends at once, with a message on how to continue; the journal's row stays unfinished."""
    world.gateway.hold("GET /v1/video")
    job = start(world.job())
    world.gateway.server.wait_for(2)
    job.stop()
    with pytest.raises(KlingError, match=r"continues at the service.*%kling_resume t1"):
        job.wait(LONG)
    assert job.status == job._state.snapshot().state == "stopped"
    assert [entry.task_id for entry in world.journal.unfinished()] == ["t1"]


def test_stop_while_the_video_is_fetched(world: World) -> None:
    """No partial file is left, and resuming fetches the video."""
    world.gateway.hold("GET /clip.mp4")
    job = start(world.job())
    world.gateway.server.wait_for(3)
    job.stop()
    with pytest.raises(KlingError, match=r"succeeded and is billed.*%kling_resume t1"):
        job.wait(LONG)
    assert (job.status, job._state.snapshot().state) == ("succeeded", "stopped")
    assert world.files() == []
    assert [entry.state for entry in world.journal.unfinished()] == ["succeeded"]


def test_stop_after_the_end_changes_nothing(world: World) -> None:
    """A finished job stays finished."""
    job = start(world.job()).wait(LONG)
    job.stop()
    assert job.wait(0) is job
    assert job.status == "succeeded"


def test_watching_ends_after_the_longest_time(world: World) -> None:
    """After the context's timeout the task is no longer watched; it is not called failed, and can be resumed."""
    world.gateway.looks = [row("processing")] * 1000
    job = start(world.job(timeout=60.0))
    with pytest.raises(WaitTimeoutError, match="t1"):
        job.wait(LONG)
    assert job.status == "stopped"
    assert [entry.task_id for entry in world.journal.unfinished()] == ["t1"]


def test_a_key_that_is_refused_meanwhile_is_no_failure_of_the_task(world: World) -> None:
    """The task continues: the job has the error, and the journal keeps the task for resuming."""
    world.gateway.looks = [Answer(401, {"error": {"message": "expired key"}})] * 3
    job = start(world.job())
    with pytest.raises(AuthenticationError, match="expired key"):
        job.wait(LONG)
    assert job.status == "stopped"
    assert [entry.task_id for entry in world.journal.unfinished()] == ["t1"]


def test_a_resumed_task_is_looked_at_at_once_and_not_sent(world: World) -> None:
    """A job of an accepted submission polls the task, counts from its acceptance, and sends nothing."""
    key = world.journal.write(REQUEST, world.gateway.server.url)
    world.journal.update(key, state="accepted", task_id="t1", accepted=world.clock.now)
    world.clock.now += 86_400
    entry = world.journal.find("t1")
    assert entry is not None
    world.gateway.hold("GET /v1/video")
    before = world.clock.now
    job = start(world.job(entry.request, entry))
    assert job.wait_accepted() is job
    assert job.status == "running"
    assert job._state.snapshot().elapsed == 86_400
    world.gateway.server.wait_for(1)
    assert world.clock.now == before
    world.gateway.gate.set()
    assert job.wait(LONG).path
    assert world.gateway.posts == 0
    assert world.entry().state == "saved"


def test_a_task_that_ended_while_nobody_watched_does_not_tell_how_long_it_took(world: World) -> None:
    """A night with the laptop closed is no duration of a task, and must not enter later estimates."""
    key = world.journal.write(REQUEST, world.gateway.server.url)
    world.journal.update(key, state="accepted", task_id="t1", accepted=world.clock.now)
    world.clock.now += 86_400
    entry = world.journal.find("t1")
    assert entry is not None
    assert start(world.job(entry.request, entry)).wait(LONG)._state.took is None
    assert world.journal.typical_seconds(REQUEST, world.gateway.server.url) is None
    start(world.job()).wait(LONG)
    assert world.journal.typical_seconds(REQUEST, world.gateway.server.url) is not None


def test_a_clock_that_was_put_back(world: World) -> None:
    """A task that was accepted in the future is polled too, and its age is zero."""
    key = world.journal.write(REQUEST, world.gateway.server.url)
    world.journal.update(key, state="accepted", task_id="t1", accepted=world.clock.now + 86_400)
    entry = world.journal.find("t1")
    assert entry is not None
    job = world.job(entry.request, entry)
    assert job._state.snapshot().elapsed == 0
    assert start(job).wait(LONG).path


def test_an_address_that_cannot_be_used_is_told_before_anything_is_sent(world: World) -> None:
    """An error before the first request is a refusal, in the journal too."""
    service = Service("x", "ftp://example", Secret("k"), "the test")
    job = start(world.job(service=service))
    with pytest.raises(KlingError):
        job.wait_accepted()
    assert world.entry().state == "refused"


class Broken:
    """A client with a bug in one of its methods."""

    def __init__(self, client: Any, broken: str) -> None:
        self._client, self._broken = client, broken

    def __getattr__(self, name: str) -> Any:
        return self._break if name == self._broken else getattr(self._client, name)

    async def _break(self, *_: object, before: Callable[[], Awaitable[object]] | None = None, **__: object) -> Any:
        if before:  # it fails after sending
            await before()
        raise ZeroDivisionError("what was that")


@pytest.mark.parametrize(
    ("broken", "kind", "status", "written"),
    [
        ("prepare", KlingError, "refused", "refused"),
        ("create", SubmissionUnknownError, "unknown", "unknown"),
        ("wait", KlingError, "stopped", "accepted"),
        ("download", VideoMissingError, "succeeded", "succeeded"),
    ],
)
def test_a_bug_ends_in_words(world: World, broken: str, kind: type[KlingError], status: str, written: str) -> None:
    """After an unexpected error a task that is paid for ends with a message that says how it stands."""
    watcher = type(world.watcher)(connect=lambda *args: Broken(world.connect(*args), broken))  # type: ignore[arg-type]
    job = start(world.job(watcher=watcher))
    with pytest.raises(kind, match=r"unexpected happened \(ZeroDivisionError: what was that"):
        job.wait(LONG)
    assert (job.status, world.entry().state) == (status, written)


def test_a_broken_journal_does_not_end_a_paid_task(world: World) -> None:
    """If the disk fails after acceptance the video is fetched anyway, and the journal's ``trouble`` says so."""
    world.gateway.hold("GET /v1/video")
    job = start(world.job())
    world.gateway.server.wait_for(2)
    world.journal.path.write_bytes(b"no database" * 1000)
    world.gateway.gate.set()
    assert job.wait(LONG).path
    assert world.journal.trouble


class Failing(Journal):
    """A journal that raises an unexpected error so many times, when an acceptance is recorded."""

    def __init__(self, path: Path, times: int) -> None:
        self.left = times
        super().__init__(path)

    def update_all(self, changes: Sequence[tuple[int, Mapping[str, object]]]) -> list[bool]:
        if self.left and any(columns.get("state") == "accepted" for _, columns in changes):
            self.left -= 1
            raise RuntimeError("can't start new thread")
        return super().update_all(changes)


def test_no_thread_for_the_id(world: World, tmp_path: Path) -> None:
    """If no thread can be started when the answer comes, the id is recorded anyway, and the task watched."""
    journal = Failing(tmp_path / "other.sqlite", 1)
    job = start(world.job(journal=journal)).wait(LONG)
    (entry,) = journal.entries()
    assert (job.status, entry.state, entry.task_id) == ("succeeded", "saved", "t1")


def test_an_id_that_cannot_be_written_down_is_told(world: World, tmp_path: Path) -> None:
    """A task that was accepted is never called refused: its id is in the error, and it counts as sent."""
    journal = Failing(tmp_path / "other.sqlite", 99)
    job = start(world.job(journal=journal))
    with pytest.raises(KlingError, match=r"can't start new thread.*%kling_resume t1"):
        job.wait(LONG)
    assert (job.status, job.id, job._runner.sent) == ("stopped", "t1", True)
    assert journal.entries()[0].state != "refused"


def test_nothing_is_sent_when_the_file_cannot_say_so(world: World) -> None:
    """A submission that is on disk as "written" is not sent if "sending" cannot be written.

    The next kernel would report that nothing was sent.
    """
    job = world.job()
    assert job._runner.trouble == ""
    path = world.journal.path
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    start(job)
    with pytest.raises(KlingError, match=r"Nothing was sent.*in memory only"):
        job.wait(LONG)
    assert (job.status, job._runner.sent, world.gateway.posts) == ("refused", False, 0)
    assert "in memory only" in job._runner.trouble
    assert start(world.job()).wait(LONG).path  # its journal is in memory from the beginning


def test_a_submission_that_is_turned_away_is_not_sent_until_its_next_try(world: World) -> None:
    """While it waits for its next attempt the journal has "written", which is right if the kernel is killed then.

    A stop in that time cancels it at once.
    """
    world.gateway.created = Answer(429, {"error": {"message": "busy"}})
    paused = Ticks()
    watcher = Watcher(RateLimiter(1e12), lambda service, budget: world.connect(service, budget, sleep=paused.sleep))
    job = start(world.job(watcher=watcher))
    for tries in (1, 2):
        paused.wait_for(tries)
        until(lambda: world.entry().state == "written")
        assert (world.gateway.posts, job._runner.sent) == (tries, False)
        if tries == 1:
            world.gateway.hold("POST /v1/video")
            paused.tick()
            world.gateway.server.wait_for(2)
            assert (world.entry().state, job._runner.sent) == ("sending", True)
            world.gateway.gate.set()
    job.stop()
    with pytest.raises(KlingError, match="Nothing was sent"):
        job.wait(LONG)
    assert (job.status, world.entry().state, world.gateway.posts) == ("stopped", "refused", 2)


def test_stop_while_it_waits_for_its_turn(world: World) -> None:
    """A submission that waits for the rate limiter is not sent after a stop, and is not "sending" before that."""
    held, budget = Ticks(), RateLimiter(0.001)
    budget.try_acquire(Ticket(urgent=True), world.clock())
    watcher = Watcher(budget, lambda service, budget: world.connect(service, budget, sleep=held.sleep))
    job = start(world.job(watcher=watcher))
    held.wait_for(1)
    assert (world.entry().state, job._runner.sent) == ("written", False)
    job.stop()
    with pytest.raises(KlingError, match="Nothing was sent"):
        job.wait(LONG)
    assert (job.status, world.entry().state, world.gateway.posts) == ("stopped", "refused", 0)


def test_what_was_not_started_ends_at_once(world: World) -> None:
    """A job that is discarded before its start sends nothing, and the journal has that when the call returns.

    A job that was started continues.
    """
    job, heard = world.job(), Heard()
    job._state.listen(heard)
    job._runner.discard()
    assert (job.status, heard.states, world.entry().state, world.entry().owner) == (
        "stopped",
        ["stopped"],
        "refused",
        None,
    )
    assert "Nothing was sent" in str(start(job)._state.error)
    other = start(world.job())
    other._runner.discard()
    assert other.wait(LONG).path
    assert world.gateway.posts == 1


def test_many_starts_at_once_are_one(world: World) -> None:
    """A job that several threads start is sent once."""
    job = world.job()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: start(job), range(8)))
    job.wait(LONG)
    assert world.gateway.posts == 1


class Torn(Watcher):
    """A watcher whose start is interrupted."""

    def start(self, work: Coroutine[Any, Any, Any]) -> Any:
        work.close()
        raise KeyboardInterrupt


def test_an_interrupted_start_is_no_start(world: World) -> None:
    """The job ends as stopped, and no wait for it hangs."""
    job = world.job(watcher=Torn())
    with pytest.raises(KeyboardInterrupt):
        start(job)
    with pytest.raises(KlingError, match="Nothing was sent"):
        job.wait(LONG)
    assert world.entry().state == "refused"


def test_a_stop_before_the_answer_can_be_taken_back(world: World) -> None:
    """A stop while the request is being sent can be undone: the task is watched to its end."""
    world.gateway.hold("POST /v1/video")
    job = start(world.job())
    world.gateway.server.wait_for(1)
    job.stop()
    assert not job._runner.watched
    assert job._runner.rewatch()
    assert job._runner.watched
    world.gateway.gate.set()
    assert job.wait(LONG).path


def test_a_stop_that_has_taken_effect_is_not_taken_back(world: World) -> None:
    """A job that was cancelled stays so."""
    job = world.job()
    job.stop()
    assert not job._runner.rewatch()
    assert start(job).status == "stopped"
    assert world.gateway.posts == 0


def test_a_task_that_is_gone_is_marked(world: World) -> None:
    """The journal records why a task that the service no longer knows cannot be watched."""
    world.gateway.looks = [Answer(404, {"error": {"message": "task_not_exist", "code": "task_not_exist"}})] * 9
    job = start(world.job())
    with pytest.raises(TaskNotFoundError):
        job.wait(LONG)
    assert world.entry().state == "accepted"
    assert world.entry().error == str(job._state.error)


def test_a_video_that_is_gone_is_marked_until_it_is_there(world: World) -> None:
    """A video that is gone is recorded too; if it is fetched later after all, the error is cleared."""
    world.gateway.video = Answer(404)
    job = start(world.job())
    with pytest.raises(VideoMissingError):
        job.wait(LONG)
    marked = world.entry()
    assert (marked.state, marked.error) == ("succeeded", str(job._state.error))
    world.gateway.video = Answer(body=MP4)
    assert start(world.job(marked.request, marked)).wait(LONG).path
    assert (world.entry().state, world.entry().error) == ("saved", None)


def test_a_network_that_is_gone_is_no_mark(world: World) -> None:
    """A download that fails for a passing reason leaves the row to be resumed."""
    world.gateway.video = Answer(fault="reset")
    with pytest.raises(VideoMissingError):
        start(world.job()).wait(LONG)
    assert (world.entry().state, world.entry().error) == ("succeeded", None)


def test_a_silent_service_is_told_and_outlasted(world: World) -> None:
    """Unusable answers do not end the watching; listeners are called when they begin and end."""
    world.gateway.looks = [row("processing"), Answer(502), Answer(fault="reset"), Answer(502), row("processing")]
    job, heard = world.job(), Heard()
    job._state.listen(heard)
    start(job).wait(LONG)
    silent = [moment.silent is not None for moment in heard.moments]
    assert True in silent
    assert not silent[-1]
    told = [type(moment.trouble) for moment in heard.moments if moment.silent is not None]
    assert told == [ServerError, ConnectionFailedError, ServerError]
    assert heard.moments[-1].state == "done"


def test_the_end_is_shown_beside_the_loop(world: World) -> None:
    """A view that is slow at the end does not delay other tasks."""
    slow, first_ends = threading.Event(), threading.Event()

    def at_the_end(moment: JobSnapshot) -> None:
        if moment.state == "done":
            first_ends.set()
            assert slow.wait(LONG)

    first = world.job()
    first._state.listen(at_the_end)
    start(first)
    assert first_ends.wait(LONG)
    assert start(world.job()).wait(LONG).path
    slow.set()
    assert first.wait(LONG).path


class Watched(Journal):
    """A journal that records in which threads it was used."""

    def __init__(self, path: Path) -> None:
        self.threads: set[str] = set()
        super().__init__(path)

    def update_all(self, changes: Sequence[tuple[int, Mapping[str, object]]]) -> list[bool]:
        self.threads.add(threading.current_thread().name)
        return super().update_all(changes)

    def typical_seconds(self, request: VideoRequest, service: str) -> float | None:
        self.threads.add(threading.current_thread().name)
        return super().typical_seconds(request, service)


def test_the_journal_is_never_used_on_the_loop(world: World, tmp_path: Path) -> None:
    """A slow disk delays one task and not all of them."""
    journal = Watched(tmp_path / "other.sqlite")
    start(world.job(journal=journal)).wait(LONG)
    assert journal.threads
    assert "kling_widgets" not in journal.threads


@pytest.mark.parametrize("state", ["accepted", "succeeded"])
def test_an_entry_goes_on_where_it_was(world: World, state: str) -> None:
    """Both kinds of unfinished rows end as a saved video, without another submission."""
    key = world.journal.write(REQUEST, world.context.service.name)
    world.journal.update(key, state=state, task_id="t1", accepted=world.clock.now, url="https://gone.example/old.mp4")
    (entry,) = world.journal.unfinished()
    job = start(world.job(entry.request, entry)).wait(LONG)
    saved: Submission = world.entry()
    assert (saved.key, saved.state, saved.path) == (key, "saved", str(job.path))
    assert saved.url == f"{world.gateway.server.url}/clip.mp4"
    assert world.gateway.posts == 0


def test_videos_are_looked_at_one_after_another(world: World) -> None:
    """Decoding takes memory: while one video is examined, others are fetched and wait; all are examined."""

    async def examining() -> asyncio.Lock:
        await world.watcher.examine_lock.acquire()
        return world.watcher.examine_lock

    async def let_go(lock: asyncio.Lock) -> None:
        lock.release()

    lock = world.watcher.start(examining()).result(LONG)
    jobs = [start(world.job()) for _ in range(3)]
    until(lambda: len(list(world.folder.glob("*.mp4"))) == 3)
    assert [job.path for job in jobs] == [None] * 3
    world.watcher.start(let_go(lock)).result(LONG)
    assert len({job.wait(LONG).path for job in jobs}) == 3


class Looks:
    """Examines videos, and does not return from the first ones before the gate is opened."""

    def __init__(self, hanging: int) -> None:
        self.begun, self.gate = threading.Event(), threading.Event()
        self._hanging = iter(range(hanging))

    def __call__(self, clip: Clip) -> Clip:
        self.begun.set()
        if next(self._hanging, None) is not None:
            assert self.gate.wait(LONG)
        return replace(clip, width=1280)

    def watcher(self, world: World, patience: float) -> Watcher:
        return Watcher(RateLimiter(1000), world.connect, self, patience)


def test_a_video_that_cannot_be_looked_into_keeps_no_other_waiting(world: World) -> None:
    """If a decoder hangs, that video is saved without its dimensions, and all others with theirs."""
    looks = Looks(1)
    watcher = looks.watcher(world, 0.2)
    jobs = [start(world.job(watcher=watcher)) for _ in range(4)]
    clips = [job.wait(LONG)._state.snapshot().clip for job in jobs]
    looks.gate.set()
    assert Counter(clip and clip.width for clip in clips) == {None: 1, 1280: 3}
    assert {entry.state for entry in world.journal.entries()} == {"saved"}


def test_a_look_into_a_video_can_be_stopped(world: World) -> None:
    """So can the wait for an examination; the files are there, and are not fetched again."""
    looks = Looks(2)
    watcher = looks.watcher(world, LONG)
    jobs = [start(world.job(watcher=watcher)) for _ in range(2)]
    assert looks.begun.wait(LONG)
    until(lambda: len(list(world.folder.glob("*.mp4"))) == 2)
    for job in jobs:
        job.stop()
        with pytest.raises(KlingError, match="succeeded and is billed"):
            job.wait(LONG)
    looks.gate.set()
    world.gateway.video = Answer(404)
    for entry in world.journal.unfinished():
        start(world.job(entry.request, entry)).wait(LONG)
    assert [entry.state for entry in world.journal.entries()] == ["saved", "saved"]


class Counted(Journal):
    """A journal that counts the updates of each submission."""

    def __init__(self, path: Path) -> None:
        self.notes: Counter[int] = Counter()
        super().__init__(path)

    def update_all(self, changes: Sequence[tuple[int, Mapping[str, object]]]) -> list[bool]:
        self.notes.update(key for key, _ in changes)
        return super().update_all(changes)


def test_a_hundred_jobs_at_once(world: World, tmp_path: Path) -> None:
    """Each gets a file of its own although all have the same name; each is updated five times.

    Nothing of them is kept once nobody refers to them.
    """
    journal = Counted(tmp_path / "other.sqlite")
    jobs = [start(world.job(journal=journal)) for _ in range(100)]
    assert len({job.wait(LONG).path for job in jobs}) == 100
    assert {entry.state for entry in journal.entries()} == {"saved"}
    assert set(journal.notes.values()) == {5}  # sending, accepted, succeeded, where it goes, saved
    until(lambda: world.watcher.busy == 0)
    left = [weakref.ref(job) for job in jobs]
    del jobs
    gc.collect()
    assert not [ref for ref in left if ref()]


# What another kernel sends


def change(world: World, key: int, **columns: object) -> None:
    """Write into the journal as the other kernel."""
    with contextlib.closing(sqlite3.connect(world.journal.path, isolation_level=None)) as file:
        names = ", ".join(f"{name} = ?" for name in columns)
        file.execute(f"UPDATE submissions SET {names} WHERE key = ?", (*columns.values(), key))


def elsewhere(world: World) -> tuple[Job, Heard, FileLock]:
    """Return a job that follows a submission of another kernel, which lives as long as its lock is held."""
    key = world.journal.write(REQUEST, world.context.service.name)
    lock = FileLock(world.journal.path.parent / "kernels" / "another.lock")
    lock.acquire()
    change(world, key, owner="another")
    entry = world.journal.find(f"#{key}")
    assert entry
    job, heard = Job(REQUEST, world.context, entry, follow=True), Heard()
    job._state.listen(heard)
    return job, heard, lock


def test_what_another_kernel_sends_is_followed_and_not_sent(world: World) -> None:
    """Once it has a task it is watched like any other, and its video is fetched once."""
    job, heard, lock = elsewhere(world)
    with lock:
        start(job)
        change(world, job._runner.key, state="sending")
        assert job.status == "sending" and job.id is None
        change(world, job._runner.key, state="accepted", task_id="t1", accepted=world.clock.now)
        job.wait_accepted()
        assert (job.id, job._runner.sent) == ("t1", True)
        heard.until(lambda moment: moment.state == "fetching")
        video = world.folder / "theirs.mp4"
        video.write_bytes(MP4)
        change(world, job._runner.key, state="saved", path=str(video))
        assert job.wait(LONG).path == video
    assert world.gateway.posts == 0
    assert world.files() == ["theirs.mp4"]
    assert world.entry().owner == "another"


@pytest.mark.parametrize(
    ("state", "error", "status", "said"),
    [
        ("refused", "The key is wrong.", "refused", "The key is wrong"),
        ("unknown", "The answer was lost.", "unknown", "The answer was lost"),
    ],
)
def test_how_it_ended_there_is_told_here(world: World, state: str, error: str, status: str, said: str) -> None:
    """The error is reported here, and nothing is overwritten."""
    job, _, lock = elsewhere(world)
    with lock:
        start(job)
        change(world, job._runner.key, state=state, error=error)
        with pytest.raises(KlingError, match=f"Another kernel sent it, as #1. {said}"):
            job.wait_accepted()
    assert job.status == status
    assert (world.entry().state, world.entry().error, world.gateway.posts) == (state, error, 0)


@pytest.mark.parametrize("settled", [False, True])
def test_it_is_sent_here_where_the_other_kernel_died_before_it_could(world: World, settled: bool) -> None:
    """It is sent once, even if a third kernel has already recorded that it was not sent."""
    job, _, lock = elsewhere(world)
    if settled:
        change(world, job._runner.key, state="refused", error=INTERRUPTED)
    lock.release()
    start(job)
    assert job.wait(LONG).id == "t1"
    assert (world.gateway.posts, world.entry().state, len(world.journal.entries())) == (1, "saved", 1)


def test_it_is_not_sent_again_where_the_other_kernel_died_while_it_sent_it(world: World) -> None:
    """It is not known whether it was accepted."""
    job, _, lock = elsewhere(world)
    change(world, job._runner.key, state="sending")
    lock.release()
    with pytest.raises(SubmissionUnknownError, match="may have been accepted and billed"):
        start(job).wait_accepted()
    assert (world.gateway.posts, world.entry().state) == (0, "unknown")


@pytest.mark.parametrize("started", [False, True])
def test_who_stops_following_leaves_the_other_kernel_alone(world: World, started: bool) -> None:
    """The other kernel continues, and its row in the journal is unchanged."""
    job, heard, lock = elsewhere(world)
    with lock:
        if started:
            start(job)
        job.stop()
        assert heard.until(lambda moment: moment.state == "stopped").error
        assert "Another kernel continues with it" in str(job._state.error)
        assert (world.entry().state, world.entry().owner) == ("written", "another")


def test_what_was_taken_off_the_journal_is_not_waited_for(world: World) -> None:
    """The job ends with an error if its row is gone."""
    job, _, lock = elsewhere(world)
    with lock:
        world.journal.forget([job._runner.key])
        with pytest.raises(KlingError, match="is not in the journal"):
            start(job).wait_accepted()


def test_what_is_no_longer_its_own_is_not_sent(world: World) -> None:
    """A submission that another kernel has taken over before the next attempt is not sent here.

    The other kernel found this one's lock gone, and recorded that it was not sent, so that it may be sent there.
    """
    world.gateway.created = Answer(429, {"error": {"message": "busy"}})
    paused = Ticks()
    watcher = Watcher(RateLimiter(1e12), lambda service, budget: world.connect(service, budget, sleep=paused.sleep))
    job = start(world.job(watcher=watcher))
    paused.wait_for(1)
    until(lambda: world.entry().state == "written")
    change(world, job._runner.key, state="refused", error=INTERRUPTED)
    paused.tick()
    with pytest.raises(KlingError, match="another kernel has taken the submission over"):
        job.wait(LONG)
    assert world.gateway.posts == 1  # the one that was not accepted
    assert (world.entry().state, world.entry().error, len(world.journal.entries())) == ("refused", INTERRUPTED, 1)
