"""``multi_shots``, ``shot_type`` and ``multi_prompt``: which shot is seen, how long it is, and who cut the clip."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image

from kling_widgets.demo.drawing.animation import Animation
from kling_widgets.demo.drawing.cards import Box, Plate, TextLine
from kling_widgets.demo.drawing.shapes import ACCENT, FAINT, SOFT, WHITE, WRONG, Sheet

FLASH = 0.7  # seconds for which a new shot's part of the bar is bright after its cut


class Cuts:
    """A plate for each shot, of which that of the moment is seen."""

    def __init__(self, clip: Animation) -> None:
        self.clip = clip
        self.plate = lru_cache(1)(self._plate)
        self.height = self.plate(0).height

    def draw(self, canvas: Image.Image, at: tuple[int, int], moment: float) -> None:
        self.plate(self.clip.shot_at(moment)).draw(canvas, at, moment)

    def _plate(self, number: int) -> Plate:
        clip, shot = self.clip, self.clip.shots[number]
        kind = clip.used.get("shot_type")
        lines = []
        if shot.framing:
            lines = [TextLine(f"{shot.framing}, cut by the demo")]
        elif not clip.items("multi_prompt"):
            lines = [TextLine("no shots are given", WRONG)]
        length = f"{shot.end - shot.start:.1f}".removesuffix(".0")
        said = [f"shot {number + 1} of {len(clip.shots)}", f"{length} s", *([str(kind)] if kind else [])]
        return Plate(clip, " · ".join(said), lines, lambda *where: self._bar(number, *where), round(clip.short * 0.022))

    def _bar(self, number: int, canvas: Image.Image, box: Box, moment: float) -> None:
        """All shots side by side, as long as they are; the one that is seen is lit."""
        left, top, right, bottom = box
        width, height = right - left, bottom - top
        sheet, gap = Sheet(width, height), max(1.0, self.clip.short / 240)
        for place, shot in enumerate(self.clip.shots):
            start, end = (width * second / self.clip.seconds for second in (shot.start, shot.end))
            fresh = moment - shot.start < FLASH and place > 0
            lit = (WHITE if fresh else ACCENT) if place == number else SOFT if place < number else FAINT
            tall = 0.55 if place == number else 0.25
            middle = height * 0.42
            sheet.rounded(
                (start, middle - height * tall / 2, max(start + 1, end - gap), middle + height * tall / 2), gap, lit
            )
        sheet.piece().paste(canvas, (left, top))


def plate(clip: Animation) -> Cuts | None:
    """The plate of a clip of several shots, or None."""
    return Cuts(clip) if clip.used.get("multi_shots") is True else None
