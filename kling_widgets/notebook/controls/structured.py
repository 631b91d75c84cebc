"""Base class of the controls for structured values: an editor, and a text box of JSON to switch to.

A value that the editor cannot show without loss, such as a camera with two axes, is shown as JSON.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence

import ipywidgets as widgets
from markupsafe import Markup

from kling_widgets.catalog.field_kinds import AnyField
from kling_widgets.core.json_values import JSON, to_json, with_links
from kling_widgets.notebook.controls.base import Control
from kling_widgets.notebook.widgets.form_page import Message, slot_class

_MARK = re.compile(r" \([SDRI](, [SDRI])*\)")  # the source of a limit, which is shown only in the tooltip
CANNOT = "The controls cannot show this"
AS_JSON, AS_CONTROLS = "Write JSON", "Use the controls"


class StructuredControl(Control):
    """Control with an editor for a structured value."""

    @property
    def introduction(self) -> tuple[Message, ...]:
        """The messages above the editor."""
        return ()

    @abstractmethod
    def build_editor(self) -> Sequence[widgets.Widget]:
        """Create the widgets of the editor, from top to bottom."""

    @abstractmethod
    def can_edit(self, value: JSON) -> bool:
        """Return whether the editor can show this value, as cleaned by the field, without loss. Never raises."""

    @abstractmethod
    def read(self) -> JSON:
        """Return the editor's value, even if incomplete; None if it is empty."""

    @abstractmethod
    def write(self, value: JSON) -> None:
        """Show a value for which ``can_edit`` is true; None empties the editor."""

    def build(self) -> widgets.Widget:
        self.message_slots = (f"{self.field.name}-about", f"{self.field.name}-editor")  # above the editor, and below it
        self.json: widgets.Textarea | None = None  # created when needed, as most users never need it
        self.as_json = False
        self.label = self.parts.make(widgets.HTML, value=self._label(), tooltip=self.field.help)
        self.switch = self.parts.button(
            AS_JSON, self._toggle_json, "kling-quiet", tooltip=f"{self.field.label} as the service reads it"
        )
        self.editor: tuple[widgets.Widget, ...] = ()
        self._messages: tuple[Message, ...] = ()
        classes = (*map(slot_class, self.message_slots), *self.classes, "kling-shaped")
        self.widget = self.parts.box(self.label, self.switch, classes=classes)
        self.set_editor(*self.build_editor())
        return self.widget

    def _label(self) -> Markup:
        # Below a section title with the same text, the label is only for screen readers.
        known = "kling-unseen" if self.field.label == self.field.section else "kling-label"
        return Markup('<span class="{}">{}</span> <span class="kling-dim">{}</span>').format(
            known, self.field.label, _MARK.sub("", self.field.help)
        )

    def set_field(self, field: AnyField) -> None:
        super().set_field(field)
        self.label.value, self.label.tooltip = self._label(), field.help

    def set_editor(self, *editor: widgets.Widget) -> None:
        """Replace the widgets of the editor."""
        self.editor = editor
        self._show_as(self.as_json)

    def set_messages(self, *lines: Message) -> None:
        """Set the messages below the editor; they are hidden while the value is shown as JSON."""
        self._messages = lines
        for slot, messages in zip(self.message_slots, (self.introduction, lines), strict=True):
            self.parts.page.set_messages(slot, *(() if self.as_json else messages))

    def close(self) -> None:
        for hidden in (self.json, *self.editor):  # hidden widgets are not children of the box
            if hidden is not None:
                self.parts.close(hidden)
        super().close()
        self.parts.page.clear(*self.message_slots)

    def get(self) -> JSON:
        if self.as_json and self.json is not None:
            return self.json.value.strip() or None
        return self.read()

    def set_value(self, value: JSON) -> None:
        clean = self.field.clean(value, paths=False)
        if clean is None or self.can_edit(clean):
            self.write(clean)
            self._show_as(False)
        else:
            self._json_box().value = clean if isinstance(clean, str) else to_json(with_links(clean, str), 1)
            self._show_as(True)

    def _toggle_json(self) -> None:
        value = self.field.clean(self.get(), paths=False)
        if not self.as_json:
            self._quiet = True
            try:
                self._json_box().value = "" if value is None else to_json(with_links(value, str), 1)
            finally:
                self._quiet = False
            self._show_as(True)
        elif value is None or self.can_edit(value):
            self.set(value)
        else:
            self.switch.description, self.switch.disabled = CANNOT, True
            return
        self.notify_changed()

    def _json_box(self) -> widgets.Textarea:
        if self.json is None:
            self.json = self.parts.make(
                widgets.Textarea,
                description=f"{self.field.label}, JSON",
                placeholder=self.field.example,
                tooltip=self.field.help,
                rows=4,
            )
            self.json.observe(lambda _: self._show_as(True), "value")  # the new text may be editable again
            self.watch(self.json)
        return self.json

    def _show_as(self, as_json: bool) -> None:
        self.as_json = as_json
        with self.switch.hold_sync():
            self.switch.description, self.switch.disabled = AS_CONTROLS if as_json else AS_JSON, False
        shown = (self.label, self.switch, *((self.json,) if as_json else self.editor))
        if shown != self.widget.children:
            self.widget.children = shown
        self.set_messages(*self._messages)
