"""Results of a form: live views in the form, then figures in an output below it, newest first."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import pytest
from IPython.utils.capture import RichOutput

from kling_widgets.errors import KlingError
from kling_widgets.jobs.job import Job
from kling_widgets.notebook.form.results import KEPT, Results
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.submit.options import SubmitOptions
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest
from tests.notebook.conftest import Kernel, shown

REQUEST = VideoRequest("2.6", prompt="a boat")


def within(widget: widgets.Widget) -> list[widgets.Widget]:
    return [widget, *(each for child in getattr(widget, "children", ()) for each in within(child))]


def words(results: Results) -> str:
    return "\n".join(each.value for each in within(results.widget) if isinstance(each, widgets.HTML))


def work(session: Session, results: Results, *prompts: str) -> tuple[list[Job], list[RichOutput]]:
    """Make videos one after the other, and return what was displayed meanwhile."""
    jobs = [job for prompt in prompts for job in session.get(Submitter).create_jobs("2.6", prompt=prompt)]

    def run() -> None:
        for job in jobs:
            results.begin(job)
            try:
                job._runner.start()
                job.wait()
            except KlingError:
                continue

    return jobs, shown(run).outputs


@pytest.fixture
def results(session: Session, kernel: Kernel) -> Results:
    """The results of a form that is displayed in a cell of its own."""
    made = Results(session)
    made.below = True
    return made


def test_the_plain_part_is_empty_to_the_eye_at_first(results: Results) -> None:
    """The saved cell contains only text: the magic line of the form."""
    (output,) = shown(lambda: results.display_here(REQUEST)).outputs
    assert output.data == {"text/html": "", "text/plain": REQUEST.to_magic()}
    assert output.metadata == {}


def test_running_jobs_have_a_line_below_that_of_the_form(session: Session, results: Results) -> None:
    """The saved file names them as long as they run; when the form is closed, no line is left."""
    _, line, _ = shown(lambda: results.display({}, REQUEST)).outputs
    assert line.data["text/plain"] == "Kling form · 2.6 · “a boat” · run the cell to open it"
    ((job,), outputs) = work(session, results, "a ship")
    lines = [output.data["text/plain"].splitlines() for output in outputs if output.transient == line.transient]
    assert lines[-1] == [line.data["text/plain"]]
    assert all(each[1].startswith("Kling 2.6 · “a ship” · was ") for each in lines[:-1])
    assert any(each[1].endswith(f"%kling_resume {job.id}") for each in lines[:-1])
    (gone,) = shown(results.close).outputs
    assert gone.data == {"text/html": "", "text/plain": ""}


def test_figures_come_newest_first(session: Session, results: Results) -> None:
    """All in one plain output under the form, with where each came from."""
    (placed,) = shown(lambda: results.display_here(REQUEST)).outputs
    jobs, outputs = work(session, results, "one", "two")
    assert [output.transient for output in outputs] == [placed.transient] * 2
    page = outputs[-1].data["text/html"]
    assert -1 < page.index(">two<") < page.index(">one<")
    assert outputs[-1].data["text/plain"].startswith(jobs[1].request.to_magic())
    about = outputs[-1].metadata["kling_widgets"]
    assert [each["task_id"] for each in about] == [jobs[1].id, jobs[0].id]
    assert outputs[-1].data["image/jpeg"]


def test_in_the_form_a_line_is_left(session: Session, results: Results) -> None:
    """ "Done", the prompt, where it is; a button shows the figure in the form, for pages that were loaded again."""
    shown(lambda: results.display_here(REQUEST))
    ((job,), _) = work(session, results, "a <b>boat</b>")
    assert "Done · a &lt;b&gt;boat&lt;/b&gt; · shown below" in words(results)
    (button,) = (each for each in within(results.widget) if isinstance(each, widgets.Button))
    assert button.description == "Show here"
    button.click()
    (output,) = (each for each in within(results.widget) if isinstance(each, widgets.Output))
    assert job.path is not None
    assert job.path.name in output.outputs[0]["data"]["text/html"]


def test_inside_another_widget_the_figure_is_in_the_form(session: Session, results: Results) -> None:
    """There is no place below; when there is one later, it has the figure too."""
    results.below = False
    _, outputs = work(session, results, "one")
    assert outputs == []
    (output,) = (each for each in within(results.widget) if isinstance(each, widgets.Output))
    assert "<video" in output.outputs[0]["data"]["text/html"]
    (placed,) = shown(lambda: results.display_here(REQUEST)).outputs
    assert "<video" in placed.data["text/html"]


def test_a_failure_stays_in_the_form(session: Session, results: Results) -> None:
    """It is no figure: the plain part is left as it is."""
    shown(lambda: results.display_here(REQUEST))
    _, outputs = work(session, results, "a boat demo:moderation")
    assert outputs == []
    (output,) = (each for each in within(results.widget) if isinstance(each, widgets.Output))
    assert "moderation" in output.outputs[0]["data"]["text/html"]


def test_the_newest_is_on_top_and_old_lines_go(session: Session, results: Results) -> None:
    """A bounded number of lines; what still runs is not taken away."""
    jobs = session.get(Submitter).create_jobs("2.6", SubmitOptions(count=KEPT + 2, yes=True), prompt="a boat")
    for job in jobs:
        results.begin(job)
    assert len(results.widget.children) == KEPT + 2  # none has ended

    first: Any = results.widget.children[-1]
    assert first.comm is not None
    newest = results.widget.children[0]
    results.begin(session.get(Submitter).create_jobs("2.6", prompt="another")[0])
    assert results.widget.children[1] is newest
