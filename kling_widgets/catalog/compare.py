"""Comparison of two models: features that a request gains or loses by switching."""

from __future__ import annotations

from collections.abc import Iterator

from kling_widgets.catalog.features import FEATURES, MINOR_FEATURES, length, max_items, ratios, usual_seconds
from kling_widgets.catalog.models import Model


def gains_and_losses(old: Model, new: Model) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is gained and what is lost by switching from ``old`` to ``new``, in words.

    For example ("sound", "shots", "3 to 15 seconds"), ("video in",). Both are empty if the catalog does not know one of
    the models.
    """
    if not (old.known and new.known):
        return (), ()
    return tuple(advantages(new, old)), tuple(advantages(old, new))


def advantages(model: Model, other: Model) -> Iterator[str]:
    """Yield, in words, each feature that the model has and the other one lacks."""
    for feature in (*FEATURES, *MINOR_FEATURES):
        if feature.has(model) and not feature.has(other):
            yield str(feature)
    for name, items in _LISTS.items():
        mine, others = max_items(model, name), max_items(other, name)
        if mine and others and mine > others:
            yield f"more than {others} {items if others > 1 else items.removesuffix('s')}"
    if ratios(other):
        yield from (ratio for ratio in ratios(model) if ratio not in ratios(other))
    if model.length != other.length:
        yield f"a length that {model.length}" if model.length else length(model)
    elif more := [seconds for seconds in usual_seconds(model) if seconds not in usual_seconds(other)]:
        is_range = len(more) > 1 and more == list(range(more[0], more[-1] + 1))
        yield f"{more[0]} to {more[-1]} seconds" if is_range else length(model)
    for resolution in model.native_resolutions:
        if resolution not in other.native_resolutions:
            yield f"native {resolution}"


_LISTS = {"image_list": "references", "video_list": "videos", "voice_list": "sounds"}
