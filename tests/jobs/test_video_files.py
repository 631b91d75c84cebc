"""Names, places and contents of videos."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.errors import KlingError
from kling_widgets.files.file_names import name_for, slug
from kling_widgets.jobs.video_files import choose, make_ready, ours, place
from kling_widgets.media.clip import LARGEST_POSTER, Clip, look_into, read, smaller
from kling_widgets.storage.submission import Submission
from tests.conftest import ROOT

WHEN = 1_795_356_300.0


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


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("A paper boat", "a-paper-boat"),
        ("a cat's dream, at 5 o'clock!", "a-cat-s-dream-at-5-o-clock"),
        ("纸船漂在雨中", "纸船漂在雨中"),
        ("हिन्दी में नाव", "हिन्दी-में-नाव"),
        ("เรือกระดาษ", "เรือกระดาษ"),
        ("Ein Bärchen", "ein-bärchen"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\temp\\x", "c-temp-x"),
        ("a\x00b\nc\td", "a-b-c-d"),
        ("\u202egnp.exe", "gnp-exe"),
        ("__init__", "init"),
        ("🙂🙂", "video"),
        ("", "video"),
        ("   ...   ", "video"),
    ],
)
def test_a_slug_is_readable_in_any_script(prompt: str, expected: str) -> None:
    """Words of every script stay readable; what a file system could mistake goes."""
    assert slug(prompt) == expected


def test_a_slug_is_one_form_of_the_same_text() -> None:
    """The same letters composed and decomposed give the same name."""
    assert slug(unicodedata.normalize("NFD", "Bärchen")) == slug("Bärchen")


@given(st.text(), st.text(), st.booleans())
def test_a_name_is_one_harmless_name(prompt: str, task_id: str, demo: bool) -> None:
    """Whatever prompt and task id are, the name is one name of a file, short enough, and can be written as UTF-8."""
    task_id = task_id.encode("utf-8", "replace").decode()
    name = name_for(prompt.encode("utf-8", "replace").decode(), task_id, WHEN, demo=demo)
    assert Path(name).name == name
    assert name.endswith(".mp4")
    assert len(name.encode()) <= 143
    assert not set(name) & set('/\\:*?"<>|') and name.isprintable()
    assert not name.startswith((".", "-", " "))


def test_a_name_says_when_what_and_which() -> None:
    """Time, prompt and a mark of the task; "demo" where it is one; two tasks have two names."""
    name = name_for("A paper boat", "t1", WHEN, demo=False)
    day, rest = name.split("_", 1)
    assert day == "2026-11-22"
    assert rest[4:].startswith("_a-paper-boat_")
    assert name_for("A paper boat", "t2", WHEN, demo=False) != name
    assert "_demo_" in name_for("A paper boat", "t1", WHEN, demo=True)
    assert name_for("x", "../../t1", WHEN, demo=False).count("/") == 0


def test_a_name_is_never_taken_twice(tmp_path: Path) -> None:
    """Next to a file, a folder or a dead link of the name, the next number is chosen."""
    names = []
    for make in (Path.touch, Path.mkdir, lambda path: path.symlink_to("nowhere"), Path.touch):
        path = choose(tmp_path, None, "clip.mp4")
        names.append(path.name)
        make(path)
    assert names == ["clip.mp4", "clip-2.mp4", "clip-3.mp4", "clip-4.mp4"]


def test_save_is_a_file_or_a_folder(tmp_path: Path) -> None:
    """A path that ends in .mp4 is the file; any other is a folder; relative ones begin in the current folder."""
    assert choose(tmp_path, "mine.mp4", "name.mp4") == Path.cwd() / "mine.mp4"
    assert choose(tmp_path, "MINE.MP4", "name.mp4") == Path.cwd() / "MINE.MP4"
    assert choose(tmp_path, "there", "name.mp4") == Path.cwd() / "there" / "name.mp4"
    assert choose(tmp_path, "~/there", "name.mp4") == Path.home() / "there" / "name.mp4"
    assert choose(tmp_path, "", "name.mp4") == tmp_path / "name.mp4"
    (tmp_path / "folder.mp4").mkdir()
    assert choose(tmp_path, str(tmp_path / "folder.mp4"), "name.mp4") == tmp_path / "folder.mp4" / "name.mp4"


def test_a_home_that_nobody_has() -> None:
    """A path that means nothing here is an error in words."""
    with pytest.raises(KlingError, match="nothing was sent"):
        place("~nobody-of-this-name/clip.mp4")


def test_a_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    """Making ready makes the folder with its parents, and leaves nothing in it."""
    folder = tmp_path / "a" / "b"
    make_ready(folder)
    make_ready(folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["file/videos", "file", "nul\0"])
def test_a_folder_that_cannot_be_made(tmp_path: Path, name: str) -> None:
    """The error says that nothing was sent, and how to choose another folder."""
    (tmp_path / "file").touch()
    with pytest.raises(KlingError, match=r"nothing was sent.*Kling\.video_dir"):
        make_ready(tmp_path / name)


def test_what_is_in_a_video(tmp_path: Path) -> None:
    """Size, length, sound, checksum and a poster that is a JPEG."""
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
    """A notebook holds the poster twice, so it is small for the worst picture too."""
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
    """Its size and checksum are known, and nothing else is claimed."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    found = look_into(read(path))
    assert found == Clip(path, len(content), found.sha256)


