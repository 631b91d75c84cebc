"""What a form says, for tests without a page: as the HTML that the page makes of it, and its buttons."""

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
    """A button that stands behind a line."""

    page: FormPage
    place: str
    description: str
    disabled = False

    def click(self) -> None:
        """Presses it, as the page tells of a click."""
        self.page._handle_custom_msg({"press": self.place, "words": self.description}, [])


def parts(folder: Path) -> WidgetFactory:
    """Parts with all that widgets share: styles are made when they are first needed."""
    made = WidgetFactory(LocalMedia(folder))
    for kind in _STYLES:
        made.make(kind).close()
    return made


def lines(page: FormPage, place: str | None = None) -> str:
    """What is said in a place, or everywhere."""
    said = {**page.kept, **page.said}
    found = (line for name, lines in said.items() if place in (None, name) for line in lines)
    return "\n".join(f'<div class="{look}">{html.escape(text)}</div>' for text, look, *_ in found)


def presses(page: FormPage, place: str | None = None) -> list[Pressed]:
    """The buttons there."""
    said = {**page.kept, **page.said}
    return [
        Pressed(page, name, words)
        for name, lines in said.items()
        if place in (None, name)
        for _, _, presses, *_ in lines
        for words in presses
    ]


def text(parts: WidgetFactory, widget: widgets.Widget) -> str:
    """All that stands in the widgets as HTML, and all that is said."""
    shown = [each.value for each in within(widget) if isinstance(each, widgets.HTML)]
    return "\n".join([*shown, lines(parts.page), html.escape(parts.page.code)])


def buttons(parts: WidgetFactory, widget: widgets.Widget) -> Iterator[widgets.Button | Pressed]:
    """All buttons: the widgets, and those behind lines."""
    yield from (each for each in within(widget) if isinstance(each, widgets.Button))
    yield from presses(parts.page)
