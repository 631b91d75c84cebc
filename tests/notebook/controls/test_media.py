"""Controls of links: typed, or a file chosen in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kling_widgets.core.catalog import FIELDS
from kling_widgets.notebook.controls import Parts, make
from kling_widgets.notebook.controls.media import LARGEST_CHOSEN, LinkBox, LinksBox
from kling_widgets.notebook.local_media import LocalMedia

PNG = b"\x89PNG\r\n\x1a\n a picture"
LINK = "https://example.com/a.png"


def box(name: str, uploads: Path) -> LinkBox:
    """The control of a field."""
    control = make(FIELDS[name], Parts(LocalMedia(uploads)))
    assert isinstance(control, LinkBox)
    return control


def choose(control: LinkBox, *files: tuple[str, bytes]) -> None:
    """Chooses files, as the browser hands them over."""
    found = [
        {"name": name, "type": "image/png", "size": len(content), "content": memoryview(content), "last_modified": 0}
        for name, content in files
    ]
    control.chooser.set_state({"value": found})


def paths(control: LinkBox) -> list[Path]:
    value: Any = control.get()
    return [Path(each) for each in (value if isinstance(value, list) else [value] if value else [])]


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


def test_one_link_is_a_line_and_many_are_lines(uploads: Path) -> None:
    """Blank lines are no links; nothing at all is unset."""
    one, many = box("image", uploads), box("image_list", uploads)
    one.box.value = f"  {LINK} "
    many.box.value = f"{LINK}\n\n  b.png  \n"
    assert one.get() == LINK
    assert many.get() == [LINK, "b.png"]
    one.box.value, many.box.value = "  ", "\n \n"
    assert one.get() is None
    assert many.get() is None


def test_values_are_shown_as_text(uploads: Path) -> None:
    """Links and files; unset is empty."""
    one, many = box("image", uploads), box("image_list", uploads)
    one.set(Path("first.png"))
    many.set([LINK, Path("my pictures/2.png")])
    assert one.box.value == "first.png"
    assert many.box.value == f"{LINK}\nmy pictures/2.png"
    one.set(None)
    many.set(None)
    assert (one.box.value, many.box.value) == ("", "")


def test_no_folder_is_made_before_a_file_is_chosen(uploads: Path) -> None:
    """A form that is looked at leaves nothing on the disk."""
    box("image", uploads)
    assert not uploads.exists()


def test_a_chosen_file_becomes_a_path(uploads: Path) -> None:
    """Its bytes are on disk, and no longer in the widget, which is saved with the notebook; the form hears of it."""
    control = box("image", uploads)
    heard: list[object] = []
    control.changed = lambda: heard.append(control.get())
    choose(control, ("first frame.png", PNG))
    (path,) = paths(control)
    assert path.read_bytes() == PNG
    assert uploads in path.parents
    assert path.name == "first-frame.png"
    assert control.chooser.value == ()
    assert heard == [str(path)]


def test_several_files_join_the_lines(uploads: Path) -> None:
    """In a list they are added to what is there; the field of one takes one."""
    many = box("image_list", uploads)
    assert isinstance(many, LinksBox)
    assert many.chooser.multiple
    assert not box("image", uploads).chooser.multiple
    many.box.value = LINK
    choose(many, ("a.png", PNG), ("b.png", PNG + b"2"))
    assert [path.name for path in paths(many)][1:] == ["a.png", "b.png"]
    assert str(many.get()[0]) == LINK


def test_two_files_of_one_name_are_two(uploads: Path) -> None:
    """The second does not take the first one's place."""
    many = box("image_list", uploads)
    choose(many, ("a.png", PNG), ("a.png", PNG + b"2"))
    assert [path.read_bytes() for path in paths(many)] == [PNG, PNG + b"2"]


@pytest.mark.parametrize(
    "name",
    [
        "../../.bashrc",
        "/etc/passwd",
        "C:\\Windows\\x.png",
        "..",
        ".",
        "",
        "a\nb.png",
        "x" * 300 + ".png",
        "纸船.png",
        "~",
    ],
)
def test_the_browsers_name_leads_nowhere_else(name: str, uploads: Path) -> None:
    """It is data: the file stays in our folder, under a harmless name on one line."""
    control = box("image", uploads)
    choose(control, (name, PNG))
    (path,) = paths(control)
    assert path.read_bytes() == PNG
    assert path.parent.parent == uploads
    assert path.resolve() == path.absolute()
    assert len(path.name) <= 80


def test_a_large_file_asks_for_its_path(uploads: Path) -> None:
    """Over 8 MB nothing is kept: said in words, and the widget is empty again."""
    control = box("image", uploads)
    choose(control, ("<big>.png", bytes(LARGEST_CHOSEN + 1)))
    assert control.get() is None
    assert "over 8 MB" in control.said.value
    assert "&lt;big&gt;" in control.said.value
    assert control.chooser.value == ()
    assert not uploads.exists()
    choose(control, ("small.png", bytes(LARGEST_CHOSEN)))
    assert control.said.value == ""
    assert len(paths(control)) == 1


def test_of_several_the_small_ones_are_kept(uploads: Path) -> None:
    """And the large one is named."""
    control = box("image_list", uploads)
    choose(control, ("big.png", bytes(LARGEST_CHOSEN + 1)), ("small.png", PNG))
    assert [path.name for path in paths(control)] == ["small.png"]
    assert "big.png" in control.said.value


def test_where_nothing_can_be_kept_a_path_is_asked_for(tmp_path: Path) -> None:
    """A read-only home is no crash."""
    (tmp_path / "file").write_text("")
    control = box("image", tmp_path / "file")
    choose(control, ("a.png", PNG))
    assert control.get() is None
    assert "give its path" in control.said.value


def test_only_pictures_are_offered(uploads: Path) -> None:
    """The browser's dialog shows what the service takes."""
    assert set(box("image", uploads).chooser.accept.split(",")) >= {"image/png", "image/jpeg"}
