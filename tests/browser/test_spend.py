"""The spending guard in a real JupyterLab: a form that needs a second click, and a cell that asks."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.form import FormInPage
from tests.browser.notebook import Notebook

LOAD = "%load_ext kling_widgets\n%kling_prices 2.6 0.28 --currency USD\n%config Kling.confirm_above = '1 USD'"


def test_above_the_limit_a_form_wants_a_second_click_and_a_line_an_answer(notebook: Notebook) -> None:
    """The form shows the total and the limit, and its button needs a second click; a cell asks in an input box, and
    sends nothing if the answer is no."""
    notebook.open([LOAD, "%kling", "%kling --count 5 a boat", "import kling_widgets as kw; print(len(kw.history()))"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.wait_idle()
    form = FormInPage(notebook, 1)
    form.box("Prompt").fill("a paper boat")
    form.settled("a paper boat")
    expect(form.root).to_contain_text("about 1.40 USD by your own price table, free in the demo")
    form.button.click()
    armed = form.root.get_by_role("button", name="Make it anyway")
    expect(armed).to_be_enabled()
    expect(form.root).to_contain_text("The limit of 1.00 USD would be exceeded (%config Kling.confirm_above).")
    form.box("Prompt").fill("a paper boat in the rain")
    expect(form.button).to_be_enabled()
    expect(armed).to_have_count(0)

    notebook.run_cell(2)
    box = notebook.page.locator(".jp-Stdin-input")
    expect(notebook.output(2)).to_contain_text("Make them? [y/N]")
    box.fill("n")
    box.press("Enter")
    notebook.wait_idle()
    expect(notebook.output(2)).to_contain_text("KlingError: Nothing was sent.")
    notebook.run_cell(3)
    notebook.wait_idle()
    assert notebook.output_text(3).strip() == "0"
