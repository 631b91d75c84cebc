"""The workflows for which some models are made, with their steps in order, as data; each fact with its source."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Step:
    """One input of a workflow.

    Attributes:
        fields: the fields that provide it; one of them is enough.
        what: its name and purpose, in words.
        need: "off" if a form does not submit without it, "ask" if the user is asked "Send anyway?", "" if it is
            optional. A program may send a request without it, as our sources may be older than the service.
        noun: what to add, for the button of a form: "a picture"; only for "off".
        also: other fields that provide it, but have no control in a form.
        missing: the warning if no field is set, unless another rule reports that; or "".
        hint: what to do then.
    """

    fields: tuple[str, ...]
    what: str
    need: Literal["off", "ask", ""] = "ask"
    noun: str = ""
    also: tuple[str, ...] = ()
    missing: str = ""
    hint: str = ""

    def done(self, values: Container[str]) -> bool:
        """Return whether one of the fields that are set provides this input."""
        return any(name in values for name in (*self.fields, *self.also))


@dataclass(frozen=True)
class Workflow:
    """A special purpose of a model, and its inputs.

    Attributes:
        purpose: the result, in a sentence.
        steps: the inputs, in order.
        length: a sentence on the length of the clip.
        elsewhere: a step that the service does not offer, and what to do; or "".
    """

    purpose: str
    steps: tuple[Step, ...]
    length: str
    elsewhere: str = ""


def missing_steps(scene: str, values: Container[str]) -> tuple[Step, ...]:
    """Return the steps that are not optional, and that the set fields do not provide.

    Args:
        scene: the workflow of the model; "" has no steps.
        values: the names of the fields that are set.
    """
    steps = SCENES[scene].steps if scene else ()
    return tuple(step for step in steps if step.need and not step.done(values))


_IDENTIFICATION = "It comes from a face identification, which this service does not offer here."

SCENES: Mapping[str, Workflow] = {
    "motion control": Workflow(
        "The subject of a picture moves as in a video or along a painted path.",
        (
            # Pictures S
            Step(("image",), "First frame: the picture whose subject is to move.", "off", "a picture", ("images",)),
            Step(
                ("video_list", "dynamic_masks"),
                # the video D, the regions S
                "The motion: a link to a driving video, or regions painted on the picture with their paths.",
                also=("motion_brush",),
                missing="Nothing defines how the subject moves.",
                hint="Give a driving video (video_list), or paint regions with paths (dynamic_masks).",
            ),
            Step(("prompt",), "Prompt: what happens, and what surrounds it."),
        ),
        "With a driving video, the clip is as long as the video; seconds apply to a painted path.",  # D
    ),
    "avatar": Workflow(
        "A person in a picture speaks the words of a sound file.",
        (
            # Picture and sound S, the length D
            Step(("image",), "First frame: the person, with a clearly visible face.", "off", "a picture", ("images",)),
            Step(("voice_list",), "Voice: a public link to the sound, 2 to 300 s.", "off", "a sound"),
            Step(("prompt",), "Prompt: how the person speaks and moves."),
        ),
        "The clip is as long as the sound.",  # D
    ),
    "lip sync": Workflow(
        "A face that was identified beforehand moves its lips to a sound.",
        (
            # Picture and sound S, the length D
            Step(("image",), "First frame: the picture of the face.", "off", "a picture", ("images",)),
            Step(("voice_list",), "Voice: a public link to the sound, 2 to 60 s.", "off", "a sound"),
            Step(("prompt",), "Prompt: a description; the gateway is known to refuse an empty one."),
            Step(
                ("session_id",),
                "Session: the id of the face identification; it expires.",  # S
                missing="Without session_id the service may refuse lip sync.",
                hint=_IDENTIFICATION,
            ),
            Step(
                ("face_choose",),
                "Face: one of the faces that were found.",  # S
                missing="Without face_choose the service may refuse lip sync.",
                hint=_IDENTIFICATION,
            ),
        ),
        "The clip is as long as the media.",  # D
        # S: "from a face identification that happens elsewhere; without both the upstream may refuse"
        "This service identifies no faces: run the identification where you have access to it, and bring its session "
        "and face here soon. Without both the service may refuse the request.",
    ),
}
