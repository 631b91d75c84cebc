"""Resolution of the names of models and fields as people type them, with suggestions for unknown ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kling_widgets.catalog.all_fields import FIELDS, PREFIX
from kling_widgets.catalog.models import MODELS, Model, unknown_model
from kling_widgets.core.json_values import JSON, as_name, kind_of, plain, shorten, unusable_kinds
from kling_widgets.core.problem import Problem
from kling_widgets.core.public import public
from kling_widgets.errors import InvalidRequestError

# "kling-v2-5-turbo", "kling-v3", "kling-video-o1": names of Kling's own API, which belong to another line (S).
_NATIVE = re.compile(r"kling-(?:video-|v(?=\d))?(\w+(?:[-.]\w+)*)")
# Modes in that API, which are not models: "kling-v2-6-pro" is 2.6 in better quality. "-master" and "-omni" are models.
_MODES = re.compile(r"-(?:pro|std)$")
# "3.1", "3.1-fast", "3.1-lite" in the upstream's documents are Google Veo (S), with any prefix.
_VEO = re.compile(r"(?:aigc-video-kling-|kling-)?v?3[.-]1(?:-.*)?", re.DOTALL)


def nearest(word: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Return the known names that are most similar to the word."""
    from difflib import get_close_matches  # imported only after a mistake

    return tuple(get_close_matches(word.lower(), tuple(known), n=count, cutoff=0.5))


def resolve(name: object) -> tuple[Model, Problem | None]:
    """Return the model with this name, and the problem with the name, if any.

    An unknown name results in a model with all fields, so that an unfinished or mistaken request can still be shown.
    """
    if isinstance(name, Model) and name.known:
        return name, None
    name = plain(name.id if isinstance(name, Model) else name)
    text = as_name(name).strip() if name is not None else ""
    low = text.lower()
    for candidate in (low, PREFIX + low):
        if candidate in MODELS:
            return MODELS[candidate], None
    if not text:
        return unknown_model(""), Problem("error", "model", "No model is chosen.", f"For example {PREFIX}2.6.")
    if (kind := next(unusable_kinds(name), kind_of(name))) not in ("", "bool"):
        message = f"A model is a name such as 2.6, not a value of type {kind}."
        return unknown_model(text), Problem("error", "model", message, 'For example VideoRequest("2.6", prompt=…).')
    if len(text.split()) > 1:
        hint = f'If it is a prompt, name a model too: "2.6", prompt={shorten(text, 30)}.'
        return unknown_model(text), Problem("error", "model", f"{shorten(text)} is not a model of this service.", hint)
    if low.startswith("aigc-video-gv") or _VEO.fullmatch(low):
        hint = "Google Veo, including 3.1, is another line (aigc-video-gv-…); this package is for Kling only."
        return unknown_model(text), Problem("error", "model", f"{shorten(text)} is not a Kling model.", hint)
    if native := _NATIVE.fullmatch(low):
        others = "other Kling names can reach another line of the service, at other prices."
        message = f"{shorten(text)} is a name of another line of models."
        if right := _equivalent(native[1]):
            return unknown_model(text), Problem("error", "model", message, f"Use {right}: {others}", {"model": right})
        if re.search(r"\d", low):
            hint = f"The models here are {_short_names()}; {others}"
            return unknown_model(text), Problem("error", "model", message, hint)
    near = nearest(low.removeprefix(PREFIX), (model.name for model in MODELS.values()))
    if re.fullmatch(re.escape(PREFIX) + r"[\w.-]+", low):
        hint = "It is sent as it is, with all fields available; the service refuses a misspelt name."
        if near:
            hint += f" Similar names: {', '.join(near)}."
        return unknown_model(low), Problem("warning", "model", f"{shorten(text)} is newer than this catalog.", hint)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"The models are {_short_names()}."
    return unknown_model(text), Problem("error", "model", f"{shorten(text)} is not a model of this service.", hint)


def _equivalent(native: str) -> str | None:
    """Return the id of this service's model for a native name, by the known rules of spelling, or None.

    A name that is merely similar is not converted, as it is another model, at another price.
    """
    name = _MODES.sub("", re.sub(r"(?<=\d)-(?=\d)", ".", native))
    candidates = (name, f"{name}.0", re.sub(r"^(\d+)(?=-)", r"\1.0", name))
    return next((PREFIX + each for each in candidates if PREFIX + each in MODELS), None)


def _short_names() -> str:
    return ", ".join(model.name for model in MODELS.values())


@public
def model(name: str | float) -> Model:
    """Return the model with this name.

    Args:
        name: an id such as "aigc-video-kling-2.6"; or what follows the prefix in it, "2.6", also as a number.

    Returns:
        The ``Model``. For an id with the prefix that the catalog does not know, it has all fields and ``known=False``.

    Raises:
        InvalidRequestError: there is no such model; the message has the nearest names.

    Example:
        >>> kw.model("2.6").title
        'Kling 2.6'
        >>> kw.model("2.5-turbo").id
        'aigc-video-kling-2.5-turbo'
    """
    found, problem = resolve(name)
    if problem and problem.severity == "error":
        raise InvalidRequestError(str(problem), [problem])
    return found


ALIASES: Mapping[str, str] = {alias: field.name for field in FIELDS.values() for alias in field.aliases}
# Other names for the first and last frame. They are accepted everywhere, and converted to image and image_tail.
FRAME_LISTS = ("images", "image_urls")
ACCEPTED = (*FIELDS, *ALIASES, *FRAME_LISTS, "metadata")


def unknown_fields(names: Iterable[str], accepted: Iterable[str] = ACCEPTED) -> tuple[Problem, ...]:
    """Return a problem for each name that is not a field, with similar names.

    The gateway would silently ignore such a field (R).
    """
    accepted = tuple(accepted)
    problems = []
    for name in names:
        if name not in accepted:
            near = nearest(name, accepted)
            hint = f"Did you mean {' or '.join(near)}?" if near else "Put fields that the catalog lacks into metadata."
            problems.append(Problem("error", name, f"There is no field {shorten(name)}.", hint))
    return tuple(problems)


def is_ambiguous(model: Model, links: JSON) -> bool:
    """Return whether the service decides how the pictures in ``images`` are used; such a list is sent as it was given.

    The second of two pictures is a last frame or a reference (S); more than two are not documented.
    """
    return isinstance(links, list) and (len(links) > 2 or (len(links) == 2 and "image_tail" not in model.by_name))
