"""What looks like an API key, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kling_widgets.core.json_values import as_name, masked, shorten
from kling_widgets.core.key_patterns import looks_like_key, may_hold_key, other_key_owner
from tests.core.samples import KEY


@pytest.mark.parametrize(
    "value",
    [
        KEY,
        f"token{KEY}",
        f"x\n{KEY}",
        [f"\n{KEY}"],
        {KEY: 1},
        {"a": {"b": [KEY]}},
        Path(f"{KEY}.png"),
        f"https://e.com/?k={KEY}",
    ],
)
def test_a_key_is_found_anywhere(value: Any) -> None:
    """A key is found in names, after line breaks, in paths and links, and is never shown."""
    assert looks_like_key(value) and may_hold_key(value) and may_hold_key(masked(value))
    assert KEY not in shorten(value, 1000)
    assert "sk-…" in shorten(value, 1000)
    assert KEY not in as_name(value) or isinstance(value, str)


@pytest.mark.parametrize("text", ["desk-mounted-microphone-stand", "sk-short", "task-" + "a" * 20, "disk-", ""])
def test_words_that_are_no_key(text: str) -> None:
    """Ordinary words that contain sk- are left alone."""
    assert not looks_like_key(text)
    assert masked(text) == text


OTHERS = {
    "Google": "AIza" + "Sy3Dx_-kQ" * 3 + "Sy3Dx_-k",
    "Amazon": "AKIA" + "ABCD1234" * 2,
    "GitHub": "ghp_" + "aB3dE6gH9" * 4,
    "GitLab": "glpat-" + "aB3dE6gH9_" * 2,
    "Slack": "xoxb-" + "123456789-" * 3,
    "Hugging Face": "hf_" + "aBcDeFgHiJ" * 4,
    "Replicate": "r8_" + "aBcDeFgHiJ" * 4,
    "fal": "01234567-89ab-cdef-0123-456789abcdef:" + "0123456789abcdef" * 2,
    "a web session (JWT)": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
}


@pytest.mark.parametrize("owner", OTHERS)
def test_a_key_of_another_service_is_recognised(owner: str) -> None:
    """It is found at the start of a word, after a symbol or a line break, and in names of objects."""
    key = OTHERS[owner]
    for value in (key, f"token={key}", f"a boat\n{key}", [{"a": f"'{key}'"}], {key: 1}, f"https://e.com/ {key}"):
        assert other_key_owner(value) == owner and may_hold_key(value)
    assert not looks_like_key(key)


@pytest.mark.parametrize(
    "value",
    [
        *(
            f"https://s3.example/a.png?X-Amz-Credential={key}%2F2026&X-Amz-Signature={'ab' * 32}"
            for key in OTHERS.values()
        ),
        *(f"x{key}" for name, key in OTHERS.items() if name != "fal"),
        "AKIA, AIza, ghp_ and hf_ are how keys begin; so does eyJ",
        "cgt-20261122103000-abcde 9f1c27d4e89f1c27d4e89f1c27d4e89f 01234567-89ab-cdef-0123-456789abcdef",
        "AKIANIMATED STUDIO GHIBLI STYLE, ASIATIC ELEPHANTS, 4K, MASTERPIECE",
        "snake_case_words_hf_filter_and_r8_engine, 16:9, --seed 12345678901234567890",
        {"image": "https://e.com/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"},
        None,
        5,
    ],
)
def test_links_ids_and_prose_hold_no_key_of_another_service(value: object) -> None:
    """A signed link contains a key's id legitimately; ids and words are not keys."""
    assert other_key_owner(value) == ""
