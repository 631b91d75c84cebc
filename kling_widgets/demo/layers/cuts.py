"""``multi_shots``, ``shot_type`` and ``multi_prompt``: a card with the current shot, its length, and its type."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image

from kling_widgets.demo.drawing.animation import Animation
from kling_widgets.demo.drawing.cards import Box, Card, TextLine
from kling_widgets.demo.drawing.shapes import ACCENT, FAINT, SOFT, WHITE, WRONG, Sheet

FLASH = 0.7  # seconds after a cut for which the new shot's part of the bar is highlighted


class Cuts:
    """Cards of all shots, of which the current one is shown."""

    def __init__(self, clip: Animation) -> None:
        self.clip = clip
        self.card = lru_cache(1)(self._card)
        self.height = self.card(0).height

    def draw(self, canvas: Image.Image, at: tuple[int, int], moment: float) -> None:
        self.card(self.clip.shot_at(moment)).draw(canvas, at, moment)

    def _card(self, number: int) -> Card:
        clip, shot = self.clip, self.clip.shots[number]
        kind = clip.used.get("shot_type")
        lines = []
        if shot.framing:
            lines = [TextLine(f"{shot.framing}, cut by the demo")]
        elif not clip.items("multi_prompt"):
            lines = [TextLine("no shots are given", WRONG)]
        length = f"{shot.end - shot.start:.1f}".removesuffix(".0")
        title = [f"shot {number + 1} of {len(clip.shots)}", f"{length} s", *([str(kind)] if kind else [])]
        return Card(clip, " · ".join(title), lines, lambda *where: self._bar(number, *where), round(clip.short * 0.022))

    def _bar(self, number: int, canvas: Image.Image, box: Box, moment: float) -> None:
        """Draw all shots side by side in proportion to their lengths, with the current one highlighted."""
        left, top, right, bottom = box
        width, height = right - left, bottom - top
        sheet, gap = Sheet(width, height), max(1.0, self.clip.short / 240)
        for index, shot in enumerate(self.clip.shots):
            start, end = (width * second / self.clip.seconds for second in (shot.start, shot.end))
            fresh = moment - shot.start < FLASH and index > 0
            lit = (WHITE if fresh else ACCENT) if index == number else SOFT if index < number else FAINT
            tall = 0.55 if index == number else 0.25
            middle = height * 0.42
            sheet.rounded(
                (start, middle - height * tall / 2, max(start + 1, end - gap), middle + height * tall / 2), gap, lit
            )
        sheet.piece().paste(canvas, (left, top))


def card(clip: Animation) -> Cuts | None:
    """Return the card of a clip of several shots, or None."""
    return Cuts(clip) if clip.used.get("multi_shots") is True else None