def test_a_video_that_was_cut_off(tmp_path: Path) -> None:
    """Half a video does not raise."""
    path = clip(tmp_path / "clip.mp4", noise=True)
    path.write_bytes(path.read_bytes()[:3000])
    assert look_into(read(path)).size == 3000


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """That is an error of the system."""
    with pytest.raises(FileNotFoundError):
        look_into(read(tmp_path / "clip.mp4"))


@pytest.mark.parametrize("missing", ["av", "PIL", "PIL.Image"])
def test_without_the_extra(tmp_path: Path, missing: str) -> None:
    """Where the extra ``video`` is not installed, size and checksum are known all the same."""
    path = clip(tmp_path / "clip.mp4")
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"  # so that importing it fails as if it were not there
        "from pathlib import Path; from kling_widgets.media.clip import look_into, read\n"
        f"clip = look_into(read(Path({str(path)!r}))); print(clip.size, clip.width, clip.poster)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [str(os.path.getsize(path)), "None", "None"]


def entry(path: Path, **more: str) -> Submission:
    """A row of the journal that names a file."""
    return Submission(1, WHEN, "https://a.example", "m", {}, "saved", task_id="task_1", path=str(path), **more)  # type: ignore[arg-type]


def test_a_saved_video_is_found_by_its_checksum_its_name_or_its_folder(tmp_path: Path) -> None:
    """Wherever ``--save`` put it, in the folder of another notebook, and in the one of this."""
    videos = tmp_path / "videos"
    videos.mkdir()
    named = clip(tmp_path / name_for("a boat", "task_1", WHEN, demo=True))
    assert ours(entry(named), videos) == read(named)
    second = named.rename(named.with_name(f"{named.stem}-2.mp4"))
    assert ours(entry(second), videos) == read(second)
    saved = clip(tmp_path / "boat.mp4")
    assert ours(entry(saved, sha256=read(saved).sha256), videos) == read(saved)
    here = clip(videos / "boat.mp4")
    assert ours(entry(here), videos) == read(here)


def test_no_other_file_is_taken_for_a_saved_video(tmp_path: Path) -> None:
    """A journal of somebody else names whatever is on this machine: a private video, one of another task, what is no
    video, what lies outside behind a link or dots, what would be waited for."""
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
        assert ours(entry(path), videos) is None
        assert ours(entry(path, sha256="ab" * 32), videos) is None


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks there")
def test_a_video_that_was_looked_into_holds_up_no_fork(tmp_path: Path) -> None:
    """Drawn, looked into, a frame taken out of it: a forked child ends, and so does a ``!command`` of a cell."""
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
    sys.exit(0)  # as it frees what it was given
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


def test_no_frame_is_converted_by_its_thread() -> None:
    """PyAV keeps a reformatter for each thread, whose own threads every forked child would wait for."""
    kept = re.compile(r"(?<!\w)(?!reformatter\b)\w+\.(?:reformat|to_rgb|to_ndarray)\(|\.to_image\(")
    found = [
        line.strip()
        for path in (ROOT / "kling_widgets").rglob("*.py")
        for line in path.read_text().splitlines()
        if kept.search(line)
    ]
    assert len(found) == 1 and "VideoReformatter().reformat(" in found[0], found
