"""What a clip sounds like: a soft chord where sound is asked, the voice that is given, the steps of a video that keeps
its own sound."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from kling_widgets.demo.drawing.animation import Animation, file_name
from kling_widgets.demo.drawing.speech import Speech

RATE = 48_000  # samples a second
CHORD = (1.0, 1.5, 2.0, 2.5)  # over the root: fifth, octave, third above it
LOUDNESS = 0.12  # of full scale
UNDER_VOICE = 0.3  # of the chord's loudness, while somebody speaks
FADE = 0.6  # seconds, at both ends

Samples = NDArray[np.float32]


def track(clip: Animation) -> Samples | None:
    """The samples of a clip, one channel from -1 to 1; None for a silent one."""
    said, walk = voice(clip), stride(clip) if keeps_sound(clip) else None
    parts: list[Samples] = []
    if clip.used.get("sound") is True:
        parts.append(tone(clip.shots[0].prompt, clip.seconds) * (UNDER_VOICE if said or walk else 1))
    if clip.used.get("sound") is not False:
        parts += [said.samples(RATE)] if said else []
        parts += [steps(walk, clip.seconds)] if walk else []
    return np.sum(parts, axis=0, dtype=np.float32) if parts else None


def voice(clip: Animation) -> Speech | None:
    """The voice that speaks in a clip, a stand-in for the first sound that is linked; None where there is none."""
    items = clip.items("voice_list")
    return Speech(file_name(str(items[0].get("url"))), clip.seconds) if items else None


def keeps_sound(clip: Animation) -> bool:
    """Whether the request wants the sound of its own video in the clip."""
    return any(item.get("keep_original_sound") == "yes" for item in clip.items("video_list")[:1])


def stride(clip: Animation) -> float | None:
    """How many pairs of steps a second the figure of the driving video makes; None where there is none."""
    items = clip.items("video_list")
    if not items:
        return None
    return 0.75 + hashlib.sha256(f"video {items[0].get('url')}".encode()).digest()[0] / 256 * 0.4


def tone(prompt: str, seconds: int) -> Samples:
    """A slow chord whose root comes from the prompt; the same prompt always sounds the same."""
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
    """Footsteps: a soft knock whenever a foot comes down."""
    time = np.arange(seconds * RATE, dtype=np.float64) / RATE
    since = (time * pairs * 2) % 1.0 / (pairs * 2)  # seconds since the last step
    knock = np.exp(-since * 38) * np.sin(2 * np.pi * (150 * since + 1.4 * np.exp(-since * 60)))
    return (0.22 * knock * np.clip(since * 400, 0, 1)).astype(np.float32)
