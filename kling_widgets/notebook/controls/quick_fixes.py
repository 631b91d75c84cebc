"""The ways out of a problem, each a button: what its fix would set, and the models that do not have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from kling_widgets.core.json_values import JSON, shorten
from kling_widgets.core.problem import Problem
from kling_widgets.request.alternatives import alternatives
from kling_widgets.request.request import VideoRequest


@dataclass(frozen=True)
class QuickFix:
    """One way out.

    Attributes:
        words: what the button says.
        values: what it sets; None unsets; under "model" a model's id.
    """

    words: str
    values: Mapping[str, JSON]


@lru_cache(maxsize=256)  # a form asks at each keystroke, and comparing twelve models is the dearest part of it
def quick_fixes(problem: Problem, request: VideoRequest) -> tuple[QuickFix, ...]:
    """The ways out of a problem of this request, the one that keeps the model first."""
    own = (QuickFix(_words(problem), problem.fix),) if problem.fix else _of_two(problem, request)
    others = (QuickFix(f"Use {model.title}", {"model": model.id}) for model in alternatives(request, problem))
    return (*own, *others)


def _of_two(problem: Problem, request: VideoRequest) -> tuple[QuickFix, ...]:
    """What the second picture of ``images`` may be, of which the service decides as long as nothing is said."""
    images = request.get("images")
    if problem.field != "image" or problem.severity != "warning" or not isinstance(images, list) or len(images) != 2:
        return ()
    first, second = images
    frames = {"images": None, "image": first}
    references = request.get("image_list")
    return (
        QuickFix("The second is the last frame", {**frames, "image_tail": second}),
        QuickFix(
            "The second is a reference",
            {**frames, "image_list": [*(references if isinstance(references, list) else ()), second]},
        ),
    )


def _words(problem: Problem) -> str:
    (name, value), *_ = problem.fix.items()
    if value is None:
        return f"Remove {name}"
    shown = {True: "on", False: "off"}.get(value) if isinstance(value, bool) else shorten(value, 40).strip("“”")
    return f"Set {name} to {shown}"
