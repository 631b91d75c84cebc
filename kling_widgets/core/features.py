"""What models are told apart by: each feature with the fields that set it and the capability that the catalog names.

The table of models, the comparison and the words of what a model gains are made of these.
"""

from __future__ import annotations

from dataclasses import dataclass

from kling_widgets.core.catalog import Capability, Model
from kling_widgets.core.fields import Links, Number, Source


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that one model can do, or takes, and another does not.

    Attributes:
        title: a word or two, such as a column has.
        fields: the fields that set it.
        capability: what the catalog calls it among a model's capabilities, or "".
        gained: what one has who has it, where the title alone would not say it.
    """

    title: str
    fields: tuple[str, ...] = ()
    capability: str = ""
    gained: str = ""

    def __str__(self) -> str:
        return self.gained or self.title

    def of(self, model: Model) -> Capability | None:
        """How it is known that the model has it; None when it is not offered. Which of the line's fields a model takes
        the service's page does not say (D), unless it names what they are for."""
        if known := next((each for each in model.capabilities if each.name == self.capability), None):
            return known
        return Capability(self.title, Source.DOCUMENTED) if any(name in model.by_name for name in self.fields) else None


# The columns of the table of models.
FEATURES = (
    Feature("text", capability="text", gained="video from text alone"),
    Feature("first frame", ("image",), "first frame"),
    Feature("last frame", ("image_tail",), "last frame"),
    Feature("references", ("image_list",), "references"),
    Feature("video in", ("video_list",), "video in"),
    Feature("sound", ("sound",), "sound"),
    Feature("voice", ("voice_list",), "voice"),
    Feature("multi-shot", ("multi_shots", "shot_type", "multi_prompt"), "multi-shot", gained="shots"),
    Feature("camera", ("camera_control",)),
    Feature("motion brush", ("dynamic_masks", "motion_brush"), "motion control"),
    Feature("elements", ("kling_elements",)),
)
# What nearly all models share, or what stands in a column of another kind.
MORE = (
    Feature("size", ("size",)),
    Feature("shape", ("aspect_ratio",)),
    Feature("lip sync", ("session_id", "face_choose"), "lip sync"),
    Feature("avatar", capability="avatar"),
)


def most_references(model: Model) -> int | None:
    """How many references the strictest source allows; None where none are offered."""
    field = model.by_name.get("image_list")
    return min(limit.value for limit in field.limits) if isinstance(field, Links) else None


def usual_seconds(model: Model) -> tuple[int, ...]:
    """The lengths that it is documented for; empty where the length comes from elsewhere, or is not documented."""
    field = model.by_name.get("seconds")
    return field.usual if isinstance(field, Number) and not model.length else ()


def length(model: Model) -> str:
    """How long a clip can be, in words: "5 or 10 seconds", "follows the sound"."""
    field = model.field("seconds")
    if model.length:
        return model.length
    return field.usual_words() if isinstance(field, Number) and field.usual else "not documented"
