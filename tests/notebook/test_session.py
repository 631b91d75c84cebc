"""The wiring of a process: key or demo, which service, and what becomes of a request."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kling_widgets.client import credentials
from kling_widgets.core.catalog import models
from kling_widgets.core.request import VideoRequest
from kling_widgets.demo.service import Demo
from kling_widgets.errors import InvalidRequestError, KlingError, MissingKeyError, TaskNotFoundError, WaitTimeoutError
from kling_widgets.jobs.batch import Batch
from kling_widgets.jobs.job import Job
from kling_widgets.notebook.session import Session
from kling_widgets.notebook.session import session as of_this_process
from tests.notebook.conftest import KEY, Kernel, shown

Maker = Callable[..., Session]
STRANGER = "https://service.example.com"


def mp4(path: Path | None) -> bool:
    """Whether a video is there, whole."""
    return path is not None and path.read_bytes()[4:8] == b"ftyp"


# Key or demo


def test_without_a_key_nothing_is_sent(nobody: Session) -> None:
    """The error says how to set one and how to try without; the journal stays empty."""
    with pytest.raises(MissingKeyError, match="%kling_demo"):
        nobody.submit("2.6", prompt="a boat")
    assert nobody.journal.entries() == ()
    assert nobody.key_status() == "no key found"


def test_the_status_tells_where_the_key_is_and_no_more(session: Session) -> None:
    """Not a character of the key."""
    assert session.key_status() == "key: found in CRAZYROUTER_API_KEY"
    assert session.service().key_source == "CRAZYROUTER_API_KEY"
    assert KEY not in repr(session.service())


def test_the_demo_takes_the_place_of_the_service(nobody: Session) -> None:
    """``use_demo``: the same way, without a key; the job, its file and the journal say demo."""
    nobody.use_demo()
    assert nobody.key_status() == "demo: no key needed"
    job = shown(lambda: nobody.submit("2.6", prompt="a boat", seconds=5)).value
    assert job.service.demo
    assert mp4(job.path)
    assert "demo" in job.path.name
    (entry,) = nobody.journal.entries()
    assert (entry.service, entry.state, entry.demo) == ("demo", "saved", True)


def test_back_from_the_demo(make: Maker, keyed: dict[str, str], demo: Demo) -> None:
    """``use_demo(False)``: the service again."""
    session = make(keyed)
    session.use_demo()
    assert session.service().demo
    session.use_demo(False)
    assert session.service().base_url == demo.base_url
    assert not session.service().demo


@pytest.mark.parametrize("word", ["1", "true", "ON", " yes "])
def test_the_environment_beats_a_key_with_the_demo(make: Maker, keyed: dict[str, str], word: str) -> None:
    """``KLING_WIDGETS_DEMO=1`` is for Binder and classes: no notebook there can spend anybody's money."""
    session = make(keyed | {"KLING_WIDGETS_DEMO": word})
    assert session.demo
    assert session.service().demo
    with pytest.raises(KlingError, match="cannot be switched off"):
        session.use_demo(False)
    assert session.service().demo


@pytest.mark.parametrize("word", ["", "0", "off", "False", "no"])
def test_a_demo_that_is_off_is_off(make: Maker, keyed: dict[str, str], word: str) -> None:
    """The words for off leave the key in charge."""
    assert not make(keyed | {"KLING_WIDGETS_DEMO": word}).demo


def test_a_demo_that_cannot_start_is_not_in_charge(make: Maker, keyed: dict[str, str], tmp_path: Path) -> None:
    """An error leaves things as they were: the service stays."""
    (tmp_path / "file").write_text("")
    session = make(keyed | {"KLING_WIDGETS_HOME": str(tmp_path / "file")})
    with pytest.raises(KlingError, match="demo cannot start"):
        session.use_demo()
    assert not session.demo


# Which address, with which key


def test_a_key_goes_to_a_stranger_only_from_the_same_source(make: Maker, environ: dict[str, str]) -> None:
    """A cloned notebook that sets an address cannot send a user's key away."""
    session = make(environ | {"CRAZYROUTER_API_KEY": KEY})
    session.settings.base_url = STRANGER
    with pytest.raises(MissingKeyError, match="nothing was sent"):
        session.submit("2.6", prompt="a boat")
    assert session.journal.entries() == ()
    both = make(environ | {"CRAZYROUTER_API_KEY": KEY, "CRAZYROUTER_BASE_URL": STRANGER})
    assert both.service().base_url == STRANGER


