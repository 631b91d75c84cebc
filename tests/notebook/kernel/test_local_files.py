"""Local files of a form: their properties, thumbnails and problems."""

from __future__ import annotations

import base64
import io
import os
import re
import struct
import sys
import threading
import zlib
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from kling_widgets.catalog.model_names import model
from kling_widgets.errors import KlingError
from kling_widgets.notebook.kernel.image_arrays import picture_file
from kling_widgets.notebook.kernel.local_files import LARGEST_PLAYED, LocalMedia
from kling_widgets.request.request import VideoRequest
from tests.client.samples import clip, moving, picture, sound

MODEL = model("2.6")
IMAGE = MODEL.field("image")


@pytest.fixture
def local(tmp_path: Path) -> LocalMedia:
    return LocalMedia(tmp_path / "uploads")


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def shown(uri: str) -> PIL.Image.Image:
    """The picture of a data URI."""
    kind, _, content = uri.partition(";base64,")
    assert kind in ("data:image/jpeg", "data:image/webp", "data:image/png")
    return PIL.Image.open(io.BytesIO(base64.b64decode(content)))


def header_of(width: int, height: int) -> bytes:
    """A whole PNG of so many pixels in a few bytes, as far as its header says."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"])
@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (4000, 1000), (20, 10)])
def test_a_thumbnail_is_small_and_of_the_same_shape(
    form: str, size: tuple[int, int], local: LocalMedia, tmp_path: Path
) -> None:
    """A few kilobytes, whatever the picture's size."""
    uri = local.thumbnail(written(tmp_path / "a", picture(form, size)))
    assert len(uri) < 32_000
    found = shown(uri)
    assert max(found.size) <= 320
    assert found.width / found.height == pytest.approx(size[0] / size[1], rel=0.05)
    red, green, _ = found.convert("RGB").getpixel((found.width // 2, found.height // 2))  # type: ignore[misc]
    assert red > 150 > 80 > green


def test_the_thumbnail_of_noise_is_small_too(local: LocalMedia, tmp_path: Path) -> None:
    """The worst picture there is."""
    PIL.Image.effect_noise((1200, 900), 90).save(tmp_path / "a.png")
    assert len(local.thumbnail(tmp_path / "a.png")) < 34_000


def test_what_is_clear_stays_clear(local: LocalMedia, tmp_path: Path) -> None:
    """A mask or a logo keeps its transparency."""
    PIL.Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert shown(local.thumbnail(tmp_path / "a.png")).convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]


def test_a_photograph_stands_upright(local: LocalMedia, tmp_path: Path) -> None:
    """As its camera has noted it."""
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.new("RGB", (400, 300)).save(tmp_path / "a.jpg", exif=exif)
    assert shown(local.thumbnail(tmp_path / "a.jpg")).size == (240, 320)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"just text",
        b"<svg onload=alert(1)>",
        picture("PNG")[:200],
        picture("JPEG")[:300],
        b"\x89PNG\r\n\x1a\n" + bytes(90),
        b"GIF89a" + bytes(20),
        header_of(64, 64),
        header_of(60_000, 60_000),
        header_of(0, 0),
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
    ],
)
def test_a_broken_file_or_a_bomb_has_no_thumbnail(content: bytes, local: LocalMedia, tmp_path: Path) -> None:
    """Nothing raises, nothing takes long, nothing is put into the page."""
    path = written(tmp_path / "a.png", content)
    assert local.thumbnail(path) == ""
    assert local.facts(path) is not None
    assert local.problems(IMAGE, MODEL, path) or content.startswith(b"\x89PNG") or content[:2] in (b"\xff\xd8", b"GI")


