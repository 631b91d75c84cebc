"""A .env file, which may be untrusted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kling_widgets.client.credentials.dotenv_file import LARGEST, read


def test_variables_are_read_without_expansion(tmp_path: Path) -> None:
    """Quotes, comments, export and a byte order mark are supported; ``${NAME}`` is not expanded."""
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfexport A='1' # one\n# two\nB=${PATH}\nC\n")
    assert read(tmp_path) == ({"A": "1", "B": "${PATH}", "C": None}, "")


def test_a_missing_file_has_no_hint(tmp_path: Path) -> None:
    """Without a file, or with a folder of that name, as virtual environments have, there is no hint."""
    assert read(tmp_path) == ({}, "")
    (tmp_path / ".env").mkdir()
    assert read(tmp_path) == ({}, "")
    assert read(tmp_path / "nowhere") == ({}, "")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe\x00A=1", "not a text"),
        (b"\x80" * 100, "not a text"),
        (b"A=1\n" * LARGEST, "larger than 64 KB"),
    ],
)
def test_a_file_that_is_not_a_small_text_is_not_read(content: bytes, why: str, tmp_path: Path) -> None:
    """For a binary or huge file the hint names the reason, but quotes nothing of the content."""
    (tmp_path / ".env").write_bytes(content)
    found, hint = read(tmp_path)
    assert found == {} and why in hint and "A=" not in hint


@pytest.mark.parametrize(
    "content", [b"\x00" * 1000, b"A='" + b"x" * 60_000, b"=\n" * 3_000, b"'" * 60_000, b"\\" * 60_000]
)
def test_any_small_text_is_harmless(content: bytes, tmp_path: Path) -> None:
    """Text without variables yields none, and parsing it is fast."""
    (tmp_path / ".env").write_bytes(content)
    found, hint = read(tmp_path)
    assert not any(found.values()) and hint == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe or a device, also through a symlink, is not opened, as reading could block forever."""
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path / "pipe", Path("/dev/zero"), Path("/dev/tty")):
        (tmp_path / ".env").symlink_to(target)
        assert read(tmp_path) == ({}, "")
        (tmp_path / ".env").unlink()


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    """A symlink to a file is read; a broken or circular one counts as no file."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (tmp_path / "shared").write_text("A=1")
    (folder / ".env").symlink_to(tmp_path / "shared")
    assert read(folder) == ({"A": "1"}, "")
    (tmp_path / "shared").unlink()
    assert read(folder) == ({}, "")
    (tmp_path / "shared").symlink_to(folder / ".env")
    assert read(folder)[0] == {}
