"""The copy button in a real JupyterLab puts the code of the chosen tab into the clipboard."""

from __future__ import annotations

import itertools
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.form import FormInPage
from tests.browser.lab import Lab
from tests.browser.notebook import Notebook

TABS = {"Python": "import ", "curl": "curl ", "JSON": "{", "magic": "%"}  # and how their code begins
PROMPT = "纸船 & a “boat”\nin the 'rain'?"


def opened(notebook: Notebook) -> FormInPage:
    """Open a form without a prompt, so that its request is incomplete. The second cell is for pasting."""
    notebook.open(["%load_ext kling_widgets", "%kling_form --model 2.6", ""])
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.wait_idle()
    return FormInPage(notebook, 1)


def copied(form: FormInPage, tab: str) -> str:
    """Copy the code of this tab by keys only; return the code as the page shows it."""
    form.root.get_by_role("tab", name=tab, exact=True).click()
    shown = form.root.locator(".kling-code pre:visible")
    expect(shown).to_contain_text(re.compile(f"^{re.escape(TABS[tab])}"))
    shown.focus()
    form.page.keyboard.press("Tab")
    button = form.root.get_by_role("button", name="Copy", exact=True)
    expect(button).to_be_focused()
    form.page.keyboard.press("Enter")
    expect(form.root.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    expect(button).to_be_focused()
    return str(shown.text_content())


def test_what_is_copied_is_the_code_of_the_chosen_tab(notebook: Notebook, page: Page, lab: Lab) -> None:
    """The copied text is exactly the code, for an incomplete and a complete request; "Copied" is shown for a while."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=lab.url)
    form = opened(notebook)
    for prompt in ("", PROMPT):
        form.box("Prompt").fill(prompt)
        form.settled(prompt[:4])
        for tab in TABS:
            code = copied(form, tab)
            assert page.evaluate("navigator.clipboard.readText()") == code
    assert "in the 'rain'?" in code
    expect(form.root.get_by_text("Copied", exact=True)).to_have_count(0)


NO_PERMISSION = """() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('denied', 'NotAllowedError'));
}"""
NO_CLIPBOARD = "() => { Object.defineProperty(navigator, 'clipboard', {value: undefined}); }"
NO_COPYING = "() => { document.execCommand = () => false; }"  # no clipboard either


@pytest.mark.usefixtures("fresh_page")
def test_without_a_clipboard_for_pages_the_old_way_works(notebook: Notebook, page: Page) -> None:
    """On plain http and without the permission, the pasted text is still the code. If the browser lets pages copy
    nothing, the form says what to do: the text can be selected."""
    form = opened(notebook)
    numbers = itertools.count(1)  # so that an earlier code of the same prompt is not taken for the present one
    for missing in (NO_PERMISSION, NO_CLIPBOARD):
        page.evaluate(missing)
        for tab in TABS:
            number = f"number {next(numbers)}"
            form.box("Prompt").fill(f"{PROMPT} {number}")
            form.settled(number)
            code = copied(form, tab)
            form.box("Prompt").fill("")
            form.box("Prompt").focus()
            page.keyboard.press("Control+v")
            expect(form.box("Prompt")).to_have_value(code)
    expect(form.root.get_by_text("Copied", exact=True)).to_have_count(0)
    page.evaluate(NO_COPYING)
    form.root.get_by_role("button", name="Copy", exact=True).click()
    expect(form.root).to_contain_text("Not copied: select the text and press Ctrl+C")
