"""Earlier submissions: resumed, shown, listed, forgotten."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from kling_widgets.errors import KlingError, SubmissionUnknownError, TaskNotFoundError
from kling_widgets.jobs.job import Job
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.submit.options import SubmitOptions
from kling_widgets.notebook.submit.resumer import Resumer
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.requested import RequestKey
from tests.notebook.conftest import KEY, Kernel, mp4, shown

Maker = Callable[..., Session]
STRANGER = "https://service.example.com"


def test_a_submission_without_an_id_is_never_sent_by_resuming(make: Maker, keyed: dict[str, str]) -> None:
    """It has nothing to go on with; the error says so, and nothing is made."""
    session = make(keyed)
    key = session.journal.write(VideoRequest("2.6", prompt="a boat"), session.services.get().name)
    with pytest.raises(KlingError, match=f"#{key}"):
        session.get(Resumer).resume(f"#{key}")
    assert [entry.state for entry in session.journal.entries()] == ["written"]


def test_resume_lists_the_others(make: Maker, keyed: dict[str, str]) -> None:
    """Not sent: until it is made again. Answer unknown: until it is settled. Watched by another kernel: left to it."""
    session = make(keyed)
    journal, name = session.journal, session.services.get().name
    for state, owner in (("written", "dead"), ("sending", "dead"), ("accepted", "alive")):
        key = journal.write(VideoRequest("2.6", prompt=f"a boat, {state}"), name)
        journal.update(key, state=state, owner=owner, task_id="t3" if state == "accepted" else None)
    with FileLock(journal.path.parent / "kernels" / "alive.lock"):
        told = shown(session.get(Resumer).resume)
        assert len(told.value) == 0
        lines = told.text.splitlines()
        assert "Not sent, not billed: #1 “a boat, written”" in lines[0]
        assert "Sent, answer unknown, may be billed: #2 “a boat, sending”" in lines[1]
        assert "One is watched by another kernel: t3" in lines[-1]
        assert shown(session.get(Resumer).resume).text == told.text  # whoever asked first
        assert [entry.state for entry in journal.entries()] == ["accepted", "unknown", "refused"]
        assert session.get(Resumer).forget(["#2"]) == 1
        assert "#2" not in shown(session.get(Resumer).resume).text


def test_a_request_that_was_not_sent_and_then_repeated_is_not_mentioned(make: Maker, keyed: dict[str, str]) -> None:
    """Its cell was run again."""
    session = make(keyed)
    for owner, state in (("dead", "written"), ("alive", "accepted")):
        key = session.journal.write(VideoRequest("2.6", prompt="a boat"), "a", RequestKey("boat", "cell", owner))
        session.journal.update(key, state=state, owner=owner)
        told = shown(session.get(Resumer).resume).text
    assert "Not sent" not in told


def test_a_lost_task_that_was_found_is_gone_on_with(session: Session, kernel: Kernel) -> None:
    """``%kling_resume ID #7``: the submission gets its task, its cell shows it, and nothing is open any more."""
    kernel.source = "the cell"
    made = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=True), prompt="a boat")).value
    session.journal.update(made._runner.key, state="unknown", task_id=None, path=None)
    kernel.cell += 1
    with pytest.raises(SubmissionUnknownError, match=f"%kling_resume ID #{made._runner.key}"):
        session.get(Submitter).submit("2.6", prompt="a boat")
    with pytest.raises(KlingError, match="no task"):
        session.get(Resumer).resume("two words", of=f"#{made._runner.key}")
    found = shown(lambda: session.get(Resumer).resume(made.id, of=f"#{made._runner.key}", wait=True)).value
    assert mp4(found.path)
    (entry,) = session.journal.entries()
    assert (entry.state, entry.task_id, entry.error) == ("saved", made.id, None)
    with pytest.raises(KlingError, match="was not lost"):
        session.get(Resumer).resume(made.id, of=f"#{made._runner.key}")


