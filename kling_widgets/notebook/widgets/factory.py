"""Factory of the widgets of one form, which share their layout and styles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakSet

import ipywidgets as widgets
from ipywidgets.widgets.widget_int import SliderStyle
from ipywidgets.widgets.widget_selection import ToggleButtonsStyle
from ipywidgets.widgets.widget_string import HTMLStyle, TextStyle

from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.notebook.widgets.compact_state import compact_state
from kling_widgets.notebook.widgets.form_page import FormPage

LABEL = "110px"

# Style class and values for each widget class. All labelled boxes can share the style of Text.
_TEXT = (TextStyle, {"description_width": LABEL})
_STYLES: dict[Any, tuple[Any, dict[str, str]]] = {
    widgets.Text: _TEXT,
    widgets.Textarea: _TEXT,
    widgets.Dropdown: _TEXT,
    widgets.BoundedIntText: _TEXT,
    widgets.ToggleButtons: (ToggleButtonsStyle, {"button_width": "auto", "description_width": LABEL}),
    widgets.IntSlider: (SliderStyle, {"description_width": "auto"}),
    widgets.FloatSlider: (SliderStyle, {"description_width": "auto"}),
    widgets.Button: (widgets.ButtonStyle, {}),
    widgets.HTML: (HTMLStyle, {}),
}


class WidgetFactory:
    """Factory of the widgets of a form, with one shared layout and one shared style for each class.

    All other differences are in the style sheets: a layout and a style of its own would triple the cost of each widget.

    Args:
        local: the local files, for the controls: to read their properties and to store chosen ones.

    Attributes:
        layout: the shared layout.
        page: the part of the form that lives in the page, with all messages.
    """

    def __init__(self, local: LocalMedia) -> None:
        self.local = local
        self.layout = compact_state(widgets.Layout)()
        self.page = FormPage(layout=self.layout)
        self._styles: dict[Any, widgets.Widget] = {}  # created when first needed
        self._made: WeakSet[widgets.Widget] = WeakSet()

    def make(self, kind: Any, *classes: str, **traits: Any) -> Any:
        """Return a new widget.

        Args:
            kind: a class of ipywidgets.
            classes: its CSS classes.
            traits: arguments of the class.
        """
        if kind in _STYLES:
            style, values = _STYLES[kind]
            if style not in self._styles:
                self._styles[style] = compact_state(style)(**values)
            traits["style"] = self._styles[style]
        made = compact_state(kind)(layout=self.layout, _dom_classes=classes, **traits)
        self._made.add(made)
        return made

    def button(self, label: str, on_click: Callable[[], object], *classes: str, **traits: Any) -> Any:
        """Return a button that calls ``on_click``."""
        button = self.make(widgets.Button, *classes, description=label, **traits)
        button.on_click(lambda _: on_click())
        return button

    def box(self, *children: widgets.Widget, classes: tuple[str, ...] = ()) -> Any:
        """Return a column."""
        return self.make(widgets.VBox, *classes, children=children)

    def row(self, *children: widgets.Widget, classes: tuple[str, ...] = ("kling-row",)) -> Any:
        """Return a row that wraps."""
        return self.make(widgets.HBox, *classes, children=children)

    def close(self, widget: widgets.Widget) -> None:
        """Close a widget and everything inside it, but not the shared layout and styles."""
        for each in list(within(widget)):
            each.close()

    def close_all(self) -> None:
        """Close every widget that this factory has made, and the shared layout and styles."""
        for each in (*self._made, self.page, *self._styles.values(), self.layout):
            self.close(each)


def within(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """Iterate over a widget and all its descendants, in order."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from within(child)
