"""Detection of truncated videos by their boxes."""

from __future__ import annotations

import io
import random
import struct

import pytest

from kling_widgets.media.mp4_boxes import boxes, is_cut_off
from kling_widgets.media.probe import format_of
from tests.client.samples import clip
from tests.conftest import tries
from tests.servers import MP4

KINDS = {
    "index last": ("a.mp4", {}),
    "index first": ("a.mp4", {"movflags": "faststart"}),
    "fragments": ("a.mp4", {"movflags": "frag_keyframe+empty_moov"}),
    "fragments, dash": ("a.mp4", {"movflags": "dash+frag_keyframe+empty_moov+default_base_moof"}),
    "mov": ("a.mov", {}),
    "webm": ("a.webm", {}),
    "webm, live": ("a.webm", {"live": "1"}),
}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A clip of each format, written by another program."""
    folder = tmp_path_factory.mktemp("videos")
    return {
        name: clip(folder / file, 1.5, (64, 48), rate=8, **options).read_bytes()
        for name, (file, options) in KINDS.items()
    }


def cut_off(content: bytes) -> bool:
    return is_cut_off(format_of(content[:64]) or "", io.BytesIO(content), len(content))


@pytest.mark.parametrize("name", KINDS)
def test_a_complete_video_is_recognised(videos: dict[str, bytes], name: str) -> None:
    """A complete video is recognised, also with other data after it."""
    assert not cut_off(videos[name])
    for behind in (b"\0" * 500, b"\n", b"\0\0", b"<!-- served by a proxy -->", b"\xff" * 64, b"\0\0\0\x01"):
        if not name.startswith("webm") or behind[:1] == b"\0":
            assert not cut_off(videos[name] + behind), behind


@pytest.mark.parametrize("name", KINDS)
def test_a_cut_anywhere_is_detected(videos: dict[str, bytes], name: str) -> None:
    """A cut in a box, in its header, or between index and data is detected.

    A cut between two boxes of which either may be the last cannot be.
    """
    whole = videos[name]
    parts = {end for _, _, end in boxes(io.BytesIO(whole), 0, len(whole))} if "webm" not in name else set()
    noise = random.Random(name)
    taken = [at for at in range(64, len(whole)) if not any(end <= at < end + 8 for end in parts)]
    for at in noise.sample(taken, min(len(taken), tries(3000))):
        live_border = name == "webm, live" and not cut_off(whole[:at])
        assert live_border or cut_off(whole[:at]), at
    if name == "webm, live":  # almost everywhere: a recording may end between two blocks
        assert sum(cut_off(whole[:at]) for at in taken) > len(taken) * 0.8


@pytest.mark.parametrize("kept", range(8))
@pytest.mark.parametrize("name", ["index last", "index first", "mov"])
def test_a_border_between_two_boxes(videos: dict[str, bytes], name: str, kept: int) -> None:
    """Without fragments, a cut before the last box is detected: index or data are missing."""
    ends = [end for found, _, end in boxes(io.BytesIO(videos[name]), 0, 10**9) if found in (b"ftyp", b"moov", b"free")]
    for end in ends[:2]:
        at = end + kept
        if at < len(videos[name]) - 8:
            assert cut_off(videos[name][:at])


def test_lengths_of_each_kind() -> None:
    """Box lengths may have 64 bits, be 0 (up to the end), or be invalid."""
    head, pictures = MP4[:32], MP4[40:]
    long = head + struct.pack(">I4sQ", 1, b"mdat", 16 + len(pictures)) + pictures
    assert not cut_off(long)
    assert all(map(cut_off, (long[:-1], long[: len(head) + 12], long[: len(head) + 16])))
    assert not cut_off(head + struct.pack(">I4s", 0, b"mdat") + pictures[:77])
    assert cut_off(head[:24] + struct.pack(">I4s", 0, b"mdat") + pictures)  # the index would come after that
    assert cut_off(head + struct.pack(">I4s", 7, b"mdat") + pictures)
    assert cut_off(head + struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1) + pictures)


def test_a_fragment_without_its_pictures() -> None:
    """A fragment with an index but without data is incomplete."""
    fragment = struct.pack(">I4s", 8, b"moof")
    assert not cut_off(MP4 + fragment + MP4[32:])
    assert cut_off(MP4 + fragment)


def test_any_bytes_are_looked_at_to_their_end() -> None:
    """Noise after the first bytes of any format never raises."""
    noise = random.Random(4)
    for _ in range(tries(2000)):
        content = noise.randbytes(noise.randrange(300))
        for kind in ("mp4", "mov", "webm", ""):
            assert is_cut_off(kind, io.BytesIO(content), len(content)) in (True, False)
