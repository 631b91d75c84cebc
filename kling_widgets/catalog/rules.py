"""Rules between fields: each is a function of the model and the values, and an entry of ``RULES``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from kling_widgets.catalog.all_fields import DEFAULT_SECONDS, FIELDS, FORBIDDEN_METADATA, IMAGES, PRICING
from kling_widgets.catalog.model_names import ALIASES, FRAME_LISTS, is_ambiguous
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
    """Report aliases that contradict their field, and metadata that the service would misread or does not document."""
    for name, value in values.items():
        if name in ALIASES:
            field = ALIASES[name]
            message = (
                f"{field} and {name} are the same field, but {shorten(values[field])} and {shorten(value)} differ."
            )
            yield Problem("error", field, message, "Keep one.")
        elif name == IMAGES.name and is_ambiguous(model, value) and not {"image", "image_tail"} & values.keys():
            yield from _ambiguous_pictures(model, value)
        elif name in FRAME_LISTS:
            yield _frames_problem(name, value)
    metadata = values.get("metadata", {})
    if not isinstance(metadata, dict):
        yield Problem("error", "metadata", f"metadata is an object of names and values, not {shorten(metadata)}.")
        return
    for name, value in metadata.items():
        known = ALIASES.get(name, name)
        if name in FORBIDDEN_METADATA:
            message = f"metadata.{name} could override the request, and so change what is billed."
            yield Problem("error", "metadata", message, f"Set {'the model' if 'model' in name else 'seconds'} instead.")
        elif name in FRAME_LISTS:
            yield _frames_problem(name, value)
        elif known in FIELDS:
            message = f"{known} is given twice, as {shorten(values[known])} and as {shorten(value)}."
            yield Problem("error", known, message, "Keep one.")
        else:
            yield _warning("metadata", f"The service does not document metadata.{name}.", "It is sent as it is.")
    if any(paths_in(metadata)):
        yield Problem("error", "metadata", "A file in metadata cannot be uploaded.", "Give its http(s) link.")


def _ambiguous_pictures(model: Model, links: list[JSON]) -> Iterator[Problem]:
    """Report that the service decides how the pictures in ``images`` are used."""
    for problem in IMAGES.check(links):
        yield Problem(problem.severity, "image", problem.message, problem.hint)
    if len(links) > 2:
        message = (
            f"images takes a first frame and one more picture, not {len(links)}; some services take references there."
        )
        yield _warning("image", message, "It is sent as it is. References have a field of their own (image_list).")
    else:
        message = (
            f"{model.title} has no last frame: the service decides whether the second of images is one or a reference."
        )
        yield _warning("image", message, "It is sent as it is. Use image_tail or image_list to decide yourself.")


def _has_first(values: Values) -> bool:
    """Return whether there is a first frame."""
    return "image" in values or "images" in values


def _frames_problem(name: str, value: JSON) -> Problem:
    if isinstance(value, list) and len(value) > 2 and name != IMAGES.name:
        return Problem("error", "image", f"{name} takes the first and the last frame, not {len(value)} pictures.")
    return Problem("error", "image", f"{name} contradicts image or image_tail, or is not a list of links.", "Keep one.")


# Fields with text that people write; others hold opaque values, such as ids, which may look like a key.
_TYPED = ("prompt", "multi_prompt", "metadata")


def api_keys(model: Model, values: Values) -> Iterator[Problem]:
    """Report API keys in values, as they would be sent, shown and saved."""
    given = {"model": model.id, **values}
    if not may_hold_key(given):
        return
    for name, value in given.items():
        if looks_like_key(value):
            yield Problem("error", name, f"{name} contains what looks like an API key.", "Remove it.")
        elif was_masked(value):
            message = f"{name} contained what looked like an API key, which was replaced by sk-… in it."
            yield Problem("error", name, message, "Remove that too.")
    for name in _TYPED:
        if owner := other_key_owner(values.get(name)):
            message = f"{name} contains what looks like a key of {owner}: it is sent and saved as it is."
            yield _warning(name, message, "Remove it.")


def required(model: Model, values: Values) -> Iterator[Problem]:
    """Report a missing prompt, and missing fields that the model requires."""
    pictures = _has_first(values) or "image_list" in values or "video_list" in values
    if "prompt" not in values and not joined_prompt(values.get("multi_prompt")):
        hint = "Describe what happens in the video."
        if model.can("text") and not pictures:
            yield Problem("error", "prompt", "Without a picture the service needs a prompt.", hint)
        else:
            yield _warning("prompt", "The prompt is empty; the gateway is known to refuse that.", hint)
    for need in model.needs:
        if need.field not in values and not (need.field == "image" and _has_first(values)):
            yield Problem(need.source.severity, need.field, need.message)


def undocumented(model: Model, values: Values) -> Iterator[Problem]:
    """Report fields that are not documented for this model."""
    if not model.known:
        return
    for name in values:
        if name in FIELDS and name not in model.by_name:
            doubt = "The sources contradict each other. " if name == "sound" and model.sound == "unknown" else ""
            message = f"{name} is not documented for {model.title}."
            yield Problem("warning", name, message, f"{doubt}It is sent as it is.", {name: None}, asks=not doubt)


def shape(model: Model, values: Values) -> Iterator[Problem]:
    """Report conflicts between size, aspect ratio and first frame, which all determine the clip's shape."""
    size, ratio, first = values.get("size"), values.get("aspect_ratio"), _has_first(values)
    for name, value in (("size", size), ("aspect_ratio", ratio)):
        if first and value is not None:
            yield _warning(
                name,
                f"With a first frame the clip keeps the picture's shape; {shorten(value)} is ignored.",
                fix={name: None},
            )
    if isinstance(size, str) and isinstance(ratio, str) and not first and not _same_shape(size, ratio):
        message = f"{size} is not {ratio}; it is not documented which of them is used."
        yield _warning("aspect_ratio", message, "Keep one.")


