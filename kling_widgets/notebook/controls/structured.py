"""What the controls of values with an inner shape have in common: an editor, and the JSON beside it.

What the editor cannot show without loss, such as two axes of a camera, is shown as JSON: nothing is bent to fit.
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
from kling_widgets.notebook.widgets.form_page import Message, at

_MARK = re.compile(r" \([SDRI](, [SDRI])*\)")  # how sure a limit is: for who looks closer, in the tooltip
CANNOT = "The controls cannot show this"
AS_JSON, AS_CONTROLS = "Write JSON", "Use the controls"


class StructuredControl(Control):
    """An editor of its own for a value with an inner shape."""

    @property
    def about(self) -> tuple[Message, ...]:
        """What stands above the editor, as long as that shows."""
        return ()

    @abstractmethod
    def edit(self) -> Sequence[widgets.Widget]:
        """Makes the editor, one widget below the other."""

    @abstractmethod
    def fits(self, value: JSON) -> bool:
        """Whether the editor shows this value, as the field has cleaned it, without loss; never raises."""

    @abstractmethod
    def read(self) -> JSON:
        """The editor's value, also when unfinished; None when there is none."""

    @abstractmethod
    def write(self, value: JSON) -> None:
        """Shows in the editor a value that fits; None empties it."""

    def build(self) -> widgets.Widget:
        self.places = (f"{self.field.name}-about", f"{self.field.name}-editor")  # above the editor, and below it
        self.json: widgets.Textarea | None = None  # most people never need it
        self.as_json = False
        self.label = self.parts.make(widgets.HTML, value=self._label(), tooltip=self.field.help)
        self.switch = self.parts.button(
            AS_JSON, self._flip, "kling-quiet", tooltip=f"{self.field.label} as the service reads it"
        )
        self.editor: tuple[widgets.Widget, ...] = ()
        self._below: tuple[Message, ...] = ()
        classes = (*map(at, self.places), *self.classes, "kling-shaped")
        self.widget = self.parts.box(self.label, self.switch, classes=classes)
        self.change(*self.edit())
        return self.widget

    def _label(self) -> Markup:
        # Under a section's title of the same name only a screen reader needs it once more.
        known = "kling-unseen" if self.field.label == self.field.section else "kling-label"
        return Markup('<span class="{}">{}</span> <span class="kling-dim">{}</span>').format(
            known, self.field.label, _MARK.sub("", self.field.help)
        )

    def set_field(self, field: AnyField) -> None:
        super().set_field(field)
        self.label.value, self.label.tooltip = self._label(), field.help

    def change(self, *editor: widgets.Widget) -> None:
        """Shows other widgets of the editor."""
        self.editor = editor
        self._reveal(self.as_json)

    def say(self, *lines: Message) -> None:
        """Says these lines below the editor, as long as that shows."""
        self._below = lines
        for place, said in zip(self.places, (self.about, lines), strict=True):
            self.parts.page.set_messages(place, *(() if self.as_json else said))

    def close(self) -> None:
        for hidden in (self.json, *self.editor):  # what does not show is no child
            if hidden is not None:
                self.parts.close(hidden)
        super().close()
        self.parts.page.clear(*self.places)

    def get(self) -> JSON:
        if self.as_json and self.json is not None:
            return self.json.value.strip() or None
        return self.read()

    def set_value(self, value: JSON) -> None:
        clean = self.field.clean(value, paths=False)
        if clean is None or self.fits(clean):
            self.write(clean)
            self._reveal(False)
        else:
            self._json_box().value = clean if isinstance(clean, str) else to_json(with_links(clean, str), 1)
            self._reveal(True)

    def _flip(self) -> None:
        value = self.field.clean(self.get(), paths=False)
        if not self.as_json:
            self._quiet = True
            try:
                self._json_box().value = "" if value is None else to_json(with_links(value, str), 1)
            finally:
                self._quiet = False
            self._reveal(True)
        elif value is None or self.fits(value):
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
            self.json.observe(lambda _: self._reveal(True), "value")  # another text may fit again
            self.watch(self.json)
        return self.json

    def _reveal(self, as_json: bool) -> None:
        self.as_json = as_json
        with self.switch.hold_sync():
            self.switch.description, self.switch.disabled = AS_CONTROLS if as_json else AS_JSON, False
        shown = (self.label, self.switch, *((self.json,) if as_json else self.editor))
        if shown != self.widget.children:
            self.widget.children = shown
        self.say(*self._below)
