"""Every field of a request, declared once, with the limits of each and their sources."""

from __future__ import annotations

from collections.abc import Mapping

from kling_widgets.catalog.field_kinds import AnyField
from kling_widgets.catalog.fields import Choice, FieldLimit, Flag, Number, Source, Text
from kling_widgets.catalog.link_fields import Link, Links
from kling_widgets.catalog.reference_fields import References
from kling_widgets.catalog.shot_fields import Shots
from kling_widgets.catalog.structured_fields import Anything, CameraControl, Clips, Elements, Masks

S, D, R, OPEN = Source.SERVICE, Source.DOCUMENTED, Source.READ, Source.OPEN

PREFIX = "aigc-video-kling-"
PRICING = "The service's Pricing page says which specs and prices a model really has."
# The service's default (S). It is sent even if not set, as a related service makes and bills 4 seconds by default.
DEFAULT_SECONDS = 5

FRAMES, REFERENCES, SHOTS, CAMERA = "Frames", "References", "Shots", "Camera"
MOTION, MEDIA, ELEMENTS, LIPS = "Motion brush", "Video and voice", "Elements", "Lip sync"


def _resolution(text: str) -> str:
    return text.upper()


def _size(text: str) -> str:
    return text.lower().replace("×", "x").replace("*", "x").replace(" ", "")


def _ratio(text: str) -> str:
    return text.replace("：", ":").replace(" ", "")


