"""Submission of requests: service and key, reruns, budgets, and the jobs that result."""

from __future__ import annotations

import _thread
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kling_widgets.catalog.models import models
from kling_widgets.errors import InvalidRequestError, KlingError, TaskFailedError, WaitTimeoutError
from kling_widgets.jobs.batch import Batch
from kling_widgets.jobs.job import Job
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.kernel.session import session as of_this_process
from kling_widgets.notebook.submit.job_registry import JobRegistry
from kling_widgets.notebook.submit.options import SubmitOptions
from kling_widgets.notebook.submit.resumer import Resumer
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest
from kling_widgets.spending.price_table import Price
from kling_widgets.storage.journal import Journal
from kling_widgets.storage.submission import Submission
from tests.jobs.conftest import LONG, start
from tests.notebook.conftest import KEY, Kernel, mp4, shown
from tests.servers import Answer, Asked, FaultServer

Maker = Callable[..., Session]
STRANGER = "https://service.example.com"


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
        session.get(Submitter).submit(what, **fields)
    assert KEY not in str(raised.value)
    assert session.journal.entries() == ()


def test_a_field_that_is_none_is_refused(session: Session) -> None:
    """A misspelt name would be ignored by the service, and paid."""
    with pytest.raises(InvalidRequestError, match="seconds"):
        session.get(Submitter).submit("2.6", prompt="a boat", second=5)
    assert session.journal.entries() == ()


def test_a_folder_that_cannot_be_written_is_found_before(session: Session, tmp_path: Path) -> None:
    """A video that could not be saved is not asked for."""
    (tmp_path / "file").write_text("")
    session.settings.video_dir = str(tmp_path / "file" / "clips")
    with pytest.raises(KlingError, match="nothing was sent"):
        session.get(Submitter).submit("2.6", prompt="a boat")
    assert session.journal.entries() == ()


def test_prepared_jobs_are_written_down_and_not_sent(session: Session) -> None:
    """``prepare`` gives jobs that wait for their start."""
    jobs = session.get(Submitter).create_jobs("2.6", SubmitOptions(count=2), prompt="a boat")
    assert [job.request.get("prompt") for job in jobs] == ["a boat"] * 2
    assert [entry.state for entry in session.journal.entries()] == ["written"] * 2
    assert not any(job._runner.watched for job in jobs)


def test_a_request_is_taken_as_every_door_takes_it(session: Session) -> None:
    """A request, a model and fields, a name and fields, several requests with a field in common."""
    first, second = VideoRequest("2.6", prompt="a boat"), VideoRequest("3.0", prompt="a ship")
    model = models()[0]

    def asked(*args: Any, **fields: Any) -> list[VideoRequest]:
        return [job.request for job in session.get(Submitter).create_jobs(*args, **fields)]

    assert asked(first) == [first]
    assert asked(first, seconds=5) == [first.replace(seconds=5)]
    assert asked("2.6", prompt="a boat") == [first]
    assert asked(model, prompt="a boat") == [VideoRequest(model, prompt="a boat")]
    assert asked([first, second], seconds=5) == [first.replace(seconds=5), second.replace(seconds=5)]
    assert asked((each for each in (first, second)), SubmitOptions(count=2)) == [first, first, second, second]


def test_a_submission_ends_with_a_file(session: Session) -> None:
    """From a request to a whole MP4 beside the notebook, closed in the journal."""
    job = shown(lambda: session.get(Submitter).submit("2.6", prompt="a paper boat", seconds=5, resolution="720P")).value
    assert isinstance(job, Job)
    assert mp4(job.path)
    assert job.path is not None
    assert job.path.parent == Path.cwd() / "kling_videos"
    (entry,) = session.journal.entries()
    assert (entry.state, entry.task_id, entry.path) == ("saved", job.id, str(job.path))


def test_count_makes_a_batch(session: Session) -> None:
    """Several videos of one request: each a task, a file and an entry of its own."""
    batch = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(count=2), prompt="a boat")).value
    assert isinstance(batch, Batch)
    assert len({job.id for job in batch}) == len({job.path for job in batch}) == 2
    assert {entry.state for entry in session.journal.entries()} == {"saved"}


