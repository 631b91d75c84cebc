"""A folded part of the form that holds fields, and whose title says what they are set to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import ipywidgets as widgets
from markupsafe import Markup

from kling_widgets.catalog.field_kinds import AnyField
from kling_widgets.core.problem import Problem
from kling_widgets.notebook.controls import Control
from kling_widgets.notebook.form.collapsible import Collapsible
from kling_widgets.notebook.form.section_summary import section_summary
from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.request.request import VideoRequest


class Section(Collapsible):
    """A title, and the controls below it, which are made when it is first opened.

    Args:
        title: in words.
        parts: shared with the form.
        opened: called when the user has opened or closed it.
        control: gives the control of a field.
        note: stands above the controls.
    """

    def __init__(
        self,
        title: str,
        parts: WidgetFactory,
        opened: Callable[[], None],
        control: Callable[[AnyField], Control],
        note: str = "",
    ) -> None:
        # With a note it holds fields of other sections: their controls need their own names.
        super().__init__(title, parts, self._rows, opened, ("kling-others",) if note else ())
        self._control = control
        self._fields: Sequence[AnyField] = ()
        self._troubled = False
        self._said = note
        self._note: widgets.HTML | None = None

    def fill(self, fields: Sequence[AnyField]) -> None:
        """Takes the fields that it holds for the present model."""
        self._fields = fields
        self.refill()

    def _rows(self) -> Iterator[widgets.Widget]:
        if self._said and self._note is None:
            note = Markup('<span class="kling-dim">{}</span>').format(self._said)
            self._note = self._parts.make(widgets.HTML, value=note)
        if self._note is not None:
            yield self._note
        for field in self._fields:
            yield self._control(field).widget

    def tell(self, request: VideoRequest, problems: Mapping[str | None, Sequence[Problem]]) -> None:
        """Says in the title what is set; opens when a problem turns up that was not there before."""
        names = [field.name for field in self._fields if field.name in request.values]
        self.say(
            ", ".join(filter(None, (section_summary(field, request) for field in self._fields if field.name in names)))
        )
        troubled = any(problems.get(name) for name in names)
        if troubled and not self._troubled:
            self.open()
        self._troubled = troubled
