"""Features by which models differ, each with its fields and the catalog's name of the capability.

The table of models and the comparison of models are built from them.
"""

from __future__ import annotations

from dataclasses import dataclass

from kling_widgets.catalog.fields import Choice, Number, Source
from kling_widgets.catalog.link_fields import Links
from kling_widgets.catalog.models import Capability, Model
from kling_widgets.catalog.structured_fields import Clips


@dataclass(frozen=True, slots=True)
class Feature:
    """A capability or an input that some models have and others lack.

    Attributes:
        title: one or two words, used as the heading of a column.
        fields: the fields that set it.
        capability: its name among a model's capabilities in the catalog, or "".
        gained: its name in a comparison, if the title alone would be unclear.
    """

    title: str
    fields: tuple[str, ...] = ()
    capability: str = ""
    gained: str = ""

    def __str__(self) -> str:
        return self.gained or self.title

    def capability_of(self, model: Model) -> Capability | None:
        """Return the model's capability with its source, or None if the model does not offer this feature.

        The service's page does not say which fields each model takes, unless it names the capability. A feature that is
        known only from the model's fields is therefore marked as documented elsewhere (D).
        """
        if known := next((each for each in model.capabilities if each.name == self.capability), None):
            return known
        return Capability(self.title, Source.DOCUMENTED) if any(name in model.by_name for name in self.fields) else None

    def has(self, model: Model) -> bool:
        """Return whether the model has this feature, according to sources that do not contradict each other."""
        known = self.capability_of(model)
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
# Features that nearly all models share, or that the table shows in another way.
MINOR_FEATURES = (
    Feature("size", ("size",)),
    Feature("shape", ("aspect_ratio",)),
    Feature("lip sync", ("session_id", "face_choose"), "lip sync"),
    Feature("avatar", capability="avatar"),
)


def max_items(model: Model, name: str) -> int | None:
    """Return how many items a media list may have according to the strictest source, or None if it is not offered."""
    match model.by_name.get(name):
        case Links(limits=limits):
            return min(limit.value for limit in limits)
        case Clips(at_most=at_most):
            return at_most
    return None


def ratios(model: Model) -> tuple[str, ...]:
    """Return the documented aspect ratios of a model; empty if its clips take the shape of the picture."""
    field = model.by_name.get("aspect_ratio")
    return field.choices if isinstance(field, Choice) else ()


def usual_seconds(model: Model) -> tuple[int, ...]:
    """Return the documented lengths of a model; empty if the length follows its media or is not documented."""
    field = model.by_name.get("seconds")
    return field.usual if isinstance(field, Number) and not model.length else ()


def length(model: Model) -> str:
    """Return the possible lengths of a clip in words: "5 or 10 seconds", "follows the sound"."""
    field = model.field("seconds")
    if model.length:
        return model.length
    return field.usual_words() if isinstance(field, Number) and field.usual else "not documented"
