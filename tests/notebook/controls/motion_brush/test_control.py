"""The motion brush control: its value, set by the table and by drawing in the page."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import PIL.Image
import pytest
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.notebook.controls import make
from kling_widgets.notebook.controls.motion_brush.control import NO_FRAME, NOT_SHOWN, MotionBrush
from kling_widgets.request.request import VideoRequest
from tests.notebook import said
from tests.notebook.controls.page import Page

LINK = "https://example.com/m.png"
POINTS = [{"x": 220, "y": 380}, {"x": 620, "y": 380}]
TEXT = "220,380 620,380"
DRAWN = [[220, 380], [620, 380]]
KEY = "painted:1"


def png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


class Form:
    """Simulated form with a motion brush and other fields: changes go to a request, which updates the control."""

    def __init__(self, folder: Path, **fields: Any) -> None:
        control = make(FIELDS["dynamic_masks"], said.parts(folder))
        assert isinstance(control, MotionBrush)
        self.control, self.fields, self.values = control, fields, []  # type: ignore[var-annotated]
        self.page = Page(control.brush)
        control.changed = self._changed
        self.tell()

    def _changed(self) -> None:
        self.values.append(self.control.get())
        self.tell()

    def tell(self, **fields: Any) -> None:
        """Update the control with the request, with other fields changed."""
        self.fields |= fields
        self.control.update_context(self.request)

    @property
    def request(self) -> VideoRequest:
        return VideoRequest("3.0-motion-control", **{**self.fields, "dynamic_masks": self.control.get()})

    def draw(self, *regions: tuple[str, list[list[int]]]) -> None:
        """Send the regions, as the page does after a stroke."""
        self.page.sets(regions=[{"mask": mask, "points": points} for mask, points in regions])

    def paint(self, content: bytes, key: str = KEY, number: int = 1) -> None:
        """Send a mask, as the page does before the regions."""
        self.page.says({"kind": "mask", "key": key, "number": number}, content)

    def row(self, number: int) -> tuple[widgets.Text, widgets.Textarea, widgets.Button]:
        _, mask, path, remove = self.rows[number - 1].children
        return mask, path, remove

    @property
    def notes(self) -> str:
        return said.lines(self.control.parts.page, "dynamic_masks-editor")

    @property
    def rows(self) -> list[widgets.HBox]:
        """Return the rows of the table."""
        return [each for each in self.control.editor if isinstance(each, widgets.HBox)]


@pytest.fixture
def form(tmp_path: Path) -> Form:
    return Form(tmp_path / "uploads")


# Drawing in the page


def test_a_painted_mask_is_kept_and_a_drawn_path_is_points(form: Form) -> None:
    """A painted mask is saved as a file with the page's bytes, and is a valid value; a path is a list of points."""
    form.paint(png(64, 48))
    form.draw((KEY, DRAWN))
    ((value,),) = form.values
    assert value["mask_url"].read_bytes() == png(64, 48)
    assert value["mask_url"].name.startswith("mask-1_")
    assert value["trajectories"] == POINTS
    assert form.request.files() == (value["mask_url"],)
    assert not [problem for problem in form.request.problems() if problem.field == "dynamic_masks"]


def test_drawing_fills_in_the_table(form: Form) -> None:
    """Each drawn region has a row; a removed region has none."""
    form.paint(png(8, 8))
    form.draw((KEY, DRAWN), ("", [[1, 2]]))
    assert [(mask.value, path.value) for mask, path, _ in (form.row(1), form.row(2))] == [
        (str(form.values[-1][0]["mask_url"]), TEXT),
        ("", "1,2"),
    ]
    form.draw(("", [[1, 2]]))
    assert len(form.rows) == 1
    assert form.row(1)[1].value == "1,2"
    form.draw()
    assert form.control.get() is None


def test_a_pending_mask_is_missing(form: Form) -> None:
    """While a mask is pending the request has an error, so that no video is made with the previous mask."""
    for points, drawn in ((POINTS, DRAWN), ([], [])):
        form.draw((KEY, drawn))
        assert form.values[-1] == [{"trajectories": points}]
        assert "has no mask" in " ".join(map(str, form.request.errors()))
    form.row(1)[1].value = TEXT  # meanwhile
    form.paint(png(8, 8))
    assert form.values[-1][0]["mask_url"].exists()
    assert form.values[-1][0]["trajectories"] == POINTS


