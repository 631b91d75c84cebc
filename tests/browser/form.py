"""The form as users operate it: controls are found by their labels."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.notebook import Notebook


class FormInPage:
    """The form in the output of a cell. It is operated by keys, not by the mouse: a note that appears above a button at
    that moment moves the button away from the pointer, and the click is lost."""

    def __init__(self, notebook: Notebook, index: int) -> None:
        self.page: Page = notebook.page
        self.root: Locator = notebook.output(index)
        expect(self.box("Prompt")).to_be_visible()

    @property
    def button(self) -> Locator:
        """Return the button that makes the video."""
        return self.root.get_by_role("button", name="Make the video")

    def box(self, label: str) -> Locator:
        """Return a text box."""
        return self.root.get_by_role("textbox", name=label, exact=True)

    def choice(self, label: str) -> Locator:
        """Return a dropdown."""
        return self.root.get_by_role("combobox", name=label, exact=True)

    def pill(self, label: str, word: str) -> Locator:
        """Return one of the choices in a row of toggles."""
        row = self.root.locator(".widget-toggle-buttons", has=self.page.get_by_text(label, exact=True))
        return row.get_by_role("button", name=word, exact=True)

    def field(self, label: str) -> Locator:
        """Return the row of a field with its problems."""
        return self.root.locator(".kling-field", has=self.page.get_by_text(label, exact=True))

    def tab_to(self, what: str) -> None:
        """Press Tab until the focus is on an element that begins with this text, or that has this role."""
        here = """(e => [(e.labels?.[0]?.innerText || e.innerText || '').trim(), e.title, e.getAttribute('role')])
            (document.activeElement)"""
        for _ in range(80):
            self.page.keyboard.press("Tab")
            if any(str(name or "").startswith(what) for name in self.page.evaluate(here)):
                return
        raise AssertionError(f"Tab does not lead to {what!r}")

    def open(self, section: str) -> None:
        """Open a section if it is closed."""
        title = self.root.get_by_role("button", name=re.compile(rf"^[▸▾] {re.escape(section)}( \(|$)"))
        if (title.text_content() or "").strip().startswith("▸"):
            title.press("Enter")
            expect(title).to_contain_text("▾")

    def slide(self, label: str, unit: str, number: int) -> None:
        """Set a slider's number by typing it in the box beside it."""
        self.pill(label, "choose").press("Enter")
        readout = self.root.locator(".widget-slider", has=self.page.get_by_text(unit, exact=True)).locator(
            ".widget-readout"
        )
        readout.fill(str(number))
        readout.press("Enter")

    def json(self, label: str) -> Locator:
        """Show the JSON of a structured field, and return its box."""
        switch, box = self.field(label).get_by_role("button", name="Write JSON"), self.box(f"{label}, JSON")
        expect(switch.or_(box).first).to_be_visible()
        if not box.is_visible():
            switch.press("Enter")
        return box

    def add_shot(self, number: int, prompt: str, seconds: int) -> None:
        """Add the shot of this number, with its prompt and length."""
        shots = self.field("Shots")
        shots.get_by_role("button", name="Add a shot").press("Enter")
        self.box(f"Shot {number}").fill(prompt)
        length = shots.get_by_role("spinbutton").nth(number - 1)
        length.fill(str(seconds))
        length.press("Tab")

    def move_camera(self, axis: str, amount: float) -> None:
        """Choose an axis by the service's name, and its value."""
        self.pill("Move", "↔ one axis").press("Enter")
        words = self.choice("Axis").locator("option", has_text=f"({axis})").text_content()
        self.choice("Axis").select_option(words)
        readout = self.field("Camera").locator(".widget-readout")
        readout.fill(str(amount))
        readout.press("Enter")

    def upload(self, label: str, *files: Path) -> None:
        """Choose files in the browser's file picker."""
        row = self.field(label)
        with self.page.expect_file_chooser() as chooser:
            row.locator(".kling-choose").click()
        chooser.value.set_files(list(files))

    def code(self, tab: str) -> str:
        """Return the code of the current request in this tab."""
        self.root.get_by_role("tab", name=tab, exact=True).click()
        self.settled({"magic": "%kling", "Python": "import kling_widgets", "curl": "curl ", "JSON": '"model":'}[tab])
        return self.root.locator(".kling-code pre:visible").inner_text()

    def settled(self, text: str) -> None:
        """Wait until the code shows this text, that is, until the kernel has processed the last change."""
        expect(self.root.locator(".kling-code pre:visible")).to_contain_text(text, use_inner_text=True)
