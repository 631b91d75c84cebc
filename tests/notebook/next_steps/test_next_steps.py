"""Buttons under the ends of jobs: which ones, what they open, and that no click submits anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kling_widgets.errors import KlingError, SubmissionUnknownError
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.notebook.form.form import Form
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.next_steps.next_steps import LABELS, MOST, NextSteps
from kling_widgets.notebook.output.figure import mark_of_end
from kling_widgets.notebook.submit.options import SubmitOptions
from kling_widgets.notebook.submit.resumer import Resumer
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.storage.journal import Journal
from tests.notebook.conftest import Kernel, shown


@pytest.fixture
def steps(session: Session, kernel: Kernel) -> Iterator[NextSteps]:
    """Return the buttons of a session in a notebook."""
    Session.make_next_steps = lambda session: session.get(NextSteps)
    yield session.get(NextSteps)
    Session.make_next_steps = None


def submit(session: Session, prompt: str, *, wait: bool = True) -> Job | None:
    """Run a cell that submits this; return its job, or None if it ends with an error."""
    options = SubmitOptions(wait=wait)
    try:
        job = shown(lambda: session.get(Submitter).submit("2.6", options, prompt=prompt)).value
    except KlingError:
        return None
    assert isinstance(job, Job)
    return job


def offered(steps: NextSteps) -> dict[str, tuple[str, ...]]:
    """Return the names of the buttons by the class of their end, as the page gets them."""
    found: dict[str, tuple[str, ...]] = steps.companion.steps
    return found


def click(steps: NextSteps, step: str, text: str = "", mark: str = "") -> Any:
    """Click on a step of this end, or of the only one, as its page does; return what is open then."""
    mark = mark or next(iter(offered(steps)))
    steps._on_message(None, {"press": step, "mark": mark, **({"text": text} if text else {})}, [])
    return steps.companion.opened.get(mark)


def widget(panel: Any) -> Any:
    """Return the widget that a panel refers to."""
    from ipywidgets.widgets.widget import _instances

    return _instances[panel["view"]]


def requests(journal: Journal) -> int:
    """Return how many submissions there are."""
    return len(journal.entries())


def test_a_figure_can_be_continued_changed_and_read(steps: NextSteps, session: Session) -> None:
    """A finished figure opens a form of its last frame, a form of its request, and its code, and submits nothing."""
    job = submit(session, "a paper boat")
    assert job is not None and job.path is not None
    assert offered(steps) == {f"kling-job-{job.id}": ("continue", "change", "code")}
    changed = widget(click(steps, "change"))
    assert isinstance(changed, Form) and changed.request == job.request
    assert click(steps, "change") is None
    assert widget(click(steps, "change")) is changed  # with what was typed into it
    continued = widget(click(steps, "continue"))
    assert continued.request.get("image") == job.frame(-1)
    assert "prompt" not in continued.request.values
    code = dict(click(steps, "code")["code"])
    assert code["magic"] == "%kling --model 2.6 a paper boat"
    assert code["Python"].startswith("import kling_widgets")
    assert requests(session.journal) == 1


def test_a_frame_that_cannot_be_taken_is_told(steps: NextSteps, session: Session) -> None:
    """If the video is gone, the click says so."""
    job = submit(session, "a paper boat")
    assert job is not None and job.path is not None
    job.path.unlink()
    assert job.path.name in click(steps, "continue")["error"]


def test_a_shown_figure_of_an_earlier_kernel_has_them_too(steps: NextSteps, session: Session) -> None:
    """``%kling_show`` shows the buttons under a figure that another kernel has made."""
    job = submit(session, "a paper boat")
    assert job is not None
    steps.companion.steps = {}
    steps._ends.clear()
    shown(lambda: session.get(Resumer).show(str(job.id)))
    assert list(offered(steps).values()) == [("continue", "change", "code")]


@pytest.mark.parametrize(
    ("word", "step"), [("fail", "form"), ("quota", "form"), ("nourl", "fetch"), ("lost", "found"), ("500", "found")]
)
def test_each_end_has_its_own_step(steps: NextSteps, session: Session, word: str, step: str) -> None:
    """A request that cost nothing opens in a form. One that may be billed leads to its own video, not to another."""
    assert submit(session, f"a boat demo:{word}") is None
    assert list(offered(steps).values()) == [(step,)]
    assert step in LABELS


def test_a_job_that_is_not_watched_is_watched_again(steps: NextSteps, session: Session) -> None:
    """The video takes the place of the message, in the same output, and is paid once."""
    job = submit(session, "a paper boat demo:slow", wait=False)
    assert job is not None
    job.stop()
    with pytest.raises(KlingError):
        job.wait()
    end = mark_of_end(job)
    seen = shown(lambda: (click(steps, "watch", mark=end), session.get(Resumer).job(str(job.id)).wait()))
    assert f"kling-job-{job.id}" in offered(steps)
    assert any("<figure" in output.data.get("text/html", "") and output.update for output in seen.outputs)
    assert requests(session.journal) == 1


def test_a_video_that_is_still_missing_is_told(steps: NextSteps, session: Session) -> None:
    """A second try that fails says so below the button, which stays."""
    submit(session, "a boat demo:nourl")
    (mark,) = offered(steps)
    ended = steps._ends[mark]
    click(steps, "fetch")
    running = session.get(Resumer)
    assert ended.job is not None
    with pytest.raises(KlingError):
        shown(running.job(str(ended.job.id)).wait)
    assert steps.companion.opened[mark]["error"].startswith("Made, but not saved. Task")
    assert offered(steps) == {mark: ("fetch",)}


def test_an_id_that_was_found_is_taken_up(steps: NextSteps, session: Session, found_id: Callable[[], str]) -> None:
    """The click asks for the id. A wrong one is refused; the right one is watched, and stays the submission's."""
    submit(session, "a boat demo:lost")
    assert "id" in click(steps, "found")["ask"]
    wrong = click(steps, "found", "not-a-task")
    assert "no such task" in wrong["error"] and wrong["ask"]
    assert "view" in click(steps, "found", found_id())
    (entry,) = session.journal.entries()
    assert entry.task_id == found_id()


