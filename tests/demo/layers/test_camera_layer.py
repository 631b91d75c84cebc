"""camera_control: the camera's move in the clip, and its card."""

from __future__ import annotations

from math import atan2, degrees, dist
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from kling_widgets.catalog.structured_fields import CAMERA_AXES, CAMERA_MOVES
from kling_widgets.demo.drawing.view import View
from kling_widgets.demo.layers.camera_layer import AXES, MOVES, CameraLayer, card
from tests.demo.conftest import Studio, where

pytestmark = pytest.mark.slow

ONE, OTHER = (250, 30, 200), (30, 240, 240)
Seen = tuple[tuple[float, float], float, float]


def dots(studio: Studio) -> str:
    """Return a picture with a dot at the left and one at the right, where no card covers them."""
    picture = Image.new("RGB", (320, 180), (90, 90, 90))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((90, 54, 106, 70), fill=ONE)
    draw.ellipse((170, 54, 186, 70), fill=OTHER)
    return studio.picture(picture)


def seen(frame: np.ndarray[Any, np.dtype[np.uint8]]) -> Seen:
    """Return the centre between the dots, their distance, and their angle in degrees."""
    one, other = where(frame, ONE, 70), where(frame, OTHER, 70)
    middle = ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2)
    return middle, dist(one, other), degrees(atan2(other[1] - one[1], other[0] - one[0]))


def moved(studio: Studio, camera: dict[str, Any]) -> tuple[Seen, Seen]:
    """Return the positions of the dots in the first and the last frame of a clip with a moving camera."""
    made = studio.film(size="320x180", image=dots(studio), camera_control=camera)
    return seen(made.frames[0]), seen(made.frames[-1])


def simple(axis: str, amount: float) -> dict[str, Any]:
    return {"type": "simple", "config": {axis: amount}}


def test_the_table_is_the_catalogs() -> None:
    """Every axis and every named move of the catalog is drawn."""
    assert tuple(AXES) == CAMERA_AXES
    assert {"simple", *MOVES} == set(CAMERA_MOVES)


@pytest.mark.parametrize(
    ("axis", "amount", "across", "down"),
    [
        ("horizontal", 4, -1, 0),
        ("horizontal", -4, 1, 0),
        ("vertical", 4, 0, 1),
        ("vertical", -4, 0, -1),
        ("pan", 4, -1, 0),
        ("pan", -4, 1, 0),
        ("tilt", 4, 0, 1),
        ("tilt", -4, 0, -1),
    ],
)
def test_the_picture_moves_against_the_camera(studio: Studio, axis: str, amount: float, across: int, down: int) -> None:
    """If the camera moves or turns to the right, the picture moves to the left, and so on; it starts unmoved."""
    (before, _, _), (after, _, _) = moved(studio, simple(axis, amount))
    assert before == pytest.approx((138, 62), abs=1)
    shift = np.subtract(after, before)
    assert (np.sign(shift) * (np.abs(shift) > 6)).tolist() == [across, down]


@pytest.mark.parametrize(("axis", "place"), [("horizontal", 0), ("vertical", 1)])
def test_twice_the_amount_is_twice_the_way(studio: Studio, axis: str, place: int) -> None:
    """The move is proportional to the amount."""
    ways = [after[0][place] - before[0][place] for before, after in (moved(studio, simple(axis, n)) for n in (-2, -4))]
    assert ways[1] / ways[0] == pytest.approx(2, rel=0.08)


@pytest.mark.parametrize("amount", [-5, 5])
def test_roll(studio: Studio, amount: float) -> None:
    """If the camera rolls clockwise, the picture turns the other way and keeps its size."""
    before, after = moved(studio, simple("roll", amount))
    assert after[2] - before[2] == pytest.approx(-12 * np.sign(amount), abs=1.5)
    assert after[1] == pytest.approx(before[1], rel=0.03)


@pytest.mark.parametrize(("amount", "larger"), [(-5, True), (5, False)])
def test_zoom(studio: Studio, amount: float, larger: bool) -> None:
    """Above 0 the field of view is wider, so that things are smaller; below 0 they are larger."""
    before, after = moved(studio, simple("zoom", amount))
    assert (after[1] > before[1] * 1.2) is larger and (after[1] < before[1] / 1.2) is not larger


@pytest.mark.parametrize(
    ("move", "larger", "across", "down"),
    [
        ("down_back", False, 0, -1),
        ("forward_up", True, 0, 1),
        ("right_turn_forward", True, -1, 0),
        ("left_turn_forward", True, 1, 0),
    ],
)
def test_named_moves(studio: Studio, move: str, larger: bool, across: int, down: int) -> None:
    """A move forward makes things larger, one back smaller; the other directions are as with one axis."""
    before, after = moved(studio, {"type": move})
    assert (after[1] > before[1]) is larger
    # The shift of the picture's centre, without the change in size.
    middle = np.array((160, 90))
    shift = (np.array(after[0]) - middle) - (np.array(before[0]) - middle) * after[1] / before[1]
    for way, place in ((across, 0), (down, 1)):
        assert way == 0 or (np.sign(shift[place]) == way and abs(shift[place]) > 4)


def test_words_stay_where_they_are(studio: Studio) -> None:
    """The DEMO mark does not move with the background."""
    frames = studio.film(size="320x180", camera_control=simple("roll", 10)).frames
    pill = np.s_[10:18, 12:32]
    assert np.abs(frames[0][pill].astype(int) - frames[-1][pill]).mean() < 6


def test_near_things_pass_more_quickly(studio: Studio) -> None:
    """A slide moves a landscape with parallax, unlike a pan."""
    slide, pan = (
        studio.film(size="320x180", camera_control=simple(axis, 8)).frames[-1].astype(int)
        for axis in ("horizontal", "pan")
    )
    assert np.abs(slide - pan)[40:110, :190].mean() > 3


@pytest.mark.parametrize(
    ("asked", "name", "words", "wrong"),
    [
        (simple("pan", 4), "pan +4", "turns to the right", ""),
        (simple("zoom", -2.5), "zoom -2.5", "zooms in: closer", ""),
        ({"type": "forward_up"}, "forward up", "moves forward and turns up", ""),
        ({"type": "fly"}, "fly", "", "no such move"),
        ({"type": "simple"}, "simple", "", "no axis, so nothing moves"),
        ({"type": "simple", "config": {"pan": 0, "roll": "x"}}, "simple", "", "no axis, so nothing moves"),
        (
            {"type": "simple", "config": {"pan": 1, "roll": -1}},
            "pan +1 roll -1",
            "turns to the right and rolls counterclockwise",
            "one axis, and only one",
        ),
        (simple("tilt", 40), "tilt +40", "turns up", "tilt is at most 10"),
        ("nonsense", "None", "", "no such move"),
    ],
)
def test_the_card_has_a_description_and_the_problem(asked: Any, name: str, words: str, wrong: str) -> None:
    """The card has the move's name, its description, and its problem."""
    camera = CameraLayer(asked)
    assert (camera.name, camera.description, camera.problem) == (name, words, wrong)


def test_more_than_the_most_moves_no_farther() -> None:
    """An amount beyond 10 is drawn as 10."""
    assert CameraLayer(simple("pan", 1000)).view == CameraLayer(simple("pan", 10)).view != View()


def test_no_camera_no_card(studio: Studio) -> None:
    """Only a clip whose model takes a camera has one."""
    assert card(studio.clip()) is None
    assert card(studio.clip(model="avatar", image="https://example.com/a.png", camera_control=simple("pan", 1))) is None
    assert card(studio.clip(camera_control=simple("pan", 1)))
