"""The notebook of every model runs with Run All, in the demo."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import expect

import kling_widgets as kw
from tests.browser.lab import Lab
from tests.browser.notebook import Notebook, played
from tests.test_without_browser import ASKS, EVERY_MODEL

# The videos of each cell that makes some, by cell id: width, height, seconds.
WIDE, SQUARE = (1280, 720), (512, 512)
FILMS = {
    "m16-run": [(*SQUARE, 5)],
    "m20-run": [(*WIDE, 5)],
    "m21-run": [(*WIDE, 5)] * 2,
    "m25-run": [(*WIDE, 5)],
    "m26-sound": [(*SQUARE, 5)],
    "m26-video-run": [(*WIDE, 5)],
    "m30-shots-run": [(*WIDE, 5)],
    "m30-own-run": [(*SQUARE, 3)],
    "m30-elements-run": [(*WIDE, 3)],
    "m30t-first": [(*WIDE, 3)],
    "m30t-next": [(*WIDE, 3)],
    "o1-run": [(*WIDE, 4)],
    "mc26-run": [(*WIDE, 5)],
    "mc30-run": [(*WIDE, 5)],
    "avatar-run": [(*WIDE, 5)],
    "lips-run": [(*WIDE, 5)],
}


@pytest.mark.timeout(600)  # about twenty videos
def test_run_all_of_the_notebook_of_every_model(notebook: Notebook, lab: Lab) -> None:
    """Every cell runs, and every requested video plays, with the right width, height and length; each of the twelve
    models has made one."""
    path = lab.folder / EVERY_MODEL.name
    shutil.copy(EVERY_MODEL, path)
    notebook.open_file(path)
    cells = notebook.saved()["cells"]
    asked = {cell["id"]: index for index, cell in enumerate(cells) if ASKS.search("".join(cell["source"]))}
    assert asked.keys() == FILMS.keys()
    notebook.run_all()
    notebook.wait_idle(timeout=300)
    code = [index for index, cell in enumerate(cells) if cell["cell_type"] == "code"]
    assert [notebook.count(index) for index in code] == list(range(1, len(code) + 1))
    made, captions = {}, ""
    for name, index in asked.items():
        notebook.page.evaluate("index => jupyterapp.shell.currentWidget.content.scrollToItem(index)", index)
        videos = notebook.output(index).locator("figure video")
        expect(videos).to_have_count(len(FILMS[name]), timeout=200_000)
        made[name] = [(film["width"], film["height"], round(film["duration"])) for film in map(played, videos.all())]
        captions += notebook.output_text(index)
    assert made == FILMS
    assert [model.title for model in kw.models() if f"{model.title} · " not in captions] == []
