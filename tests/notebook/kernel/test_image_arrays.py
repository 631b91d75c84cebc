"""Conversion of pictures in memory to files."""

from __future__ import annotations

import base64
import io
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import numpy as np
import PIL.Image
import pytest
from ipywidgets import FileUpload

import kling_widgets as kw
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.jobs.job import Job
from kling_widgets.notebook.api import picture
from kling_widgets.notebook.form.form import Form
from kling_widgets.notebook.kernel.image_arrays import fields_with_paths, is_picture, picture_file
from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.magics.line import LineParser
from kling_widgets.notebook.output.status_text import notices
from kling_widgets.notebook.submit.options import SubmitOptions
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest
from tests.client import samples
from tests.core.objects import MEANT, WRONG

RED = (200, 30, 40)


@pytest.fixture
def local(tmp_path: Path) -> LocalMedia:
    return LocalMedia(tmp_path / "uploads")


def red(*shape: int) -> Any:
    """An array all of whose numbers are those of RED, or its first one."""
    array = np.zeros(shape, np.uint8)
    array[...] = (*RED, 128)[: shape[2]] if len(shape) == 3 else RED[0]
    return array


def saved(value: Any, local: LocalMedia) -> PIL.Image.Image:
    """The picture in the file that takes the value's place."""
    path = fields_with_paths({"image": value}, local)["image"]
    assert path.suffix == ".png"
    assert local.folder in path.parents
    with PIL.Image.open(path) as found:
        assert found.format == "PNG"
        found.load()
        return found


class Tensor:
    """An array of another library: without NumPy's interface, but convertible to a NumPy array."""

    def __init__(self, array: Any, error: Exception | None = None) -> None:
        self._array, self._error, self.shape = array, error, array.shape

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        if self._error:
            raise self._error
        return self._array


@pytest.mark.parametrize(
    ("array", "mode", "pixel"),
    [
        (red(30, 40), "L", 200),
        (red(30, 40, 3), "RGB", RED),
        (red(30, 40, 4), "RGBA", (*RED, 128)),
        (red(30, 40, 3).astype(np.float64) / 255, "RGB", RED),
        (red(30, 40, 4).astype(np.float32) / 255, "RGBA", (*RED, 128)),
        ((red(30, 40) / 255).astype(np.float16), "L", 200),
        (np.full((30, 40), 1.4), "L", 255),
        (np.full((30, 40), -0.4), "L", 0),
        (np.ones((30, 40), bool), "L", 255),
        (red(60, 40, 3)[::2], "RGB", RED),
        (red(30, 40, 3)[:, ::-1], "RGB", RED),
        (Tensor(red(30, 40, 3)), "RGB", RED),
    ],
)
def test_arrays(array: Any, mode: str, pixel: Any, local: LocalMedia) -> None:
    """Grey or in colours, clear or not, whole numbers or floats, in whatever order in memory."""
    found = saved(array, local)
    assert (found.mode, found.size) == (mode, (40, 30))
    assert found.getpixel((5, 5)) == pixel


@pytest.mark.parametrize(
    ("mode", "becomes"),
    [
        ("RGB", "RGB"),
        ("RGBA", "RGBA"),
        ("L", "L"),
        ("1", "L"),
        ("P", "RGB"),
        ("CMYK", "RGB"),
        ("LA", "RGBA"),
        ("HSV", "RGB"),
    ],
)
def test_pillow_images(mode: str, becomes: str, local: LocalMedia) -> None:
    """Of every usual mode."""
    found = saved(PIL.Image.new("RGB", (40, 30), RED).convert(mode), local)
    assert (found.mode, found.size) == (becomes, (40, 30))


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L"])
def test_pictures_of_16_bits_keep_their_shades(mode: str, local: LocalMedia) -> None:
    """Of 65536 the nearest of 256, not white from 255 on."""
    image = PIL.Image.new(mode, (4, 1))
    shades = (0, 200, 25700, 65535)
    for x, shade in enumerate(shades):
        image.putpixel((x, 0), shade)
    found = saved(image, local)
    assert (found.mode, [found.getpixel((x, 0)) for x in range(4)]) == ("L", [0, 1, 100, 255])


@pytest.mark.parametrize(("mode", "white"), [("I", 65535), ("F", 1.0)])
def test_pictures_of_32_bits_are_refused(mode: str, white: float, local: LocalMedia) -> None:
    """Which number is white cannot be told, and a blank picture would be paid for."""
    with pytest.raises(InvalidRequestError, match=rf"^A picture must have 8 .* not 32 \(Pillow's mode {mode}\)\."):
        fields_with_paths({"image": PIL.Image.new(mode, (4, 4), white)}, local)
    assert not local.folder.exists()


