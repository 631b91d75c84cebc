"""Real pictures, clips and sounds of a few kilobytes, made by other programs than ours."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image

CODECS = {"wav": "pcm_s16le", "mp3": "libmp3lame", "m4a": "aac", "aac": "aac"}
FORMATS = {"m4a": "ipod", "aac": "adts"}


def picture(form: str = "PNG", size: tuple[int, int] = (640, 480), **options: Any) -> bytes:
    """Return a picture of one colour."""
    buffer = io.BytesIO()
    PIL.Image.new("RGB", size, (200, 30, 30)).save(buffer, form, **options)
    return buffer.getvalue()


def moving(form: str, size: tuple[int, int] = (640, 480)) -> bytes:
    """Return an animated picture."""
    others = [PIL.Image.new("RGB", size, (shade, 90, 30)) for shade in (20, 240)]
    return picture(form, size, save_all=True, append_images=others)


def clip(path: Path, seconds: float = 4, size: tuple[int, int] = (1280, 720), rate: int = 24, **options: str) -> Path:
    """Write a clip of one colour; the ending of its name is its format."""
    with av.open(str(path), "w", options=options) as container:
        codec, quick = (
            ("libvpx", {"deadline": "realtime"}) if path.suffix == ".webm" else ("libx264", {"preset": "ultrafast"})
        )
        stream = container.add_stream(codec, rate=rate, options=quick)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_image(PIL.Image.new("RGB", size, (200, 30, 30)))
        for number in range(round(seconds * rate)):
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def sound(path: Path, seconds: float = 3, rate: int = 44100) -> Path:
    """Write a sound of a falling tone; the ending of its name is its format."""
    kind = path.suffix[1:]
    wave = np.sin(np.cumsum(np.linspace(0.3, 0.01, round(seconds * rate)))) * 9000
    with av.open(str(path), "w", format=FORMATS.get(kind, kind)) as container:
        stream = container.add_stream(CODECS[kind], rate=rate, layout="mono", bit_rate=64_000)
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate)
        for start in range(0, wave.size, 1024):
            piece = wave[start : start + 1024].astype(np.int16)[None, :]
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            for each in resampler.resample(frame):
                container.mux(stream.encode(each))
        container.mux(stream.encode())
    return path
