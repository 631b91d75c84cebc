"""Controls for plain values: text, a choice from a few or many options, a number."""

from __future__ import annotations

import ipywidgets as widgets

from kling_widgets.catalog.field_kinds import AnyField
from kling_widgets.catalog.fields import Choice, Field, Flag, Number, Text
from kling_widgets.core.json_values import JSON, shorten
from kling_widgets.notebook.controls.base import Control

DEFAULT = "default"  # the service's default: the field is not sent
CHOOSE = "choose"


class TextBox(Control):
    """Text input of one line, or of several lines if the field is long."""

    def build(self) -> widgets.Widget:
        assert isinstance(self.field, Text)
        self.box = self.parts.make(
            widgets.Textarea if self.field.long else widgets.Text,
            *self.classes,
            description=self.field.label,
            placeholder="What happens in the video?" if self.field.name == "prompt" else self.field.example,
            tooltip=self.field.help,
            **({"rows": 4} if self.field.long else {}),
        )
        self.watch(self.box)
        return self.box

    def get(self) -> JSON:
        return self.box.value.strip() or None

    def set_value(self, value: JSON) -> None:
        self.box.value = "" if value is None else str(value)


class Toggle(Control):
    """Buttons for a few choices; the first one leaves the field unset."""

    kind: type[widgets.Widget] = widgets.ToggleButtons

    def build(self) -> widgets.Widget:
        self.choices = choices(self.field)
        self.box = self.parts.make(
            self.kind,
            *self.classes,
            description=self.field.label,
            options=(DEFAULT, *self.choices),
            value=DEFAULT,
            tooltip=self.field.help,
        )
        self.watch(self.box)
        return self.box

    def set_field(self, field: AnyField) -> None:
        super().set_field(field)
        self.choices = choices(field)
        self.box.options, self.box.tooltip = (DEFAULT, *self.choices), field.help

    def notify_changed(self) -> None:
        if self.box.index is not None:  # None is a click on a button that ipywidgets does not know: nothing was unset
            super().notify_changed()

    def get(self) -> JSON:
        return self.choices.get(self.box.value)

    def set_value(self, value: JSON) -> None:
        if value is not None and value not in self.choices.values():
            self.choices[str(value)] = value  # shown unchanged, even if it is not valid
            self.box.options = (DEFAULT, *self.choices)
        self.box.value = DEFAULT if value is None else next(word for word, v in self.choices.items() if v == value)


class Dropdown(Toggle):
    """Dropdown list of many choices."""

    kind = widgets.Dropdown


def choices(field: Field) -> dict[str, JSON]:
    """Return the field's choices by their labels; empty for a field of another kind."""
    match field:
        case Flag(choices=values):
            return {"on" if value else "off": value for value in values}
        case Choice(choices=words):
            return {word: word for word in words}
        case Number(usual=usual):
            return {str(number): number for number in usual}
    return {}


class Slider(Control):
    """Slider for a number in a range, which is used only if the user has chosen to set the field."""

    def build(self) -> widgets.Widget:
        assert isinstance(self.field, Number)
        low, high = _range(self.field)
        self._unusual: JSON = None  # a value that is not a whole number
        self.mode = self.parts.make(
            widgets.ToggleButtons,
            description=self.field.label,
            options=(DEFAULT, CHOOSE),
            value=DEFAULT,
            tooltip=self.field.help,
        )
        self.number = self.parts.make(
            widgets.IntSlider, min=low, max=high, value=max(low, 5), description=self.field.unit
        )
        self.watch(self.mode)
        self.watch(self.number)
        return self.parts.row(self.mode, self.number, classes=(*self.classes, "kling-row", "kling-number"))

    def set_field(self, field: AnyField) -> None:
        assert isinstance(field, Number)
        super().set_field(field)
        with self.number.hold_trait_notifications():
            self.number.min, self.number.max = _range(field)
        self.mode.tooltip = field.help

    def get(self) -> JSON:
        return {DEFAULT: None, CHOOSE: self.number.value}.get(self.mode.value, self._unusual)

    def set_value(self, value: JSON) -> None:
        # The value is shown unchanged, even if it is not valid.
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if is_number:
            self.number.min, self.number.max = min(self.number.min, value), max(self.number.max, value)
            self.number.value = value
        self._unusual = None if is_number else value
        unusual = [] if self._unusual is None else [shorten(value, 20)]
        if self.mode.options != (options := (DEFAULT, CHOOSE, *unusual)):
            self.mode.options = options
        self.mode.value = CHOOSE if is_number else unusual[0] if unusual else DEFAULT


def _range(field: Number) -> tuple[int, int]:
    usual = field.usual or (field.low, field.high)
    return min(usual), max(usual)
