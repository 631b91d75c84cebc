"""The scenes: work for which a model is made, what it needs and in which order. Data, each fact with its source."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One thing to give.

    Attributes:
        fields: any of these does it.
        what: what it is for, in words.
        needed: whether the work cannot be done without.
        also: other names that do it, for which the models have no control.
        missing: what it means if none of the fields is set, where no other rule says it; or "".
        hint: what to do then.
    """

    fields: tuple[str, ...]
    what: str
    needed: bool = True
    also: tuple[str, ...] = ()
    missing: str = ""
    hint: str = ""

    def done(self, values: Container[str]) -> bool:
        """Whether one of the names that are set does it."""
        return any(name in values for name in (*self.fields, *self.also))


@dataclass(frozen=True)
class Workflow:
    """A kind of work.

    Attributes:
        purpose: what comes out, in a sentence.
        steps: what to give, in order.
        length: where the clip's length comes from.
        elsewhere: what the service does not offer, and what to do; or "".
    """

    purpose: str
    steps: tuple[Step, ...]
    length: str
    elsewhere: str = ""


_IDENTIFICATION = "It comes from a face identification, which this service does not offer here."

SCENES: Mapping[str, Workflow] = {
    "motion control": Workflow(
        "The subject of a picture moves as a video or a painted path says.",
        (
            Step(("image",), "First frame: the picture whose subject is to move.", also=("images",)),  # S
            Step(
                ("video_list", "dynamic_masks"),
                # the video D, the regions S
                "The motion: a link to a driving video, or regions painted on the picture with their paths.",
                also=("motion_brush",),
                missing="Nothing says how the subject moves.",
                hint="Give a driving video (video_list), or paint regions with paths (dynamic_masks).",
            ),
            Step(("prompt",), "Prompt: what happens, and what surrounds it."),
        ),
        "With a driving video the clip is as long as that; seconds are for a painted path.",  # D
    ),
    "avatar": Workflow(
        "A person in a picture speaks what a sound file says.",
        (
            Step(("image",), "First frame: the person, the face well seen.", also=("images",)),  # S
            Step(("voice_list",), "Voice: a public link to the sound, 2 to 300 s."),  # S; the length D
            Step(("prompt",), "Prompt: how the person speaks and moves.", needed=False),
        ),
        "The clip is as long as the sound.",  # D
    ),
    "lip sync": Workflow(
        "A face that was identified before moves its lips to a sound.",
        (
            Step(("image",), "First frame: the picture of the face.", also=("images",)),  # S
            Step(("voice_list",), "Voice: a public link to the sound, 2 to 60 s."),  # S; the length D
            Step(
                ("session_id",),
                "Session: the number of the face identification; it expires.",  # S
                missing="Without session_id the service may refuse lip sync.",
                hint=_IDENTIFICATION,
            ),
            Step(
                ("face_choose",),
                "Face: which of the faces that were found.",  # S
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
