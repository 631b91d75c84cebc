"""Collapsible section of the form with controls, whose title summarises their values."""

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
    """A title, and the controls below it, which are created when it is first opened.

    Args:
        title: the text of the title.
        parts: shared with the form.
        on_toggle: called when the user has opened or closed it.
        control: returns the control of a field.
        note: a text above the controls.
    """

    def __init__(
        self,
        title: str,
        parts: WidgetFactory,
        on_toggle: Callable[[], None],
        control: Callable[[AnyField], Control],
        note: str = "",
    ) -> None:
        # A section with a note holds fields of other sections, whose controls must show their own labels.
        super().__init__(title, parts, self._rows, on_toggle, ("kling-others",) if note else ())
        self._control = control
        self._fields: Sequence[AnyField] = ()
        self._has_problems = False
        self._note_text = note
        self._note: widgets.HTML | None = None

    def fill(self, fields: Sequence[AnyField]) -> None:
        """Set the fields that it holds for the current model."""
        self._fields = fields
        self.refill()

    def _rows(self) -> Iterator[widgets.Widget]:
        if self._note_text and self._note is None:
            note = Markup('<span class="kling-dim">{}</span>').format(self._note_text)
            self._note = self._parts.make(widgets.HTML, value=note)
        if self._note is not None:
            yield self._note
        for field in self._fields:
            yield self._control(field).widget

    def update(self, request: VideoRequest, problems: Mapping[str | None, Sequence[Problem]]) -> None:
        """Summarise the values in the title, and open the section if its first problem appears."""
        names = [field.name for field in self._fields if field.name in request.values]
        summaries = (section_summary(field, request) for field in self._fields if field.name in names)
        self.set_summary(", ".join(filter(None, summaries)))
        has_problems = any(problems.get(name) for name in names)
        if has_problems and not self._has_problems:
            self.open()
        self._has_problems = has_problems