def _same_shape(size: str, ratio: str) -> bool:
    try:
        (width, height), (across, down) = map(int, size.split("x")), map(int, ratio.split(":"))
    except ValueError:
        return True  # one of them is malformed, which its field reports
    return width * down == height * across


def resolution(model: Model, values: Values) -> Iterator[Problem]:
    """Report a resolution that the model does not produce itself."""
    asked = values.get("resolution")
    if model.known and asked in ("2K", "4K") and asked not in model.native_resolutions:
        native = " and ".join(model.native_resolutions)
        yield _warning("resolution", f"{model.title} makes {native}; {asked} is upscaled.")


def frames(model: Model, values: Values) -> Iterator[Problem]:
    """Report settings that do not go with a last frame."""
    if "image_tail" not in values:
        return
    if not _has_first(values):
        yield _warning("image_tail", "A last frame needs a first frame.", "Add one (image).")
    if model.name == "2.6" and values.get("sound") is not False:
        hint = "The service recommends sound=false with a first and a last frame."
        yield _warning("sound", "With a last frame, Kling 2.6 needs the sound off.", hint, {"sound": False})
    if _wants_1080p(model, "last frame") and values.get("resolution") != "1080P":
        yield _warning(
            "resolution", "The last frame is documented for 1080P with this model.", fix={"resolution": "1080P"}
        )


def _wants_1080p(model: Model, capability: str) -> bool:
    return any(known.name == capability and "1080P" in known.note for known in model.capabilities)


def sound(model: Model, values: Values) -> Iterator[Problem]:
    """Report settings that are documented not to go with sound (D)."""
    if values.get("sound") is not True:
        return
    if _wants_1080p(model, "sound") and values.get("resolution", "720P") == "720P":
        message = f"Sound is documented for 1080P with {model.title}."
        yield _warning("resolution", message, fix={"resolution": "1080P"})
    if "video_list" in values and model.scene != "motion control":
        message = "With a reference video, the clip is documented to have no sound."
        yield _warning("sound", message, "Turn it off.", {"sound": False})


def edited_video(model: Model, values: Values) -> Iterator[Problem]:
    """Report a first frame beside a video to edit, which starts with its own (D)."""
    clips = values.get("video_list")
    edited = (
        any(isinstance(clip, dict) and clip.get("refer_type") == "base" for clip in clips or ())
        if isinstance(clips, list)
        else False
    )
    if edited and _has_first(values):
        message = "A video to edit (refer_type base) and a first frame are documented to exclude each other."
        yield _warning("video_list", message, "Keep one.")


