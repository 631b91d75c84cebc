"""Controls of the form, one class for each kind of field. Their only I/O is reading a chosen file."""

from __future__ import annotations

from typing import assert_never

from kling_widgets.catalog.field_kinds import AnyField
from kling_widgets.catalog.fields import Choice, Flag, Number, Text
from kling_widgets.catalog.link_fields import Link, Links
from kling_widgets.catalog.shot_fields import Shots
from kling_widgets.catalog.structured_fields import Anything, CameraControl, Clips, Elements, Masks
from kling_widgets.notebook.controls.base import Control
from kling_widgets.notebook.controls.basic import Dropdown, Slider, TextBox, Toggle
from kling_widgets.notebook.controls.camera import CameraMoves
from kling_widgets.notebook.controls.clips import ClipRows
from kling_widgets.notebook.controls.elements import ElementRows
from kling_widgets.notebook.controls.json_box import JsonBox
from kling_widgets.notebook.controls.media import LinkBox, LinksBox
from kling_widgets.notebook.controls.motion_brush.control import MotionBrush
from kling_widgets.notebook.controls.shots import ShotTable
from kling_widgets.notebook.widgets.factory import WidgetFactory

__all__ = ["Control", "WidgetFactory", "kind_of", "make"]

_MOST_BUTTONS = 4  # choices beside "default" that are shown as buttons; more are shown as a list


def make(field: AnyField, parts: WidgetFactory) -> Control:
    """Return a control for a field."""
    return kind_of(field)(field, parts)


def kind_of(field: AnyField) -> type[Control]:
    """Return the class of control for a field."""
    match field:
        case Text():
            return TextBox
        case Flag():
            return Toggle
        case Choice(choices=choices):
            return Toggle if len(choices) <= _MOST_BUTTONS else Dropdown
        case Number(usual=usual):
            return Toggle if 0 < len(usual) <= _MOST_BUTTONS else Slider
        case Link():
            return LinkBox
        case Links():
            return LinksBox
        case Shots():
            return ShotTable
        case CameraControl():
            return CameraMoves
        case Elements():
            return ElementRows
        case Clips():
            return ClipRows
        case Masks():
            return MotionBrush
        case Anything():
            return JsonBox
    assert_never(field)
