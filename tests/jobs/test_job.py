"""The members of a job that users call, against a real server."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kling_widgets.client.async_client import AsyncClient
from kling_widgets.client.credentials.endpoint import DEMO, Service
from kling_widgets.client.credentials.find import Secret
from kling_widgets.client.rate_limit import RateLimiter
from kling_widgets.demo import service as demo
from kling_widgets.errors import (
    AuthenticationError,
    KlingError,
    SubmissionUnknownError,
    TaskFailedError,
    VideoMissingError,
    WaitTimeoutError,
)
from kling_widgets.jobs import waiting
from kling_widgets.jobs.job import Job, Stopped
from kling_widgets.jobs.watcher import Watcher
from kling_widgets.request.request import VideoRequest
from tests.jobs.conftest import LONG, MP4, REQUEST, Heard, World, row, start
from tests.servers import Answer


def test_from_a_wish_to_a_file(world: World) -> None:
    """The video is saved, the listener is called with each state in order, and the journal has every step."""
    world.gateway.looks = [row("queued"), row("processing", progress="42%")]
    heard = Heard()
    job = world.job()
    job._state.listen(heard)
    assert start(job).wait(LONG) is job
    assert job.path is not None
    assert job.path.read_bytes() == MP4
    assert job.path.parent == world.folder
    assert heard.states == ["sending", "queued", "running", "fetching", "done"][-len(heard.states) :]
    assert {"queued", "running", "fetching", "done"} <= set(heard.states)
    assert (job.status, job.id, job._state.error) == ("succeeded", "t1", None)
    entry = world.entry()
    assert (entry.state, entry.task_id, entry.path) == ("saved", "t1", str(job.path))
    assert entry.url == f"{world.gateway.server.url}/clip.mp4"
    assert entry.accepted is not None
    assert entry.ended is not None
    assert job._state.took == entry.ended - entry.accepted
    assert world.gateway.posts == 1
    assert repr(job) == f"<Job t1: succeeded, {job.path.name}>"


def test_a_refusal_is_an_error_of_the_submission(world: World) -> None:
    """``wait_accepted`` raises the service's message, and the journal records that nothing is billed."""
    world.gateway.created = Answer(401, {"error": {"message": "Invalid token"}})
    job = start(world.job())
    with pytest.raises(AuthenticationError):
        job.wait_accepted()
    with pytest.raises(AuthenticationError):
        job.wait(LONG)
    assert (job.status, job.id) == ("refused", None)
    assert world.entry().state == "refused"
    assert "Invalid token" in (world.entry().error or "")


def test_a_request_that_cannot_be_sent_is_not_sent(world: World) -> None:
    """A missing file is a refusal before any request is sent; the journal records it."""
    job = start(world.job(REQUEST.replace(image=Path("not-there.png"))))
    with pytest.raises(KlingError, match="not-there"):
        job.wait_accepted()
    assert world.gateway.server.asked == []
    assert world.entry().state == "refused"


def test_a_lost_answer_is_told_and_never_repeated(world: World) -> None:
    """If the connection breaks after the POST the state is "unknown", in the journal too; nothing is sent again."""
    world.gateway.created = Answer(fault="reset")
    job = start(world.job())
    with pytest.raises(SubmissionUnknownError, match=r"web console.*%kling_resume ID #1, with.*%kling_forget #1"):
        job.wait_accepted()
    assert job.status == "unknown"
    assert world.entry().state == "unknown"
    assert world.gateway.posts == 1


def test_a_failed_task_is_its_reason(world: World) -> None:
    """The service's reason is the error; the journal records it, and the error's task has the service's reply."""
    world.gateway.looks = [row("FAILURE", fail_reason="sensitive content")]
    job = start(world.job())
    job.wait_accepted()
    with pytest.raises(TaskFailedError, match="sensitive content") as caught:
        job.wait(LONG)
    assert caught.value.task.status == job.status == "failed"
    assert world.entry().state == "failed"
    assert world.journal.unfinished() == ()


def test_a_success_without_a_link_can_be_asked_for_again(world: World) -> None:
    """A success without a link raises VideoMissingError; resuming saves the video once there is a link."""
    world.gateway.link = False
    job = start(world.job())
    with pytest.raises(VideoMissingError, match="%kling_resume t1"):
        job.wait(LONG)
    assert (job.status, job.path) == ("succeeded", None)
    (entry,) = world.journal.unfinished()
    assert entry.state == "succeeded"
    world.gateway.link = True
    assert start(world.job(entry.request, entry)).wait(LONG).path is not None
    assert world.gateway.posts == 1