def test_resume_takes_up_everything_that_has_not_ended(make: Maker, keyed: dict[str, str]) -> None:
    """A new process, as after a restart of the kernel, finds the tasks of the old one, and their videos."""
    before = make(keyed)
    jobs = [
        shown(lambda: before.get(Submitter).submit("2.6", SubmitOptions(wait=False), prompt="a boat")).value
        for _ in range(2)
    ]
    for job in jobs:
        job.stop()
        with pytest.raises(KlingError):
            job.wait()
    after = make(keyed)
    batch = shown(lambda: after.get(Resumer).resume()).value
    assert {job.id for job in batch} == {job.id for job in jobs}
    assert all(mp4(job.path) for job in batch)
    assert len(after.get(Resumer).resume()) == 0
    assert len(after.journal.entries()) == 2  # resuming never submits


def test_resume_of_one(make: Maker, keyed: dict[str, str]) -> None:
    """By the service's id, or by the journal's number."""
    before = make(keyed)
    job = shown(lambda: before.get(Submitter).submit("2.6", SubmitOptions(wait=False), prompt="a boat")).value
    job.stop()
    after = make(keyed)
    again = shown(lambda: after.get(Resumer).resume(job.id)).value
    assert isinstance(again, Job)
    assert again.id == job.id
    assert mp4(again.path)
    assert shown(lambda: make(keyed).get(Resumer).resume(f"#{again._runner.key}")).value.id == job.id


def test_a_job_that_is_watched_is_not_started_again(session: Session) -> None:
    """A second look at a running task shows the same job: nobody who waits for it is thrown out."""
    job = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=False), prompt="a boat")).value
    assert shown(lambda: session.get(Resumer).resume(job.id, wait=False)).value is job
    assert shown(lambda: session.get(Resumer).show(job.id)).value is job
    assert mp4(job.wait().path)


def test_a_stopped_job_is_begun_again(session: Session) -> None:
    """A stopped job is watched again at once, also while it is still ending."""
    job = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=False), prompt="a boat")).value
    job.stop()
    again = shown(lambda: session.get(Resumer).resume(job.id)).value
    assert mp4(again.path)


def test_one_that_cannot_be_reached_does_not_keep_the_others(make: Maker, keyed: dict[str, str]) -> None:
    """A task at an address that is not set any more is left alone; alone, it is an error."""
    session = make(keyed)
    session.journal.import_task("task_1", STRANGER)
    with pytest.raises(KlingError, match="CRAZYROUTER_BASE_URL"):
        session.get(Resumer).resume()
    job = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=False), prompt="a boat")).value
    job.stop()
    batch = shown(lambda: make(keyed).get(Resumer).resume()).value
    assert batch.id == job.id


def test_a_task_of_elsewhere_is_adopted(make: Maker, keyed: dict[str, str], environ: dict[str, str]) -> None:
    """Submitted by another program or machine: the service knows it, so it can be seen here."""
    elsewhere = make(keyed | {"KLING_WIDGETS_HOME": environ["KLING_WIDGETS_HOME"] + "-other"})
    job = shown(lambda: elsewhere.get(Submitter).submit("2.6", prompt="a boat")).value
    here = make(keyed)
    seen = shown(lambda: here.get(Resumer).resume(job.id))
    assert mp4(seen.value.path)
    assert "Kling 2.6" in seen.text
    assert "Note" not in seen.text  # what was asked there is not known, and nobody's mistake
    (entry,) = here.journal.entries()
    assert (entry.task_id, entry.state, entry.model) == (job.id, "saved", "aigc-video-kling-2.6")


@pytest.mark.parametrize("wrong", ["task_nobody_has", "#99", "two words", "../../v1/models", "", "纸船"])
def test_a_mistyped_id_is_no_task(session: Session, wrong: str) -> None:
    """It is an error that leaves nothing behind: ``resume`` does not look for it ever after."""
    for look in (session.get(Resumer).resume, session.get(Resumer).show):
        with pytest.raises(KlingError) as raised:
            look(wrong)
        assert isinstance(raised.value, TaskNotFoundError) == (wrong == "task_nobody_has")
    with pytest.raises(KlingError, match="%kling_tasks"):
        session.get(Resumer).entry(wrong)
    assert session.journal.entries() == ()


