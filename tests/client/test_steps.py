"""The steps of protocols and their results."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.client.steps import LARGEST_REPLY, ClientState, Response, Send


@given(st.binary())
def test_any_bytes_are_json_or_none(content: bytes) -> None:
    """Parsing a body never raises."""
    Response(200, {}, content).json()


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (b'{"a": [1]}', {"a": [1]}),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é"}),
        (b'{"a": NaN, "b": -Infinity}', {"a": None, "b": None}),
        (b"[" * 60 + b"]" * 60, None),
        (b"", None),
        (b"\xff\xfe", None),
        (b"1" * 5000, None),
        (b'"' + b"x" * LARGEST_REPLY + b'"', None),
    ],
)
def test_json_is_bounded(content: bytes, body: object) -> None:
    """Size, depth and length of numbers are limited; values that JSON does not allow become None."""
    got = Response(200, {}, content).json()
    assert got == body or (body is None and isinstance(got, list))


def test_depth_is_bounded_where_python_could_still_go() -> None:
    """JSON of sixty levels is parsed, deeper JSON is not."""
    assert Response(200, {}, b"[" * 60 + b"]" * 60).json() is not None
    assert Response(200, {}, b"[" * 61 + b"]" * 61).json() is None


@pytest.mark.parametrize("status", [199, 200, 204, 299, 300, 500])
def test_good_answers_are_those_of_the_two_hundreds(status: int) -> None:
    """Only statuses from 200 to 299 are successes."""
    assert Response(status).ok == (200 <= status < 300)


def test_a_repr_shows_no_content() -> None:
    """The repr of a reply or an upload does not contain its bytes."""
    assert "secret" not in repr(Response(200, {}, b"secret")) + repr(Send("POST", "u", file=("n", b"secret", "t")))


def test_pauses_double_to_a_limit_and_chance_only_shortens_them() -> None:
    """Pauses double up to a limit, and jitter only shortens them."""
    assert [ClientState("u", jitter=lambda: 0.0).pause(attempt) for attempt in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert ClientState("u", jitter=lambda: 1.0).pause(3) == 4
