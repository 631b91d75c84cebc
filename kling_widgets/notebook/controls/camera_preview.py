"""Preview of camera moves: a description, and a picture of the first and last frame, as on a storyboard.

Directions are those of Kling's own page (D): a positive zoom is wider, as the focal length becomes shorter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Frame:
    """The camera's last frame relative to its first.

    Attributes:
        x, y: Distance to the right and down, in pixels of the preview, which is 192 by 108.
        size: Scale; below 1 the camera sees less of the scene, so it is closer.
        turn: Rotation in degrees, clockwise.
    """

    x: float = 0.0
    y: float = 0.0
    size: float = 1.0
    turn: float = 0.0


@dataclass(frozen=True)
class Axis:
    """One axis of the camera.

    Attributes:
        label: Its name in the form.
        ends: The labels at -10 and at +10.
        verbs: The camera's motion below and above 0, as a verb phrase.
        far: The last frame at +10; at -10 it is the opposite.
    """

    label: str
    ends: tuple[str, str]
    verbs: tuple[str, str]
    far: Frame

    def at(self, amount: float) -> Frame:
        """Return the last frame for an amount from -10 to 10."""
        share, far = amount / 10, self.far
        return Frame(far.x * share, far.y * share, far.size**share, far.turn * share)

    def describe(self, amount: float) -> str:
        """Return the move as a sentence."""
        return f"The camera {self.verbs[amount > 0]}, {abs(amount):g} of 10."


@dataclass(frozen=True)
class Move:
    """Named camera move.

    Attributes:
        label: The text of its button.
        description: The camera's motion, as a sentence.
        frame: The last frame.
    """

    label: str
    description: str
    frame: Frame


AXES: Mapping[str, Axis] = {
    "horizontal": Axis(
        "slide left or right", ("← left", "right →"), ("slides to the left", "slides to the right"), Frame(x=50)
    ),
    "vertical": Axis("sink or rise", ("↓ down", "up ↑"), ("sinks", "rises"), Frame(y=-28)),
    "pan": Axis("turn left or right", ("← left", "right →"), ("turns to the left", "turns to the right"), Frame(x=50)),
    "tilt": Axis("turn down or up", ("↓ down", "up ↑"), ("turns down", "turns up"), Frame(y=-28)),
    "roll": Axis(
        "lean to one side",
        ("↺ counterclockwise", "clockwise ↻"),
        ("rolls counterclockwise", "rolls clockwise"),
        Frame(turn=30),
    ),
    "zoom": Axis("zoom in or out", ("closer", "wider"), ("zooms in: closer", "zooms out: wider"), Frame(size=2.1)),
}

MOVES: Mapping[str, Move] = {
    "down_back": Move(
        "↙ down and back", "The camera sinks and moves back: more of the place is seen.", Frame(0, 8, 1.9)
    ),
    "forward_up": Move("↗ forward and up", "The camera moves forward and turns up.", Frame(0, -22, 0.6)),
    "right_turn_forward": Move(
        "↱ turn right, forward", "The camera turns to the right, then moves forward.", Frame(44, 0, 0.6)
    ),
    "left_turn_forward": Move(
        "↰ turn left, forward", "The camera turns to the left, then moves forward.", Frame(-44, 0, 0.6)
    ),
}

# The sea with hills, a low sun and a paper boat, in the colour of the text.
_SCENERY = Markup("""<g fill="currentColor" stroke="none">
<circle cx="148" cy="34" r="9" opacity=".35"/>
<path d="M0 62 Q28 30 58 54 T120 50 T192 44 V72 H0Z" opacity=".16"/>
<path d="M0 72 H192 V108 H0Z" opacity=".08"/>
<path d="M78 66 H114 L107 76 H85Z M96 44 V64 H82Z M99 50 L110 64 H99Z" opacity=".7"/>
<path d="M20 84 h26 M66 94 h30 M128 86 h34 M150 99 h22" stroke="currentColor" stroke-width="1.5" opacity=".3"/>
</g>""")
_SHAPE = Markup('x="-40" y="-22.5" width="80" height="45" rx="2" vector-effect="non-scaling-stroke"')
_PICTURE = Markup(
    '<svg viewBox="0 0 192 108" aria-hidden="true" fill="none">{scenery}<g transform="translate(96 58)">'
    '<rect {shape} stroke="currentColor" stroke-dasharray="4 3" opacity=".6"/>'
    '<rect {shape} class="kling-lens{moving}" style="--kling-end: {end}"/></g></svg>'
)


def picture(frame: Frame, *, moving: bool) -> Markup:
    """Return an SVG of a scene with the camera's first frame (dashed) and last frame; ``moving`` animates it once.

    The SVG is hidden from screen readers, as the text beside it describes the move.
    """
    end = f"translate({frame.x:.1f}px, {frame.y:.1f}px) rotate({frame.turn:.1f}deg) scale({frame.size:.3f})"
    return _PICTURE.format(scenery=_SCENERY, shape=_SHAPE, moving=" kling-moving" if moving else "", end=end)
