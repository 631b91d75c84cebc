"""``camera_control``: how the camera moves over the clip, and the plate that shows what it sees of where it began.

The directions are those of Tencent's and Kling's Chinese documentation, through whose line the service goes: horizontal
and pan above 0 are to the right, vertical and tilt above 0 are up, roll above 0 is clockwise (each of the camera: what
is seen moves the other way), zoom above 0 is a wider field of view. Kling's English page has pan and tilt exchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import radians
from typing import Any

from PIL import Image

from kling_widgets.demo.drawing.animation import Animation
from kling_widgets.demo.drawing.cards import Box, Plate, TextLine
from kling_widgets.demo.drawing.shapes import ACCENT, FAINT, WHITE, WRONG, Sheet
from kling_widgets.demo.drawing.view import View, corners, covering

MOST = 10  # of an axis
BESIDE = 0.42  # of the plate, for the drawing


@dataclass(frozen=True)
class CameraAxis:
    """One axis of ``simple``: the view at MOST, and what it does in words, below and above 0."""

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
    """The move that was asked. ``view`` is where it ends; ``words`` and ``wrong`` are said on its plate."""

    def __init__(self, asked: Any) -> None:
        self.view, self.name, self.words, self.wrong = View(), "", "", ""
        asked = asked if isinstance(asked, Mapping) else {}
        kind, config = str(asked.get("type")), asked.get("config")
        self.name = kind.replace("_", " ")
        if kind in MOVES:
            self.view, self.words = MOVES[kind]
        elif kind != "simple":
            self.wrong = "no such move"
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
                self.wrong = f"{axis} is at most {MOST}"
        self.name = " ".join(f"{axis} {amount:+g}" for axis, amount in moved.items()) or "simple"
        self.words = " and ".join(words)
        if len(moved) != 1:
            self.wrong = "one axis, and only one" if moved else "no axis, so nothing moves"

    @classmethod
    def of(cls, clip: Animation) -> CameraLayer | None:
        """The camera of a clip, or None when none was asked."""
        asked = clip.used.get("camera_control")
        return None if asked is None else cls(asked)

    def at(self, done: float) -> View:
        """Where it is when a share of the clip is over: it starts and ends softly."""
        return self.view.part(done * done * (3 - 2 * done))


def _number(amount: Any) -> bool:
    return isinstance(amount, (int, float)) and not isinstance(amount, bool) and amount != 0


def plate(clip: Animation) -> Plate | None:
    """The move in words, and where the camera looks now within what it saw at first."""
    camera = CameraLayer.of(clip)
    if camera is None:
        return None
    lines = [TextLine(camera.words)] if camera.words else []
    lines += [TextLine(camera.wrong, WRONG)] if camera.wrong else []
    space, wide = round(clip.short * 0.09), Plate.inner(clip) * BESIDE
    thin = max(1.0, clip.short / 360)
    # As large as all that will be seen fits.
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
        sheet.line([now[0], now[1]], WHITE, thin * 1.5)  # the upper edge, so that a roll can be told
        sheet.piece().paste(canvas, box[:2])

    return Plate(clip, f"camera · {camera.name}", lines, footprint, space, BESIDE)