def test_save_names_the_file_or_the_folder(session: Session) -> None:
    """``save``: a file that ends in .mp4, or a folder."""
    one = shown(
        lambda: session.get(Submitter).submit("2.6", SubmitOptions(save="clips/boat.mp4"), prompt="a boat")
    ).value
    two = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(save="clips"), prompt="a boat")).value
    assert one.path == Path.cwd() / "clips" / "boat.mp4"
    assert two.path.parent == Path.cwd() / "clips"
    assert two.path != one.path


@pytest.mark.slow
def test_a_wait_that_is_over_leaves_the_task(session: Session) -> None:
    """``timeout`` raises an error that says how to resume, and the job can be resumed."""
    with pytest.raises(WaitTimeoutError, match="%kling_resume"):
        shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(timeout=0.01), prompt="a boat demo:slow"))
    (entry,) = session.journal.entries()
    assert entry.state == "accepted"
    job = shown(lambda: session.get(Resumer).resume(entry.task_id)).value
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
    """The argument, else the setting, else the default of the front end."""
    if front_end == "jupyter":
        shell.kernel = Kernel()
    session.settings.wait = setting
    prompt = "a boat" if waited else "a boat demo:slow"
    job = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=asked), prompt=prompt)).value
    assert job.id  # accepted in any case
    assert mp4(job.path) == waited


# The same again


@pytest.fixture
def again(kernel: Kernel) -> Callable[[], None]:
    """Runs the cell once more, as its user does."""
    kernel.source = "%kling a boat demo:slow"

    def again() -> None:
        kernel.cell += 1

    return again


def ask(session: Session, **options: Any) -> Any:
    """Submit a slow request, in a cell that does not wait."""
    given = SubmitOptions(wait=False, **options)
    return shown(lambda: session.get(Submitter).submit("2.6", given, prompt="a boat demo:slow"))


def test_a_cell_that_is_run_again_is_not_paid_again(session: Session, again: Callable[[], None]) -> None:
    """The same job, shown again with a note; with ``new`` it is another one."""
    first = ask(session).value
    again()
    second = ask(session)
    assert second.value is first
    assert len(session.journal.entries()) == 1
    again()
    assert ask(session, new=True).value is not first
    assert len(session.journal.entries()) == 2


def test_the_note_is_seen(session: Session, shell: Any, make: Maker, headless: None) -> None:
    """Where there are only lines, too."""
    shell.kernel.source = "the cell"
    first = shown(
        lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=False), prompt="a boat demo:slow")
    ).value
    shell.kernel.cell += 1
    second = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=False), prompt="a boat demo:slow"))
    assert second.value is first
    assert "not billed again" in second.text
    assert "not billed again" not in shown(lambda: session.get(Resumer).resume(first.id, wait=False)).text


@pytest.mark.slow
def test_after_a_restart_the_cell_goes_on_with_its_task(
    make: Maker, keyed: dict[str, str], again: Callable[[], None]
) -> None:
    """Restart and Run All: another process, the same task."""
    before = make(keyed)
    first = ask(before).value
    first.stop()
    with pytest.raises(KlingError):
        first.wait()
    again()
    after = make(keyed)
    second = ask(after).value
    assert second is not first
    assert second.id == first.id
    assert mp4(second.wait().path)
    assert len(after.journal.entries()) == 1


def test_in_one_run_each_is_another(session: Session, again: Callable[[], None]) -> None:
    """Variations are wanted; the batch run again is the batch of before."""
    jobs = [*ask(session, count=2).value, ask(session).value]
    assert len({job.id for job in jobs}) == 3
    again()
    assert [*ask(session, count=2).value, ask(session).value] == jobs


def test_a_form_and_a_script_make_another(
    session: Session, make: Maker, keyed: dict[str, str], again: Callable[[], None]
) -> None:
    """They have no cell that could be run again."""
    first = ask(session).value
    again()
    (clicked,) = session.get(Submitter).create_jobs(VideoRequest("2.6", prompt="a boat demo:slow"), in_cell=False)
    assert clicked is not first
    script = make(keyed, None)
    assert len({ask(script).value.id, ask(script).value.id, first.id}) == 3