def test_a_key_that_was_typed_goes_to_the_service_alone(make: Maker, environ: dict[str, str]) -> None:
    """The address in the environment is not from the source of a typed key."""
    credentials.remember(KEY)
    session = make(environ | {"CRAZYROUTER_BASE_URL": STRANGER})
    with pytest.raises(MissingKeyError):
        session.service()
    assert make(environ).service().base_url == credentials.DEFAULT_URL


def test_an_own_address_can_be_chosen(make: Maker, environ: dict[str, str]) -> None:
    """The service has two addresses of its own; either goes with any key."""
    session = make(environ | {"CRAZYROUTER_API_KEY": KEY})
    session.settings.base_url = "https://cn.crazyrouter.com"
    assert session.service().base_url == "https://cn.crazyrouter.com"


def test_an_env_file_beside_the_notebook_is_read(make: Maker, environ: dict[str, str]) -> None:
    """Key and address from one ``.env``; the status names it."""
    Path(".env").write_text(f"CRAZYROUTER_API_KEY={KEY}\nCRAZYROUTER_BASE_URL={STRANGER}\n")
    session = make(environ)
    assert session.service().base_url == STRANGER
    assert ".env" in session.key_status()
    assert KEY not in session.key_status()


def test_an_old_submission_is_asked_for_where_it_went(make: Maker, environ: dict[str, str], demo: Demo) -> None:
    """By the name in the journal: an own address with any key, the demo without one."""
    session = make(environ | {"CRAZYROUTER_API_KEY": KEY})
    for url in sorted(credentials.OWN_URLS):
        assert session.service(url).base_url == url
    assert session.service("demo").demo
    session.use_demo()
    assert session.service(credentials.DEFAULT_URL).base_url == credentials.DEFAULT_URL


def test_an_old_address_that_is_no_longer_set_is_an_error(make: Maker, environ: dict[str, str], demo: Demo) -> None:
    """The key is not sent to an address because a journal names it; the error says what to set."""
    session = make(environ | {"CRAZYROUTER_API_KEY": KEY})
    with pytest.raises(KlingError, match="CRAZYROUTER_BASE_URL"):
        session.service(STRANGER)
    elsewhere = make(environ | {"CRAZYROUTER_API_KEY": KEY, "CRAZYROUTER_BASE_URL": demo.base_url})
    with pytest.raises(KlingError, match="CRAZYROUTER_BASE_URL"):
        elsewhere.service(STRANGER)


# From a request to jobs


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("2.6", {}),
        ("2.6", {"prompt": "a boat", "seconds": "abc"}),
        ("9", {"prompt": "a boat"}),
        ("2.6", {"prompt": f"a boat {KEY}"}),
        ([VideoRequest("2.6", prompt="a boat"), VideoRequest("2.6")], {}),
        ([], {}),
        (iter(()), {}),
    ],
)
def test_what_has_errors_is_refused_before_anything_is_written(session: Session, what: Any, fields: Any) -> None:
    """One bad request of several stops them all; nothing is in the journal, and no key in the message."""
    with pytest.raises(InvalidRequestError, match="Nothing was sent") as raised:
        session.submit(what, **fields)
    assert KEY not in str(raised.value)
    assert session.journal.entries() == ()


def test_a_field_that_is_none_is_refused(session: Session) -> None:
    """A misspelt name would be ignored by the service, and paid."""
    with pytest.raises(InvalidRequestError, match="seconds"):
        session.submit("2.6", prompt="a boat", second=5)
    assert session.journal.entries() == ()


def test_a_folder_that_cannot_be_written_is_found_before(session: Session, tmp_path: Path) -> None:
    """A video that could not be saved is not asked for."""
    (tmp_path / "file").write_text("")
    session.settings.video_dir = str(tmp_path / "file" / "clips")
    with pytest.raises(KlingError, match="nothing was sent"):
        session.submit("2.6", prompt="a boat")
    assert session.journal.entries() == ()


