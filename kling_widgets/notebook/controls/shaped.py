"""What the controls of values with an inner shape have in common: an editor, and the JSON beside it.

What the editor cannot show without loss, such as two axes of a camera, is shown as JSON: nothing is bent to fit.
"""

from __future__ import annotations

import html
import re
from abc import abstractmethod

import ipywidgets as widgets

from kling_widgets.core.values import JSON, to_json, with_links
from kling_widgets.notebook.controls.control import Control

_MARK = re.compile(r" \([SDRI](, [SDRI])*\)")  # how sure a limit is: for who looks closer, in the tooltip
CANNOT = "The controls cannot show this"
AS_JSON, AS_CONTROLS = "Write JSON", "Use the controls"


class Shaped(Control):
    """An editor of its own for a value with an inner shape."""

    @abstractmethod
    def edit(self) -> widgets.Widget:
        """Makes the editor."""

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
        self.editor = self.edit()
        self.json: widgets.Textarea | None = None  # most people never need it
        # Under a section's title of the same name only a screen reader needs it once more.
        known = "kling-unseen" if self.field.label == self.field.section else "kling-label"
        label = widgets.HTML(
            f'<span class="{known}">{html.escape(self.field.label)}</span> '
            f'<span class="kling-dim">{html.escape(_MARK.sub("", self.field.help))}</span>',
            tooltip=self.field.help,
            layout=self.parts.plain,
        )
        self.switch = widgets.Button(
            description=AS_JSON, tooltip=f"{self.field.label} as the service reads it", layout=self.parts.narrow
        )
        self.switch.add_class("kling-quiet")
        self.switch.on_click(self._flip)
        head = widgets.HBox([label, self.switch], layout=self.parts.plain)
        head.add_class("kling-head")
        self.place = widgets.VBox([head, self.editor], layout=self.parts.plain)
        return self.place

    def close(self) -> None:
        for hidden in (self.json, self.editor):  # one of them does not show, and so is no child
            if hidden is not None:
                self.parts.close(hidden)
        super().close()

    @property
    def as_json(self) -> bool:
        """Whether the JSON shows."""
        return self.json is not None and self.place.children[-1] is self.json

    def get(self) -> JSON:
        if self.as_json and self.json is not None:
            return self.json.value.strip() or None
        return self.read()

    def put(self, value: JSON) -> None:
        clean = self.field.clean(value, paths=False)
        if clean is None or self.fits(clean):
            self.write(clean)
            self._reveal(self.editor)
        else:
            self._json_box().value = clean if isinstance(clean, str) else to_json(with_links(clean, str), 1)
            self._reveal(self._json_box())

    def _flip(self, button: object) -> None:
        value = self.field.clean(self.get(), paths=False)
        if not self.as_json:
            self._quiet = True
            try:
                self._json_box().value = "" if value is None else to_json(with_links(value, str), 1)
            finally:
                self._quiet = False
            self._reveal(self._json_box())
        elif value is None or self.fits(value):
            self.set(value)
        else:
            self.switch.description, self.switch.disabled = CANNOT, True
            return
        self.tell()

    def _json_box(self) -> widgets.Textarea:
        if self.json is None:
            self.json = widgets.Textarea(
                description=f"{self.field.label}, JSON",
                placeholder=self.field.example,
                tooltip=self.field.help,
                layout=self.parts.wide,
                style=self.parts.text,
                rows=4,
            )
            self.json.observe(lambda _: self._reveal(self.json), "value")  # another text may fit again
            self.watch(self.json)
        return self.json

    def _reveal(self, what: widgets.Widget) -> None:
        self.switch.description, self.switch.disabled = AS_CONTROLS if what is self.json else AS_JSON, False
        if self.place.children[-1] is not what:
            self.place.children = (self.place.children[0], what)
