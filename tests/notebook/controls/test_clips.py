"""Rows of clips and sounds: a link, its options, and a player."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.notebook.controls import make
from kling_widgets.notebook.controls.clips import ClipRows
from kling_widgets.request.request import VideoRequest
from tests.client import samples
from tests.notebook import said

LINK = "https://example.com/v.mp4"


def within(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from within(child)


class Clip:
    """A control as used by the form and its user."""

    def __init__(self, name: str, folder: Path, at_most: int = 1) -> None:
        self.name = name
        self.parts = said.parts(folder)
        control = make(replace(FIELDS[name], at_most=at_most), self.parts)  # type: ignore[call-arg]
        assert isinstance(control, ClipRows)
        self.control = control
        self.heard: list[Any] = []
        control.changed = lambda: self.heard.append(control.get())

    def of(self, kind: Any, label: str) -> Any:
        found = [each for each in within(self.control.widget) if isinstance(each, kind)]
        (one,) = (each for each in found if each.description == label)
        return one

    @property
    def boxes(self) -> list[widgets.Text]:
        return [each for each in within(self.control.widget) if isinstance(each, widgets.Text)]

    @property
    def html(self) -> str:
        return "\n".join(each.value for each in within(self.control.widget) if isinstance(each, widgets.HTML))

    def tell(self, value: Any = ...) -> VideoRequest:
        """Update the control with the request, as the form does."""
        request = VideoRequest("2.6", prompt="x", **{self.name: self.control.get() if value is ... else value})
        self.control.update_context(request)
        return request


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    return Clip("video_list", tmp_path)


@pytest.fixture
def voice(tmp_path: Path) -> Clip:
    return Clip("voice_list", tmp_path)


def test_a_link_and_how_it_is_used(clip: Clip) -> None:
    """The value has the link and the chosen options; options at their default are left out."""
    assert clip.control.get() is None
    clip.of(widgets.Text, "Video link").value = f" {LINK} "
    assert clip.control.get() == [{"url": LINK}]
    clip.of(widgets.ToggleButtons, "Use as").value = "feature"
    clip.of(widgets.ToggleButtons, "Keep its sound").value = "no"
    assert clip.control.get() == [{"url": LINK, "refer_type": "feature", "keep_original_sound": "no"}]
    clip.of(widgets.ToggleButtons, "Use as").value = "default"
    assert clip.heard[-1] == [{"url": LINK, "keep_original_sound": "no"}]
    assert VideoRequest("2.6", prompt="x", video_list=clip.heard[-1]).errors() == ()


def test_an_emptied_box_sends_nothing(clip: Clip) -> None:
    """An empty box sends nothing; a chosen option is kept, with an error that the link is missing."""
    clip.of(widgets.Text, "Video link").value = LINK
    clip.of(widgets.Text, "Video link").value = "  "
    assert clip.control.get() is None
    clip.of(widgets.ToggleButtons, "Use as").value = "base"
    value = clip.control.get()
    assert value == [{"url": None, "refer_type": "base"}]
    (problem,) = VideoRequest("2.6", prompt="x", video_list=value).errors()
    assert problem.message == "Video: the link is missing."
    clip.control.set(value)
    assert clip.control.get() == value


def test_a_voice_is_a_link_alone(voice: Clip) -> None:
    """A sound has no options."""
    voice.of(widgets.Text, "Voice link").value = "https://example.com/s.wav"
    assert voice.control.get() == [{"url": "https://example.com/s.wav"}]
    assert not [each for each in within(voice.control.widget) if isinstance(each, widgets.ToggleButtons)]


@pytest.mark.parametrize("name", ["video_list", "voice_list"])
def test_the_need_for_a_link_is_explained_before_anything_is_typed(name: str, tmp_path: Path) -> None:
    """The explanation is above the editor, but not above the JSON."""
    clip = Clip(name, tmp_path)
    assert "The service takes uploads of pictures only: host the" in said.lines(clip.parts.page, f"{name}-about")
    clip.control.switch.click()
    assert said.lines(clip.parts.page, f"{name}-about") == ""


@pytest.mark.parametrize(
    "value",
    [
        LINK,
        [{"url": LINK}],
        [{"url": LINK, "refer_type": "base"}],
        [{"url": LINK, "refer_type": "feature", "keep_original_sound": "yes"}],
        [{"url": Path("mine.mp4")}],
        [LINK, "https://example.com/w.mp4"],
        [{"url": "ftp://example.com/v.mp4"}],
        [{"url": None, "keep_original_sound": "yes"}],
    ],
)
def test_what_rows_can_show_they_show(value: Any, clip: Clip) -> None:
    """Rows show and return values unchanged, also invalid ones."""
    clip.control.set(value)
    assert not clip.control.as_json
    assert VideoRequest("2.6", video_list=clip.control.get()) == VideoRequest("2.6", video_list=value)
    clip.control.set(None)
    assert clip.control.get() is None
    assert len(clip.boxes) == 1
    assert clip.heard == []


@pytest.mark.parametrize(
    "value",
    [
        [{"url": LINK, "refer_type": "other"}],
        [{"url": LINK, "refer_type": ["base"]}],
        [{"url": LINK, "keep_original_sound": True}],
        [{"url": LINK, "more": 1}],
        [{"refer_type": "base"}],
        [{"url": {"x": 1}}],
        [{"url": 5}],
        [5],
        {"a": {"b": 1}},
        [LINK] * 5,
        "{",
    ],
)
def test_what_they_cannot_is_json(value: Any, clip: Clip) -> None:
    """Other values are shown as JSON, without loss and without an error."""
    clip.control.set(value)
    assert clip.control.as_json
    assert VideoRequest("2.6", video_list=clip.control.get()) == VideoRequest("2.6", video_list=value)
    clip.tell()


def test_a_sound_with_a_use_is_json(voice: Clip) -> None:
    """A sound with an option is shown as JSON, as its row cannot show it."""
    voice.control.set([{"url": LINK, "refer_type": "base"}])
    assert voice.control.as_json


def test_it_plays_what_the_link_names(clip: Clip, voice: Clip) -> None:
    """The player plays the request's link, and is removed if the box is emptied."""
    for each, tag in ((clip, "video"), (voice, "audio")):
        each.boxes[0].value = LINK
        each.tell()
        assert f"<{tag} " in each.html
        assert LINK in each.html
        each.boxes[0].value = ""
        each.tell()
        assert f"<{tag} " not in each.html


