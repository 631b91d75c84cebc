"""``video_list``: a figure that walks through a landscape, in place of the linked video, which the demo does not fetch.

Some of its frames are on a film strip on a card, and the figure walks through the clip.
"""

from __future__ import annotations

from PIL import Image

from kling_widgets.demo.drawing.animation import Animation, file_name
from kling_widgets.demo.drawing.cards import Box, Card, TextLine
from kling_widgets.demo.drawing.scene import Landscape
from kling_widgets.demo.drawing.shapes import NIGHT, WRONG, Piece, Sheet
from kling_widgets.demo.drawing.sound import stride
from kling_widgets.demo.layers.walker import STRIDE, Walker

TALL = 0.36  # height of the figure, as a share of the clip's shorter side
FEET = 0.68  # position of its feet, as a share of the clip's height
SHOWN = 5  # number of frames on the strip
APART = 0.14  # seconds between two of them
KINDS = {"base": "base: the clip is made from it", "feature": "feature: its motion is taken"}
SOUNDS = {"yes": "its own sound is kept: steps", "no": "its own sound is dropped"}


def link(clip: Animation) -> str | None:
    """Return the link of the video, or None."""
    items = clip.items("video_list")
    return str(items[0].get("url")) if items else None


def scene_seed(clip: Animation) -> str | None:
    """Return the seed of the video's landscape if the clip is made from the video ("base"), else None."""
    items = clip.items("video_list")
    return f"video {link(clip)}" if items and items[0].get("refer_type") == "base" else None


class Driving:
    """Figure that walks from left to right, again and again."""

    def __init__(self, name: str, clip: Animation) -> None:
        self.clip, self.pairs = clip, stride(clip) or 1.0
        self.walker = Walker(name, clip.short * TALL)

    def draw(self, canvas: Image.Image, moment: float) -> None:
        figure = self.walker.at(moment * self.pairs)
        wide, tall = figure.size
        way = moment * self.pairs * STRIDE * self.walker.height
        x = (self.clip.width * 0.25 + way) % (self.clip.width + wide) - wide / 2
        figure.paste(canvas, (x - wide / 2, self.clip.height * FEET - tall))

    @classmethod
    def of(cls, clip: Animation) -> Driving | None:
        name = link(clip)
        return cls(name, clip) if name else None


class Strip:
    """Film strip with some consecutive frames of the video, all of them moving."""

    def __init__(self, name: str, clip: Animation, width: int) -> None:
        self.pairs, short = stride(clip) or 1.0, clip.short
        gap, edge = max(2, round(short * 0.008)), max(3, round(short * 0.016))
        self.wide = (width - gap) // SHOWN - gap
        self.tall = round(self.wide * 1.05)
        self.height = self.tall + 2 * edge
        self.at = [(gap + number * (self.wide + gap), edge) for number in range(SHOWN)]
        self.walker = Walker(name, self.tall * 0.86)
        scene = Landscape(f"video {name}", self.wide, self.tall).at(0).resize((self.wide, self.tall))
        sheet, hole = Sheet(width, self.height), edge * 0.45
        sheet.rounded((0, 0, width, self.height), hole, NIGHT)
        x = hole
        while x < width:
            for y in (edge * 0.5, self.height - edge * 0.5):
                sheet.rounded((x, y - hole / 2, x + hole * 1.2, y + hole / 2), hole * 0.3, (255, 255, 255, 150))
            x += hole * 2.6
        film = sheet.reduced()
        for at in self.at:
            film.paste(scene, at)
        self.film = Piece.of(film)

    def draw(self, canvas: Image.Image, box: Box, moment: float) -> None:
        self.film.paste(canvas, box[:2])
        for number, (x, y) in enumerate(self.at):
            figure = self.walker.at((moment + number * APART) * self.pairs)
            left = box[0] + x + (self.wide - figure.size[0]) / 2
            figure.paste(canvas, (left, box[1] + y + self.tall - figure.size[1] - 1))


def card(clip: Animation) -> Card | None:
    """Return a card with the video's name, its use, and its frames on a film strip."""
    name = link(clip)
    if name is None:
        return None
    item, others = clip.items("video_list")[0], len(clip.items("video_list")) - 1
    lines = [TextLine("a stand-in: nothing is fetched")]
    for key, words in (("refer_type", KINDS), ("keep_original_sound", SOUNDS)):
        if key in item:
            known = words.get(str(item[key]))
            if known and key == "keep_original_sound" and clip.used.get("sound") is False:
                known = "its own sound: off"
            lines.append(TextLine(known) if known else TextLine(f"{key} {item[key]}: no such choice", WRONG))
    if others:
        lines.append(TextLine(f"{others} more, not used: one is documented", WRONG))
    strip = Strip(name, clip, Card.inner(clip))
    return Card(clip, f"video · {file_name(name)}", lines, strip.draw, strip.height)
