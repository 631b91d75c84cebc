"""Values ⇄ the JSON body, and the one form of values: aliases under their first name, media as links or paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from kling_widgets.core.catalog import FIELDS, FORBIDDEN_METADATA, Model
from kling_widgets.core.names import ALIASES, FRAME_LISTS, unknown_fields
from kling_widgets.core.structured import joined_prompt
from kling_widgets.core.values import JSON, plain, to_json, with_links
from kling_widgets.errors import InvalidRequestError

# What stands at the top of a body; everything else of the line goes into metadata (S).
TOP = ("model", "images", "metadata", *(f.name for f in FIELDS.values() if not f.in_metadata), "duration")


def normalise(model: Model, given: Mapping[str, object], *, paths: bool) -> dict[str, JSON]:
    """The values in their one form. Whatever contradicts stays under the name by which it came, so that nothing is
    decided for the user: see ``leftovers``."""
    values: dict[str, JSON] = {}
    rest: dict[str, JSON] = {}
    extra: dict[str, JSON] = {}

    def settle(name: str, value: JSON) -> bool:
        """Sets the field; False when it is set to something else already."""
        clean = FIELDS[name].clean(value, paths=paths)
        if clean is None:
            return True
        return bool(values.setdefault(name, clean) == clean)

    flat = {name: plain(value) for name, value in given.items() if value is not None}
    metadata = flat.pop("metadata", {})
    if isinstance(metadata, dict):
        inner = {key: value for key, value in metadata.items() if value is not None}
    else:
        inner = {}
        rest["metadata"] = metadata

    for source, leftover in ((flat, rest), (inner, extra)):
        # First names before aliases, so that a contradiction is reported under the alias.
        for name in sorted(source, key=lambda name: (name not in FIELDS, name in FRAME_LISTS)):
            value = source[name]
            if source is inner and name in FORBIDDEN_METADATA:
                leftover[name] = value
            elif name in FRAME_LISTS:
                if not _settle_frames(model, name, value, values, settle):
                    leftover[name] = value
            elif (field := ALIASES.get(name, name)) in FIELDS:
                if not settle(field, value):
                    leftover[name] = value
            else:
                leftover[name] = value
    values.update(rest)
    if extra:
        values["metadata"] = extra
    if values.get("prompt") and values["prompt"] == joined_prompt(values.get("multi_prompt")):
        del values["prompt"]  # it is made again when the body is
    return values


def _settle_frames(
    model: Model, name: str, value: JSON, values: Mapping[str, JSON], settle: Callable[[str, JSON], bool]
) -> bool:
    """``images`` and ``image_urls``: the first frame, then the last one, or a reference where there is none (S)."""
    if isinstance(value, (str, Path)):
        value = [value]
    if not isinstance(value, list) or len(value) > 2:
        return False
    if not value:
        return True
    settled = settle("image", value[0])
    if len(value) == 2:
        if "image_tail" in model.by_name:
            # image_tail wins over the second of image_urls (S).
            settled &= settle("image_tail", value[1]) or name == "image_urls"
        else:
            settled &= settle("image_list", [value[1]]) or value[1] in values["image_list"]
    return settled


def to_body(model: Model, values: Mapping[str, JSON], link: Callable[[Path], str]) -> dict[str, JSON]:
    """The body in the order of the service page. Never raises, also for values that are not right."""
    values = {name: with_links(value, link) for name, value in values.items()}
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
    order = (*(name for name in ("model", "prompt", "image", "images", "size", "seconds") if name in body),)
    return {**{name: body[name] for name in order}, **body}


def from_body(body: object) -> tuple[str, dict[str, object]]:
    """The model's name and the given values of a body.

    Raises:
        InvalidRequestError: it is not an object, or has a key that no body of the service has.
    """
    if not isinstance(body, Mapping):
        raise InvalidRequestError(f"A request is a JSON object, not {to_json(plain(body))[:60]}. Nothing was sent.")
    unknown = unknown_fields((str(key) for key in body), TOP)
    if unknown:
        inside = [problem.field for problem in unknown if problem.field in FIELDS or problem.field in ALIASES]
        hint = f" {', '.join(map(str, inside))}: this belongs into metadata." if inside else ""
        raise InvalidRequestError(" ".join(map(str, unknown)) + hint + " Nothing was sent.", unknown)
    given = {str(key): value for key, value in body.items()}
    return str(given.pop("model", None) or ""), given
