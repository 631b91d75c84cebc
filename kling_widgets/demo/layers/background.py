"""The background of a clip: first and last frame, and a landscape for each shot's prompt, as the camera sees them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from kling_widgets.demo.drawing.animation import Animation, InputPicture, Shot
from kling_widgets.demo.drawing.cards import CardSpace
from kling_widgets.demo.drawing.pictures import opened
from kling_widgets.demo.drawing.scene import DETAIL, Landscape
from kling_widgets.demo.drawing.view import View, covering, seen
from kling_widgets.demo.layers import driving, face
from kling_widgets.demo.layers.brush_layer import BrushLayer
from kling_widgets.demo.layers.camera_layer import CameraLayer

# Without a camera field the view moves slowly towards the picture, so that a clip of one picture moves.
DRIFT = View(right=-0.025, up=-0.01, zoom=1 / 0.9)
# How the demo cuts one prompt into shots.
FRAMINGS = {
    "": View(),
    "wide": View(),
    "medium": View(right=0.12, up=-0.04, zoom=1.5),
    "close": View(-0.3, 0.02, zoom=2.2),
}
ROOM = 1.12  # a picture's scale relative to the clip, so that it stays sharp when the camera moves towards it
FARTHEST = 0.9  # the limit for drawing beyond each edge of a picture, as a share of its width and height
FADE = (0.4, 0.85)  # start and end of the cross-fade to the last frame, as shares of the last shot


class StillImage:
    """Picture on a plane.

    Beyond its edges it is mirrored, blurred and dark, so that it is visible if the camera leaves it.
    """

    def __init__(
        self, picture: InputPicture, clip: Animation, views: list[View], brush: BrushLayer | None = None
    ) -> None:
        words = face.BESIDE if clip.request.spec.scene in face.SCENES else CardSpace.words(clip)
        self.clip, self.brush = clip, brush
        width, height = clip.width, clip.height
        density = 1.0 if brush else ROOM
        image = opened(picture, round(width * density), round(height * density), words)
        left, top, right, bottom = covering(views, width, height)
        most = (width * FARTHEST, height * FARTHEST)
        edges = (min(-left, most[0]), min(-top, most[1]), min(right - width, most[0]), min(bottom - height, most[1]))
        pads = [round(edge * density + (edge > 0.5)) for edge in edges]
        self.at_pixel = (pads[0], pads[1])
        self.part = (
            -pads[0] / density, -pads[1] / density, width + pads[2] / density, height + pads[3] / density
        )  # fmt: skip
        self.image = _surrounded(image, pads) if any(pads) else image
        if brush:
            brush.cut(image)

    def at(self, moment: float, view: View) -> Image.Image:
        plane = self.image
        if self.brush:
            painted = self.brush.at(self.clip.done(moment))
            plane = plane.copy() if painted.size != plane.size else painted
            if plane is not painted:
                plane.paste(painted, self.at_pixel)
        size = (self.clip.width, self.clip.height)
        if view == View() and plane.size == size:
            return plane.copy()
        return seen(plane, self.part, view.matrix(*size), size)


def _surrounded(image: Image.Image, pads: list[int]) -> Image.Image:
    left, top, right, bottom = pads
    pixels = np.pad(np.asarray(image), ((top, bottom), (left, right), (0, 0)), mode="symmetric")
    wide = Image.fromarray(pixels)
    soft = wide.filter(ImageFilter.GaussianBlur(min(image.size) / 40))
    dark = Image.blend(soft, Image.new("RGB", soft.size, (12, 14, 22)), 0.45)
    dark.paste(image, (left, top))
    line = max(1, min(image.size) // 360)
    out = line + 2  # a little outside, so that a view of exactly the picture does not show the line
    box = (left - out, top - out, left + image.width + out - 1, top + image.height + out - 1)
    ImageDraw.Draw(dark).rectangle(box, outline=(235, 235, 235), width=line)
    return dark


class ShotLandscape:
    """Landscape of a prompt, in the framing of its shot.

    The camera's position is drawn with parallax: near parts move more. Its direction is applied to the flat picture.
    """

    def __init__(self, shot: Shot, clip: Animation, views: list[View]) -> None:
        self.size = (clip.width, clip.height)
        self.framing = FRAMINGS[shot.framing]
        # The virtual picture is larger than the frame by the framing's zoom, and stays as detailed.
        self.zoom = self.framing.zoom
        width, height = clip.width * self.zoom, clip.height * self.zoom
        centre = (
            width / 2 + self.framing.right * clip.short * self.zoom,
            height / 2 - self.framing.up * clip.short * self.zoom,
        )
        self.corner = (centre[0] - clip.width / 2, centre[1] - clip.height / 2)
        window = covering([view.turned for view in views], clip.width, clip.height)
        x, y = self.corner
        part = (window[0] + x, window[1] + y, window[2] + x, window[3] + y)
        self.scene = Landscape(driving.scene_seed(clip) or shot.prompt, width, height, part, DETAIL * self.zoom)
        left, top, right, bottom = self.scene.part
        self.part = (left - x, top - y, right - x, bottom - y)

    def at(self, moment: float, view: View) -> Image.Image:
        image = self.scene.at(moment, view)
        turned = view.turned
        if turned.yaw or turned.pitch or turned.roll:
            # Transform it at the size at which it was drawn, then enlarge it: a quarter of the work.
            width = round(image.width * self.size[0] / (self.part[2] - self.part[0]))
            height = round(image.height * self.size[1] / (self.part[3] - self.part[1]))
            scale = np.diag([self.size[0] / width, self.size[1] / height, 1.0])
            image = seen(image, self.part, turned.matrix(*self.size) @ scale, (width, height))
            return image.resize(self.size, Image.Resampling.BILINEAR)
        return seen(image, self.part, turned.matrix(*self.size), self.size)


class Background:
    """Background of a clip."""

    def __init__(self, clip: Animation) -> None:
        self.clip = clip
        self.camera = CameraLayer.of(clip)
        self.brush = BrushLayer.of(clip)
        # Paths and a mouth are drawn on the picture, so it must not move.
        self.still = bool(self.brush) or clip.request.spec.scene in face.SCENES
        moves = [self._move(share / 8) for share in range(9)]
        views = [view.then(FRAMINGS[shot.framing]) for view in moves for shot in clip.shots]
        first = StillImage(clip.first, clip, views, self.brush) if clip.first else None
        turns = moves if self.camera else [View()]
        self.first = first
        # Only one is kept: there may be many, and they are large.
        self.land = lru_cache(1)(lambda number: ShotLandscape(clip.shots[number], clip, turns))
        self.last = StillImage(clip.last, clip, [self._arrival(share / 8) for share in range(9)]) if clip.last else None

    def _move(self, done: float) -> View:
        """Return the camera's view after a share of the clip."""
        if self.camera:
            return self.camera.at(done)
        return View() if self.still else DRIFT.part(done)

    def _arrival(self, done: float) -> View:
        """Return the same view for the last frame: the move ends with the unchanged last frame."""
        if self.camera:
            return self.camera.at(1).part(-1).then(self.camera.at(done))
        return DRIFT.part(1 - done)

    def at(self, moment: float) -> Image.Image:
        """Return the background at a moment, in seconds, as a new image."""
        number = self.clip.shot_at(moment)
        shot = self.clip.shots[number]
        first = self.first if number == 0 or shot.framing else None
        done = self.clip.done(moment)
        share = self._given_way(moment) if self.last else 0.0
        if self.last and share >= 1:
            return self.last.at(moment, self._arrival(done))
        view = self._move(done)
        if first:
            canvas = first.at(moment, view.then(FRAMINGS[shot.framing]))
        else:
            canvas = self.land(number).at(moment, view if self.camera else View())  # a landscape moves by itself
        if self.brush and not first:
            self.brush.draw(canvas, done)
        if self.last and share > 0:
            canvas = Image.blend(canvas, self.last.at(moment, self._arrival(done)), share)
        return canvas

    def _given_way(self, moment: float) -> float:
        """Return the opacity of the last frame in the cross-fade, 0 to 1."""
        shot, end = self.clip.shots[-1], max(1e-6, self.clip.seconds - 1 / self.clip.fps)
        start = min(shot.start, end)
        passed = (moment - start) / max(1e-6, end - start)
        share = min(1.0, max(0.0, (passed - FADE[0]) / (FADE[1] - FADE[0])))
        return share * share * (3 - 2 * share)
