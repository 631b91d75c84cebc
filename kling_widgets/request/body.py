"""Conversion between values and the JSON body, and the normal form of values.

In their normal form, values are stored under the fields' names, not their aliases, and media are links or paths.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path

from kling_widgets.catalog.all_fields import DEFAULT_SECONDS, FIELDS, FORBIDDEN_METADATA, IMAGES
from kling_widgets.catalog.model_names import ACCEPTED, ALIASES, FRAME_LISTS, is_ambiguous, unknown_fields
from kling_widgets.catalog.models import Model
from kling_widgets.catalog.shot_fields import joined_prompt, split_evenly, texts_of
from kling_widgets.core.json_values import JSON, as_name, is_missing, plain, shorten, with_links
from kling_widgets.core.problem import Problem
from kling_widgets.errors import InvalidRequestError

# The keys at the top level of a body; all other fields go into metadata (S).
TOP = ("model", "images", "metadata", *(f.name for f in FIELDS.values() if not f.in_metadata), "duration")


def normalise(model: Model, given: Mapping[str, object], untrusted: Container[str] = frozenset()) -> dict[str, JSON]:
    """Return values in their normal form.

    A value that contradicts another one stays under the name that was used for it, so that nothing is decided for the
    user; the rule ``leftovers`` reports it.

    Args:
        model: the model.
        given: the values as given, by field name or alias.
        untrusted: names of values that are not the user's own input; text in them is never a local path.
    """
    values: dict[str, JSON] = {}
    rest: dict[str, JSON] = {}
    extra: dict[str, JSON] = {}
    flat = _set({name: plain(value) for name, value in given.items()})
    metadata = flat.pop("metadata", {})
    if not isinstance(metadata, dict):
        rest["metadata"] = metadata
        metadata = {}
    inner = _set(metadata)

    # image_tail takes precedence over the second of image_urls (S), which is then dropped.
    has_tail = not {"image_tail", "last_frame_url"}.isdisjoint({*flat, *inner})

    def set_value(name: str, clean: JSON) -> bool:
        """Set the field, or return False if it already has another value."""
        return clean is None or bool(values.setdefault(name, clean) == clean)

    for source, leftover in ((flat, rest), (inner, extra)):
        # Field names before aliases, so that a contradiction is reported under the alias.
        for name in sorted(source, key=lambda name: (name not in FIELDS, name in FRAME_LISTS)):
            value, field = source[name], ALIASES.get(name, name)
            paths = ("metadata" if source is inner else name) not in untrusted
            if source is inner and name in FORBIDDEN_METADATA:
                done = False
            elif name in FRAME_LISTS:
                value = IMAGES.clean(value, paths=paths)
                if name == IMAGES.name and is_ambiguous(model, value):
                    done = set_value(name, value)
                else:
                    frames = _frames(value)
                    done = frames is not None
                    for frame, link in (frames or {}).items():
                        is_dropped = has_tail and (name, frame) == ("image_urls", "image_tail")
                        done &= set_value(frame, link) or is_dropped
            elif field in FIELDS:
                value = FIELDS[field].clean(value, paths=paths)
                done = set_value(field, value)
            else:
                done = False
            if not done:
                leftover[name] = value
    _drop_repeated_pictures(values)
    if (texts := texts_of(values.get("multi_prompt"))) and isinstance(
        seconds := values.get("seconds", DEFAULT_SECONDS), int
    ):
        values["multi_prompt"] = split_evenly(texts, seconds) or texts
    values.update(rest)
    if extra:
        values["metadata"] = extra
    if values.get("prompt") and values["prompt"] == joined_prompt(values.get("multi_prompt")):
        del values["prompt"]  # to_body adds it again
    return values


def _set(given: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the values that are set.

    A table's missing value counts as not set, except for the prompt: without it, another video would be paid for.
    """
    return {
        name: value
        for name, value in given.items()
        if value is not None and (name == "prompt" or not is_missing(value))
    }


def _frames(links: JSON) -> dict[str, JSON] | None:
    """Return the first and the last frame from a list of at most two; None for anything else."""
    if links is None:
        return {}
    if not isinstance(links, list) or len(links) > 2:
        return None
    return dict(zip(("image", "image_tail"), links, strict=False))


def _drop_repeated_pictures(values: dict[str, JSON]) -> None:
    """Remove frames that ``images`` repeats. A contradiction stays, and is reported as an error."""
    images = values.get("images")
    if not images:
        return
    if values.get("image") == images[0]:
        del values["image"]
    if "image" not in values and [values.get("image_tail")] == images[1:]:
        values["image"] = values.pop("images")[0]


def to_body(model: Model, values: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the body, with its keys in the order of the service's page and each local file as a ``Path``.

    Seconds are added if they are not set, as they determine the price. Never raises, even for invalid values.

    Args:
        model: the model.
        values: the values in their normal form; the body shares no objects with them.
    """
    values = {name: with_links(value, Path) for name, value in {"seconds": DEFAULT_SECONDS, **values}.items()}
    body: dict[str, JSON] = {"model": model.id}
    metadata: dict[str, JSON] = {}
    if prompt := values.get("prompt") or joined_prompt(values.get("multi_prompt")):
        body["prompt"] = prompt
    first, last = values.get("image"), values.get("image_tail")
    as_pair = first is not None and last is not None and "image_tail" in model.by_name
    if as_pair:
        body["images"] = [first, last]
    elif first is not None:
        body["image"] = first
    for name, value in values.items():
        field = FIELDS.get(name)
        if name in ("prompt", "image", "metadata") or (as_pair and name == "image_tail"):
            continue
        if field is None:
            body[name] = value
        else:
            (metadata if field.in_metadata else body)[name] = field.wire(value)
    extra = values.get("metadata", {})
    if isinstance(extra, dict):
        metadata.update({key: value for key, value in extra.items() if key not in metadata})
    if metadata:
        body["metadata"] = metadata
    first_names = ("model", "prompt", "image", "images", "size", "seconds")
    return {**{name: body[name] for name in first_names if name in body}, **body}


def from_body(body: object) -> tuple[str, dict[str, JSON]]:
    """Return the model's name and the values of a body.

    Raises:
        InvalidRequestError: it is not an object, or has an unknown key.
    """
    body = plain(body)
    if not isinstance(body, dict):
        raise InvalidRequestError(f"A request is a JSON object, not {shorten(body)}. Nothing was sent.")
    unknown: list[Problem] = []
    for name in body:
        if name in TOP:
            continue
        if name in ACCEPTED:
            message = f"{name} is at the top level of the body."
            unknown.append(Problem("error", name, message, "Move it into metadata."))
        else:
            unknown += unknown_fields([name], TOP)
    if unknown:
        raise InvalidRequestError.of(unknown)
    return as_name(body.pop("model", None) or ""), body
