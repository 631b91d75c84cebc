"""Parsing of submissions as the gateway does it.

Other clients than ours call it, too, so it is more lenient than our checks: it ignores unknown names, and passes the
content of ``metadata`` to its upstream unchecked (R).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kling_widgets.catalog.all_fields import DEFAULT_SECONDS, FORBIDDEN_METADATA
from kling_widgets.catalog.model_names import resolve
from kling_widgets.catalog.rules import required
from kling_widgets.request.body import to_body
from kling_widgets.request.request import VideoRequest

# The top-level fields of a body and their types: a value of another type cannot be unmarshalled (R).
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
    """Return a body in the normalised form that the demo draws.

    Raises:
        ValueError: The gateway refuses the body; the message is the gateway's.
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
    # The length in metadata overrides the others (R).
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
    # An empty prompt is refused also if there is a picture (R), and so is a model's own required field (S).
    for missing in required(model, request.values):
        if missing.severity == "error" or missing.field == "prompt":
            raise ValueError(str(missing))
    return to_body(model, request.values)


def _seconds(value: object) -> int:
    """Return a length given as a whole number or its text; for anything else the stock gateway's default (R)."""
    text = str(value).strip() if isinstance(value, (str, int)) else ""
    return int(text) if re.fullmatch("[1-9][0-9]{0,8}", text) else DEFAULT_SECONDS
