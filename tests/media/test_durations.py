"""Lengths of clips and sounds that another program wrote."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.media.durations import Length, measure
from tests.client.samples import clip, sound


def measured(path: Path) -> Length:
    with path.open("rb") as file:
        return measure(path.suffix[1:], file)


@pytest.mark.parametrize("ending", ["mp4", "mov"])
@pytest.mark.parametrize(("size", "rate", "seconds"), [((320, 180), 24, 1), ((180, 320), 30, 2.5)])
def test_a_clip_is_measured(ending: str, size: tuple[int, int], rate: int, seconds: float, tmp_path: Path) -> None:
    """A clip has a length, dimensions and a frame rate."""
    found = measured(clip(tmp_path / f"a.{ending}", seconds, size, rate))
    assert (found.width, found.height) == size
    assert found.seconds == pytest.approx(seconds, abs=0.01)
    assert found.rate == pytest.approx(rate, abs=0.1)


def test_the_header_may_stand_before_the_pictures(tmp_path: Path) -> None:
    """The header may come before the media data, as in files for the web."""
    found = measured(clip(tmp_path / "a.mp4", 1, (320, 180), movflags="faststart"))
    assert found.seconds == pytest.approx(1, abs=0.01)


def test_a_clip_in_fragments(tmp_path: Path) -> None:
    """A fragmented clip has a length, although its first header does not contain it."""
    found = measured(clip(tmp_path / "a.mp4", 1, (320, 180), movflags="frag_keyframe+empty_moov"))
    assert (found.width, found.height) == (320, 180)
    assert found.seconds in (None, pytest.approx(1, abs=0.05))


def test_without_the_extra_the_length_is_unknown(tmp_path: Path) -> None:
    """Without the extra ``video`` the length is unknown."""
    path = clip(tmp_path / "a.mp4", 1, (320, 180))
    code = (
        "import sys; sys.modules['av'] = None\n"
        "from kling_widgets.media.durations import Length, measure\n"
        "with open(sys.argv[1], 'rb') as file: print(measure('mp4', file) == Length())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_no_other_file_is_opened(tmp_path: Path) -> None:
    """A playlist under the name of a clip has no length, and the files in it are not opened."""
    clip(tmp_path / "a.mp4", 1, (320, 180))
    for text in ("ffconcat version 1.0\nfile a.mp4\n", "#EXTM3U\n#EXTINF:1,\na.mp4\n#EXT-X-ENDLIST\n"):
        assert measure("mp4", io.BytesIO(text.encode())) == Length()


def test_a_rotated_clip_has_its_displayed_dimensions(tmp_path: Path) -> None:
    """The dimensions of a rotated clip are those that are displayed."""
    path = clip(tmp_path / "a.mp4", 1, (320, 180))
    content = path.read_bytes()
    upright = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    at = content.index(upright, content.index(b"tkhd"))
    turned = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content[:at] + turned + content[at + len(turned) :])
    found = measured(path)
    assert (found.width, found.height) == (180, 320)


@pytest.mark.parametrize("ending", ["wav", "mp3", "m4a", "aac"])
@pytest.mark.parametrize("rate", [44100, 48000, 22050, 16000])
@pytest.mark.parametrize("seconds", [1, 3.3])
def test_a_sound_is_measured(ending: str, rate: int, seconds: float, tmp_path: Path) -> None:
    """The length of a sound is right up to the frames at both ends."""
    found = measured(sound(tmp_path / f"a.{ending}", seconds, rate))
    assert found.seconds == pytest.approx(seconds, abs=0.15)
    assert (found.width, found.height, found.rate) == (None, None, None)


def test_an_mp3_with_a_title_and_a_cover(tmp_path: Path) -> None:
    """The tag of an MP3 does not count as sound."""
    plain = sound(tmp_path / "a.mp3", 1).read_bytes()
    begin = 10 + sum((part & 0x7F) << 7 * (3 - place) for place, part in enumerate(plain[6:10]))
    cover = b"\xff\xfb\x90\x64" * 1000
    size = bytes(len(cover) >> shift & 0x7F for shift in (21, 14, 7, 0))
    tagged = b"ID3\x04\0\0" + size + cover + plain[begin:] + b"TAG" + bytes(125)
    assert measure("mp3", io.BytesIO(tagged)).seconds == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_a_wav_whose_recorder_could_not_go_back(length: int, tmp_path: Path) -> None:
    """A WAV without a length in its header has that of its content."""
    content = bytearray(sound(tmp_path / "a.wav", 1).read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = struct.pack("<I", length)
    assert measure("wav", io.BytesIO(content)).seconds == pytest.approx(1, abs=0.01)


def test_a_very_long_mp3_is_counted_in_part(tmp_path: Path) -> None:
    """The length of a very long MP3 is estimated from its beginning."""
    plain = sound(tmp_path / "a.mp3", 10).read_bytes()
    frames = plain[10 + sum((part & 0x7F) << 7 * (3 - place) for place, part in enumerate(plain[6:10])) :]
    times = 30_000_000 // len(frames)
    long = frames * times
    assert measure("mp3", io.BytesIO(long)).seconds == pytest.approx(10 * times, rel=0.02)


@pytest.mark.parametrize("kind", ["mp4", "wav", "mp3", "aac"])
@pytest.mark.parametrize("content", [b"\xff" * 3_000_000, b"\0\0\0\x08free" * 300_000, b"\xff\xfb" * 900_000])
def test_a_malicious_file_is_read_quickly(kind: str, content: bytes) -> None:
    """A file that is made to keep a reader busy is read in a short time."""
    assert measure(kind, io.BytesIO(content)).width is None


@pytest.mark.parametrize("missing", [b"tkhd", b"mdhd", b"mdia", b"hdlr", b"mvhd", b"stts", b"minf"])
@pytest.mark.parametrize("ending", ["mp4", "mov"])
def test_a_clip_without_a_part_of_its_header(ending: str, missing: bytes, made: dict[str, bytes]) -> None:
    """Properties that are missing in the header are None."""
    content = made[ending].replace(missing, b"free")
    assert content != made[ending]
    found = measure(ending, io.BytesIO(content))
    assert found.width in (None, 64)


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 2**63 - 1])
@pytest.mark.parametrize("outside", [False, True])
def test_a_box_longer_than_any_file(length: int, outside: bool) -> None:
    """A box that is longer than the file ends with the file."""
    box = struct.pack(">I4sQ", 1, b"free", length)
    content = box if outside else struct.pack(">I4s", 8 + len(box) + 8, b"moov") + box + bytes(8)
    assert measure("mp4", io.BytesIO(content)) == Length()


_HEADER = [b"moov", b"mvhd", b"trak", b"tkhd", b"mdia", b"mdhd", b"hdlr", b"minf", b"stbl", b"stts", b"mdat", b"data"]
_NUMBERS = [bytes(4), b"\xff" * 4, b"\0\0\0\x01", b"\x80\0\0\0", b"\0\0\0\x01free" + b"\xff" * 8]


@given(
    kind=st.sampled_from(["mp4", "mov", "m4a", "wav", "mp3", "aac"]),
    changes=st.lists(
        st.tuples(
            st.sampled_from(_HEADER), st.integers(-8, 40), st.one_of(st.sampled_from(_NUMBERS), st.binary(max_size=12))
        ),
        min_size=1,
        max_size=4,
    ),
    renamed=st.lists(st.tuples(st.sampled_from(_HEADER), st.sampled_from([*_HEADER, b"free"])), max_size=2),
)
def test_no_header_breaks_it(
    kind: str,
    changes: list[tuple[bytes, int, bytes]],
    renamed: list[tuple[bytes, bytes]],
    made: dict[str, bytes],
) -> None:
    """Boxes with wrong lengths, names or positions never raise."""
    content = bytearray(made[kind])
    for name, offset, value in changes:
        at = max(content.find(name) + offset, 0)
        content[at : at + len(value)] = value
    for old, new in renamed:
        content = content.replace(old, new)
    found = measure(kind, io.BytesIO(content))
    assert found.seconds is None or found.seconds >= 0


@given(
    kind=st.sampled_from(["mp4", "mov", "m4a", "wav", "mp3", "aac", "webm"]),
    cut=st.integers(0, 3000),
    places=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=6),
)
def test_no_bytes_break_it(kind: str, cut: int, places: list[tuple[int, int]], made: dict[str, bytes]) -> None:
    """Truncated or mixed content gives a number or None."""
    content = bytearray(made.get(kind, made["mp4"])[:cut])
    for at, value in places:
        if at < len(content):
            content[at] = value
    found = measure(kind, io.BytesIO(content))
    assert found.seconds is None or found.seconds >= 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A small file of each format, with its header first."""
    folder = tmp_path_factory.mktemp("made")
    clips = {each: clip(folder / f"a.{each}", 0.2, (64, 48), movflags="faststart") for each in ("mp4", "mov")}
    sounds = {each: sound(folder / f"a.{each}", 0.2) for each in ("wav", "mp3", "m4a", "aac")}
    return {kind: path.read_bytes() for kind, path in (clips | sounds).items()}