def test_reuse_shows_what_is_there(session: Session, kernel: Kernel) -> None:
    """The finished video, with its file, and no second task; in any cell."""
    kernel.source = "first cell"
    first = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=True), prompt="a boat")).value
    kernel.source, kernel.cell = "second cell", 2
    found = shown(
        lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=True, reuse=True), prompt="a boat")
    ).value
    assert found.path == first.path
    assert found.id == first.id
    assert found.status == "succeeded"
    assert len(session.journal.entries()) == 1


# Settings and the process


def test_a_new_session_does_no_work(make: Maker, keyed: dict[str, str], isolated: Path) -> None:
    """No file, no thread, no service before somebody asks for something."""
    threads = set(threading.enumerate())
    session = make(keyed)
    assert session.location.front_end.name == "terminal"
    assert not isolated.exists()
    assert set(threading.enumerate()) == threads


def test_a_process_has_one_session() -> None:
    """Form, magic and Python share it."""
    assert of_this_process() is of_this_process()
    assert dict(of_this_process().environ) == dict(os.environ)


# What it may cost


def test_what_was_refused_by_the_service_is_given_back(make: Maker, keyed: dict[str, str]) -> None:
    """Nothing was accepted, so the budget of the environment is as it was; a notebook cannot raise it."""
    session = make(keyed | {"KLING_WIDGETS_BUDGET": "1 video"})
    session.settings.budget = "99 videos"
    with pytest.raises(KlingError, match="balance"):
        shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat demo:quota"))
    (job,) = session.get(Submitter).create_jobs("2.6", prompt="a boat")
    with pytest.raises(KlingError, match=r"budget of 1 video would be exceeded\. It is set by KLING_WIDGETS_BUDGET"):
        session.get(Submitter).create_jobs("2.6", SubmitOptions(yes=True), prompt="a ship")
    assert [entry.key for entry in session.journal.entries()] == [job._runner.key, job._runner.key - 1]


def test_the_budget_of_the_environment_is_read_once(make: Maker, keyed: dict[str, str]) -> None:
    """When the session begins; what a cell writes there later changes nothing."""
    environ = keyed | {"KLING_WIDGETS_BUDGET": "nonsense"}
    session = make(environ)
    environ["KLING_WIDGETS_BUDGET"] = "99 videos"
    with pytest.raises(KlingError, match="KLING_WIDGETS_BUDGET cannot be understood"):
        session.get(Submitter).create_jobs("2.6", prompt="a boat")
    assert session.journal.entries() == ()


def test_a_request_that_cannot_be_written_down_does_not_count(session: Session, tmp_path: Path) -> None:
    """The folder is found to be none after the budget was asked."""
    (tmp_path / "file").write_text("")
    session.settings.budget = "1 video"
    with pytest.raises(KlingError, match="nothing was sent"):
        session.get(Submitter).create_jobs(
            "2.6", SubmitOptions(save=str(tmp_path / "file" / "clips") + os.sep), prompt="a boat"
        )
    assert len(session.get(Submitter).create_jobs("2.6", prompt="a boat")) == 1


def test_the_user_is_asked_once_for_a_whole_batch(shell: Any, kernel: Kernel, keyed: dict[str, str]) -> None:
    """A no sends nothing; a yes makes all of them."""
    asked: list[str] = []
    answers = iter(["n", "y"])

    def ask(question: str) -> str:
        asked.append(question)
        return next(answers)

    session = Session(shell, keyed, ask)
    boats = [VideoRequest("2.6", prompt=f"boat {number}") for number in range(5)]
    with pytest.raises(KlingError, match=r"^Nothing was sent\.$"):
        session.get(Submitter).create_jobs(boats)
    assert session.journal.entries() == ()
    assert len(session.get(Submitter).create_jobs(boats)) == 5
    assert (
        asked
        == ["5 videos · 25 s. The limit of 4 videos would be exceeded (%config Kling.confirm_above). Make them? [y/N] "]
        * 2
    )


