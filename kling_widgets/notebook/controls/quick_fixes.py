"""Quick fixes of a problem, each a button: set the problem's fix, or switch to a model without the problem."""

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
    """Quick fix of a problem.

    Attributes:
        label: The text of its button.
        values: The values to set, by field; None unsets a field, "model" is a model's id.
    """

    label: str
    values: Mapping[str, JSON]


@lru_cache(maxsize=256)  # called at each keystroke, of which comparing twelve models is the most expensive part
def quick_fixes(problem: Problem, request: VideoRequest) -> tuple[QuickFix, ...]:
    """Return the quick fixes of a problem of this request; those that keep the model come first."""
    own = (QuickFix(_label(problem), problem.fix),) if problem.fix else _fixes_of_second_image(problem, request)
    others = (QuickFix(f"Use {model.title}", {"model": model.id}) for model in alternatives(request, problem))
    return (*own, *others)


def _fixes_of_second_image(problem: Problem, request: VideoRequest) -> tuple[QuickFix, ...]:
    """Return fixes that say whether the second of two ``images`` is the last frame or a reference.

    Without them the service decides.
    """
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


def _label(problem: Problem) -> str:
    (name, value), *_ = problem.fix.items()
    if value is None:
        return f"Remove {name}"
    shown = {True: "on", False: "off"}.get(value) if isinstance(value, bool) else shorten(value, 40).strip("“”")
    return f"Set {name} to {shown}"
