"""Controls for links and files: typed, or chosen in the browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.notebook.controls import WidgetFactory, make
from kling_widgets.notebook.controls.media import LinkBox, LinksBox
from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.notebook.widgets.form_page import LARGEST_CHOSEN, slot_class
from kling_widgets.request.request import VideoRequest
from tests.client import samples
from tests.notebook import said
from tests.notebook.controls.page import Page

PNG = b"\x89PNG\r\n\x1a\n a picture"
LINK = "https://example.com/a.png"


def box(name: str, uploads: Path) -> LinkBox:
    """Return the control of a field."""
    control = make(FIELDS[name], WidgetFactory(LocalMedia(uploads)))
    assert isinstance(control, LinkBox)
    return control


def choose(control: LinkBox, *files: tuple[str, bytes]) -> None:
    """Choose files, as sent by the browser."""
    page, place = Page(control.parts.page), f"{control.field.name}-box"
    page.says({"chosen": place, "count": len(files)})
    for name, content in files:
        sent = [content] if len(content) <= LARGEST_CHOSEN else []
        page.says({"chosen": place, "name": name, "size": len(content)}, *sent)


def chooser(control: LinkBox) -> dict[str, str]:
    """Return the properties of the file chooser."""
    (about,) = control.parts.page.choosers.values()
    assert slot_class(*control.parts.page.choosers) in control.box._dom_classes
    return about


def trouble(control: LinkBox) -> str:
    """Return the messages about the chosen files."""
    return said.lines(control.parts.page, f"{control.field.name}-file")


def paths(control: LinkBox) -> list[Path]:
    value: Any = control.get()
    return [Path(each) for each in (value if isinstance(value, list) else [value] if value else [])]


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


def test_one_link_is_a_line_and_many_are_lines(uploads: Path) -> None:
    """One field takes one line, a list several; blank lines are ignored, and an empty box is unset."""
    one, many = box("image", uploads), box("image_list", uploads)
    one.box.value = f"  {LINK} "
    many.box.value = f"{LINK}\n\n  b.png  \n"
    assert one.get() == LINK
    assert many.get() == [LINK, "b.png"]
    one.box.value, many.box.value = "  ", "\n \n"
    assert one.get() is None
    assert many.get() is None


def test_values_are_shown_as_text(uploads: Path) -> None:
    """Links and files are shown as text; unset is empty."""
    one, many = box("image", uploads), box("image_list", uploads)
    one.set(Path("first.png"))
    many.set([LINK, Path("my pictures/2.png")])
    assert one.box.value == "first.png"
    assert many.box.value == f"{LINK}\nmy pictures/2.png"
    one.set(None)
    many.set(None)
    assert (one.box.value, many.box.value) == ("", "")


def test_no_folder_is_made_before_a_file_is_chosen(uploads: Path) -> None:
    """No folder is created before a file is chosen."""
    box("image", uploads)
    assert not uploads.exists()


def test_a_chosen_file_becomes_a_path(uploads: Path) -> None:
    """A chosen file is saved to disk, not kept in the widget, which the notebook stores; ``changed`` is called."""
    control = box("image", uploads)
    heard: list[object] = []
    control.changed = lambda: heard.append(control.get())
    choose(control, ("first frame.png", PNG))
    (path,) = paths(control)
    assert path.read_bytes() == PNG
    assert uploads in path.parents
    assert path.name.startswith("first-frame_")
    assert heard == [str(path)]


def test_several_files_join_the_lines(uploads: Path) -> None:
    """In a list, chosen files are appended; a field for one picture takes one."""
    many = box("image_list", uploads)
    assert isinstance(many, LinksBox)
    assert chooser(many)["multiple"]
    assert not chooser(box("image", uploads))["multiple"]
    many.box.value = LINK
    choose(many, ("a.png", PNG), ("b.png", PNG + b"2"))
    assert [path.name[:2] for path in paths(many)][1:] == ["a_", "b_"]
    assert str(many.get()[0]) == LINK


def test_two_files_of_one_name_are_two(uploads: Path) -> None:
    """A second file of the same name does not overwrite the first."""
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
    """The browser's file name cannot lead out of our folder; the file gets a safe name on one line."""
    control = box("image", uploads)
    choose(control, (name, PNG))
    (path,) = paths(control)
    assert path.read_bytes() == PNG
    assert path.parent == uploads
    assert path.resolve() == path.absolute()
    assert len(path.name) <= 80


def test_a_large_file_asks_for_its_path(uploads: Path) -> None:
    """A file over 8 MB is not saved: a message asks for its path."""
    control = box("image", uploads)
    choose(control, ("<big>.png", bytes(LARGEST_CHOSEN + 1)))
    assert control.get() is None
    assert "over 8 MB" in trouble(control)
    assert "&lt;big&gt;" in trouble(control)
    assert not uploads.exists()
    choose(control, ("small.png", bytes(LARGEST_CHOSEN)))
    assert trouble(control) == ""
    assert len(paths(control)) == 1