@pytest.fixture
def found_id(session: Session, demo: Any) -> Callable[[], str]:
    """Return how a user finds the id of the newest task: in the web console of the service."""
    import sqlite3

    def find() -> str:
        with sqlite3.connect(next(demo.folder.glob("*.sqlite*"))) as database:
            (found,) = database.execute("SELECT id FROM tasks ORDER BY created DESC LIMIT 1").fetchone()
            return str(found)

    return find


def test_what_a_page_may_send(steps: NextSteps, session: Session) -> None:
    """A message about an unknown end, a step that is not offered, or anything else does nothing."""
    submit(session, "a boat demo:quota")
    (mark,) = offered(steps)
    for message in (
        {"press": "watch", "mark": mark},
        {"press": "form", "mark": "kling-job-x"},
        {"press": 1},
        "x",
        None,
    ):
        steps._on_message(None, message, [])
    assert steps.companion.opened == {}


def test_old_ends_lose_their_buttons(steps: NextSteps, session: Session) -> None:
    """The number of ends with buttons is bounded, and the forms of old ones are closed."""
    job = submit(session, "a paper boat")
    assert job is not None
    form = widget(click(steps, "change"))
    for number in range(MOST):
        job._state.created = float(number)  # as of another submission
        steps.offer(job, JobSnapshot("unknown", error=SubmissionUnknownError("Lost.")))
    assert len(offered(steps)) == MOST
    assert f"kling-job-{job.id}" not in offered(steps)
    assert form.comm is None
    assert steps.companion.opened == {}


def test_there_are_none_without_widgets(session: Session, headless: None) -> None:
    """A headless run makes no model for them."""
    Session.make_next_steps = lambda session: session.get(NextSteps)
    try:
        assert session.next_steps is None
    finally:
        Session.make_next_steps = None
