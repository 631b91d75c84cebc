"""What the gateway takes of a submission. It is more lenient than our own client, which is not the only one that calls:
it ignores what it does not know, and leaves the inside of ``metadata`` to its upstream (R)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kling_widgets.catalog.all_fields import DEFAULT_SECONDS, FORBIDDEN_METADATA
from kling_widgets.catalog.model_names import resolve
from kling_widgets.catalog.rules import needed
from kling_widgets.request.body import to_body
from kling_widgets.request.request import VideoRequest

# What stands at the top of a body, and its kinds: anything else there cannot be unmarshalled (R).
_KINDS: Mapping[str, tuple[type, ...]] = {
    "model": (str,),
    "prompt": (str,),
    "image": (str,),
    "images": (list,),
    "size": (str,),
    "seconds": (str, int, float),
    "duration": (str, int, float),
    "metadata": (dict,),
}
_MOST = {"image_list": 9, "image_urls": 2}  # (S)


def read(body: object) -> dict[str, Any]:
    """A body in the one form in which the demo draws it.

    Raises:
        ValueError: the gateway refuses it, with its words.
    """
    if not isinstance(body, dict):
        raise ValueError("cannot unmarshal the body: it is no JSON object")
    given = {name: body[name] for name in _KINDS if body.get(name) is not None}
    for name, value in given.items():
        pictures = name == "images" and isinstance(value, list) and not all(isinstance(each, str) for each in value)
        if isinstance(value, bool) or not isinstance(value, _KINDS[name]) or pictures:
            raise ValueError(f"cannot unmarshal {type(value).__name__} into field {name}")
    metadata = given.setdefault("metadata", {})
    for name, most in _MOST.items():
        if isinstance(links := metadata.get(name), list) and len(links) > most:
            raise ValueError(f"metadata.{name} takes at most {most} pictures, not {len(links)}")
    # Those of metadata override the others (R).
    lengths = (
        metadata.get("seconds"),
        metadata.get("duration"),
        given.pop("seconds", None),
        given.pop("duration", None),
    )
    given["seconds"] = _seconds(next((each for each in lengths if each is not None), None))
    given["metadata"] = {name: value for name, value in metadata.items() if name not in FORBIDDEN_METADATA}
    model, problem = resolve(given.pop("model", ""))
    if problem and problem.severity == "error":
        raise ValueError(str(problem))
    request = VideoRequest.from_given(model, given, untrusted=given)
    for missing in needed(model, request.values):
        if missing.field == "prompt" and missing.severity == "error":
            raise ValueError(str(missing))
    return to_body(model, request.values)


def _seconds(value: object) -> int:
    """A whole number, or the text of one; the stock gateway takes anything else for its default (R)."""
    text = str(value).strip() if isinstance(value, (str, int)) else ""
    return int(text) if re.fullmatch("[1-9][0-9]{0,8}", text) else DEFAULT_SECONDS
