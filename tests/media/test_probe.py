"""Detection of formats by content."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.errors import InvalidRequestError
from kling_widgets.media.probe import LARGEST_UPLOAD, check_picture, check_upload, facts_of, format_of, identify
from tests.client import samples
from tests.client.conftest import MP4
from tests.client.samples import clip, moving, sound

SAMPLES = {
    "mp4": MP4,
    "mov": b"\x00\x00\x00\x14ftypqt  " + b"\0" * 60,
    "webm": b"\x1aE\xdf\xa3" + b"\0" * 60,
    "wav": b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 60,
    "mp3": b"ID3\x04" + b"\0" * 60,
    "m4a": b"\x00\x00\x00\x20ftypM4A " + b"\0" * 60,
    "aac": b"\xff\xf1\x50\x80" + b"\0" * 60,
}


def picture(form: str, size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    return samples.picture(form, size, **options)


@pytest.mark.parametrize("kind", SAMPLES)
def test_clips_and_sounds_are_known(kind: str) -> None:
    """Clips and sounds are recognised by their first bytes."""
    assert format_of(SAMPLES[kind][:64]) == kind


def test_a_bare_mp3_frame_is_no_aac() -> None:
    """MP3 and AAC have the same sync word, and differ in the layer."""
    assert format_of(b"\xff\xfb\x90\x64" + b"\0" * 60) == "mp3"


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"exif": b"Exif\0\0" + b"x" * 900}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0"}),
    ],
)
@pytest.mark.parametrize("size", [(64, 48), (1, 1), (721, 1283)])
def test_pictures_are_measured(form: str, options: dict[str, Any], size: tuple[int, int]) -> None:
    """The dimensions are those that another program wrote, read from the header."""
    content = picture(form, size, **options)
    found = identify(content)
    assert found is not None
    assert (found.format, found.kind, found.size) == (form.lower(), "picture", len(content))
    assert (found.width, found.height) == size


@pytest.mark.parametrize("content", [b"", b"x", b"<html>", b"%PDF-1.7", b"\0" * 64, b"RIFF\0\0\0\0AVI "])
def test_other_content_is_not_recognised(content: bytes) -> None:
    """Other content is not recognised, whatever the file's name."""
    assert identify(content) is None


@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF0000WEBPVP8X"]),
    st.binary(max_size=80),
)
def test_no_bytes_break_it(head: bytes, rest: bytes) -> None:
    """Truncated or random content never raises."""
    found = identify(head + rest)
    assert found is None or found.size == len(head + rest)


def test_a_good_picture_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checked content and its digest are kept, so that it is what is sent; ``~`` is the home folder."""
    content = picture("PNG")
    (tmp_path / "first.png").write_bytes(content)
    monkeypatch.setenv("HOME", str(tmp_path))
    found = check_upload("~/first.png", "image")
    assert (found.content, found.media_type) == (content, "image/png")
    assert len(found.sha256) == 64


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "is not there"),
        (b"", "is empty"),
        (b"just text", "is not a picture"),
        (MP4, "is mp4, not a picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * LARGEST_UPLOAD, "20 MB"),
    ],
)
def test_a_bad_picture_is_named_with_its_field(content: bytes | None, says: str, tmp_path: Path) -> None:
    """The error is one line with the file and the reason, and one problem of its field."""
    path = tmp_path / "first.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidRequestError, match=says) as caught:
        check_upload(path, "image_tail")
    (problem,) = caught.value.problems
    assert problem.field == "image_tail" and "first.png" in problem.message and problem.severity == "error"


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    """A folder is an error of its own."""
    with pytest.raises(InvalidRequestError, match="is a folder"):
        check_upload(tmp_path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """The error contains the system's reason."""
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        check_upload(path)


def test_a_path_that_cannot_be_one() -> None:
    """A null character, an endless name, or an unknown user is an error."""
    for path in ("a\0b.png", "x" * 5000, "~nobody-of-this-name/a.png"):
        for look_at in (check_upload, facts_of):
            with pytest.raises(InvalidRequestError):
                look_at(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe is refused, as reading it could block forever."""
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InvalidRequestError, match="is not there"):
        facts_of(tmp_path / "pipe.png")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (picture("PNG"), "64×48 png, 1 KB"),
        (moving("GIF", (64, 48)), "64×48 animated gif, 1 KB"),
        (b"just text", "unknown, 1 KB"),
        (b"", "unknown, 1 KB"),
        (picture("PNG") + bytes(LARGEST_UPLOAD), "64×48 png, 20 MB"),
    ],
)
def test_facts_of_files(content: bytes, words: str, tmp_path: Path) -> None:
    """Files of any format and size have properties."""
    path = tmp_path / "a.png"
    path.write_bytes(content)
    assert str(facts_of(path)) == words


def test_facts_of_clips_and_sounds(tmp_path: Path) -> None:
    """Clips and sounds have a length."""
    assert str(facts_of(clip(tmp_path / "a.mp4", 1, (320, 180)))).startswith("320×180 mp4, 1.0 s")
    assert str(facts_of(sound(tmp_path / "a.wav", 2))).startswith("wav, 2.0 s")


def test_a_large_other_file_is_refused_for_its_format(tmp_path: Path) -> None:
    """A large file that is not a picture is refused for its format, not its size."""
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(LARGEST_UPLOAD + 1)
    with pytest.raises(InvalidRequestError, match="is not a picture"):
        check_upload(tmp_path / "a.png")


def test_bytes_are_checked_like_files() -> None:
    """Bytes, such as those of a file picker, are checked like files."""
    assert check_picture(picture("JPEG")).format == "jpeg"
    with pytest.raises(InvalidRequestError, match="is empty"):
        check_picture(b"", field="image")
