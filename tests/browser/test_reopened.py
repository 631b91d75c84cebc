"""A form and running jobs in a file that is opened again: a line each, not a message about a widget."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from tests.browser.notebook import Notebook

CELLS = [
    "%load_ext kling_widgets\nimport kling_widgets as kw",
    "form = kw.Form('3.0', prompt='a paper boat demo:slow', seconds=7)\nform.submit()\nform",
    "%kling --model 2.6 demo:slow a lighthouse",
]
FORM = "Kling form · 3.0 · 7 s · “a paper boat demo:slow” · run the cell to open it"
SAVE_STATE = "jupyterapp.commands.execute('@jupyter-widgets/jupyterlab-manager:saveWidgetState')"


def check(notebook: Notebook, how: str) -> None:
    """Check that each cell shows its lines, and no message about a widget."""
    for index, title in ((1, "Kling 3.0"), (2, "Kling 2.6")):
        line = notebook.output(index).locator(".kling-stand-in", has_text=title)
        expect(line).to_be_visible()
        expect(line).to_contain_text("when this was saved · %kling_resume demo_")
    expect(notebook.output(1).locator(".kling-stand-in").first).to_have_text(FORM)
    notebook.screenshot(f"reopened-{how}")
    for index in (1, 2):
        text = notebook.output(index).inner_text()
        assert "widget" not in text, f"{how}: {text}"


@pytest.mark.usefixtures("fresh_page")
def test_a_reopened_form_or_job_is_a_line(notebook: Notebook) -> None:
    """While the widgets work, their lines take no space. Opened again with a fresh kernel or none, trusted or not, or
    converted, the file shows the lines only. If it was saved with its widgets, a dead form stays above its lines, low
    enough that they are in view."""
    notebook.open(CELLS)
    notebook.run_all()
    notebook.wait_idle()
    for index in (1, 2):
        lines = notebook.output(index).locator(".kling-stand-in")
        expect(lines.last).to_contain_text("%kling_resume demo_")
        expect(lines.last).to_be_hidden()
        heights = [area.bounding_box() for area in notebook.output(index).locator(".jp-OutputArea-child").all()]
        assert [round(box["height"]) for box in heights[1:] if box] == [0] * (len(heights) - 1)
    notebook.save()
    converted, _ = HTMLExporter().from_notebook_node(nbformat.read(notebook.path, 4))  # type: ignore[no-untyped-call]
    assert FORM in re.sub("</?b(di)?>", "", converted)
    saved = notebook.path.read_bytes()
    notebook.page.evaluate(SAVE_STATE)
    assert "widgets" in notebook.save()["metadata"]
    notebook.shut_down()
    notebook.reload()
    check(notebook, "with-state")
    expect(notebook.output(2).locator(".kling-view")).to_be_hidden()
    expect(notebook.output(1).locator(".kling-stand-in").first).to_be_in_viewport()
    notebook.path.write_bytes(saved)
    notebook.reload()
    check(notebook, "fresh-kernel")
    for trusted in (True, False):
        path = notebook.path
        notebook.open_without_kernel(trusted=trusted)
        check(notebook, "trusted" if trusted else "untrusted")
        notebook.path = path
