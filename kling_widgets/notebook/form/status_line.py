"""Status beside the form's submit button: missing values, the video to be made, and values that are not sent."""

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
    """The messages beside the submit button.

    Args:
        parts: shared with the form.
        assign: sets fields by name; "model" sets the model.
        discard: discards the values that are not sent with the current model.
    """

    def __init__(
        self, parts: WidgetFactory, assign: Callable[[Mapping[str, JSON]], None], discard: Callable[[], None]
    ) -> None:
        self._parts, self._assign, self._discard = parts, assign, discard

    def show_error(self, error: KlingError) -> None:
        """Show why the request was not sent."""
        self._parts.page.set_messages("status", Message(f"Error: {error}", "kling-error"))

    def show(
        self,
        request: VideoRequest,
        draft: Draft,
        errors: Sequence[Problem],
        elsewhere: Sequence[Problem],
        sending: bool,
        estimate: str = "",
        question: str = "",
    ) -> None:
        """Show the status of the request.

        Args:
            request: the current request.
            draft: the typed values.
            errors: the errors that prevent it from being sent.
            elsewhere: problems of fields that have no control at the moment.
            sending: whether it is being sent.
            estimate: its cost, if known.
            question: the question that a second click confirms.
        """
        if sending:
            status = "Sending …"
        elif errors:
            count = "One thing is missing" if len(errors) == 1 else f"{len(errors)} things are missing"
            status = f"{count}: {errors[0]}"
        else:
            seconds = request.get("seconds")
            length = f"{seconds} s" if seconds else "default length"
            status = " · ".join(filter(None, (length, request.spec.title, estimate)))
        # Shown until the file is chosen again: a click would make, and bill, a video without it.
        missing = [
            f"{field.label} was a file in the request that this form was made from: choose it again."
            for field in draft.missing(request)
        ]
        notes = (*missing, *(map(str, elsewhere) if not errors else ()))
        messages = [Message(status)]
        if question:
            messages.append(Message(f"{question} A second click makes it.", "kling-note", role="alert"))
        messages += [Message(f"Note: {each}", "kling-note") for each in notes]
        self._parts.page.set_messages("status", *messages, *self._unsent_note(request, draft.unsent))

    def _unsent_note(self, request: VideoRequest, unsent: Mapping[str, JSON]) -> Iterator[Message]:
        """Return a note about values that were typed for another model, with buttons for the models that take them."""
        if unsent:
            labels = ", ".join(FIELDS[name].label.lower() for name in unsent)
            text = f"Note: Not sent, as {request.spec.title} is not documented to take it: {labels}."
            models = _models_for(request, unsent)
            uses = [(f"Use {model.title}", partial(self._assign, {"model": model.id})) for model in models]
            yield Message(text, "kling-note", (*uses, ("Leave it out", self._discard)))


def _models_for(request: VideoRequest, unsent: Mapping[str, JSON]) -> tuple[Model, ...]:
    """Return the models that take all unsent values, the best one first."""
    whole = request.replace(**unsent)
    found = [alternatives(whole, problem) for problem in whole.problems() if problem.field in unsent]
    models = dict.fromkeys(model for some in found for model in some)
    return tuple(model for model in models if all(name in model.by_name for name in unsent))
