"""A request in numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kling_widgets.demo.clip import Clip, upload_name
from tests.demo.conftest import wish

NAME = "0123456789abcdef" * 2 + ".png"


def clip(uploads: Path = Path(), **fields: Any) -> Clip:
    """The clip of a request in which nothing but these fields is set."""
    return Clip.of(wish(**{"size": None, "seconds": None, **fields}), uploads)


@pytest.mark.parametrize(
    ("fields", "size", "fps"),
    [
        ({}, (1280, 720), 24),
        ({"size": "1280x720", "resolution": "720P"}, (1280, 720), 24),
        ({"size": "720x1280", "resolution": "1080P"}, (1080, 1920), 24),
        ({"size": "320x180"}, (320, 180), 24),
        ({"size": "333x111"}, (332, 112), 24),
        ({"aspect_ratio": "9:16"}, (720, 1280), 24),
        ({"aspect_ratio": "1:1", "resolution": "1080P"}, (1080, 1080), 24),
        ({"aspect_ratio": "21:9"}, (1680, 720), 24),
        ({"resolution": "2K"}, (2560, 1440), 12),
        ({"resolution": "4K"}, (3840, 2160), 8),
        ({"resolution": "4K", "aspect_ratio": "9:16"}, (2160, 3840), 8),
        ({"size": "40000x20000"}, (4096, 2048), 8),
        ({"size": "9000x10"}, (64, 64), 24),
        ({"aspect_ratio": "100:1"}, (2880, 720), 24),
    ],
)
def test_size(fields: dict[str, Any], size: tuple[int, int], fps: int) -> None:
    """Width and height are what was asked, even, within bounds, and large ones have fewer frames a second."""
    made = clip(**fields)
    assert (made.width, made.height, made.fps) == (*size, fps)


def test_a_first_frame_gives_the_ratio(tmp_path: Path) -> None:
    """With a first frame at hand the clip copies its ratio at the asked resolution, whatever the ratio asked."""
    Image.new("RGB", (300, 400)).save(tmp_path / NAME)
    link = f"http://127.0.0.1:1/media/uploads/{NAME}"
    made = clip(tmp_path, image=link, aspect_ratio="16:9", resolution="720P")
    assert (made.width, made.height) == (720, 960)
    assert clip(tmp_path, image="https://example.com/a.png").width == 1280


def test_a_turned_photo_gives_its_upright_ratio(tmp_path: Path) -> None:
    """A phone's photo that lies on its side in the file counts as it is seen."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 300)).save(tmp_path / NAME.replace("png", "jpg"), exif=exif)
    made = clip(tmp_path, image=f"http://localhost/media/uploads/{NAME.replace('png', 'jpg')}")
    assert made.width < made.height


@pytest.mark.parametrize(
    ("link", "name"),
    [
        (f"http://127.0.0.1:8123/media/uploads/{NAME}", NAME),
        (f"http://localhost/media/uploads/{NAME}", NAME),
        (f"https://example.com/media/uploads/{NAME}", None),
        (f"http://127.0.0.1:8123/elsewhere/{NAME}", None),
        ("http://127.0.0.1:8123/media/uploads/../../secret.png", None),
        (f"http://127.0.0.1:8123/media/uploads/../{NAME}", None),
        (f"http://127.0.0.1:8123/media/uploads/%2e%2e/{NAME}", None),
        ("http://[broken/media/uploads/a.png", None),
        (f"file:///media/uploads/{NAME}", None),
    ],
)
def test_only_own_uploads_are_files(link: str, name: str | None) -> None:
    """A link is a file only when it points at an upload of a demo on this machine, and never at another path."""
    assert upload_name(link) == name


def test_shots_follow_one_another() -> None:
    """The shots of a multi-shot request share the clip by their durations."""
    rows = [{"index": 1, "prompt": "one", "duration": "2"}, {"index": 2, "prompt": "two", "duration": "3"}]
    made = clip(model="3.0", seconds=5, multi_shots=True, shot_type="customize", multi_prompt=rows)
    assert [(shot.prompt, shot.start, shot.end) for shot in made.shots] == [("one", 0, 2), ("two", 2, 5)]


def test_settings_say_what_was_asked() -> None:
    """The line under the prompt has model and settings, also those that nobody asked for."""
    assert " · ".join(clip(sound=False).settings) == "Kling 2.6 · 5 s · 16:9 · 720P · sound off · 1280×720 px"
    assert " · ".join(clip(size="640x360", seconds=10).settings) == "Kling 2.6 · 10 s · 640x360"
