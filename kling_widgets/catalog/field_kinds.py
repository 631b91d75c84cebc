"""Every kind of field as one closed union, so that mypy reports each ``match`` that lacks a kind."""

from __future__ import annotations

from typing import TypeAlias

from kling_widgets.catalog.fields import Choice, Flag, Number, Text
from kling_widgets.catalog.link_fields import Link, Links
from kling_widgets.catalog.shot_fields import Shots
from kling_widgets.catalog.structured_fields import Anything, CameraControl, Clips, Elements, Masks

AnyField: TypeAlias = (
    Text | Flag | Choice | Number | Link | Links | Shots | CameraControl | Elements | Clips | Masks | Anything
)
