"""Names of video files and of kept pictures."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.core.json_values import masked
from kling_widgets.files.file_names import input_name, name_for, slug

WHEN = 1_795_356_300.0


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
    """Words of every script stay readable; characters that are special to a file system are removed."""
    assert slug(prompt) == expected


def test_a_slug_is_one_form_of_the_same_text() -> None:
    """The same letters composed and decomposed give the same name."""
    assert slug(unicodedata.normalize("NFD", "Bärchen")) == slug("Bärchen")


@given(st.text(), st.text(), st.booleans())
def test_a_name_is_one_harmless_name(prompt: str, task_id: str, demo: bool) -> None:
    """For any prompt and task id, the name is a single short file name that can be encoded as UTF-8."""
    task_id = task_id.encode("utf-8", "replace").decode()
    name = name_for(prompt.encode("utf-8", "replace").decode(), task_id, WHEN, demo=demo)
    assert Path(name).name == name
    assert name.endswith(".mp4")
    assert len(name.encode()) <= 143
    assert not set(name) & set('/\\:*?"<>|') and name.isprintable()
    assert not name.startswith((".", "-", " "))


def test_a_name_says_when_what_and_which() -> None:
    """The name has the time, the prompt, a hash of the task and "demo" for a demo; two tasks have two names."""
    name = name_for("A paper boat", "t1", WHEN, demo=False)
    day, rest = name.split("_", 1)
    assert day == "2026-11-22"
    assert rest[4:].startswith("_a-paper-boat_")
    assert name_for("A paper boat", "t2", WHEN, demo=False) != name
    assert "_demo_" in name_for("A paper boat", "t1", WHEN, demo=True)
    assert name_for("x", "../../t1", WHEN, demo=False).count("/") == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Paper boat (1).PNG", "paper-boat-1_6b86b273ff34.png"),
        ("纸船.jpg", "纸船_6b86b273ff34.jpg"),
        ("C:\\fakepath\\boat.png", "boat_6b86b273ff34.png"),
        ("../../.bashrc", "bashrc_6b86b273ff34"),
        ("a/..", "picture_6b86b273ff34"),
        ("", "picture_6b86b273ff34"),
        ("sk-" + "Abc123xyz" * 4 + ".png", "picture_6b86b273ff34.png"),
        ("sk.png", "sk_6b86b273ff34.png"),
    ],
)
def test_a_kept_picture_is_named_by_its_name_and_its_content(name: str, expected: str) -> None:
    """A readable name in one folder, without anything like an API key, which would be masked in code."""
    kept = input_name(name, b"1")
    assert kept == expected
    assert input_name(name, b"2") != kept


@given(st.text(max_size=300))
def test_a_kept_picture_has_a_possible_name(name: str) -> None:
    """Whatever the browser calls it: on one line, short enough for any file system, and as it is in any code."""
    kept = input_name(name, b"1")
    assert Path(kept).name == kept
    assert len(kept.encode()) <= 140
    assert masked(kept) == kept
    assert "\\" not in kept