def test_a_local_clip_plays_and_is_an_error(clip: Clip, tmp_path: Path) -> None:
    """A local clip is played and shows its length; the field reports that it cannot be sent."""
    samples.clip(tmp_path / "mine.mp4", 1, (320, 180))
    clip.boxes[0].value = str(tmp_path / "mine.mp4")
    (problem,) = clip.tell().errors()
    assert "uploads of pictures only" in problem.message
    assert 'src="data:video/mp4' in clip.html
    assert "320×180 mp4, 1.0 s" in clip.html


def test_a_path_that_its_user_did_not_write_is_not_read(clip: Clip, tmp_path: Path) -> None:
    """Text from a body that looks like a path is not read as a file."""
    path = samples.clip(tmp_path / "mine.mp4", 1, (320, 180))
    request = VideoRequest.from_payload(
        {"model": "aigc-video-kling-2.6", "metadata": {"video_list": [{"url": str(path)}]}}
    )
    clip.control.set(request.get("video_list"))
    clip.control.update_context(request)
    assert "data:" not in clip.html


def test_each_row_shows_its_own(clip: Clip) -> None:
    """Each row plays its own link, also if a row between them is empty."""
    clip.control.set(["https://example.com/1.mp4", "https://example.com/2.mp4", "https://example.com/3.mp4"])
    clip.boxes[1].value = ""
    clip.tell()
    rows = [
        each.value for each in within(clip.control.widget) if isinstance(each, widgets.HTML) and "<video" in each.value
    ]
    assert ["/1.mp4" in rows[0], "/3.mp4" in rows[1], len(rows)] == [True, True, 2]
    assert [box.description for box in clip.boxes] == ["Video link", "Video link 2", "Video link 3"]


def test_rows_leave_nothing_behind(clip: Clip) -> None:
    """Removed rows and a closed control leave no widgets."""
    clip.control.set(LINK)
    clip.tell()
    before = set(alive)
    clip.control.set([LINK] * 4)
    clip.control.set(LINK)
    assert set(alive) == before
    made = make(FIELDS["video_list"], clip.parts)
    made.set([LINK] * 3)
    made.update_context(VideoRequest("2.6", video_list=[LINK] * 3))
    made.close()
    assert set(alive) == before


def add(clip: Clip) -> list[widgets.Button]:
    """Return the button that adds a row, if it is shown."""
    found = (each for each in within(clip.control.widget) if isinstance(each, widgets.Button))
    return [each for each in found if each.description.startswith("Add a")]


def test_of_a_model_that_takes_several_a_button_adds_them(tmp_path: Path) -> None:
    """The button adds rows up to the model's limit; an empty row adds no item."""
    clip = Clip("video_list", tmp_path, at_most=3)
    (button,) = add(clip)
    clip.boxes[0].value = LINK
    button.click()
    button.click()
    assert len(clip.boxes) == 3 and button.disabled
    assert clip.control.get() == [{"url": LINK}]
    clip.boxes[2].value = LINK + "?3"
    assert clip.heard[-1] == clip.control.get() == [{"url": LINK}, {"url": LINK + "?3"}]


def test_a_model_that_takes_one_has_no_such_button(tmp_path: Path) -> None:
    """A model that takes one clip has no button, also after one that takes several; filled rows stay."""
    clip = Clip("voice_list", tmp_path)
    assert add(clip) == []
    one = clip.control.field
    clip.control.set_field(replace(one, at_most=3))  # type: ignore[call-arg]
    (button,) = add(clip)
    assert button.description == "Add a sound"
    button.click()
    clip.boxes[1].value = LINK
    clip.control.set_field(one)
    assert add(clip) == [] and clip.control.get() == [{"url": LINK}]


def test_nothing_is_left_of_the_button(tmp_path: Path) -> None:
    """Closing the control closes all widgets, including the hidden button."""
    parts = said.parts(tmp_path)
    before = set(alive)
    control = make(replace(FIELDS["video_list"], at_most=3), parts)  # type: ignore[call-arg]
    control.set_field(FIELDS["video_list"])
    control.close()
    assert set(alive) == before
