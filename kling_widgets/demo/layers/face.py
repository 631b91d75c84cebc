"""Speaking face for ``voice_list``, and ``session_id`` and ``face_choose`` of lip sync.

A mouth opens according to the voice's loudness: on the picture of an avatar or of lip sync, otherwise in a small face
on the card.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from kling_widgets.core.json_values import to_json
from kling_widgets.demo.drawing import sound
from kling_widgets.demo.drawing.animation import Animation, file_name, size_of
from kling_widgets.demo.drawing.cards import Box, Card, TextLine
from kling_widgets.demo.drawing.fonts import Type, printable
from kling_widgets.demo.drawing.shapes import ACCENT, NIGHT, WRONG, Colour, Piece, Point, Sheet, tint

MOUTH = (0.5, 0.55)  # assumed position of the mouth, as shares of the picture's width and height
BESIDE = (0.19, 0.44)  # position of a placeholder's text, so that the face does not cover it
WIDTH = 0.15  # of a mouth, as a share of the shorter side
LEVELS = 24  # number of mouth pictures from closed to open
SCENES = ("avatar", "lip sync")  # workflows in which the picture itself speaks
BLINK, EVERY = 0.14, 2.7  # length of a blink and time between two, in seconds


class Mouth:
    """Mouth of a given width in pixels, in all states from closed to open."""

    def __init__(self, width: float) -> None:
        self.pieces = [self._drawn(width, number / (LEVELS - 1)) for number in range(LEVELS)]

    def draw(self, canvas: Image.Image, centre: Point, share: float) -> None:
        piece = self.pieces[round(min(1.0, max(0.0, share)) * (LEVELS - 1))]
        piece.paste(canvas, (centre[0] - piece.size[0] / 2, centre[1] - piece.size[1] / 2))

    @staticmethod
    def _drawn(width: float, share: float) -> Piece:
        wide, tall = width * (1 - 0.18 * share), width * (0.07 + 0.62 * share)
        lip = width * 0.055
        sheet = Sheet(width * 1.2, width * 0.95)
        x, y = width * 0.6, width * 0.475

        def oval(half_width: float, half_height: float, colour: Colour, down: float = 0.0) -> None:
            sheet.ellipse((x - half_width, y + down - half_height, x + half_width, y + down + half_height), colour)

        oval(wide / 2 + lip, tall / 2 + lip, tint(0.06, 0.62, 0.11))
        oval(wide / 2, tall / 2, tint(0.04, 0.24, 0.06))
        if share > 0.25:
            oval(wide * 0.3, tall * 0.2, tint(0.05, 0.66, 0.12), tall * 0.27)
            sheet.rounded((x - wide * 0.3, y - tall / 2, x + wide * 0.3, y - tall * 0.34), lip, (246, 244, 240, 255))
        return sheet.piece()


class Face:
    """Face of an avatar or of lip sync: a mouth on the picture, or a whole face if the picture is a placeholder."""

    def __init__(self, clip: Animation) -> None:
        self.voice = sound.voice(clip)
        self.centre = (clip.width * MOUTH[0], clip.height * MOUTH[1])
        self.mouth = Mouth(clip.short * WIDTH)
        real = clip.first is not None and size_of(clip.first) is not None
        self.heads = () if real else tuple(_head(clip.short, shut) for shut in (False, True))
        self.frame = _framed(clip) if clip.request.spec.scene == "lip sync" else None

    def draw(self, canvas: Image.Image, moment: float) -> None:
        x, y = self.centre
        if self.heads:
            head = self.heads[moment % EVERY > EVERY - BLINK]
            head.paste(canvas, (x - head.size[0] / 2, y - head.size[1] * 0.61))
        elif self.voice:
            _soothe(canvas, self.centre, self.mouth.pieces[0].size[0] * 0.62)
        if self.voice or self.heads:
            self.mouth.draw(canvas, self.centre, self.voice.open(moment) if self.voice else 0.0)
        if self.frame:
            self.frame.paste(canvas, (x - self.frame.size[0] / 2, y - self.frame.size[1] * 0.68))

    @classmethod
    def of(cls, clip: Animation) -> Face | None:
        return cls(clip) if clip.request.spec.scene in SCENES else None


def _soothe(canvas: Image.Image, centre: Point, radius: float) -> None:
    """Blur the picture below the mouth, so that its own mouth is not visible beside it."""
    left, top = round(centre[0] - radius), round(centre[1] - radius * 0.8)
    patch = canvas.crop((left, top, left + round(2 * radius), top + round(1.6 * radius)))
    patch = patch.filter(ImageFilter.GaussianBlur(radius / 3))
    oval = Image.radial_gradient("L").resize(patch.size).point(lambda value: max(0, min(255, (200 - value) * 3)))
    canvas.paste(patch, (left, top), oval)


def _head(short: int, shut: bool) -> Piece:
    """Return a face without a mouth, and shoulders; the eyes are open or shut."""
    radius = short * 0.17
    sheet = Sheet(radius * 3.2, radius * 3.6)
    x, y = radius * 1.6, radius * 1.55
    skin, hair, coat = tint(0.15, 0.86, 0.06), tint(0.1, 0.36, 0.05), tint(0.62, 0.55, 0.1)
    sheet.rounded((x - radius * 1.5, y + radius * 1.18, x + radius * 1.5, y + radius * 3), radius * 0.7, coat)
    sheet.rounded(
        (x - radius * 0.35, y + radius * 0.7, x + radius * 0.35, y + radius * 1.4), radius * 0.3, tint(0.13, 0.78, 0.07)
    )
    sheet.dot((x, y - radius * 0.12), radius * 1.1, hair)
    sheet.ellipse((x - radius * 0.92, y - radius * 0.85, x + radius * 0.92, y + radius * 1.12), skin)
    sheet.chord((x, y - radius * 0.1), radius, 200, 340, hair)
    for side in (-1, 1):
        eye = (x + side * radius * 0.36, y + radius * 0.06)
        if shut:
            sheet.line([(eye[0] - radius * 0.1, eye[1]), (eye[0] + radius * 0.1, eye[1])], hair, radius * 0.05)
        else:
            sheet.dot(eye, radius * 0.085, hair)
    return sheet.piece()


def _small_head(size: float) -> Piece:
    """Return a round face without a mouth, of a size in pixels."""
    sheet = Sheet(size, size)
    sheet.dot((size / 2, size / 2), size / 2, tint(0.15, 0.86, 0.06))
    for x in (0.34, 0.66):
        sheet.dot((size * x, size * 0.4), size * 0.055, NIGHT)
    return sheet.piece()


def _framed(clip: Animation) -> Piece:
    """Return a frame of four corners around the face, with the id of the chosen face."""
    chosen = face_words(clip.used.get("face_choose"))
    known = "session_id" in clip.used and bool(chosen)
    colour = ACCENT if known else WRONG
    width, height = clip.short * 0.46, clip.short * 0.5
    face = Type(round(clip.short * 0.028))
    top = face.leading + 4
    sheet, arm, thick = Sheet(width, height + top), width * 0.16, max(1.5, clip.short / 200)
    for x, across in ((thick, arm), (width - thick, -arm)):
        for y, down in ((top + thick, arm), (top + height - thick, -arm)):
            sheet.line([(x + across, y), (x, y), (x, y + down)], colour, thick)
    image = sheet.reduced()
    words = face.cut(printable(f"face {chosen}" if chosen else "no face is chosen"), width)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle(
        (0, 0, face.width(words) + face.size * 0.8, face.leading), face.size * 0.3, fill=(*NIGHT[:3], 190)
    )
    face.draw(draw, (face.size * 0.4, 0), words, colour)
    return Piece.of(image)


def face_words(chosen: Any) -> str:
    """Return the chosen face as text: a text, the id in an object, or that of the first object in a list."""
    if isinstance(chosen, list):
        more = f" and {len(chosen) - 1} more" if len(chosen) > 1 else ""
        return face_words(chosen[0]) + more if chosen else ""
    if isinstance(chosen, Mapping):
        return str(next((chosen[key] for key in ("face_id", "FaceId", "id") if key in chosen), to_json(dict(chosen))))
    return "" if chosen is None else str(chosen)


def voice_card(clip: Animation) -> Card | None:
    """Return a card with the voice's name and waveform, and a small face if the picture does not speak."""
    speech, items = sound.voice(clip), clip.items("voice_list")
    if speech is None:
        return None
    scene = clip.request.spec.scene
    lines = [TextLine("a stand-in: nothing is fetched")]
    if scene in SCENES:
        lines.append(TextLine(f"the length follows it: here {clip.seconds} s"))
    if clip.used.get("sound") is False:
        lines.append(TextLine("not heard, as sound is off"))
    if len(items) > 1:
        lines.append(TextLine(f"{len(items) - 1} more, not used: one is documented", WRONG))
    height = round(clip.short * 0.062)
    mouth = None if scene in SCENES else Mouth(height * 0.42)
    small, left_free = _small_head(height), 0 if mouth is None else round(height * 1.3)
    bars = np.interp(np.linspace(0, clip.seconds, 64), speech.time, speech.envelope)

    def wave(canvas: Image.Image, box: Box, moment: float) -> None:
        left, top, right, bottom = box[0] + left_free, box[1], box[2], box[3]
        if mouth:
            small.paste(canvas, (box[0], top))
            mouth.draw(canvas, (box[0] + height * 0.5, top + height * 0.66), speech.open(moment))
        draw, middle = ImageDraw.Draw(canvas), (top + bottom) / 2
        step, done = (right - left) / len(bars), clip.done(moment) * len(bars)
        for number, loud in enumerate(bars):
            x, half = left + number * step, max(1.0, float(loud) * height * 0.42)
            colour = ACCENT if number < done else (150, 152, 160, 255)
            draw.rectangle((x, middle - half, x + max(1.0, step * 0.55), middle + half), fill=colour[:3])

    return Card(clip, f"voice · {file_name(str(items[0].get('url')))}", lines, wave, height)


def lip_sync_card(clip: Animation) -> Card | None:
    """Return a card with the session and the face of lip sync, or what is missing."""
    session, chosen = clip.used.get("session_id"), face_words(clip.used.get("face_choose"))
    if session is None and not chosen and clip.request.spec.scene != "lip sync":
        return None
    lines = [TextLine(f"session {session}") if session else TextLine("no session_id: it may be refused", WRONG)]
    lines.append(TextLine(f"face {chosen}") if chosen else TextLine("no face_choose: it may be refused", WRONG))
    return Card(clip, "lip sync", lines)
