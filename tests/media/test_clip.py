"""Properties of a saved video."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from kling_widgets.media.clip import LARGEST_POSTER, Clip, look_into, read, smaller
from tests.conftest import ROOT


def clip(path: Path, *, noise: bool = False, sound: bool = False, size: tuple[int, int] = (320, 180)) -> Path:
    """A real video of half a second."""
    random = np.random.default_rng(1)
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=10)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=44100) if sound else None
        for _ in range(5):
            pixels = np.zeros((size[1], size[0], 3), np.uint8)
            if noise:
                pixels = random.integers(0, 256, pixels.shape, np.uint8)
            for packet in video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        container.mux(video.encode())
        if audio is not None:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024 * 2), np.int16), format="s16", layout="stereo")
            frame.sample_rate = 44100
            container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path


def test_a_video_has_properties_and_a_poster(tmp_path: Path) -> None:
    """A video has size, length, sound, checksum and a poster that is a JPEG."""
    path = clip(tmp_path / "clip.mp4", sound=True)
    found = look_into(read(path))
    assert (found.path, found.width, found.height, found.sound) == (path, 320, 180, True)
    assert found.size == path.stat().st_size
    assert found.seconds == pytest.approx(0.5, abs=0.1)
    assert len(found.sha256) == 64
    assert found.poster is not None
    assert found.poster[:3] == b"\xff\xd8\xff"
    assert look_into(read(clip(tmp_path / "silent.mp4"))).sound is False


@pytest.mark.slow
def test_the_poster_of_a_noisy_picture_is_small(tmp_path: Path) -> None:
    """The poster is small even for noise, as a notebook contains it twice."""
    found = look_into(read(clip(tmp_path / "clip.mp4", noise=True, size=(1920, 1080))))
    assert found.poster is not None
    assert len(found.poster) <= LARGEST_POSTER
    less = smaller(found.poster, 5000)
    assert less is not None
    assert len(less) <= 5000
    assert smaller(found.poster, 100) is None
    assert smaller(b"no picture", 5) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"\x00\x00\x00\x18ftypisom" + bytes(100),
        b"#EXTM3U\n#EXTINF:1,\n/etc/hostname\n",
        b"\xff\xd8\xff" * 9,
    ],
)
def test_a_file_that_is_no_video(tmp_path: Path, content: bytes) -> None:
    """A file that is not a video only has a size and a checksum."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    found = look_into(read(path))
    assert found == Clip(path, len(content), found.sha256)


def test_a_video_that_was_cut_off(tmp_path: Path) -> None:
    """A truncated video does not raise."""
    path = clip(tmp_path / "clip.mp4", noise=True)
    path.write_bytes(path.read_bytes()[:3000])
    assert look_into(read(path)).size == 3000


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is an OSError."""
    with pytest.raises(FileNotFoundError):
        look_into(read(tmp_path / "clip.mp4"))


@pytest.mark.parametrize("missing", ["av", "PIL", "PIL.Image"])
def test_without_the_extra(tmp_path: Path, missing: str) -> None:
    """Without the extra ``video`` a clip still has a size and a checksum."""
    path = clip(tmp_path / "clip.mp4")
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"  # importing it fails, as if it were not installed
        "from pathlib import Path; from kling_widgets.media.clip import look_into, read\n"
        f"clip = look_into(read(Path({str(path)!r}))); print(clip.size, clip.width, clip.poster)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [str(os.path.getsize(path)), "None", "None"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks there")
def test_decoding_a_video_does_not_block_a_fork(tmp_path: Path) -> None:
    """After decoding a video, a forked child still ends, and so does a ``!command`` of a cell."""
    code = """
import os, signal, sys
from pathlib import Path
from kling_widgets.request.request import VideoRequest
from kling_widgets.demo.render import render
from kling_widgets.media import clip as clips
from kling_widgets.media import frames
path = Path(sys.argv[1])
render(VideoRequest("3.0", prompt="a boat", seconds=3, size="512x512"), path, path.parent)
clip = clips.look_into(clips.read(path))
frames.frame(path, 0)
child = os.fork()
if child == 0:
    signal.alarm(30)
    sys.exit(0)  # with the normal clean-up at exit
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), clip.poster is not None)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "clip.mp4")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "0 True\n", done.stderr


def test_no_frame_uses_the_reformatter_of_its_thread() -> None:
    """No frame uses PyAV's reformatter of its thread, whose thread pool would block a forked child."""
    kept = re.compile(r"(?<!\w)(?!reformatter\b)\w+\.(?:reformat|to_rgb|to_ndarray)\(|\.to_image\(")
    found = [
        line.strip()
        for path in (ROOT / "kling_widgets").rglob("*.py")
        for line in path.read_text().splitlines()
        if kept.search(line)
    ]
    assert len(found) == 1 and "VideoReformatter().reformat(" in found[0], found
