"""The control of the camera: a move by name, or one axis and how far, so that no two can be mixed."""

from __future__ import annotations

import ipywidgets as widgets

from kling_widgets.core.structured import CAMERA_AXES, CAMERA_MOVES
from kling_widgets.core.values import JSON
from kling_widgets.notebook.controls.shaped import Shaped
from kling_widgets.notebook.controls.simple import DEFAULT
from kling_widgets.notebook.controls.viewfinder import AXES, MOVES, Frame, picture

FARTHEST = 10.0
STEP = 0.5  # a value between two steps would be moved to one of them by the slider in the browser: it is shown as JSON
START = 5.0  # what "one axis" begins with: a move that can be seen
SIMPLE = "simple"
UNSET = "The model chooses how the camera moves."  # by the prompt and the pictures (D)
STILL = "At 0 the camera stands still."
# Its older page has them the other way round; the one that knows 3.0 has them as here (D).
UNSURE = "Kling's pages have not always agreed which of pan and tilt is which: a short clip shows it."


class CameraMoves(Shaped):
    """Pills for the moves; for one axis a list, a slider and a word at each of its ends."""

    def edit(self) -> widgets.Widget:
        parts = self.parts
        self._words = {DEFAULT: "", "↔ one axis": SIMPLE} | {move.words: name for name, move in MOVES.items()}
        self.move = widgets.ToggleButtons(
            description="Move",
            options=list(self._words),
            tooltips=[self.field.help, "One axis, and how far (simple)"]
            + [f"{move.said} ({name})" for name, move in MOVES.items()],
            layout=parts.plain,
            style=parts.pills,
        )
        self.axis = widgets.Dropdown(
            description="Axis",
            options=[(f"{axis.words} ({name})", name) for name, axis in AXES.items()],
            tooltip="One, and only one, axis",
            layout=parts.narrow,
            style=parts.list,
        )
        self.amount = widgets.FloatSlider(
            START,
            min=-FARTHEST,
            max=FARTHEST,
            step=STEP,
            description="Amount",
            readout_format="+",
            layout=parts.plain,
            style=parts.slider,
        )
        self.amount.add_class("kling-amount")
        self._ends = widgets.HTML(layout=parts.plain)
        self._simple = widgets.VBox([self.axis, self.amount, self._ends], layout=parts.plain)
        self._picture = widgets.HTML(layout=parts.plain)
        self._written: JSON = None
        self._names: tuple[str, ...] = ()  # the axes that the value names, also those at rest
        self._at_rest = self._state()
        for each in (self.move, self.axis, self.amount):
            # Another move is shown as it goes; a slider that is dragged shows where it leads.
            each.observe(lambda _, moving=each is not self.amount: self._draw(moving and not self._quiet), "value")
            self.watch(each)
        self._draw()
        editor = widgets.VBox([self.move, self._simple, self._picture], layout=parts.plain)
        editor.add_class("kling-camera")
        return editor

    def fits(self, value: JSON) -> bool:
        if not isinstance(value, dict) or not {"type"} <= value.keys() <= {"type", "config"}:
            return False
        move, config = value["type"], value.get("config")
        if not isinstance(move, str) or move not in CAMERA_MOVES:
            return False
        if not config:
            return config is None or isinstance(config, dict)
        return (
            move == SIMPLE
            and isinstance(config, dict)
            and config.keys() <= set(CAMERA_AXES)
            and all(map(_is_amount, config.values()))
            and sum(map(bool, config.values())) <= 1
        )

    def read(self) -> JSON:
        move, axis, amount = state = self._state()
        if state == self._at_rest:
            return self._written  # as it was given: with its axes at rest, its order, 4.0 or 4
        if move != SIMPLE:
            return {"type": move} if move else None
        number = int(amount) if amount.is_integer() else amount
        return {"type": SIMPLE, "config": dict.fromkeys(self._names, 0) | {axis: number}}

    def write(self, value: JSON) -> None:
        value = value or {}
        config = value.get("config") or {}
        move = value.get("type", "")
        moved = [axis for axis, amount in config.items() if amount] or [*config]
        self.move.value = next(words for words, name in self._words.items() if name == move)
        self.axis.value = moved[0] if moved else CAMERA_AXES[0]
        self.amount.value = config.get(self.axis.value, 0) if move == SIMPLE else START
        self._names = tuple(config) if len(config) > 1 else ()
        self._written, self._at_rest = value or None, self._state()

    def _state(self) -> tuple[str, str, float]:
        return self._words[self.move.value], self.axis.value, self.amount.value

    def _draw(self, moving: bool = False) -> None:
        """What the chosen move does, in words and as a picture."""
        move, name, amount = self._state()
        axis, note = AXES[name], ""
        frame: Frame | None = None
        if not move:
            said = UNSET
        elif move == SIMPLE:
            frame, said = axis.at(amount), axis.said(amount) if amount else STILL
            note = f'<div class="kling-dim">{UNSURE}</div>' if name in ("pan", "tilt") else ""
        else:
            frame, said = MOVES[move].frame, MOVES[move].said
        (self._simple.remove_class if move == SIMPLE else self._simple.add_class)("kling-gone")
        self._ends.value = f'<div class="kling-ends"><span>{axis.ends[0]}</span><span>{axis.ends[1]}</span></div>'
        drawn = picture(frame, moving=moving) if frame else ""
        self._picture.value = f'<div class="kling-view kling-indent">{drawn}<div>{said}{note}</div></div>'


def _is_amount(value: JSON) -> bool:
    """Whether the slider can stand there."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and -FARTHEST <= value <= FARTHEST and float(value / STEP).is_integer()
