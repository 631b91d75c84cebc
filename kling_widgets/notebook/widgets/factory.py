"""What the widgets of one form share, and how they are made with it."""

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

# A style belongs to a class. A text's style is one of every labelled box.
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
    """One layout, a style for each class, and the page's side of the form. What else widgets differ in is in the style
    sheets: a layout or style of its own would cost each widget twice as much again.

    Args:
        local: what the controls ask about local files, and where they put chosen ones.

    Attributes:
        layout: the one of all.
        page: what is said in the form.
    """

    def __init__(self, local: LocalMedia) -> None:
        self.local = local
        self.layout = compact_state(widgets.Layout)()
        self.page = FormPage(layout=self.layout)
        self._styles: dict[Any, widgets.Widget] = {}  # made when first needed
        self._made: WeakSet[widgets.Widget] = WeakSet()

    def make(self, kind: Any, *classes: str, **traits: Any) -> Any:
        """A widget of this kind.

        Args:
            kind: one of the classes of ipywidgets.
            classes: what it is called in the style sheets.
            traits: as its class takes them.
        """
        if kind in _STYLES:
            style, looks = _STYLES[kind]
            if style not in self._styles:
                self._styles[style] = compact_state(style)(**looks)
            traits["style"] = self._styles[style]
        made = compact_state(kind)(layout=self.layout, _dom_classes=classes, **traits)
        self._made.add(made)
        return made

    def button(self, words: str, pressed: Callable[[], object], *classes: str, **traits: Any) -> Any:
        """A button, and what it does."""
        button = self.make(widgets.Button, *classes, description=words, **traits)
        button.on_click(lambda _: pressed())
        return button

    def box(self, *children: widgets.Widget, classes: tuple[str, ...] = ()) -> Any:
        """A column."""
        return self.make(widgets.VBox, *classes, children=children)

    def row(self, *children: widgets.Widget, classes: tuple[str, ...] = ("kling-row",)) -> Any:
        """A row that breaks where it is too long."""
        return self.make(widgets.HBox, *classes, children=children)

    def close(self, widget: widgets.Widget) -> None:
        """Closes a widget and everything that is in it; what is shared stays."""
        for each in list(within(widget)):
            each.close()

    def close_all(self) -> None:
        """Close every widget that was made here, and the shared ones."""
        for each in (*self._made, self.page, *self._styles.values(), self.layout):
            self.close(each)


def within(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """A widget and everything that it shows, in order."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from within(child)
