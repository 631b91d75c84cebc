"""What one model has that another has not, and which other model would end a problem."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kling_widgets.core.catalog import PRICING, Model, models
from kling_widgets.core.features import FEATURES, MORE, length, most, ratios, usual_seconds
from kling_widgets.core.fields import Problem

if TYPE_CHECKING:
    from kling_widgets.core.request import VideoRequest

_LISTS = {"image_list": "references", "video_list": "videos", "voice_list": "sounds"}
_OFFERED = 2  # models beside one problem; more would be a list to study


def gains_and_losses(old: Model, new: Model) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is gained and what is lost when ``new`` takes the place of ``old``, in words: ("sound", "shots", "3 to 15
    seconds"), ("video in",). Both are empty when one of them is newer than the catalog, as nothing is known of it."""
    if not (old.known and new.known):
        return (), ()
    return tuple(_beyond(new, old)), tuple(_beyond(old, new))


def _beyond(model: Model, other: Model) -> Iterator[str]:
    """What the model has and the other has not."""
    for feature in (*FEATURES, *MORE):
        if feature.has(model) and not feature.has(other):
            yield str(feature)
    for name, thing in _LISTS.items():
        mine, others = most(model, name), most(other, name)
        if mine and others and mine > others:
            yield f"more than {others} {thing if others > 1 else thing.removesuffix('s')}"
    if ratios(other):
        yield from (ratio for ratio in ratios(model) if ratio not in ratios(other))
    if model.length != other.length:
        yield f"a length that {model.length}" if model.length else length(model)
    elif more := [seconds for seconds in usual_seconds(model) if seconds not in usual_seconds(other)]:
        in_a_row = len(more) > 1 and more == list(range(more[0], more[-1] + 1))
        yield f"{more[0]} to {more[-1]} seconds" if in_a_row else length(model)
    for resolution in model.native_resolutions:
        if resolution not in other.native_resolutions:
            yield f"native {resolution}"


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
            lost = len(tuple(_beyond(spec, model)))
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
