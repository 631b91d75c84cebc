"""What is wrong between fields: each rule is a function of the model and the values, and one entry of ``RULES``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from kling_widgets.catalog.all_fields import DEFAULT_SECONDS, FIELDS, FORBIDDEN_METADATA, IMAGES, PRICING
from kling_widgets.catalog.model_names import ALIASES, FRAME_LISTS, left_open
from kling_widgets.catalog.models import Model
from kling_widgets.catalog.shot_fields import duration_of, joined_prompt, texts_of
from kling_widgets.catalog.workflows import SCENES
from kling_widgets.core.json_values import JSON, paths_in, shorten
from kling_widgets.core.key_patterns import looks_like_key, may_hold_key, other_key_owner, was_masked
from kling_widgets.core.problem import Problem

Values = Mapping[str, JSON]
Rule = Callable[[Model, Values], Iterator[Problem]]


def _warning(field: str, message: str, hint: str = "", fix: Values = MappingProxyType({})) -> Problem:
    return Problem("warning", field, message, hint, fix)


def leftovers(model: Model, values: Values) -> Iterator[Problem]:
    """Names that came beside a field they contradict, and metadata that the service would read in another way."""
    for name, value in values.items():
        if name in ALIASES:
            field = ALIASES[name]
            said = f"{field} and {name} are the same field, but {shorten(values[field])} and {shorten(value)} differ."
            yield Problem("error", field, said, "Keep one.")
        elif name == IMAGES.name and left_open(model, value) and not {"image", "image_tail"} & values.keys():
            yield from _undecided(model, value)
        elif name in FRAME_LISTS:
            yield _frames_problem(name, value)
    metadata = values.get("metadata", {})
    if not isinstance(metadata, dict):
        yield Problem("error", "metadata", f"metadata is an object of names and values, not {shorten(metadata)}.")
        return
    for name, value in metadata.items():
        known = ALIASES.get(name, name)
        if name in FORBIDDEN_METADATA:
            said = f"metadata.{name} could override what the request says, and so what is billed."
            yield Problem("error", "metadata", said, f"Set {'the model' if 'model' in name else 'seconds'} instead.")
        elif name in FRAME_LISTS:
            yield _frames_problem(name, value)
        elif known in FIELDS:
            said = f"{known} is given twice, as {shorten(values[known])} and as {shorten(value)}."
            yield Problem("error", known, said, "Keep one.")
        else:
            yield _warning("metadata", f"The service does not document metadata.{name}.", "It is sent as it is.")
    if any(paths_in(metadata)):
        yield Problem("error", "metadata", "A file in metadata cannot be uploaded.", "Give its http(s) link.")


def _undecided(model: Model, links: list[JSON]) -> Iterator[Problem]:
    """A list of pictures that is sent as it was given."""
    for problem in IMAGES.check(links):
        yield Problem(problem.severity, "image", problem.message, problem.hint)
    if len(links) > 2:
        said = (
            f"images takes a first frame and one more picture, not {len(links)}; some services take references there."
        )
        yield _warning("image", said, "It is sent as it is. References have a field of their own (image_list).")
    else:
        said = (
            f"{model.title} has no last frame: whether the second of images is one or a reference the service decides."
        )
        yield _warning("image", said, "It is sent as it is. image_tail or image_list says which.")


def _has_first(values: Values) -> bool:
    """Whether there is a first frame."""
    return "image" in values or "images" in values


def _frames_problem(name: str, value: JSON) -> Problem:
    if isinstance(value, list) and len(value) > 2 and name != IMAGES.name:
        return Problem("error", "image", f"{name} takes the first and the last frame, not {len(value)} pictures.")
    return Problem("error", "image", f"{name} contradicts image or image_tail, or is not a list of links.", "Keep one.")


# Where people type; what else is opaque, as an id of the service's, may look like anything.
_TYPED = ("prompt", "multi_prompt", "metadata")


def keys(model: Model, values: Values) -> Iterator[Problem]:
    """A key in a value would be sent, shown and saved."""
    given = {"model": model.id, **values}
    if not may_hold_key(given):
        return
    for name, value in given.items():
        if looks_like_key(value):
            yield Problem("error", name, f"Something that looks like an API key stands in {name}.", "Take it out.")
        elif was_masked(value):
            said = f"What looked like an API key was taken out of {name}: sk-… stands in its place."
            yield Problem("error", name, said, "Take that out, too.")
    for name in _TYPED:
        if owner := other_key_owner(values.get(name)):
            said = f"What looks like a key of {owner} stands in {name}: it is sent and saved as it is."
            yield _warning(name, said, "Take it out.")


def needed(model: Model, values: Values) -> Iterator[Problem]:
    """A prompt, and what the model cannot do without."""
    pictures = _has_first(values) or "image_list" in values or "video_list" in values
    if "prompt" not in values and not joined_prompt(values.get("multi_prompt")):
        if model.can("text") and not pictures:
            yield Problem("error", "prompt", "Without a picture the service needs a prompt.", "Say what happens.")
        else:
            yield _warning("prompt", "The prompt is empty; the gateway is known to refuse that.", "Say what happens.")
    for need in model.needs:
        if need.field not in values and not (need.field == "image" and _has_first(values)):
            yield Problem(need.source.severity, need.field, need.message)


def offered(model: Model, values: Values) -> Iterator[Problem]:
    """Fields of the line that this model is not documented to take."""
    if not model.known:
        return
    for name in values:
        if name in FIELDS and name not in model.by_name:
            doubt = "The sources contradict each other. " if name == "sound" and model.sound == "unknown" else ""
            said = f"{name} is not documented for {model.title}."
            yield Problem("warning", name, said, f"{doubt}It is sent as it is.", {name: None}, asks=not doubt)


def shape(model: Model, values: Values) -> Iterator[Problem]:
    """Size, ratio and a first frame all decide the clip's shape."""
    size, ratio, first = values.get("size"), values.get("aspect_ratio"), _has_first(values)
    for name, value in (("size", size), ("aspect_ratio", ratio)):
        if first and value is not None:
            yield _warning(
                name,
                f"With a first frame the clip keeps the picture's shape; {shorten(value)} is ignored.",
                fix={name: None},
            )
    if isinstance(size, str) and isinstance(ratio, str) and not first and not _same_shape(size, ratio):
        yield _warning("aspect_ratio", f"{size} is not {ratio}; which of them counts is not documented.", "Keep one.")


