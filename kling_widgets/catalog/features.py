"""What models are told apart by: each feature with the fields that set it and the capability that the catalog names.

The table of models, the comparison and the words of what a model gains are made of these.
"""

from __future__ import annotations

from dataclasses import dataclass

from kling_widgets.catalog.fields import Choice, Number, Source
from kling_widgets.catalog.link_fields import Links
from kling_widgets.catalog.models import Capability, Model
from kling_widgets.catalog.structured_fields import Clips


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
        """How it is known whether the model has it; None when it is not offered. The service's page does not say which
        of the line's fields a model takes (D), unless it names what they are for."""
        if known := next((each for each in model.capabilities if each.name == self.capability), None):
            return known
        return Capability(self.title, Source.DOCUMENTED) if any(name in model.by_name for name in self.fields) else None

    def has(self, model: Model) -> bool:
        """Whether the model has it, by a source that no other one contradicts."""
        known = self.of(model)
        return known is not None and known.source is not Source.OPEN


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


def most(model: Model, name: str) -> int | None:
    """How many items of a list of media the strictest source allows; None where it is not offered."""
    match model.by_name.get(name):
        case Links(limits=limits):
            return min(limit.value for limit in limits)
        case Clips(at_most=at_most):
            return at_most
    return None


def ratios(model: Model) -> tuple[str, ...]:
    """The shapes that are documented for it; empty where it takes that of its picture."""
    field = model.by_name.get("aspect_ratio")
    return field.choices if isinstance(field, Choice) else ()


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
