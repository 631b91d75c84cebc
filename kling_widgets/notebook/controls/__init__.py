"""Controls: value in, value out. Each kind of field has one; none does I/O of its own but reading a chosen file."""

from __future__ import annotations

from kling_widgets.core.fields import Choice, Field, Flag, Link, Links, Number, Text
from kling_widgets.core.structured import Camera, Clips, Elements, Masks, Shots, Structured
from kling_widgets.notebook.controls.camera import CameraMoves
from kling_widgets.notebook.controls.clips import ClipRows
from kling_widgets.notebook.controls.control import Control, Parts
from kling_widgets.notebook.controls.elements import ElementRows
from kling_widgets.notebook.controls.json_box import JsonBox
from kling_widgets.notebook.controls.media import LinkBox, LinksBox
from kling_widgets.notebook.controls.motion import MotionBrush
from kling_widgets.notebook.controls.shots import ShotTable
from kling_widgets.notebook.controls.simple import Pills, Slider, TextBox, WordList

__all__ = ["Control", "Parts", "make"]

_PILLS = 4  # choices beside "default"; more are a list


def make(field: Field, parts: Parts) -> Control:
    """The control of a field."""
    match field:
        case Text():
            return TextBox(field, parts)
        case Flag():
            return Pills(field, parts, {"off": False, "on": True})
        case Choice(choices=choices):
            kind = Pills if len(choices) <= _PILLS else WordList
            return kind(field, parts, {choice: choice for choice in choices})
        case Number(usual=usual) if 0 < len(usual) <= _PILLS:
            return Pills(field, parts, {str(number): number for number in usual})
        case Number():
            return Slider(field, parts)
        case Link():
            return LinkBox(field, parts)
        case Links():
            return LinksBox(field, parts)
        case Shots():
            return ShotTable(field, parts)
        case Camera():
            return CameraMoves(field, parts)
        case Elements():
            return ElementRows(field, parts)
        case Clips():
            return ClipRows(field, parts)
        case Masks():
            return MotionBrush(field, parts)
        case Structured():
            return JsonBox(field, parts)
    raise TypeError(f"no control is made for {type(field).__name__}")
