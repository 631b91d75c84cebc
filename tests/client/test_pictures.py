"""What headers of pictures say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.client.pictures import moves, sides
from tests.client.samples import moving, picture

FORMS = ["PNG", "GIF", "WEBP"]


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_that_moves_is_told_from_one_that_does_not(form: str) -> None:
    """An animated GIF, PNG or WebP holds several pictures."""
    assert moves(form.lower(), moving(form, (64, 48)))
    assert sides(form.lower(), moving(form, (64, 48))) == (64, 48)
    assert not moves(form.lower(), picture(form, (64, 48)))


def test_a_jpeg_never_moves() -> None:
    """There is no such thing."""
    assert not moves("jpeg", picture("JPEG"))


@pytest.mark.parametrize("form", FORMS)
def test_one_that_is_cut_is_looked_at_as_far_as_it_goes(form: str) -> None:
    """Without an error, wherever it ends."""
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
    """Made up, it has sides or has none."""
    assert len(sides(kind, head + rest)) == 2
    assert moves(kind, head + rest) in (True, False)
