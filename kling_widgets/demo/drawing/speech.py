"""Synthetic voice in place of a linked sound: syllables, phrases and a melody, which sound like humming.

They are derived from the link's name, so that the same name always sounds the same.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = 200  # values of the envelope per second
RATE = 16_000  # samples a second of the voice; a telephone has 8,000
LOUDNESS = 0.3  # of full scale
# The first two formants, in Hz, of the vowels a, e, i, o and u.
VOWELS = np.array([(730.0, 1100.0), (530.0, 1840.0), (300.0, 2250.0), (570.0, 850.0), (330.0, 900.0)])


class Speech:
    """Voice of a clip.

    Args:
        name: The sound's name, from which everything is derived.
        seconds: The length of the clip.
    """

    def __init__(self, name: str, seconds: float) -> None:
        digest = hashlib.sha256(f"voice {name}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:16], "big"))
        self.seconds = seconds
        self.time = np.arange(int(seconds * STEPS) + 1) / STEPS
        self.pitch = float(rng.uniform(115, 215))  # Hz
        self.envelope = np.zeros_like(self.time)
        self.vowel = np.zeros((len(self.time), 2)) + VOWELS[0]
        self.melody = np.ones_like(self.time)
        moment, left = 0.25, int(rng.integers(4, 8))
        while moment < seconds - 0.2:
            length, strength = float(rng.uniform(0.15, 0.27)), float(rng.uniform(0.6, 1.0))
            self._syllable(
                moment, length, strength, VOWELS[int(rng.integers(len(VOWELS)))], float(rng.uniform(0.9, 1.2))
            )
            moment, left = moment + length * 0.92, left - 1
            if left == 0:  # a breath between two phrases
                moment, left = moment + float(rng.uniform(0.25, 0.5)), int(rng.integers(4, 8))
        self.envelope *= np.clip((seconds - self.time) / 0.15, 0, 1)

    def _syllable(self, start: float, length: float, strength: float, vowel: Floats, tone: float) -> None:
        here = (self.time >= start) & (self.time < start + length)
        passed = (self.time[here] - start) / length
        self.envelope[here] = np.maximum(self.envelope[here], strength * np.sin(np.pi * passed) ** 0.8)
        self.vowel[here], self.melody[here] = vowel, tone

    def open(self, moment: float) -> float:
        """Return how far the mouth is open at a moment, 0 to 1, according to the loudness."""
        return float(np.interp(moment, self.time, self.envelope))

    def samples(self, rate: int) -> NDArray[np.float32]:
        """Return the sound, one channel from -1 to 1."""
        time = np.arange(int(self.seconds * RATE)) / RATE
        soft = np.sin(np.pi * np.arange(1, STEPS // 12) / (STEPS // 12)) ** 2
        soft /= soft.sum()

        def smooth(curve: Floats) -> Floats:
            return np.interp(time, self.time, np.convolve(curve, soft, "same"))

        pitch = self.pitch * smooth(self.melody) * (1 + 0.012 * np.sin(2 * np.pi * 5.1 * time))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        formants = [smooth(self.vowel[:, number]) for number in (0, 1)]
        wave = np.zeros_like(time)
        for harmonic in range(1, int(2800 / self.pitch)):
            heard = harmonic * pitch
            shape = np.exp(-(((heard - formants[0]) / 160) ** 2)) + 0.5 * np.exp(-(((heard - formants[1]) / 220) ** 2))
            wave += (0.06 / harmonic + shape) * np.sin(harmonic * phase)
        wave *= np.interp(time, self.time, self.envelope) * LOUDNESS / max(1e-9, np.abs(wave).max())
        there = np.arange(int(self.seconds * rate)) / rate
        return np.interp(there, time, wave).astype(np.float32)
