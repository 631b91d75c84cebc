"""Curves on logarithmic axes, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, MARGIN = 760, 440, 60, 50, 20
KEY = 260  # pixels on the right for the names
COLOURS = ("#444444", "#0b6bcb", "#5aa9f0", "#0f8a5f", "#c2571a", "#8a3fbf", "#b8860b", "#a02040")
TICKS = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Curve:
    """Points from left to right, joined by a line; a single point is drawn as a dot."""

    name: str
    points: Sequence[tuple[float, float]]


def draw(curves: Sequence[Curve], across: str, up: str) -> str:
    """Return the picture of curves of positive numbers, with the names of its axes."""
    points = [point for curve in curves for point in curve.points]
    xs, ys = ([math.log(value) for value in values] for values in zip(*points, strict=True))

    def x(value: float) -> float:
        return LEFT + (math.log(value) - min(xs)) / (max(xs) - min(xs)) * (WIDTH - LEFT - MARGIN - KEY)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (math.log(value) - min(ys)) / (max(ys) - min(ys)) * (HEIGHT - BOTTOM - MARGIN)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text((LEFT + WIDTH - KEY) / 2, HEIGHT - 10, across, "middle"),
        f'<g transform="rotate(-90)">{_text(-(HEIGHT - BOTTOM) / 2, 16, up, "middle")}</g>',
    ]
    for tick in TICKS:
        if min(xs) <= math.log(tick) <= max(xs):
            parts += [_line([(x(tick), MARGIN), (x(tick), HEIGHT - BOTTOM)], "#e4e4e4")]
            parts += [_text(x(tick), HEIGHT - BOTTOM + 16, f"{tick:g}", "middle")]
        if min(ys) <= math.log(tick) <= max(ys):
            parts += [_line([(LEFT, y(tick)), (WIDTH - KEY - MARGIN, y(tick))], "#e4e4e4")]
            parts += [_text(LEFT - 6, y(tick) + 4, f"{tick:g}", "end")]
    for place, curve in enumerate(curves):
        colour, row = COLOURS[place % len(COLOURS)], MARGIN + 20 * (place + 1)
        at = [(x(across), y(up)) for across, up in curve.points]
        parts += [_line(at, colour)] if len(at) > 1 else []
        parts += [f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="4" fill="{colour}"/>' for cx, cy in at]
        parts += [f'<circle cx="{WIDTH - KEY + 4}" cy="{row - 4}" r="4" fill="{colour}"/>']
        parts += [_text(WIDTH - KEY + 14, row, curve.name, "start")]
    return "\n".join([*parts, "</svg>\n"])


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="12" fill="#333333">{escape(words)}</text>'


def _line(points: Sequence[tuple[float, float]], colour: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
