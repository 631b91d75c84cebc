"""Measurable properties of the appearance: everything fits, is readable and labelled, in both themes and two widths.
Screenshots for people are saved in the folder KLING_TEST_SCREENSHOTS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.form import FormInPage
from tests.browser.looks import faults
from tests.browser.notebook import Notebook

CELLS = [
    "%load_ext kling_widgets",
    "%kling_form 3.0",
    "%kling --model 2.6 --seconds 5 demo:slow a paper boat in the rain, and a very long prompt after it "
    + "word " * 60,
    "%kling --model 2.6 --size 512x512 a paper boat",
    "%kling_models",
    "%kling_tasks",
    "%kling demo:fail",
]

# Whether the arrow of each list has the colour of its text; that of ipywidgets is black in dark themes too.
_ARROWS = """() => [...document.querySelectorAll('.kling select')].filter(one => one.checkVisibility())
    .map(one => getComputedStyle(one)).map(style => style.backgroundImage.includes(style.color))"""


@pytest.fixture
def shown(notebook: Notebook) -> Iterator[Notebook]:
    """Open a notebook with everything that we show, the form with all its sections open."""
    notebook.open(CELLS)
    notebook.page.set_viewport_size({"width": 1200, "height": 4200})
    for index in range(len(CELLS)):
        notebook.run_cell(index)
    notebook.wait_idle()
    form = FormInPage(notebook, 1)
    form.box("Prompt").fill("a boat")
    for section in ("Frames", "References", "Video and voice", "Shots", "Elements", "Camera"):
        form.open(section)
    form.box("First frame").fill("ftp://example.com/a.png")
    form.add_shot(1, "a paper boat leaves the shore", 5)
    form.add_shot(2, "rain falls on the sea, and it does not stop for the whole of the night", 3)
    form.move_camera("pan", 4)
    form.slide("Seconds", "seconds", 7)
    expect(form.root.get_by_text("Error:").first).to_be_visible()
    expect(notebook.output(2)).to_contain_text("Making the video", timeout=60_000)
    expect(notebook.output(3).locator("figure video")).to_be_visible(timeout=60_000)
    expect(notebook.output(6)).to_contain_text("Failed", timeout=60_000)
    yield notebook
    notebook.theme("JupyterLab Light")


def test_everything_fits_can_be_read_and_has_a_label(shown: Notebook) -> None:
    """At 1200 and 600 pixels, light and dark, nothing overflows, all text has contrast, and every control has a
    label."""
    wrong = faults(shown, "looks", height=4200)
    assert not wrong, "\n".join(wrong)
    shown.theme("JupyterLab Dark")
    arrows = shown.page.evaluate(_ARROWS)
    assert arrows and all(arrows)
