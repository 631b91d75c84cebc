"""A soft tone for clips that ask for sound: a slow chord whose root comes from the prompt."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

RATE = 48_000  # samples a second
CHORD = (1.0, 1.5, 2.0, 2.5)  # over the root: fifth, octave, third above it
LOUDNESS = 0.12  # of full scale
FADE = 0.6  # seconds, at both ends


def tone(prompt: str, seconds: int) -> NDArray[np.float32]:
    """One channel of samples from -1 to 1; the same prompt always sounds the same."""
    digest = hashlib.sha256(prompt.encode()).digest()
    root = 110 * 2 ** (digest[0] % 12 / 12)  # Hz, within an octave from A2
    time = np.arange(seconds * RATE, dtype=np.float64) / RATE
    wave = np.zeros_like(time)
    for number, ratio in enumerate(CHORD):
        breath = 0.6 + 0.4 * np.sin(2 * np.pi * time * (0.11 + 0.05 * number) + digest[number + 1])
        wave += breath * np.sin(2 * np.pi * root * ratio * time) / (number + 1)
    ends = np.clip(np.minimum(time, seconds - time) / FADE, 0, 1)
    return (wave * LOUDNESS * ends * ends * (3 - 2 * ends)).astype(np.float32)
