"""Controls: value in, value out. Each kind of field has one; none does I/O of its own but reading a chosen file."""

from __future__ import annotations

from kling_widgets.core.fields import Choice, Field, Flag, Link, Links, Number, Text
from kling_widgets.core.structured import Camera, Clips, Elements, Masks, Shots, Structured
from kling_widgets.notebook.controls.camera import CameraMoves
from kling_widgets.notebook.controls.clips import ClipRows
from kling_widgets.notebook.controls.control import Control
from kling_widgets.notebook.controls.elements import ElementRows
from kling_widgets.notebook.controls.json_box import JsonBox
from kling_widgets.notebook.controls.media import LinkBox, LinksBox
from kling_widgets.notebook.controls.motion import MotionBrush
from kling_widgets.notebook.controls.shots import ShotTable
from kling_widgets.notebook.controls.simple import Pills, Slider, TextBox, WordList
from kling_widgets.notebook.parts import Parts

__all__ = ["Control", "Parts", "kind_of", "make"]

_PILLS = 4  # choices beside "default"; more are a list


def make(field: Field, parts: Parts) -> Control:
    """The control of a field."""
    return kind_of(field)(field, parts)


def kind_of(field: Field) -> type[Control]:
    """Which kind of control a field gets."""
    match field:
        case Text():
            return TextBox
        case Flag():
            return Pills
        case Choice(choices=choices):
            return Pills if len(choices) <= _PILLS else WordList
        case Number(usual=usual):
            return Pills if 0 < len(usual) <= _PILLS else Slider
        case Link():
            return LinkBox
        case Links():
            return LinksBox
        case Shots():
            return ShotTable
        case Camera():
            return CameraMoves
        case Elements():
            return ElementRows
        case Clips():
            return ClipRows
        case Masks():
            return MotionBrush
        case Structured():
            return JsonBox
    raise TypeError(f"no control is made for {type(field).__name__}")
