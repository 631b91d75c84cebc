"""The camera's view of a flat picture."""

from __future__ import annotations

from math import radians

import numpy as np
import pytest
from PIL import Image

from kling_widgets.demo.drawing.view import View, corners, covering, seen

pytestmark = pytest.mark.slow

SIZE = (160, 90)


def seen_at(view: View, x: float = 80, y: float = 45) -> tuple[float, float]:
    """Return the point of the picture at a pixel of the frame, by default its centre."""
    u, v, w = view.matrix(*SIZE) @ (x, y, 1)
    return u / w, v / w


def test_at_rest_it_sees_the_picture() -> None:
    """The default view shows every pixel of the picture unchanged."""
    np.testing.assert_allclose(View().matrix(*SIZE), np.eye(3), atol=1e-12)


@pytest.mark.parametrize(
    ("view", "across", "down"),
    [
        (View(right=0.2), 1, 0),
        (View(right=-0.2), -1, 0),
        (View(up=0.2), 0, -1),
        (View(yaw=radians(10)), 1, 0),
        (View(pitch=radians(10)), 0, -1),
        (View(pitch=radians(-10)), 0, 1),
    ],
)
def test_directions(view: View, across: int, down: int) -> None:
    """After a move to the right or up, the frame's centre is farther right or up in the picture."""
    x, y = seen_at(view)
    assert (np.sign(round(x - 80, 6)), np.sign(round(y - 45, 6))) == (across, down)


def test_a_camera_that_rolls_clockwise_has_its_right_side_below() -> None:
    """After a clockwise roll, the frame's right edge shows a lower part of the picture."""
    assert seen_at(View(roll=radians(20)), 150)[1] > 60


@pytest.mark.parametrize(("view", "larger"), [(View(zoom=2), True), (View(zoom=0.5), False), (View(forward=0.4), True)])
def test_closer_is_larger(view: View, larger: bool) -> None:
    """With a larger zoom or from a shorter distance, the frame shows less of the picture."""
    (left, _), (right, _), *_ = corners(view.matrix(*SIZE), *SIZE)
    assert (right - left < 160) is larger


def test_a_pan_is_no_slide() -> None:
    """A turn to the right distorts the picture's right edge; a slide does not."""
    _, top, bottom, _ = corners(View(yaw=radians(15)).matrix(*SIZE), *SIZE)
    assert bottom[1] - top[1] > 95
    _, top, bottom, _ = corners(View(right=0.3).matrix(*SIZE), *SIZE)
    assert bottom[1] - top[1] == pytest.approx(90)


def test_parts_of_a_move_add_up() -> None:
    """A quarter and three quarters of a move are the whole; a move and its reverse are none."""
    view = View(0.3, 0.1, 0.2, 0.1, 0.2, 0.3, 1.7)
    for whole, parts in ((view, (0.25, 0.75)), (View(), (1, -1))):
        np.testing.assert_allclose(
            view.part(parts[0]).then(view.part(parts[1])).matrix(*SIZE), whole.matrix(*SIZE), atol=1e-9
        )


@pytest.mark.parametrize("view", [View(right=0.25), View(zoom=1.5), View(yaw=radians(12)), View(roll=0.3)])
def test_what_is_seen_is_where_the_matrix_says(view: View) -> None:
    """A dot of the picture is at its place in the frame, also if the image is larger than the picture."""
    left, top, right, bottom = (round(side) for side in covering([view], *SIZE))
    plane = Image.new("RGB", (right - left, bottom - top))
    dot = (100, 50)
    plane.paste((255, 255, 255), (dot[0] - left - 2, dot[1] - top - 2, dot[0] - left + 2, dot[1] - top + 2))
    frame = np.asarray(seen(plane, (left, top, right, bottom), view.matrix(*SIZE), SIZE).convert("L"))
    assert frame.shape == (90, 160)
    row, column = np.average(np.argwhere(frame > 60), axis=0) + 0.5
    assert seen_at(view, column, row) == pytest.approx(dot, abs=0.8)
