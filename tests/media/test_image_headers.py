"""Properties in the headers of pictures."""

from __future__ import annotations

import io

import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.media.image_headers import is_cmyk, is_cut, moves, orientation, without_notes
from tests.client.samples import moving, picture

FORMS = ["PNG", "GIF", "WEBP"]


@pytest.mark.parametrize("form", FORMS)
def test_an_animated_picture_is_recognised(form: str) -> None:
    """An animated GIF, PNG or WebP is recognised."""
    assert moves(form.lower(), moving(form, (64, 48)))
    assert not moves(form.lower(), picture(form, (64, 48)))


def test_a_jpeg_never_moves() -> None:
    """A JPEG is never animated."""
    assert not moves("jpeg", picture("JPEG"))


@pytest.mark.parametrize("form", FORMS)
def test_a_truncated_picture_never_raises(form: str) -> None:
    """A picture truncated at any point never raises."""
    whole = moving(form, (64, 48))
    assert not moves(form.lower(), whole[:30]) or form == "WEBP"
    for end in range(0, len(whole), 7):
        moves(form.lower(), whole[:end])


@given(
    st.sampled_from(["png", "gif", "webp", "jpeg"]),
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF0000WEBPVP8X"]),
    st.binary(max_size=80),
)
def test_no_bytes_break_it(kind: str, head: bytes, rest: bytes) -> None:
    """Any content gives dimensions or None."""
    assert moves(kind, head + rest) in (True, False)
    assert 1 <= orientation(kind, head + rest) <= 8
    assert is_cut(kind, head + rest) in (True, False)
    assert is_cmyk(kind, head + rest) in (True, False)
    assert len(without_notes(head + rest)) <= len(head + rest)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_orientation_is_read(form: str, turn: int, order: str) -> None:
    """The EXIF orientation is read in both byte orders, among other metadata."""
    exif = PIL.Image.Exif()
    exif.endian = order
    exif[0x010F], exif[0x0112], exif[0x0132] = "A camera", turn, "2026:11:30 12:00:00"
    assert orientation(form.lower(), picture(form, exif=exif.tobytes())) == turn
    assert orientation(form.lower(), picture(form)) == 1


@pytest.mark.parametrize("turn", [0, 9, 65535])
def test_an_invalid_orientation_is_ignored(turn: int) -> None:
    """An invalid orientation counts as upright."""
    exif = PIL.Image.Exif()
    exif[0x0112] = turn
    assert orientation("jpeg", picture("JPEG", exif=exif)) == 1


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_missing_end_is_detected(form: str, options: dict[str, bool]) -> None:
    """A missing end is detected at any point; data after the end, such as a phone's clip, is ignored."""
    buffer = io.BytesIO()
    PIL.Image.effect_noise((64, 48), 90).convert("RGB").save(buffer, form, **options)
    whole = buffer.getvalue()
    assert not is_cut(form.lower(), whole)
    assert not is_cut(form.lower(), whole + b"a clip" * 20)
    for end in range(20, len(whole) - 2, 37):
        assert is_cut(form.lower(), whole[:end]), end
    for missing in range(2, 14):  # also within the checksum of a PNG's last chunk
        assert is_cut(form.lower(), whole[:-missing]), missing


def test_a_preview_s_end_is_not_the_picture_s() -> None:
    """The end of a preview in the metadata does not count as that of the picture."""
    exif = PIL.Image.Exif()
    exif[0x9286] = picture("JPEG", (40, 30))
    whole = picture("JPEG", exif=exif.tobytes())
    assert b"\xff\xd9" in whole[:-50]
    assert not is_cut("jpeg", whole)
    assert is_cut("jpeg", whole[:-2])


def test_cmyk_is_recognised() -> None:
    """A JPEG in CMYK is recognised."""
    buffer = io.BytesIO()
    PIL.Image.new("CMYK", (40, 30)).save(buffer, "JPEG")
    assert is_cmyk("jpeg", buffer.getvalue())
    assert not any(is_cmyk(form.lower(), picture(form)) for form in ("JPEG", "PNG", "WEBP", "GIF"))
