"""What one model has that another has not, and which other model would end a problem."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kling_widgets.catalog.all_fields import PRICING
from kling_widgets.catalog.compare import advantages
from kling_widgets.catalog.models import Model, models
from kling_widgets.core.problem import Problem

if TYPE_CHECKING:
    from kling_widgets.request.request import VideoRequest

_OFFERED = 2  # models beside one problem; more would be a list to study


def alternatives(request: VideoRequest, problem: Problem) -> tuple[Model, ...]:
    """The models that would end a problem of this request, the best one first, at most two: for what is set and this
    model does not take, seconds outside its row, a resolution that it upscales, more references than it is documented
    for. None for what no other model makes better, such as a missing prompt or a broken link.

    A model is offered when the problem is not there with it and nothing else that is set becomes one as serious. One
    made for another work, such as an avatar, is offered only for a field that the present model does not take. Better
    is whoever has fewer problems left, lacks less of what the present model can do, is nearer to its version.

    Args:
        problem: one of ``request.problems()``.
    """
    spec, values = request.spec, request.values
    if not spec.known or problem.field not in values or _is_price(problem):
        return ()
    had = {_kind(each, spec) for each in request.problems()}
    found: list[tuple[tuple[bool, int, int, float, int], Model]] = []
    for age, model in enumerate(reversed(models())):
        other_work = model.scene != spec.scene
        if model is spec or (other_work and problem.field in spec.by_name):
            continue
        left = [each for each in request.replace(model).problems() if not _is_price(each)]
        serious = {
            _kind(each, model)
            for each in left
            if each.field in values and problem.severity in ("warning", each.severity)
        }
        if _kind(problem, spec) not in serious and serious <= had:
            lost = len(tuple(advantages(spec, model)))
            found.append(((other_work, len(left), lost, _distance(model, spec), age), model))
    return tuple(model for _, model in sorted(found, key=lambda each: each[0])[:_OFFERED])


def _is_price(problem: Problem) -> bool:
    """That something costs more is to be known, and is no reason for another model."""
    return problem.hint == PRICING


def _kind(problem: Problem, model: Model) -> tuple[object, ...]:
    """What is the same in two models' words for the same problem."""
    message = problem.message.replace(model.title, "this model")
    return problem.field, problem.severity, re.sub(r"\d+", "0", message)


def _distance(model: Model, other: Model) -> float:
    """How far apart their versions are; far for those that have none in their names."""
    versions = [re.match(r"\d+\.\d+", each.name) for each in (model, other)]
    first, second = (float(each[0]) if each else None for each in versions)
    return abs(first - second) if first is not None and second is not None else 10.0