def _same_shape(size: str, ratio: str) -> bool:
    try:
        (width, height), (across, down) = map(int, size.split("x")), map(int, ratio.split(":"))
    except ValueError:
        return True  # one of them is malformed, which is said elsewhere
    return width * down == height * across


def resolution(model: Model, values: Values) -> Iterator[Problem]:
    """Above the model's own resolutions the picture is upscaled."""
    asked = values.get("resolution")
    if model.known and asked in ("2K", "4K") and asked not in model.native_resolutions:
        yield _warning(
            "resolution", f"{model.title} makes {' and '.join(model.native_resolutions)}; {asked} is upscaled."
        )


def frames(model: Model, values: Values) -> Iterator[Problem]:
    """What a last frame wants beside it."""
    if "image_tail" not in values:
        return
    if not _has_first(values):
        yield _warning("image_tail", "A last frame needs a first frame.", "Add one (image).")
    if model.name == "2.6" and values.get("sound") is not False:
        hint = "The service advises to send sound=false with first and last frame."
        yield _warning("sound", "Kling 2.6 with a last frame wants the sound off.", hint, {"sound": False})
    if _wants_1080p(model, "last frame") and values.get("resolution") != "1080P":
        yield _warning(
            "resolution", "The last frame is documented for 1080P with this model.", fix={"resolution": "1080P"}
        )


def _wants_1080p(model: Model, capability: str) -> bool:
    return any(known.name == capability and "1080P" in known.note for known in model.capabilities)


def sound(model: Model, values: Values) -> Iterator[Problem]:
    """What sound wants beside it (D)."""
    if values.get("sound") is not True:
        return
    if _wants_1080p(model, "sound") and values.get("resolution", "720P") == "720P":
        said = f"Sound is documented for 1080P with {model.title}."
        yield _warning("resolution", said, fix={"resolution": "1080P"})
    if "video_list" in values and model.scene != "motion control":
        said = "With a reference video sound is documented not to be made."
        yield _warning("sound", said, "Turn it off.", {"sound": False})


def edited_video(model: Model, values: Values) -> Iterator[Problem]:
    """A video that is edited begins with its own first frame (D)."""
    clips = values.get("video_list")
    edited = (
        any(isinstance(clip, dict) and clip.get("refer_type") == "base" for clip in clips or ())
        if isinstance(clips, list)
        else False
    )
    if edited and _has_first(values):
        said = "A video that is edited (refer_type base) is documented not to go with a first frame."
        yield _warning("video_list", said, "Keep one.")


