"""``camera_control``: the camera's move during the clip, and a card that shows the current view within the first.

The directions are those of Tencent's and Kling's Chinese documentation, whose API the service uses: horizontal and pan
above 0 are to the right, vertical and tilt above 0 are up, roll above 0 is clockwise (always of the camera; the picture
moves the other way), zoom above 0 is a wider field of view. Kling's English page has pan and tilt swapped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import radians
from typing import Any

from PIL import Image

from kling_widgets.demo.drawing.animation import Animation
from kling_widgets.demo.drawing.cards import Box, Card, TextLine
from kling_widgets.demo.drawing.shapes import ACCENT, FAINT, WHITE, WRONG, Sheet
from kling_widgets.demo.drawing.view import View, corners, covering

MOST = 10  # the largest amount of an axis
BESIDE = 0.42  # the share of the card's width for the drawing


@dataclass(frozen=True)
class CameraAxis:
    """One axis of ``simple``: the view at MOST, and the descriptions of the move below and above 0."""

    view: View
    below: str
    above: str


AXES: Mapping[str, CameraAxis] = {
    "horizontal": CameraAxis(View(right=0.5), "slides to the left", "slides to the right"),
    "vertical": CameraAxis(View(up=0.36), "sinks", "rises"),
    "pan": CameraAxis(View(yaw=radians(22)), "turns to the left", "turns to the right"),
    "tilt": CameraAxis(View(pitch=radians(16)), "turns down", "turns up"),
    "roll": CameraAxis(View(roll=radians(24)), "rolls counterclockwise", "rolls clockwise"),
    "zoom": CameraAxis(View(zoom=0.6), "zooms in: closer", "zooms out: wider"),
}
MOVES: Mapping[str, tuple[View, str]] = {
    "down_back": (View(up=-0.2, forward=-0.55), "sinks and moves back"),
    "forward_up": (View(forward=0.4, pitch=radians(9)), "moves forward and turns up"),
    "right_turn_forward": (View(yaw=radians(16), forward=0.36), "turns right and moves forward"),
    "left_turn_forward": (View(yaw=radians(-16), forward=0.36), "turns left and moves forward"),
}


class CameraLayer:
    """The requested move. ``view`` is its end; its card shows ``description`` and ``problem``."""

    def __init__(self, control: Any) -> None:
        self.view, self.name, self.description, self.problem = View(), "", "", ""
        control = control if isinstance(control, Mapping) else {}
        kind, config = str(control.get("type")), control.get("config")
        self.name = kind.replace("_", " ")
        if kind in MOVES:
            self.view, self.description = MOVES[kind]
        elif kind != "simple":
            self.problem = "no such move"
        else:
            self._simple(config if isinstance(config, Mapping) else {})

    def _simple(self, config: Mapping[str, Any]) -> None:
        moved = {axis: amount for axis, amount in config.items() if axis in AXES and _number(amount)}
        words = []
        for axis, amount in moved.items():
            held = max(-MOST, min(MOST, amount))
            self.view = self.view.then(AXES[axis].view.part(held / MOST))
            words.append(AXES[axis].above if amount > 0 else AXES[axis].below)
            if held != amount:
                self.problem = f"{axis} is at most {MOST}"
        self.name = " ".join(f"{axis} {amount:+g}" for axis, amount in moved.items()) or "simple"
        self.description = " and ".join(words)
        if len(moved) != 1:
            self.problem = "one axis, and only one" if moved else "no axis, so nothing moves"

    @classmethod
    def of(cls, clip: Animation) -> CameraLayer | None:
        """Return the camera of a clip, or None if the request sets none."""
        control = clip.used.get("camera_control")
        return None if control is None else cls(control)

    def at(self, done: float) -> View:
        """Return the view after a share of the clip; the move starts and ends smoothly."""
        return self.view.part(done * done * (3 - 2 * done))


def _number(amount: Any) -> bool:
    return isinstance(amount, (int, float)) and not isinstance(amount, bool) and amount != 0


def card(clip: Animation) -> Card | None:
    """Return a card with the move's description, and the current view within the first."""
    camera = CameraLayer.of(clip)
    if camera is None:
        return None
    lines = [TextLine(camera.description)] if camera.description else []
    lines += [TextLine(camera.problem, WRONG)] if camera.problem else []
    space, wide = round(clip.short * 0.09), Card.inner(clip) * BESIDE
    thin = max(1.0, clip.short / 360)
    # As large as possible for everything that will be visible.
    left, top, right, bottom = covering([camera.view], clip.width, clip.height)
    side = min((wide - 4 * thin) / (right - left), (space - 4 * thin) / (bottom - top))
    frame = (clip.width * side, clip.height * side)
    x, y = wide - 2 * thin - right * side, 2 * thin - top * side

    def footprint(canvas: Image.Image, box: Box, moment: float) -> None:
        sheet = Sheet(wide, space)
        view = camera.at(clip.done(moment))
        now = [(x + u, y + v) for u, v in corners(view.matrix(*frame), *frame)]
        start = [(x, y), (x + frame[0], y), (x + frame[0], y + frame[1]), (x, y + frame[1])]
        sheet.outline(start, FAINT, thin)
        sheet.polygon(now, (*ACCENT[:3], 50))
        sheet.outline(now, ACCENT, thin * 1.5)
        sheet.line([now[0], now[1]], WHITE, thin * 1.5)  # marks the upper edge, so that a roll is visible
        sheet.piece().paste(canvas, box[:2])

    return Card(clip, f"camera · {camera.name}", lines, footprint, space, BESIDE)
