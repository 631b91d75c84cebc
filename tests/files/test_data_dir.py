"""The folder of the user's data."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_widgets.files.data_dir import VARIABLE, data_dir, write_atomically


def test_the_environment_chooses() -> None:
    """KLING_WIDGETS_HOME names the folder, with ~ for the home folder."""
    assert data_dir({VARIABLE: "/data/kling"}) == Path("/data/kling")
    assert data_dir({VARIABLE: " ~/kling "}) == Path.home() / "kling"


def test_else_it_is_the_users_data_folder() -> None:
    """If the variable is missing or empty, the system's folder for application data is used, but not created yet."""
    default = data_dir({})
    assert default.name == "kling_widgets"
    assert default.is_absolute()
    assert data_dir({VARIABLE: "  "}) == default


def test_the_tests_have_a_home_of_their_own(isolated: Path) -> None:
    """By default the environment of the process is read on each call, not at import."""
    assert data_dir() == isolated


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """The file is readable by its owner only; if it cannot be written, no temporary file is left."""
    path = tmp_path / "home" / "kept.json"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    (tmp_path / "home" / "folder").mkdir()
    with pytest.raises(OSError):
        write_atomically(tmp_path / "home" / "folder", b"three")
    assert sorted(each.name for each in path.parent.iterdir()) == ["folder", "kept.json"]