def test_a_photograph_stands_upright(local: LocalMedia, tmp_path: Path) -> None:
    """As its camera has noted it, which PNG would not tell."""
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=exif)
    assert saved(PIL.Image.open(tmp_path / "a.jpg"), local).size == (30, 40)


def test_a_palette_with_a_clear_colour_stays_clear(local: LocalMedia) -> None:
    """As of a GIF."""
    image = PIL.Image.new("P", (4, 4), 1)
    image.info["transparency"] = 1
    assert saved(image, local).getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_the_same_picture_is_one_file(local: LocalMedia) -> None:
    """By its content: run again, a cell leaves no second file, and the same code."""
    first = fields_with_paths({"image": red(30, 40, 3)}, local)
    assert fields_with_paths({"image": PIL.Image.new("RGB", (40, 30), RED)}, local) == first
    assert fields_with_paths({"image": red(31, 40, 3)}, local) != first


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (red(30, 40).astype(np.int64), r"not 30×40 of int64"),
        (red(30, 40).astype(np.uint16), r"uint16"),
        (np.zeros((3, 30, 40), np.uint8), r"colours last.*not 3×30×40 of uint8"),
        (np.zeros((2, 30, 40, 3), np.uint8), r"2×30×40×3"),
        (np.zeros((30, 40, 1), np.uint8), r"30×40×1"),
        (np.zeros((0, 40), np.uint8), r"0×40"),
        (np.zeros(40, np.uint8), r"not 40 of uint8"),
        (red(30, 40).astype(float), r"range from 200 to 200, not from 0 to 1\. Scale them"),
        (np.full((3, 3), np.nan), r"nan"),
        (np.zeros((3, 3), complex), r"complex"),
        (np.array([["a", "b"]]), r"of <U1"),
        (np.array([[None]]), r"of object"),
        (Tensor(red(3, 3), RuntimeError("it is on the graphics card")), r"This Tensor cannot be read .*RuntimeError"),
    ],
)
def test_what_is_no_picture_is_refused(value: Any, says: str, local: LocalMedia) -> None:
    """In one sentence that says what one is; no file is left."""
    with pytest.raises(InvalidRequestError, match=says):
        fields_with_paths({"image": value}, local)
    assert not local.folder.exists()


def test_every_field_of_pictures_takes_them(local: LocalMedia) -> None:
    """Also in lists and objects, among links and paths, and by other names; the user's own lists are not changed."""
    link, path = "https://example.com/a.png", Path("b.png")
    given = [red(30, 40, 3), link, path]
    mask = {"mask_url": np.ones((3, 4), bool), "trajectories": ({"x": 1, "y": 2}, {"x": 3, "y": 4})}
    found = fields_with_paths(
        {"image_list": given, "last_frame_url": red(30, 40), "dynamic_masks": [mask], "images": (red(30, 40, 3), link)},
        local,
    )
    first = found["image_list"][0]
    assert found["image_list"] == [first, link, path]
    assert found["images"] == [first, link]
    assert isinstance(found["last_frame_url"], Path)
    assert isinstance(found["dynamic_masks"][0]["mask_url"], Path)
    assert found["dynamic_masks"][0]["trajectories"] == [{"x": 1, "y": 2}, {"x": 3, "y": 4}]
    assert isinstance(given[0], np.ndarray)
    request = VideoRequest("2.6-motion-control", prompt="x", **found)
    assert not [each for each in request.errors() if "memory" in each.message]


def test_other_values_are_left_alone(local: LocalMedia) -> None:
    """Numbers of numpy's, text, paths, links, what refers to itself, and arrays in fields that are no pictures."""
    loop: list[Any] = []
    loop.append(loop)
    array = red(30, 40)
    fields = {"seconds": np.int64(5), "image": np.str_("a.png"), "image_tail": Path("b.png"), "image_list": loop}
    found = fields_with_paths({**fields, "prompt": array}, local)
    assert all(found[name] is value for name, value in fields.items())
    assert found["prompt"] is array
    assert not local.folder.exists()
    assert not is_picture(np.float64(1))


def test_a_whole_clip_is_not_written_out(local: LocalMedia) -> None:
    """A list of hundreds of pictures is no list of references."""
    frames = [red(30, 40)] * 21
    assert fields_with_paths({"image_list": frames}, local)["image_list"] is frames


