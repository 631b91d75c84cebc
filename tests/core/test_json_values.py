"""Values that a request may hold."""

from __future__ import annotations

import base64
import io
import json
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given

from kling_widgets.core.json_values import (
    is_blank,
    is_embedded,
    is_local,
    kind_of,
    map_strings,
    masked,
    paths_in,
    plain,
    shorten,
    to_json,
    unusable_kinds,
    with_links,
)
from kling_widgets.core.key_patterns import looks_like_key, may_hold_key, other_key_owner, was_masked
from tests.core.samples import KEY, Hostile, junk


@given(junk)
def test_anything_becomes_json_with_paths(value: Any) -> None:
    """Any object becomes a value that can be serialised, and converting it again changes nothing."""
    kept = plain(value)
    assert plain(kept) == kept
    json.loads(to_json(kept), parse_constant=pytest.fail)
    shown = to_json(masked(kept))
    shown.encode()
    assert KEY not in shown
    assert looks_like_key(kept) == (masked(kept) != with_links(map_strings(kept, plain), lambda path: plain(str(path))))
    assert may_hold_key(kept) == bool(looks_like_key(kept) or was_masked(kept) or other_key_owner(kept))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(5), 5),
        (np.float32(0.5), 0.5),
        (Fraction(1, 2), 0.5),
        (float("nan"), "<unusable: NaN>"),
        (float("-inf"), "<unusable: infinity>"),
        ("\ud800", "?"),
        ((1, [2]), [1, [2]]),
        ({1: {None: 2}}, {"1": {"null": 2}}),
        (Hostile(), "<unusable: Hostile>"),
        ({1, 2}, "<unusable: set>"),
        (b"x", "<unusable: bytes>"),
        (Path("a"), Path("a")),
    ],
)
def test_what_json_has_no_word_for(value: object, expected: object) -> None:
    """Numbers of other libraries become numbers and tuples lists; the rest becomes text that names its kind."""
    assert plain(value) == expected


def test_a_number_too_long_to_write_is_named() -> None:
    """Python refuses to print it, and the service would refuse to read it."""
    assert plain([10**6000, Fraction(10**6000)]) == ["<unusable: int>", "<unusable: Fraction>"]


def test_a_value_that_holds_itself_ends() -> None:
    """The depth is limited."""
    value: list[Any] = []
    value.append(value)
    assert "<unusable: list>" in to_json(plain(value))


def test_the_copy_is_deep() -> None:
    """Later changes by the user do not change the request."""
    given_value = {"a": [1]}
    kept = plain(given_value)
    given_value["a"].append(2)
    assert kept == {"a": [1]}


@pytest.mark.parametrize("text", ["first.png", "a/b.png", "C:\\a.png", "~/a.png", "./x", "a:b"])
def test_a_name_without_a_scheme_is_local(text: str) -> None:
    """It is a file of the user's."""
    assert is_local(text)


@pytest.mark.parametrize(
    "text", ["https://e.com/a", "ftp://e.com", "data:image/png;base64,AA", "DATA:x", "file:///etc/x"]
)
def test_a_scheme_is_not_local(text: str) -> None:
    """It is a link, valid or not, but never a file to upload."""
    assert not is_local(text)


@pytest.mark.parametrize("value", [np.zeros((2, 3)), Hostile(), object()])
def test_what_stands_for_an_object_is_no_file(value: Any) -> None:
    """The placeholder of a picture in memory is not searched for on disk."""
    assert list(unusable_kinds(plain([value]))) == [type(value).__name__]
    assert not is_local(plain(value))
    assert list(unusable_kinds(["<a b>", "a.png", "<>", "<ndarray>"])) == []


def test_paths_are_found_and_replaced_wherever_they_stand() -> None:
    """Nested paths are found too, in order, and so are paths of another system."""
    value = {"a": [Path("x.png"), {"b": PureWindowsPath("y.png")}], "c": "z.png"}
    assert list(paths_in(value)) == [Path("x.png"), Path("y.png")]
    assert with_links(value, lambda path: f"L{path}") == {"a": ["Lx.png", {"b": "Ly.png"}], "c": "z.png"}