@pytest.mark.parametrize(
    "video", [Answer(fault="reset"), Answer(body=MP4, cut=5000), Answer(body="<html>gone</html>"), Answer(404)]
)
def test_a_broken_download_leaves_no_half_file_and_can_be_repeated(world: World, video: Answer) -> None:
    """The error says how to fetch the video; the folder stays empty, and resuming fetches it."""
    world.gateway.video = video
    job = start(world.job())
    with pytest.raises(VideoMissingError, match=r"succeeded.*%kling_resume t1"):
        job.wait(LONG)
    assert (job.status, job._state.snapshot().state) == ("succeeded", "failed")
    assert world.files() == []
    (entry,) = world.journal.unfinished()
    world.gateway.video = Answer(body=MP4)
    again = start(world.job(entry.request, entry)).wait(LONG)
    assert again.path is not None
    assert again.path.read_bytes() == MP4
    assert world.gateway.posts == 1


def test_where_nothing_can_be_saved_nothing_is_sent(world: World, tmp_path: Path) -> None:
    """A folder that cannot be created is an error before anything is written to the journal or sent."""
    (tmp_path / "file").touch()
    with pytest.raises(KlingError, match="nothing was sent"):
        world.job(folder=tmp_path / "file" / "videos")
    with pytest.raises(KlingError, match="nothing was sent"):
        world.job(save="~nobody-of-this-name/clip.mp4")
    assert world.journal.entries() == ()
    assert world.gateway.server.asked == []