def test_what_is_no_picture_is_not_kept(form: Form) -> None:
    """Bytes from the page that are not a PNG are not saved."""
    form.paint(b"<svg/>")
    form.draw((KEY, DRAWN))
    assert form.values == [[{"trajectories": POINTS}]]


@pytest.mark.parametrize(
    "content",
    [{}, {"kind": "mask"}, {"kind": "size", "key": "", "size": "large"}, {"kind": "want", "key": 5}, {"kind": 5}],
)
def test_other_messages_do_nothing(form: Form, content: dict[str, Any]) -> None:
    """Other messages from the page do nothing and raise nothing."""
    form.page.says(content)
    assert (form.values, form.page.wire.sent) == ([], [])


def test_a_mask_that_cannot_be_saved_is_reported(tmp_path: Path) -> None:
    """If a mask cannot be saved, as on a full disk, a message says so."""
    (tmp_path / "file").write_text("")
    form = Form(tmp_path / "file")
    form.paint(png(8, 8))
    form.draw((KEY, DRAWN))
    assert re.search(r"Error: mask-1_\w+\.png cannot be stored", form.notes)


# The table


def test_all_can_be_done_in_the_table(form: Form) -> None:
    """A region can be added, filled in and removed in the table; the page shows it."""
    form.control.add.click()
    assert form.control.get() is None
    mask, path, remove = form.row(1)
    mask.value = f" {LINK} "
    path.value = TEXT
    assert form.values[-1] == [{"mask_url": LINK, "trajectories": POINTS}]
    assert form.control.brush.regions == [{"mask": LINK, "points": DRAWN}]
    assert path.value == TEXT
    remove.click()
    assert form.values[-1] is None
    assert form.control.brush.regions == []


def test_a_path_may_be_written_in_other_words(form: Form) -> None:
    """The text of a path stays as the user wrote it."""
    form.control.add.click()
    _, path, _ = form.row(1)
    path.value = "220, 380;\n620, 380"
    assert form.values[-1] == [{"trajectories": POINTS}]
    assert path.value == "220, 380;\n620, 380"


def test_text_that_is_no_path_is_a_value_too(form: Form) -> None:
    """Text that is not a path is an error with an example; drawing another region keeps it."""
    form.control.add.click()
    _, path, _ = form.row(1)
    path.value = "220,"
    assert form.values[-1] == [{"trajectories": "220,"}]
    assert form.request.errors()
    assert "Path 1: write each point as x,y" in form.notes
    form.draw(("", []), ("", [[1, 2]]))
    assert form.row(1)[1].value == "220,"
    path.value = TEXT
    assert "write each point" not in form.notes


def test_removing_all_removes_all(form: Form) -> None:
    """One button removes all regions, for another first frame."""
    form.control.set([{"mask_url": LINK, "trajectories": POINTS}] * 2)
    form.control.clear.click()
    assert form.values == [None]
    assert form.control.clear not in form.control.widget.children


def test_a_region_in_the_middle_can_be_removed(form: Form) -> None:
    """Removing a region moves the others up."""
    form.control.set([{"mask_url": f"{LINK}?{number}", "trajectories": POINTS} for number in (1, 2, 3)])
    form.row(2)[2].click()
    assert [region["mask_url"] for region in form.values[-1]] == [f"{LINK}?1", f"{LINK}?3"]
    assert form.row(2)[0].value == f"{LINK}?3"


def test_a_local_file_can_be_typed_in_the_table(form: Form, tmp_path: Path) -> None:
    """A path typed in the table is a local file, which is uploaded with the request."""
    form.control.add.click()
    form.row(1)[0].value = str(tmp_path / "mine.png")
    assert form.request.files() == (tmp_path / "mine.png",)


# Values


@pytest.mark.parametrize(
    "value",
    [
        [{"mask_url": LINK, "trajectories": POINTS}],
        [{"mask_url": Path("m.png"), "trajectories": POINTS * 30}, {"trajectories": [{"x": 1.5, "y": -2}]}],
        [{"mask_url": LINK, "trajectories": POINTS}] * 7,
        [{"mask_url": LINK, "trajectories": POINTS, "speed": 3}],
        [{"mask_url": LINK, "trajectories": POINTS}] * 20,
        [{"mask_url": LINK, "trajectories": [{"x": 1}]}],
        "nonsense",
    ],
)
def test_what_is_shown_is_understood_again(form: Form, value: Any) -> None:
    """Values are shown in the table or, if that loses something, as JSON; setting one does not call ``changed``."""
    form.control.set(value)
    wanted = VideoRequest("2.6-motion-control", dynamic_masks=value)
    assert VideoRequest("2.6-motion-control", dynamic_masks=form.control.get()) == wanted
    assert form.values == []
    form.control.set(None)
    assert form.control.get() is None


