"""A job: what its user sees and may do with it, against a real server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kling_widgets.client.credentials import Secret
from kling_widgets.core.request import VideoRequest
from kling_widgets.errors import (
    APIError,
    AuthenticationError,
    KlingError,
    SubmissionUnknownError,
    TaskFailedError,
    VideoMissingError,
    WaitTimeoutError,
)
from kling_widgets.jobs import blocking
from kling_widgets.jobs.job import Job, Stopped
from kling_widgets.jobs.service import Service
from tests.jobs.conftest import LONG, MP4, REQUEST, Heard, World, row
from tests.kernel import Kernel
from tests.servers import Answer


def test_from_a_wish_to_a_file(world: World) -> None:
    """The video is saved whole, the listener hears each state in order, and the journal tells the whole story."""
    world.gateway.looks = [row("queued"), row("processing", progress="42%")]
    heard = Heard()
    job = world.job()
    job.listen(heard)
    assert job.start().wait(LONG) is job
    assert job.path is not None
    assert job.path.read_bytes() == MP4
    assert job.path.parent == world.folder
    assert heard.states == ["sending", "queued", "running", "fetching", "done"][-len(heard.states) :]
    assert {"queued", "running", "fetching", "done"} <= set(heard.states)
    assert (job.status, job.id, job.error) == ("succeeded", "t1", None)
    entry = world.entry()
    assert (entry.state, entry.task_id, entry.path) == ("saved", "t1", str(job.path))
    assert entry.url == f"{world.gateway.server.url}/clip.mp4"
    assert entry.accepted is not None
    assert entry.ended is not None
    assert job.took == entry.ended - entry.accepted
    assert world.gateway.posts == 1
    assert repr(job) == f"<Job t1: succeeded, {job.path.name}>"


def test_nothing_is_sent_before_it_is_written_down(world: World) -> None:
    """When the POST arrives, the journal says "sending", with the body that arrives."""
    world.gateway.hold("POST /v1/video")
    job = world.job()
    assert world.entry().state == "written"
    job.start()
    world.gateway.server.wait_for(1)
    entry = world.entry()
    assert entry.state == "sending"
    assert entry.body == world.gateway.server.asked[0].json()
    world.gateway.gate.set()
    job.wait(LONG)


def test_the_id_is_written_down_before_the_first_look(world: World) -> None:
    """When the first question about the task arrives, the journal has its id."""
    world.gateway.hold("GET /v1/video")
    job = world.job().start()
    world.gateway.server.wait_for(2)
    entry = world.entry()
    assert (entry.state, entry.task_id) == ("accepted", "t1")
    world.gateway.gate.set()
    job.wait(LONG)


def test_local_pictures_are_links_in_the_journal(world: World, tmp_path: Path) -> None:
    """From "sending" on the journal has the body as it was sent: a path of this machine is not in it."""
    picture = tmp_path / "first.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(60))
    job = world.job(REQUEST.replace(image=picture))
    assert str(tmp_path) not in str(world.entry().body)
    job.start().wait(LONG)
    assert world.entry().body["image"] == "https://files.example/first.png"


def test_a_refusal_is_an_error_of_the_submission(world: World) -> None:
    """Who waits for acceptance gets the service's word, and the journal says that nothing is billed."""
    world.gateway.created = Answer(401, {"error": {"message": "Invalid token"}})
    job = world.job().start()
    with pytest.raises(AuthenticationError):
        job.wait_accepted()
    with pytest.raises(AuthenticationError):
        job.wait(LONG)
    assert (job.status, job.id) == ("refused", None)
    assert world.entry().state == "refused"
    assert "Invalid token" in (world.entry().error or "")


def test_a_request_that_cannot_be_sent_is_not_sent(world: World) -> None:
    """A file that is not there is a refusal before any request; the journal says so."""
    job = world.job(REQUEST.replace(image=Path("not-there.png"))).start()
    with pytest.raises(KlingError, match="not-there"):
        job.wait_accepted()
    assert world.gateway.server.asked == []
    assert world.entry().state == "refused"