def test_of_several_the_small_ones_are_kept(uploads: Path) -> None:
    """Of several files the small ones are saved, and a message names the large one."""
    control = box("image_list", uploads)
    choose(control, ("big.png", bytes(LARGEST_CHOSEN + 1)), ("small.png", PNG))
    assert [path.name.split("_")[0] for path in paths(control)] == ["small"]
    assert "big.png" in trouble(control)


def test_where_nothing_can_be_kept_a_path_is_asked_for(tmp_path: Path) -> None:
    """If a file cannot be saved, as in a read-only home, a message says so."""
    (tmp_path / "file").write_text("")
    control = box("image", tmp_path / "file")
    choose(control, ("a.png", PNG))
    assert control.get() is None
    assert "enter its path" in trouble(control)


def test_only_pictures_are_offered(uploads: Path) -> None:
    """The file chooser offers only the picture formats that the service takes."""
    assert set(chooser(box("image", uploads))["accept"].split(",")) >= {"image/png", "image/jpeg"}


# Previews


def within(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from within(child)


def seen(control: LinkBox) -> str:
    """Return all HTML that is shown."""
    return "\n".join(each.value for each in within(control.widget) if isinstance(each, widgets.HTML))


def buttons(control: LinkBox, words: str) -> list[Any]:
    return [each for each in said.buttons(control.parts, control.widget) if each.description == words]


def know(control: LinkBox, model: str = "2.6", prompt: str = "x", **fields: Any) -> VideoRequest:
    """Update the control with a request, as the form does."""
    request = VideoRequest(model, prompt=prompt, **{control.field.name: control.get(), **fields})
    control.update_context(request)
    return request


def test_a_picture_shows_with_what_it_is(uploads: Path, tmp_path: Path) -> None:
    """A first frame has a preview that says that it determines the shape; a last frame does not say so."""
    (tmp_path / "a.png").write_bytes(samples.picture("PNG", (640, 480)))
    for name in ("image", "image_tail"):
        control = box(name, uploads)
        know(control)
        assert "<img" not in seen(control)
        control.box.value = str(tmp_path / "a.png")
        know(control)
        assert 'src="data:image/jpeg' in seen(control)
        assert "640×480 png" in seen(control)
        assert ("The clip takes this picture&#39;s shape." in seen(control)) is (name == "image")
        control.box.value = ""
        know(control)
        assert "640" not in seen(control)


def test_where_the_first_frame_gives_no_shape_nothing_is_said_of_it(uploads: Path) -> None:
    """A model without an aspect ratio, such as an avatar, says nothing about the shape."""
    control = box("image", uploads)
    control.box.value = LINK
    know(control, "avatar")
    assert "<img" in seen(control)
    assert "shape" not in seen(control)


def test_a_path_that_its_user_did_not_write_is_not_read(uploads: Path, tmp_path: Path) -> None:
    """Text from a body that looks like a path is not read as a file."""
    (tmp_path / "a.png").write_bytes(samples.picture())
    for name, value in (("image", str(tmp_path / "a.png")), ("image_list", [str(tmp_path / "a.png")])):
        control = box(name, uploads)
        body = {"model": "aigc-video-kling-2.6", "prompt": "x"}
        control.set(value)
        control.update_context(
            VideoRequest.from_payload({**body, "metadata": {name: value}} if name != "image" else {**body, name: value})
        )
        assert "data:" not in seen(control)


def test_a_file_that_cannot_be_used_is_looked_for_again(uploads: Path, tmp_path: Path) -> None:
    """A file that cannot be used has a button that makes the form check it again."""
    control = box("image", uploads)
    heard: list[object] = []
    control.changed = lambda: heard.append(control.get())
    control.box.value = str(tmp_path / "a.png")
    know(control)
    (again,) = buttons(control, "Look again")
    (tmp_path / "a.png").write_bytes(samples.picture())
    again.click()
    assert heard[-1] == str(tmp_path / "a.png")
    assert len(heard) == 2
    know(control)
    assert not buttons(control, "Look again")


def rows(control: LinkBox) -> list[str]:
    """Return the names in the rows."""
    return re.findall(r"<b>(.*?)</b>", seen(control))


@pytest.fixture
def four(uploads: Path) -> LinksBox:
    """Return a control with references 1 to 4."""
    control = box("image_list", uploads)
    assert isinstance(control, LinksBox)
    control.set([f"https://example.com/{number}.png" for number in range(1, 5)])
    know(control)
    return control


def test_each_reference_has_a_row(four: LinksBox) -> None:
    """Each reference has a row with its number and picture; without references there are no rows."""
    assert rows(four) == ["1.png", "2.png", "3.png", "4.png"]
    assert re.findall(r"<i>(\d)</i>", seen(four)) == ["1", "2", "3", "4"]
    assert seen(four).count("<img") == 4
    four.box.value = LINK
    know(four)
    assert rows(four) == ["a.png"]
    four.box.value = ""
    know(four)
    assert rows(four) == []


def test_references_are_moved_and_removed(four: LinksBox) -> None:
    """The buttons of the rows change the lines of the text box, and call ``changed``."""
    heard: list[Any] = []
    four.changed = lambda: heard.append(four.get())
    buttons(four, "↓")[0].click()
    know(four)
    assert rows(four) == ["2.png", "1.png", "3.png", "4.png"]
    buttons(four, "↑")[3].click()
    know(four)
    assert rows(four) == ["2.png", "1.png", "4.png", "3.png"]
    buttons(four, "✕")[1].click()
    know(four)
    assert rows(four) == ["2.png", "4.png", "3.png"]
    assert heard[-1] == [f"https://example.com/{number}.png" for number in (2, 4, 3)]
    assert len(heard) == 3


def test_the_ends_of_the_list_move_one_way(four: LinksBox) -> None:
    """The first cannot move up nor the last down, also after the list has changed its length."""

    def off() -> tuple[list[bool], list[bool]]:
        know(four)
        return [each.disabled for each in buttons(four, "↑")], [each.disabled for each in buttons(four, "↓")]

    assert off() == ([True, False, False, False], [False, False, False, True])
    buttons(four, "✕")[3].click()
    assert off() == ([True, False, False], [False, False, True])
    four.box.value += f"\n{LINK}"
    assert off()[1] == [False, False, False, True]


def test_a_reference_is_named_in_the_prompt(four: LinksBox) -> None:
    """The button appends the reference's name to the prompt, once."""
    given: list[Any] = []
    four.assign = given.append
    know(four, prompt="a boat")
    buttons(four, "Name it <<<image_2>>>")[0].click()
    assert given == [{"prompt": "a boat <<<image_2>>>"}]
    know(four, prompt="a boat <<<image_2>>>")
    assert [each.disabled for number in (1, 2) for each in buttons(four, f"Name it <<<image_{number}>>>")] == [
        False,
        True,
    ]


def test_rows_are_made_once_and_the_box_never_anew(four: LinksBox) -> None:
    """Typing and clicking keep the widgets, and with them the keyboard focus."""
    before = [each for each in within(four.widget) if isinstance(each, (widgets.Button, widgets.Textarea))]
    buttons(four, "↓")[0].click()
    know(four)
    four.box.value += f"\n{LINK}"
    know(four)
    after = [each for each in within(four.widget) if isinstance(each, (widgets.Button, widgets.Textarea))]
    assert after[: len(before)] == before


def test_a_thousand_lines_are_no_thousand_rows(uploads: Path) -> None:
    """A limited number of rows is shown, with the number of the rest; they can still be moved and removed."""
    control = box("image_list", uploads)
    control.box.value = "\n".join(f"https://example.com/{number}.png" for number in range(1000))
    know(control)
    assert len(rows(control)) == 12
    assert "… and 988 more" in seen(control)
    buttons(control, "↓")[11].click()
    know(control)
    assert rows(control)[11] == "12.png"
    buttons(control, "✕")[0].click()
    know(control)
    assert "… and 987 more" in seen(control)
    assert len(control.get()) == 999


@pytest.mark.parametrize("value", [{"not": "a list"}, "text", 5, [{"a": 1}, 7]])
def test_what_is_no_list_of_links_is_shown_as_it_is(value: Any, uploads: Path) -> None:
    """A value that is not a list of links is shown unchanged, without an error."""
    control = box("image_list", uploads)
    control.set(value)
    control.update_context(
        VideoRequest.from_payload({"model": "aigc-video-kling-2.6", "metadata": {"image_list": value}})
    )
    assert "<img" not in seen(control)


@pytest.mark.parametrize("name", ["image", "image_list"])
def test_a_closed_control_leaves_nothing_behind(name: str, uploads: Path) -> None:
    """Closing a control closes all widgets, including hidden rows."""
    parts = said.parts(uploads)
    before = set(alive)
    control: Any = make(FIELDS[name], parts)
    for text in ("\n".join(map(str, range(20))), "nowhere.png", ""):
        control.box.value = text
        know(control)
    control.close()
    assert set(alive) == before


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        (f" {LINK} ", LINK),
        ('"/my pictures/a.png"', "/my pictures/a.png"),
        ("'a.png'", "a.png"),
        ("file:///my%20pictures/a.png", "/my pictures/a.png"),
        ('"', '"'),
        ("a's.png", "a's.png"),
    ],
)
def test_a_path_is_taken_as_people_paste_it(typed: str, taken: str, uploads: Path) -> None:
    """Quotes around a pasted path and ``file://`` are removed."""
    one, many = box("image", uploads), box("image_list", uploads)
    one.box.value = typed
    many.box.value = f"{typed}\n{typed}"
    assert (one.get(), many.get()) == (taken, [taken, taken])
