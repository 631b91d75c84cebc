"""The catalog of models: the fields and limits of each, with their sources.

Sources: S the service's page (2026-06-24) · D documented elsewhere by the gateway, Tencent or Kling · R read in the
source code of the gateway's family · I inferred. The form, the option parser, the checks, the completions, the tables
of the README and the demo are all derived from this data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from kling_widgets.catalog.all_fields import DEFAULT_SECONDS, FIELDS, OPEN, PREFIX, D, S, field_of
from kling_widgets.catalog.field_kinds import AnyField
from kling_widgets.catalog.fields import FieldLimit, Number, Source
from kling_widgets.core.public import public
from kling_widgets.core.text import one_line


@dataclass(frozen=True, slots=True)
class Capability:
    """An ability of a model, and the source of this information."""

    name: str
    source: Source
    note: str = ""

    def __str__(self) -> str:
        return f"{self.name} (?)" if self.source is Source.OPEN else self.name


@dataclass(frozen=True, slots=True)
class Need:
    """A field that a model requires."""

    field: str
    source: Source
    message: str


# Whether a model makes sound: always, never, on request, or unknown because the sources contradict each other.
Sound = Literal["always", "never", "optional", "unknown"]


@dataclass(frozen=True)
class Model:
    """One model of the service: what it can do, and which fields it takes.

    Each limit names its source: S the service's page (2026-06-24), D documented elsewhere by the gateway, Tencent or
    Kling, R read in the source of the gateway's family, I inferred.

    Attributes:
        id: the service's id, such as "aigc-video-kling-2.6".
        title: the name for people, such as "Kling 2.6".
        capabilities: what it can do, each with its source.
        fields: the fields that it is documented to take, in the order of a form, each with the limits of this model.
        needs: the fields that must be set, each with its source.
        length: where the length of the clip comes from if not from ``seconds``, else "".
        scene: the work that it is made for, such as "lip sync", or "".
        native_resolutions: the resolutions that it makes itself; anything above is upscaled (D).
        sound: whether it makes sound: "always", "never", "optional" (if the field ``sound`` asks for it), or "unknown",
            if the sources contradict each other.
        known: False for a model that is newer than this catalog.

    Example:
        >>> model = kw.model("3.0")
        >>> model.title, model.sound, model.native_resolutions
        ('Kling 3.0', 'optional', ('720P', '1080P', '4K'))
        >>> [field.name for field in model.fields][:3]
        ['prompt', 'seconds', 'size']
    """

    id: str
    title: str
    capabilities: tuple[Capability, ...]
    fields: tuple[AnyField, ...]
    needs: tuple[Need, ...] = ()
    length: str = ""
    scene: str = ""
    native_resolutions: tuple[str, ...] = ("720P", "1080P")
    sound: Sound = "never"
    known: bool = True

    @property
    def name(self) -> str:
        """The part of the id after ``aigc-video-kling-``, such as "2.6"."""
        return self.id.removeprefix(PREFIX)

    @cached_property
    def by_name(self) -> Mapping[str, AnyField]:
        """The fields that the model is documented to take, by name."""
        return {field.name: field for field in self.fields}

    @property
    def others(self) -> tuple[AnyField, ...]:
        """The fields that are not documented for this model, but sent if set."""
        return tuple(field for name, field in FIELDS.items() if name not in self.by_name)

    def field(self, name: str) -> AnyField:
        """Return a field, with the limits of this model if it has any.

        Args:
            name: the name of the field, also one of ``others``.

        Raises:
            KeyError: there is no field with this name.

        Example:
            >>> kw.model("3.0").field("seconds").help
            'How long the clip is: 3 to 15 seconds (D); default 5 (S).'
        """
        if found := self.by_name.get(name) or field_of(name):
            return found
        raise KeyError(name)

    def can(self, capability: str) -> bool:
        """Return whether any source says that the model can do this.

        Args:
            capability: the name of one, such as "text", "first frame", "last frame", "references", "video in" or
                "sound".

        Example:
            >>> [model.name for model in kw.models() if model.can("multi-shot")]
            ['3.0']
        """
        return any(known.name == capability and known.source is not OPEN for known in self.capabilities)


_SHAPE = ("prompt", "seconds", "size", "aspect_ratio", "resolution")
_IMAGES = ("image", "image_tail", "image_list")
_FIVE_OR_TEN = (5, 10)
_THREE_TO_FIFTEEN = tuple(range(3, 16))
_MOTION = ("prompt", "seconds", "resolution", "image", "video_list", "dynamic_masks")

_TEXT = Capability("text", S)
_FIRST = Capability("first frame", S)
_LAST = Capability("last frame", S)
_LAST_1080P = Capability("last frame", S, "documented elsewhere at 1080P")
_REFERENCES = Capability("references", S)
_SOUND_1080P = "documented elsewhere at 1080P"
_PAGE_S_NINE = (FieldLimit(9, S),)
# Kling's own reference gives other limits for motion control than for other videos.
_DRIVING = {"video_list": "A public link to the driving video, an mp4 or mov of 3 to 30 s, at most 100 MB (D)."}
_SPEECH = {"voice_list": "A public link to an mp3, wav, m4a or aac of 2 to 300 s, at most 5 MB (D)."}
_LIPS = {"voice_list": "A public link to an mp3, wav, m4a or aac of 2 to 60 s, at most 5 MB (D)."}
_NEEDS_FIRST = Need("image", S, "This model starts from a picture: give a first frame (image).")


def _at_most(limits: tuple[FieldLimit, ...]) -> str:
    first, *others = limits
    more = "".join(f"; {limit.value} is documented elsewhere ({limit.source})" for limit in others)
    return f"at most {first.value} ({first.source}){more}"


def entry(
    name: str,
    title: str,
    fields: tuple[str, ...],
    capabilities: tuple[Capability, ...],
    *,
    seconds: tuple[int, ...] = (),
    ratios: tuple[str, ...] = (),
    sound: Sound = "never",
    sound_note: str = "",
    references: tuple[FieldLimit, ...] = _PAGE_S_NINE,
    videos: int = 1,
    sounds: int = 1,
    needs: tuple[Need, ...] = (),
    length: str = "",
    scene: str = "",
    native: tuple[str, ...] = ("720P", "1080P"),
    helps: Mapping[str, str] = MappingProxyType({}),
) -> Model:
    """Return a model with its own limits in its fields; controls, checks, completions and tables are derived from it.

    Args:
        name: its id without the prefix aigc-video-kling-.
        title: as in ``Model``.
        fields: the names of the documented fields, in the order of the form.
        capabilities: its abilities; the one for sound is added.
        seconds: the documented lengths; empty if the length follows its media.
        ratios: the documented aspect ratios (D), if they differ from those of the service's page.
        sound: as in ``Model``.
        sound_note: a note on its sound.
        references: the maximum number of pictures in ``image_list``, by the strictest source first.
        videos: the maximum number of clips in ``video_list`` (D).
        sounds: the maximum number of sounds in ``voice_list`` (D).
        needs, length, scene, native: as in ``Model``.
        helps: the help of fields that have another meaning with this model.
    """
    own: dict[str, AnyField] = {}

    def adapt(field: str, **changes: object) -> None:
        own[field] = replace(own.get(field) or FIELDS[field], **changes)  # type: ignore[arg-type]

    if seconds:
        adapt("seconds", usual=seconds)
        number = own["seconds"]
        assert isinstance(number, Number)
        adapt("seconds", help=f"How long the clip is: {number.usual_words()} (D); default {DEFAULT_SECONDS} (S).")
    if length:
        adapt("seconds", help=f"The length {length} (D); default {DEFAULT_SECONDS} (S).")
    if ratios:
        outside = f"{', '.join(ratios)} are documented for {title}; {{value}} may be refused or changed."
        adapt("aspect_ratio", choices=ratios, outside=outside)
    if sound == "always":
        adapt("sound", choices=(True,), help="This model always makes sound (D).")
    if references != _PAGE_S_NINE:
        adapt("image_list", limits=references, help=f"Pictures of what should appear, {_at_most(references)}.")
    for field, most in (("video_list", videos), ("voice_list", sounds)):
        if most > 1:
            kinds = FIELDS[field].help.partition(" to an ")[2]
            adapt(field, at_most=most, help=f"Up to {most} public links, each to an {kinds}")
    for field, text in helps.items():
        adapt(field, help=text)
    known = {"always": Capability("sound", D, "always"), "optional": Capability("sound", D, sound_note),
             "unknown": Capability("sound", OPEN, "sources contradict each other")}.get(sound)  # fmt: skip
    return Model(
        id=PREFIX + name,
        title=title,
        capabilities=capabilities if known is None else (*capabilities, known),
        fields=tuple(own.get(field) or FIELDS[field] for field in fields),
        needs=needs,
        length=length,
        scene=scene,
        native_resolutions=native,
        sound=sound,
    )


MODELS: Mapping[str, Model] = {
    model.id: model
    for model in (
        entry(
            "1.6",
            "Kling 1.6",
            (*_SHAPE, *_IMAGES, "camera_control"),
            (_TEXT, _FIRST, _LAST_1080P, _REFERENCES),
            seconds=_FIVE_OR_TEN,
            references=(FieldLimit(9, S), FieldLimit(4, D)),
        ),
        entry(
            "2.0",
            "Kling 2.0",
            (*_SHAPE, *_IMAGES, "camera_control"),
            (_TEXT, _FIRST, _LAST, _REFERENCES),
            seconds=_FIVE_OR_TEN,
        ),
        entry(
            "2.1",
            "Kling 2.1",
            (*_SHAPE, *_IMAGES, "camera_control"),
            (_TEXT, _FIRST, _LAST_1080P, _REFERENCES),
            seconds=_FIVE_OR_TEN,
        ),
        entry(
            "2.5-turbo",
            "Kling 2.5 Turbo",
            (*_SHAPE, *_IMAGES, "camera_control"),
            (_TEXT, _FIRST, _LAST_1080P, _REFERENCES),
            seconds=_FIVE_OR_TEN,
        ),
        entry(
            "2.6",
            "Kling 2.6",
            (*_SHAPE, "sound", *_IMAGES, "video_list", "voice_list", "camera_control"),
            (_TEXT, _FIRST, _LAST, _REFERENCES, Capability("video in", S)),
            seconds=_FIVE_OR_TEN,
            sound="optional",
            sound_note=_SOUND_1080P,
        ),
        entry(
            "2.6-motion-control",
            "Kling 2.6 Motion Control",
            _MOTION,
            (_FIRST, Capability("video in", D, "a driving video"), Capability("motion control", S)),
            needs=(_NEEDS_FIRST,),
            length="follows the driving video",
            scene="motion control",
            helps=_DRIVING,
        ),
        entry(
            "3.0",
            "Kling 3.0",
            (
                *_SHAPE,
                "sound",
                *_IMAGES,
                "voice_list",
                "multi_shots",
                "shot_type",
                "multi_prompt",
                "kling_elements",
                "camera_control",
            ),
            (_TEXT, _FIRST, _LAST, _REFERENCES, Capability("multi-shot", D)),
            seconds=_THREE_TO_FIFTEEN,
            sound="optional",
            native=("720P", "1080P", "4K"),
        ),
        entry(
            "3.0-turbo",
            "Kling 3.0 Turbo",
            (*_SHAPE, "image", "image_list", "camera_control"),
            (_TEXT, _FIRST, _REFERENCES),
            seconds=_THREE_TO_FIFTEEN,
            sound="unknown",
        ),
        entry(
            "3.0-motion-control",
            "Kling 3.0 Motion Control",
            _MOTION,
            (_FIRST, Capability("video in", D, "a driving video"), Capability("motion control", S)),
            needs=(_NEEDS_FIRST,),
            length="follows the driving video",
            scene="motion control",
            helps=_DRIVING,
        ),
        entry(
            "o1",
            "Kling O1",
            (*_SHAPE, "image", "image_list", "video_list", "kling_elements", "camera_control"),
            (_TEXT, _FIRST, _REFERENCES, Capability("video in", S, "one; the price differs with it")),
            seconds=tuple(range(3, 11)),
            references=(FieldLimit(9, S), FieldLimit(7, D)),
            sound="unknown",
        ),
        entry(
            "avatar",
            "Kling Avatar",
            ("prompt", "seconds", "resolution", "image", "voice_list"),
            (_FIRST, Capability("voice", S), Capability("avatar", S)),
            needs=(_NEEDS_FIRST, Need("voice_list", D, "An avatar speaks a sound: give one (voice_list).")),
            length="follows the sound",
            scene="avatar",
            helps=_SPEECH,
        ),
        entry(
            "identifyface",
            "Kling Identifyface",
            ("prompt", "seconds", "resolution", "image", "voice_list", "session_id", "face_choose"),
            (Capability("first frame", S, "a picture of the face"), Capability("voice", S), Capability("lip sync", S)),
            needs=(Need("voice_list", D, "Lip sync speaks a sound: give one (voice_list)."),),
            length="follows the picture or video and the sound",
            scene="lip sync",
            helps=_LIPS,
        ),
    )
}
# The model of %kling if none is named: it takes text, frames, references, video and sound, and is the page's example.
DEFAULT_MODEL = MODELS[PREFIX + "2.6"]


@public
def models() -> tuple[Model, ...]:
    """Return the twelve models of the service that this version knows, oldest line first.

    They are those of the service's page of 2026-06-24. A newer model can be used by its id.

    Returns:
        A tuple of ``Model``, which has ``id``, ``title``, ``capabilities`` and ``fields``.

    Example:
        >>> [model.name for model in kw.models()][:5]
        ['1.6', '2.0', '2.1', '2.5-turbo', '2.6']
    """
    return tuple(MODELS.values())


def unknown_model(model_id: str) -> Model:
    """Return a model for an id that the catalog does not know; it accepts every field."""
    return Model(
        id=model_id,
        title=one_line(model_id.replace(PREFIX, "Kling ", 1), 100) or "No model",
        capabilities=(_TEXT, _FIRST, _LAST, _REFERENCES),
        fields=tuple(FIELDS.values()),
        sound="unknown",
        known=False,
    )
