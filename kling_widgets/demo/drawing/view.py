"""Position and direction of the camera, and its view of a flat picture, which is a homography.

A picture is a plane at a distance of FOCAL shorter sides in front of the camera; the default view shows it unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Matrix = NDArray[np.float64]
Box = tuple[float, float, float, float]  # left, top, right, bottom

FOCAL = 1.2  # in shorter sides: a field of view of 45° across the shorter side

# Attributes that are added to combine views; the zoom is multiplied.
LINEAR = ("right", "up", "forward", "yaw", "pitch", "roll")


@dataclass(frozen=True)
class View:
    """Position and direction of the camera.

    Attributes:
        right, up, forward: Position, in shorter sides of the picture.
        yaw, pitch, roll: Direction in radians; positive is to the right, up, and clockwise.
        zoom: Magnification; above 1 the field of view is narrower.
    """

    right: float = 0.0
    up: float = 0.0
    forward: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    zoom: float = 1.0

    def part(self, share: float) -> View:
        """Return the view after a share of the move to this one; a negative share is the opposite direction."""
        linear = {name: share * getattr(self, name) for name in LINEAR}
        return View(**linear, zoom=self.zoom**share)

    def then(self, other: View) -> View:
        """Return both moves combined."""
        linear = {name: getattr(self, name) + getattr(other, name) for name in LINEAR}
        return View(**linear, zoom=self.zoom * other.zoom)

    @property
    def turned(self) -> View:
        """The same direction from the camera's initial position."""
        return View(yaw=self.yaw, pitch=self.pitch, roll=self.roll, zoom=self.zoom)

    def matrix(self, width: float, height: float) -> Matrix:
        """Return the homography from a pixel of the frame to the point of the picture, which has the same size."""
        cy, sy, cp, sp, cr, sr = (f(a) for a in (self.yaw, self.pitch, self.roll) for f in (np.cos, np.sin))
        yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        rays = yaw @ pitch @ roll @ np.diag([1, 1, FOCAL * self.zoom])
        # The intersection of the ray through a pixel with the plane of the picture.
        plane = np.array([[FOCAL - self.forward, 0, self.right], [0, FOCAL - self.forward, -self.up], [0, 0, 1]]) @ rays
        side = min(width, height)
        pixels = np.array([[side, 0, width / 2], [0, side, height / 2], [0, 0, 1]])
        found = pixels @ plane @ np.linalg.inv(pixels)
        return np.asarray(found / found[2, 2])


def corners(matrix: Matrix, width: float, height: float) -> list[tuple[float, float]]:
    """Return the points of the picture at the corners of the frame, clockwise from the upper left."""
    frame = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], float)
    seen = frame @ matrix.T
    return [(float(x / w), float(y / w)) for x, y, w in seen]


def covering(views: list[View], width: float, height: float) -> Box:
    """Return the box of the plane that contains the picture and everything visible from any of the views."""
    points = [point for view in views for point in corners(view.matrix(width, height), width, height)]
    xs, ys = [0.0, width, *(x for x, _ in points)], [0.0, height, *(y for _, y in points)]
    return min(xs), min(ys), max(xs), max(ys)


def seen(image: Image.Image, part: Box, matrix: Matrix, size: tuple[int, int]) -> Image.Image:
    """Return the camera's view of the plane.

    Args:
        image: A part of the plane, in any resolution.
        part: The box of that part, in pixels of the picture.
        matrix: Homography from a pixel of the frame to one of the picture, which is as large as the frame.
        size: Size of the frame.
    """
    x, y = image.width / (part[2] - part[0]), image.height / (part[3] - part[1])
    own = np.array([[x, 0, -part[0] * x], [0, y, -part[1] * y], [0, 0, 1]]) @ matrix
    (a, b, c), (d, e, f), (g, h, _) = (own / own[2, 2]).tolist()
    width, height = size
    straight = max(abs(b) * height, abs(d) * width, abs(g) * width, abs(h) * height) < 1e-6
    if straight:  # only moved and scaled: faster, and smoother when reduced
        box = (max(0.0, c), max(0.0, f), min(image.width, c + a * width), min(image.height, f + e * height))
        return image.resize(size, Image.Resampling.BILINEAR, box=box)
    coefficients = (a, b, c, d, e, f, g, h)
    return image.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)