def exclusive_controls(model: Model, values: Values) -> Iterator[Problem]:
    """Report a combination of camera, last frame and motion brush, which exclude each other upstream (D)."""
    given = [name for name in ("camera_control", "image_tail", "dynamic_masks") if name in values]
    if len(given) > 1:
        yield _warning(given[0], f"{' and '.join(given)} are documented to exclude each other.", "Keep one.")


def shots(model: Model, values: Values) -> Iterator[Problem]:
    """Report shots without their switch or type, and shots whose seconds do not add up."""
    given, on = values.get("multi_prompt"), values.get("multi_shots")
    if given is not None and on is not True:
        yield _warning(
            "multi_shots", "Shots are given, but the switch for several shots is not on.", fix={"multi_shots": True}
        )
    if on is True and "shot_type" not in values:
        kind = "customize" if given is not None else "intelligence"
        yield _warning("shot_type", f"Several shots need a shot_type, here {kind}.", fix={"shot_type": kind})
    if values.get("shot_type") == "customize" and on is True and given is None:
        yield _warning("multi_prompt", "shot_type customize needs the shots themselves (multi_prompt).")
    if given is not None and ("image_tail" in values or _has_first(values)):
        message = "Shots and a first or last frame are documented to exclude each other."
        yield _warning("multi_prompt", message)
    seconds = values.get("seconds", DEFAULT_SECONDS)
    if texts := texts_of(given):
        message = f"{len(texts)} shots do not fit into {shorten(seconds)} seconds: each takes at least one."
        yield Problem("error", "multi_prompt", message, "Make the clip longer, or give fewer shots.")
    elif isinstance(given, list):
        lengths = [duration_of(shot) for shot in given]
        total = sum(length or 0 for length in lengths)
        if None not in lengths and isinstance(seconds, int) and total != seconds:
            clip = "the clip" if "seconds" in values else "the default clip"
            message = f"The shots take {total} s, but {clip} is {seconds} s."
            yield _warning("multi_prompt", message, fix={"seconds": total})


def elements(model: Model, values: Values) -> Iterator[Problem]:
    """Report elements that the prompt does not name, and elements beside a voice."""
    given = values.get("kling_elements")
    if not isinstance(given, list):
        return
    if "voice_list" in values:
        yield _warning("kling_elements", "Elements and a voice are documented to exclude each other.", "Keep one.")
    prompt = f"{values.get('prompt', '')} {joined_prompt(values.get('multi_prompt'))}"
    missing = [name for number in range(1, len(given) + 1) if (name := f"<<<element_{number}>>>") not in prompt]
    if missing:
        message = f"The prompt does not name {', '.join(missing[:3])}."
        yield _warning("kling_elements", message, "Write it where the element appears.")


def o1(model: Model, values: Values) -> Iterator[Problem]:
    """Report limits of O1: fewer references (D) and another price (S) with a video; else fewer lengths (D)."""
    if model.name != "o1":
        return
    references, seconds = values.get("image_list"), values.get("seconds")
    if references is not None and "image_tail" in values:
        message = "With O1 a last frame and references are documented to exclude each other."
        yield _warning("image_tail", message, "Keep one.")
    if "video_list" in values:
        yield _warning("video_list", "With a video O1 has another price.", PRICING)
        if isinstance(references, list) and 4 < len(references) <= 7:
            yield _warning("image_list", f"References: {len(references)} are given; with a video 4 are documented.")
    elif references is None and seconds in (3, 4, 6, 7, 8, 9):
        message = f"From text or a first frame O1 is documented for 5 or 10 seconds, not {seconds}."
        yield Problem("warning", "seconds", message, asks=True)


def workflow(model: Model, values: Values) -> Iterator[Problem]:
    """Report missing inputs of the workflow that the model is made for."""
    for step in SCENES[model.scene].steps if model.scene else ():
        if step.missing and not step.done(values):
            yield _warning(step.fields[0], step.missing, step.hint)


RULES: tuple[Rule, ...] = (
    leftovers,
    api_keys,
    required,
    shape,
    resolution,
    frames,
    sound,
    edited_video,
    exclusive_controls,
    shots,
    elements,
    o1,
    workflow,
    undocumented,
)


def problems_between(model: Model, values: Values) -> Iterator[Problem]:
    """Yield the problems that the rules find, rule by rule."""
    for rule in RULES:
        yield from rule(model, values)
