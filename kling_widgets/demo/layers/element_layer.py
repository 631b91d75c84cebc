"""``kling_elements``: a paper object for each id, in the clip if the prompt names it, and on a card."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from math import sin

from PIL import Image, ImageDraw

from kling_widgets.catalog.structured_fields import Elements as ElementsField
from kling_widgets.core.json_values import to_json
from kling_widgets.demo.drawing.animation import Animation
from kling_widgets.demo.drawing.cards import Box, Card, TextLine
from kling_widgets.demo.drawing.fonts import Type, printable
from kling_widgets.demo.drawing.shapes import NIGHT, SOFT, WHITE, WRONG, Colour, Piece, Point, Sheet, tint

TALL = 0.24  # size of an object, as a share of the clip's shorter side
POSITIONS = ((0.17, 0.57), (0.34, 0.61), (0.51, 0.57))  # of their feet, as shares of width and height
SHOWN = 4  # number on the card: the documented ones, and one too many
LOWER = 0.08  # how much lower they are in a tall clip, which has more room
Shape = tuple[str, tuple[Point, ...]]  # one of three paper colours, and its corners in a unit square

# The objects that an element can be shown as; its id determines which one.
THINGS: Mapping[str, tuple[Shape, ...]] = {
    "boat": (
        ("light", ((0.5, 0.08), (0.5, 0.62), (0.2, 0.62))),
        ("dark", ((0.5, 0.08), (0.5, 0.62), (0.78, 0.62))),
        ("main", ((0.04, 0.6), (0.96, 0.6), (0.74, 0.92), (0.26, 0.92))),
        ("dark", ((0.5, 0.6), (0.96, 0.6), (0.74, 0.92), (0.5, 0.92))),
    ),
    "kite": (
        ("main", ((0.5, 0.02), (0.84, 0.36), (0.5, 0.8), (0.16, 0.36))),
        ("dark", ((0.5, 0.02), (0.84, 0.36), (0.5, 0.8))),
        ("light", ((0.16, 0.36), (0.84, 0.36), (0.5, 0.42))),
        ("light", ((0.5, 0.8), (0.4, 0.96), (0.6, 0.96))),
    ),
    "tree": (
        ("dark", ((0.46, 0.7), (0.54, 0.7), (0.56, 0.98), (0.44, 0.98))),
        ("main", ((0.5, 0.34), (0.86, 0.78), (0.14, 0.78))),
        ("light", ((0.5, 0.18), (0.78, 0.58), (0.22, 0.58))),
        ("main", ((0.5, 0.02), (0.7, 0.36), (0.3, 0.36))),
    ),
    "house": (
        ("main", ((0.18, 0.46), (0.82, 0.46), (0.82, 0.96), (0.18, 0.96))),
        ("dark", ((0.5, 0.08), (0.94, 0.48), (0.06, 0.48))),
        ("light", ((0.42, 0.64), (0.58, 0.64), (0.58, 0.96), (0.42, 0.96))),
    ),
    "fish": (
        ("main", ((0.06, 0.7), (0.28, 0.48), (0.56, 0.48), (0.76, 0.7), (0.56, 0.92), (0.28, 0.92))),
        ("dark", ((0.72, 0.7), (0.96, 0.46), (0.96, 0.94))),
        ("light", ((0.38, 0.48), (0.58, 0.48), (0.5, 0.3))),
        ("light", ((0.2, 0.62), (0.27, 0.62), (0.27, 0.69), (0.2, 0.69))),
    ),
    "lantern": (
        ("dark", ((0.38, 0.06), (0.62, 0.06), (0.66, 0.18), (0.34, 0.18))),
        ("main", ((0.3, 0.18), (0.7, 0.18), (0.86, 0.5), (0.7, 0.82), (0.3, 0.82), (0.14, 0.5))),
        ("light", ((0.44, 0.18), (0.56, 0.18), (0.6, 0.5), (0.56, 0.82), (0.44, 0.82), (0.4, 0.5))),
        ("dark", ((0.36, 0.82), (0.64, 0.82), (0.6, 0.94), (0.4, 0.94))),
    ),
}


def kinds(element_ids: list[str]) -> list[str]:
    """Return the kind of object for each element; its id determines it, but two close to each other always differ."""
    chosen: list[str] = []
    for element_id in element_ids:
        free = [kind for kind in THINGS if kind not in chosen[-len(THINGS) + 1 :]]
        chosen.append(free[_digest(element_id)[0] % len(free)])
    return chosen


def _digest(element_id: str) -> bytes:
    return hashlib.sha256(f"element {element_id}".encode()).digest()


def thing(kind: str, element_id: str, side: float, *, pale: bool = False) -> Piece:
    """Return the paper object of an id, in its colour; pale if it is not in the clip."""
    hue, chroma = _digest(element_id)[1] / 256, 0.02 if pale else 0.14
    papers: Mapping[str, Colour] = {
        "light": tint(hue + 0.04, 0.92, chroma * 0.5),
        "main": tint(hue, 0.76, chroma),
        "dark": tint(hue, 0.6, chroma),
    }
    sheet = Sheet(side, side)
    for paper, corners in THINGS[kind]:
        sheet.polygon([(x * side, y * side) for x, y in corners], papers[paper])
    return sheet.piece()


def ids(clip: Animation) -> list[str]:
    """Return the ids of the elements as text."""
    values = (item.get("element_id") for item in clip.items("kling_elements"))
    return [value if isinstance(value, str) else to_json(value) for value in values]


def named(clip: Animation, number: int, shot: int | None = None) -> bool:
    """Return whether the prompt of a shot, or any prompt of the clip, names the element; its number is from 1."""
    shots = clip.shots if shot is None else clip.shots[shot : shot + 1]
    return any(f"<<<element_{number}>>>" in prompt for prompt in (one.prompt for one in shots))


def documented() -> int:
    """Return the documented number of elements."""
    return ElementsField.at_most


class ElementLayer:
    """Layer with the elements that the prompt names, swaying a little, each with its name."""

    def __init__(self, clip: Animation) -> None:
        self.clip, side = clip, clip.short * TALL
        found = ids(clip)[: documented()]
        self.things = {
            number: thing(kind, element_id, side)
            for number, (kind, element_id) in enumerate(zip(kinds(found), found, strict=True), 1)
            if named(clip, number)
        }
        self.lower = LOWER if clip.height > clip.width else 0.0
        self.tags = {number: _tag(f"element_{number}", clip.short) for number in self.things}

    def draw(self, canvas: Image.Image, moment: float) -> None:
        shot = self.clip.shot_at(moment)
        for number, piece in self.things.items():
            if not named(self.clip, number, shot):
                continue
            across, down = POSITIONS[number - 1]
            x, y = self.clip.width * across, self.clip.height * (down + self.lower)
            sway = self.clip.short * 0.012 * sin(moment * 1.6 + number * 2)
            piece.paste(canvas, (x - piece.size[0] / 2, y - piece.size[1] + sway))
            tag = self.tags[number]
            tag.paste(canvas, (x - tag.size[0] / 2, y + self.clip.short * 0.02))

    @classmethod
    def of(cls, clip: Animation) -> ElementLayer | None:
        return cls(clip) if ids(clip) else None


def _tag(text: str, short: int) -> Piece:
    face = Type(round(short * 0.026))
    width, height = face.width(text) + face.size, face.leading + 2
    sheet = Sheet(width, height)
    sheet.rounded((0, 0, width, height), height / 2, (*NIGHT[:3], 165))
    image = sheet.reduced()
    face.draw(ImageDraw.Draw(image), (face.size / 2, 0), text, WHITE)
    return Piece.of(image)


def card(clip: Animation) -> Card | None:
    """Return a card with each element's object and id, and whether the prompt names it."""
    found = ids(clip)
    if not found:
        return None
    shown = found[:SHOWN]
    rows = [_row(clip, number, *each) for number, each in enumerate(zip(kinds(shown), shown, strict=True), 1)]

    def draw(canvas: Image.Image, box: Box, moment: float) -> None:
        y = box[1]
        for row in rows:
            row.paste(canvas, (box[0], y))
            y += row.size[1]

    more = len(found) - SHOWN
    lines = [TextLine(f"{more} more, not used", WRONG)] if more > 0 else []
    return Card(clip, f"elements · {len(found)}", lines, draw, sum(row.size[1] for row in rows))


def _row(clip: Animation, number: int, kind: str, element_id: str) -> Piece:
    """Return a row of the card: a small object, its id, and its problem if there is one."""
    over, is_named = number > documented(), named(clip, number)
    width, face = Card.inner(clip), Type(round(clip.short * 0.026))
    side, left = round(clip.short * 0.045), round(clip.short * 0.06)
    problem = "too many" if over else "" if is_named else "not named in the prompt"
    lines = [(f"element_{number} · {element_id}", SOFT), *([(problem, WRONG)] if problem else [])]
    image = Image.new("RGBA", (width, max(side, len(lines) * face.leading) + 4), (0, 0, 0, 0))
    paper = thing(kind, element_id, side, pale=bool(problem))
    image.paste(paper.image, (0, (image.height - side) // 2), paper.mask)
    y = (image.height - len(lines) * face.leading) // 2
    for text, colour in lines:
        face.draw(ImageDraw.Draw(image), (left, y), face.cut(printable(text), width - left), colour)
        y += face.leading
    return Piece.of(image)