def test_shorten_is_one_short_line() -> None:
    """A value in a message is short and on one line."""
    assert shorten("a\n b") == "“a b”"
    assert shorten("x" * 100, 10) == "“xxxxxxxxx…”"
    assert shorten(True) == "“true”"
    assert shorten({"a": Path("b")}) == '“{"a": "b"}”'


def test_a_numpy_bool_is_one() -> None:
    """Grids of parameters are often made with numpy."""
    assert plain({"on": np.bool_(True), "off": [np.bool_(False)]}) == {"on": True, "off": [False]}
    assert plain(np.bool_(True)) is True


@given(junk)
def test_a_kind_is_a_word_whatever_the_object(value: Any) -> None:
    """Nothing raises; text, numbers and paths have no kind."""
    kind = kind_of(value)
    assert kind == "" or kind.isidentifier()
    if isinstance(value, (str, Path)):
        assert kind == ""


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("a", ""),
        (5, ""),
        (np.float32(2.6), ""),
        (Fraction(1, 2), ""),
        (Path("a"), ""),
        (None, "None"),
        (True, "bool"),
        (np.bool_(True), type(np.bool_(True)).__name__),
        (float("nan"), "NaN"),
        (np.float64("nan"), "NaN"),
        (np.ma.masked, "masked"),
        (float("inf"), "infinity"),
        (b"a", "bytes"),
        (["a"], "list"),
        (type("NAType", (), {})(), "NA"),
        (type("NaTType", (), {})(), "NaT"),
        (type("a b", (), {})(), "a_b"),
        (Hostile(), "Hostile"),
    ],
)
def test_text_numbers_and_paths_go_into_a_prompt(value: object, kind: str) -> None:
    """Any other value is named by its kind."""
    assert kind_of(value) == kind


INVISIBLE = [
    *"\x00\x1f\x7f\x85\u00ad\u034f\u061c\u115f\u1160\u17b4\u180e\u200b\u200d\u200e\u2028\u2029\u202e\u2060\u2065\u2800\u3164\ufe0f\ufeff\uffa0",
    *"\ufffc\U000e0001\U000e0041\U000e0100\U0001d173\U0001bca0",
    " \t\n\u3000\xa0",
    "\ufeff \u200b\n\u3164",
    "",
]


@pytest.mark.parametrize("text", INVISIBLE, ids=ascii)
def test_what_shows_nothing_is_blank(text: str) -> None:
    """A text without visible characters is blank."""
    assert is_blank(text)
    assert not is_blank(f"{text}a")


@pytest.mark.parametrize(
    "text", ["a", ".", "纸", "❤\ufe0f", "👩\u200d🚀", "\u0301", "\ue000", "\U0001fae8", "?"], ids=ascii
)
def test_what_shows_something_is_not(text: str) -> None:
    """Emoji of several characters, private-use characters, and characters newer than this Python are visible."""
    assert not is_blank(text)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_a_picture_as_text_is_no_file_name(kind: str) -> None:
    """Pictures in base64, in either alphabet, and data: links are recognised."""
    buffer = io.BytesIO()
    PIL.Image.effect_noise((40, 30), 50).save(buffer, kind)
    for code in (base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes):
        text = code(buffer.getvalue()).decode()
        assert is_embedded(text) and not is_local(text)
    assert is_embedded(f"data:image/png;base64,{text}")


@pytest.mark.parametrize(
    "text", ["/9j/a.jpg", "Qkabc/first frame.png", "UklGR.png", "AAAA/" * 20 + "a.png", "iVBORw0KGgo"]
)
def test_a_path_is_no_picture_as_text(text: str) -> None:
    """A path is not a picture, whatever its first letters are."""
    assert is_local(text)
