"""Presets and code in a real JupyterLab: saved by keyboard and kept after a restart; the magic line in the next
cell."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from kling_widgets.request.request import VideoRequest
from tests.browser.form import FormInPage
from tests.browser.notebook import Notebook

LOAD = "%load_ext kling_widgets"
MINE = VideoRequest("3.0", prompt="a paper boat", seconds=7, sound=False, camera_control={"type": "down_back"})
FORM = MINE.to_magic().replace("kling", "kling_form", 1)


def button(form: FormInPage, words: str) -> Locator:
    """Return one of the presets' buttons."""
    return form.root.get_by_role("button", name=words, exact=True)


def test_saved_by_keys_and_there_after_a_restart(notebook: Notebook) -> None:
    """Tab and Enter save a preset; after a restart of the kernel it is in the list, and applying it restores the same
    form. It takes two presses if it replaces another prompt, and two to delete it."""
    notebook.open([LOAD, FORM, "%kling_form 2.6", "%kling_code"])
    notebook.page.set_viewport_size({"width": 1200, "height": 2400})
    for index in (0, 1):
        notebook.run_cell(index)
    notebook.wait_idle()
    form = FormInPage(notebook, 1)
    form.settled(MINE.to_magic())
    form.box("Prompt").focus()
    form.tab_to("▸ Presets")
    notebook.page.keyboard.press("Enter")
    expect(form.box("Name")).to_be_visible()
    form.tab_to("Name")
    notebook.page.keyboard.type("my boat")
    form.tab_to("Save")
    notebook.page.keyboard.press("Enter")
    expect(form.root.get_by_text("Saved “my boat”.")).to_be_visible()
    notebook.screenshot("presets-saved")

    notebook.restart()
    for index in (0, 2):
        notebook.run_cell(index)
    notebook.wait_idle()
    form = FormInPage(notebook, 2)
    form.open("Presets")
    expect(form.choice("Preset").locator("option:checked")).to_have_text("my boat")
    for theme in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {theme}")
        for width in (1200, 600):
            notebook.page.set_viewport_size({"width": width, "height": 2400})
            notebook.screenshot(f"presets-{theme}-{width}")
    notebook.theme("JupyterLab Light")
    form.box("Prompt").fill("a raft")
    form.settled("%kling --model 2.6 a raft")
    form.choice("Preset").focus()
    form.tab_to("Apply")
    notebook.page.keyboard.press("Enter")
    expect(button(form, "Apply over this form")).to_be_focused()
    for width in (1200, 600):
        notebook.page.set_viewport_size({"width": width, "height": 2400})
        notebook.screenshot(f"presets-apply-over-{width}")
    notebook.page.keyboard.press("Enter")
    expect(form.root.get_by_text("Applied “my boat”.")).to_be_visible()
    form.settled(MINE.to_magic())
    form.tab_to("Delete")
    notebook.page.keyboard.press("Enter")
    expect(button(form, "Really delete")).to_be_visible()
    notebook.page.keyboard.press("Enter")
    expect(form.root.get_by_text("Deleted “my boat”.")).to_be_visible()
    expect(button(form, "Apply")).to_be_disabled()

    notebook.run_cell(3)
    notebook.wait_idle()
    expect(notebook.page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(5)
    assert notebook.source(4) == MINE.to_magic()
