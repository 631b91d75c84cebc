"""The form: arranges the controls of the selected model, its problems, its code and the submit button."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

import ipywidgets as widgets
import traitlets

from kling_widgets.catalog.field_kinds import AnyField
from kling_widgets.catalog.model_names import resolve
from kling_widgets.catalog.models import Model
from kling_widgets.core.json_values import JSON, masked, shorten
from kling_widgets.core.key_patterns import looks_like_key
from kling_widgets.core.printing import say
from kling_widgets.core.problem import Problem
from kling_widgets.core.public import public
from kling_widgets.jobs.job import Job
from kling_widgets.notebook.controls import Control, kind_of
from kling_widgets.notebook.controls.quick_fixes import quick_fixes
from kling_widgets.notebook.form.checklist import checklist_fields, checklist_sections
from kling_widgets.notebook.form.code_pane import CodePane
from kling_widgets.notebook.form.collapsible import Collapsible
from kling_widgets.notebook.form.draft import Draft
from kling_widgets.notebook.form.header import Header
from kling_widgets.notebook.form.key_notice import KeyNotice
from kling_widgets.notebook.form.presets_pane import Presets
from kling_widgets.notebook.form.results import KEPT, Results
from kling_widgets.notebook.form.section import Section
from kling_widgets.notebook.form.status_line import Status
from kling_widgets.notebook.form.submit_button import SubmitButton
from kling_widgets.notebook.kernel.cell import in_output
from kling_widgets.notebook.kernel.image_arrays import fields_with_paths
from kling_widgets.notebook.kernel.session import Session, session
from kling_widgets.notebook.output.stand_in import StandIn, form_line
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.notebook.widgets.compact_state import compact_state
from kling_widgets.notebook.widgets.factory import WidgetFactory, within
from kling_widgets.request.request import VideoRequest

OTHERS = "Not documented for this model"
OTHERS_NOTE = "Fields of other models: the service does not document them for this one. They are sent if set."


@public
class Form(compact_state(widgets.VBox)):  # type: ignore[misc]
    """A form with the controls of a model: an ipywidgets ``VBox``.

    It is shown at the end of a cell, or as a child of other widgets. Its controls are built when it is first shown;
    ``request`` and ``submit`` work before.

    Args:
        model: the model, as in ``VideoRequest``; None takes ``%config Kling.model``, by default 2.6.
        **fields: the first values of fields, as in ``VideoRequest``; pictures may be Pillow images or arrays.

    Attributes:
        request: the present request, complete or not; ``form.observe(function, "request")`` calls ``function`` after
            each change.
        layout: the size and margins in the page, as of every widget.

    Raises:
        InvalidRequestError: a name is not a field.

    Example:
        >>> form = kw.Form("3.0", prompt="a paper boat in the rain", seconds=5)
        >>> form.request.to_magic()
        '%kling --model 3.0 --seconds 5 a paper boat in the rain'
    """

    children: tuple[widgets.Widget, ...]  # a trait of VBox
    request = traitlets.Instance(VideoRequest, read_only=True)
    _rows: tuple[widgets.Widget, ...] = ()  # the first children, once they are built
    _can_open = False  # until it is constructed, and after it was closed

    def __init__(self, model: str | float | Model | None = None, **fields: Any) -> None:
        own = session()
        if model is None or (isinstance(model, str) and not model):
            model = str(own.settings.model)
        self._set_up(VideoRequest(model, **fields_with_paths(fields, own.local)), own)

    @classmethod
    def from_request(cls, request: VideoRequest, session_: Session | None = None) -> Form:
        """Return a form that shows a request.

        Args:
            request: the request.
            session_: the session that it works with, for tests; by default that of this process.

        Example:
            >>> request = kw.VideoRequest("3.0", prompt="a paper boat in the rain")
            >>> kw.Form.from_request(request).request == request
            True
        """
        form = cls.__new__(cls)
        form._set_up(request, session_ or session())
        return form

    def _set_up(self, request: VideoRequest, session_: Session) -> None:
        self._session = session_
        self._draft = Draft(_without_key(request))
        self._early_jobs: deque[Job] = deque(maxlen=KEPT)  # started before the controls were built
        self._results = Results(session_)
        self._button = SubmitButton(
            session_,
            draft=lambda: self._draft,
            inputs=lambda: within(self),
            refresh=self._refresh,
            begin=self._begin,
            fail=lambda error: self._status.show_error(error),
        )
        self._lock = self._button.lock
        super(widgets.Box, self).__init__(_dom_classes=("kling", "kling-card"))  # Box.__init__ would set children=()
        self._can_open = True
        self._refresh()

    @cached_property
    def _parts(self) -> WidgetFactory:
        return WidgetFactory(self._session.local)

    @traitlets.default("children")
    def _built(self) -> tuple[widgets.Widget, ...]:
        with self._lock:
            if not self._rows:
                with self._parts.page.hold_sync():
                    self._rows = self._build()
                    self._refresh()
            return self._rows

    def _build(self) -> tuple[widgets.Widget, ...]:
        self._controls: dict[str, Control] = {}  # created for the current model, by field name
        self._sections: dict[str, Section] = {}  # of the current model, by title, in its order
        self._idle: dict[str, Section] = {}  # closed sections of earlier models
        self._unfolded: set[str] = set()  # titles of open sections, also of those that the current model does not have
        self._presets: Presets | None = None
        self._header = Header(self._draft.model, self._parts, self._switch)
        self._status = Status(self._parts, self._assign, self._discard_unsent)
        self._key = KeyNotice(self._session, self._parts, self._status.show_error)
        self._code = CodePane(self._parts)
        self._fields = self._parts.box(*self._field_widgets())
        presets = Collapsible("Presets", self._parts, self._preset_rows)
        for job in self._early_jobs:
            self._results.begin(job)
        above = (self._parts.page, self._header.widget, self._fields)
        below = (self._button.build(self._parts), self._code.widget, presets.widget)
        return (*above, *below, *((self._results.widget,) if self._early_jobs else ()))

    # The request

    @property
    def controls(self) -> Mapping[str, Control]:
        """The controls of the present model that have been built so far, by field name."""
        self._built()
        return dict(self._controls)

    def submit(self, *, yes: bool = False) -> Job:
        """Submit the present request, as the button does, and return its job without waiting. It costs money.

        While a submission of this form is on its way, its job is returned and nothing is submitted; so it is if the
        cell is run again while its video is under way.

        Args:
            yes: submit even if the button would ask for a second click. No question is asked here.

        Raises:
            InvalidRequestError: the request cannot be sent as it is; nothing was sent.
            MissingKeyError: no API key was found; nothing was sent.
            KlingError: it needs ``yes=True``, or exceeds a budget; nothing was sent.

        Example:
            >>> form = kw.Form("3.0", prompt="a paper boat in the rain")
            >>> job = form.submit()
            >>> job.request == form.request
            True
        """
        return self._button.submit(in_cell=True, yes=yes)

    def _begin(self, job: Job) -> None:
        with self._lock:
            if not self._rows:
                self._early_jobs.append(job)
                return
        self._key.refresh()
        self._results.begin(job)
        with self._lock:
            if self._results.widget not in self.children:
                self.children = (*self.children, self._results.widget)

    # The controls

    def _preset_rows(self) -> tuple[Any]:
        if self._presets is None:
            self._presets = Presets(self._parts, self._session.presets, lambda: self._draft.request, self._apply)
        else:
            self._presets.refresh()  # another form may have saved one
        return (self._presets.widget,)

    def _apply(self, request: VideoRequest) -> None:
        """Replace all values of the form by a request."""
        with self._lock, self._parts.page.hold_sync():
            self._draft = Draft(_without_key(request))
            self._header.choose(self._draft.model)
            self._arrange()

    def _switch(self, model: Model) -> None:
        with self._lock, self._parts.page.hold_sync():
            self._draft.model = model
            self._arrange()

    def _arrange(self) -> None:
        self._fields.children = tuple(self._field_widgets())
        self._refresh()

    def _field_widgets(self) -> list[Any]:
        """Return the controls and sections of the current model, in order.

        Controls that the previous model had too are kept, with the limits of this one; the others are closed, as their
        values are in the draft. The controls of a closed section are created when it is opened.
        """
        model = self._draft.model
        fields = {field.name: field for field in (*model.fields, *model.others)}
        for name, control in list(self._controls.items()):
            field = fields.get(name)
            if field is None or type(control) is not kind_of(field):
                self._controls.pop(name).close()
            elif field is not control.field:
                control.set_field(field)
        titles: dict[str, list[AnyField]] = {}
        for field in model.fields:
            titles.setdefault(field.section, []).append(field)
        rows = [self._control(field).widget for field in titles.pop("", [])]
        if model.others:
            titles[OTHERS] = list(model.others)
        former, self._sections = self._sections, {}
        self._unfolded -= former.keys()
        self._unfolded |= {title for title, section in former.items() if section.is_open}
        in_checklist = checklist_sections(model)
        for title, section_fields in titles.items():
            note = OTHERS_NOTE if title == OTHERS else ""
            section = former.pop(title, None) or self._idle.pop(title, None)
            if section is None:
                section = Section(title, self._parts, self._toggled, self._control, note)
            self._sections[title] = section
            section.fill(section_fields)
            section.open(title in in_checklist or title in self._unfolded)
        for section in former.values():
            section.open(False)
            section.fill(())
        self._idle |= former  # kept, as there are few titles and most models use them again
        return [*rows, *(section.widget for section in self._sections.values())]

    def _toggled(self) -> None:
        with self._lock:
            self._refresh()

    def _control(self, field: AnyField) -> Control:
        """Return the control of a field of the current model; created on first use."""
        control = self._controls.get(field.name)
        if control is None:
            control = self._controls[field.name] = kind_of(field)(field, self._parts)
            control.changed = partial(self._typed, control)
            control.assign = self._assign
        control.set(self._draft.get(field))
        return control

    def _typed(self, control: Control) -> None:
        with self._lock:
            value = control.get()
            if looks_like_key(value):  # masked at once, as the value of a box is saved with the notebook
                control.set(value := masked(value))
            for name in self._draft.set_typed(control.field, value) & self._controls.keys():
                other = self._controls[name]
                other.set(self._draft.get(other.field))
            self._refresh()

    def _refresh(self) -> None:
        """Update problems, button and code from the draft, in one message to the page."""
        self._current = self._session.get(Submitter).latest = self._draft.request
        if self._rows:
            with self._parts.page.hold_sync():
                self._update_parts(self._current)
        self.set_trait("request", self._current)  # last, so that its observers find the form up to date

    def _update_parts(self, request: VideoRequest) -> None:
        own, checked = request.problems(), request.check(self._parts.local.check)
        by_field: dict[str | None, list[Problem]] = {}
        for problem in checked.problems:
            by_field.setdefault(problem.field, []).append(problem)
        in_checklist = checklist_fields(request.spec)
        self._header.update(request)
        for section in self._sections.values():
            section.update(request, by_field)
        for name, control in self._controls.items():
            control.update_context(request)
            found = by_field.pop(name, [])
            # A field that is not filled in yet is no error of the user: the status line or the checklist asks for it.
            new = name not in self._draft.touched and name not in request.values
            shown = [each for each in found if not (new and (each.severity == "error" or name in in_checklist))]
            # Quick fixes are for problems of the request only: another model does not repair a file.
            control.show([(problem, quick_fixes(problem, request) if problem in own else ()) for problem in shown])
        elsewhere = [problem for name, found in by_field.items() if name is not None for problem in found]
        estimate, question = self._button.update(request, checked.errors)
        self._status.show(request, self._draft, checked.errors, elsewhere, self._button.sending, estimate, question)
        self._code.show(request)

    def _assign(self, values: Mapping[str, JSON]) -> None:
        """Set fields by name, for a button that the user has clicked; "model" sets the model."""
        with self._lock, self._parts.page.hold_sync():
            self._draft.set_values({name: value for name, value in values.items() if name != "model"})
            for name, control in self._controls.items():
                if name in values:
                    control.set(values[name])
            if "model" in values:
                model, _ = resolve(str(values["model"]))
                self._draft.switch_model(model)
                self._header.choose(model)
            self._refresh()

    def _discard_unsent(self) -> None:
        with self._lock:
            self._draft.discard_unsent()
            self._refresh()

    # The widget

    @property
    def widget(self) -> Form:
        """The form itself, which is a widget."""
        return self

    @traitlets.default("layout")
    def _own_layout(self) -> widgets.Layout:
        layout = widgets.Layout()
        if self.comm is not None:  # it was opened without a layout
            self._send({"method": "update", "state": {"layout": f"IPY_MODEL_{layout.model_id}"}, "buffer_paths": []})
        return layout

    @property
    def _unset(self) -> tuple[str, ...]:
        return () if self.trait_has_value("layout") else ("layout",)

    def open(self) -> None:
        """Build the controls and open the form in the front end; showing the form does so.

        Other widgets open when they are made. A form waits until it is shown, as it may be used without a page.

        Example:
            >>> form = kw.Form("3.0")
            >>> form.open()
            >>> list(form.controls)[:2]
            ['prompt', 'seconds']
        """
        if self._can_open:
            with self._lock:
                super().open()

    @property
    def model_id(self) -> str:
        """The id by which the page and other widgets refer to the form; reading it opens the form."""
        self.open()
        return str(super().model_id)

    def get_view_spec(self) -> dict[str, Any]:
        """Return the description of the view for a page that is saved with its widgets.

        Example:
            >>> sorted(kw.Form("3.0").get_view_spec())
            ['model_id', 'version_major', 'version_minor']
        """
        self.open()
        return dict(super().get_view_spec())

    def _repr_mimebundle_(self, **about: Any) -> Any:
        self.open()
        stand_in = StandIn(self._session.location.front_end, form_line(self.request), apart=False)
        return stand_in.complete(super()._repr_mimebundle_(**about))

    def close(self) -> None:
        """Remove the form from every page and close its widgets.

        The request stays readable, and a video under way is still saved.

        Example:
            >>> form = kw.Form("3.0", prompt="a paper boat in the rain")
            >>> form.close()
            >>> form.request.prompt
            'a paper boat in the rain'
        """
        self._can_open = False
        if self._rows:
            self._parts.close_all()
            self._results.close()
        super().close()

    def _ipython_display_(self) -> None:
        if not self._session.location.front_end.widgets:
            say(f"The form needs a notebook. The same as a line:\n{self.request.to_magic()}")
            return
        if not self._can_open:
            say(repr(self))  # closed
            return
        from IPython.display import display

        # An output inside an Output widget cannot be updated later, so the form shows its results itself there.
        below = not in_output(self._session.shell)
        self._results.below |= below
        view = self._repr_mimebundle_()
        if below:
            self._results.display(view, self.request)
        else:
            display(view, raw=True)  # type: ignore[no-untyped-call]

    def __repr__(self) -> str:
        return f"<Form {shorten(self.request.to_magic(), 200)}>"


def _without_key(request: VideoRequest) -> VideoRequest:
    """Return the request with each API key replaced by ``sk-…``, which its field reports as an error: the values of a
    form are saved with the notebook."""
    if not looks_like_key([request.model, dict(request.values)]):
        return request
    return VideoRequest.from_given(masked(request.model), masked(dict(request.values)), untrusted=request.values)