def test_the_place_is_fixed_when_the_job_is_made(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is resolved when the job is made, whatever os.chdir does later."""
    here = Path.cwd()
    job = world.job(save="mine.mp4")
    monkeypatch.chdir(tmp_path)
    assert start(job).wait(LONG).path == here / "mine.mp4"


def test_files_of_jobs_with_one_name_stand_side_by_side(world: World) -> None:
    """Several jobs with the same --save path save as many files."""
    paths = {start(world.job(save="mine.mp4")).wait(LONG).path for _ in range(3)}
    assert {path.name for path in paths if path} == {"mine.mp4", "mine-2.mp4", "mine-3.mp4"}


def test_a_name_that_is_taken_during_the_download(world: World) -> None:
    """If another kernel takes the name meanwhile, the video gets the next one, and nothing is overwritten."""
    world.gateway.hold("GET /clip.mp4")
    job = start(world.job(save="mine.mp4"))
    heard = Heard()
    job._state.listen(heard)
    world.gateway.server.wait_for(3)
    Path("mine.mp4").write_text("of somebody else")
    world.gateway.gate.set()
    assert job.wait(LONG).path == Path.cwd() / "mine-2.mp4"
    assert Path("mine.mp4").read_text() == "of somebody else"


def test_waiting_may_end_before_the_job(world: World) -> None:
    """WaitTimeoutError names the task; the job continues, and another wait returns it."""
    world.gateway.hold("GET /v1/video")
    job = start(world.job())
    job.wait_accepted()
    with pytest.raises(WaitTimeoutError, match="Task t1 is not done") as caught:
        job.wait(0)
    assert caught.value.task.id == "t1"
    world.gateway.gate.set()
    assert job.wait(LONG).path


def test_waiting_may_end_before_the_submission(world: World) -> None:
    """WaitTimeoutError has a message even if no task id is known yet."""
    job = world.job()
    with pytest.raises(WaitTimeoutError, match=f"Submission #{job._runner.key} is not done"):
        job.wait(0)


def test_awaiting_gives_the_job(world: World) -> None:
    """``await job`` returns the job when its video is saved."""

    async def main() -> Job:
        return await start(world.job())

    assert asyncio.run(main()).path


def test_awaiting_raises_what_it_ended_with(world: World) -> None:
    """``await job`` raises the same error as ``job.wait()``."""
    world.gateway.created = Answer(401, {"error": {"message": "Invalid token"}})

    async def main() -> None:
        await start(world.job())

    with pytest.raises(AuthenticationError):
        asyncio.run(main())


def test_who_gives_up_awaiting_does_not_end_it_for_others(world: World) -> None:
    """Cancelling an await affects neither the job nor other waits."""
    world.gateway.hold("GET /v1/video")
    job = start(world.job())

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(job, 0)

    asyncio.run(main())
    world.gateway.gate.set()
    assert job.wait(LONG).path


def test_a_task_of_somewhere_else(world: World) -> None:
    """The video of a task that was submitted elsewhere, of which only the id is known, is fetched too."""
    entry = world.journal.import_task("t1", world.gateway.server.url)
    job = start(world.job(entry.request, entry)).wait(LONG)
    assert job.path is not None
    assert "_video_" in job.path.name


def test_an_interrupt_is_one_line(world: World) -> None:
    """In a notebook an interrupt shows one line that says how to continue."""
    stopped = Stopped("Task t1 goes on.")
    assert stopped._render_traceback_() == ["Interrupted: Task t1 goes on."]
    assert isinstance(stopped, KeyboardInterrupt)


def test_without_a_front_end_a_job_shows_as_text(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """IPython displays the job by its front end, or else by its repr, which never raises."""
    job = world.job()
    job._ipython_display_()
    assert capsys.readouterr().out == f"<Job #{job._runner.key}: sending>\n"
    shown: list[Job] = []
    job._display = shown.append
    job._ipython_display_()
    assert shown == [job]


def test_a_wait_in_a_thread_of_a_loop(world: World) -> None:
    """A wait inside the user's own running loop blocks it, and leaves asyncio.run and the loop's tasks unchanged."""
    original = asyncio.run
    seen: list[str] = []

    async def mine() -> None:
        seen.append("mine")

    async def main() -> None:
        mine_too = asyncio.ensure_future(mine())
        seen.append(start(world.job()).wait(LONG).status)
        await mine_too

    thread = threading.Thread(target=lambda: original(main()))
    thread.start()
    thread.join(LONG)
    assert seen == ["succeeded", "mine"]
    assert asyncio.run is original
    assert waiting.run(_job_in(world)).path


async def _job_in(world: World) -> Job:
    return await start(world.job())


def test_a_job_begins_once(world: World) -> None:
    """A second start sends nothing; the job is watched from its start to a stop or its end."""
    world.gateway.hold("GET /v1/video")
    job = world.job()
    assert not job._runner.watched
    assert start(start(job)) is job
    assert job._runner.watched
    other = start(world.job())
    other.wait_accepted()
    other.stop()
    assert not other._runner.watched
    world.gateway.gate.set()
    assert not job.wait(LONG)._runner.watched
    start(job)
    assert world.gateway.posts == 2


@pytest.mark.slow
def test_the_demo_from_a_wish_to_a_file(world: World, tmp_path: Path) -> None:
    """Against the demo a job ends with a real video of the requested length and sound."""
    speed = 20  # times as fast passes the time of the client: it goes on only as far as the demo has the time to draw

    def connect(service: Service, budget: RateLimiter) -> AsyncClient:
        async def sleep(seconds: float) -> None:
            await asyncio.sleep(seconds / speed)

        def clock() -> float:
            return time.monotonic() * speed

        return AsyncClient(service.key, service.base_url, budget=budget, clock=clock, sleep=sleep)

    watcher = Watcher(RateLimiter(1000), connect, timeout=LONG)
    with demo.start(tmp_path / "demo", seconds_per_task=0) as running:
        service = Service(DEMO, running.base_url, Secret("demo"), "demo")
        request = VideoRequest("2.6", prompt="纸船 in the rain", seconds=5, size="64x64", sound=True)
        job = world.job(request, service=service, watcher=watcher, clock=time.time, monotonic=time.monotonic)
        start(job).wait(240)
    clip = job._state.snapshot().clip
    assert clip is not None
    assert clip.width == 64
    assert clip.seconds == pytest.approx(5, abs=0.5)
    assert clip.sound
    assert clip.poster
    assert "纸船-in-the-rain_demo_" in clip.path.name
    assert world.entry().demo


def test_completion_shows_the_contract_alone(world: World) -> None:
    """``job.<Tab>`` completes the public members only."""
    contract = {"request", "id", "task", "status", "path", "wait", "wait_accepted", "events", "stop", "frame"}
    assert {name for name in dir(world.job()) if not name.startswith("_")} == contract


def test_a_request_is_what_was_asked(world: World) -> None:
    """The job keeps its request, the service and the submission's number."""
    job = world.job()
    assert job.request == REQUEST == VideoRequest("2.6", prompt="a paper boat", seconds=5)
    assert replace(job._runner.service) == world.context.service
    assert world.entry().key == job._runner.key
