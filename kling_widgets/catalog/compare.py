"""What a request gains and loses by another model."""

from __future__ import annotations

from collections.abc import Iterator

from kling_widgets.catalog.features import FEATURES, MORE, length, most, ratios, usual_seconds
from kling_widgets.catalog.models import Model


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


_LISTS = {"image_list": "references", "video_list": "videos", "voice_list": "sounds"}
