"""The form's first lines: the model, what it can do, and what changes with it."""

from __future__ import annotations

import html
from collections.abc import Callable

import ipywidgets as widgets

from kling_widgets.core.catalog import Model, models
from kling_widgets.core.compare import gains_and_losses
from kling_widgets.core.names import resolve
from kling_widgets.notebook.controls import Parts
from kling_widgets.notebook.style import FORM_STYLE


class Head:
    """The picker of the model and a line about it.

    Args:
        switch: called with the model that the user has chosen.
    """

    def __init__(self, model: Model, parts: Parts, switch: Callable[[Model], None]) -> None:
        self._model, self._switch = model, switch
        title = widgets.HTML(f'{FORM_STYLE}<span class="kling-title">New video</span>', layout=parts.plain)
        known = {each.id: each for each in models()}
        self._picker = widgets.Dropdown(
            description="Model",
            options=[(each.title, each.id) for each in {**known, model.id: model}.values()],
            value=model.id,
            layout=parts.narrow,
            style=parts.list,
        )
        self._picker.observe(lambda _: self._chosen(), "value")
        self._about = widgets.HTML(_facts(model), layout=parts.plain)
        self.widget = widgets.VBox([title, self._picker, self._about], layout=parts.plain)

    def choose(self, model: Model) -> None:
        """Chooses a model as the user would."""
        if model.id not in {value for _, value in self._picker.options}:
            self._picker.options = (*self._picker.options, (model.title, model.id))
        self._picker.value = model.id

    def _chosen(self) -> None:
        before, (self._model, _) = self._model, resolve(self._picker.value)
        self._about.value = _facts(self._model) + _changes(before, self._model)
        self._switch(self._model)


def _facts(model: Model) -> str:
    facts = " · ".join((*map(str, model.capabilities), *filter(None, (model.length,))))
    return f'<div class="kling-dim">{html.escape(facts)}</div>'


def _changes(before: Model, after: Model) -> str:
    gains, losses = gains_and_losses(before, after)
    said = [f"gains {', '.join(gains)}"] if gains else []
    said += [f"loses {', '.join(losses)}"] if losses else []
    words = f"Against {before.title} it {' and '.join(said)}." if said else f"It can do what {before.title} can."
    return f'<div class="kling-changes">{html.escape(words)}</div>'