def test_without_pillow_the_extra_is_named(local: LocalMedia, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "PIL"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(KlingError, match=r"kling_widgets\[video\]"):
        fields_with_paths({"image": red(30, 40)}, local)


# Files in memory


def uploaded(content: bytes, name: str = "a.png") -> dict[str, Any]:
    """Return one file as a FileUpload of ipywidgets holds it."""
    about = {"name": name, "type": "image/png", "size": len(content), "last_modified": datetime(2026, 11, 30)}
    return {**about, "content": memoryview(content)}


def data_link(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def file_upload(content: bytes) -> FileUpload:
    widget = FileUpload()
    widget.value = (uploaded(content),)
    return widget


FORMS: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "an open file": io.BytesIO,
    "a FileUpload": file_upload,
    "its value": lambda content: (uploaded(content),),
    "one file of it": uploaded,
    "base64": lambda content: base64.b64encode(content).decode(),
    "base64 in lines": lambda content: base64.encodebytes(content).decode(),
    "base64 for links": lambda content: base64.urlsafe_b64encode(content).decode().rstrip("="),
    "a data: link": data_link,
    "a quoted data: link": lambda content: "data:image/jpeg," + quote_from_bytes(content),
}


@pytest.mark.parametrize(("kind", "ending"), [("PNG", "png"), ("JPEG", "jpg")])
@pytest.mark.parametrize("form", FORMS)
def test_a_file_in_memory(form: str, kind: str, ending: str, local: LocalMedia) -> None:
    """In all the forms in which notebooks hold one; its bytes are kept as they are."""
    content = samples.picture(kind, (40, 30))
    path = picture_file(FORMS[form](content), local)
    assert path.suffix == f".{ending}"
    assert path.read_bytes() == content
    if form != "an open file":
        assert fields_with_paths({"image": FORMS[form](content)}, local) == {"image": path}
        assert fields_with_paths({"image_list": [FORMS[form](content), "https://e.com/a"]}, local)["image_list"][0] in (
            path,
            [path],
        )


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_other_kinds_become_png_or_jpeg(kind: str, local: LocalMedia, tmp_path: Path) -> None:
    """From memory as by their path."""
    content = samples.picture(kind, (40, 30))
    (tmp_path / "a").write_bytes(content)
    path = picture_file(content, local)
    assert picture_file(tmp_path / "a", local) == path == picture_file(str(tmp_path / "a"), local)
    with PIL.Image.open(path) as found:
        assert found.format == ("PNG" if kind in ("GIF", "BMP", "TIFF") else "JPEG")
        assert found.size == (40, 30)


def test_a_path_that_is_fit_stays(local: LocalMedia, tmp_path: Path) -> None:
    """Nothing is copied; what has a flaw is mended."""
    good, turned, print_ = tmp_path / "good.png", tmp_path / "turned.jpg", tmp_path / "print.jpg"
    good.write_bytes(samples.picture("PNG", (40, 30)))
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    turned.write_bytes(samples.picture("JPEG", (40, 30), exif=exif))
    PIL.Image.new("CMYK", (40, 30)).save(print_, "JPEG")
    assert picture_file(good, local) == good
    assert not local.folder.exists()
    for path, size in ((turned, (30, 40)), (print_, (40, 30))):
        with PIL.Image.open(picture_file(path, local)) as found:
            assert (found.size, found.mode, found.format) == (size, "RGB", "JPEG")


@pytest.mark.slow
def test_a_large_picture_becomes_small_enough(local: LocalMedia) -> None:
    """A photograph of twelve million pixels would be too large as PNG."""
    noise = np.random.default_rng(1).integers(0, 255, (1500, 2500, 3), np.uint8)
    path = fields_with_paths({"image": noise}, local)["image"]
    assert (path.suffix, path.stat().st_size < 10_000_000) == (".jpg", True)
    clear = np.dstack([noise[:900], np.full((900, 2500), 9, np.uint8)])
    assert fields_with_paths({"image": clear}, local)["image"].suffix == ".png"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"", "is empty"),
        (b"just text", "This picture in memory is not a picture"),
        (b"\0\0\0\x18ftypmp42" + bytes(60), "is mp4, not a picture"),
        (samples.picture("BMP")[:30], "This bmp picture cannot be read"),
        ("data:image/png;base64,AAAA", "This text is not a picture"),
        ("data:image/png;base64,A", "not a complete picture in base64"),
        ("data:text/html,<b>", "This text is not a picture"),
        ("https://example.com/a.png", "A link needs no kw.picture"),
        ("nowhere.png", "nowhere.png is not there"),
        ((uploaded(b"1"), uploaded(b"2")), "not a tuple"),
        ((), "not a tuple"),
        (FileUpload(), "not a FileUpload"),
        (io.StringIO("text"), "is not there"),
    ],
)
def test_what_is_no_file_of_a_picture_is_said(value: Any, says: str, local: LocalMedia) -> None:
    """In one sentence; no file is left."""
    with pytest.raises(InvalidRequestError, match=says) as caught:
        picture_file(value, local)
    assert str(caught.value).endswith("Nothing was sent.")
    assert not local.folder.exists()


