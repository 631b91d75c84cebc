"""The JSON box: its text is passed on unchanged and parsed by the request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.structured_fields import Anything
from kling_widgets.notebook.controls import WidgetFactory, make
from kling_widgets.notebook.controls.json_box import JsonBox
from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.request.request import VideoRequest

SHAPELESS = [name for name, field in FIELDS.items() if isinstance(field, Anything)]


@pytest.fixture
def parts(tmp_path: Path) -> WidgetFactory:
    return WidgetFactory(LocalMedia(tmp_path))


def box(name: str, parts: WidgetFactory) -> JsonBox:
    control = make(FIELDS[name], parts)
    assert isinstance(control, JsonBox)
    return control


@pytest.mark.parametrize("name", SHAPELESS)
def test_the_example_is_in_the_empty_box_and_is_right(name: str, parts: WidgetFactory) -> None:
    """The example in the empty box is a valid value."""
    control = box(name, parts)
    assert control.box.placeholder == FIELDS[name].example
    control.box.value = FIELDS[name].example
    request = VideoRequest("2.6", prompt="x", **{name: control.get()})
    assert name in request.values
    assert not [problem for problem in request.errors() if problem.field == name]


@pytest.mark.parametrize("value", ["face 7", "123", '{"half": ', [{"a": None}], {"a": {"b": [1, 2.5, True]}}])
@pytest.mark.parametrize("name", SHAPELESS)
def test_what_is_shown_is_understood_again(name: str, value: Any, parts: WidgetFactory) -> None:
    """The text shown for a value is parsed to the same value."""
    control = box(name, parts)
    control.set(value)
    assert VideoRequest("2.6", **{name: control.get()}) == VideoRequest("2.6", **{name: value})
    control.set(None)
    assert control.get() is None


def test_blanks_are_unset(parts: WidgetFactory) -> None:
    """An empty box sends nothing."""
    control = box("motion_brush", parts)
    control.box.value = " \n "
    assert control.get() is None


def test_chinese_stays_readable(parts: WidgetFactory) -> None:
    """Chinese text is not escaped."""
    control = box("face_choose", parts)
    control.set([{"face_id": "纸船"}])
    assert "纸船" in control.box.value