def test_without_pillow_there_is_no_thumbnail(
    local: LocalMedia, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size in pixels is unknown, so the page gets no picture that it might not be able to decode."""
    path = written(tmp_path / "a.png", picture("PNG"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "PIL"]:
        monkeypatch.setitem(sys.modules, name, None)
    assert local.thumbnail(path) == ""
    facts = local.facts(path)
    assert facts is not None and (facts.format, facts.pixels) == ("png", "")


def test_nothing_is_read_twice_and_a_change_is_seen(local: LocalMedia, tmp_path: Path) -> None:
    """Asked at every key, a file is read when it is new."""
    path = written(tmp_path / "a.png", picture("PNG", (640, 480)))
    assert local.thumbnail(path) is local.thumbnail(path)
    assert local.facts(path) is local.facts(path)
    written(path, picture("PNG", (700, 500)))
    facts = local.facts(path)
    assert facts is not None
    assert facts.pixels == "700×500"
    path.unlink()
    assert local.facts(path) is None
    assert local.thumbnail(path) == ""


def test_what_is_remembered_has_an_end(local: LocalMedia, tmp_path: Path) -> None:
    """Also for a folder with thousands of files."""
    for number in range(300):
        local.facts(written(tmp_path / f"{number}.png", b"x"))
    assert len(local._cache) <= 200


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere.png", "nowhere.png is not there. Check the path"),
        ("folder", "is a folder. Name a picture in it."),
        ("text.png", "text.png is not a picture."),
        ("clip.png", "clip.png is mp4, not a picture."),
        ("large.png", "large.png has 40 MB. The service takes pictures of up to 20 MB."),
        ("a\0b", "a b is not there"),
        ("~nobody-of-this-name/a.png", "cannot be read"),
    ],
)
def test_what_cannot_be_uploaded_is_an_error(name: str, says: str, local: LocalMedia, tmp_path: Path) -> None:
    """Said before anything is sent, at the field that names it, in one sentence and what to do."""
    (tmp_path / "folder").mkdir()
    written(tmp_path / "text.png", b"just text")
    clip(tmp_path / "clip.mp4", 0.2, (64, 48)).rename(tmp_path / "clip.png")
    with written(tmp_path / "large.png", picture("PNG")).open("ab") as file:
        file.truncate(40_000_000)
    path = Path(name) if name.startswith("~") else tmp_path / name
    (problem,) = local.problems(IMAGE, MODEL, path)
    assert (problem.severity, problem.field) == ("error", "image")
    assert says in str(problem)


def test_warnings_name_the_file(local: LocalMedia, tmp_path: Path) -> None:
    """An animated GIF can be sent, with a warning about what is not documented."""
    found = local.problems(IMAGE, MODEL, written(tmp_path / "boat.gif", moving("GIF")))
    assert {each.severity for each in found} == {"warning"}
    assert all(each.message.startswith("boat.gif ") for each in found)


def test_a_request_is_checked_whole(local: LocalMedia, tmp_path: Path) -> None:
    """Every field with files in it; each file once; links are not asked for."""
    good, bad = written(tmp_path / "good.png", picture("PNG")), tmp_path / "bad.png"
    mask = {"mask_url": bad, "trajectories": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}
    request = VideoRequest(
        "2.6",
        image=good,
        image_tail="https://example.invalid/never-asked.png",
        image_list=[good, bad, bad],
        dynamic_masks=[mask, mask],
        video_list=clip(tmp_path / "v.mp4", 2, (320, 180)),
        metadata={"other": bad},
    )
    found = [(each.field, each.severity) for each in local.check(request)]
    short, low = ("video_list", "warning"), ("video_list", "warning")
    assert sorted(map(str, found)) == sorted(
        map(str, [("image_list", "error"), ("dynamic_masks", "error"), short, low])
    )
    assert local.check(VideoRequest("2.6", image=good)) == ()


def test_two_pictures_are_checked_as_a_first_frame(local: LocalMedia, tmp_path: Path) -> None:
    """If the service decides how it uses the second one, both are uploaded as pictures."""
    good, bad = written(tmp_path / "good.png", picture("PNG")), tmp_path / "bad.png"
    (found,) = local.check(VideoRequest("o1", images=[good, bad]))
    assert (found.field, found.severity) == ("image", "error")


def test_a_clip_that_is_not_there_is_no_second_error(local: LocalMedia) -> None:
    """Its field already reports that it cannot be sent."""
    assert local.check(VideoRequest("2.6", video_list="nowhere.mp4")) == ()


def test_small_clips_and_sounds_can_be_played(local: LocalMedia, tmp_path: Path) -> None:
    """As a data URI with the right type; pictures, text and what is large are not."""
    assert local.playable(clip(tmp_path / "v.mp4", 0.2, (64, 48))).startswith("data:video/mp4;base64,AAAA")
    assert local.playable(sound(tmp_path / "s.wav", 1)).startswith("data:audio/wav;base64,UklGR")
    for path in (written(tmp_path / "a.png", picture("PNG")), written(tmp_path / "t", b"text"), tmp_path / "nowhere"):
        assert local.playable(path) == ""
    with (tmp_path / "v.mp4").open("ab") as file:
        file.truncate(LARGEST_PLAYED + 1)
    assert local.playable(tmp_path / "v.mp4") == ""


def test_pictures_can_be_read_as_they_are(local: LocalMedia, tmp_path: Path) -> None:
    """For drawing on them; nothing for what is none."""
    content = picture("PNG")
    assert local.read(written(tmp_path / "a.png", content)) == content
    assert local.read(written(tmp_path / "b.png", b"text")) is None
    assert local.read(tmp_path / "nowhere") is None


def test_the_same_bytes_are_kept_once(local: LocalMedia) -> None:
    """By their content."""
    first: Any = local.keep("a.png", b"1")
    assert local.keep("a.png", b"1") == first
    assert local.keep("a.png", b"2") != first
    assert first.read_bytes() == b"1"
    assert sorted(os.listdir(local.folder)) == sorted({first.name, local.keep("a.png", b"2").name})


def test_what_is_kept_is_not_written_again(local: LocalMedia) -> None:
    """An upload may be reading it; a half one, as of a computer that went out, is made whole."""
    path = local.keep("a.png", b"whole")
    with path.open("rb") as reader:
        before = os.fstat(reader.fileno())
        assert os.stat(local.keep("a.png", b"whole")).st_mtime_ns == before.st_mtime_ns
        path.write_bytes(b"wh")
        assert local.keep("a.png", b"whole").read_bytes() == b"whole"
    assert os.listdir(path.parent) == [path.name]


def test_nobody_reads_half_a_file(local: LocalMedia) -> None:
    """Even if the same bytes are stored at the same time."""
    content = os.urandom(2_000_000)
    path, ended = local.keep("a.png", content), threading.Event()

    def keep() -> None:
        for _ in range(50):
            path.unlink(missing_ok=True)  # so that it is written again
            local.keep("a.png", content)
        ended.set()

    keeper = threading.Thread(target=keep)
    keeper.start()
    read = 0
    while not ended.is_set() or not read:
        try:
            assert path.stat().st_size == len(content)
        except FileNotFoundError:
            continue
        read += 1
    keeper.join()


@pytest.mark.skipif(os.name != "posix", reason="other systems keep a user's folders otherwise")
def test_what_is_kept_is_its_owners_alone(local: LocalMedia) -> None:
    """Pictures are private."""
    path = local.keep("a.png", b"1")
    modes = [each.stat().st_mode & 0o777 for each in (local.folder, path)]
    assert modes == [0o700, 0o600]


def test_what_cannot_be_kept_is_said(tmp_path: Path) -> None:
    """With what to do; nothing is left."""
    (tmp_path / "uploads").write_bytes(b"a file")
    with pytest.raises(KlingError, match=r"a_.*\.png cannot be stored in .*: enter its path instead"):
        LocalMedia(tmp_path / "uploads").keep("a.png", b"1")
    local = LocalMedia(tmp_path / "other")
    place = local.keep("a.png", b"1")
    place.unlink()
    place.mkdir()
    with pytest.raises(KlingError, match="cannot be stored"):
        local.keep("a.png", b"1")
    assert os.listdir(place.parent) == [place.name]


def test_what_is_shown_is_what_is_uploaded(local: LocalMedia, tmp_path: Path) -> None:
    """Upright, and a kind that a page can show; its sides count so."""
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    for form, kind in (("JPEG", "JPEG"), ("TIFF", "PNG")):
        path = written(tmp_path / form, picture(form, (640, 480), exif=exif))
        facts, content = local.facts(path), local.read(path)
        assert facts is not None and content is not None
        with PIL.Image.open(io.BytesIO(content)) as found:
            assert (found.size, found.format) == ((480, 640), kind)
        assert (facts.pixels, local.problems(IMAGE, MODEL, path)) == ("480×640", ())


def test_links_are_looked_at_too(local: LocalMedia) -> None:
    """A web page and a private address are reported before anything is billed."""
    request = VideoRequest("2.6", image="https://drive.google.com/file/d/1A/view", image_list=["http://nas/a.png"])
    assert [(each.severity, each.field) for each in local.check(request)] == [
        ("warning", "image"),
        ("warning", "image_list"),
    ]


class Place:
    """A notebook's folder, a current folder that is another one, and the user's data folder."""

    def __init__(self, folder: Path) -> None:
        self.notebook, self.home = folder / "lectures", folder / "home"
        self.videos = self.notebook / "kling_videos"
        self.notebook.mkdir()
        self.local = LocalMedia(self.home, lambda: self.videos, lambda: self.notebook)

    def kept(self) -> list[str]:
        return sorted(path.relative_to(self.notebook).as_posix() for path in self.notebook.rglob("*.png"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_pictures_are_kept_beside_the_notebook(place: Place) -> None:
    """In a folder of the videos' folder, by a path that starts in the notebook's folder, so that code with it runs
    wherever that folder is."""
    path = place.local.keep("Paper boat.PNG", picture("PNG", (640, 480)))
    assert not path.is_absolute()
    assert [path.as_posix()] == place.kept()
    assert re.fullmatch(r"kling_videos/inputs/paper-boat_[0-9a-f]{12}\.png", path.as_posix())
    assert not place.home.exists()
    request = VideoRequest("2.6", prompt="a boat", image=path)
    assert path.as_posix() in request.to_magic()
    assert VideoRequest.from_magic(request.to_magic()).files() == (path,)


def test_relative_paths_start_beside_the_notebook(place: Place) -> None:
    """Whatever the current folder is: for the properties, the problems, the thumbnail and the bytes."""
    path = place.local.keep("a.png", picture("PNG", (640, 480)))
    facts = place.local.facts(path)
    assert facts is not None
    assert (facts.width, facts.height) == (640, 480)
    assert place.local.thumbnail(path).startswith("data:image/")
    assert place.local.read(path)
    assert place.local.check(VideoRequest("2.6", prompt="a boat", image=path)) == ()
    (missing,) = place.local.check(VideoRequest("2.6", prompt="a boat", image="b.png"))
    assert missing.message == "b.png is not there."
    assert str(place.notebook) in missing.hint
    assert place.local.resolve(Path("/a/b.png")) == Path("/a/b.png")
    assert place.local.resolve(Path("~/b.png")) == Path.home() / "b.png"


@pytest.mark.skipif(os.name != "posix", reason="other systems have other permissions")
def test_a_colleague_may_read_what_is_kept(place: Place) -> None:
    """It has the permissions of any other new file in the notebook's folder."""
    other = written(place.notebook / "other.png", b"1")
    path = place.notebook / place.local.keep("a.png", b"1")
    assert path.stat().st_mode == other.stat().st_mode


def test_two_notebooks_in_one_folder_share_what_is_the_same(place: Place) -> None:
    """Also if both keep it at the same time; nothing else is left in the folder."""
    content = picture("PNG", (640, 480))
    others = [LocalMedia(place.home, lambda: place.videos, lambda: place.notebook) for _ in range(4)]
    keepers = [threading.Thread(target=local.keep, args=("a.png", content)) for local in others]
    for keeper in keepers:
        keeper.start()
    for keeper in keepers:
        keeper.join()
    assert [place.local.keep("a.png", content).as_posix()] == place.kept()
    assert len(os.listdir(place.videos / "inputs")) == 1


@pytest.mark.parametrize("where", ["videos", "inputs"])
def test_a_folder_that_cannot_be_written_is_said(place: Place, where: str) -> None:
    """Pictures are then in the user's data folder; a request with some of them has one warning, which says where, why,
    and what it means for code."""
    blocked = place.videos if where == "videos" else place.videos / "inputs"
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_bytes(b"a file")
    paths = [place.local.keep("a.png", picture("PNG", size)) for size in ((640, 480), (800, 600))]
    assert all(path.parent == place.home and path.is_file() for path in paths)
    (found,) = place.local.check(VideoRequest("3.0", prompt="a boat", image=paths[0], image_tail=paths[1]))
    assert found.severity == "warning"
    assert "kling_videos/inputs cannot be written" in found.message
    assert str(place.home) in found.message
    assert "this computer only" in found.hint
    blocked.unlink()
    assert not place.local.keep("a.png", picture("PNG", (20, 10))).is_absolute()


def test_a_folder_for_videos_elsewhere_keeps_the_pictures_too(place: Place, tmp_path: Path) -> None:
    """By an absolute path, or by the relative one that the user chose."""
    place.videos = tmp_path / "Videos"
    path = place.local.keep("a.png", b"1")
    assert path.parent == tmp_path / "Videos" / "inputs"
    place.videos = place.notebook / "../clips"
    path = place.local.keep("a.png", b"1")
    assert path.parent == Path("../clips/inputs")
    assert place.local.resolve(path).read_bytes() == b"1"


def test_what_the_user_names_by_path_is_not_copied(place: Place) -> None:
    """It stays where it is, by the path that was given."""
    written(place.notebook / "mine.png", picture("PNG", (640, 480)))
    assert picture_file("mine.png", place.local) == Path("mine.png")
    assert place.kept() == ["mine.png"]