def test_the_demo_spends_no_money(session: Session) -> None:
    """Its videos take nothing from the service's budget, and the journal notes no cost; nor does a switch in between
    give back what the other one counted."""
    session.prices.set(Price("aigc-video-kling-2.6", Decimal("0.2")), "USD")
    session.settings.budget = "1 USD"
    session.services.use_demo()
    (job,) = session.get(Submitter).create_jobs("2.6", prompt="a boat")
    assert "in the demo" in session.guard.status()
    session.services.use_demo(False)
    assert session.guard.status().startswith("nothing so far")
    job.stop()
    start(job)  # it ends without having been sent
    session.get(Submitter).create_jobs("2.6", prompt="a ship")
    assert [(entry.demo, entry.cost) for entry in session.journal.entries()] == [(False, 1.0), (True, None)]
    with pytest.raises(KlingError, match=r"1\.00 USD would be exceeded"):
        session.get(Submitter).create_jobs("2.6", prompt="a bridge")


def test_what_is_under_way_already_is_not_counted_again(session: Session, again: Callable[[], None]) -> None:
    """A cell that is run again matches its tasks, also if the budget is spent."""
    session.settings.budget = "2 videos"
    first = shown(
        lambda: session.get(Submitter).submit("2.6", SubmitOptions(count=2, wait=False), prompt="a boat demo:slow")
    ).value
    again()
    second = shown(
        lambda: session.get(Submitter).submit("2.6", SubmitOptions(count=2, wait=False), prompt="a boat demo:slow")
    ).value
    assert [job._runner.key for job in second] == [job._runner.key for job in first]
    assert session.guard.status().startswith("2 videos · 10 s so far")


def loop(session: Session, count: int, **how: Any) -> list[Job]:
    """So many videos, one after the other, each waited for as where nobody looks."""
    boats = [VideoRequest("2.6", prompt=f"boat {number}") for number in range(count)]
    options = SubmitOptions(wait=True, **how)
    return [shown(partial(session.get(Submitter).submit, boat, options)).value for boat in boats]


def test_a_loop_that_was_refused_halfway_matches_what_it_has_made(shell: Any, headless: None, session: Session) -> None:
    """Where nobody can be asked the error says how many were made. The cell, run again with a yes, meets those although
    they are finished, and makes the rest; run once more, it is another wish as always. Without a yes it is held up at
    the same place, however often it is run."""
    kernel: Kernel = shell.kernel
    session.settings.confirm_above = "2 videos"
    held_up = (
        "This cell has already submitted 2 videos · 10 s: run again, it finds those and does not pay for them again"
    )
    for _ in range(2):
        kernel.source = "for n in range(3): kw.submit('2.6', prompt=f'boat {n}')"
        with pytest.raises(KlingError, match=held_up):
            loop(session, 3)
        assert len(session.journal.entries()) == 2
        kernel.cell += 1
    kernel.source = "for n in range(3): kw.submit('2.6', prompt=f'boat {n}', yes=True)"
    first = loop(session, 3, yes=True)
    assert [job._runner.key for job in first] == [1, 2, 3]
    assert all(job.path for job in first)
    kernel.cell += 1
    assert loop(session, 1, yes=True)[0]._runner.key == 4


def test_a_run_refused_in_another_kernel_continues_here(shell: Any, headless: None, make: Maker, keyed: Any) -> None:
    """As papermill runs the notebook again: the journal knows, not the kernel."""
    shell.kernel.source = "the cell"
    for _ in range(2):
        session = make(keyed)
        session.settings.confirm_above = "1 video"
        with pytest.raises(KlingError, match="has already submitted 1 video"):
            loop(session, 2)
        assert len(session.journal.entries()) == 1
        shell.kernel.cell += 1


def test_another_cell_matches_nothing_of_a_cell_that_was_refused(shell: Any, headless: None, session: Session) -> None:
    """And begins its own count."""
    session.settings.confirm_above = "1 video"
    shell.kernel.source = "the cell"
    with pytest.raises(KlingError, match="has already submitted 1 video"):
        loop(session, 2)
    shell.kernel.cell, shell.kernel.source = 2, "another cell"
    assert [job._runner.key for job in loop(session, 1)] == [2]


def test_a_no_in_the_middle_is_gone_on_with(shell: Any, kernel: Kernel, keyed: dict[str, str]) -> None:
    """Also an interrupt at the question: what the cell has made is met, and it is asked about the rest again."""
    answers: list[str | BaseException] = ["n", KeyboardInterrupt(), "y"]

    def ask(question: str) -> str:
        answer = answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    session, kernel.source = Session(shell, keyed, ask), "the cell"
    session.settings.confirm_above = "1 video"
    for error in (KlingError, KeyboardInterrupt):
        with pytest.raises(error):
            loop(session, 2)
        kernel.cell += 1
    assert [job._runner.key for job in loop(session, 2)] == [1, 2]
    assert answers == []
    session.close()