def test_six_regions_are_offered_and_more_can_be_seen(form: Form) -> None:
    """The page offers the documented number of regions; more from code are shown, so that they can be removed."""
    assert (form.control.brush.most_regions, form.control.brush.most_points) == (6, 77)
    form.control.set([{"mask_url": LINK, "trajectories": POINTS}] * 12)
    assert len(form.rows) == 12
    assert form.control.add.disabled


def test_a_mask_is_shown_again_by_another_control(form: Form, tmp_path: Path) -> None:
    """Another control with the same value shows the mask again: the page gets its bytes."""
    form.paint(png(64, 48))
    form.draw((KEY, DRAWN))
    value = form.values[-1]
    again = Form(tmp_path / "uploads")
    again.control.set(value)
    again.tell()
    (region,) = again.control.brush.regions
    again.page.says({"kind": "want", "key": region["mask"]})
    assert again.page.wire.sent == [({"kind": "bytes", "key": region["mask"]}, [png(64, 48)])]
    assert again.control.get() == value


def test_the_page_may_ask_again_for_what_it_has_painted(form: Form) -> None:
    """The page can request the bytes of its painted masks, as it does after a reload."""
    form.paint(png(64, 48))
    form.draw((KEY, DRAWN))
    form.page.says({"kind": "want", "key": KEY})
    assert form.page.wire.sent == [({"kind": "bytes", "key": KEY}, [png(64, 48)])]


def test_editing_the_table_keeps_the_painted_mask(form: Form) -> None:
    """The page keeps its own key for a mask, so that it need not load it again."""
    form.paint(png(64, 48))
    form.draw((KEY, DRAWN))
    form.row(1)[1].value = "1,2 3,4"
    assert form.control.brush.regions == [{"mask": KEY, "points": [[1, 2], [3, 4]]}]
    assert form.values[-1][0]["mask_url"] == form.values[0][0]["mask_url"]


def test_the_page_may_go_back_to_a_mask_that_was_there(form: Form, tmp_path: Path) -> None:
    """Undo in the page restores links, files and painted masks that were removed or painted over."""
    mine = tmp_path / "mine.png"
    mine.write_bytes(png(8, 8))
    value = [{"mask_url": mask, "trajectories": POINTS} for mask in (LINK, mine)]
    form.control.set(value)
    keys = [region["mask"] for region in form.control.brush.regions]
    form.paint(png(64, 48))
    form.draw((KEY, DRAWN))
    form.draw(*((key, DRAWN) for key in keys))
    assert form.values[-1] == value
    form.page.says({"kind": "want", "key": keys[1]})
    assert form.page.wire.sent == [({"kind": "bytes", "key": keys[1]}, [png(8, 8)])]


# The first frame


def test_without_a_first_frame_it_says_what_to_do(form: Form) -> None:
    """Without a first frame a message says what to do; the table works."""
    assert (form.control.brush.picture, form.control.brush.notice) == ("", NO_FRAME)


@pytest.mark.parametrize("link", ["http://127.0.0.1:8000/a.png", "http://localhost/a.png", "ftp://example.com/a.png"])
def test_a_link_that_is_not_public_is_not_loaded_by_the_browser(form: Form, link: str) -> None:
    """For a first frame with a link that is not public, a message says what to do."""
    form.tell(image=link)
    assert (form.control.brush.picture, form.control.brush.notice) == ("", NOT_SHOWN)


def test_a_public_link_is_loaded_by_the_browser(form: Form) -> None:
    """For a public link the page gets the link only."""
    form.tell(image=LINK)
    assert (form.control.brush.picture, form.control.brush.notice) == (LINK, "")


def test_a_file_is_sent_if_the_page_requests_it(form: Form, tmp_path: Path) -> None:
    """The page gets a file's bytes unchanged, and only of files that the request names."""
    first, other = tmp_path / "first.png", tmp_path / "other.png"
    first.write_bytes(png(64, 48))
    other.write_bytes(png(8, 8))
    form.tell(image=first)
    assert form.control.brush.picture == str(first)
    for path in (first, other):
        form.page.says({"kind": "want", "key": str(path)})
    assert [buffers for _, buffers in form.page.wire.sent] == [[png(64, 48)], []]


