"""The speaking face of avatar and lip sync."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kling_widgets.demo.drawing.shapes import ACCENT, WRONG
from kling_widgets.demo.layers.face import LEVELS, MOUTH, Mouth, face_words, lip_sync_card, voice_card
from tests.demo.conftest import Film, Studio, count

pytestmark = pytest.mark.slow

VOICE = ["https://example.com/voice.wav"]
SKIN = (235, 200, 180)
FACE = {"model": "identifyface", "image": "https://example.com/face.png"}


def openness(made: Film) -> list[int]:
    """Return how much of the mouth's dark inside each frame shows."""
    width, height = made.size
    x, y = round(width * MOUTH[0]), round(height * MOUTH[1])
    return [int((frame[y - 24 : y + 24, x - 24 : x + 24].max(2) < 90).sum()) for frame in made.frames]


def loudness(made: Film) -> list[float]:
    """Return the loudness during each frame."""
    step = made.rate / made.fps
    parts = (made.samples[round(n * step) : round((n + 1) * step)] for n in range(len(made.frames)))
    return [float(np.sqrt((part**2).mean())) if part.size else 0.0 for part in parts]


@pytest.mark.parametrize(
    "fields",
    [{"model": "avatar"}, {"model": "identifyface", "session_id": "S", "face_choose": "F"}],
    ids=lambda fields: fields["model"],
)
@pytest.mark.parametrize("own", [True, False], ids=["picture", "stand-in"])
def test_the_mouth_opens_with_the_voice(studio: Studio, fields: dict[str, Any], own: bool) -> None:
    """In the finished file the mouth is open if the voice is loud and closed if it is silent, on the user's picture
    and on a placeholder."""
    image = studio.upload(SKIN, (640, 360)) if own else "https://example.com/face.png"
    made = studio.film(size=None, resolution="360P", seconds=3, image=image, voice_list=VOICE, **fields)
    assert made.audio == "aac"
    opened, loud = openness(made), loudness(made)
    assert max(opened) > 4 * min(opened) and max(opened) > 150
    assert np.corrcoef(opened, loud)[0, 1] > 0.8


def test_without_a_voice_the_mouth_stays_shut(studio: Studio) -> None:
    """A face without a voice does not speak, and there is no sound."""
    made = studio.film(size=None, resolution="360P", **FACE)
    assert made.audio is None
    assert max(openness(made)) - min(openness(made)) < 40


def test_a_voice_of_another_model_moves_the_face_on_its_card(studio: Studio) -> None:
    """If the picture does not speak, the waveform on the card fills up, and the picture gets no mouth."""
    made = studio.film(size="640x360", seconds=2, voice_list=VOICE)
    amber = [count(frame[:140, 420:], ACCENT[:3], 60) for frame in (made.frames[2], made.frames[-1])]
    assert amber[1] > amber[0] + 100
    assert max(openness(made)) - min(openness(made)) < 60


def test_a_mouth_opens_step_by_step() -> None:
    """Each state of the mouth is more open than the previous one."""
    dark = [int((np.asarray(piece.image).max(2) < 60).sum()) for piece in Mouth(60).pieces]
    clear = [int((np.asarray(piece.mask) == 0).sum()) for piece in Mouth(60).pieces]
    inside = [a - b for a, b in zip(dark, clear, strict=True)]
    assert len(inside) == LEVELS and inside[0] < inside[LEVELS // 4] < inside[-1]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ("FACE_ID", "FACE_ID"),
        ([{"face_id": "7"}], "7"),
        ([{"face_id": "7"}, {"face_id": "8"}, {}], "7 and 2 more"),
        ({"FaceId": 3}, "3"),
        ([{"other": 1}], '{"other": 1}'),
        ([], ""),
        (None, ""),
    ],
)
def test_the_chosen_face(chosen: Any, words: str) -> None:
    """The chosen face is shown as its text, the id in an object, or the JSON."""
    assert face_words(chosen) == words


def test_lip_sync_without_a_session_is_seen_as_wrong(studio: Studio) -> None:
    """Without a session the frame around the face has the warning colour, and the card says so."""
    wrong, right = (
        studio.film(size=None, resolution="720P", voice_list=VOICE, **FACE, **ids).frames[0][150:560, 420:860]
        for ids in ({}, {"session_id": "S", "face_choose": "F"})
    )
    assert count(wrong, WRONG[:3], 40) > 150 > count(right, WRONG[:3], 40)
    assert count(right, ACCENT[:3], 40) > 150


def test_cards_only_where_they_belong(studio: Studio) -> None:
    """A clip without a voice has no voice card, and only lip sync has its card."""
    assert voice_card(studio.clip()) is None and lip_sync_card(studio.clip()) is None
    assert voice_card(studio.clip(voice_list=VOICE)) and lip_sync_card(studio.clip(**FACE))
    assert voice_card(studio.clip(model="1.6", voice_list=VOICE)) is None
    assert lip_sync_card(studio.clip(model="2.6", session_id="S")) is None
