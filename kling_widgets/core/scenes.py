"""The scenes: work for which a model is made, what it needs and in which order. Data, each fact with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One thing to give.

    Attributes:
        fields: any of these does it.
        what: what it is for, in words.
        needed: whether the work cannot be done without.
        missing: what it means if none of the fields is set, where no other rule says it; or "".
        hint: what to do then.
    """

    fields: tuple[str, ...]
    what: str
    needed: bool = True
    missing: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Scene:
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

SCENES: Mapping[str, Scene] = {
    "motion control": Scene(
        "The subject of a picture moves as a video or a painted path says.",
        (
            Step(("image", "images"), "First frame: the picture whose subject is to move."),  # S
            Step(
                ("video_list", "dynamic_masks", "motion_brush"),
                # the video D, the regions S
                "The motion: a link to a driving video, or regions painted on the picture with their paths.",
                missing="Nothing says how the subject moves.",
                hint="Give a driving video (video_list), or paint regions with paths (dynamic_masks).",
            ),
            Step(("prompt",), "Prompt: what happens, and what surrounds it."),
        ),
        "With a driving video the clip is as long as that; seconds are for a painted path.",  # D
    ),
    "avatar": Scene(
        "A person in a picture speaks what a sound file says.",
        (
            Step(("image", "images"), "First frame: the person, the face well seen."),  # S
            Step(("voice_list",), "Voice: a public link to the sound, 2 to 300 s."),  # S; the length D
            Step(("prompt",), "Prompt: how the person speaks and moves.", needed=False),
        ),
        "The clip is as long as the sound.",  # D
    ),
    "lip sync": Scene(
        "A face that was identified before moves its lips to a sound.",
        (
            Step(("image", "images"), "First frame: the picture of the face."),  # S
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
