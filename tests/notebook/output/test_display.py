"""Output of jobs: lines in a terminal and a headless run, live widgets in a notebook; once in each cell."""

from __future__ import annotations

import _thread
import io
import sys
from typing import Any

import pytest

from kling_widgets.errors import (
    InsufficientQuotaError,
    KlingError,
    SubmissionUnknownError,
    TaskFailedError,
    WaitTimeoutError,
)
from kling_widgets.jobs.snapshot import ENDED
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.submit.job_registry import JobRegistry
from kling_widgets.notebook.submit.options import SubmitOptions
from kling_widgets.notebook.submit.resumer import Resumer
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest
from tests.jobs.conftest import LONG
from tests.notebook.conftest import Kernel, shown

ID = r"[\w-]+"
WIDGET = "application/vnd.jupyter.widget-view+json"


def views(seen: Any) -> list[Any]:
    """Return the outputs of live views and figures, without those of the lines that stand in for a live view."""
    return [output for output in seen.outputs if WIDGET in output.data or output.metadata]


def ids(seen: Any) -> list[str]:
    """Return the display ids of the outputs."""
    return [output.transient["display_id"] for output in views(seen)]


# Lines of text


def test_a_terminal_gets_a_line_a_change(session: Session) -> None:
    """A terminal shows the request, each state once, then the path; no markup and no control characters."""
    seen = shown(lambda: session.get(Submitter).submit("2.6", prompt="a paper boat", seconds=7))
    lines = seen.text.splitlines()
    assert lines[0] == "Kling 2.6 · 7 s"
    assert lines[1].startswith("Note: This model is documented for 5 or 10 seconds")
    assert len(lines) == len(set(lines))
    assert "Done" in lines
    assert lines[-1] == f"file {seen.value.path}"
    assert "\x1b" not in seen.text
    assert "127.0.0.1" not in seen.text
    assert seen.outputs == []


def test_a_headless_run_ends_with_the_figure(session: Session, headless: None) -> None:
    """A headless run prints lines for the log, and one plain output that stays in the file."""
    seen = shown(lambda: session.get(Submitter).submit("2.6", prompt="a paper boat"))
    assert "Done" in seen.text.splitlines()
    (output,) = seen.outputs
    assert f'src="kling_videos/{seen.value.path.name}"' in output.data["text/html"]
    assert output.metadata["kling_widgets"]["task_id"] == seen.value.id


def test_a_terminal_can_be_left(session: Session) -> None:
    """With ``wait=False`` the cell says how to see the job later."""
    seen = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=False), prompt="a boat demo:slow"))
    assert f"%kling_resume {seen.value.id}" in seen.text
    assert seen.value._state.state not in ENDED


def test_a_failure_is_printed_and_raised(session: Session) -> None:
    """The last line says how the job ended; the error stops Run All."""
    with pytest.raises(TaskFailedError):
        shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat demo:fail"))


def test_a_refusal_is_raised_at_once(session: Session, kernel: Kernel) -> None:
    """In a notebook, where the cell does not wait for the video, it still fails if the service refuses the request."""
    with pytest.raises(InsufficientQuotaError):
        shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat demo:quota"))


def test_one_refusal_of_several_lets_the_others_go_on(session: Session) -> None:
    """The cell waits for all accepted jobs, and then raises the first error."""
    wanted = [VideoRequest("2.6", prompt=prompt) for prompt in ("a boat demo:quota", "a ship")]
    with pytest.raises(InsufficientQuotaError):
        shown(lambda: session.get(Submitter).submit(wanted))
    assert {entry.state for entry in session.journal.entries()} == {"refused", "saved"}


def test_a_wait_ends_with_what_the_job_ended_with(session: Session) -> None:
    """Only the job's own timeout is raised, not that of the steps in which the cell waits."""
    with pytest.raises(WaitTimeoutError):
        shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(timeout=0.01), prompt="a boat demo:slow"))


def test_in_the_same_cell_nothing_is_shown_twice(shell: Any, session: Session) -> None:
    """The Job that ``%kling`` returns prints nothing in the same cell; in a later cell it does, once."""
    shell.execution_count = 1
    job = shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat")).value
    assert shown(job._ipython_display_).text == ""
    shell.execution_count = 2
    again = shown(job._ipython_display_)
    assert f"file {job.path}" in again.text
    assert shown(job._ipython_display_).text == ""


def test_a_running_job_in_a_later_line_is_one_line(shell: Any, session: Session) -> None:
    """In a later cell a running job prints its repr."""
    shell.execution_count = 1
    job = shown(
        lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=False), prompt="a boat demo:slow")
    ).value
    shell.execution_count = 2
    assert shown(job._ipython_display_).text.strip() == repr(job)


# Widgets


def test_a_notebook_gets_a_live_view_and_then_a_plain_output(session: Session, kernel: Kernel) -> None:
    """Both have the same display id, so that the notebook is saved with the figure."""
    seen = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=True), prompt="a paper boat"))
    live, plain = views(seen)
    assert WIDGET in live.data
    assert WIDGET not in plain.data
    assert f"kling_videos/{seen.value.path.name}" in plain.data["text/html"]
    assert plain.transient == live.transient
    assert plain.update
    assert plain.metadata["kling_widgets"]["task_id"] == seen.value.id
    assert seen.text == ""