def test_threads_of_a_cell_count_with_it(shell: Any, headless: None, session: Session) -> None:
    """Also when the cell has ended, and the kernel works on a message of a widget; a callback of its own does not."""
    session.settings.confirm_above, shell.kernel.source = "1 video", "the cell"
    session.get(Submitter).create_jobs("2.6", prompt="a boat")
    shell.kernel.kind = "comm_msg"
    with ThreadPoolExecutor(1) as pool, pytest.raises(KlingError, match="1 video · 5 s before it in this cell"):
        pool.submit(session.get(Submitter).create_jobs, "2.6", prompt="a ship").result()
    session.get(Submitter).create_jobs("2.6", prompt="a kite")


def test_clicks_are_no_cell(session: Session, kernel: Kernel) -> None:
    """Each stands alone."""
    session.settings.confirm_above = "1 video"
    for number in range(3):
        session.get(Submitter).create_jobs("2.6", prompt=f"boat {number}", in_cell=False)
        assert not str(session.get(Submitter).question([VideoRequest("2.6", prompt="a kite")], in_cell=False))


class Torn(Journal):
    """A journal in which a batch is torn apart when its second job is made: by an interrupt, or by an error."""

    looks = 0

    def __init__(self, path: Path, tear: Callable[[], object]) -> None:
        super().__init__(path)
        self._tear = tear

    @property
    def mode(self) -> str:
        self.looks += 1
        if self.looks == 2:
            self._tear()
        return super().mode


def test_an_interrupt_while_a_batch_is_written_down_leaves_none_of_it(
    session: Session, again: Callable[[], None]
) -> None:
    """Nothing of it is sent, counted or matched: the same cell run again makes all of them, and counts them once."""
    session.journal = Torn(session.journal.path, _thread.interrupt_main)
    with pytest.raises(KeyboardInterrupt):
        session.get(Submitter).submit("2.6", SubmitOptions(count=30, yes=True), prompt="a boat")
    states = {entry.state for entry in session.journal.entries()}
    assert states == {"refused"}
    assert session.get(JobRegistry).jobs == {}
    assert session.guards[False].status().startswith("nothing")
    again()
    jobs = session.get(Submitter).create_jobs("2.6", SubmitOptions(count=3, yes=True), prompt="a boat")
    assert [job._note for job in jobs] == ["", "", ""]
    assert session.guards[False].status().startswith("3 videos")


def test_an_error_while_a_batch_is_written_down_leaves_none_of_it(session: Session) -> None:
    """So does an error of one of them."""

    def fail() -> None:
        raise ZeroDivisionError

    session.journal = Torn(session.journal.path, fail)
    with pytest.raises(ZeroDivisionError):
        session.get(Submitter).submit("2.6", SubmitOptions(count=3, yes=True), prompt="a boat")
    assert [entry.state for entry in session.journal.entries()] == ["refused"] * 3
    assert session.get(JobRegistry).jobs == {}
    assert session.guards[False].status().startswith("nothing")


def test_a_cell_that_is_run_again_while_it_is_sent_is_watched(
    make: Maker, keyed: dict[str, str], again: Callable[[], None]
) -> None:
    """Interrupted before its answer came, and run again: the same submission is watched to its end."""
    accepting, accept = threading.Event(), threading.Event()

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            accepting.set()
            assert accept.wait(LONG)
            return Answer(body={"task_id": "t1", "status": "queued"})
        return Answer(body={"code": "success", "data": {"task_id": "t1", "status": "FAILURE", "fail_reason": "no"}})

    with FaultServer(answer) as server:
        session = make(keyed | {"CRAZYROUTER_BASE_URL": server.url})
        (job,) = session.get(Submitter).create_jobs("2.6", prompt="a boat")
        start(job)
        assert accepting.wait(LONG)
        job.stop()
        again()
        assert session.get(Submitter).create_jobs("2.6", prompt="a boat") == [job]
        assert job._runner.watched
        accept.set()
        with pytest.raises(TaskFailedError):
            session.get(Submitter).run([job], True)
        assert sum(asked.method == "POST" for asked in server.asked) == 1