def test_prepared_jobs_are_written_down_and_not_sent(session: Session) -> None:
    """``prepare`` gives jobs that wait for their start."""
    jobs = session.prepare("2.6", prompt="a boat", count=2)
    assert [job.request.get("prompt") for job in jobs] == ["a boat"] * 2
    assert [entry.state for entry in session.journal.entries()] == ["written"] * 2
    assert not any(job.watched for job in jobs)


def test_a_request_is_taken_as_every_door_takes_it(session: Session) -> None:
    """A request, a model and fields, a name and fields, several requests with a field in common."""
    first, second = VideoRequest("2.6", prompt="a boat"), VideoRequest("3.0", prompt="a ship")
    model = models()[0]

    def asked(*args: Any, **options: Any) -> list[VideoRequest]:
        return [job.request for job in session.prepare(*args, **options)]

    assert asked(first) == [first]
    assert asked(first, seconds=5) == [first.replace(seconds=5)]
    assert asked("2.6", prompt="a boat") == [first]
    assert asked(model, prompt="a boat") == [VideoRequest(model, prompt="a boat")]
    assert asked([first, second], seconds=5) == [first.replace(seconds=5), second.replace(seconds=5)]
    assert asked((each for each in (first, second)), count=2) == [first, first, second, second]


def test_a_submission_ends_with_a_file(session: Session) -> None:
    """From a request to a whole MP4 beside the notebook, closed in the journal."""
    job = shown(lambda: session.submit("2.6", prompt="a paper boat", seconds=5, resolution="720P")).value
    assert isinstance(job, Job)
    assert mp4(job.path)
    assert job.path is not None
    assert job.path.parent == Path.cwd() / "kling_videos"
    (entry,) = session.journal.entries()
    assert (entry.state, entry.task_id, entry.path) == ("saved", job.id, str(job.path))


def test_count_makes_a_batch(session: Session) -> None:
    """Several videos of one request: each a task, a file and an entry of its own."""
    batch = shown(lambda: session.submit("2.6", prompt="a boat", count=2)).value
    assert isinstance(batch, Batch)
    assert len({job.id for job in batch}) == len({job.path for job in batch}) == 2
    assert {entry.state for entry in session.journal.entries()} == {"saved"}


def test_save_names_the_file_or_the_folder(session: Session) -> None:
    """``save``: a file that ends in .mp4, or a folder."""
    one = shown(lambda: session.submit("2.6", prompt="a boat", save="clips/boat.mp4")).value
    two = shown(lambda: session.submit("2.6", prompt="a boat", save="clips")).value
    assert one.path == Path.cwd() / "clips" / "boat.mp4"
    assert two.path.parent == Path.cwd() / "clips"
    assert two.path != one.path


