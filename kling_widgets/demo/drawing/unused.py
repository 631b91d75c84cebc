"""Problems of a request to be shown in the clip: fields that the demo does not draw, and the catalog's warnings."""

from __future__ import annotations

from collections.abc import Iterator

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.request.request import VideoRequest

NOT_DOCUMENTED, NO_SHAPE, NOT_ON = "not documented", "its shape is not documented", "several shots is not on"

WRONG = "cannot be read"
NAMED = 9  # keys of metadata that are listed by name


def unused(request: VideoRequest) -> dict[str, str]:
    """Return the fields that are set but not drawn, each with a short reason."""
    model, values = request.spec, request.values
    reasons: dict[str, str] = {}
    for name in values:
        if name in FIELDS and model.known and name not in model.by_name:
            reasons[name] = f"{NOT_DOCUMENTED} for {model.title}"
        elif name in FIELDS and _is_wrong(request, name):
            reasons[name] = WRONG
        elif name == "motion_brush":
            reasons[name] = NO_SHAPE
        elif name in ("shot_type", "multi_prompt") and values.get("multi_shots") is not True:
            reasons[name] = NOT_ON
    return reasons


def _is_wrong(request: VideoRequest, name: str) -> bool:
    """Return whether a value is invalid: the gateway accepts it, but it cannot be drawn."""
    problems = request.spec.field(name).check(request.values[name])
    return any(problem.severity == "error" for problem in problems)


def struck(request: VideoRequest) -> dict[str, list[str]]:
    """Return the labels of the unused fields, by reason."""
    names: dict[str, list[str]] = {}
    for name, reason in unused(request).items():
        names.setdefault(reason, []).append(request.spec.field(name).label)
    extra = request.get("metadata")
    if isinstance(extra, dict) and extra:
        names[NOT_DOCUMENTED] = [f"metadata.{name}" for name in list(extra)[:NAMED]]
        names[NOT_DOCUMENTED] += [f"and {len(extra) - NAMED} more"] if len(extra) > NAMED else []
    return names


def warnings(request: VideoRequest) -> Iterator[str]:
    """Yield the catalog's messages about all other fields, as the form shows them."""
    shown = {*unused(request), "metadata"}
    for problem in request.problems():
        if problem.field not in shown:
            yield problem.message
