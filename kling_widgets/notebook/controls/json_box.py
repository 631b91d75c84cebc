"""Control for a structured field without an editor: a text box of JSON, checked as it is typed."""

from __future__ import annotations

import ipywidgets as widgets

from kling_widgets.core.json_values import JSON, to_json, with_links
from kling_widgets.notebook.controls.base import Control


class JsonBox(Control):
    """Text box for JSON, or for a text that the field takes instead, such as a link."""

    def build(self) -> widgets.Widget:
        self.box = self.parts.make(
            widgets.Textarea,
            *self.classes,
            description=self.field.label,
            placeholder=self.field.example,
            tooltip=self.field.help,
            rows=3,
        )
        self.watch(self.box)
        return self.box

    def get(self) -> JSON:
        return self.box.value.strip() or None

    def set_value(self, value: JSON) -> None:
        self.box.value = (
            "" if value is None else value if isinstance(value, str) else to_json(with_links(value, str), 1)
        )
