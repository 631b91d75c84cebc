"""Base class of all controls: a widget with a visible label, its value, and the field's problems below."""

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
from kling_widgets.notebook.widgets.form_page import Message, slot_class
from kling_widgets.request.request import VideoRequest


class Control(ABC):
    """Control of one field.

    Attributes:
        sheets: The style sheets that it needs besides the form's.
        field: The field.
        parts: Creates widgets; shared by the form's controls.
        widget: The widget to display.
        changed: Called without arguments after the user has changed the value.
        assign: Called with values for other fields, by name, that follow from an action of the user in this control.
        classes: The CSS classes of the widget. One of them marks where the page shows the field's messages.
    """

    sheets: tuple[str, ...] = ()

    def __init__(self, field: AnyField, parts: WidgetFactory) -> None:
        self.field, self.parts = field, parts
        self.changed: Callable[[], None] = lambda: None
        self.assign: Callable[[Mapping[str, JSON]], None] = lambda values: None
        self._quiet = False
        self.classes = ("kling-field", slot_class(field.name))
        for sheet in self.sheets:
            parts.page.load_css(sheet)
        self.widget = self.build()

    @abstractmethod
    def build(self) -> widgets.Widget:
        """Create the widget."""

    @abstractmethod
    def get(self) -> JSON:
        """Return the value, or None if it is not set."""

    @abstractmethod
    def set_value(self, value: JSON) -> None:
        """Show the value; None unsets it."""

    def set_field(self, field: AnyField) -> None:
        """Switch to another model's field of the same name and kind, with its limits and hints.

        The caller sets the value afterwards.
        """
        self.field = field

    def update_context(self, request: VideoRequest) -> None:  # noqa: B027 - most controls need to know nothing
        """Update what the control shows of other fields. The user has not changed this control's value."""

    def set(self, value: JSON) -> None:
        """Show a value that does not come from the user, without calling ``changed``."""
        self._quiet = True
        try:
            self.set_value(value)
        finally:
            self._quiet = False

    def enter(self, value: JSON) -> None:
        """Set a value as if the user had entered it; programs use this to fill in a form."""
        self.set(value)
        self.notify_changed()

    def watch(self, widget: widgets.Widget, trait: str = "value") -> None:
        """Report changes of this widget as changes of the control."""
        widget.observe(lambda _: self.notify_changed(), trait)

    def notify_changed(self) -> None:
        """Call ``changed``, unless the value is being set by the program."""
        if not self._quiet:
            self.changed()

    def show(self, problems: Sequence[tuple[Problem, tuple[QuickFix, ...]]]) -> None:
        """Show the field's problems, each with a button for every quick fix."""
        self.parts.page.set_messages(self.field.name, *(self._line(problem, fixes) for problem, fixes in problems))

    def _line(self, problem: Problem, fixes: tuple[QuickFix, ...]) -> Message:
        prefix, css_class = ("Error", "kling-error") if problem.severity == "error" else ("Note", "kling-note")
        buttons = tuple((fix.label, partial(self.assign, fix.values)) for fix in fixes)
        return Message(f"{prefix}: {problem}", f"kling-problem {css_class}", buttons)

    def close(self) -> None:
        """Close all widgets of the control and remove its messages."""
        self.parts.close(self.widget)
        self.parts.page.clear(self.field.name)
