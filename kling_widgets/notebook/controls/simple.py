"""Controls of plain values: text, one of a few words, one of many words, a number."""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets as widgets

from kling_widgets.core.fields import Field, Number, Text
from kling_widgets.core.values import JSON, shorten
from kling_widgets.notebook.controls.control import Control, Parts

DEFAULT = "default"  # the service's own; then the field is not sent
CHOOSE = "choose"


class TextBox(Control):
    """A line of text, or several where the field is long."""

    def build(self) -> widgets.Widget:
        assert isinstance(self.field, Text)
        kind = widgets.Textarea if self.field.long else widgets.Text
        self.box = kind(
            description=self.field.label,
            placeholder="What happens in the video?" if self.field.name == "prompt" else self.field.example,
            tooltip=self.field.help,
            layout=self.parts.wide,
            style=self.parts.text,
        )
        if self.field.long:
            self.box.rows = 4
        self.watch(self.box)
        return self.box

    def get(self) -> JSON:
        return self.box.value.strip() or None

    def put(self, value: JSON) -> None:
        self.box.value = "" if value is None else str(value)


class Pills(Control):
    """A few choices side by side; the first one leaves the field alone."""

    def __init__(self, field: Field, parts: Parts, choices: Mapping[str, JSON]) -> None:
        self.choices = dict(choices)
        super().__init__(field, parts)

    def build(self) -> widgets.Widget:
        self.box = widgets.ToggleButtons(
            description=self.field.label,
            options=[DEFAULT, *self.choices],
            tooltips=[self.field.help] * (1 + len(self.choices)),
            layout=self.parts.plain,
            style=self.parts.pills,
        )
        self.watch(self.box)
        return self.box

    def get(self) -> JSON:
        return self.choices.get(self.box.value)

    def put(self, value: JSON) -> None:
        if value is not None and value not in self.choices.values():
            self.choices[str(value)] = value  # a value from elsewhere is shown as it is, right or wrong
            self.box.options = [DEFAULT, *self.choices]
        self.box.value = DEFAULT if value is None else next(word for word, v in self.choices.items() if v == value)


class WordList(Pills):
    """Many choices in a list."""

    def build(self) -> widgets.Widget:
        self.box = widgets.Dropdown(
            description=self.field.label,
            options=[DEFAULT, *self.choices],
            tooltip=self.field.help,
            layout=self.parts.narrow,
            style=self.parts.list,
        )
        self.watch(self.box)
        return self.box


class Slider(Control):
    """A number in a range, or left alone."""

    def build(self) -> widgets.Widget:
        assert isinstance(self.field, Number)
        usual = self.field.usual or (self.field.low, self.field.high)
        self._odd: JSON = None  # what is no number
        self.mode = widgets.ToggleButtons(
            description=self.field.label,
            options=(DEFAULT, CHOOSE),
            tooltips=[self.field.help] * 2,
            layout=self.parts.plain,
            style=self.parts.pills,
        )
        self.number = widgets.IntSlider(
            min=min(usual),
            max=max(usual),
            value=max(min(usual), 5),
            description=self.field.unit,
            layout=self.parts.plain,
            style=self.parts.slider,
        )
        self.number.layout = widgets.Layout(display="none", width="300px")
        self.mode.observe(self._choose, "value")
        self.watch(self.mode)
        self.watch(self.number)
        row = widgets.HBox([self.mode, self.number], layout=self.parts.plain)
        row.add_class("kling-row")
        return row

    def _choose(self, change: object) -> None:
        self.number.layout.display = "flex" if self.mode.value == CHOOSE else "none"

    def get(self) -> JSON:
        return {DEFAULT: None, CHOOSE: self.number.value}.get(self.mode.value, self._odd)

    def put(self, value: JSON) -> None:
        # A value from elsewhere is shown as it is, right or wrong.
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if is_number:
            self.number.min, self.number.max = min(self.number.min, value), max(self.number.max, value)
            self.number.value = value
        self._odd = None if is_number else value
        odd = [] if self._odd is None else [shorten(value, 20)]
        if self.mode.options != (options := (DEFAULT, CHOOSE, *odd)):
            self.mode.options = options
        self.mode.value = CHOOSE if is_number else odd[0] if odd else DEFAULT
