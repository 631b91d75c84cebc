"""What every control is: a row with a visible label, a value, and its problems below."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence

import ipywidgets as widgets
from ipywidgets.widgets.widget_description import DescriptionStyle
from ipywidgets.widgets.widget_int import SliderStyle
from ipywidgets.widgets.widget_selection import ToggleButtonsStyle
from ipywidgets.widgets.widget_string import TextStyle

from kling_widgets.core.fields import Field, Problem
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.values import JSON
from kling_widgets.notebook.local_media import LocalMedia
from kling_widgets.notebook.ways import Way

LABEL = "110px"


class Parts:
    """What the controls of one form share, so that each does not cost models of its own.

    Args:
        local: what the controls ask about local files, and where they put chosen ones.
    """

    def __init__(self, local: LocalMedia) -> None:
        self.local = local
        self.plain = widgets.Layout()
        self.wide = widgets.Layout(width="auto")
        self.grow = widgets.Layout(flex="1 1 auto", width="auto")
        self.narrow = widgets.Layout(width="auto")
        self.text = TextStyle(description_width=LABEL)
        self.pills = ToggleButtonsStyle(button_width="auto", description_width=LABEL)
        self.slider = SliderStyle(description_width="auto")
        self.list = DescriptionStyle(description_width=LABEL)

    def close(self, widget: widgets.Widget) -> None:
        """Closes a widget and everything that belongs to it alone: what is in it, its layout, its style."""
        waiting, kept = [widget], {id(each) for each in vars(self).values()}
        while waiting:
            one = waiting.pop()
            if id(one) in kept or one.comm is None:
                continue
            kept.add(id(one))
            for value in one.trait_values().values():
                inside = value if isinstance(value, (tuple, list)) else (value,)
                waiting += [each for each in inside if isinstance(each, widgets.Widget)]
            one.close()


def within(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """A widget and everything that it shows, in order."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from within(child)


class Control(ABC):
    """One field's control.

    Attributes:
        field: the field.
        widget: the row.
        changed: called, without arguments, when the user has changed the value.
        assign: called with values of other fields, by name, that what the user did here stands for.
    """

    def __init__(self, field: Field, parts: Parts) -> None:
        self.field, self.parts = field, parts
        self.changed: Callable[[], None] = lambda: None
        self.assign: Callable[[Mapping[str, JSON]], None] = lambda values: None
        self._quiet = False
        self._said: tuple[tuple[Problem, tuple[Way, ...]], ...] = ()
        self.body = self.build()
        self.widget = widgets.VBox([self.body], layout=parts.plain)
        self.widget.add_class("kling-field")

    @abstractmethod
    def build(self) -> widgets.Widget:
        """Makes the row."""

    @abstractmethod
    def get(self) -> JSON:
        """The value; None when it is not set."""

    @abstractmethod
    def put(self, value: JSON) -> None:
        """Shows the value; None unsets it."""

    def know(self, request: VideoRequest) -> None:  # noqa: B027 - most controls need to know nothing
        """Tells it what the whole request is now, for what it shows of other fields; it is no change of the user's."""

    def set(self, value: JSON) -> None:
        """Shows a value that does not come from the user; ``changed`` is not called."""
        self._quiet = True
        try:
            self.put(value)
        finally:
            self._quiet = False

    def enter(self, value: JSON) -> None:
        """Enters a value as the user would: a program may fill in a form, too."""
        self.set(value)
        self.tell()

    def watch(self, widget: widgets.Widget, trait: str = "value") -> None:
        """Takes a change of this widget as one of the control."""
        widget.observe(lambda _: self.tell(), trait)

    def tell(self) -> None:
        """Says that the user has changed the value, unless it is being set."""
        if not self._quiet:
            self.changed()

    def show(self, said: Sequence[tuple[Problem, tuple[Way, ...]]]) -> None:
        """Shows the problems of this field, each with a button for every way out of it."""
        if tuple(said) == self._said:
            return
        self._said = tuple(said)
        rows: list[widgets.Widget] = []
        for problem, ways in said:
            word, style = ("Error", "kling-error") if problem.severity == "error" else ("Note", "kling-note")
            text = widgets.HTML(
                f'<div class="kling-problem {style}">{word}: {html.escape(str(problem))}</div>', layout=self.parts.plain
            )
            row = widgets.HBox([text, *map(self._button, ways)], layout=self.parts.plain) if ways else text
            if ways:
                row.add_class("kling-row")
                row.add_class("kling-fix")
            rows.append(row)
        old = self.widget.children[1:]
        self.widget.children = (self.body, *rows)
        for row in old:
            self.parts.close(row)

    def _button(self, way: Way) -> widgets.Button:
        button = widgets.Button(description=way.words, layout=self.parts.narrow)
        button.on_click(lambda _: self.assign(way.values))
        return button

    def close(self) -> None:
        """Gives back every widget that it made."""
        self.parts.close(self.widget)
