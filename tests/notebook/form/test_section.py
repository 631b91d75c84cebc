"""A section of a form: its title, when it opens, and its cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import Field
from kling_widgets.core.problem import Problem
from kling_widgets.notebook.controls import Control, WidgetFactory, make
from kling_widgets.notebook.form.section import Section
from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.request.request import VideoRequest

FRAMES = [FIELDS["image"], FIELDS["image_tail"]]
LINK = "https://example.com/a.png"


class Made:
    """A section of two fields, and which controls it asked for."""

    def __init__(self, parts: WidgetFactory, fields: list[Field] = FRAMES) -> None:
        self.made: list[str] = []
        self.clicks = 0
        self.parts = parts
        self.section = Section("Frames", parts, self.clicked, self.control)
        self.section.fill(fields)

    def clicked(self) -> None:
        self.clicks += 1

    def control(self, field: Field) -> Control:
        self.made.append(field.name)
        return make(field, self.parts)

    @property
    def title(self) -> str:
        return str(self.section.widget.children[0].description)

    def tell(self, *problems: str, **fields: object) -> None:
        found = {name: [Problem("warning", name, "It is wrong.")] for name in problems}
        self.section.update(VideoRequest("2.6", **fields), found)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(WidgetFactory(LocalMedia(tmp_path)))


def test_it_begins_folded_and_makes_nothing(made: Made) -> None:
    """A form of many sections costs only what is looked at."""
    assert made.title == "▸ Frames"
    assert made.made == []
    assert len(made.section.widget.children) == 1


def test_a_click_opens_and_closes_it(made: Made) -> None:
    """The form is notified, to show the problems of the new controls."""
    title = made.section.widget.children[0]
    title.click()
    assert made.title == "▾ Frames"
    assert made.made == ["image", "image_tail"]
    assert len(made.section.widget.children) == 3
    title.click()
    assert made.title == "▸ Frames"
    assert len(made.section.widget.children) == 1
    assert made.clicks == 2


def test_its_title_says_what_it_holds(made: Made, tmp_path: Path) -> None:
    """The set fields by their labels; a list with its number and limit."""
    made.tell(prompt="x")
    assert made.title == "▸ Frames"
    made.tell(image=LINK, image_tail=LINK)
    assert made.title == "▸ Frames (first frame, last frame)"
    many = Made(WidgetFactory(LocalMedia(tmp_path)), [FIELDS["image_list"]])
    many.tell(image_list=[LINK, LINK])
    assert many.title == "▸ Frames (2 of 9)"


def test_it_opens_for_a_new_problem_alone(made: Made) -> None:
    """A problem of a set value opens it; if the user closes it, it stays closed while the problem lasts."""
    made.tell("image_tail")
    assert not made.section.is_open
    made.tell("image_tail", image_tail=LINK)
    assert made.section.is_open
    made.section.open(False)
    made.tell("image_tail", image_tail=LINK)
    assert not made.section.is_open
    made.tell(image_tail=LINK)
    made.tell("image_tail", image_tail=LINK)
    assert made.section.is_open


def test_other_fields_take_the_place_of_the_former(made: Made) -> None:
    """Another model: open, it shows the new ones; folded, it makes none."""
    made.section.fill([FIELDS["image"]])
    assert made.made == []
    made.section.open()
    made.section.fill([FIELDS["image_list"]])
    assert made.made == ["image", "image_list"]
    assert len(made.section.widget.children) == 2
