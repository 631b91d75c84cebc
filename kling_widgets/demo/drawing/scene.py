"""Animated landscape for a prompt without pictures: a sky, a low sun, drifting ridges, motes of light.

Colours and shapes are derived from the prompt, so that each prompt has a landscape of its own, always the same.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kling_widgets.demo.drawing.view import FOCAL, Box, View

Floats = NDArray[np.float32]

DETAIL = 360  # rows that are computed; the image is then enlarged, which takes a tenth of the time and looks as smooth
TURN = 2 * np.pi
AT_REST = View()


# OKLab to linear RGB (Björn Ottosson, 2020): equal lightness looks equally light for any hue; in HLS the greens would
# be too bright.
_LMS = np.array([[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.291485548]])
_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.707614701],
    ]
)


def colour(hue: float, light: float, chroma: float) -> Floats:
    """Return RGB, 0–255, of a hue (turns), a lightness (0–1) and a chroma (0 grey, 0.2 vivid), as in OKLCH."""
    lab = np.array([light, chroma * np.cos(hue * TURN), chroma * np.sin(hue * TURN)])
    linear = np.clip(_RGB @ (_LMS @ lab) ** 3, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(255 * encoded, np.float32)


class Landscape:
    """Animated landscape of one prompt.

    Args:
        seed: The prompt.
        width, height: Size of the picture, in pixels of the clip.
        part: The box to draw, in the same pixels; it may exceed the picture. By default the whole picture.
        detail: The number of rows of a picture that are computed.
    """

    def __init__(self, seed: str, width: float, height: float, part: Box | None = None, detail: float = DETAIL) -> None:
        digest = hashlib.sha256(seed.encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:16], "big"))
        scale = max(1.0, min(width, height) / detail)
        left, top, right, bottom = (round(side / scale) for side in part or (0, 0, width, height))
        self.part = (left * scale, top * scale, right * scale, bottom * scale)  # rounded to whole computed pixels
        self.columns, self.rows = width / scale, height / scale
        self.unit = min(self.columns, self.rows)
        self.x = np.arange(left, right, dtype=np.float32)
        self.y = np.arange(top, bottom, dtype=np.float32)
        # Hues in turns: the sky is teal, blue, violet or rose, the horizon rose to straw.
        cool, warm = float(rng.uniform(0.48, 0.95)), float(rng.uniform(-0.06, 0.26))
        horizon = float(rng.uniform(0.46, 0.58))
        self.horizon = horizon * self.rows
        self.sky = self._sky(cool, warm)
        self.sun = (float(rng.uniform(0.2, 0.8)) * self.columns, float(rng.uniform(0.6, 0.8)) * self.horizon)
        self.radius = float(rng.uniform(0.06, 0.1)) * self.unit
        self.glow = colour(warm, 0.97, 0.04)
        self.ridges = self._ridges(rng, cool, warm, horizon)
        self.motes = rng.random((18, 5)).astype(np.float32)
        # Half a step of noise prevents visible bands in smooth gradients of eight bits.
        self.grain = rng.uniform(-0.5, 0.5, (len(self.y), len(self.x), 1)).astype(np.float32)

    def _sky(self, cool: float, warm: float) -> Floats:
        down = np.clip(self.y / self.horizon, 0, 1)[:, None] ** 1.4
        sky = colour(cool, 0.45, 0.11) * (1 - down) + colour(warm, 0.89, 0.08) * down
        return np.asarray(sky[:, None, :], np.float32)

    def _ridges(self, rng: np.random.Generator, cool: float, warm: float, horizon: float) -> list[Ridge]:
        count = int(rng.integers(5, 8))
        ridges = []
        for number in range(count):
            near = number / (count - 1)
            light = 0.8 - 0.5 * near**0.8
            haze = 0.55 * (1 - near)  # the share of the horizon's light in its colour
            top = colour(cool, light, 0.1) * (1 - haze) + colour(warm, light + 0.06, 0.1) * haze
            deep = colour(cool, light * 0.78, 0.1)
            base = (horizon + (1.02 - horizon) * near**1.25 * 0.86) * self.rows
            ridges.append(Ridge(rng, near, base, self.unit, top, deep))
        return ridges

    def at(self, moment: float, camera: View = AT_REST) -> Image.Image:
        """Return the part at a moment, in seconds, seen from the camera's position: near ridges move more.

        The image has the computed resolution. The camera's direction is not applied.
        """
        canvas = np.empty((len(self.y), len(self.x), 3), np.float32)
        canvas[:] = self.sky
        self._shine(canvas, moment)
        self._float_motes(canvas, moment, camera)
        vanishing = (self.columns / 2, self.horizon)
        for ridge in self.ridges:
            ridge.draw(canvas, self.x, self.y, moment, camera, vanishing)
        canvas += self.grain
        return Image.fromarray(np.clip(canvas + 0.5, 0, 255).astype(np.uint8))

    def _shine(self, canvas: Floats, moment: float) -> None:
        x, y = self.sun
        y -= moment * 0.008 * self.unit
        distance = np.sqrt(((self.x - x) ** 2)[None, :] + ((self.y - y) ** 2)[:, None])
        halo = 0.75 / (1 + (distance / (self.radius * 2.6)) ** 2)
        disc = np.clip((self.radius * (1 + 0.02 * np.sin(moment * 1.3)) - distance) * 0.6 + 0.5, 0, 1)
        share = np.maximum(halo, disc)[:, :, None].astype(np.float32)
        canvas += (self.glow - canvas) * share

    def _float_motes(self, canvas: Floats, moment: float, camera: View) -> None:
        height, width, _ = canvas.shape
        for x, y, size, pace, phase in self.motes.tolist():
            radius = int((0.006 + 0.02 * size) * self.unit) + 1
            drift = 0.012 * np.sin(moment * 0.7 + phase * TURN) + 0.01 * moment * pace
            column = (x + drift - camera.right * self.unit / width) % 1.0 * width
            row = (y - moment * (0.012 + 0.03 * pace) + camera.up * self.unit / height) % 1.0 * height
            top, left = max(0, int(row) - radius), max(0, int(column) - radius)
            part = canvas[top : int(row) + radius + 1, left : int(column) + radius + 1]
            if part.size:
                rows = np.arange(top, top + part.shape[0], dtype=np.float32) - row
                columns = np.arange(left, left + part.shape[1], dtype=np.float32) - column
                spread = (rows[:, None] ** 2 + columns[None, :] ** 2) / (radius * 0.55) ** 2
                strength = (0.35 + 0.25 * np.sin(moment * 1.7 + phase * TURN)) * np.exp(-spread)
                part += (255 - part) * strength[:, :, None].astype(np.float32)


class Ridge:
    """Ridge of the landscape: a drifting wave, darker and faster the nearer it is."""

    def __init__(
        self, rng: np.random.Generator, near: float, base: float, unit: float, top: Floats, deep: Floats
    ) -> None:
        self.base, self.near, self.unit = base, near, unit
        self.height = (0.02 + 0.055 * near) * unit
        self.waves = rng.uniform((0.5, 1.3, 3.0), (1.1, 2.4, 5.0)) / (0.6 + 0.7 * near)  # per shortest side
        self.phases = rng.uniform(0, TURN, 3)
        self.paces = (0.04 + 0.12 * near) * np.array([1.0, -0.7, 1.6])  # shortest sides a second
        self.parts = np.array([0.62, 0.28, 0.1])
        self.top, self.deep = top, deep
        self.crest = np.clip(top * 1.2 + 14, 0, 255).astype(np.float32)

    def draw(
        self, canvas: Floats, x: Floats, y: Floats, moment: float, camera: View, vanishing: tuple[float, float]
    ) -> None:
        closeness = 0.12 + 0.88 * self.near  # 1: at the distance of a flat picture
        grown = FOCAL / (FOCAL - camera.forward * closeness)
        x_seen = vanishing[0] + (x - vanishing[0]) / grown + camera.right * closeness * self.unit
        base = vanishing[1] + (self.base - vanishing[1] + camera.up * closeness * self.unit) * grown
        angle = TURN * self.waves[:, None] * (x_seen / self.unit + self.paces[:, None] * moment) + self.phases[:, None]
        swell = 1 + 0.12 * np.sin(moment * 0.9 + self.phases[0])
        edge = base + grown * self.height * swell * (self.parts[:, None] * np.sin(angle)).sum(0) - y[0]
        line = max(1.0, 0.006 * self.unit)
        top = int(np.clip(edge.min() - 1, 0, len(y)))
        end = int(np.clip(edge.max() + line * 2 + 2, 0, len(y)))
        fade = np.clip((y[top:] - base) / (0.28 * self.unit), 0, 1)[:, None] ** 0.8
        own = (self.top * (1 - fade) + self.deep * fade).astype(np.float32)[:, None, :]
        depth = (np.arange(top, end, dtype=np.float32)[:, None] - edge[None, :]).astype(np.float32)
        inside = np.clip(depth + 0.5, 0, 1)[:, :, None]
        lit = (np.clip(1 - depth / (line * 2), 0, 1) * (0.25 + 0.35 * self.near))[:, :, None]
        near_edge = own[: end - top]
        band = canvas[top:end]
        band += (near_edge + (self.crest - near_edge) * lit - band) * inside
        canvas[end:] = own[end - top :]
