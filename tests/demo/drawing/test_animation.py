"""Descriptions of clips to draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kling_widgets.demo.drawing.animation import Animation, file_name, upload_name
from tests.demo.conftest import make_request

NAME = "0123456789abcdef" * 2 + ".png"


def clip(uploads: Path = Path(), **fields: Any) -> Animation:
    """Return the clip of a request with only these fields."""
    return Animation.of(make_request(**{"size": None, "seconds": None, **fields}), uploads)


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
    """Width and height are as requested, even, and within bounds; large clips have fewer frames a second."""
    made = clip(**fields)
    assert (made.width, made.height, made.fps) == (*size, fps)


def test_a_first_frame_gives_the_ratio(tmp_path: Path) -> None:
    """A clip has the ratio of its first frame, at the requested resolution, whatever ratio is requested."""
    Image.new("RGB", (300, 400)).save(tmp_path / NAME)
    link = f"http://127.0.0.1:1/media/uploads/{NAME}"
    made = clip(tmp_path, image=link, aspect_ratio="16:9", resolution="720P")
    assert (made.width, made.height) == (720, 960)
    assert clip(tmp_path, image="https://example.com/a.png").width == 1280


def test_a_turned_photo_gives_its_upright_ratio(tmp_path: Path) -> None:
    """A photo with an EXIF orientation counts as upright."""
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


@pytest.mark.parametrize("duration", [None, "", "5 s", "0", "-3", "inf", "nan", "1e308", [1]])
def test_a_shot_without_seconds(duration: Any) -> None:
    """A shot without seconds is not shown; if no shot has any, the prompt is the only shot."""
    rows = [{"prompt": "one", "duration": duration}, {"prompt": "two", "duration": "3"}]
    fields = {"model": "3.0", "prompt": "a sea", "seconds": 5, "multi_shots": True, "shot_type": "customize"}
    made = clip(**fields, multi_prompt=rows)
    assert [(shot.prompt, shot.start, shot.end) for shot in made.shots] == [("one", 0, 0), ("two", 0, 5)]
    assert {made.shot_at(moment) for moment in (0, 2.5, 4.9)} == {1}
    assert [shot.prompt for shot in clip(**fields, multi_prompt=rows[:1]).shots] == ["a sea"]


def test_a_shot_without_a_prompt() -> None:
    """A shot without a prompt still has its time."""
    rows = [{"duration": "2"}, {"prompt": None, "duration": "3"}]
    made = clip(model="3.0", prompt="a sea", seconds=5, multi_shots=True, shot_type="customize", multi_prompt=rows)
    assert [(shot.prompt, shot.start, shot.end) for shot in made.shots] == [("", 0, 2), ("", 2, 5)]


def test_no_more_shots_than_seconds() -> None:
    """A clip has at most one shot for each second that a clip may have."""
    rows = [{"index": 1, "prompt": "again", "duration": "1"}] * 500
    assert len(clip(model="3.0", multi_shots=True, multi_prompt=rows).shots) == 60


@pytest.mark.parametrize(
    ("fields", "framings"),
    [
        ({"multi_shots": True}, ["wide", "medium", "close"]),
        ({"multi_shots": True, "shot_type": "intelligence"}, ["wide", "medium", "close"]),
        ({"multi_shots": True, "shot_type": "customize"}, [""]),
        ({"multi_shots": False}, [""]),
        ({"shot_type": "intelligence"}, [""]),
    ],
    ids=str,
)
def test_one_prompt_that_the_model_is_to_cut(fields: dict[str, Any], framings: list[str]) -> None:
    """If the model chooses the shots, the demo makes three of equal length from the prompt."""
    shots = clip(model="3.0", prompt="a sea", seconds=6, **fields).shots
    assert [shot.framing for shot in shots] == framings
    assert {shot.prompt for shot in shots} == {"a sea"}
    assert {shot.end - shot.start for shot in shots} == {6 / len(framings)}


def test_shots_that_are_not_switched_on() -> None:
    """Without the switch the shots' prompts are joined to one prompt, as in the body."""
    rows = [{"index": 1, "prompt": "one", "duration": "2"}, {"index": 2, "prompt": "two", "duration": "3"}]
    made = clip(model="3.0", prompt="", multi_prompt=rows)
    assert [shot.prompt for shot in made.shots] == ["one two"]
    assert "multi_prompt" in made.unused and "multi_prompt" not in made.used


def test_the_share_that_is_over() -> None:
    """The share is 0 in the first frame and 1 in the last."""
    made = clip(seconds=2)
    assert [made.done(number / made.fps) for number in (0, made.frames - 1)] == [0, 1]
    assert made.done(0.5) < 0.5 + 0.5 / made.fps < made.done(1.5)


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://example.com/a/walk%20on.mp4?x=1#y", "walk on.mp4"),
        ("https://example.com", "https://example.com"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_the_name_in_a_link(link: str, name: str) -> None:
    """A link is shown by its file name, or unchanged if it has none."""
    assert file_name(link) == name


def test_settings_say_what_was_asked() -> None:
    """The settings line has the model and all settings, including defaults."""
    assert " · ".join(clip(sound=False).settings) == "Kling 2.6 · 5 s · 16:9 · 720P · sound off · 1280×720 px"
    assert " · ".join(clip(size="640x360", seconds=10).settings) == "Kling 2.6 · 10 s · 640x360"
