"""Texts over the picture: the prompt, warnings, the settings, the DEMO mark, and a clock with a progress bar."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw

from kling_widgets.demo.drawing.animation import Animation, Shot
from kling_widgets.demo.drawing.fonts import Type, missing, printable
from kling_widgets.demo.drawing.shapes import ACCENT, Piece
from kling_widgets.demo.layers.warnings import WarningLayer

NOT_HERE = "□ has no font on this system; the caption of the video carries the prompt."
MARK, PLAIN_WORDS = "DEMO", "drawn by kling_widgets, no model was asked"
LARGE, SMALL = 0.052, 0.03  # largest and smallest font size of the prompt, as shares of the shorter side
FACTS = 0.027  # font size of the settings and the warnings
LONGEST = 4000  # characters of a prompt that are measured; more never fit
MOST_HEIGHT = 0.42  # the largest height of prompt and warnings, as a share of the clip's


class Caption:
    """Prompt, warnings and settings on a dark panel at the lower edge, one panel for each shot."""

    def __init__(self, clip: Animation) -> None:
        self.clip = clip
        margin = round(clip.short * 0.05)
        face = Type(round(clip.short * FACTS))
        self.warnings = WarningLayer(clip, face, clip.width - 2 * margin)
        # Only one is kept: there may be many, and they are large.
        self.panel = lru_cache(1)(lambda number: self._panel(clip, clip.shots[number], margin, face))

    def draw(self, canvas: Image.Image, moment: float) -> None:
        piece, at = self.panel(self.clip.shot_at(moment))
        top = canvas.height - piece.size[1]
        piece.paste(canvas, (0, top))
        self.warnings.draw(canvas, (at[0], top + at[1]), moment)

    def _panel(self, clip: Animation, shot: Shot, margin: int, small: Type) -> tuple[Piece, tuple[int, int]]:
        """Return the panel of a shot, and the position of the warnings on it."""
        short, width, spared = clip.short, clip.width - 2 * margin, self.warnings.height
        face, lines = _fitted(shot.prompt, width, clip.height * MOST_HEIGHT - spared, short)
        # Room at the right for the clock.
        narrow = width - small.width("00.0 / 00.0 s") - margin
        facts = small.wrap(NOT_HERE if missing(printable(shot.prompt[:LONGEST])) else "", narrow)[:2]
        most = 3 if clip.height > clip.width else 2
        facts += [line.lstrip("· ") for line in small.wrap(" · ".join(clip.settings), narrow)[:most]]
        gap = round(short * 0.02)
        text_height = len(lines) * face.leading + spared + len(facts) * small.leading + gap
        height = min(clip.height, text_height + 2 * margin + round(short * 0.06))
        panel = Image.new("RGBA", (clip.width, height), (8, 10, 18, 255))
        panel.putalpha(_dusk(clip.width, height, text_height + margin))
        text_layer = Image.new("RGBA", panel.size, (0, 0, 0, 0))
        draw = ImageDraw.Draw(text_layer)
        y = height - margin - text_height
        for line in lines:
            face.draw(draw, (margin, y), line, (255, 255, 255, 255))
            y += face.leading
        y = height - margin - len(facts) * small.leading
        warnings_at = (margin, y - spared - gap // 3)
        for line in facts:
            small.draw(draw, (margin, y), line, (255, 255, 255, 200))
            y += small.leading
        return Piece.of(Image.alpha_composite(panel, text_layer)), warnings_at


def _dusk(width: int, height: int, full: int) -> Image.Image:
    """Return an opacity mask for the panel: transparent at its upper edge, dark behind the text."""
    column = Image.new("L", (1, height))
    ramp = max(1, height - full)
    for y in range(height):
        share = min(1.0, (y + 1) / ramp)
        column.putpixel((0, y), round(178 * share * share * (3 - 2 * share)))
    return column.resize((width, height))


def _fitted(prompt: str, width: float, height: float, short: int) -> tuple[Type, list[str]]:
    """Return the largest font that fits and the prompt in lines, cut at the end if even the smallest does not fit."""
    text = printable(prompt[: 2 * LONGEST])[:LONGEST]
    large, small = max(10, round(short * LARGE)), max(8, round(short * SMALL))
    for size in range(large, small - 1, -max(1, (large - small) // 6)):
        face = Type(size)
        lines = face.wrap(text, width)
        if len(lines) * face.leading <= height:
            return face, lines
    face = Type(small)
    lines = face.wrap(text, width)[: max(1, int(height // face.leading))]
    lines[-1] = face.cut(lines[-1] + " … and more", width)
    return face, lines


class Mark:
    """The DEMO mark in the upper left corner."""

    def __init__(self, clip: Animation) -> None:
        short = min(clip.width, clip.height)
        self.margin = round(short * 0.045)
        face, small = Type(round(short * 0.04)), Type(round(short * 0.026))
        pad = round(face.size * 0.45)
        pill = round(face.width(MARK)) + 2 * pad
        words = small.cut(PLAIN_WORDS, clip.width - 2 * self.margin - pill - 2 * pad)
        width, height = pill + round(small.width(words)) + 3 * pad, face.size + pad
        badge = Image.new("RGBA", (width, height), (0, 0, 0, 0))
        draw = ImageDraw.Draw(badge)
        draw.rounded_rectangle((0, 0, width - 1, height - 1), height // 2, fill=(8, 10, 18, 150))
        draw.rounded_rectangle((0, 0, pill, height - 1), height // 2, fill=ACCENT)
        face.draw(draw, (pad, (height - face.size) / 2 - face.size * 0.13), MARK, (20, 20, 20, 255))
        small.draw(draw, (pill + pad, (height - small.size) / 2 - small.size * 0.13), words, (255, 255, 255, 235))
        self.badge, self.mask = badge.convert("RGB"), badge.getchannel("A")

    def draw(self, canvas: Image.Image, moment: float) -> None:
        canvas.paste(self.badge, (self.margin, self.margin), self.mask)


class Clock:
    """Progress of the clip: a bar along the lower edge, and the seconds above it."""

    def __init__(self, clip: Animation) -> None:
        self.short = min(clip.width, clip.height)
        self.seconds, self.step = clip.seconds, 1 / clip.fps
        self.face = Type(round(self.short * 0.027))
        self.margin = round(self.short * 0.05)
        self.thick = max(3, round(self.short * 0.012))
        self.cuts = [shot.start / clip.seconds for shot in clip.shots[1:]]

    def draw(self, canvas: Image.Image, moment: float) -> None:
        draw = ImageDraw.Draw(canvas)
        width, height = canvas.size
        top = height - self.thick
        draw.rectangle((0, top, width, height), fill=(40, 42, 52))
        # The bar is full in the last frame, which begins one step before the end.
        draw.rectangle((0, top, round(width * (moment + self.step) / self.seconds), height), fill=ACCENT[:3])
        for cut in self.cuts:
            draw.line((width * cut, top, width * cut, height), fill="white", width=max(1, self.thick // 4))
        text = f"{moment:.1f} / {self.seconds:.1f} s"
        left = width - self.margin - self.face.width(f"{self.seconds:.1f} / {self.seconds:.1f} s")
        self.face.draw(draw, (left, height - self.margin - self.face.leading), text, (255, 255, 255))
