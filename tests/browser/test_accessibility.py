"""The form in an accessibility checker (axe-core), beside plain ipywidgets of the same types."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.form import FormInPage
from tests.browser.looks import serious
from tests.browser.notebook import Notebook

LOAD = "%load_ext kling_widgets"
FORM = """
import kling_widgets as kw
form = kw.Form({model!r}, prompt="a boat", image="https://example.com/a.png", size="1280x720")
form
"""
# The same types of widgets with the same labels, written the usual way.
PLAIN = """
import ipywidgets as w
KINDS = (w.Text, w.Textarea, w.Dropdown, w.ToggleButtons, w.IntSlider, w.FloatSlider, w.Button, w.HTML)
def plain(widget):
    if isinstance(widget, w.Tab):
        return w.Tab([w.HTML("x") for child in widget.children], titles=widget.titles)
    if isinstance(widget, w.Box):
        return w.VBox([plain(child) for child in widget.children])
    for kind in KINDS:
        if isinstance(widget, kind):
            names = {"description", "options", "value", "placeholder", "tooltip"} & set(widget.keys)
            return kind(**{name: getattr(widget, name) for name in names})
    return w.HTML("")
plain(form.widget)
"""


@pytest.mark.parametrize("model", ["3.0", "3.0-motion-control"])
def test_no_more_is_wrong_than_with_plain_widgets(notebook: Notebook, model: str) -> None:
    """The form has no more serious violations of any rule than plain widgets. A picture without a description checks
    that the checker finds violations."""
    notebook.open([LOAD, FORM.format(model=model), PLAIN])
    notebook.page.set_viewport_size({"width": 1280, "height": 6000})
    for index in range(2):
        notebook.run_cell(index)
        notebook.wait_idle()
    form = FormInPage(notebook, 1)
    folded = form.root.locator("button.kling-section", has_text="▸")
    while folded.count():  # open every section, so that every control is checked
        left = folded.count()
        folded.first.click()
        expect(folded).to_have_count(left - 1)
    notebook.run_cell(2)
    notebook.wait_idle()
    ours, plain = serious(notebook, notebook.output(1)), serious(notebook, notebook.output(2))
    assert {rule: count for rule, count in ours.items() if count > plain[rule]} == {}, (ours, plain)
    notebook.output(1).evaluate("element => element.append(document.createElement('img'))")
    assert serious(notebook, notebook.output(1))["image-alt"] == 1
