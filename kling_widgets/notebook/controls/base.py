"""What every control is: a box with a visible label, a value, and its problems below."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import ipywidgets as widgets

from kling_widgets.catalog.field_kinds import AnyField
from kling_widgets.core.json_values import JSON
from kling_widgets.core.problem import Problem
from kling_widgets.notebook.controls.quick_fixes import QuickFix
from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.notebook.widgets.form_page import Message, at
from kling_widgets.request.request import VideoRequest


class Control(ABC):
    """One field's control.

    Attributes:
        sheets: the style sheets that it needs besides that of the form.
        field: the field.
        widget: all of it.
        changed: called, without arguments, when the user has changed the value.
        assign: called with values of other fields, by name, that what the user did here stands for.
    """

    sheets: tuple[str, ...] = ()

    def __init__(self, field: AnyField, parts: WidgetFactory) -> None:
        self.field, self.parts = field, parts
        self.changed: Callable[[], None] = lambda: None
        self.assign: Callable[[Mapping[str, JSON]], None] = lambda values: None
        self._quiet = False
        self.classes = ("kling-field", at(field.name))  # of the widget: its lines stand in it
        for sheet in self.sheets:
            parts.page.load_css(sheet)
        self.widget = self.build()

    @abstractmethod
    def build(self) -> widgets.Widget:
        """Makes the widget."""

    @abstractmethod
    def get(self) -> JSON:
        """The value; None when it is not set."""

    @abstractmethod
    def set_value(self, value: JSON) -> None:
        """Shows the value; None unsets it."""

    def set_field(self, field: AnyField) -> None:
        """Takes another model's field of this name and kind, with that one's limits and hints. The value is set after
        that."""
        self.field = field

    def update_context(self, request: VideoRequest) -> None:  # noqa: B027 - most controls need to know nothing
        """Tells it what the whole request is now, for what it shows of other fields; it is no change of the user's."""

    def set(self, value: JSON) -> None:
        """Shows a value that does not come from the user; ``changed`` is not called."""
        self._quiet = True
        try:
            self.set_value(value)
        finally:
            self._quiet = False

    def enter(self, value: JSON) -> None:
        """Enters a value as the user would: a program may fill in a form, too."""
        self.set(value)
        self.notify_changed()

    def watch(self, widget: widgets.Widget, trait: str = "value") -> None:
        """Takes a change of this widget as one of the control."""
        widget.observe(lambda _: self.notify_changed(), trait)

    def notify_changed(self) -> None:
        """Says that the user has changed the value, unless it is being set."""
        if not self._quiet:
            self.changed()

    def show(self, said: Sequence[tuple[Problem, tuple[QuickFix, ...]]]) -> None:
        """Shows the problems of this field, each with a button for every way out of it."""
        self.parts.page.set_messages(self.field.name, *(self._line(problem, ways) for problem, ways in said))

    def _line(self, problem: Problem, ways: tuple[QuickFix, ...]) -> Message:
        word, look = ("Error", "kling-error") if problem.severity == "error" else ("Note", "kling-note")
        presses = tuple((way.words, partial(self.assign, way.values)) for way in ways)
        return Message(f"{word}: {problem}", f"kling-problem {look}", presses)

    def close(self) -> None:
        """Gives back every widget that it made."""
        self.parts.close(self.widget)
        self.parts.page.clear(self.field.name)
