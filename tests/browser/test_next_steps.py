"""The buttons under a finished figure in a real JupyterLab: there while the kernel runs, and never in the file."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.notebook import Notebook, played
from tests.browser.pages import DRAWN

LOAD = "%load_ext kling_widgets"
SMALL = "%kling --model 2.6 --seconds 5 --size 512x512 a paper boat in the rain"
LABELS = ["Continue from last frame", "Change and make again", "Code"]


def steps(notebook: Notebook, index: int) -> Locator:
    """Return the buttons under the ends of this cell."""
    return notebook.output(index).get_by_role("group", name="Next steps").get_by_role("button")


def press(notebook: Notebook, index: int, label: str) -> None:
    """Click on the button with this label under the first end of this cell."""
    notebook.output(index).get_by_role("button", name=label).first.click()


@pytest.mark.usefixtures("fresh_page")
def test_a_figure_has_buttons_while_its_kernel_runs(notebook: Notebook) -> None:
    """They show code and open forms below the figure, also after a reload of the page; a restart removes them. The file
    has no trace of them, and nothing is submitted by a click."""
    notebook.open([LOAD, SMALL, "import kling_widgets as kw; len(kw.history())"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    expect(steps(notebook, 1)).to_have_text(LABELS, timeout=DRAWN)
    notebook.wait_idle()
    press(notebook, 1, "Code")
    expect(notebook.output(1).locator(".kling-code pre").first).to_contain_text("%kling --model 2.6")
    notebook.screenshot("next-steps-code")
    press(notebook, 1, "Code")
    expect(notebook.output(1).locator(".kling-code")).to_have_count(0)
    press(notebook, 1, "Change and make again")
    form = notebook.output(1).locator(".kling-next .kling-card")
    expect(form.locator("textarea").first).to_have_value("a paper boat in the rain")
    saved = str(notebook.save()["cells"][1]["outputs"])
    assert "kling-figure" in saved
    for trace in (*LABELS, "kling-next", "widget-view"):
        assert trace not in saved
    notebook.reload()
    expect(steps(notebook, 1)).to_have_text(LABELS)
    expect(form.locator("textarea").first).to_have_value("a paper boat in the rain")
    press(notebook, 1, "Continue from last frame")
    expect(form.locator("textarea").first).to_have_value("")
    notebook.screenshot("next-steps-continue")
    expect(form).to_contain_text("frame-last")
    notebook.run_cell(2)
    notebook.wait_idle()
    assert notebook.output_text(2).strip() == "1"
    notebook.restart()
    expect(steps(notebook, 1)).to_have_count(0)
    expect(form).to_have_count(0)
    assert played(notebook.output(1).locator("figure video"))


def test_an_end_without_a_video_has_its_next_step(notebook: Notebook) -> None:
    """A job that is no longer watched is watched again by a click, and its video takes the place of the message. A lost
    answer asks for the id that the user has found; the cell's error is only its first sentence."""
    notebook.open([LOAD, f"{SMALL} demo:slow", f"{SMALL} demo:lost"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    press(notebook, 1, "Stop watching")
    expect(steps(notebook, 1)).to_have_text(["Watch again"])
    press(notebook, 1, "Watch again")
    notebook.run_cell(2)
    expect(steps(notebook, 2)).to_have_text(["I found its id…"])
    notebook.wait_idle()
    assert notebook.output_text(2).count("%kling_forget") == 1
    press(notebook, 2, "I found its id…")
    box = notebook.output(2).get_by_role("textbox", name="The task's id")
    box.fill("not-a-task")
    box.press("Enter")
    expect(notebook.output(2).get_by_role("alert")).to_contain_text("no such task")
    notebook.screenshot("next-steps-lost")
    expect(steps(notebook, 1)).to_have_text(LABELS, timeout=DRAWN)
    expect(notebook.output(1)).not_to_contain_text("No longer watched")
    assert "<figure" in str(notebook.save()["cells"][1]["outputs"])
