"""Warnings above the settings: unused fields, struck through, and the catalog's warnings.

If they need more room than there is, they are shown page by page.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

from kling_widgets.demo.drawing.animation import Animation
from kling_widgets.demo.drawing.fonts import Type, printable
from kling_widgets.demo.drawing.shapes import SOFT, WRONG, Colour, Piece
from kling_widgets.demo.drawing.unused import struck, warnings
from kling_widgets.request.request import VideoRequest

LINES = (2, 4)  # the most lines of a page, in a wide clip and in a tall one
MOST_HEIGHT = 0.17  # the largest height of a page, as a share of the clip's
READ = 1.5  # the minimum seconds for a page; warnings that are not shown in time are counted


@dataclass(frozen=True)
class WarningWord:
    """Word of a warning; struck through if it names an unused field."""

    text: str
    colour: Colour = SOFT
    struck: bool = False


class WarningLayer:
    """Layer with a clip's warnings, on pages of a width in pixels. ``height`` is the largest page's, 0 for none."""

    def __init__(self, clip: Animation, face: Type, width: float) -> None:
        self.clip, self.face, self.width = clip, face, width
        self.space = face.width("a a") - face.width("aa")
        most = max(1, min(LINES[clip.height > clip.width], int(clip.height * MOST_HEIGHT / face.leading)))
        texts, shown = messages(clip.request), max(1, int(clip.seconds / READ))
        pages: list[list[list[WarningWord]]] = []
        for number, text in enumerate(texts):
            together = self._lines([*_flat(pages[-1]), *text]) if pages else []
            if pages and len(together) <= most:
                pages[-1] = together
            elif len(pages) < shown:
                pages.append(self._lines(text)[:most])
            else:
                pages[-1] = self._ended(pages[-1], f"… and {len(texts) - number} more", most)
                break
        self.height = max((len(page) for page in pages), default=0) * face.leading
        self.pages = [self._drawn(page) for page in pages]

    def draw(self, canvas: Image.Image, at: tuple[int, int], moment: float) -> None:
        """Draw the page of the moment, with its upper left corner at a point."""
        if self.pages:
            turn = int(moment / self.clip.seconds * len(self.pages))
            self.pages[min(turn, len(self.pages) - 1)].paste(canvas, at)

    def _lines(self, words: list[WarningWord]) -> list[list[WarningWord]]:
        lines: list[list[WarningWord]] = []
        for word in words:
            word = WarningWord(self.face.cut(printable(word.text), self.width), word.colour, word.struck)
            if not lines or self._length([*lines[-1], word]) > self.width:
                lines.append([])
            lines[-1].append(word)
        return lines

    def _ended(self, page: list[list[WarningWord]], words: str, most: int) -> list[list[WarningWord]]:
        """Return the page with these words at its end, without its last words if there is not enough room."""
        kept, end = _flat(page), WarningWord(words, WRONG)
        while kept and len(self._lines([*kept, end])) > most:
            kept.pop()
        return self._lines([*kept, end])

    def _length(self, words: list[WarningWord]) -> float:
        return sum(self.face.width(word.text) for word in words) + self.space * (len(words) - 1)

    def _drawn(self, page: list[list[WarningWord]]) -> Piece:
        image = Image.new("RGBA", (max(1, round(self.width)), self.height), (*WRONG[:3], 0))
        draw, y = ImageDraw.Draw(image), 0.0
        for line in page:
            x = 0.0
            for word in line:
                self.face.draw(draw, (x, y), word.text, word.colour)
                end = x + self.face.width(word.text)
                if word.struck:
                    height = y + self.face.size * 0.68
                    draw.line((x, height, end, height), fill=word.colour, width=max(1, self.face.size // 10))
                x = end + self.space
            y += self.face.leading
        return Piece.of(image)


def _flat(page: list[list[WarningWord]]) -> list[WarningWord]:
    return [word for line in page for word in line]


def messages(request: VideoRequest) -> list[list[WarningWord]]:
    """Return the warnings of a request as words."""
    found: list[list[WarningWord]] = []
    for reason, names in struck(request).items():
        lead = [] if found else [WarningWord("Not used:", WRONG)]
        found.append(
            [
                *lead,
                *(WarningWord(name, WRONG, struck=True) for name in names),
                *map(WarningWord, f"({reason})".split()),
            ]
        )
    found += [[WarningWord("Note:", WRONG), *map(WarningWord, sentence.split())] for sentence in warnings(request)]
    return found
