"""Sound of clips."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kling_widgets.demo.drawing.sound import RATE, steps, stride, track
from tests.demo.conftest import Studio

VOICE = {"voice_list": ["https://example.com/voice.wav"]}
STEPS = {"video_list": [{"url": "https://example.com/walk.mp4", "keep_original_sound": "yes"}]}
MUTE = {"video_list": [{"url": "https://example.com/walk.mp4", "keep_original_sound": "no"}]}


@pytest.mark.parametrize(
    ("fields", "heard"),
    [
        ({}, False),
        ({"sound": True}, True),
        ({"sound": False}, False),
        (VOICE, True),
        ({"sound": False, **VOICE}, False),
        (STEPS, True),
        (MUTE, False),
        ({"sound": False, **STEPS}, False),
        ({"sound": True, **VOICE, **STEPS}, True),
    ],
    ids=str,
)
def test_what_is_heard(studio: Studio, fields: dict[str, Any], heard: bool) -> None:
    """A clip has sound if sound is on, a voice speaks, or a video keeps its sound; never if sound is off."""
    samples = track(studio.clip(seconds=2, **fields))
    assert (samples is not None) is heard
    if samples is not None:
        assert samples.shape == (2 * RATE,) and 0.02 < np.abs(samples).max() < 0.95


def test_a_field_that_the_model_does_not_take_is_not_heard(studio: Studio) -> None:
    """Sound that is not documented for the model makes none."""
    assert track(studio.clip(model="1.6", sound=True)) is None


def test_a_voice_is_louder_than_the_chord_under_it(studio: Studio) -> None:
    """Together with a voice the chord is quieter."""
    voice, both = (track(studio.clip(seconds=3, **fields)) for fields in (VOICE, {"sound": True, **VOICE}))
    assert voice is not None and both is not None
    assert np.abs(both - voice).max() < np.abs(voice).max() / 2


def test_steps_come_in_the_figures_pace(studio: Studio) -> None:
    """There are two knocks for each pair of steps."""
    pairs = stride(studio.clip(**STEPS))
    assert pairs and 0.7 < pairs < 1.2
    loud = np.abs(steps(pairs, 4)).reshape(400, -1).max(1) > 0.06
    assert (loud[1:] & ~loud[:-1]).sum() == pytest.approx(8 * pairs, abs=1)
