"""Walking figure, the stand-in for a linked video, which the demo does not fetch."""

from __future__ import annotations

import hashlib
from math import cos, pi, sin

from kling_widgets.demo.drawing.shapes import Colour, Piece, Point, Sheet, tint

PHASES = 24  # pictures of one pair of steps
THIGH, SHIN, UPPER_ARM, FOREARM = 0.245, 0.245, 0.17, 0.16  # lengths as shares of the figure's height
SWING = 0.46  # radians to each side
STRIDE = 4 * (THIGH + SHIN) * sin(SWING) * 0.95  # length of one pair of steps, as a share of the figure's height
WIDE = 0.8  # width of its picture, as a share of the figure's height


class Walker:
    """Pictures of the figure at one height in pixels; its colour is derived from the name."""

    def __init__(self, name: str, height: float) -> None:
        self.height = height
        hue = hashlib.sha256(f"figure {name}".encode()).digest()[0] / 256
        self.coat, self.far = tint(hue, 0.86, 0.1), tint(hue, 0.66, 0.1)
        self.sleeve, self.skin, self.cap = tint(hue, 0.93, 0.06), tint(0.15, 0.9, 0.05), tint(hue + 0.5, 0.55, 0.12)
        self.pieces = [self._drawn(number / PHASES) for number in range(PHASES)]

    def at(self, phase: float) -> Piece:
        """Return its picture after a number of pairs of steps; its feet are on the lower edge."""
        return self.pieces[int(phase * PHASES) % PHASES]

    def _drawn(self, phase: float) -> Piece:
        tall = self.height
        sheet = Sheet(WIDE * tall, tall * 1.02)
        legs = [_limb(phase + half, THIGH, SHIN, knee=True) for half in (0.5, 0.0)]
        hip_height = max(leg[-1][1] for leg in legs)
        hip = (WIDE / 2, 1 - hip_height - 0.02)
        neck = (hip[0] + 0.02, hip[1] - 0.3)
        arms = [_limb(phase + half, UPPER_ARM, FOREARM, knee=False) for half in (0.0, 0.5)]

        def stroke(points: list[Point], at: Point, colour: Colour, width: float) -> None:
            sheet.line([((at[0] + x) * tall, (at[1] + y) * tall) for x, y in points], colour, width * tall)

        shoulder = (neck[0] - 0.005, neck[1] + 0.045)
        stroke(arms[0], shoulder, self.far, 0.05)
        stroke(legs[0], hip, self.far, 0.07)
        stroke([(0, 0), (neck[0] - hip[0], neck[1] - hip[1] + 0.05)], hip, self.coat, 0.13)
        head, radius = ((neck[0] + 0.02) * tall, (neck[1] - 0.075) * tall), 0.072 * tall
        sheet.dot(head, radius, self.skin)
        sheet.pie(head, radius * 1.06, 180, 360, self.cap)
        stroke([(0, 0), (0.1, 0)], (head[0] / tall, head[1] / tall), self.cap, 0.02)
        stroke(legs[1], hip, self.coat, 0.072)
        stroke(arms[1], shoulder, self.sleeve, 0.045)
        return sheet.piece()


def _limb(phase: float, upper: float, lower: float, *, knee: bool) -> list[Point]:
    """Return hip, knee, heel and toe, or shoulder, elbow and hand, relative to the first; downwards is positive."""
    angle = SWING * sin(2 * pi * phase) * (1 if knee else 0.8)
    # A leg bends while it swings forward; an arm is always a little bent, forward.
    bend = -(0.08 + 0.72 * max(0.0, cos(2 * pi * phase)) ** 1.6) if knee else 0.35
    joint = (upper * sin(angle), upper * cos(angle))
    end = (joint[0] + lower * sin(angle + bend), joint[1] + lower * cos(angle + bend))
    points = [(0.0, 0.0), joint, end]
    if knee:
        flat = angle + bend + pi / 2  # the foot at a right angle to the shin
        points.append((end[0] + 0.07 * sin(flat), end[1] + 0.07 * cos(flat)))
    return points
