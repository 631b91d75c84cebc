"""Previews of links and files: only safe sources, and escaped."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest

from kling_widgets.notebook.controls.preview import Preview, name_of, picture, player
from kling_widgets.notebook.kernel.local_files import LARGEST_PLAYED, LocalMedia
from kling_widgets.notebook.widgets.factory import WidgetFactory
from tests.client import samples

LINK = "https://example.com/a.png"
video, audio = partial(player, tag="video"), partial(player, tag="audio")


@pytest.fixture
def local(tmp_path: Path) -> LocalMedia:
    return LocalMedia(tmp_path / "uploads")


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_link_is_fetched_by_the_browser_alone(local: LocalMedia) -> None:
    """Only the browser fetches a link, lazily, so that half a link is not fetched, and without a referrer."""
    drawn = picture(LINK, local, "First frame")
    assert f'src="{LINK}"' in drawn
    assert 'alt="First frame"' in drawn
    for said in ("kling-late", 'loading="lazy"', 'referrerpolicy="no-referrer"'):
        assert said in drawn


@pytest.mark.parametrize(
    "link",
    [
        "https://127.0.0.1/a.png",
        "https://localhost:8888/a.png",
        "https://[::1]/a.png",
        "https://0.0.0.0/a.png",
        "https://127.1/a.png",
        "http://example.com/a.png",
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "/etc/passwd",
        "a.png",
        "https://",
        "http://[",
        "",
        None,
        5,
        ["x"],
        {"url": LINK},
    ],
)
@pytest.mark.parametrize("draw", [picture, video, audio])
def test_nothing_else_is_put_before_the_browser(draw: Any, link: Any, local: LocalMedia) -> None:
    """Loopback links, other schemes and other text are not loaded; only a Path is a file."""
    assert "src=" not in draw(link, local, "x")


@pytest.mark.parametrize("draw", [picture, video, audio])
def test_what_is_shown_is_escaped(draw: Any, local: LocalMedia, tmp_path: Path) -> None:
    """Links, labels and file names are escaped."""
    bad = '<img src=x onerror="alert(1)">'
    drawn = draw('https://example.com/a.png?"&<b>=1', local, bad) + draw('https://example.com/a.png?"&b=1', local, bad)
    drawn += draw(tmp_path / bad, local, bad)
    drawn += picture(written(tmp_path / "<b>.png", samples.picture()), local, bad, bad)
    assert "<img src=x" not in drawn
    assert "<b>.png" not in drawn
    assert 'png?"' not in drawn


def test_a_local_picture_shows_itself_and_what_it_is(local: LocalMedia, tmp_path: Path) -> None:
    """A local picture is embedded as a thumbnail of a few kilobytes, with its facts."""
    path = written(tmp_path / "a.png", samples.picture("PNG", (640, 480)))
    drawn = picture(path, local, "First frame", "a.png")
    assert 'src="data:image/jpeg;base64,' in drawn
    assert "<b>a.png</b> 640×480 png, 2 KB" in drawn
    assert str(tmp_path) not in drawn


def test_a_file_that_is_no_picture_shows_its_name_alone(local: LocalMedia, tmp_path: Path) -> None:
    """A file that is not a picture shows its name only; the field reports the problem."""
    for path in (written(tmp_path / "a.png", b"just text"), tmp_path / "nowhere.png", tmp_path):
        assert picture(path, local, "x") == ""
        assert picture(path, local, "x", "its name") == "<div><b>its name</b> </div>"


def test_a_large_picture_is_words(local: LocalMedia, tmp_path: Path) -> None:
    """A picture that would take long to decode has no thumbnail."""
    import PIL.Image

    PIL.Image.new("1", (9000, 9000)).save(tmp_path / "a.png")
    drawn = picture(tmp_path / "a.png", local, "x")
    assert "<img" not in drawn
    assert "9000×9000 png" in drawn


@pytest.mark.parametrize(
    ("link", "preload"),
    [
        ("https://example.com/v.mp4", "metadata"),
        ("https://example.com/v.MOV?token=1", "metadata"),
        ("https://example.com/v.wav", "metadata"),
        ("https://example.com/v", "none"),
        ("https://example.com/v.m", "none"),
        ("https://example.com/?v.mp4", "none"),
    ],
)
def test_a_player_fetches_nothing_before_the_link_is_whole(link: str, preload: str, local: LocalMedia) -> None:
    """A link that ends like a clip or sound is preloaded; any other only when it is played."""
    for tag in ("video", "audio"):
        drawn = player(link, local, "Video", tag)
        assert drawn.startswith(f"<{tag} ")
        assert f'preload="{preload}"' in drawn
        assert 'aria-label="Video"' in drawn


def test_a_local_clip_is_played_with_its_length(local: LocalMedia, tmp_path: Path) -> None:
    """A local clip of up to 5 MB is played; a larger one has text only."""
    path = samples.clip(tmp_path / "v.mp4", 1, (320, 180))
    drawn = video(path, local, "Video")
    assert 'src="data:video/mp4;base64,' in drawn
    assert "320×180 mp4, 1.0 s" in drawn
    with path.open("ab") as file:
        file.truncate(LARGEST_PLAYED + 1)
    drawn = video(path, local, "Video")
    assert "src=" not in drawn
    assert "over 5 MB it is not played here" in drawn
    assert "does not exist, or cannot be read" in video(tmp_path / "nowhere.mp4", local, "Video")


def test_it_is_drawn_anew_only_when_something_has_changed(local: LocalMedia, tmp_path: Path) -> None:
    """The preview is redrawn only if the value or its file has changed."""
    calls: list[Any] = []

    def draw(value: Any, local: LocalMedia, label: str) -> str:
        calls.append(value)
        return f"{value}"

    box = widgets.VBox()
    preview = Preview(draw, WidgetFactory(local), "x", box)
    path = written(tmp_path / "a.png", samples.picture("PNG", (640, 480)))
    for _ in range(3):
        preview.show(path, "Said.")
    assert calls == [path]
    assert "Said." in box.children[0].value
    written(path, samples.picture("PNG", (64, 48)))
    preview.show(path, "Said.")
    preview.show(path, "Other.")
    assert len(calls) == 3
    preview.show(None)
    assert len(calls) == 4


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("https://example.com/pictures/a%20boat.png?x=1", "a boat.png"),
        ("https://example.com/", "example.com"),
        (Path("/home/me/b.png"), "b.png"),
        ("http://[", "http://["),
        (5, "5"),
    ],
)
def test_names(value: Any, name: str) -> None:
    """A link or path has a short name."""
    assert name_of(value) == name