class Read(Journal):
    """A journal that calls a function right after it was read that a request is being sent."""

    def __init__(self, path: Path, then: Callable[[], object]) -> None:
        super().__init__(path)
        self._then = then

    def owned_elsewhere(self, entry: Submission) -> bool:
        self._then()
        return super().owned_elsewhere(entry)


def test_a_request_that_ends_unsent_during_a_rerun_is_made_again(session: Session, again: Callable[[], None]) -> None:
    """A batch is interrupted, and run again while it is ending: none is given that has ended, none counts twice."""
    first = session.get(Submitter).create_jobs("2.6", SubmitOptions(count=3), prompt="a boat")
    session.journal = Read(session.journal.path, first[0].stop)
    again()
    second = session.get(Submitter).create_jobs("2.6", SubmitOptions(count=3), prompt="a boat")
    assert [job is before for job, before in zip(second, first, strict=True)] == [False, True, True]
    assert [entry.state for entry in session.journal.entries()] == ["written", "written", "written", "refused"]
    assert session.guard.status().startswith("3 videos")


def test_what_is_accepted_while_it_is_asked_for_again_is_gone_on_with(
    shell: Any, keyed: dict[str, str], again: Callable[[], None]
) -> None:
    """A batch was interrupted while it was sent; while the user is asked about new ones, its answer comes and it ends:
    it is watched, and sent once."""
    accepting, accept = threading.Event(), threading.Event()

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            accepting.set()
            assert accept.wait(LONG)
            return Answer(body={"task_id": "t1", "status": "queued"})
        return Answer(body={"code": "success", "data": {"task_id": "t1", "status": "FAILURE", "fail_reason": "no"}})

    def ask(question: str) -> str:
        accept.set()
        with pytest.raises(KlingError, match="continues at the service"):
            sent.wait(LONG)
        return "y"

    with FaultServer(answer) as server:
        session = Session(shell, keyed | {"CRAZYROUTER_BASE_URL": server.url}, ask)
        (sent,) = session.get(Submitter).create_jobs("2.6", prompt="a boat")
        start(sent)
        assert accepting.wait(LONG)
        sent.stop()
        again()
        first, *others = session.get(Submitter).create_jobs("2.6", SubmitOptions(count=6), prompt="a boat")
        assert (first._runner.key, first.id) == (sent._runner.key, "t1")
        assert not any(job.id for job in others)
        with pytest.raises(TaskFailedError):
            session.get(Submitter).run([first], True)
        assert sum(asked.method == "POST" for asked in server.asked) == 1


