"""A folded part of the form, whose title says what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import ipywidgets as widgets

from kling_widgets.core.fields import Field, Links, Problem
from kling_widgets.core.request import VideoRequest
from kling_widgets.notebook.controls import Control, Parts

Make = Callable[[Field], Control]


class Section:
    """A title that opens and closes, and the controls below it, which are made when it is first opened.

    Args:
        opened: called when the user has opened or closed it.
    """

    def __init__(self, title: str, parts: Parts, opened: Callable[[], None]) -> None:
        self.title = title
        self._fields: Sequence[Field] = ()
        self._make: Make | None = None
        self._troubled = False
        self._button = widgets.Button(description=f"▸ {title}", layout=parts.wide)
        self._button.add_class("kling-section")
        self.is_open = False
        self._opened = opened
        self._button.on_click(self._clicked)
        self.widget = widgets.VBox([self._button], layout=parts.plain)

    def _clicked(self, button: object) -> None:
        self.open(not self.is_open)
        self._opened()  # what is new in it has problems to show, too

    def fill(self, fields: Sequence[Field], make: Make) -> None:
        """Takes the fields that it holds for the present model."""
        self._fields, self._make = fields, make
        if self.is_open:
            self._place()

    def open(self, on: bool = True) -> None:
        """Opens or closes it."""
        if on == self.is_open:
            return
        self.is_open = on
        self._button.description = ("▾" if on else "▸") + self._button.description[1:]
        if on:
            self._place()
        else:
            self.widget.children = (self._button,)

    def tell(self, request: VideoRequest, problems: Mapping[str | None, Sequence[Problem]]) -> None:
        """Says in the title what is set; opens when a problem turns up that was not there before."""
        names = [field.name for field in self._fields]
        held = [_held(field, request) for field in self._fields if field.name in request.values]
        text = f"{'▾' if self.is_open else '▸'} {self.title}" + (f" ({', '.join(held)})" if held else "")
        if text != self._button.description:
            self._button.description = text
        troubled = any(problems.get(name) for name in names if name in request.values)
        if troubled and not self._troubled:
            self.open()
        self._troubled = troubled

    def _place(self) -> None:
        assert self._make is not None
        self.widget.children = (self._button, *(self._make(field).widget for field in self._fields))


def _held(field: Field, request: VideoRequest) -> str:
    value = request.values[field.name]
    if isinstance(field, Links) and isinstance(value, list):
        return f"{len(value)} of {field.limits[0].value}"
    return field.label.lower()