def test_several_files_are_a_list(local: LocalMedia) -> None:
    """As of a FileUpload that takes more than one."""
    first, second = samples.picture("PNG", (40, 30)), samples.picture("PNG", (30, 40))
    found = fields_with_paths({"image_list": (uploaded(first), uploaded(second))}, local)["image_list"]
    assert [path.read_bytes() for path in found] == [first, second]


def test_without_pillow_files_are_kept_as_they_are(local: LocalMedia, monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as the service may take them."""
    contents = {kind: samples.picture(kind) for kind in ("PNG", "JPEG", "WEBP", "BMP")}
    for name in [name for name in sys.modules if name.partition(".")[0] == "PIL"]:
        monkeypatch.setitem(sys.modules, name, None)
    for kind in ("PNG", "JPEG", "WEBP"):
        assert picture_file(contents[kind], local).read_bytes() == contents[kind]
    with pytest.raises(InvalidRequestError, match="BMP, which Pillow cannot read here"):
        picture_file(contents["BMP"], local)


# The doors


def test_picture_by_hand() -> None:
    """``kw.picture`` returns the file, in the user's own folder, for functions that take only paths."""
    path = kw.picture(red(30, 40, 3))
    assert path == picture(red(30, 40, 3))
    assert kw.VideoRequest("2.6", prompt="x", image=path).files() == (path,)
    for wrong in (None, [red(30, 40)], 5, {"content": b""}, object()):
        with pytest.raises(InvalidRequestError, match="A picture is a Pillow image"):
            kw.picture(wrong)


@pytest.mark.parametrize("value", [red(30, 40, 3), [red(30, 40, 3), "https://example.com/a.png"]])
def test_a_bare_request_says_how(value: Any) -> None:
    """It does no I/O, so it makes no file; it names what does."""
    field = "image_list" if isinstance(value, list) else "image"
    (problem,) = VideoRequest("2.6", prompt="x", **{field: value}).errors()
    assert "ndarray" in problem.message
    assert "kw.picture(" in problem.hint
    assert VideoRequest("2.6", **{field: value}).files() == ()


def test_a_form_takes_pictures_and_its_code_names_their_file(shell: Any) -> None:
    """``kw.Form("3.0", image=frame)``: the code runs again tomorrow."""
    form = Form("3.0", prompt="x", image=PIL.Image.new("RGB", (640, 480), RED), image_list=[red(300, 400, 3)])
    (first, second) = form.request.files()
    assert first.is_file() and second.is_file()
    assert str(first) in form.request.to_magic()
    assert str(second) in form.request.to_python()


def test_submit_takes_pictures(session: Session) -> None:
    """They are uploaded too."""
    job = session.get(Submitter).submit("2.6", SubmitOptions(wait=True), prompt="a boat", image=red(480, 640, 3))
    assert isinstance(job, Job)
    assert session.journal.entries(1)[0].body["image"].startswith("http")


def test_a_line_takes_the_variable(shell: Any, make: Callable[..., Session], environ: dict[str, str]) -> None:
    """``--image {frame}``, and ``{frames[0]}``; a mask in a structured variable too."""
    lines = LineParser(shell, make(environ))
    shell.user_ns.update(frame=red(480, 640, 3), frames=[red(480, 640), red(480, 642)], lengths=np.array([5, 10]))
    shell.user_ns["masks"] = [{"mask_url": np.ones((480, 640), bool), "trajectories": [{"x": 1, "y": 1}] * 2}]
    pictures = "--image {frame} --image-list {frames[0]} --image-list {frames[1]} --dynamic-masks masks"
    request = VideoRequest.from_command(lines.command(f"{pictures} --seconds {{lengths[1]}} x", None))
    assert request.errors() == ()
    assert (request.get("seconds"), len(request.get("image_list"))) == (10, 2)
    assert len(request.files()) == 4
    assert all(path.is_file() for path in request.files())


def test_what_a_variable_holds_is_asked_for_before_it_becomes_a_file(
    shell: Any, make: Callable[..., Session], environ: dict[str, str]
) -> None:
    """A number in an array, a side of a picture: no file is written for them."""
    session = make(environ)
    shell.user_ns.update(probs=np.array([[0.25, 0.5]]), img=PIL.Image.new("RGB", (640, 480)))
    request = VideoRequest.from_command(
        LineParser(shell, session).command("-- {probs[0][1]} {probs.shape[1]} {img.width} {img.size[1]}", None)
    )
    assert request.get("prompt") == "0.5 2 640 480"
    assert not session.local.folder.exists()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a boat like {probs}", "“{probs}” is a value of type ndarray, not text, a number or a path"),
        ("-- {img}", "“{img}” is a value of type Image, not text"),
        ("--prompt {probs}", "“{probs}” is a value of type ndarray"),
        ("--seconds {img} x", "“{img}” is a value of type Image"),
        ("--model {img} x", "“{img}” is a value of type Image"),
        ("--image {lengths} x", "“{lengths}”: A picture is a"),
        ('--dynamic-masks [{"mask_url":"{lengths}"}] x', "“{lengths}”: A picture is a"),
    ],
)
def test_no_picture_becomes_text(
    line: str, says: str, shell: Any, make: Callable[..., Session], environ: dict[str, str]
) -> None:
    """Only a field of pictures takes the file of one: no paid prompt has its path in it."""
    session = make(environ)
    shell.user_ns.update(probs=np.zeros((3, 4)), img=PIL.Image.new("RGB", (640, 480)), lengths=np.array([5, 10]))
    with pytest.raises(InvalidRequestError) as caught:
        LineParser(shell, session).command(line, None)
    assert says in str(caught.value)
    assert "Nothing was sent." in str(caught.value)
    assert not session.local.folder.exists()


