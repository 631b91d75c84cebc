"""Messages of a form for tests without a page: as the HTML that the page makes of them, and their buttons."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ipywidgets as widgets

from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.notebook.widgets.factory import _STYLES, WidgetFactory, within
from kling_widgets.notebook.widgets.form_page import FormPage


@dataclass(frozen=True)
class Pressed:
    """A button after a message."""

    page: FormPage
    slot: str
    description: str
    disabled = False

    def click(self) -> None:
        """Click it, with the message that the page sends."""
        self.page._handle_custom_msg({"press": self.slot, "label": self.description}, [])


def parts(folder: Path) -> WidgetFactory:
    """Return a factory whose styles have all been created."""
    made = WidgetFactory(LocalMedia(folder))
    for kind in _STYLES:
        made.make(kind).close()
    return made


def lines(page: FormPage, slot: str | None = None) -> str:
    """Return the messages of a slot, or all, as HTML."""
    shown = {**page.static, **page.messages}
    found = (line for name, lines in shown.items() if slot in (None, name) for line in lines)
    return "\n".join(f'<div class="{look}">{html.escape(text)}</div>' for text, look, *_ in found)


def presses(page: FormPage, slot: str | None = None) -> list[Pressed]:
    """Return the buttons of a slot, or all."""
    shown = {**page.static, **page.messages}
    return [
        Pressed(page, name, label)
        for name, lines in shown.items()
        if slot in (None, name)
        for _, _, labels, *_ in lines
        for label in labels
    ]


def text(parts: WidgetFactory, widget: widgets.Widget) -> str:
    """Return the HTML of the widgets, all messages and the code."""
    shown = [each.value for each in within(widget) if isinstance(each, widgets.HTML)]
    return "\n".join([*shown, lines(parts.page), html.escape(parts.page.code)])


def buttons(parts: WidgetFactory, widget: widgets.Widget) -> Iterator[widgets.Button | Pressed]:
    """Iterate over all buttons: the widgets, and those after messages."""
    yield from (each for each in within(widget) if isinstance(each, widgets.Button))
    yield from presses(parts.page)
