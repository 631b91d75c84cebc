"""Suggestions of other models that would solve a problem of a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kling_widgets.catalog.all_fields import PRICING
from kling_widgets.catalog.compare import advantages
from kling_widgets.catalog.models import Model, models
from kling_widgets.core.problem import Problem

if TYPE_CHECKING:
    from kling_widgets.request.request import VideoRequest

_OFFERED = 2  # suggestions for one problem; more would be a list to study


def alternatives(request: VideoRequest, problem: Problem) -> tuple[Model, ...]:
    """Return at most two models that would solve a problem of this request, the best first.

    Such problems are a field that the model does not take, undocumented seconds, a resolution that it upscales, or more
    references than documented. For a problem that no model solves, such as a missing prompt or a broken link, the
    result is empty.

    A model is suggested if the problem disappears with it and no other field that is set causes a new one that is as
    serious. A model for a special workflow, such as an avatar, is suggested only for a field that the present model
    does not take. Models are ranked by fewer remaining problems, then by fewer features lost, then by the distance
    between the versions.

    Args:
        request: the request.
        problem: one of ``request.problems()``.
    """
    spec, values = request.spec, request.values
    if not spec.known or problem.field not in values or _is_price(problem):
        return ()
    known = {_kind(each, spec) for each in request.problems()}
    found: list[tuple[tuple[bool, int, int, float, int], Model]] = []
    for age, model in enumerate(reversed(models())):
        other_workflow = model.scene != spec.scene
        if model is spec or (other_workflow and problem.field in spec.by_name):
            continue
        remaining = [each for each in request.replace(model).problems() if not _is_price(each)]
        serious = {
            _kind(each, model)
            for each in remaining
            if each.field in values and problem.severity in ("warning", each.severity)
        }
        if _kind(problem, spec) not in serious and serious <= known:
            lost = len(tuple(advantages(spec, model)))
            found.append(((other_workflow, len(remaining), lost, _distance(model, spec), age), model))
    return tuple(model for _, model in sorted(found, key=lambda each: each[0])[:_OFFERED])


def _is_price(problem: Problem) -> bool:
    """Return whether a problem only points out a higher price, which is no reason for another model."""
    return problem.hint == PRICING


def _kind(problem: Problem, model: Model) -> tuple[object, ...]:
    """Return a key that is the same for the same problem with two models, although their messages differ."""
    message = problem.message.replace(model.title, "this model")
    return problem.field, problem.severity, re.sub(r"\d+", "0", message)


def _distance(model: Model, other: Model) -> float:
    """Return the difference between the models' versions; 10 if one of them has no version in its name."""
    versions = [re.match(r"\d+\.\d+", each.name) for each in (model, other)]
    first, second = (float(each[0]) if each else None for each in versions)
    return abs(first - second) if first is not None and second is not None else 10.0
