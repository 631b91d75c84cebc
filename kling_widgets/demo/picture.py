"""One frame of the clip: a ground, then layers over it. A control that is to be seen at work adds a layer to LAYERS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PIL import Image

from kling_widgets.demo.captions import Caption, Clock, Mark
from kling_widgets.demo.clip import Clip
from kling_widgets.demo.pictures import Frames, thumbnails
from kling_widgets.demo.scene import Scene


class Layer(Protocol):
    """Something drawn over the ground, in the canvas itself; the moment is in seconds."""

    def draw(self, canvas: Image.Image, moment: float) -> None: ...


class Ground:
    """What lies under everything: first and last frame, and a scene of each shot's prompt where there is none."""

    def __init__(self, clip: Clip) -> None:
        self.frames = Frames(clip)
        self.ends = [shot.end for shot in clip.shots]
        seeds = [] if clip.first else [shot.prompt for shot in clip.shots]
        self.scenes = [Scene(seed, clip.width, clip.height) for seed in seeds]

    def at(self, moment: float) -> Image.Image:
        """The ground at a moment, a canvas of its own."""
        number = next((n for n, end in enumerate(self.ends) if moment < end), len(self.ends) - 1)
        return self.frames.over(self.scenes[number].at(moment) if self.scenes else None, moment)


class References:
    """The reference pictures in a row under the mark."""

    def __init__(self, strip: Image.Image, clip: Clip) -> None:
        short = min(clip.width, clip.height)
        self.at = (round(short * 0.045), round(short * 0.13))
        self.strip, self.mask = strip.convert("RGB"), strip.getchannel("A")

    def draw(self, canvas: Image.Image, moment: float) -> None:
        canvas.paste(self.strip, self.at, self.mask)

    @classmethod
    def of(cls, clip: Clip) -> References | None:
        strip = thumbnails(clip)
        return cls(strip, clip) if strip else None


# From the lowest to the highest; each gives None for a clip that has nothing of its kind.
LAYERS: tuple[Callable[[Clip], Layer | None], ...] = (References.of, Caption, Mark, Clock)


class Painter:
    """Draws the frames of one clip."""

    def __init__(self, clip: Clip) -> None:
        self.ground = Ground(clip)
        self.layers = [layer for make in LAYERS if (layer := make(clip))]

    def frame(self, moment: float) -> Image.Image:
        """The whole picture at a moment, in seconds from the start."""
        canvas = self.ground.at(moment)
        for layer in self.layers:
            layer.draw(canvas, moment)
        return canvas
