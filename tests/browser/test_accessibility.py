"""The form before an accessibility checker (axe-core), beside plain ipywidgets of the same kinds."""

from __future__ import annotations

from collections import Counter

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator

from tests.browser.form import FormInPage
from tests.browser.notebook import Notebook

LOAD = "%load_ext kling_widgets"
# Every section open, so that every control is looked at, and one problem that shows.
FORM = """
import kling_widgets as kw
form = kw.Form({model!r}, prompt="a boat", image="https://example.com/a.png", size="1280x720")
for section in form._sections.values():
    section.open()
form._refresh()
form
"""
# The same kinds of widgets with the same words, as anybody would make them.
PLAIN = """
import ipywidgets as w
KINDS = (w.Text, w.Textarea, w.Dropdown, w.ToggleButtons, w.IntSlider, w.FloatSlider, w.Button, w.FileUpload, w.HTML)
def plain(widget):
    if type(widget) is w.VBox or type(widget) is w.HBox:
        return type(widget)([plain(child) for child in widget.children])
    if type(widget) is w.Tab:
        return w.Tab([w.HTML("x") for child in widget.children], titles=widget.titles)
    if type(widget) in KINDS:
        names = {"description", "options", "value", "placeholder", "tooltip"} & set(widget.keys) - (
            {"value"} if isinstance(widget, w.FileUpload) else set())
        return type(widget)(**{name: getattr(widget, name) for name in names})
    return w.HTML("")
plain(form.widget)
"""


def serious(notebook: Notebook, part: Locator) -> Counter[str]:
    """How often each rule is broken there, of those that axe-core calls serious or critical."""
    part.evaluate("element => element.setAttribute('data-looked-at', '')")
    found = Axe().run(notebook.page, context="[data-looked-at]").response["violations"]
    part.evaluate("element => element.removeAttribute('data-looked-at')")
    return Counter({each["id"]: len(each["nodes"]) for each in found if each["impact"] in ("serious", "critical")})


@pytest.mark.parametrize("model", ["3.0", "3.0-motion-control"])
def test_no_more_is_wrong_than_with_plain_widgets(notebook: Notebook, model: str) -> None:
    """Of no rule more serious violations; and of the checker itself one knows that it finds any: a picture without
    words is one."""
    notebook.open([LOAD, FORM.format(model=model), PLAIN])
    notebook.page.set_viewport_size({"width": 1280, "height": 6000})
    for index in range(3):
        notebook.run_cell(index)
        notebook.wait_idle()
    FormInPage(notebook, 1)
    ours, plain = serious(notebook, notebook.output(1)), serious(notebook, notebook.output(2))
    assert {rule: count for rule, count in ours.items() if count > plain[rule]} == {}, (ours, plain)
    notebook.output(1).evaluate("element => element.append(document.createElement('img'))")
    assert serious(notebook, notebook.output(1))["image-alt"] == 1
