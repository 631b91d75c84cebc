"""The first notebook runs with Run All, in the demo."""

from __future__ import annotations

import re
import shutil

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.notebook import Notebook, played
from tests.browser.pages import DRAWN
from tests.test_without_browser import ASKS, FIRST

# The video of each cell that makes one: width, height, seconds.
FILMS = [(1280, 720, 5), (720, 1280, 4), (1024, 1024, 5), (1280, 720, 5)]


@pytest.mark.timeout(600)  # four videos, and their cells wait for each other
def test_run_all_of_the_first_notebook(notebook: Notebook, lab: Lab) -> None:
    """Every cell runs, and every requested video plays, with the right width, height and length; the form and the list
    of tasks are shown. Saved and opened again without a kernel, trusted or not, the videos play."""
    path = lab.folder / FIRST.name
    shutil.copy(FIRST, path)
    notebook.open_file(path)
    notebook.page.set_viewport_size({"width": 1280, "height": 3000})  # all cells are visible, so all are rendered
    notebook.run_all()
    notebook.wait_idle()
    cells = notebook.saved()["cells"]
    code = [index for index, cell in enumerate(cells) if cell["cell_type"] == "code"]
    assert [notebook.count(index) for index in code] == list(range(1, len(code) + 1))
    asked = [index for index in code if ASKS.search("".join(cells[index]["source"]))]
    assert len(asked) == len(FILMS)

    def all_play() -> list[tuple[float, float, int]]:
        found = []
        for index in asked:
            notebook.cell(index).scroll_into_view_if_needed()
            video = notebook.output(index).locator("figure video")
            expect(video).to_have_count(1, timeout=DRAWN)
            film = played(video)
            found.append((film["width"], film["height"], round(film["duration"])))
        return found

    assert all_play() == FILMS
    form = next(index for index in code if "%kling_form" in "".join(cells[index]["source"]))
    expect(notebook.output(form).get_by_role("textbox", name="Prompt")).to_be_visible()
    tasks = next(index for index in code if "%kling_tasks" in "".join(cells[index]["source"]))
    assert len(re.findall("demo_", notebook.output_text(tasks))) >= len(FILMS)
    notebook.save()
    for trusted in (True, False):
        notebook.open_without_kernel(trusted=trusted)
        assert all_play() == FILMS