@pytest.mark.parametrize("content", [None, b"", b"text, not a picture"])
def test_a_file_that_is_no_picture_is_answered_too(form: Form, tmp_path: Path, content: bytes | None) -> None:
    """A request for a file that is not a picture gets an empty answer."""
    first = tmp_path / "first.png"
    if content is not None:
        first.write_bytes(content)
    form.tell(image=first)
    form.page.says({"kind": "want", "key": str(first)})
    assert form.page.wire.sent == [({"kind": "bytes", "key": str(first)}, [])]


def test_the_same_request_sends_the_page_nothing(form: Form, tmp_path: Path) -> None:
    """Repeated updates, which follow each keystroke in the form, send nothing."""
    form.tell(image=LINK)
    states = len(form.page.wire.states)
    form.tell(prompt="a boat")
    assert len(form.page.wire.states) == states


# Messages


def test_a_mask_of_another_size_is_reported(form: Form, tmp_path: Path) -> None:
    """A mask of another size is reported once both are files, also if the first frame changes."""
    (tmp_path / "first.png").write_bytes(png(64, 48))
    (tmp_path / "second.png").write_bytes(png(48, 64))
    form.paint(png(64, 48))
    form.tell(image=tmp_path / "first.png")
    form.draw((KEY, [[1, 2], [60, 40]]))
    assert form.notes == ""
    form.tell(image=tmp_path / "second.png")
    assert "Note: Mask 1 of 64 × 48 pixels does not have the aspect ratio of the first frame of 48 × 64" in form.notes
    assert "60,40 is outside" in form.notes
    form.tell(image=tmp_path / "first.png")
    assert form.notes == ""


def test_sizes_of_links_are_what_the_page_says(form: Form) -> None:
    """The sizes of links are those that the page reports, as the kernel fetches nothing."""
    form.tell(image="https://example.com/first.png")
    form.control.set([{"mask_url": LINK, "trajectories": [{"x": 1, "y": 1}, {"x": 99, "y": 1}]}])
    assert form.notes == ""
    form.page.says({"kind": "size", "key": "https://example.com/first.png", "size": [64, 48]})
    form.page.says({"kind": "size", "key": LINK, "size": [128, 96]})
    assert "99,1 is outside" in form.notes
    assert "Mask 1 is 128 × 96 pixels: was it made for a picture other than" in form.notes


@pytest.mark.parametrize("whole", [True, False])
def test_a_picture_that_stays_rotated_is_reported(whole: bool, form: Form, tmp_path: Path) -> None:
    """Masks and points refer to the upright picture, which is uploaded upright, too; there is a note if the picture
    cannot be decoded completely, and so is uploaded as it is."""
    first = tmp_path / "first.jpg"
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.new("RGB", (64, 48)).save(first, exif=exif)
    if not whole:
        first.write_bytes(first.read_bytes()[:-20])
    form.tell(image=first)
    assert form.notes == ""
    form.page.says({"kind": "size", "key": str(first), "size": [48, 64]})
    assert ("stored as 64 × 48 pixels and turned upright by its EXIF orientation" in form.notes) is not whole


# Widgets


def test_closing_gives_everything_back(tmp_path: Path) -> None:
    """Closing the control closes all widgets: rows, canvas and JSON box."""
    parts = said.parts(tmp_path)
    before = len(alive)
    control = make(FIELDS["dynamic_masks"], parts)
    assert isinstance(control, MotionBrush)
    control.set([{"mask_url": LINK, "trajectories": POINTS}] * 3)
    control.switch.click()
    control.close()
    assert len(alive) == before
    assert parts.layout.comm is not None


def test_rows_that_are_gone_are_given_back(form: Form) -> None:
    """Adding and removing regions repeatedly leaves no widgets."""
    form.control.set([{"mask_url": LINK, "trajectories": POINTS}])
    before = len(alive)
    for count in (6, 1, 4, 1):
        form.control.set([{"mask_url": LINK, "trajectories": POINTS}] * count)
    assert len(alive) == before


def test_every_input_has_a_name(form: Form) -> None:
    """Every input has a label with its region's number, or a tooltip."""
    form.control.set([{"mask_url": LINK, "trajectories": POINTS}] * 2)
    mask, path, remove = form.row(2)
    assert (mask.description, path.description, remove.tooltip) == ("Mask 2", "Path 2", "Remove region 2")
