"""Top of the form: the model, its capabilities, changes against the previous model, and its checklist."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from kling_widgets.catalog.compare import gains_and_losses
from kling_widgets.catalog.model_names import resolve
from kling_widgets.catalog.models import Model, models
from kling_widgets.notebook.form.checklist import checklist
from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.notebook.widgets.form_page import Message, slot_class
from kling_widgets.request.request import VideoRequest


class Header:
    """The model picker and the messages about the model.

    Args:
        model: the initial model.
        parts: shared with the form.
        switch: called with the model that the user has chosen.
    """

    def __init__(self, model: Model, parts: WidgetFactory, switch: Callable[[Model], None]) -> None:
        self._model, self._parts, self._switch = model, parts, switch
        self._about = [_facts(model)]
        known = {each.id: each for each in models()}
        self.widget = parts.make(
            widgets.Dropdown,
            *map(slot_class, ("model", "key", "guide")),
            description="Model",
            options=[(each.title, each.id) for each in {**known, model.id: model}.values()],
            value=model.id,
        )
        self.widget.observe(lambda _: self._chosen(), "value")

    def choose(self, model: Model) -> None:
        """Select a model as the user would."""
        if model.id not in {value for _, value in self.widget.options}:
            self.widget.options = (*self.widget.options, (model.title, model.id))
        self.widget.value = model.id

    def update(self, request: VideoRequest) -> None:
        """Show the capabilities of the model and its checklist."""
        self._parts.page.set_static("model", *self._about)
        self._parts.page.set_static("guide", *checklist(request))

    def _chosen(self) -> None:
        before, (self._model, _) = self._model, resolve(self.widget.value)
        self._about = [_facts(self._model), _changes(before, self._model)]
        self._switch(self._model)


def _facts(model: Model) -> Message:
    return Message(" · ".join((*map(str, model.capabilities), *filter(None, (model.length,)))))


def _changes(before: Model, after: Model) -> Message:
    gains, losses = gains_and_losses(before, after)
    changes = [f"gains {', '.join(gains)}"] if gains else []
    changes += [f"loses {', '.join(losses)}"] if losses else []
    same = f"It has the same capabilities as {before.title}."
    return Message(f"Compared with {before.title} it {' and '.join(changes)}." if changes else same, "kling-changes")
