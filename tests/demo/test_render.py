"""Rendering of requests to MP4."""

from __future__ import annotations

import io
import itertools
import json
import struct
import subprocess
import sys
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kling_widgets.demo.render import render
from tests.demo.conftest import BLUE, GREEN, RED, Studio, make_request

pytestmark = pytest.mark.slow

PROMPTS = {
    "chinese": "纸船在清晨的湖面上漂流",
    "emoji": "👩‍👩‍👧‍👦 🚣 " * 20,
    "arabic": "نص عربي طويل",
    "hindi": "नमस्ते दुनिया",
    "one long word": "x" * 2500,
    "long chinese": "纸船 " * 800,
    "control characters": "\u202e\x00\x1b[31m",
    "no characters": "\U0010ffff" * 9,
}


def near(frame: np.ndarray[Any, Any], colour: tuple[int, int, int]) -> bool:
    """Return whether the middle of a frame, where there is no text, has this colour."""
    height, width, _ = frame.shape
    middle = frame[height // 3 : height // 2, width * 3 // 4 :].reshape(-1, 3).mean(0)
    return bool(np.abs(middle - colour).max() < 30)


@pytest.mark.parametrize(
    ("fields", "size", "fps"),
    [({"size": "320x180"}, (320, 180), 24), ({"size": None, "aspect_ratio": "9:16", "seconds": 2}, (720, 1280), 24)],
)
def test_the_film_is_what_was_asked(studio: Studio, fields: dict[str, Any], size: tuple[int, int], fps: int) -> None:
    """The file is H.264 that every browser plays, of the requested size and length, silent unless sound is on."""
    made, seconds = studio.film(**fields), fields.get("seconds", 1)
    assert (made.codec, made.pixels, made.audio) == ("h264", "yuv420p", None)
    assert (made.size, made.fps, len(made.frames)) == (size, fps, fps * seconds)
    assert made.seconds == pytest.approx(seconds, abs=0.05)


def test_sound_is_a_tone(studio: Studio) -> None:
    """With sound on there is an audible AAC track as long as the clip."""
    made = studio.film(sound=True)
    assert made.audio == "aac"
    assert 0.02 < made.loudest < 0.9
    assert made.seconds == pytest.approx(1, abs=0.1)


def test_a_browser_can_begin_before_the_end(studio: Studio) -> None:
    """The index is before the frames in the file."""
    data = studio.draw(make_request()).read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_it_moves(studio: Studio) -> None:
    """Within half a second the picture changes, not only its clock."""
    frames = studio.film().frames
    land = [frame[: frame.shape[0] * 2 // 3].astype(int) for frame in frames]
    for early, late in zip(land, land[12:], strict=False):
        assert (np.abs(early - late) > 4).mean() > 0.01


def test_the_bar_runs_along(studio: Studio) -> None:
    """The bar at the lower edge grows from almost nothing to the whole width."""
    edge = [frame[-2].astype(int) for frame in studio.film().frames]
    lit = [float((row[:, 0] - row[:, 2] > 80).mean()) for row in edge]
    assert lit[0] < 0.1 < lit[12] < 0.9 < lit[-1]


def test_same_request_same_bytes(studio: Studio) -> None:
    """A request always renders to the same bytes, also in another process; another prompt renders to others."""
    request = make_request("a paper boat", sound=True)
    first = studio.draw(request).read_bytes()
    job = {"body": request.payload(), "target": str(studio.folder / "other.mp4"), "uploads": str(studio.store.uploads)}
    done = subprocess.run(
        [sys.executable, "-m", "kling_widgets.demo.render"],
        input=json.dumps(job), text=True, capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    assert (studio.folder / "other.mp4").read_bytes() == first
    assert studio.draw(make_request("a tin boat", sound=True)).read_bytes() != first
    # A height at which the encoder's bytes sometimes differed.
    odd = make_request("a paper boat", size="320x178")
    assert len({studio.draw(odd).read_bytes() for _ in range(8)}) == 1
    shares = [float(line) for line in done.stdout.split()]
    assert shares == sorted(shares) and shares[-1] == 1


def test_prompts_look_different(studio: Studio) -> None:
    """Two prompts have different landscapes, not only different captions."""
    sea, wood = (studio.film(prompt=prompt).frames[0].astype(int) for prompt in ("a sea", "a wood"))
    upper = slice(20, 50)
    assert np.abs(sea[upper] - wood[upper]).mean() > 5


def test_a_first_frame_alone_stays_and_moves(studio: Studio) -> None:
    """Without a last frame the first one fills the picture to the end, slowly moving."""
    stripes = Image.new("RGB", (320, 180), "white")
    stripes.paste(RED, (140, 0, 180, 180))
    frames = studio.film(image=studio.picture(stripes), size="320x180").frames
    reds = [(frame[50:70, :, 0].astype(int) - frame[50:70, :, 1] > 100).mean() for frame in (frames[0], frames[-1])]
    assert 0.08 < reds[0] < reds[1] < 0.25


def test_a_foreign_link_is_a_placeholder(studio: Studio) -> None:
    """Links are not fetched: first and last frame are different placeholders, each with its own name."""
    link = "https://example.com/first.png"
    one = studio.film(image=link, image_tail="https://example.com/last.png", size="320x180").frames
    other = studio.film(image="https://example.com/first-2.png", size="320x180").frames
    assert np.abs(one[0].astype(int) - one[-1]).mean() > 5
    assert np.abs(one[0].astype(int) - other[0]).mean() > 1


def test_shots_change_the_place(studio: Studio) -> None:
    """A multi-shot clip changes with its shots."""
    rows = [{"index": 1, "prompt": "a sea", "duration": "1"}, {"index": 2, "prompt": "a wood", "duration": "1"}]
    frames = studio.film(
        model="3.0", prompt="", seconds=2, multi_shots=True, shot_type="customize", multi_prompt=rows
    ).frames
    change = [np.abs(a.astype(int) - b).mean() for a, b in itertools.pairwise(frames)]
    assert int(np.argmax(change)) == 23


@pytest.mark.parametrize(
    "data",
    [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, b"GIF89a"],
    ids=["empty", "text", "png without content", "gif without content"],
)
def test_a_broken_upload_is_a_placeholder(studio: Studio, data: bytes) -> None:
    """An unreadable picture becomes a placeholder, and the video is made."""
    assert len(studio.film(image=studio.keep(data)).frames) == 24


def test_a_truncated_picture_is_a_placeholder(studio: Studio) -> None:
    """A truncated picture with a complete header becomes a placeholder, too."""
    data = io.BytesIO()
    Image.effect_noise((400, 400), 80).save(data, "JPEG")
    half = data.getvalue()[: len(data.getvalue()) // 2]
    assert studio.film(image=studio.keep(half, ".jpg")).size == (90, 90)


def test_a_picture_bomb_is_a_placeholder(studio: Studio) -> None:
    """A small file with an excessive number of pixels is not decoded."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")
    assert len(studio.film(image=studio.keep(bomb)).frames) == 24


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "I;16", "CMYK"])
def test_pictures_of_every_kind(studio: Studio, mode: str) -> None:
    """Transparent, grey, 16-bit and CMYK pictures fill the frame, too."""
    data = io.BytesIO()
    Image.new(mode, (64, 36)).save(data, "JPEG" if mode == "CMYK" else "PNG")
    assert len(studio.film(image=studio.keep(data.getvalue())).frames) == 24


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
@pytest.mark.parametrize("size", ["64x64", "400x100"])
def test_any_prompt_can_be_drawn(studio: Studio, prompt: str, size: str) -> None:
    """A video is made for any prompt and any ratio."""
    assert len(studio.film(prompt=prompt, size=size).frames) == 24


def test_nothing_is_left_of_a_film_that_fails(studio: Studio) -> None:
    """A file that cannot be moved to its place leaves no partial file."""
    target = studio.folder / "taken.mp4"
    (target / "inside").mkdir(parents=True)
    with pytest.raises(OSError):
        render(make_request(), target, studio.store.uploads)
    assert not list(studio.folder.glob("*.part")) and not list(studio.folder.glob(".*.part"))


@pytest.mark.parametrize("size", ["322x178", "300x150", "144x144"])
def test_everything_at_once_has_the_same_bytes_too(studio: Studio, size: str) -> None:
    """A clip with every field has the same bytes each time, also at odd sizes and in any process."""
    mask = Image.new("L", (64, 36), 0)
    mask.paste(255, (10, 10, 20, 20))
    request = make_request(
        "<<<element_1>>> at sea",
        model="aigc-video-kling-9",
        size=size,
        seconds=2,
        sound=True,
        image=studio.upload(RED),
        image_tail=studio.upload(BLUE),
        image_list=[studio.upload(GREEN), "https://example.com/a.png"],
        multi_shots=True,
        kling_elements=["1", "2"],
        camera_control={"type": "simple", "config": {"tilt": 5}},
        dynamic_masks=[{"mask_url": studio.picture(mask), "trajectories": [{"x": 15, "y": 20}, {"x": 40, "y": 9}]}],
        video_list=[{"url": "https://example.com/a.mp4", "keep_original_sound": "yes"}],
        voice_list=["https://example.com/a.wav"],
        session_id="S",
        face_choose="F",
        metadata={"seed": 1},
    )
    first = studio.draw(request).read_bytes()
    assert studio.draw(request).read_bytes() == first
    job = {"body": request.payload(), "target": str(studio.folder / "other.mp4"), "uploads": str(studio.store.uploads)}
    subprocess.run(
        [sys.executable, "-m", "kling_widgets.demo.render"],
        input=json.dumps(job), text=True, capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    assert (studio.folder / "other.mp4").read_bytes() == first
