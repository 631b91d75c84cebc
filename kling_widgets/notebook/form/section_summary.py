"""Short summaries of field values for the title of a section: "2 of 9", "3, 9 of 10 s", "pan +4"."""

from __future__ import annotations

from kling_widgets.catalog.fields import Field
from kling_widgets.catalog.link_fields import Links
from kling_widgets.catalog.shot_fields import Shots, duration_of
from kling_widgets.catalog.structured_fields import CameraControl, Clips, Elements, Masks
from kling_widgets.request.request import VideoRequest


def section_summary(field: Field, request: VideoRequest) -> str:
    """Return a summary of the field's value in the request; "" if the other fields of its section imply it."""
    match field, request.get(field.name):
        case Links(limits=limits), list(links):
            return f"{len(links)} of {limits[0].value}"
        case Shots(), list(shots):
            seconds = sum(duration_of(shot) or 0 for shot in shots)
            return f"{len(shots)}, {seconds} of {request.get('seconds', 5)} s"
        case Masks() | Elements(), list(items):
            return f"{len(items)} of {field.at_most}"
        case Clips(), list(items):
            return f"{len(items)} of {field.at_most}" if field.at_most > 1 else field.label.lower()
        case CameraControl(), {"type": "simple", "config": {**axes}} if len(axes) == 1:
            (axis, amount), *_ = axes.items()
            return f"{axis} {amount:+}" if isinstance(amount, (int, float)) else str(axis)
        case CameraControl(), {"type": str(move)}:
            return move.replace("_", " ")
        case _, bool() if field.name == "multi_shots":
            return ""
        case _, "customize" | "intelligence" as kind:
            return kind if request.get("multi_prompt") is None else ""
    return field.label.lower()
