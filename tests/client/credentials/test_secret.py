"""A key in memory never shows, and is removed from replies."""

from __future__ import annotations

import copy
import json
import os
import pickle
import traceback

import pytest

from kling_widgets.client.credentials.secret import Environment, Secret, strip_traceback

KEY = "sk-env-0123456789"
USUAL = "sk-" + "Qw7Zr2Lk9Vb4Nx1Mc6Tp3Hs8Jd5Fg0YaUeIoKiWvBnMqXzRt"


def test_a_secret_is_never_shown() -> None:
    """No representation of a secret shows it; secrets can be compared."""
    secret = Secret(KEY)
    for text in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>9}",
        str([secret]),
        repr({1: secret}),
    ):
        assert KEY not in text
    assert not hasattr(secret, "__dict__")
    for carry in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            carry(secret)
    assert secret == Secret(KEY) != Secret("other") and secret != KEY


@pytest.mark.parametrize(
    ("text", "there"), [(None, False), ("", False), ("  ", False), (KEY, True), (Secret(KEY), True)]
)
def test_blanks_are_no_secret(text: str | Secret | None, there: bool) -> None:
    """An empty or blank variable counts as not set."""
    assert (Secret.of(text) == Secret(KEY)) is there
    assert (Secret.of(text) is None) is not there


@pytest.mark.parametrize(
    "said",
    [
        USUAL,
        f"Bearer {USUAL}",
        USUAL.removeprefix("sk-"),
        USUAL[:11],
        USUAL[3:11],
        f"{USUAL[:14]}...{USUAL[-6:]}",
        f"{USUAL[:11]}{'*' * 30}{USUAL[-6:]}",
        "*" * 20 + USUAL[-6:],
        f"sk-{USUAL[3:6]}***{USUAL[-3:]}",
        "".join(f"\\u{ord(char):04x}" for char in USUAL),
        "".join(f"\\u{ord(char):04X}" if char.isupper() else char for char in USUAL),
        "".join(f"\\u{ord(char):04x}" for char in USUAL[3:11]) + "...",
    ],
)
def test_a_key_in_a_reply_is_removed(said: str) -> None:
    """The key is removed if it is complete, escaped as in JSON, or masked; the text around it stays."""
    left = Secret(USUAL).redact(f'{{"message": "key {said} is wrong (request id: 20261101)"}}'.encode()).decode()
    assert "…" in left and "key " in left and left.endswith(' is wrong (request id: 20261101)"}')
    for part in (USUAL[3:6], USUAL[3:11], USUAL[-3:], USUAL[-6:]):
        assert part not in left and part not in json.loads(left)["message"]


@pytest.mark.parametrize("key", ["demo", "sk-short", "production-key-number-1", KEY])
def test_other_words_are_left_alone(key: str) -> None:
    """Parts are only removed for a key with a random body."""
    said = "task sk-1 demo production-2 key-number sk-env task_0123456789 https://e.com/a.mp4?sig=QQQQQQ".replace(
        key, ""
    )
    assert Secret(key).redact(said.encode()).decode() == said


def test_megabytes_of_any_content_are_searched_quickly() -> None:
    """No content makes the search slow; quadratic, it would take hours."""
    secret = Secret(USUAL)
    for piece in (b"a", b"sk-", USUAL[:11].encode(), b"*", b"sk-a**", b"\\u0073"):
        content = piece * (2 * 2**20 // len(piece))
        assert len(secret.redact(content)) <= len(content)


def test_the_environment_has_a_safe_repr() -> None:
    """The environment behaves like ``os.environ``, but its repr shows nothing."""
    environment = Environment({"A": KEY, "B": "2"})
    assert (environment["A"], environment.get("C"), sorted(environment), len(environment)) == (KEY, None, ["A", "B"], 2)
    assert KEY not in f"{environment} {environment!r} {[environment]}"
    assert Environment(os.environ)["PATH"] == os.environ["PATH"]


def test_a_bare_error_has_no_frames() -> None:
    """A stripped error has no frames, which would hold the header with the key."""
    try:
        try:
            secret = "sk-hidden"
            raise ValueError(len(secret))
        except ValueError as error:
            raise KeyboardInterrupt from error
    except KeyboardInterrupt as error:
        strip_traceback(error)
        caught = error
    assert "sk-hidden" not in "".join(traceback.TracebackException.from_exception(caught, capture_locals=True).format())
    assert caught.__cause__ is caught.__context__ is None
