"""Lines that stand in for live widgets: below the widget or in its own output, as text and HTML."""

from __future__ import annotations

from typing import Any

import pytest

from kling_widgets.notebook.kernel.front_end import FRONT_ENDS
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.output.stand_in import StandIn, form_line, job_line
from kling_widgets.notebook.submit.options import SubmitOptions
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest
from tests.notebook.conftest import KEY, Kernel, shown

WIDGET = "application/vnd.jupyter.widget-view+json"
BUNDLE: dict[str, Any] = {WIDGET: {"model_id": "1"}, "text/plain": "VBox(children=(<FormPage object at 0x7f>,))"}
LINE = ("Kling 3.0", "“a <b>boat</b>”")


def test_the_line_of_a_form_says_what_it_opens_with() -> None:
    """It has the model, the settings and the start of the prompt, without a key; what is not set is left out."""
    request = VideoRequest("3.0", prompt="a paper boat", seconds=7)
    assert " · ".join(form_line(request)) == "Kling form · 3.0 · 7 s · “a paper boat” · run the cell to open it"
    assert form_line(VideoRequest("3.0")) == ("Kling form", "3.0", "run the cell to open it")
    long = form_line(VideoRequest("3.0", prompt=f"{KEY} " + "very " * 50))
    assert KEY not in str(long)
    assert len(long[2]) < 70


def test_the_line_of_a_job_says_how_to_resume_it(session: Session) -> None:
    """Before the service has accepted it, it has no id, and the magic resumes all running jobs."""
    (job,) = session.get(Submitter).create_jobs("3.0", prompt="a lighthouse demo:slow")
    before = "“a lighthouse demo:slow”", "was under way when this was saved"
    assert job_line(job) == ("Kling 3.0", *before, "%kling_resume")
    job._runner.start()
    job.wait_accepted()
    title, _, doing, resume = job_line(job)
    assert title == "Kling 3.0"
    assert doing in ("was in the queue when this was saved", "was being made when this was saved")
    assert resume == f"%kling_resume {job.id}"


def test_in_jupyter_the_lines_are_an_output_of_their_own(shell: Any) -> None:
    """The widget's output has nothing to read; the lines below it are updated when they change, and can go."""
    stand_in = StandIn(FRONT_ENDS["jupyter"], LINE)
    assert stand_in.complete(BUNDLE) == {WIDGET: BUNDLE[WIDGET], "text/html": "<span></span>", "text/plain": ""}
    (below,) = shown(stand_in.display).outputs
    assert below.data["text/plain"] == "Kling 3.0 · “a <b>boat</b>”"
    assert "a &lt;b&gt;boat&lt;/b&gt;" in below.data["text/html"]
    assert "<style>" in below.data["text/html"]
    assert shown(lambda: stand_in.show(LINE)).outputs == []
    changed = shown(lambda: stand_in.show(LINE, ("Kling 2.6",)))
    assert changed.value == 1
    assert changed.outputs[0].data["text/plain"] == "Kling 3.0 · “a <b>boat</b>”\nKling 2.6"
    assert changed.outputs[0].transient == below.transient
    (gone,) = shown(stand_in.show).outputs
    assert gone.data == {"text/html": "", "text/plain": ""}


@pytest.mark.parametrize(
    ("name", "apart", "kinds"),
    [
        ("jupyter", False, {WIDGET, "text/html", "text/plain"}),
        ("vscode", True, {WIDGET, "text/html", "text/plain"}),
        ("colab", True, {WIDGET, "text/plain"}),
        ("voila", True, {WIDGET, "text/plain"}),
    ],
)
def test_elsewhere_they_are_in_the_widget_s_output(shell: Any, name: str, apart: bool, kinds: set[str]) -> None:
    """VS Code shows the HTML if it cannot show the widget; others get text in place of the Python repr."""
    stand_in = StandIn(FRONT_ENDS[name], LINE, apart=apart)
    data = stand_in.complete(BUNDLE)
    assert data.keys() == kinds
    assert data["text/plain"] == "Kling 3.0 · “a <b>boat</b>”"
    assert "&lt;b&gt;" in data.get("text/html", "&lt;b&gt;")
    seen = shown(lambda: (stand_in.display(), stand_in.show(("Kling 2.6",))))
    assert seen.outputs == []


def test_no_output_of_a_job_is_a_repr(session: Session, kernel: Kernel) -> None:
    """Each has text of ours, in the output of the widget or below it; a finished job leaves nothing there."""
    options = SubmitOptions(wait=True)
    outputs = shown(lambda: session.get(Submitter).submit("2.6", options, prompt="a boat")).outputs
    assert all("children=" not in output.data["text/plain"] for output in outputs)
    assert outputs[1].data["text/plain"] == "Kling 2.6 · “a boat” · was under way when this was saved · %kling_resume"
    assert outputs[-1].transient == outputs[1].transient
    assert outputs[-1].data == {"text/html": "", "text/plain": ""}