def test_videos_stay_beside_the_notebook(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is the one of the first use: ``os.chdir`` in a cell moves nothing."""
    first = Path.cwd()
    assert session.videos == first / "kling_videos"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert session.videos == first / "kling_videos"
    session.settings.video_dir = "clips"
    assert session.videos == first / "clips"
    session.settings.video_dir = str(elsewhere)
    assert session.videos == elsewhere


def test_a_wait_that_is_over_leaves_the_task(session: Session) -> None:
    """``timeout``: an error that tells how to resume, and a job that can be."""
    with pytest.raises(WaitTimeoutError, match="%kling_resume"):
        shown(lambda: session.submit("2.6", prompt="a boat demo:slow", timeout=0.01))
    (entry,) = session.journal.entries()
    assert entry.state == "accepted"
    job = shown(lambda: session.resume(entry.task_id)).value
    assert mp4(job.path)


@pytest.mark.parametrize(
    ("front_end", "setting", "asked", "waited"),
    [
        ("terminal", "auto", None, True),
        ("terminal", "auto", False, False),
        ("terminal", False, None, False),
        ("jupyter", "auto", None, False),
        ("jupyter", True, None, True),
        ("jupyter", "auto", True, True),
        ("jupyter", True, False, False),
    ],
)
def test_who_waits(
    shell: Any, session: Session, front_end: str, setting: Any, asked: bool | None, waited: bool
) -> None:
    """What is asked for, else the setting, else what the place needs."""
    if front_end == "jupyter":
        shell.kernel = Kernel()
    session.settings.wait = setting
    prompt = "a boat" if waited else "a boat demo:slow"
    job = shown(lambda: session.submit("2.6", prompt=prompt, wait=asked)).value
    assert job.id  # accepted in any case
    assert mp4(job.path) == waited


# Resume, show, history


def test_resume_takes_up_everything_that_has_not_ended(make: Maker, keyed: dict[str, str]) -> None:
    """A new process, as after a restart of the kernel, finds the tasks of the old one, and their videos."""
    before = make(keyed)
    jobs = [shown(lambda: before.submit("2.6", prompt="a boat", wait=False)).value for _ in range(2)]
    for job in jobs:
        job.stop()
        with pytest.raises(KlingError):
            job.wait()
    after = make(keyed)
    batch = shown(lambda: after.resume()).value
    assert {job.id for job in batch} == {job.id for job in jobs}
    assert all(mp4(job.path) for job in batch)
    assert len(after.resume()) == 0
    assert len(after.journal.entries()) == 2  # resuming never submits


def test_resume_of_one(make: Maker, keyed: dict[str, str]) -> None:
    """By the service's id, or by the journal's number."""
    before = make(keyed)
    job = shown(lambda: before.submit("2.6", prompt="a boat", wait=False)).value
    job.stop()
    after = make(keyed)
    again = shown(lambda: after.resume(job.id)).value
    assert isinstance(again, Job)
    assert again.id == job.id
    assert mp4(again.path)
    assert shown(lambda: make(keyed).resume(f"#{again.key}")).value.id == job.id


def test_what_is_watched_is_not_begun_anew(session: Session) -> None:
    """A second look at a running task shows the same job: nobody who waits for it is thrown out."""
    job = shown(lambda: session.submit("2.6", prompt="a boat", wait=False)).value
    assert shown(lambda: session.resume(job.id, wait=False)).value is job
    assert shown(lambda: session.show(job.id)).value is job
    assert mp4(job.wait().path)


def test_a_stopped_job_is_begun_again(session: Session) -> None:
    """What was stopped is watched again at once, also while it is still ending."""
    job = shown(lambda: session.submit("2.6", prompt="a boat", wait=False)).value
    job.stop()
    again = shown(lambda: session.resume(job.id)).value
    assert again is not job
    assert mp4(again.path)


def test_one_that_cannot_be_reached_does_not_keep_the_others(make: Maker, keyed: dict[str, str]) -> None:
    """A task at an address that is not set any more is left alone; alone, it is an error."""
    session = make(keyed)
    session.journal.adopt("task_1", STRANGER)
    with pytest.raises(KlingError, match="CRAZYROUTER_BASE_URL"):
        session.resume()
    job = shown(lambda: session.submit("2.6", prompt="a boat", wait=False)).value
    job.stop()
    batch = shown(lambda: make(keyed).resume()).value
    assert batch.id if isinstance(batch, Job) else [each.id for each in batch] == [job.id]


def test_a_task_of_elsewhere_is_adopted(make: Maker, keyed: dict[str, str], environ: dict[str, str]) -> None:
    """Submitted by another program or machine: the service knows it, so it can be seen here."""
    elsewhere = make(keyed | {"KLING_WIDGETS_HOME": environ["KLING_WIDGETS_HOME"] + "-other"})
    job = shown(lambda: elsewhere.submit("2.6", prompt="a boat")).value
    here = make(keyed)
    seen = shown(lambda: here.resume(job.id))
    assert mp4(seen.value.path)
    assert "Kling 2.6" in seen.text
    assert "Note" not in seen.text  # what was asked there is not known, and nobody's mistake
    (entry,) = here.journal.entries()
    assert (entry.task_id, entry.state, entry.model) == (job.id, "saved", "aigc-video-kling-2.6")


@pytest.mark.parametrize("wrong", ["task_nobody_has", "#99", "two words", "../../v1/models", "", "纸船"])
def test_a_mistyped_id_is_no_task(session: Session, wrong: str) -> None:
    """It is an error that leaves nothing behind: ``resume`` does not look for it ever after."""
    for look in (session.resume, session.show):
        with pytest.raises(KlingError) as raised:
            look(wrong)
        assert isinstance(raised.value, TaskNotFoundError) == (wrong == "task_nobody_has")
    with pytest.raises(KlingError, match="%kling_tasks"):
        session.entry(wrong)
    assert session.journal.entries() == ()


def test_a_key_in_place_of_an_id_goes_nowhere(session: Session) -> None:
    """Neither into the journal nor into an address; and it is not repeated."""
    for look in (session.resume, session.show, session.entry):
        with pytest.raises(KlingError) as raised:
            look(KEY)
        assert KEY not in str(raised.value)
    assert session.journal.entries() == ()


def test_a_submission_without_an_id_says_what_became_of_it(session: Session) -> None:
    """There is nothing to resume where the service refused."""
    with pytest.raises(KlingError):
        shown(lambda: session.submit("2.6", prompt="a boat demo:quota"))
    (entry,) = session.journal.entries()
    with pytest.raises(KlingError, match=f"Submission #{entry.key} has no task id; it is refused"):
        session.resume(f"#{entry.key}")


def test_show_gives_the_video_again(session: Session, kernel: Kernel) -> None:
    """From the journal and the file alone, as a plain output that needs no widget."""
    job = shown(lambda: session.submit("2.6", prompt="a paper boat", wait=True)).value
    seen = shown(lambda: session.show(job.id))
    assert seen.value is None
    (output,) = seen.outputs
    assert f'src="kling_videos/{job.path.name}"' in output.data["text/html"]
    assert output.metadata["kling_widgets"]["task_id"] == job.id
    assert "application/vnd.jupyter.widget-view+json" not in output.data


def test_show_fetches_a_video_that_is_gone(session: Session) -> None:
    """The file was deleted: it is fetched again, as the service still has it."""
    job = shown(lambda: session.submit("2.6", prompt="a paper boat")).value
    job.path.unlink()
    again = shown(lambda: session.show(job.id)).value
    assert mp4(again.path)


def test_show_of_a_failure_says_why(session: Session) -> None:
    """No video, and the reason from the journal."""
    with pytest.raises(KlingError):
        shown(lambda: session.submit("2.6", prompt="a boat demo:moderation"))
    (entry,) = session.journal.entries()
    assert entry.task_id
    with pytest.raises(KlingError, match="moderation"):
        session.show(entry.task_id)


def test_history_is_newest_first_and_says_where_it_is_kept(session: Session) -> None:
    """The journal as a sequence."""
    session.prepare("2.6", prompt="one")
    session.prepare("2.6", prompt="two")
    history = session.history()
    assert [entry.body["prompt"] for entry in history] == ["two", "one"]
    assert "journal.sqlite" in repr(history)


# Settings and the process


def test_the_pace_comes_from_the_environment_or_the_settings(make: Maker, environ: dict[str, str]) -> None:
    """``KLING_WIDGETS_RPS`` where it is a number above 0, else ``%config``, which also changes it later."""
    assert make(environ | {"KLING_WIDGETS_RPS": "0.5"}).watcher.budget.per_second == 0.5
    for nonsense in ("", "abc", "-1", "0", "nan"):
        session = make(environ | {"KLING_WIDGETS_RPS": nonsense})
        assert session.watcher.budget.per_second == 5
        session.settings.requests_per_second = 2
        assert session.watcher.budget.per_second == 2


def test_a_new_session_does_no_work(make: Maker, keyed: dict[str, str], isolated: Path) -> None:
    """No file, no thread, no service before somebody asks for something."""
    threads = set(threading.enumerate())
    session = make(keyed)
    assert session.place.front_end == "terminal"
    assert not isolated.exists()
    assert set(threading.enumerate()) == threads


def test_close_ends_the_demo(nobody: Session) -> None:
    """What was started is ended; the session can go on with a new one."""
    nobody.use_demo()
    first = nobody.service().base_url
    nobody.close()
    nobody.close()
    assert nobody.service().base_url != first


def test_a_process_has_one_session() -> None:
    """Form, magic and Python meet in it."""
    assert of_this_process() is of_this_process()
    assert of_this_process().environ is os.environ
