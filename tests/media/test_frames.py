"""Frames of saved videos: exact, in the right colours, complete or absent."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest
from av.video.reformatter import Colorspace

from kling_widgets.errors import KlingError
from kling_widgets.media.frames import frame

pytestmark = pytest.mark.slow

FRAMES = 60
BT709 = 1


def shade(number: int) -> tuple[int, int, int]:
    """Return the colour of a frame, which differs clearly from those of its neighbours."""
    return (20 + number * 53 % 200, 20 + number * 89 % 200, 20 + number * 3)


def video(
    path: Path, size: tuple[int, int] = (160, 96), tagged: bool = False, hd: bool = False, **options: str
) -> Path:
    """Return a video in which each frame has its own colour, tagged as HD colours."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "8", **options})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        if tagged:
            stream.codec_context.colorspace = BT709
        for number in range(FRAMES):
            pixels = np.full((size[1], size[0], 3), shade(number), np.uint8)
            made = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            coloured = made.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709 if hd else Colorspace.ITU601)
            for packet in stream.encode(coloured):
                container.mux(packet)
        container.mux(stream.encode())
    return path


def colour(path: Path) -> tuple[int, ...]:
    with PIL.Image.open(path) as picture:
        assert picture.format == "PNG"
        return tuple(picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2)))  # type: ignore[arg-type]


def near(found: tuple[int, ...], number: int) -> bool:
    return all(abs(a - b) <= 6 for a, b in zip(found, shade(number), strict=True))


def test_the_colours_of_the_samples_are_apart() -> None:
    """The colours of the samples differ enough to identify each frame."""
    assert not [(a, b) for a in range(FRAMES) for b in range(a) if near(shade(a), b)]


KINDS: dict[str, dict[str, str]] = {
    "plain": {"bf": "0"},
    "reordered": {"bf": "3"},
    "open": {"x264-params": "open-gop=1:keyint=10:bframes=4"},
    "one picture that stands by itself": {"g": "250"},
    "every one by itself": {"g": "1"},
}


@pytest.fixture(scope="module", params=KINDS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Videos that store their frames in different orders."""
    yield video(tmp_path_factory.mktemp("made") / "a boat.mp4", **KINDS[request.param])


@pytest.mark.parametrize("index", [0, 1, 9, 10, 11, 29, 58, 59, -1, -2, -60])
def test_each_frame_is_exact(index: int, made: Path) -> None:
    """A frame counted from the start or the end is exact, whatever the stored order."""
    found = frame(made, index)
    assert near(colour(found), index % FRAMES)
    which = "last" if index == -1 else str(index % FRAMES)
    assert found.parent == made.parent
    assert re.fullmatch(rf"a boat_[0-9a-f]{{6}}_frame-{which}\.png", found.name)
    with PIL.Image.open(found) as picture:
        assert picture.size == (160, 96)


@pytest.mark.parametrize("tagged", [True, False])
def test_the_colours_are_those_of_players(tagged: bool, tmp_path: Path) -> None:
    """The colours are those of players, also for an HD video without a colour space."""
    path = video(tmp_path / "a.mp4", (1280, 720), tagged=tagged, hd=True)
    assert near(colour(frame(path, 7)), 7)


@pytest.mark.parametrize("index", [60, -61, 10**9])
def test_a_missing_frame_is_an_error(index: int, made: Path) -> None:
    """The error for a missing frame says how many there are."""
    with pytest.raises(KlingError, match=rf"has 60 frames: from 0 to 59, or -1 .* to -60 .*, not {index}\."):
        frame(made, index)


@pytest.mark.parametrize("index", [1.5, "1", None, [1]])
def test_a_frame_is_a_whole_number(index: Any, made: Path) -> None:
    """The index may be any integer, also of NumPy."""
    with pytest.raises(KlingError, match="whole number"):
        frame(made, index)
    assert near(colour(frame(made, np.int64(5))), 5)


def test_the_same_frame_is_written_once_and_again_of_a_new_video(tmp_path: Path) -> None:
    """An existing frame is reused, unless the video has changed."""
    path = video(tmp_path / "a.mp4")
    first = frame(path, -1)
    stamp = first.stat().st_mtime_ns
    assert frame(path, -1) == first
    assert first.stat().st_mtime_ns == stamp
    video(path, (320, 192))
    os.utime(path, ns=(stamp - 10**9, stamp - 10**9))  # an older file, as from a backup
    for index in (-1, 3):
        with PIL.Image.open(frame(path, index)) as picture:
            assert picture.size == (320, 192)


def test_a_users_own_file_stays_and_is_no_frame(tmp_path: Path) -> None:
    """A user's file with a similar name is neither used nor overwritten."""
    path = video(tmp_path / "a.mp4")
    own = [tmp_path / f"a_frame-{which}.png" for which in ("last", "0")]
    for each in own:
        each.write_bytes(b"mine")
    assert near(colour(frame(path, -1)), FRAMES - 1)
    assert near(colour(frame(path, 0)), 0)
    os.utime(path)
    assert near(colour(frame(path, -1)), FRAMES - 1)
    assert [each.read_bytes() for each in own] == [b"mine", b"mine"]


@pytest.mark.parametrize(
    "content", [b"", b"just text", b"\x00\x00\x00\x18ftypisom" + bytes(100), b"#EXTM3U\n#EXTINF:1,\n/etc/hostname\n"]
)
def test_a_file_that_is_not_a_video_is_an_error(content: bytes, tmp_path: Path) -> None:
    """A file that is not a video is an error of one sentence, and leaves no file."""
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(KlingError, match=r"No frame can be read from a\.mp4"):
        frame(path, -1)
    assert [each for each in tmp_path.iterdir() if each.is_file()] == [path]


def test_a_video_that_is_cut(tmp_path: Path) -> None:
    """The first frames of a truncated video can be read, the last ones cannot."""
    path = video(tmp_path / "a.mp4", g="10", bf="0", movflags="")
    whole = path.read_bytes()
    at = whole.index(b"mdat")
    end = whole.index(b"moov") - 4
    path.write_bytes(whole[: (at + end) // 2] + bytes(end - (at + end) // 2) + whole[end:])
    assert near(colour(frame(path, 0)), 0)
    with pytest.raises(KlingError, match=r"a\.mp4"):
        frame(path, -1)
    assert not list(tmp_path.glob("*last*"))


def test_a_missing_video_is_an_error(tmp_path: Path) -> None:
    """The error for a missing video names its path."""
    with pytest.raises(KlingError, match="no longer exists"):
        frame(tmp_path / "a.mp4", 0)


def test_without_pyav_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyAV the error names the extra to install."""
    path = video(tmp_path / "a.mp4")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(KlingError, match=r"kling_widgets\[video\]"):
        frame(path, 0)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A read-only folder is an error of one sentence."""
    path = video(tmp_path / "a.mp4")
    tmp_path.chmod(0o500)
    with pytest.raises(KlingError, match="cannot be saved"):
        frame(path, 0)
