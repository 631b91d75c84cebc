"""Rendering of a request to an MP4: H.264, with AAC if it has sound. Also the program that the service starts.

The same request always results in the same bytes: everything that is drawn is derived from the request, and the
encoder's settings are fixed.
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

# The number of threads is fixed, as x264 splits the picture among them. No dates and versions are written to the file.
# The index is at its start, so that a browser plays it while it is loading. There is no lookahead (zerolatency,
# weightp): if the height is not a multiple of 16, x264's lookahead reads memory that it has not written, and the bytes
# differ each time (measured: 320x178, 160x90).
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
BT709, LIMITED_RANGE = 1, 1  # the colour space that browsers expect, written to the file so that they need not guess
AAC_FRAME = 1024  # samples


def render(
    request: VideoRequest, target: Path, uploads: Path, report: Callable[[float], None] | None = None
) -> Animation:
    """Draw the request's clip and write it to ``target``, completely or not at all.

    Args:
        request: A request without errors.
        target: The path of the MP4; its folder exists.
        uploads: The only folder from which pictures are read.
        report: Called after each frame with the finished share, 0 to 1.

    Returns:
        The animation that was drawn.

    Raises:
        OSError: The file cannot be written.
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
        reformatter = VideoReformatter()  # the reformatter of a frame leaks threads, see ``media.frames.image_of``
        for number in range(clip.frames):
            drawn = av.VideoFrame.from_ndarray(np.asarray(painter.frame(number / clip.fps)), format="rgb24")
            frame = reformatter.reformat(
                drawn, format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            frame.pts, frame.time_base = number, context.time_base
            file.mux(video.encode(frame))
            if voice:
                voice.write_until((number + 1) / clip.fps)
            report((number + 1) / clip.frames)
        file.mux(video.encode(None))
        if voice:
            voice.flush()


class Voice:
    """Sound track of a clip, written interleaved with the frames so that the file plays from its start."""

    def __init__(self, file: OutputContainer, samples: sound.Samples) -> None:
        self.file, self.samples = file, samples
        self.stream = file.add_stream("aac", rate=sound.RATE, layout="mono", options={"flags": "+bitexact"})
        self.at = 0

    def write_until(self, until: float) -> None:
        """Write the samples up to a moment, in seconds."""
        while self.at < min(until * sound.RATE, len(self.samples)):
            piece = self.samples[None, self.at : self.at + AAC_FRAME]
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = sound.RATE, self.at, Fraction(1, sound.RATE)
            self.file.mux(self.stream.encode(frame))
            self.at += piece.shape[1]

    def flush(self) -> None:
        self.file.mux(self.stream.encode(None))


def main() -> None:
    """Render the job on standard input, and print a line with the finished share for each per cent.

    The job is a JSON object with ``body``, ``target`` and ``uploads``. It runs in a process of its own so that drawing
    does not block a kernel. The process ends when nobody reads its lines any more.
    """
    job = json.load(sys.stdin)
    if hasattr(os, "nice"):
        os.nice(10)
    reported = -1

    def report(share: float) -> None:
        nonlocal reported
        if int(share * 100) > reported:
            reported = int(share * 100)
            sys.stdout.write(f"{share:.3f}\n")
            sys.stdout.flush()

    render(VideoRequest.from_payload(job["body"]), Path(job["target"]), Path(job["uploads"]), report)


if __name__ == "__main__":
    main()
