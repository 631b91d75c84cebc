"""The file system of a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_widgets.files.file_lock import file_system

HERE = """tmpfs / tmpfs rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sda1 /home/anna/local\\040disk ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("/srv/x", "tmpfs"),
        ("/home/anna/x", "nfs4"),
        ("/homes/x", "tmpfs"),
        ("/home/anna/local disk/x", "ext4"),
        ("/home", "nfs4"),
    ],
)
def test_the_file_system_of_a_path(tmp_path: Path, where: str, kind: str) -> None:
    """The deepest mount above the path counts; spaces are octal escapes in the list of mounts."""
    (tmp_path / "mounts").write_text(HERE)
    assert file_system(Path(where), tmp_path / "mounts") == kind


def test_what_is_mounted_last_covers_what_was_there(tmp_path: Path) -> None:
    """Of two mounts on the same folder, the later one counts."""
    (tmp_path / "mounts").write_text("a / ext4 rw 0 0\nb / nfs rw 0 0\n")
    assert file_system(Path("/x"), tmp_path / "mounts") == "nfs"
