"""Painting of a clip's frames: a background, then layers over it.

The effect of each field is visible in the background, in a layer, or on a card, which are listed here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PIL import Image

from kling_widgets.demo.drawing.animation import Animation
from kling_widgets.demo.drawing.cards import Rail, Slot
from kling_widgets.demo.layers import brush_layer, camera_layer, cuts, driving, element_layer, face
from kling_widgets.demo.layers.background import Background
from kling_widgets.demo.layers.captions import Caption, Clock, Mark
from kling_widgets.demo.layers.reference_layer import ReferenceLayer


class Layer(Protocol):
    """Layer over the background; ``draw`` paints onto the canvas, at a moment in seconds."""

    def draw(self, canvas: Image.Image, moment: float) -> None: ...


# From top to bottom of the rail; each returns None if the clip does not use its field.
CARDS: tuple[Callable[[Animation], Slot | None], ...] = (
    cuts.card,
    camera_layer.card,
    brush_layer.card,
    driving.card,
    face.voice_card,
    face.lip_sync_card,
    element_layer.card,
)


class Painter:
    """Painter of one clip's frames."""

    def __init__(self, clip: Animation) -> None:
        self.background = Background(clip)
        rail = Rail(clip, [card for make in CARDS if (card := make(clip))])
        # From the lowest to the topmost.
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
        """Return the frame at a moment, in seconds from the start."""
        canvas = self.background.at(moment)
        for layer in self.layers:
            layer.draw(canvas, moment)
        return canvas
