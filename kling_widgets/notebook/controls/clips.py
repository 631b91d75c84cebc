"""Control for clips and sounds: for each a link, its options, and a player."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import PurePath

import ipywidgets as widgets

from kling_widgets.catalog.field_kinds import AnyField
from kling_widgets.catalog.structured_fields import Clips
from kling_widgets.core.json_values import JSON
from kling_widgets.notebook.controls.basic import DEFAULT
from kling_widgets.notebook.controls.preview import Preview, player
from kling_widgets.notebook.controls.structured import StructuredControl
from kling_widgets.notebook.widgets.form_page import Message
from kling_widgets.notebook.widgets.rows import GrowingRows
from kling_widgets.request.request import VideoRequest

# The options of a clip (D), by name in the body: its label, and the choices with their descriptions.
_OPTIONS = {
    "refer_type": (
        "Use as",
        {"feature": "its look and movement are followed", "base": "it is the video that is edited"},
    ),
    "keep_original_sound": ("Keep its sound", {"yes": "the clip keeps its sound", "no": "its sound is dropped"}),
}


FEW_ROWS = 4  # up to this many are shown as rows even if the model takes fewer; the field's check reports the excess


class ClipRows(StructuredControl):
    """Rows of a link and its options.

    A model that takes several clips has a button to add rows. For a model that takes one, there are more rows only if
    the value has more items.
    """

    sheets = ("media",)

    def build_editor(self) -> Sequence[widgets.Widget]:
        self._rows = GrowingRows(self.parts, lambda number: _ClipRow(self, number))
        self._rows.grow(1)
        self._add: widgets.Button | None = None
        return self._editor_widgets()

    def set_field(self, field: AnyField) -> None:
        super().set_field(field)
        self.set_editor(*self._editor_widgets())

    def _editor_widgets(self) -> list[widgets.Widget]:
        """Return the rows and, if the field takes several items, the button that adds one."""
        assert isinstance(self.field, Clips)
        rows = [*self._rows.widgets]
        if self.field.at_most == 1 and self._add is None:
            return rows
        if self._add is None:
            self._add = self.parts.button(f"Add a {self._noun}", self._add_row, "kling-indent")
        self._add.disabled = full = len(rows) >= self.field.at_most
        self._add.tooltip = f"At most {self.field.at_most} (D)" if full else f"Add one more {self._noun}"
        return rows if self.field.at_most == 1 else [*rows, self._add]

    def close(self) -> None:
        if self._add is not None and self._add not in self.editor:
            self.parts.close(self._add)
        super().close()

    def _add_row(self) -> None:
        self._rows.grow(len(self._rows) + 1)
        self.set_editor(*self._editor_widgets())

    @property
    def _noun(self) -> str:
        assert isinstance(self.field, Clips)
        return "video" if self.field.media == "video" else "sound"

    @property
    def introduction(self) -> tuple[Message, ...]:
        """The reason why there is no button to choose a file."""
        words = "The service takes uploads of pictures only"
        hint = f"{words}: host the {self._noun} at a public address, and enter its link."
        return (Message(hint, "kling-dim kling-indent"),)

    def can_edit(self, value: JSON) -> bool:
        assert isinstance(self.field, Clips)
        options = _options(self.field)
        return (
            isinstance(value, list)
            and len(value) <= max(FEW_ROWS, self.field.at_most)
            and all(isinstance(item, dict) and _is_row(item, options) for item in value)
        )

    def read(self) -> JSON:
        items = [row.read() for row in self._rows]
        return [item for item in items if item != {"url": None}] or None

    def write(self, value: JSON) -> None:
        items = value or [{"url": None}]
        with self._rows.resized(len(items)):
            for row, item in zip(self._rows, items, strict=True):
                row.write(item)
            self.set_editor(*self._editor_widgets())

    def update_context(self, request: VideoRequest) -> None:
        value = request.get(self.field.name)
        items = iter(value if isinstance(value, list) and not self.as_json else ())
        for row in self._rows:
            item = next(items, None) if row.read() != {"url": None} else None
            row.preview.show(item.get("url") if isinstance(item, dict) else None)


class _ClipRow:
    """Widgets for one clip or sound."""

    def __init__(self, control: ClipRows, number: int) -> None:
        field, parts = control.field, control.parts
        assert isinstance(field, Clips)
        label = f"{field.label} link" if number == 1 else f"{field.label} link {number}"
        self.box = parts.make(widgets.Text, description=label, placeholder=field.example, tooltip=field.help)
        self.options = {
            name: parts.make(
                widgets.ToggleButtons,
                description=words,
                options=[DEFAULT, *choices],
                value=DEFAULT,
                tooltips=["The service decides", *choices.values()],
            )
            for name, (words, choices) in _options(field).items()
        }
        tag = "video" if field.media == "video" else "audio"
        for each in (self.box, *self.options.values()):
            control.watch(each)
        self.widget = parts.box(self.box, *self.options.values())
        self.preview = Preview(partial(player, tag=tag), parts, field.label, self.widget)

    def read(self) -> dict[str, JSON]:
        chosen = {name: toggle.value for name, toggle in self.options.items() if toggle.value != DEFAULT}
        return {"url": self.box.value.strip() or None, **chosen}

    def write(self, item: dict[str, JSON]) -> None:
        self.box.value = "" if item["url"] is None else str(item["url"])
        for name, toggle in self.options.items():
            toggle.value = item.get(name, DEFAULT)


def _is_row(item: dict[str, JSON], options: dict[str, tuple[str, dict[str, str]]]) -> bool:
    """Return whether a row can show the clip or sound without loss."""
    return (
        "url" in item
        and item.keys() <= {"url", *options}
        and (item["url"] is None or isinstance(item["url"], (str, PurePath)))
        and all(isinstance(item[name], str) and item[name] in options[name][1] for name in item if name != "url")
    )


def _options(field: Clips) -> dict[str, tuple[str, dict[str, str]]]:
    return _OPTIONS if field.media == "video" else {}