def test_a_key_in_place_of_an_id_goes_nowhere(session: Session) -> None:
    """Neither into the journal nor into an address; and it is not repeated."""
    for look in (session.get(Resumer).resume, session.get(Resumer).show, session.get(Resumer).entry):
        with pytest.raises(KlingError) as raised:
            look(KEY)
        assert KEY not in str(raised.value)
    assert session.journal.entries() == ()


def test_a_submission_without_an_id_says_what_became_of_it(session: Session) -> None:
    """There is nothing to resume where the service refused."""
    with pytest.raises(KlingError):
        shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat demo:quota"))
    (entry,) = session.journal.entries()
    with pytest.raises(KlingError, match=f"Submission #{entry.key} has no task id; it is refused"):
        session.get(Resumer).resume(f"#{entry.key}")


def test_show_gives_the_video_again(session: Session, kernel: Kernel) -> None:
    """From the journal and the file alone, as a plain output that needs no widget."""
    job = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=True), prompt="a paper boat")).value
    seen = shown(lambda: session.get(Resumer).show(job.id))
    assert seen.value is None
    (output,) = seen.outputs
    assert f'src="kling_videos/{job.path.name}"' in output.data["text/html"]
    assert output.metadata["kling_widgets"]["task_id"] == job.id
    assert "application/vnd.jupyter.widget-view+json" not in output.data


def test_show_fetches_a_video_that_is_gone(session: Session) -> None:
    """The file was deleted: it is fetched again, as the service still has it."""
    job = shown(lambda: session.get(Submitter).submit("2.6", prompt="a paper boat")).value
    job.path.unlink()
    again = shown(lambda: session.get(Resumer).show(job.id)).value
    assert mp4(again.path)


def test_show_of_a_strange_path_shows_the_video_of_the_task(session: Session, kernel: Kernel, tmp_path: Path) -> None:
    """A journal of somebody else names a private video: not that one is shown, but that of the task, fetched again."""
    job = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=True), prompt="a paper boat")).value
    private = tmp_path / "private.mp4"
    private.write_bytes(job.path.read_bytes() + bytes(8))
    job.path.unlink()
    session.settings.display = "embed"
    for path in (str(private), "/etc/passwd"):
        session.journal.update(job._runner.key, path=path)
        seen = shown(lambda: session.get(Resumer).resume(job.id, wait=True))
        assert base64.b64encode(private.read_bytes()).decode() not in str([each.data for each in seen.outputs])
        assert mp4(seen.value.path)
        assert seen.value.path.parent == session.videos
        seen.value.path.unlink()


def test_show_of_a_failure_says_why(session: Session) -> None:
    """No video, and the reason from the journal."""
    with pytest.raises(KlingError):
        shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat demo:moderation"))
    (entry,) = session.journal.entries()
    assert entry.task_id
    with pytest.raises(KlingError, match="moderation"):
        session.get(Resumer).show(entry.task_id)


def test_history_is_newest_first_and_says_where_it_is_kept(session: Session) -> None:
    """The journal as a sequence."""
    session.get(Submitter).create_jobs("2.6", prompt="one")
    session.get(Submitter).create_jobs("2.6", prompt="two")
    history = session.get(Resumer).history()
    assert [entry.body["prompt"] for entry in history] == ["two", "one"]
    assert "journal.sqlite" in repr(history)


def test_a_task_that_is_gone_is_listed_and_not_resumed_automatically(session: Session) -> None:
    """``resume`` of all says why in a line instead of failing each time, and goes on with the others; by its id it is
    tried again; and it can be forgotten."""
    service = session.services.get().name
    gone, there = (session.journal.import_task(task_id, service) for task_id in ("task_gone", "task_other"))
    with pytest.raises(TaskNotFoundError):
        session.get(Resumer).resume("task_gone", wait=True)
    session.journal.update(there.key, state="saved")
    told = shown(lambda: session.get(Resumer).resume(wait=True))
    assert len(told.value) == 0
    assert "Gone: #1" in told.text
    assert "%kling_resume task_gone" in told.text
    with pytest.raises(TaskNotFoundError):
        session.get(Resumer).resume("task_gone", wait=True)
    assert session.get(Resumer).forget([f"#{gone.key}"]) == 1