def one_guide(model: Model, values: Values) -> Iterator[Problem]:
    """Camera, last frame and motion brush exclude each other upstream (D)."""
    given = [name for name in ("camera_control", "image_tail", "dynamic_masks") if name in values]
    if len(given) > 1:
        yield _warning(given[0], f"{' and '.join(given)} are documented to exclude each other.", "Keep one.")


def shots(model: Model, values: Values) -> Iterator[Problem]:
    """Several shots: the switch, the type, the seconds."""
    given, on = values.get("multi_prompt"), values.get("multi_shots")
    if given is not None and on is not True:
        yield _warning(
            "multi_shots", "Shots are given, but the switch for several shots is not on.", fix={"multi_shots": True}
        )
    if on is True and "shot_type" not in values:
        kind = "customize" if given is not None else "intelligence"
        yield _warning("shot_type", f"Several shots want a shot_type, here {kind}.", fix={"shot_type": kind})
    if values.get("shot_type") == "customize" and on is True and given is None:
        yield _warning("multi_prompt", "shot_type customize wants the shots themselves (multi_prompt).")
    if given is not None and ("image_tail" in values or _has_first(values)):
        yield _warning("multi_prompt", "First and last frame are documented not to be used with shots.")
    seconds = values.get("seconds", DEFAULT_SECONDS)
    if texts := texts_of(given):
        said = f"{len(texts)} shots do not fit into {shorten(seconds)} seconds: each takes one at least."
        yield Problem("error", "multi_prompt", said, "Make the clip longer, or give fewer shots.")
    elif isinstance(given, list):
        lengths = [duration_of(shot) for shot in given]
        total = sum(length or 0 for length in lengths)
        if None not in lengths and isinstance(seconds, int) and total != seconds:
            said = "the clip is" if "seconds" in values else "the default clip is"
            yield _warning("multi_prompt", f"The shots take {total} s, {said} {seconds} s.", fix={"seconds": total})


def elements(model: Model, values: Values) -> Iterator[Problem]:
    """Elements want to be named in the prompt, and no voice beside them."""
    given = values.get("kling_elements")
    if not isinstance(given, list):
        return
    if "voice_list" in values:
        yield _warning("kling_elements", "Elements and a voice are documented to exclude each other.", "Keep one.")
    prompt = f"{values.get('prompt', '')} {joined_prompt(values.get('multi_prompt'))}"
    missing = [name for number in range(1, len(given) + 1) if (name := f"<<<element_{number}>>>") not in prompt]
    if missing:
        yield _warning(
            "kling_elements", f"The prompt does not name {', '.join(missing[:3])}.", "Write it where it appears."
        )


def o1(model: Model, values: Values) -> Iterator[Problem]:
    """O1 with a video: fewer references (D), and another price (S); without pictures or video: fewer lengths (D)."""
    if model.name != "o1":
        return
    references, seconds = values.get("image_list"), values.get("seconds")
    if references is not None and "image_tail" in values:
        said = "With O1 a last frame and references are documented to exclude each other."
        yield _warning("image_tail", said, "Keep one.")
    if "video_list" in values:
        yield _warning("video_list", "With a video O1 has another price.", PRICING)
        if isinstance(references, list) and 4 < len(references) <= 7:
            yield _warning("image_list", f"References: {len(references)} are given; with a video 4 are documented.")
    elif references is None and seconds in (3, 4, 6, 7, 8, 9):
        said = f"From text or a first frame O1 is documented for 5 or 10 seconds, not {seconds}."
        yield Problem("warning", "seconds", said, asks=True)


def scene(model: Model, values: Values) -> Iterator[Problem]:
    """What the work that a model is made for wants."""
    for step in SCENES[model.scene].steps if model.scene else ():
        if step.missing and not step.done(values):
            yield _warning(step.fields[0], step.missing, step.hint)


RULES: tuple[Rule, ...] = (
    leftovers,
    keys,
    needed,
    shape,
    resolution,
    frames,
    sound,
    edited_video,
    one_guide,
    shots,
    elements,
    o1,
    scene,
    offered,
)


def problems_between(model: Model, values: Values) -> Iterator[Problem]:
    """Yield what each rule finds."""
    for rule in RULES:
        yield from rule(model, values)
