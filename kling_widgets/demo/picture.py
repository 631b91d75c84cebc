"""One frame of the clip: a ground, then layers over it. A control that is to be seen at work is part of the ground, or
adds a layer or a plate here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PIL import Image

from kling_widgets.demo.drawing.animation import Animation
from kling_widgets.demo.drawing.cards import Rail, Slot
from kling_widgets.demo.layers import brush_layer, camera_layer, cuts, driving, element_layer, face
from kling_widgets.demo.layers.background import Ground
from kling_widgets.demo.layers.captions import Caption, Clock, Mark
from kling_widgets.demo.layers.reference_layer import ReferenceLayer


class Layer(Protocol):
    """Something drawn over the ground, in the canvas itself; the moment is in seconds."""

    def draw(self, canvas: Image.Image, moment: float) -> None: ...


# From the top of the rail to its foot; each gives None for a clip that has nothing of its kind.
PLATES: tuple[Callable[[Animation], Slot | None], ...] = (
    cuts.plate,
    camera_layer.plate,
    brush_layer.plate,
    driving.plate,
    face.voice_plate,
    face.lips_plate,
    element_layer.plate,
)


class Painter:
    """Draws the frames of one clip."""

    def __init__(self, clip: Animation) -> None:
        self.ground = Ground(clip)
        rail = Rail(clip, [plate for make in PLATES if (plate := make(clip))])
        # From the lowest to the highest.
        layers: tuple[Layer | None, ...] = (
            ReferenceLayer.of(clip, rail.left),
            driving.Driving.of(clip),
            face.Face.of(clip),
            element_layer.ElementLayer.of(clip),
            Caption(clip),
            rail,
            Mark(clip),
            Clock(clip),
        )
        self.layers = [layer for layer in layers if layer]

    def frame(self, moment: float) -> Image.Image:
        """The whole picture at a moment, in seconds from the start."""
        canvas = self.ground.at(moment)
        for layer in self.layers:
            layer.draw(canvas, moment)
        return canvas
