"""Control for elements: one id for each row, and a button that inserts the element's name into the prompt."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as widgets

from kling_widgets.catalog.structured_fields import Elements
from kling_widgets.core.json_values import JSON
from kling_widgets.notebook.controls.structured import StructuredControl
from kling_widgets.notebook.widgets.rows import GrowingRows
from kling_widgets.request.request import VideoRequest

ADD = "Add the id of one more element"


class ElementRows(StructuredControl):
    """Rows of element ids, each with a button that inserts the element's name into the prompt."""

    def build_editor(self) -> Sequence[widgets.Widget]:
        assert isinstance(self.field, Elements)
        self._prompt = ""
        self._rows = GrowingRows(self.parts, lambda number: _ElementRow(self, number))
        self._add = self.parts.button(
            "Add an element", lambda: self._change([*self._ids(), ""]), "kling-indent", tooltip=ADD
        )
        return (self._add,)

    def can_edit(self, value: JSON) -> bool:
        assert isinstance(self.field, Elements)
        return (
            isinstance(value, list)
            and len(value) <= self.field.at_most
            and all(isinstance(item, dict) and item.keys() == {"element_id"} for item in value)
            # The row would return a number as text.
            and all(isinstance(item["element_id"], str) for item in value)
        )

    def read(self) -> JSON:
        return [{"element_id": text} for text in self._ids()] or None

    def write(self, value: JSON) -> None:
        self._show([item["element_id"] for item in value or []])

    def update_context(self, request: VideoRequest) -> None:
        self._prompt = str(request.get("prompt") or "")
        for row in self._rows:
            row.insert.disabled = row.name in self._prompt

    def _ids(self) -> list[str]:
        return [row.box.value.strip() for row in self._rows]

    def _change(self, ids: list[str]) -> None:
        self._show(ids)
        self.notify_changed()

    def _show(self, ids: list[str]) -> None:
        """Show these ids, one in each row."""
        assert isinstance(self.field, Elements)
        with self._rows.resized(len(ids)):
            quiet, self._quiet = self._quiet, True
            for row, text in zip(self._rows, ids, strict=True):
                row.box.value = text
            self._quiet = quiet
            self.set_editor(*self._rows.widgets, self._add)
        full = len(ids) >= self.field.at_most
        self._add.disabled = full
        self._add.tooltip = f"At most {self.field.at_most} (D)" if full else ADD

    def remove(self, row: _ElementRow) -> None:
        """Remove an element; the names of those behind it move up."""
        self._change([each.box.value.strip() for each in self._rows if each is not row])

    def insert_name(self, row: _ElementRow) -> None:
        """Append the element's name to the prompt."""
        self.assign({"prompt": f"{self._prompt} {row.name}".strip()})


class _ElementRow:
    """Widgets for one element."""

    def __init__(self, control: ElementRows, number: int) -> None:
        self.name = f"<<<element_{number}>>>"
        parts = control.parts
        self.box = parts.make(widgets.Text, description=f"Element {number}", placeholder="its id")
        control.watch(self.box)
        self.insert = parts.button(
            f"Name it {self.name}",
            lambda: control.insert_name(self),
            tooltip=f"Add {self.name} to the end of the prompt, where it refers to this element",
        )
        remove = parts.button("Remove", lambda: control.remove(self), tooltip=f"Remove element {number}")
        self.widget = parts.row(self.box, self.insert, remove)
