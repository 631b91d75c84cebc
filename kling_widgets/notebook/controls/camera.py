"""Camera control: a named move, or one axis with an amount; the two cannot be combined."""

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
STEP = 0.5  # the slider in the browser would round a value between two steps, so such a value is shown as JSON
START_AXIS, START = CAMERA_AXES[0], 5.0  # initial values of "one axis": a visible move
SIMPLE = "simple"
UNSET = "The model chooses how the camera moves."  # by the prompt and the pictures (D)
STILL = "At 0 the camera does not move."
# Kling's older page has pan and tilt swapped; the page that covers 3.0 has them as here (D).
UNSURE = "Kling's pages disagree on which move is pan and which is tilt: try it with a short clip."


class CameraMoves(StructuredControl):
    """Buttons for the moves; for one axis, a dropdown list and a slider with a label at each end."""

    sheets = ("camera",)

    def build_editor(self) -> Sequence[widgets.Widget]:
        self._moves = {DEFAULT: "", "↔ one axis": SIMPLE} | {move.label: name for name, move in MOVES.items()}
        self.move = self.parts.make(
            widgets.ToggleButtons,
            description="Move",
            options=list(self._moves),
            value=DEFAULT,
            tooltips=[self.field.help, "One axis, and how far (simple)"]
            + [f"{move.description} ({name})" for name, move in MOVES.items()],
        )
        self._value: JSON = None
        self._names: tuple[str, ...] = ()  # the axes in the value, including those that are 0
        self._simple: _OneAxis | None = None  # created when needed, as most users never need it
        self._view: widgets.HTML | None = None
        self._value_state = self._state()
        self._redraw_on_change(self.move, moving=True)
        self._draw()
        return [self.move]

    def _redraw_on_change(self, widget: widgets.Widget, *, moving: bool) -> None:
        # Another move is animated; a dragged slider shows only where the move ends.
        widget.observe(lambda _: self._draw(moving and not self._quiet), "value")
        self.watch(widget)

    @property
    def simple(self) -> _OneAxis:
        """The controls for one axis, created on first use."""
        if self._simple is None:
            self._simple = _OneAxis(self.parts)
            self._redraw_on_change(self._simple.axis, moving=True)
            self._redraw_on_change(self._simple.amount, moving=False)
        return self._simple

    @property
    def axis(self) -> widgets.Dropdown:
        """The list of axes."""
        return self.simple.axis

    @property
    def amount(self) -> widgets.FloatSlider:
        """The slider for the amount."""
        return self.simple.amount

    def close(self) -> None:
        super().close()
        for hidden in (self._simple.widget if self._simple else None, self._view):
            if hidden is not None:
                self.parts.close(hidden)

    def can_edit(self, value: JSON) -> bool:
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
        if state == self._value_state:
            return self._value  # unchanged: keep its zero axes, its order, and 4.0 or 4
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
        self.move.value = next(words for words, name in self._moves.items() if name == move)
        self._names = tuple(config) if len(config) > 1 else ()
        self._value, self._value_state = value or None, self._state()

    def _state(self) -> tuple[str, str, float]:
        axis, amount = (self.axis.value, self.amount.value) if self._simple else (START_AXIS, START)
        return self._moves[self.move.value], axis, amount

    def _draw(self, moving: bool = False) -> None:
        """Describe the chosen move in words and as a picture."""
        move, name, amount = self._state()
        self.set_messages(Message("" if move else UNSET, "kling-dim kling-indent"))
        if not move:
            self.set_editor(self.move)
        elif move == SIMPLE:
            axis = AXES[name]
            ends = Markup('<div class="kling-ends"><span>{}</span><span>{}</span></div>').format(*axis.ends)
            text = escape(axis.describe(amount) if amount else STILL)
            if name in ("pan", "tilt"):
                text += Markup('<div class="kling-dim">{}</div>').format(UNSURE)
            self._show(axis.at(amount), text, moving, ends)
            self.set_editor(self.move, self.simple.widget, self._view)
        else:
            self._show(MOVES[move].frame, MOVES[move].description, moving)
            self.set_editor(self.move, self._view)

    def _show(self, frame: Frame, text: str, moving: bool, ends: str = "") -> None:
        page = Markup('{}<div class="kling-finder kling-indent">{}<div>{}</div></div>')
        if self._view is None:
            self._view = self.parts.make(widgets.HTML)
        self._view.value = page.format(ends, picture(frame, moving=moving), text)


class _OneAxis:
    """Widgets for the axis and the amount."""

    def __init__(self, parts: WidgetFactory) -> None:
        self.axis = parts.make(
            widgets.Dropdown,
            description="Axis",
            options=[(f"{axis.label} ({name})", name) for name, axis in AXES.items()],
            value=START_AXIS,
            tooltip="Exactly one axis",
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
    """Return whether the slider can show the value."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and -FARTHEST <= value <= FARTHEST and float(value / STEP).is_integer()
