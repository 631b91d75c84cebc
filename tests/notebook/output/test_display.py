"""How jobs are shown: lines in a terminal and a headless run, live widgets in a notebook; once each."""

from __future__ import annotations

import _thread
import io
import sys
from typing import Any

import pytest

from kling_widgets.errors import InsufficientQuotaError, KlingError, TaskFailedError, WaitTimeoutError
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


def ids(seen: Any) -> list[str]:
    """The display ids of what was displayed."""
    return [output.transient["display_id"] for output in seen.outputs]


# Words


def test_a_terminal_gets_a_line_a_change(session: Session) -> None:
    """What is asked, each state once, then the path; no markup, no control characters."""
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
    """Lines for the log, and one plain output that stays in the file."""
    seen = shown(lambda: session.get(Submitter).submit("2.6", prompt="a paper boat"))
    assert "Done" in seen.text.splitlines()
    (output,) = seen.outputs
    assert f'src="kling_videos/{seen.value.path.name}"' in output.data["text/html"]
    assert output.metadata["kling_widgets"]["task_id"] == seen.value.id


def test_a_terminal_can_be_left(session: Session) -> None:
    """``wait=False``: how to see it later."""
    seen = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=False), prompt="a boat demo:slow"))
    assert f"%kling_resume {seen.value.id}" in seen.text
    assert seen.value._state.state not in ENDED


def test_a_failure_is_told_and_raised(session: Session) -> None:
    """The last line says how it ended; the error stops Run All."""
    with pytest.raises(TaskFailedError):
        shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat demo:fail"))


def test_a_refusal_is_raised_at_once(session: Session, kernel: Kernel) -> None:
    """In a notebook, where nothing waits for the video, the cell still fails when the service says no."""
    with pytest.raises(InsufficientQuotaError):
        shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat demo:quota"))


def test_one_refusal_of_several_lets_the_others_go_on(session: Session) -> None:
    """All that were accepted are waited for; then the first error is raised."""
    wanted = [VideoRequest("2.6", prompt=prompt) for prompt in ("a boat demo:quota", "a ship")]
    with pytest.raises(InsufficientQuotaError):
        shown(lambda: session.get(Submitter).submit(wanted))
    assert {entry.state for entry in session.journal.entries()} == {"refused", "saved"}


def test_a_wait_ends_with_what_the_job_ended_with(session: Session) -> None:
    """Only the job's own time-out is one; looking at it in steps is none."""
    with pytest.raises(WaitTimeoutError):
        shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(timeout=0.01), prompt="a boat demo:slow"))


def test_in_the_same_cell_nothing_is_shown_twice(shell: Any, session: Session) -> None:
    """``%kling`` in a terminal gives its Job, which says no more; a later line that names it does."""
    shell.execution_count = 1
    job = shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat")).value
    assert shown(job._ipython_display_).text == ""
    shell.execution_count = 2
    again = shown(job._ipython_display_)
    assert f"file {job.path}" in again.text
    assert shown(job._ipython_display_).text == ""


def test_a_running_job_in_a_later_line_is_one_line(shell: Any, session: Session) -> None:
    """Its repr, while there is nothing else to show."""
    shell.execution_count = 1
    job = shown(
        lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=False), prompt="a boat demo:slow")
    ).value
    shell.execution_count = 2
    assert shown(job._ipython_display_).text.strip() == repr(job)


# Widgets


def test_a_notebook_gets_a_live_view_and_then_a_plain_output(session: Session, kernel: Kernel) -> None:
    """The same display id: what is saved in the notebook is the figure."""
    seen = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=True), prompt="a paper boat"))
    live, plain = seen.outputs
    assert WIDGET in live.data
    assert WIDGET not in plain.data
    assert f"kling_videos/{seen.value.path.name}" in plain.data["text/html"]
    assert plain.transient == live.transient
    assert plain.update
    assert plain.metadata["kling_widgets"]["task_id"] == seen.value.id
    assert seen.text == ""


def test_a_job_shows_once_in_its_own_cell(session: Session, kernel: Kernel) -> None:
    """``x = %kling`` and ``%kling`` alike; in another cell it is shown again, under the same display id."""
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
    """What happened, as plain output in the place of the live view."""
    (job,) = session.get(Submitter).create_jobs("2.6", prompt="a boat demo:moderation")
    with pytest.raises(KlingError):
        shown(lambda: session.get(Submitter).run([job], True))
    kernel.cell = 2
    (output,) = shown(job._ipython_display_).outputs
    assert "moderation" in output.data["text/html"]
    assert "Failed" in output.data["text/plain"]


def test_colab_is_shown_by_the_cell_itself(session: Session, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Updates from threads do not show there: the waiting cell makes them, and waits by itself."""
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    seen = shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat"))
    assert seen.value.path.is_file()
    assert WIDGET in seen.outputs[0].data
    # No link that a browser could use, and no files there: a small video is put into the output.
    assert "data:video/mp4;base64," in seen.outputs[-1].data["text/html"]


def test_a_batch_shows_each(session: Session, kernel: Kernel) -> None:
    """Two videos, two views, two figures."""
    seen = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(count=2, wait=True), prompt="a boat"))
    assert len(set(ids(seen))) == 2
    assert len(seen.outputs) == 4
    assert shown(seen.value._ipython_display_).outputs == []


def test_two_cells_show_one_task(session: Session, kernel: Kernel) -> None:
    """``%kling_resume`` of what is under way: another view of the same job; both end with the figure."""
    first = shown(lambda: session.get(Submitter).submit("2.6", prompt="a boat"))
    kernel.cell = 2
    second = shown(lambda: session.get(Resumer).resume(first.value.id, wait=True))
    assert second.value is first.value
    assert ids(second)[0] != ids(first)[0]
    assert {*ids(first), *ids(second)} == set(ids(second))  # both were updated while the second cell waited


# Interrupted


def test_an_interrupt_stops_all_that_is_not_sent_yet(session: Session) -> None:
    """Whichever of them the cell waits for: those that wait for their turn are not sent any more, and do not count."""
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
    """The program ends before all are started: those that were not end in the journal, and do not count."""
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
    """A signal ends the program while it prints."""

    def write(self, text: str) -> int:
        raise SystemExit
