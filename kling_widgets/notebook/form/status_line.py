"""What stands beside the form's button: what is missing, what will be made, and what of the typed is not sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.models import Model
from kling_widgets.core.json_values import JSON
from kling_widgets.core.problem import Problem
from kling_widgets.errors import KlingError
from kling_widgets.notebook.form.draft import Draft
from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.notebook.widgets.form_page import Message
from kling_widgets.request.alternatives import alternatives
from kling_widgets.request.request import VideoRequest


class Status:
    """The lines beside the button.

    Args:
        parts: shared with the form.
        assign: sets fields, under "model" the model.
        forget: drops what was typed and does not show.
    """

    def __init__(
        self, parts: WidgetFactory, assign: Callable[[Mapping[str, JSON]], None], forget: Callable[[], None]
    ) -> None:
        self._parts, self._assign, self._forget = parts, assign, forget

    def say(self, error: KlingError) -> None:
        """Says what kept the request from being sent."""
        self._parts.page.set_messages("status", Message(f"Error: {error}", "kling-error"))

    def tell(
        self,
        request: VideoRequest,
        draft: Draft,
        errors: Sequence[Problem],
        elsewhere: Sequence[Problem],
        sending: bool,
        estimate: str = "",
        question: str = "",
    ) -> None:
        """Says how the request stands.

        Args:
            request: the present one.
            draft: what was typed.
            errors: what keeps it from being sent.
            elsewhere: problems of fields that have no control at the moment.
            sending: whether it is on its way.
            estimate: what it costs, where that is known.
            question: what a second click says yes to.
        """
        if sending:
            said = "Sending …"
        elif errors:
            count = "One thing is missing" if len(errors) == 1 else f"{len(errors)} things are missing"
            said = f"{count}: {errors[0]}"
        else:
            seconds = request.get("seconds")
            length = f"{seconds} s" if seconds else "default length"
            said = " · ".join(filter(None, (length, request.spec.title, estimate)))
        # Said as long as it is missing: who clicks would pay for a video without it.
        left = [
            f"{field.label} was a file in the request that this form is made of: choose it again."
            for field in draft.missing(request)
        ]
        told = (*left, *(map(str, elsewhere) if not errors else ()))
        lines = [Message(said)]
        if question:
            lines.append(Message(f"{question} A second click makes it.", "kling-note", role="alert"))
        lines += [Message(f"Note: {each}", "kling-note") for each in told]
        self._parts.page.set_messages("status", *lines, *self._left_out(request, draft.unsent))

    def _left_out(self, request: VideoRequest, unsent: Mapping[str, JSON]) -> Iterator[Message]:
        """What was typed for another model: said, with a model that takes it, as it would be missed in the video."""
        if unsent:
            labels = ", ".join(FIELDS[name].label.lower() for name in unsent)
            words = f"Note: Not sent, as {request.spec.title} is not documented to take it: {labels}."
            uses = [
                (f"Use {model.title}", partial(self._assign, {"model": model.id})) for model in _takers(request, unsent)
            ]
            yield Message(words, "kling-note", (*uses, ("Leave it out", self._forget)))


def _takers(request: VideoRequest, unsent: Mapping[str, JSON]) -> tuple[Model, ...]:
    """The models that take all of it, the best one first."""
    whole = request.replace(**unsent)
    found = [alternatives(whole, problem) for problem in whole.problems() if problem.field in unsent]
    models = dict.fromkeys(model for some in found for model in some)
    return tuple(model for model in models if all(name in model.by_name for name in unsent))