# Every field of this line of models, in the order of the service's page.
FIELDS: Mapping[str, AnyField] = {
    field.name: field
    for field in (
        Text(
            name="prompt",
            label="Prompt",
            help="What happens in the video, up to 2500 characters (D).",
            example="a paper boat in the rain",
            in_metadata=False,
            at_most=FieldLimit(2500, D),
            long=True,
        ),
        Number(
            name="seconds",
            label="Seconds",
            help="How long the clip is; the service's default is 5 (S).",
            example="5",
            aliases=("duration",),
            in_metadata=False,
            low=1,
            high=60,
            unit="seconds",
        ),
        Choice(
            name="size",
            label="Size",
            help="Width and height in pixels; the shape follows from it (S).",
            example="1280x720",
            in_metadata=False,
            # The page names the first two; the stock gateway knows the others (R).
            choices=("1280x720", "720x1280", "1920x1080", "1080x1920", "1024x1024", "512x512"),
            shape=r"[1-9]\d{1,4}x[1-9]\d{1,4}",
            example_shape="width x height, such as 1280x720",
            outside="The gateway is known to make the clip square for any other size; it does not know {value}.",
            tidy=_size,
        ),
        Choice(
            name="aspect_ratio",
            label="Shape",
            help="Width to height. With a first frame the clip keeps the picture's shape (D).",
            example="16:9",
            choices=("16:9", "9:16", "1:1"),
            shape=r"[1-9]\d{0,2}:[1-9]\d{0,2}",
            example_shape="width:height, such as 16:9",
            outside="The service names 16:9, 9:16 and 1:1; {value} may be refused or changed.",
            tidy=_ratio,
        ),
        Choice(
            name="resolution",
            label="Resolution",
            help="The resolution of the clip; above a model's own 720P and 1080P it is upscaled (D).",
            example="720P",
            choices=("720P", "1080P", "2K", "4K"),
            shape=r"[1-9]\d{2,3}P|[1-9]K",
            example_shape="like 720P or 4K",
            outside="The service names 720P, 1080P, 2K and 4K; {value} may be refused or changed.",
            tidy=_resolution,
        ),
        Flag(name="sound", label="Sound", help="Whether the clip has sound.", example="off"),
        Link(
            name="image",
            label="First frame",
            help="The picture that the clip begins with: a link, or a png or jpeg file.",
            example="https://example.com/first.png",
            section=FRAMES,
            in_metadata=False,
        ),
        Link(
            name="image_tail",
            label="Last frame",
            help="The picture that the clip ends with, under 5 MB; it needs a first frame (D).",
            example="https://example.com/last.png",
            section=FRAMES,
            aliases=("last_frame_url",),
        ),
        References(
            name="image_list",
            label="References",
            help="Pictures of what should appear, at most 9 (S).",
            example="https://example.com/ref-1.png",
            section=REFERENCES,
            limits=(FieldLimit(9, S),),
        ),
        Flag(
            name="multi_shots",
            label="Several shots",
            help="Whether the clip consists of several shots.",
            example="on",
            section=SHOTS,
            aliases=("multi_shot",),
        ),
        Choice(
            name="shot_type",
            label="Shot type",
            help="customize: you define the shots. intelligence: the model does (D).",
            example="customize",
            section=SHOTS,
            choices=("customize", "intelligence"),
            shape=r"\w[\w-]*",
            example_shape="one word, customize or intelligence",
            outside="customize and intelligence are documented, {value} is not.",
            tidy=str.lower,
        ),
        Shots(
            name="multi_prompt",
            label="Shots",
            help="1 to 6 shots of up to 512 characters, whose seconds add up to the clip (D).",
            example='[{"index": 1, "prompt": "a boat", "duration": "5"}]',
            section=SHOTS,
        ),
        Elements(
            name="kling_elements",
            label="Elements",
            help="At most 3, named in the prompt as <<<element_1>>>; not together with a voice (D).",
            example='[{"element_id": "123"}]',
            section=ELEMENTS,
            aliases=("element_list",),
        ),
        CameraControl(
            name="camera_control",
            label="Camera",
            help="A named move, or simple with one axis from -10 to 10 (D).",
            example='{"type": "simple", "config": {"pan": 4}}',
            section=CAMERA,
        ),
        Masks(
            name="dynamic_masks",
            label="Motion brush",
            help="At most 6 painted regions with a path each, in pixels from the bottom left of the first frame (D).",
            example='[{"mask_url": "https://example.com/m.png", "trajectories": [{"x": 1, "y": 1}, {"x": 9, "y": 9}]}]',
            section=MOTION,
        ),
        Clips(
            name="video_list",
            label="Video",
            help="One public link to an mp4 or mov of 3 to 10 s, at most 200 MB (D).",
            example="https://example.com/reference.mp4",
            section=MEDIA,
            media="video",
            at_most=1,
        ),
        Clips(
            name="voice_list",
            label="Voice",
            help="A public link to an mp3, wav, m4a or aac of 2 to 60 s (an avatar: 300 s), at most 5 MB (D).",
            example="https://example.com/voice.wav",
            section=MEDIA,
            media="audio",
            at_most=1,
        ),
        Text(
            name="session_id",
            label="Session",
            help="From a face identification that happens elsewhere; it expires (S).",
            example="SESSION_ID",
            section=LIPS,
        ),
        Anything(
            name="face_choose",
            label="Face",
            help="The face that speaks, from the identification: text, or a list of objects (S, D).",
            example="FACE_ID",
            section=LIPS,
        ),
        Anything(
            name="motion_brush",
            label="Motion brush, raw",
            help="Named on the service's page, its structure is not documented; it is sent as given.",
            example='{"any": "JSON"}',
            section=MOTION,
        ),
    )
}

# The first frame, and a picture that the page calls the last frame *or* a reference. If the model has no last frame,
# the service decides, so such a list is sent as it was given. This field has no control of its own.
IMAGES = Links(
    name="images",
    label="First and second picture",
    help="The first frame, and a second picture: the last frame, or a reference where the model has no last frame (S).",
    example="https://example.com/first.png",
    section=FRAMES,
    in_metadata=False,
    limits=(),
)


def field_of(name: str) -> AnyField | None:
    """Return the field of this name, including ``images``, or None."""
    return IMAGES if name == IMAGES.name else FIELDS.get(name)


# Keys of metadata that could override the body in the gateway (R), and so change what is billed.
FORBIDDEN_METADATA = ("model", "model_name", "seconds", "duration")
