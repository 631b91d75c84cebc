"""Descriptions and pictures of camera moves: the directions that users rely on before they pay."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from kling_widgets.catalog.structured_fields import CAMERA_AXES, CAMERA_MOVES
from kling_widgets.demo.layers import camera_layer as demo
from kling_widgets.notebook.controls.camera_preview import AXES, MOVES, Frame, picture


def test_every_move_and_axis_has_its_words_and_picture() -> None:
    """The moves and axes are exactly those of the service, each with text and picture."""
    assert list(AXES) == list(CAMERA_AXES)
    assert ["simple", *MOVES] == list(CAMERA_MOVES)


@pytest.mark.parametrize("axis", AXES)
def test_an_axis_goes_both_ways(axis: str) -> None:
    """An axis moves equally far to both sides, and not at all at 0."""
    there, back, still = AXES[axis].at(10), AXES[axis].at(-10), AXES[axis].at(0)
    assert still == Frame()
    assert there == AXES[axis].far != Frame()
    assert (there.x, there.y, there.turn) == (-back.x, -back.y, -back.turn)
    assert there.size * back.size == pytest.approx(1)
    assert AXES[axis].describe(1) != AXES[axis].describe(-1)


@pytest.mark.parametrize(
    ("axis", "way"),
    [
        ("horizontal", lambda frame: frame.x > 0),  # above 0 to the right
        ("vertical", lambda frame: frame.y < 0),  # above 0 up
        ("pan", lambda frame: frame.x > 0),
        ("tilt", lambda frame: frame.y < 0),
        ("roll", lambda frame: frame.turn > 0),  # above 0 clockwise
        ("zoom", lambda frame: frame.size > 1),  # above 0 wider: the focal length becomes shorter
    ],
)
def test_the_directions_are_those_of_the_documentation(axis: str, way: object) -> None:
    """The direction above 0 is that of Kling's own page."""
    assert callable(way)
    assert way(AXES[axis].at(4))
    assert not way(AXES[axis].at(-4))


@pytest.mark.parametrize("axis", AXES)
def test_the_demo_moves_as_the_form_says(axis: str) -> None:
    """For each axis, the demo's clip moves in the direction that the form describes."""
    view, frame = demo.AXES[axis].view, AXES[axis].far
    assert (view.right + view.yaw > 0) == (frame.x > 0)
    assert (view.up + view.pitch > 0) == (frame.y < 0)
    assert (view.roll > 0) == (frame.turn > 0)
    assert (view.zoom < 1) == (frame.size > 1)


@pytest.mark.parametrize("name", MOVES)
def test_the_demo_makes_the_named_moves_as_the_form_says(name: str) -> None:
    """For each named move, the demo's clip moves in the direction that the form describes."""
    (view, _), frame = demo.MOVES[name], MOVES[name].frame
    assert (view.yaw > 0, view.yaw < 0) == (frame.x > 0, frame.x < 0)
    assert (view.up + view.pitch > 0) == (frame.y < 0)
    assert (view.forward > 0) == (frame.size < 1)


@pytest.mark.parametrize("moving", [True, False])
@pytest.mark.parametrize(
    "frame", [axis.at(n) for axis in AXES.values() for n in (-10, 10)] + [m.frame for m in MOVES.values()]
)
def test_the_picture_is_whole_and_shows_where_the_frame_ends(frame: Frame, moving: bool) -> None:
    """The picture has the first frame, dashed, and the last frame, whose centre is inside the picture."""
    root = ElementTree.fromstring(picture(frame, moving=moving))
    begin, end = (each for each in root.iter("rect"))
    assert begin.get("stroke-dasharray")
    style, classes = str(end.get("style")), str(end.get("class")).split()
    assert f"translate({frame.x:.1f}px, {frame.y:.1f}px)" in style
    assert f"rotate({frame.turn:.1f}deg)" in style
    assert ("kling-moving" in classes) is moving
    assert abs(frame.x) < 192 / 2
    assert abs(frame.y) < 108 / 2


def test_it_takes_the_colours_of_the_theme() -> None:
    """The picture uses the theme's colours, for light and dark backgrounds."""
    drawn = picture(Frame(), moving=False)
    assert "currentColor" in drawn
    assert "#" not in drawn