def test_a_file_that_cannot_be_uploaded_is_refused_before_anything_is_written(session: Session, tmp_path: Path) -> None:
    """The journal contains no submission."""
    (tmp_path / "a.png").write_bytes(b"just text")
    for path in (tmp_path / "a.png", tmp_path / "nowhere.png"):
        with pytest.raises(InvalidRequestError, match="Nothing was sent"):
            session.get(Submitter).create_jobs("2.6", prompt="x", image=path)
    assert not session.journal.entries(1)


def test_a_file_that_may_be_refused_is_sent_with_a_note(session: Session, tmp_path: Path) -> None:
    """Limits that are only documented are warnings."""
    (tmp_path / "a.gif").write_bytes(samples.moving("GIF"))
    (job,) = session.get(Submitter).create_jobs("2.6", prompt="x", image=tmp_path / "a.gif")
    assert any("a.gif is animated" in note for note in notices(job))


@pytest.mark.parametrize("kind", WRONG)
def test_nothing_that_means_nothing_gets_through_a_door(kind: str, session: Session) -> None:
    """In any field: one line, and nothing is written down. A picture is one where pictures belong."""
    value = WRONG[kind]
    for name in ("prompt", "seconds", "sound", "image", "image_list", "camera_control", "metadata", "voice_list"):
        given = {"prompt": "x", name: value}
        if name in ("image", "image_list") and kind in ("a picture in an array", "a picture of Pillow"):
            assert VideoRequest("2.6", **fields_with_paths(given, session.local)).errors() == ()
            continue
        with pytest.raises(InvalidRequestError, match=r"Nothing was sent\.$"):
            session.get(Submitter).submit("2.6", **given)
    with pytest.raises(InvalidRequestError, match=r"Nothing was sent\.$"):
        session.get(Submitter).submit(value, prompt="x")
    for option in ("count", "save") if kind == "timedelta" or kind == "Timedelta" else ("count", "timeout", "save"):
        with pytest.raises(InvalidRequestError, match=rf"^{option} (is|must be) .*Nothing was sent\.$"):
            SubmitOptions.of(**{option: value})
    assert session.journal.entries() == ()


@pytest.mark.parametrize("kind", MEANT)
def test_what_is_plain_gets_through_a_door(kind: str, session: Session) -> None:
    """As what it means in plain Python."""
    value, plainly = MEANT[kind]
    for name in ("prompt", "seconds", "resolution", "image_tail", "image_list", "metadata"):
        given = {"prompt": "x", name: value}
        assert VideoRequest("2.6", **fields_with_paths(given, session.local)) == VideoRequest(
            "2.6", **{**given, name: plainly}
        )