def test_a_job_shows_once_in_its_own_cell(session: Session, kernel: Kernel) -> None:
    """A job is shown once in its cell, and again in another cell, with the same display id."""
    seen = shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat"))
    job = seen.value
    assert shown(job._ipython_display_).outputs == []
    kernel.cell = 2
    again = shown(job._ipython_display_)
    assert ids(again) == ids(seen)
    assert WIDGET in again.outputs[0].data
    assert shown(job._ipython_display_).outputs == []
    shown(job.wait)
    kernel.cell = 3
    later = shown(job._ipython_display_)
    assert ids(later) == ids(seen)
    assert WIDGET not in later.outputs[0].data


def test_a_failure_stays_in_the_notebook(session: Session, kernel: Kernel) -> None:
    """Plain output that says what happened replaces the live view."""
    (job,) = session.get(Submitter).create_jobs("2.6", prompt="a boat demo:moderation")
    with pytest.raises(KlingError):
        shown(lambda: session.get(Submitter).run([job], True))
    kernel.cell = 2
    (output,) = shown(job._ipython_display_).outputs
    assert "moderation" in output.data["text/html"]
    assert "Failed" in output.data["text/plain"]


def test_colab_is_shown_by_the_cell_itself(session: Session, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colab does not show updates from threads: the waiting cell makes them, and it waits by default."""
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    seen = shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat"))
    assert seen.value.path.is_file()
    assert WIDGET in seen.outputs[0].data
    # There is no link for a browser, and Colab serves no files: a small video is embedded.
    assert "data:video/mp4;base64," in seen.outputs[-1].data["text/html"]


def test_a_batch_shows_each(session: Session, kernel: Kernel) -> None:
    """A batch of two videos has two views and two figures."""
    seen = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(count=2, wait=True), prompt="a boat"))
    assert len(set(ids(seen))) == 2
    assert len(views(seen)) == 4
    assert shown(seen.value._ipython_display_).outputs == []


def test_two_cells_show_one_task(session: Session, kernel: Kernel) -> None:
    """``%kling_resume`` of a running job adds another view of the same job; both end with the figure."""
    first = shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat"))
    kernel.cell = 2
    second = shown(lambda: session.get(Resumer).resume(first.value.id, wait=True))
    assert second.value is first.value
    assert ids(second)[0] != ids(first)[0]
    assert {*ids(first), *ids(second)} == set(ids(second))  # both were updated while the second cell waited


# Interrupted


def test_an_interrupt_stops_all_that_is_not_sent_yet(session: Session) -> None:
    """After an interrupt, jobs that wait for their turn are not sent and do not count."""
    session.settings.requests_per_second = 0.001
    jobs = session.get(Submitter).create_jobs(
        [VideoRequest("2.6", prompt=f"boat {n} demo:slow") for n in range(4)], in_cell=False
    )
    jobs[0]._state.listen(lambda moment: _thread.interrupt_main() if moment.state == "queued" else None)
    with pytest.raises(KeyboardInterrupt, match=rf"3 were not sent.*%kling_resume {ID}"):
        shown(lambda: session.get(Submitter).run(jobs, False))
    for job in jobs[1:]:
        with pytest.raises(KlingError, match="Nothing was sent"):
            job.wait(LONG)
    states = [entry.state for entry in reversed(session.journal.entries())]
    assert states == ["accepted", "refused", "refused", "refused"]
    assert session.guards[False].status().startswith("1 video")


def test_what_is_not_started_is_not_sent(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the program ends before all jobs are started, the others are closed in the journal and do not count."""
    jobs = session.get(Submitter).create_jobs(
        [VideoRequest("2.6", prompt=f"boat {n}") for n in range(2)], in_cell=False
    )
    monkeypatch.setattr(sys, "stdout", Ended())
    with pytest.raises(SystemExit):
        session.get(Submitter).run(jobs, False)
    monkeypatch.undo()
    assert [entry.state for entry in session.journal.entries()] == ["refused", "refused"]
    assert session.get(JobRegistry).jobs == {}
    assert session.guards[False].status().startswith("nothing")


class Ended(io.StringIO):
    """Stream of a program that a signal ends while it prints."""

    def write(self, text: str) -> int:
        raise SystemExit


def test_an_error_that_the_view_tells_is_one_sentence_in_the_cell(session: Session, kernel: Kernel) -> None:
    """The view has the whole message, so the cell ends with its first sentence. The error itself stays whole, also
    where a later cell raises it again."""
    submitter = session.get(Submitter)
    jobs = submitter.create_jobs("2.6", prompt="a boat demo:500")
    with pytest.raises(SubmissionUnknownError) as caught:
        shown(lambda: submitter.run(jobs, None))
    (line,) = caught.value._render_traceback_()
    assert "%kling_forget" not in line and line.endswith(".")
    assert "%kling_forget #1" in str(caught.value)
    assert caught.value.__cause__ is not None
    with pytest.raises(SubmissionUnknownError) as later:
        jobs[0].wait()
    assert later.value._render_traceback_() == [f"SubmissionUnknownError: {later.value}"]


def test_an_error_in_lines_of_text_is_whole(session: Session, headless: None) -> None:
    """Lines of text tell the state only, so the error is whole."""
    with pytest.raises(TaskFailedError) as caught:
        shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat demo:fail"))
    assert caught.value._render_traceback_() == [f"TaskFailedError: {caught.value}"]
