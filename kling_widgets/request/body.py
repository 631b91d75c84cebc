"""Values ⇄ the JSON body, and the one form of values: aliases under their first name, media as links or paths."""

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

# What stands at the top of a body; everything else of the line goes into metadata (S).
TOP = ("model", "images", "metadata", *(f.name for f in FIELDS.values() if not f.in_metadata), "duration")


def normalise(model: Model, given: Mapping[str, object], untrusted: Container[str] = frozenset()) -> dict[str, JSON]:
    """The values in their one form. Whatever contradicts stays under the name by which it came, so that nothing is
    decided for the user: see ``leftovers``. Text under a ``untrusted`` name is never a local path."""
    values: dict[str, JSON] = {}
    rest: dict[str, JSON] = {}
    extra: dict[str, JSON] = {}
    flat = _set({name: plain(value) for name, value in given.items()})
    metadata = flat.pop("metadata", {})
    if not isinstance(metadata, dict):
        rest["metadata"] = metadata
        metadata = {}
    inner = _set(metadata)

    # It wins over the second of image_urls (S), which is then dropped.
    tail = not {"image_tail", "last_frame_url"}.isdisjoint({*flat, *inner})

    def settle(name: str, clean: JSON) -> bool:
        """Sets the field; False when it is set to something else already."""
        return clean is None or bool(values.setdefault(name, clean) == clean)

    for source, leftover in ((flat, rest), (inner, extra)):
        # First names before aliases, so that a contradiction is reported under the alias.
        for name in sorted(source, key=lambda name: (name not in FIELDS, name in FRAME_LISTS)):
            value, field = source[name], ALIASES.get(name, name)
            paths = ("metadata" if source is inner else name) not in untrusted
            if source is inner and name in FORBIDDEN_METADATA:
                settled = False
            elif name in FRAME_LISTS:
                value = IMAGES.clean(value, paths=paths)
                if name == IMAGES.name and is_ambiguous(model, value):
                    settled = settle(name, value)
                else:
                    frames = _frames(value)
                    settled = frames is not None
                    for frame, link in (frames or {}).items():
                        settled &= settle(frame, link) or (tail and (name, frame) == ("image_urls", "image_tail"))
            elif field in FIELDS:
                value = FIELDS[field].clean(value, paths=paths)
                settled = settle(field, value)
            else:
                settled = False
            if not settled:
                leftover[name] = value
    _same_pictures(values)
    if (texts := texts_of(values.get("multi_prompt"))) and isinstance(
        seconds := values.get("seconds", DEFAULT_SECONDS), int
    ):
        values["multi_prompt"] = split_evenly(texts, seconds) or texts
    values.update(rest)
    if extra:
        values["metadata"] = extra
    if values.get("prompt") and values["prompt"] == joined_prompt(values.get("multi_prompt")):
        del values["prompt"]  # it is made again when the body is
    return values


def _set(given: Mapping[str, JSON]) -> dict[str, JSON]:
    """What is set: a hole in a table is as if nothing was given, except for a prompt, which is paid for."""
    return {
        name: value
        for name, value in given.items()
        if value is not None and (name == "prompt" or not is_missing(value))
    }


def _frames(links: JSON) -> dict[str, JSON] | None:
    """The first and the last frame of a list of at most two; None for anything else."""
    if links is None:
        return {}
    if not isinstance(links, list) or len(links) > 2:
        return None
    return dict(zip(("image", "image_tail"), links, strict=False))


def _same_pictures(values: dict[str, JSON]) -> None:
    """Drops what ``images`` and the frames beside it say twice. What contradicts stays, and is an error."""
    images = values.get("images")
    if not images:
        return
    if values.get("image") == images[0]:
        del values["image"]
    if "image" not in values and [values.get("image_tail")] == images[1:]:
        values["image"] = values.pop("images")[0]


def to_body(model: Model, values: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the body in the order of the service page, with seconds also if none are set: they decide what is billed.
    A local file stands in it as a ``Path``. Never raises, also for values that are not right.

    Args:
        model: whose names and limits count.
        values: in their one form; the body shares nothing with them.
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
    """The model's name and the given values of a body.

    Raises:
        InvalidRequestError: it is not an object, or has a key that no body of the service has.
    """
    body = plain(body)
    if not isinstance(body, dict):
        raise InvalidRequestError(f"A request is a JSON object, not {shorten(body)}. Nothing was sent.")
    unknown: list[Problem] = []
    for name in body:
        if name in TOP:
            continue
        if name in ACCEPTED:
            unknown.append(
                Problem("error", name, f"{name} stands at the top of the body.", "It belongs into metadata.")
            )
        else:
            unknown += unknown_fields([name], TOP)
    if unknown:
        raise InvalidRequestError.of(unknown)
    return as_name(body.pop("model", None) or ""), body
