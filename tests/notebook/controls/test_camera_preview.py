"""What each move of the camera does, as data: the directions that people read before they pay."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from kling_widgets.catalog.structured_fields import CAMERA_AXES, CAMERA_MOVES
from kling_widgets.demo.layers import camera_layer as demo
from kling_widgets.notebook.controls.camera_preview import AXES, MOVES, Frame, picture


def test_every_move_and_axis_has_its_words_and_picture() -> None:
    """No more and no fewer than the service has."""
    assert list(AXES) == list(CAMERA_AXES)
    assert ["simple", *MOVES] == list(CAMERA_MOVES)


@pytest.mark.parametrize("axis", AXES)
def test_an_axis_goes_both_ways(axis: str) -> None:
    """As far to the one side as to the other, and at 0 nowhere."""
    there, back, still = AXES[axis].at(10), AXES[axis].at(-10), AXES[axis].at(0)
    assert still == Frame()
    assert there == AXES[axis].far != Frame()
    assert (there.x, there.y, there.turn) == (-back.x, -back.y, -back.turn)
    assert there.size * back.size == pytest.approx(1)
    assert AXES[axis].said(1) != AXES[axis].said(-1)


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
    """Kling's own page: which side is above 0."""
    assert callable(way)
    assert way(AXES[axis].at(4))
    assert not way(AXES[axis].at(-4))


@pytest.mark.parametrize("axis", AXES)
def test_the_demo_moves_as_the_form_says(axis: str) -> None:
    """Left is left in both: the clip of the demo shows what the form has promised."""
    view, frame = demo.AXES[axis].view, AXES[axis].far
    assert (view.right + view.yaw > 0) == (frame.x > 0)
    assert (view.up + view.pitch > 0) == (frame.y < 0)
    assert (view.roll > 0) == (frame.turn > 0)
    assert (view.zoom < 1) == (frame.size > 1)


@pytest.mark.parametrize("name", MOVES)
def test_the_demo_makes_the_named_moves_as_the_form_says(name: str) -> None:
    """Down is down, and back sees more of the place."""
    (view, _), frame = demo.MOVES[name], MOVES[name].frame
    assert (view.yaw > 0, view.yaw < 0) == (frame.x > 0, frame.x < 0)
    assert (view.up + view.pitch > 0) == (frame.y < 0)
    assert (view.forward > 0) == (frame.size < 1)


@pytest.mark.parametrize("moving", [True, False])
@pytest.mark.parametrize(
    "frame", [axis.at(n) for axis in AXES.values() for n in (-10, 10)] + [m.frame for m in MOVES.values()]
)
def test_the_picture_is_whole_and_shows_where_the_frame_ends(frame: Frame, moving: bool) -> None:
    """Two frames, one dashed; the other is where the camera ends, and its centre is in the picture."""
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
    """It looks right on light and dark ground."""
    drawn = picture(Frame(), moving=False)
    assert "currentColor" in drawn
    assert "#" not in drawn