def test_a_lost_answer_is_told_and_never_repeated(world: World) -> None:
    """When the connection breaks after the POST, acceptance is open: it is said, written down, and not sent again."""
    world.gateway.created = Answer(fault="reset")
    job = world.job().start()
    with pytest.raises(SubmissionUnknownError):
        job.wait_accepted()
    assert job.status == "unknown"
    assert world.entry().state == "unknown"
    assert world.gateway.posts == 1


def test_a_failed_task_is_its_reason(world: World) -> None:
    """The service's reason is the error; the journal keeps it; the service's reply is on the error's task."""
    world.gateway.looks = [row("FAILURE", fail_reason="sensitive content")]
    job = world.job().start()
    job.wait_accepted()
    with pytest.raises(TaskFailedError, match="sensitive content") as caught:
        job.wait(LONG)
    assert caught.value.task.status == job.status == "failed"
    assert world.entry().state == "failed"
    assert world.journal.unfinished() == ()


def test_a_success_without_a_link_can_be_asked_for_again(world: World) -> None:
    """A success without a video is VideoMissingError; resuming it finds the video when the link is there."""
    world.gateway.link = False
    job = world.job().start()
    with pytest.raises(VideoMissingError, match="%kling_resume t1"):
        job.wait(LONG)
    assert (job.status, job.path) == ("succeeded", None)
    (entry,) = world.journal.unfinished()
    assert entry.state == "succeeded"
    world.gateway.link = True
    assert world.job(entry.request, entry).start().wait(LONG).path is not None
    assert world.gateway.posts == 1


@pytest.mark.parametrize(
    "video", [Answer(fault="reset"), Answer(body=MP4, cut=5000), Answer(body="<html>gone</html>"), Answer(404)]
)
def test_a_broken_download_leaves_no_half_file_and_can_be_repeated(world: World, video: Answer) -> None:
    """The error says that the video is made and how to fetch it; nothing lies in the folder; resuming fetches it."""
    world.gateway.video = video
    job = world.job().start()
    with pytest.raises(VideoMissingError, match=r"succeeded.*%kling_resume t1"):
        job.wait(LONG)
    assert (job.status, job.moment().state) == ("succeeded", "failed")
    assert world.files() == []
    (entry,) = world.journal.unfinished()
    world.gateway.video = Answer(body=MP4)
    again = world.job(entry.request, entry).start().wait(LONG)
    assert again.path is not None
    assert again.path.read_bytes() == MP4
    assert world.gateway.posts == 1


def test_where_nothing_can_be_saved_nothing_is_sent(world: World, tmp_path: Path) -> None:
    """A folder that cannot be made is an error before the journal and the service hear of the wish."""
    (tmp_path / "file").touch()
    with pytest.raises(KlingError, match="nothing was sent"):
        world.job(folder=tmp_path / "file" / "videos")
    with pytest.raises(KlingError, match="nothing was sent"):
        world.job(save="~nobody-of-this-name/clip.mp4")
    assert world.journal.entries() == ()
    assert world.gateway.server.asked == []


