"""The paths of videos, and finding the saved video of a submission."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kling_widgets.errors import KlingError
from kling_widgets.files.file_names import name_for
from kling_widgets.jobs.video_files import choose_path, ensure_writable, save_path, saved_clip
from kling_widgets.media.clip import read
from kling_widgets.storage.submission import Submission
from tests.media.test_clip import clip

WHEN = 1_795_356_300.0


def test_a_name_is_never_taken_twice(tmp_path: Path) -> None:
    """If there is a file, a folder or a dead link of that name, the next number is used."""
    names = []
    for make in (Path.touch, Path.mkdir, lambda path: path.symlink_to("nowhere"), Path.touch):
        path = choose_path(tmp_path, None, "clip.mp4")
        names.append(path.name)
        make(path)
    assert names == ["clip.mp4", "clip-2.mp4", "clip-3.mp4", "clip-4.mp4"]


def test_save_is_a_file_or_a_folder(tmp_path: Path) -> None:
    """A path that ends in .mp4 is the file; any other is a folder; relative ones begin in the current folder."""
    assert choose_path(tmp_path, "mine.mp4", "name.mp4") == Path.cwd() / "mine.mp4"
    assert choose_path(tmp_path, "MINE.MP4", "name.mp4") == Path.cwd() / "MINE.MP4"
    assert choose_path(tmp_path, "there", "name.mp4") == Path.cwd() / "there" / "name.mp4"
    assert choose_path(tmp_path, "~/there", "name.mp4") == Path.home() / "there" / "name.mp4"
    assert choose_path(tmp_path, "", "name.mp4") == tmp_path / "name.mp4"
    (tmp_path / "folder.mp4").mkdir()
    assert choose_path(tmp_path, str(tmp_path / "folder.mp4"), "name.mp4") == tmp_path / "folder.mp4" / "name.mp4"


def test_a_home_that_nobody_has() -> None:
    """A path that is not possible here is an error with a message."""
    with pytest.raises(KlingError, match="nothing was sent"):
        save_path("~nobody-of-this-name/clip.mp4")


def test_a_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    """The folder is created with its parents, and nothing is left in it."""
    folder = tmp_path / "a" / "b"
    ensure_writable(folder)
    ensure_writable(folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["file/videos", "file", "nul\0"])
def test_a_folder_that_cannot_be_made(tmp_path: Path, name: str) -> None:
    """The error says that nothing was sent, and how to choose another folder."""
    (tmp_path / "file").touch()
    with pytest.raises(KlingError, match=r"nothing was sent.*Kling\.video_dir"):
        ensure_writable(tmp_path / name)


def entry(path: Path, **more: str) -> Submission:
    """A row of the journal that names a file."""
    return Submission(1, WHEN, "https://a.example", "m", {}, "saved", task_id="task_1", path=str(path), **more)  # type: ignore[arg-type]


def test_a_saved_video_is_found_by_its_checksum_its_name_or_its_folder(tmp_path: Path) -> None:
    """It is found where ``--save`` put it, in another notebook's folder, and in this one's."""
    videos = tmp_path / "videos"
    videos.mkdir()
    named = clip(tmp_path / name_for("a boat", "task_1", WHEN, demo=True))
    assert saved_clip(entry(named), videos) == read(named)
    second = named.rename(named.with_name(f"{named.stem}-2.mp4"))
    assert saved_clip(entry(second), videos) == read(second)
    saved = clip(tmp_path / "boat.mp4")
    assert saved_clip(entry(saved, sha256=read(saved).sha256), videos) == read(saved)
    here = clip(videos / "boat.mp4")
    assert saved_clip(entry(here), videos) == read(here)


def test_no_other_file_is_taken_for_a_saved_video(tmp_path: Path) -> None:
    """Somebody else's journal may name any file of this machine, which is not shown.

    Such as a private video, that of another task, a file that is no video, one outside the folder behind a link or
    dots, and one that would block a reader.
    """
    videos = tmp_path / "videos"
    videos.mkdir()
    private = clip(tmp_path / "private.mp4")
    (videos / "link.mp4").symlink_to(private)
    text = videos / "boat.mp4"
    text.write_text("secret")
    os.mkfifo(videos / "pipe.mp4")
    other = clip(tmp_path / name_for("a boat", "task_2", WHEN, demo=False))
    wrong = [private, videos / ".." / "private.mp4", videos / "link.mp4", text, videos / "pipe.mp4", other, videos]
    for path in (*wrong, Path("/etc/passwd"), Path("/dev/zero"), tmp_path / "none.mp4", Path("x\0y.mp4")):
        assert saved_clip(entry(path), videos) is None
        assert saved_clip(entry(path, sha256="ab" * 32), videos) is None
