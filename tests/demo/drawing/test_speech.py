"""Synthetic voice in place of a linked sound."""

from __future__ import annotations

import numpy as np

from kling_widgets.demo.drawing.speech import Speech

RATE = 48_000


def test_it_is_as_loud_as_the_mouth_is_open() -> None:
    """The envelope, which opens the mouth, is that of the sound."""
    speech = Speech("voice.wav", 5)
    samples = speech.samples(RATE)
    assert samples.shape == (5 * RATE,) and 0.05 < np.abs(samples).max() <= 0.31
    loud = np.sqrt((samples.reshape(100, -1) ** 2).mean(1))
    opened = [np.mean([speech.open((n + part) / 20) for part in (0.1, 0.5, 0.9)]) for n in range(100)]
    assert np.corrcoef(loud, opened)[0, 1] > 0.85


def test_it_speaks_in_syllables_and_breathes() -> None:
    """The mouth opens and closes several times a second, with silence between phrases."""
    speech = Speech("voice.wav", 10)
    opened = speech.envelope > 0.3
    syllables = int((opened[1:] & ~opened[:-1]).sum())
    assert 20 < syllables < 60
    assert 0.05 < (speech.envelope < 0.02).mean() < 0.5


def test_the_same_name_speaks_the_same() -> None:
    """The same name has the same voice, another name another one."""
    one, again, other = (Speech(name, 2).samples(RATE) for name in ("a.wav", "a.wav", "b.wav"))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.05


def test_it_begins_and_ends_in_silence() -> None:
    """The sound starts and ends silently, also in the shortest clip."""
    for seconds in (1, 3):
        samples = Speech("voice.wav", seconds).samples(RATE)
        assert np.abs(samples[:200]).max() < 0.01 and np.abs(samples[-200:]).max() < 0.02
