"""What stands beside the form's button: what is missing, what will be made, and what of the typed is not sent."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import ipywidgets as widgets

from kling_widgets.core.catalog import FIELDS, Model
from kling_widgets.core.compare import alternatives
from kling_widgets.core.fields import Problem
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.values import JSON
from kling_widgets.errors import KlingError
from kling_widgets.notebook.controls import Parts
from kling_widgets.notebook.draft import Draft


class Status:
    """The lines beside the button.

    Args:
        parts: shared with the form.
        assign: sets fields, under "model" the model.
        forget: drops what was typed and does not show.
    """

    def __init__(self, parts: Parts, assign: Callable[[Mapping[str, JSON]], None], forget: Callable[[], None]) -> None:
        self._parts, self._assign, self._forget = parts, assign, forget
        self._text = widgets.HTML(layout=parts.plain)
        self._unsent: tuple[str, tuple[Model, ...]] = ("", ())
        self.widget = widgets.VBox([self._text], layout=parts.plain)
        self.widget.add_class("kling-status")

    def say(self, error: KlingError) -> None:
        """Says what kept the request from being sent."""
        self._text.value = f'<span class="kling-error">Error: {html.escape(str(error))}</span>'

    def tell(
        self,
        draft: Draft,
        errors: Sequence[Problem],
        elsewhere: Sequence[Problem],
        sending: bool,
        estimate: str = "",
        question: str = "",
    ) -> None:
        """Says how the request stands.

        Args:
            draft: what was typed.
            errors: what keeps it from being sent.
            elsewhere: problems of fields that have no control at the moment.
            sending: whether it is on its way.
            estimate: what it costs, where that is known.
            question: what a second click says yes to.
        """
        request = draft.request
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
            for field in draft.missing
        ]
        told = (*left, *(map(str, elsewhere) if not errors else ()))
        asked = f'<div class="kling-note" role="alert">{html.escape(question)} A second click makes it.</div>'
        notes = (f'<div class="kling-note">Note: {html.escape(each)}</div>' for each in told)
        self._text.value = (
            f'<span class="kling-dim">{html.escape(said)}</span>{asked if question else ""}{"".join(notes)}'
        )
        self._tell_unsent(request, draft.unsent)

    def _tell_unsent(self, request: VideoRequest, unsent: Mapping[str, JSON]) -> None:
        """What was typed for another model: said, with a model that takes it, as it would be missed in the video."""
        labels = ", ".join(FIELDS[name].label.lower() for name in unsent)
        words = f"Not sent, as {request.spec.title} is not documented to take it: {labels}." if unsent else ""
        takers = _takers(request, unsent) if unsent else ()
        if (words, takers) == self._unsent:
            return
        self._unsent = words, takers
        old = self.widget.children[1:]
        self.widget.children = (self._text, *([self._row(words, takers)] if words else []))
        for row in old:
            self._parts.close(row)

    def _row(self, words: str, takers: Sequence[Model]) -> widgets.Widget:
        text = widgets.HTML(f'<div class="kling-note">Note: {html.escape(words)}</div>', layout=self._parts.plain)
        uses = [self._button(f"Use {model.title}", partial(self._assign, {"model": model.id})) for model in takers]
        row = widgets.HBox([text, *uses, self._button("Leave it out", self._forget)], layout=self._parts.plain)
        row.add_class("kling-row")
        return row

    def _button(self, words: str, work: Callable[[], None]) -> widgets.Button:
        button = widgets.Button(description=words, layout=self._parts.narrow)
        button.on_click(lambda _: work())
        return button


def _takers(request: VideoRequest, unsent: Mapping[str, JSON]) -> tuple[Model, ...]:
    """The models that take all of it, the best one first."""
    whole = request.replace(**unsent)
    found = [alternatives(whole, problem) for problem in whole.problems() if problem.field in unsent]
    models = dict.fromkeys(model for some in found for model in some)
    return tuple(model for model in models if all(name in model.by_name for name in unsent))
