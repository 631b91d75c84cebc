"""A request → a real MP4: H.264, with AAC when there is something to hear. Also the program that the service starts.

The same request gives the same bytes: all that is drawn comes from the request, and the encoder's settings are fixed.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from kling_widgets.demo.drawing import sound
from kling_widgets.demo.drawing.animation import Animation
from kling_widgets.demo.picture import Painter
from kling_widgets.request.request import VideoRequest

# Fixed threads, as x264 shares the picture out among them; no dates and versions in the file; the index at its start,
# so that a browser begins before it has the whole. No lookahead (zerolatency, weightp): x264's reads memory that it has
# not written where the height is no multiple of 16, and then makes other bytes each time (measured: 320x178, 160x90).
ENCODER = {
    "preset": "veryfast",
    "tune": "zerolatency",
    "x264-params": "weightp=0",
    "crf": "26",
    "threads": "2",
    "profile": "high",
    "flags": "+bitexact",
}
CONTAINER = {"movflags": "+faststart", "fflags": "+bitexact"}
BT709, LIMITED_RANGE = 1, 1  # the colours that browsers expect, written into the file so that none has to guess
AAC_FRAME = 1024  # samples


def render(
    request: VideoRequest, target: Path, uploads: Path, report: Callable[[float], None] | None = None
) -> Animation:
    """Draws the request's clip and puts it at ``target``, whole or not at all.

    Args:
        request: a request without errors.
        target: where the MP4 goes; its folder exists.
        uploads: the one folder from which pictures are read.
        report: called with the share that is done, 0 to 1, after each frame.

    Raises:
        OSError: the file cannot be written.
    """
    clip = Animation.of(request, uploads)
    part = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.part")
    try:
        _write(clip, part, report or (lambda share: None))
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return clip


def _write(clip: Animation, path: Path, report: Callable[[float], None]) -> None:
    painter = Painter(clip)
    with av.open(str(path), "w", format="mp4", options=CONTAINER) as file:
        video = file.add_stream("libx264", rate=clip.fps, options={**ENCODER, "g": str(2 * clip.fps)})
        video.width, video.height, video.pix_fmt = clip.width, clip.height, "yuv420p"
        context = video.codec_context
        context.time_base = Fraction(1, clip.fps)
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED_RANGE
        samples = sound.track(clip)
        voice = Voice(file, samples) if samples is not None else None
        reformatter = VideoReformatter()  # that of a frame leaves threads behind, see ``jobs.files.image_of``
        for number in range(clip.frames):
            drawn = av.VideoFrame.from_ndarray(np.asarray(painter.frame(number / clip.fps)), format="rgb24")
            frame = reformatter.reformat(
                drawn, format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            frame.pts, frame.time_base = number, context.time_base
            file.mux(video.encode(frame))
            if voice:
                voice.speak((number + 1) / clip.fps)
            report((number + 1) / clip.frames)
        file.mux(video.encode(None))
        if voice:
            voice.end()


class Voice:
    """The sound of a clip, written beside its frames so that the file plays from its start."""

    def __init__(self, file: OutputContainer, samples: sound.Samples) -> None:
        self.file, self.samples = file, samples
        self.stream = file.add_stream("aac", rate=sound.RATE, layout="mono", options={"flags": "+bitexact"})
        self.at = 0

    def speak(self, until: float) -> None:
        """Writes the samples up to a moment, in seconds."""
        while self.at < min(until * sound.RATE, len(self.samples)):
            piece = self.samples[None, self.at : self.at + AAC_FRAME]
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = sound.RATE, self.at, Fraction(1, sound.RATE)
            self.file.mux(self.stream.encode(frame))
            self.at += piece.shape[1]

    def end(self) -> None:
        self.file.mux(self.stream.encode(None))


def main() -> None:
    """Renders the one job that stands on standard input, and writes a line with the share done for each per cent.

    The job is a JSON object with ``body``, ``target`` and ``uploads``. A program of its own, so that drawing takes
    nothing from a kernel; when whoever reads the lines has gone, it ends.
    """
    job = json.load(sys.stdin)
    if hasattr(os, "nice"):
        os.nice(10)
    said = -1

    def report(share: float) -> None:
        nonlocal said
        if int(share * 100) > said:
            said = int(share * 100)
            sys.stdout.write(f"{share:.3f}\n")
            sys.stdout.flush()

    render(VideoRequest.from_payload(job["body"]), Path(job["target"]), Path(job["uploads"]), report)


if __name__ == "__main__":
    main()