def test_the_place_is_fixed_when_the_job_is_made(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means the folder of the time when it was written, whatever os.chdir does meanwhile."""
    here = Path.cwd()
    job = world.job(save="mine.mp4")
    monkeypatch.chdir(tmp_path)
    assert job.start().wait(LONG).path == here / "mine.mp4"


def test_files_of_jobs_with_one_name_stand_side_by_side(world: World) -> None:
    """Several wishes with one --save give as many files."""
    paths = {world.job(save="mine.mp4").start().wait(LONG).path for _ in range(3)}
    assert {path.name for path in paths if path} == {"mine.mp4", "mine-2.mp4", "mine-3.mp4"}


def test_a_name_that_is_taken_during_the_download(world: World) -> None:
    """When another kernel takes the name meanwhile, the video gets the next one, and nothing is overwritten."""
    world.gateway.hold("GET /clip.mp4")
    job = world.job(save="mine.mp4").start()
    heard = Heard()
    job.listen(heard)
    world.gateway.server.wait_for(3)
    Path("mine.mp4").write_text("of somebody else")
    world.gateway.gate.set()
    assert job.wait(LONG).path == Path.cwd() / "mine-2.mp4"
    assert Path("mine.mp4").read_text() == "of somebody else"


def test_stop_before_anything_is_sent(world: World) -> None:
    """A wish that is stopped before it was sent costs nothing, and says so."""
    job = world.job()
    job.stop()
    job.start()
    with pytest.raises(KlingError, match="Nothing was sent"):
        job.wait(LONG)
    assert job.moment().state == job.status == "stopped"
    assert world.gateway.server.asked == []
    assert world.entry().state == "refused"


def test_stop_while_a_picture_is_uploaded(world: World, tmp_path: Path) -> None:
    """Nothing is submitted after a stop during the upload."""
    picture = tmp_path / "first.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(60))
    world.gateway.hold("POST /v1/files")
    job = world.job(REQUEST.replace(image=picture)).start()
    world.gateway.server.wait_for(1)
    job.stop()
    with pytest.raises(KlingError, match="Nothing was sent"):
        job.wait_accepted()
    assert world.gateway.posts == 0


def test_stop_while_the_submission_is_under_way(world: World) -> None:
    """It is seen through, so that the id is not lost; then it is watched no more."""
    world.gateway.hold("POST /v1/video")
    job = world.job().start()
    world.gateway.server.wait_for(1)
    job.stop()
    assert "may be billed" in job.after_stop()
    world.gateway.gate.set()
    assert job.wait_accepted().id == "t1"
    with pytest.raises(KlingError, match="%kling_resume t1"):
        job.wait(LONG)
    assert world.gateway.questions == 0
    (entry,) = world.journal.unfinished()
    assert entry.task_id == "t1"


def test_stop_calls_off_a_submission_that_is_not_accepted_yet(world: World) -> None:
    """While the service says that it is busy, a stop keeps the wish from being sent again."""
    world.gateway.created = Answer(429, {"error": {"message": "busy"}})
    world.gateway.hold("POST /v1/video")
    job = world.job().start()
    world.gateway.server.wait_for(1)
    job.stop()
    world.gateway.gate.set()
    with pytest.raises(KlingError, match="Nothing was sent"):
        job.wait(LONG)
    assert world.gateway.posts == 1
    assert (job.status, world.entry().state) == ("stopped", "refused")


def test_a_refusal_after_a_stop_is_a_refusal(world: World) -> None:
    """What the service says about a submission is told, also when its user has stopped by then."""
    world.gateway.created = Answer(402, {"error": {"message": "no money"}})
    world.gateway.hold("POST /v1/video")
    job = world.job().start()
    world.gateway.server.wait_for(1)
    job.stop()
    world.gateway.gate.set()
    with pytest.raises(APIError, match="no money"):
        job.wait(LONG)
    assert job.status == "refused"


def test_stop_while_it_is_watched(world: World) -> None:
    """The watching ends at once, with words on how to go on; the task is left unfinished in the journal."""
    world.gateway.hold("GET /v1/video")
    job = world.job().start()
    world.gateway.server.wait_for(2)
    job.stop()
    with pytest.raises(KlingError, match=r"goes on being made.*%kling_resume t1"):
        job.wait(LONG)
    assert job.status == job.moment().state == "stopped"
    assert [entry.task_id for entry in world.journal.unfinished()] == ["t1"]


def test_stop_while_the_video_is_fetched(world: World) -> None:
    """No half file stays, and resuming fetches it."""
    world.gateway.hold("GET /clip.mp4")
    job = world.job().start()
    world.gateway.server.wait_for(3)
    job.stop()
    with pytest.raises(KlingError, match=r"has its video.*%kling_resume t1"):
        job.wait(LONG)
    assert (job.status, job.moment().state) == ("succeeded", "stopped")
    assert world.files() == []
    assert [entry.state for entry in world.journal.unfinished()] == ["succeeded"]


def test_stop_after_the_end_changes_nothing(world: World) -> None:
    """A finished job stays finished."""
    job = world.job().start().wait(LONG)
    job.stop()
    assert job.wait(0) is job
    assert job.status == "succeeded"


def test_waiting_may_end_before_the_job(world: World) -> None:
    """WaitTimeoutError names the task; the job goes on, and another wait gets it."""
    world.gateway.hold("GET /v1/video")
    job = world.job().start()
    job.wait_accepted()
    with pytest.raises(WaitTimeoutError, match="Task t1 is not done") as caught:
        job.wait(0)
    assert caught.value.task.id == "t1"
    world.gateway.gate.set()
    assert job.wait(LONG).path


def test_waiting_may_end_before_the_submission(world: World) -> None:
    """Also while no id is known the error is in words."""
    job = world.job()
    with pytest.raises(WaitTimeoutError, match=f"Submission #{job.key} is not done"):
        job.wait(0)


def test_watching_ends_after_the_longest_time(world: World) -> None:
    """After the desk's timeout the task is watched no more; it is not called failed, and can be resumed."""
    world.gateway.looks = [row("processing")] * 1000
    job = world.job(timeout=60.0).start()
    with pytest.raises(WaitTimeoutError, match="t1"):
        job.wait(LONG)
    assert job.status == "stopped"
    assert [entry.task_id for entry in world.journal.unfinished()] == ["t1"]


def test_a_key_that_is_refused_meanwhile_is_no_failure_of_the_task(world: World) -> None:
    """The task goes on: the job says what happened, and the journal keeps it for resuming."""
    world.gateway.looks = [Answer(401, {"error": {"message": "expired key"}})]
    job = world.job().start()
    with pytest.raises(AuthenticationError, match="expired key"):
        job.wait(LONG)
    assert job.status == "stopped"
    assert [entry.task_id for entry in world.journal.unfinished()] == ["t1"]


def test_awaiting_gives_the_job(world: World) -> None:
    """``await job`` gives it when its video is there."""

    async def main() -> Job:
        return await world.job().start()

    assert asyncio.run(main()).path


def test_awaiting_raises_what_it_ended_with(world: World) -> None:
    """``await job`` raises as ``job.wait()`` does."""
    world.gateway.created = Answer(401, {"error": {"message": "Invalid token"}})

    async def main() -> None:
        await world.job().start()

    with pytest.raises(AuthenticationError):
        asyncio.run(main())


def test_who_gives_up_awaiting_does_not_end_it_for_others(world: World) -> None:
    """A cancelled await leaves the job, and everybody else who waits for it, alone."""
    world.gateway.hold("GET /v1/video")
    job = world.job().start()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(job, 0)

    asyncio.run(main())
    world.gateway.gate.set()
    assert job.wait(LONG).path


def test_a_resumed_task_is_looked_at_at_once_and_not_sent(world: World) -> None:
    """A job of an entry asks for the task, counts from its acceptance, and never submits."""
    key = world.journal.write(REQUEST, world.gateway.server.url)
    world.journal.update(key, state="accepted", task_id="t1", accepted=world.clock.now)
    world.clock.now += 86_400
    entry = world.journal.find("t1")
    assert entry is not None
    world.gateway.hold("GET /v1/video")
    before = world.clock.now
    job = world.job(entry.request, entry).start()
    assert job.wait_accepted() is job
    assert job.status == "running"
    assert job.moment().elapsed == 86_400
    world.gateway.server.wait_for(1)
    assert world.clock.now == before
    world.gateway.gate.set()
    assert job.wait(LONG).path
    assert world.gateway.posts == 0
    assert world.entry().state == "saved"


def test_a_task_that_ended_while_nobody_watched_does_not_tell_how_long_it_took(world: World) -> None:
    """A night with the laptop closed is no duration of a video: the estimate of the next one must not learn it."""
    key = world.journal.write(REQUEST, world.gateway.server.url)
    world.journal.update(key, state="accepted", task_id="t1", accepted=world.clock.now)
    world.clock.now += 86_400
    entry = world.journal.find("t1")
    assert entry is not None
    assert world.job(entry.request, entry).start().wait(LONG).took is None
    assert world.journal.usual(REQUEST, world.gateway.server.url) is None
    world.job().start().wait(LONG)
    assert world.journal.usual(REQUEST, world.gateway.server.url) is not None


def test_a_clock_that_was_put_back(world: World) -> None:
    """A task from the future is looked at all the same, and is as old as nothing."""
    key = world.journal.write(REQUEST, world.gateway.server.url)
    world.journal.update(key, state="accepted", task_id="t1", accepted=world.clock.now + 86_400)
    entry = world.journal.find("t1")
    assert entry is not None
    job = world.job(entry.request, entry)
    assert job.moment().elapsed == 0
    assert job.start().wait(LONG).path


def test_a_task_of_somewhere_else(world: World) -> None:
    """A task that was submitted elsewhere, of which only the id is known, is fetched all the same."""
    entry = world.journal.adopt("t1", world.gateway.server.url)
    job = world.job(entry.request, entry).start().wait(LONG)
    assert job.path is not None
    assert "_video_" in job.path.name


def test_an_address_that_cannot_be_used_is_told_before_anything_is_sent(world: World) -> None:
    """What goes wrong before the first request ends as a refusal, in the journal too."""
    service = Service("x", "ftp://example", Secret("k"), "the test")
    job = world.job(service=service).start()
    with pytest.raises(KlingError):
        job.wait_accepted()
    assert world.entry().state == "refused"


class Broken:
    """A client with a bug in one of its methods."""

    def __init__(self, client: Any, broken: str) -> None:
        self._client, self._broken = client, broken

    def __getattr__(self, name: str) -> Any:
        return self._break if name == self._broken else getattr(self._client, name)

    async def _break(self, *_: object, **__: object) -> Any:
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
    """Whatever goes wrong, a paid task ends with words that say what is true about it."""
    watcher = type(world.watcher)(connect=lambda *args: Broken(world.connect(*args), broken))  # type: ignore[arg-type,return-value]
    job = world.job(watcher=watcher).start()
    with pytest.raises(kind, match=r"unexpected happened \(ZeroDivisionError: what was that"):
        job.wait(LONG)
    assert (job.status, world.entry().state) == (status, written)


def test_an_interrupt_is_one_line(world: World) -> None:
    """In a notebook an interrupt shows one line that says how to go on."""
    stopped = Stopped("Task t1 goes on.")
    assert stopped._render_traceback_() == ["Interrupted: Task t1 goes on."]
    assert isinstance(stopped, KeyboardInterrupt)


def test_without_a_front_end_a_job_shows_as_text(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """IPython shows the job by its front end, else by its repr, which never raises."""
    job = world.job()
    job._ipython_display_()
    assert capsys.readouterr().out == f"<Job #{job.key}: sending>\n"
    shown: list[Job] = []
    job.display = shown.append
    job._ipython_display_()
    assert shown == [job]


PROGRAM = """
import sys
from pathlib import Path
from kling_widgets.client.credentials import Secret
from kling_widgets.core.request import VideoRequest
from kling_widgets.jobs.job import Desk, Job
from kling_widgets.jobs.journal import Journal
from kling_widgets.jobs.service import Service
from kling_widgets.jobs.watch import Watcher
url = {url!r}
journal = Journal(Path({home!r}) / "journal.sqlite")
service = Service(url, url, Secret("sk-test-0123456789abcdef"), "the test")
desk = Desk(Watcher(), journal, service, Path("videos"))
def submit():
    return Job(VideoRequest("2.6", prompt="a paper boat"), desk).start()
"""


def program(world: World) -> str:
    """Code that makes a desk in another process."""
    return PROGRAM.format(url=world.gateway.server.url, home=str(world.journal.path.parent))


def test_a_process_ends_at_once_and_silently_while_jobs_run(world: World) -> None:
    """The end of a program does not wait for its tasks, and writes nothing about what it leaves."""
    world.gateway.looks = [row("processing")] * 1000
    code = program(world) + "jobs = [submit().wait_accepted() for _ in range(3)]; jobs[0].listen(lambda moment: None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [entry.state for entry in world.journal.unfinished()] == ["accepted"] * 3


def test_a_failure_that_nobody_asks_for_is_silent_at_the_end(world: World) -> None:
    """A job whose error nobody fetched leaves no warning when the program ends."""
    world.gateway.created = Answer(401, {"error": {"message": "Invalid token"}})
    code = program(world) + (
        "import threading; ended = threading.Event(); job = submit()\n"
        "job.listen(lambda moment: moment.error and ended.set()); assert ended.wait(30); del job\n"
        "import gc; gc.collect()"
    )
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("held", ["POST /v1/video", "GET /v1/video"])
def test_a_kernel_that_is_killed_leaves_the_truth(world: World, held: str) -> None:
    """After a kill during the submission the journal says "sending"; after it, "accepted" with the id."""
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
    """The stop button ends the wait with one line; the kernel is usable afterwards, and the task can be resumed."""
    world.gateway.looks = [row("processing")] * 1000
    with Kernel(kernel_name) as kernel:
        kernel.run(program(world))
        cell = kernel.send("job = submit(); print('here'); job.wait()")
        kernel.until(lambda: "here" in cell.text)
        world.gateway.server.wait_for(2)
        kernel.interrupt()
        kernel.until(lambda: cell.done)
        (after, again) = kernel.run("1 + 1", "job.status, job.id")
    error = cell.outputs[-1]
    assert error["ename"] == "Stopped"
    assert len(error["traceback"]) == 1
    assert "%kling_resume t1" in error["traceback"][0]
    assert after.text.strip() == "2"
    assert again.text.strip() == "('stopped', 't1')"
    assert [entry.task_id for entry in world.journal.unfinished()] == ["t1"]


def test_cells_behind_a_wait_all_run(kernel_name: str, world: World) -> None:
    """Three cells that are queued behind a waiting one run when it ends, on both kinds of kernel."""
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


def test_the_users_own_tasks_go_on_while_a_cell_waits_in_an_older_kernel(kernel_name: str, world: World) -> None:
    """On ipykernel 6 a task of the user's own runs during the wait; on 7 that would lose queued cells (NOTEBOOK.md)."""
    world.gateway.hold("GET /v1/video")
    with Kernel(kernel_name) as kernel:
        kernel.run(program(world))
        cell = kernel.send(
            "import asyncio\n"
            "async def mine():\n    print('mine'); await asyncio.sleep(0); print('still mine')\n"
            "task = asyncio.ensure_future(mine()); job = submit(); job.wait(); print('waited')"
        )
        if kernel_name == "ipykernel6":
            kernel.until(lambda: "still mine" in cell.text)
        world.gateway.gate.set()
        kernel.until(lambda: cell.done)
        kernel.until(lambda: "still mine" in cell.text)
    order = cell.text.index("waited") < cell.text.index("still mine")
    assert order == (kernel_name != "ipykernel6")


def test_a_wait_in_a_thread_of_a_loop(world: World) -> None:
    """Waiting inside a running loop of the user's own leaves its tasks running, and asyncio.run as it was."""
    original = asyncio.run
    seen: list[str] = []
    world.gateway.hold("GET /v1/video")

    async def mine() -> None:
        seen.append("mine")
        world.gateway.gate.set()

    async def main() -> None:
        mine_too = asyncio.ensure_future(mine())
        seen.append(world.job().start().wait(LONG).status)
        await mine_too

    thread = threading.Thread(target=lambda: original(main()))
    thread.start()
    thread.join(LONG)
    assert seen == ["mine", "succeeded"]
    assert asyncio.run is original
    assert blocking.run(_job_in(world)).path


async def _job_in(world: World) -> Job:
    return await world.job().start()


def test_a_broken_journal_does_not_end_a_paid_task(world: World) -> None:
    """When the disk fails after acceptance the video is fetched all the same, and the journal says its trouble."""
    world.gateway.hold("GET /v1/video")
    job = world.job().start()
    world.gateway.server.wait_for(2)
    world.journal.path.write_bytes(b"no database" * 1000)
    world.gateway.gate.set()
    assert job.wait(LONG).path
    assert world.journal.trouble


def test_a_request_is_what_was_asked(world: World) -> None:
    """The job keeps the request, where it went and its number."""
    job = world.job()
    assert job.request == REQUEST == VideoRequest("2.6", prompt="a paper boat", seconds=5)
    assert replace(job.service) == world.desk.service
    assert world.entry().key == job.key
