"""Sound of a clip: a soft chord if sound is on, a voice, and footsteps for a video that keeps its own sound."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from kling_widgets.demo.drawing.animation import Animation, file_name
from kling_widgets.demo.drawing.speech import Speech

RATE = 48_000  # samples a second
CHORD = (1.0, 1.5, 2.0, 2.5)  # frequency ratios: root, fifth, octave, third above it
LOUDNESS = 0.12  # of full scale
UNDER_VOICE = 0.3  # the chord's loudness together with a voice or steps, as a share of its own
FADE = 0.6  # seconds, at both ends

Samples = NDArray[np.float32]


def track(clip: Animation) -> Samples | None:
    """Return the samples of a clip, one channel from -1 to 1; None for a silent one."""
    speech, walk = voice(clip), stride(clip) if keeps_sound(clip) else None
    parts: list[Samples] = []
    if clip.used.get("sound") is True:
        parts.append(tone(clip.shots[0].prompt, clip.seconds) * (UNDER_VOICE if speech or walk else 1))
    if clip.used.get("sound") is not False:
        parts += [speech.samples(RATE)] if speech else []
        parts += [steps(walk, clip.seconds)] if walk else []
    return np.sum(parts, axis=0, dtype=np.float32) if parts else None


def voice(clip: Animation) -> Speech | None:
    """Return the voice of a clip, a stand-in for the first linked sound; None if there is none."""
    items = clip.items("voice_list")
    return Speech(file_name(str(items[0].get("url"))), clip.seconds) if items else None


def keeps_sound(clip: Animation) -> bool:
    """Return whether the clip keeps the sound of the linked video."""
    return any(item.get("keep_original_sound") == "yes" for item in clip.items("video_list")[:1])


def stride(clip: Animation) -> float | None:
    """Return the pairs of steps a second of the linked video's figure; None if there is no video."""
    items = clip.items("video_list")
    if not items:
        return None
    return 0.75 + hashlib.sha256(f"video {items[0].get('url')}".encode()).digest()[0] / 256 * 0.4


def tone(prompt: str, seconds: int) -> Samples:
    """Return a slow chord whose root is derived from the prompt; the same prompt always sounds the same."""
    digest = hashlib.sha256(prompt.encode()).digest()
    root = 110 * 2 ** (digest[0] % 12 / 12)  # Hz, within an octave from A2
    time = np.arange(seconds * RATE, dtype=np.float64) / RATE
    wave = np.zeros_like(time)
    for number, ratio in enumerate(CHORD):
        breath = 0.6 + 0.4 * np.sin(2 * np.pi * time * (0.11 + 0.05 * number) + digest[number + 1])
        wave += breath * np.sin(2 * np.pi * root * ratio * time) / (number + 1)
    ends = np.clip(np.minimum(time, seconds - time) / FADE, 0, 1)
    return (wave * LOUDNESS * ends * ends * (3 - 2 * ends)).astype(np.float32)


def steps(pairs: float, seconds: int) -> Samples:
    """Return footsteps: a soft knock whenever a foot touches the ground."""
    time = np.arange(seconds * RATE, dtype=np.float64) / RATE
    since = (time * pairs * 2) % 1.0 / (pairs * 2)  # seconds since the last step
    knock = np.exp(-since * 38) * np.sin(2 * np.pi * (150 * since + 1.4 * np.exp(-since * 60)))
    return (0.22 * knock * np.clip(since * 400, 0, 1)).astype(np.float32)
