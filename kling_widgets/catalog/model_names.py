"""Names that people type: which model or field is meant, and what to say when none is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kling_widgets.catalog.all_fields import FIELDS, PREFIX
from kling_widgets.catalog.models import MODELS, Model, unknown_model
from kling_widgets.core.json_values import JSON, as_name, kind_of, plain, shorten, unusable_kinds
from kling_widgets.core.problem import Problem
from kling_widgets.core.public import public
from kling_widgets.errors import InvalidRequestError

# "kling-v2-5-turbo", "kling-v3", "kling-video-o1": names of Kling's own API. They would hit another line (S).
_NATIVE = re.compile(r"kling-(?:video-|v(?=\d))?(\w+(?:[-.]\w+)*)")
# Its modes, which are no models: "kling-v2-6-pro" is 2.6 at a finer setting. "-master" and "-omni" are other models.
_MODES = re.compile(r"-(?:pro|std)$")
# "3.1", "3.1-fast", "3.1-lite" in the upstream's documents are Google Veo (S), whatever stands before them.
_VEO = re.compile(r"(?:aigc-video-kling-|kling-)?v?3[.-]1(?:-.*)?", re.DOTALL)


def nearest(word: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """The known names that look most like the word."""
    from difflib import get_close_matches  # only mistakes need it

    return tuple(get_close_matches(word.lower(), tuple(known), n=count, cutoff=0.5))


def resolve(name: object) -> tuple[Model, Problem | None]:
    """The model that a name means, and what is wrong with the name. Always gives a model: with all fields when it is
    not one of ours, so that an unfinished or mistaken request can still be shown."""
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
        said = f"A model is a name such as 2.6, not a value of type {kind}."
        return unknown_model(text), Problem("error", "model", said, 'For example VideoRequest("2.6", prompt=…).')
    if len(text.split()) > 1:
        hint = f'A prompt goes with a model: "2.6", prompt={shorten(text, 30)}.'
        return unknown_model(text), Problem("error", "model", f"{shorten(text)} is not a model of this service.", hint)
    if low.startswith("aigc-video-gv") or _VEO.fullmatch(low):
        hint = "Google Veo, 3.1 among it, is another line (aigc-video-gv-…); this package is for Kling."
        return unknown_model(text), Problem("error", "model", f"{shorten(text)} is not a Kling model.", hint)
    if native := _NATIVE.fullmatch(low):
        others = "other Kling names can reach another line of the service, at other prices."
        message = f"{shorten(text)} is a name of another line."
        if right := _here(native[1]):
            return unknown_model(text), Problem("error", "model", message, f"Use {right}: {others}", {"model": right})
        if re.search(r"\d", low):
            hint = f"The models here are {_short_names()}; {others}"
            return unknown_model(text), Problem("error", "model", message, hint)
    near = nearest(low.removeprefix(PREFIX), (model.name for model in MODELS.values()))
    if re.fullmatch(re.escape(PREFIX) + r"[\w.-]+", low):
        hint = "It is sent as it is, with all fields open; a misspelt name is refused by the service."
        if near:
            hint += f" Near it: {', '.join(near)}."
        return unknown_model(low), Problem("warning", "model", f"{shorten(text)} is newer than this catalog.", hint)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"The models are {_short_names()}."
    return unknown_model(text), Problem("error", "model", f"{shorten(text)} is not a model of this service.", hint)


def _here(native: str) -> str | None:
    """The model of this service that a native name means by the known rules of spelling, or None: what merely looks
    like one of ours is another model, at another price."""
    name = _MODES.sub("", re.sub(r"(?<=\d)-(?=\d)", ".", native))
    found = (name, f"{name}.0", re.sub(r"^(\d+)(?=-)", r"\1.0", name))
    return next((PREFIX + each for each in found if PREFIX + each in MODELS), None)


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
# Names under which the first two frames travel; they are taken at every door and turned into image and image_tail.
FRAME_LISTS = ("images", "image_urls")
ACCEPTED = (*FIELDS, *ALIASES, *FRAME_LISTS, "metadata")


def unknown_fields(names: Iterable[str], accepted: Iterable[str] = ACCEPTED) -> tuple[Problem, ...]:
    """A problem for each name that is no field, with the nearest ones: the gateway would silently ignore it (R)."""
    accepted = tuple(accepted)
    problems = []
    for name in names:
        if name not in accepted:
            near = nearest(name, accepted)
            hint = (
                f"Did you mean {' or '.join(near)}?" if near else "What the catalog does not know goes into metadata."
            )
            problems.append(Problem("error", name, f"There is no field {shorten(name)}.", hint))
    return tuple(problems)


def left_open(model: Model, links: JSON) -> bool:
    """Whether the service decides what these ``images`` are: of two the second is a last frame or a reference (S), and
    more are not documented. Such a list stays as it was given."""
    return isinstance(links, list) and (len(links) > 2 or (len(links) == 2 and "image_tail" not in model.by_name))