class Slow(Journal):
    """A journal in which the end of a submission is written only when it may be."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.ending, self.may_end = threading.Event(), threading.Event()

    def update_all(self, changes: Any) -> Any:
        if any(columns.get("state") == "refused" for _, columns in changes):
            self.ending.set()
            assert self.may_end.wait(LONG)
        return super().update_all(changes)


def test_a_rerun_right_after_an_interrupt_waits_for_what_was_called_off_and_makes_it(
    make: Maker, keyed: dict[str, str], again: Callable[[], None], shell: Any, tmp_path: Path
) -> None:
    """The stop button while the first frame is uploaded, and the cell once more before that has ended: it is made, and
    sent once."""
    from PIL import Image

    Image.new("RGB", (320, 320)).save(tmp_path / "first.png")
    first = True

    def answer(asked: Asked) -> Answer:
        nonlocal first
        if asked.path.endswith("/uploads") and first:
            first = False
            _thread.interrupt_main()
            return Answer(fault="stall")
        if asked.path.endswith("/uploads"):
            return Answer(body={"url": "https://files.example/first.png"})
        if asked.method == "POST":
            return Answer(body={"task_id": "t1", "status": "queued"})
        return Answer(body={"code": "success", "data": {"task_id": "t1", "status": "processing"}})

    with FaultServer(answer) as server:
        session = make(keyed | {"CRAZYROUTER_BASE_URL": server.url})
        session.journal = slow = Slow(session.journal.path)
        with pytest.raises(KeyboardInterrupt):
            shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat", image=tmp_path / "first.png"))
        assert slow.ending.wait(LONG)
        again()
        made: list[Any] = []

        def rerun() -> None:
            try:
                made.extend(session.get(Submitter).create_jobs("2.6", prompt="a boat", image=tmp_path / "first.png"))
            except KlingError as error:
                made.append(error)

        thread = threading.Thread(target=rerun)
        thread.start()
        thread.join(0.5)
        slow.may_end.set()
        thread.join(LONG)
        (job,) = made
        assert isinstance(job, Job), job
        start(job).wait_accepted()
        job.stop()
    assert [entry.state for entry in session.journal.entries()] == ["accepted", "refused"]
    assert sum(asked.path.endswith("/generations") and asked.method == "POST" for asked in server.asked) == 1


@pytest.mark.slow
def test_reuse_fetches_a_file_that_is_gone(session: Session, kernel: Kernel) -> None:
    """By its link, and says so; where that is gone too, that is the error, each time: it is not silently paid again."""
    kernel.source = "first cell"
    first = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=True), prompt="a boat")).value
    first.path.unlink()
    kernel.source, kernel.cell = "second cell", 2
    found = shown(
        lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=True, reuse=True), prompt="a boat")
    ).value
    assert (found.id, mp4(found.path)) == (first.id, True)
    assert "its file is gone: downloading it again, not billed again" in found._note
    found.path.unlink()
    session.journal.update(found._runner.key, task_id="nowhere", url=None)
    for cell in (3, 4):
        kernel.cell = cell
        with pytest.raises(KlingError):
            shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=True, reuse=True), prompt="a boat"))
    assert len(session.journal.entries()) == 1


def test_the_budget_of_the_environment_counts_what_other_kernels_made(make: Maker, keyed: dict[str, str]) -> None:
    """In the last 24 hours; the demo's videos are no part of it; that of the settings is this kernel's alone."""
    one, two = (make(keyed | {"KLING_WIDGETS_BUDGET": "2 videos"}) for _ in range(2))
    one.services.use_demo()
    one.get(Submitter).create_jobs("2.6", SubmitOptions(count=2), prompt="a boat")
    one.services.use_demo(False)
    one.get(Submitter).create_jobs("2.6", SubmitOptions(count=2), prompt="a boat")
    two.settings.budget = "1 video"
    with pytest.raises(KlingError, match="by all kernels, forks and clients together: 2 videos · 10 s") as raised:
        two.get(Submitter).create_jobs("2.6", prompt="a ship")
    assert "set by KLING_WIDGETS_BUDGET" in str(raised.value)
    assert len(two.journal.entries()) == 4


def test_the_budget_is_asked_once_more_when_it_is_written_down(shell: Any, keyed: dict[str, str], make: Maker) -> None:
    """While the user thinks, another kernel takes what was left: the yes makes nothing, and is not counted."""
    other = make(keyed)

    def ask(question: str) -> str:
        other.get(Submitter).create_jobs("2.6", SubmitOptions(count=2), prompt="a ship")
        return "y"

    session = Session(shell, keyed | {"KLING_WIDGETS_BUDGET": "6 videos"}, ask)
    with pytest.raises(KlingError, match="6 videos would be exceeded"):
        session.get(Submitter).create_jobs("2.6", SubmitOptions(count=5), prompt="a boat")
    assert len(session.journal.entries()) == 2
    assert "in this kernel nothing so far" in session.guard.status()


def test_what_another_kernel_submitted_while_the_user_was_asked_matches(
    shell: Any, kernel: Kernel, keyed: dict[str, str], make: Maker
) -> None:
    """The first of six is made by another kernel meanwhile: five are made here, after one question, and five count."""
    kernel.source = "the cell"
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        kernel.cell += 1
        other.get(Submitter).create_jobs("2.6", prompt="a boat")
        return "y"

    other, session = make(keyed), Session(shell, keyed, ask)
    jobs = session.get(Submitter).create_jobs("2.6", SubmitOptions(count=6), prompt="a boat")
    assert [job._runner.key for job in jobs] == [1, 2, 3, 4, 5, 6]
    assert len(questions) == 1
    assert len(session.journal.entries()) == 6
    assert session.guard.status().startswith("5 videos")
