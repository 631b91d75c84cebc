"""What is written over the picture: the prompt, the settings, DEMO, and a clock with its bar."""

from __future__ import annotations

from PIL import Image, ImageDraw

from kling_widgets.demo.clip import Clip, Shot
from kling_widgets.demo.fonts import Type, missing, printable

NOT_HERE = "□ has no font on this system; the caption of the video carries the prompt."
MARK, PLAIN_WORDS = "DEMO", "drawn by kling_widgets, no model was asked"
ACCENT = (255, 196, 61)
LARGE, SMALL = 0.052, 0.03  # type sizes of the prompt, of the shorter side
MOST_HEIGHT = 0.42  # of the clip, for the prompt


class Caption:
    """The prompt and the settings on a dark ground at the lower edge, a panel for each shot."""

    def __init__(self, clip: Clip) -> None:
        self.ends = [shot.end for shot in clip.shots]
        panels = [self._panel(clip, number, shot) for number, shot in enumerate(clip.shots)]
        self.panels = [(panel.convert("RGB"), panel.getchannel("A")) for panel in panels]

    def draw(self, canvas: Image.Image, moment: float) -> None:
        number = next((n for n, end in enumerate(self.ends) if moment < end), len(self.ends) - 1)
        ink, mask = self.panels[number]
        canvas.paste(ink, (0, canvas.height - ink.height), mask)

    def _panel(self, clip: Clip, number: int, shot: Shot) -> Image.Image:
        short = min(clip.width, clip.height)
        margin = round(short * 0.05)
        width = clip.width - 2 * margin
        face, lines = _fitted(shot.prompt, width, clip.height * MOST_HEIGHT, short)
        small = Type(round(short * 0.027))
        settings = clip.settings if len(clip.shots) == 1 else (*clip.settings, f"shot {number + 1}")
        # Room at the right for the clock.
        narrow = width - small.width("00.0 / 00.0 s") - margin
        facts = small.wrap(NOT_HERE if missing(printable(shot.prompt)) else "", narrow)[:2]
        facts += small.wrap(" · ".join(settings), narrow)[:2]
        text_height = len(lines) * face.leading + len(facts) * small.leading + round(short * 0.02)
        height = min(clip.height, text_height + 2 * margin + round(short * 0.06))
        panel = Image.new("RGBA", (clip.width, height), (8, 10, 18, 255))
        panel.putalpha(_dusk(clip.width, height, text_height + margin))
        ink = Image.new("RGBA", panel.size, (0, 0, 0, 0))
        draw = ImageDraw.Draw(ink)
        y = height - margin - text_height
        for line in lines:
            face.draw(draw, (margin, y), line, (255, 255, 255, 255))
            y += face.leading
        y = height - margin - len(facts) * small.leading
        for line in facts:
            small.draw(draw, (margin, y), line, (255, 255, 255, 200))
            y += small.leading
        return Image.alpha_composite(panel, ink)


def _dusk(width: int, height: int, full: int) -> Image.Image:
    """A ground for type: clear at its upper edge, dark where the text stands."""
    column = Image.new("L", (1, height))
    ramp = max(1, height - full)
    for y in range(height):
        share = min(1.0, (y + 1) / ramp)
        column.putpixel((0, y), round(178 * share * share * (3 - 2 * share)))
    return column.resize((width, height))


def _fitted(prompt: str, width: float, height: float, short: int) -> tuple[Type, list[str]]:
    """The prompt in lines, as large as it fits; cut at the end when even the smallest type does not."""
    text = printable(prompt)
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
    """DEMO, in the upper left corner."""

    def __init__(self, clip: Clip) -> None:
        short = min(clip.width, clip.height)
        self.margin = round(short * 0.045)
        face, small = Type(round(short * 0.04)), Type(round(short * 0.026))
        pad = round(face.size * 0.45)
        pill = round(face.width(MARK)) + 2 * pad
        words = small.cut(PLAIN_WORDS, clip.width - 2 * self.margin - pill - 2 * pad)
        width, height = pill + round(small.width(words)) + 3 * pad, face.size + pad
        plate = Image.new("RGBA", (width, height), (0, 0, 0, 0))
        draw = ImageDraw.Draw(plate)
        draw.rounded_rectangle((0, 0, width - 1, height - 1), height // 2, fill=(8, 10, 18, 150))
        draw.rounded_rectangle((0, 0, pill, height - 1), height // 2, fill=(*ACCENT, 255))
        face.draw(draw, (pad, (height - face.size) / 2 - face.size * 0.13), MARK, (20, 20, 20, 255))
        small.draw(draw, (pill + pad, (height - small.size) / 2 - small.size * 0.13), words, (255, 255, 255, 235))
        self.plate, self.mask = plate.convert("RGB"), plate.getchannel("A")

    def draw(self, canvas: Image.Image, moment: float) -> None:
        canvas.paste(self.plate, (self.margin, self.margin), self.mask)


class Clock:
    """How far the clip is: a bar along the lower edge and the seconds above it."""

    def __init__(self, clip: Clip) -> None:
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
        draw.rectangle((0, top, round(width * (moment + self.step) / self.seconds), height), fill=ACCENT)
        for cut in self.cuts:
            draw.line((width * cut, top, width * cut, height), fill="white", width=max(1, self.thick // 4))
        text = f"{moment:.1f} / {self.seconds:.1f} s"
        left = width - self.margin - self.face.width(f"{self.seconds:.1f} / {self.seconds:.1f} s")
        self.face.draw(draw, (left, height - self.margin - self.face.leading), text, (255, 255, 255))
