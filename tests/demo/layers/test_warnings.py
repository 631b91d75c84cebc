"""Warnings above the settings, on pages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from kling_widgets.demo.drawing.fonts import Type
from kling_widgets.demo.drawing.shapes import WRONG
from kling_widgets.demo.layers.warnings import LINES, READ, WarningLayer, WarningWord, messages
from tests.demo.conftest import Studio, count, make_request

FACE = Type(19)
MANY: dict[str, Any] = {
    "model": "3.0",
    "size": "1280x720",
    "aspect_ratio": "9:16",
    "image": "https://example.com/a.png",
    "image_tail": "https://example.com/b.png",
    "multi_shots": True,
    "multi_prompt": [{"index": 3, "prompt": "x" * 600, "duration": "9"}],
    "kling_elements": ["1"],
    "voice_list": ["https://example.com/a.wav"],
    "camera_control": {"type": "simple", "config": {"pan": 40, "tilt": 3}},
    "session_id": "S",
    "metadata": {"seed": 1},
}


def texts(notes: list[list[WarningWord]]) -> list[str]:
    return [" ".join(word.text for word in note) for note in notes]


def test_the_messages() -> None:
    """The messages list unused fields first, each name struck through, then the warnings."""
    notes = messages(make_request(model="1.6", seconds=5, sound=True, metadata={"seed": 1}))
    assert texts(notes) == [
        "Not used: Sound (not documented for Kling 1.6)",
        "metadata.seed (not documented)",
        "Note: The gateway is known to make the clip square for any other size; it does not know 160x90.",
    ]
    assert [[word.text for word in note if word.struck] for note in notes] == [["Sound"], ["metadata.seed"], []]


def test_nothing_to_say_takes_no_room(studio: Studio) -> None:
    """A request without problems has no page."""
    notes = WarningLayer(studio.clip(size="1280x720", seconds=5), FACE, 1000)
    assert (notes.height, notes.pages) == (0, [])


@pytest.mark.parametrize("seconds", [1, 3, 15])
def test_pages(studio: Studio, seconds: int) -> None:
    """Pages have few lines and whole messages, and each is shown long enough to be read; messages that do not fit are
    counted."""
    clip = studio.clip(**MANY, seconds=seconds)
    notes = WarningLayer(clip, FACE, 1200)
    assert notes.height <= LINES[0] * FACE.leading
    assert 1 <= len(notes.pages) <= max(1, seconds / READ)
    total = len(messages(clip.request))
    assert total > 6
    if seconds == 15:
        assert len(notes.pages) > 2
    seen = set()
    for number in range(seconds * 10):
        canvas = Image.new("RGB", (1200, 60))
        notes.draw(canvas, (0, 0), number / 10)
        seen.add(canvas.tobytes())
    assert len(seen) == len(notes.pages)


def test_names_are_struck_through(studio: Studio) -> None:
    """A line strikes through the name of an unused field, from its first letter to its last."""
    canvas = Image.new("RGB", (1200, 60))
    WarningLayer(studio.clip(model="1.6", size="1280x720", session_id="S"), FACE, 1200).draw(canvas, (0, 0), 0)
    pixels = np.asarray(canvas)
    longest = max(sum(1 for _ in part) for part in _runs(pixels))
    assert longest == pytest.approx(FACE.width("Session"), abs=4)
    assert count(pixels, WRONG[:3], 30) > longest


def _runs(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> list[list[int]]:
    """Yield the lengths of all unbroken runs of the warning colour, row by row."""
    runs: list[list[int]] = [[]]
    for row in np.abs(pixels.astype(int) - WRONG[:3]).max(2) < 30:
        for column, lit in enumerate(row):
            if lit:
                runs[-1].append(column)
            elif runs[-1]:
                runs.append([])
        runs.append([])
    return runs
