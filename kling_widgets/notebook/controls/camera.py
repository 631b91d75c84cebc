"""The control of the camera: a move by name, or one axis and how far, so that no two can be mixed."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as widgets
from markupsafe import Markup, escape

from kling_widgets.catalog.structured_fields import CAMERA_AXES, CAMERA_MOVES
from kling_widgets.core.json_values import JSON
from kling_widgets.notebook.controls.basic import DEFAULT
from kling_widgets.notebook.controls.camera_preview import AXES, MOVES, Frame, picture
from kling_widgets.notebook.controls.structured import StructuredControl
from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.notebook.widgets.form_page import Message

FARTHEST = 10.0
STEP = 0.5  # a value between two steps would be moved to one of them by the slider in the browser: it is shown as JSON
START_AXIS, START = CAMERA_AXES[0], 5.0  # what "one axis" begins with: a move that can be seen
SIMPLE = "simple"
UNSET = "The model chooses how the camera moves."  # by the prompt and the pictures (D)
STILL = "At 0 the camera stands still."
# Its older page has them the other way round; the one that knows 3.0 has them as here (D).
UNSURE = "Kling's pages have not always agreed which of pan and tilt is which: a short clip shows it."


class CameraMoves(StructuredControl):
    """Pills for the moves; for one axis a list, a slider and a word at each of its ends."""

    sheets = ("camera",)

    def edit(self) -> Sequence[widgets.Widget]:
        self._words = {DEFAULT: "", "↔ one axis": SIMPLE} | {move.words: name for name, move in MOVES.items()}
        self.move = self.parts.make(
            widgets.ToggleButtons,
            description="Move",
            options=list(self._words),
            value=DEFAULT,
            tooltips=[self.field.help, "One axis, and how far (simple)"]
            + [f"{move.said} ({name})" for name, move in MOVES.items()],
        )
        self._written: JSON = None
        self._names: tuple[str, ...] = ()  # the axes that the value names, also those at rest
        self._simple: _OneAxis | None = None  # most people never need it
        self._view: widgets.HTML | None = None
        self._at_rest = self._state()
        self._follow(self.move, moving=True)
        self._draw()
        return [self.move]

    def _follow(self, widget: widgets.Widget, *, moving: bool) -> None:
        # Another move is shown as it goes; a slider that is dragged shows where it leads.
        widget.observe(lambda _: self._draw(moving and not self._quiet), "value")
        self.watch(widget)

    @property
    def simple(self) -> _OneAxis:
        """The controls of one axis."""
        if self._simple is None:
            self._simple = _OneAxis(self.parts)
            self._follow(self._simple.axis, moving=True)
            self._follow(self._simple.amount, moving=False)
        return self._simple

    @property
    def axis(self) -> widgets.Dropdown:
        """Which axis."""
        return self.simple.axis

    @property
    def amount(self) -> widgets.FloatSlider:
        """How far."""
        return self.simple.amount

    def close(self) -> None:
        super().close()
        for hidden in (self._simple.widget if self._simple else None, self._view):
            if hidden is not None:
                self.parts.close(hidden)

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
        if move == SIMPLE or self._simple is not None:
            self.axis.value = moved[0] if moved else CAMERA_AXES[0]
            self.amount.value = config.get(self.axis.value, 0) if move == SIMPLE else START
        self.move.value = next(words for words, name in self._words.items() if name == move)
        self._names = tuple(config) if len(config) > 1 else ()
        self._written, self._at_rest = value or None, self._state()

    def _state(self) -> tuple[str, str, float]:
        axis, amount = (self.axis.value, self.amount.value) if self._simple else (START_AXIS, START)
        return self._words[self.move.value], axis, amount

    def _draw(self, moving: bool = False) -> None:
        """What the chosen move does, in words and as a picture."""
        move, name, amount = self._state()
        self.say(Message("" if move else UNSET, "kling-dim kling-indent"))
        if not move:
            self.change(self.move)
        elif move == SIMPLE:
            axis = AXES[name]
            ends = Markup('<div class="kling-ends"><span>{}</span><span>{}</span></div>').format(*axis.ends)
            said = escape(axis.said(amount) if amount else STILL)
            if name in ("pan", "tilt"):
                said += Markup('<div class="kling-dim">{}</div>').format(UNSURE)
            self._show(axis.at(amount), said, moving, ends)
            self.change(self.move, self.simple.widget, self._view)
        else:
            self._show(MOVES[move].frame, MOVES[move].said, moving)
            self.change(self.move, self._view)

    def _show(self, frame: Frame, said: str, moving: bool, ends: str = "") -> None:
        page = Markup('{}<div class="kling-finder kling-indent">{}<div>{}</div></div>')
        if self._view is None:
            self._view = self.parts.make(widgets.HTML)
        self._view.value = page.format(ends, picture(frame, moving=moving), said)


class _OneAxis:
    """Which axis, and how far."""

    def __init__(self, parts: WidgetFactory) -> None:
        self.axis = parts.make(
            widgets.Dropdown,
            description="Axis",
            options=[(f"{axis.words} ({name})", name) for name, axis in AXES.items()],
            value=START_AXIS,
            tooltip="One, and only one, axis",
        )
        self.amount = parts.make(
            widgets.FloatSlider,
            "kling-amount",
            value=START,
            min=-FARTHEST,
            max=FARTHEST,
            step=STEP,
            description="Amount",
            readout_format="+",
        )
        self.widget = parts.box(self.axis, self.amount)


def _is_amount(value: JSON) -> bool:
    """Whether the slider can stand there."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and -FARTHEST <= value <= FARTHEST and float(value / STEP).is_integer()
