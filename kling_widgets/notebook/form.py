"""Form: the chosen model's controls, its problems, its code, and a button. It only arranges."""

from __future__ import annotations

import html
import threading
from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from kling_widgets.core.catalog import FIELDS, Model, models
from kling_widgets.core.fields import Field, Link, Links, Problem
from kling_widgets.core.names import resolve
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.structured import Masks
from kling_widgets.core.values import JSON, is_local, shorten
from kling_widgets.errors import KlingError
from kling_widgets.jobs.home import home
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.moment import Moment
from kling_widgets.notebook.code import CodePane
from kling_widgets.notebook.controls import Control, Parts, make
from kling_widgets.notebook.key_line import KeyLine
from kling_widgets.notebook.local_media import LocalMedia
from kling_widgets.notebook.results import Results
from kling_widgets.notebook.section import Section
from kling_widgets.notebook.session import Session, session
from kling_widgets.notebook.style import STYLE

OTHERS = "Not documented for this model"
SUBMIT = "Make the video"


class Form:
    """A form whose controls fit the chosen model. It shows itself at the end of a cell, or by ``display(form)``.

    Args:
        model: as in ``VideoRequest``; None for the default model.
        **fields: values to begin with, as in ``VideoRequest``.

    Attributes:
        request: the present request, finished or not.

    Raises:
        InvalidRequestError: a name that is no field.
    """

    def __init__(self, model: str | Model | None = None, **fields: Any) -> None:
        own = session()
        self._take(VideoRequest(model or own.settings.model, **fields), own)

    @classmethod
    def from_request(cls, request: VideoRequest, session_: Session | None = None) -> Form:
        """The form of a request; of this process's session, unless another one is given."""
        form = cls.__new__(cls)
        form._take(request, session_ or session())
        return form

    def _take(self, request: VideoRequest, session_: Session) -> None:
        self._session = session_
        self._lock = threading.RLock()
        self._sending: Job | None = None
        self._model = request.spec
        self._parts = Parts(LocalMedia(home(self._session.environ) / "uploads"))
        self._values: dict[str, JSON] = {}  # what was typed, also what the present model does not take
        self._extra: dict[str, JSON] = {}  # what stands under "Not documented for this model"
        # What the user has not typed here came through a door of its own, where paths were told from text.
        self._foreign = set(request.values)
        self._left: list[Field] = []  # what the request had and the form does not take over
        for name, value in request.values.items():
            if (field := FIELDS.get(name)) and _foreign_path(field, value):
                self._left.append(field)
            else:
                (self._values if name in self._model.by_name else self._extra)[name] = value
        self._controls: dict[tuple[bool, Field], Control] = {}
        self._sections: dict[str, Section] = {}
        self._present: list[Section] = []  # those of the present model
        self._results = Results(self._session)
        self._build()
        self._arrange()

    # The request

    @property
    def request(self) -> VideoRequest:
        """The present request: what shows, and is set."""
        shown = {name: value for name, value in self._values.items() if name in self._model.by_name}
        extra = {name: value for name, value in self._extra.items() if name not in self._model.by_name}
        return VideoRequest.from_given(self._model, {**shown, **extra}, foreign=self._foreign)

    def submit(self) -> Job:
        """Submits the present request, as the button does, and gives its job without waiting. While a submission is on
        its way, that one is given: a second click makes no second video.

        Raises:
            KlingError: it cannot be sent; nothing was.
        """
        with self._lock:
            if self._sending is not None:
                return self._sending
            self._button.disabled = True
            try:
                (self._sending,) = self._session.prepare(self.request)
            finally:
                self._key.refresh()
                self._refresh()
            job = self._sending
        self._results.begin(job)
        job.listen(lambda moment: self._heard(job, moment))
        job.start()
        return job

    def _heard(self, job: Job, moment: Moment) -> None:
        with self._lock:
            # Jobs of before go on telling how they stand; only this one's answer opens the button.
            if self._sending is job and moment.state != "sending":
                self._sending = None
                self._refresh()

    def _clicked(self, button: object) -> None:
        self._button.disabled = True  # before anything else: the next click is on its way
        try:
            self.submit()
        except KlingError as error:
            self._say(error)

    # The widgets

    def _build(self) -> None:
        parts = self._parts
        self._picker = widgets.Dropdown(
            description="Model",
            options=[(model.title, model.id) for model in models()]
            + ([] if self._model.id in {model.id for model in models()} else [(self._model.title, self._model.id)]),
            value=self._model.id,
            layout=parts.narrow,
            style=parts.list,
        )
        self._picker.observe(self._switch, "value")
        self._about = widgets.HTML(layout=parts.plain)
        self._status = widgets.HTML(layout=parts.plain)
        self._key = KeyLine(self._session, parts, self._say)
        self._fields = widgets.VBox(layout=parts.plain)
        self._button = widgets.Button(description=SUBMIT, button_style="primary", layout=widgets.Layout(width="180px"))
        self._button.on_click(self._clicked)
        submit = widgets.HBox([self._button, self._status], layout=parts.plain)
        submit.add_class("kling-row")
        submit.add_class("kling-apart")
        self._code = CodePane(parts, lambda: self.request)
        head = widgets.HTML(f'{STYLE}<span class="kling-title">New video</span>', layout=parts.plain)
        self.widget = widgets.VBox(
            [
                head,
                self._picker,
                self._about,
                self._key.widget,
                self._fields,
                submit,
                self._code.widget,
                self._results.widget,
            ],
            layout=parts.plain,
        )
        for name in ("kling", "kling-card"):
            self.widget.add_class(name)

    def _say(self, error: KlingError) -> None:
        self._status.value = f'<span class="kling-error">Error: {html.escape(str(error))}</span>'

    def _switch(self, change: Mapping[str, Any]) -> None:
        with self._lock:
            self._model, _ = resolve(change["new"])
            self._arrange()

    def _arrange(self) -> None:
        """Puts the controls of the present model in order; those of folded sections are made when they are opened."""
        facts = " · ".join((*map(str, self._model.capabilities), *filter(None, (self._model.scene,))))
        self._about.value = f'<span class="kling-dim">{html.escape(facts)}</span>'
        rows: list[widgets.Widget] = []
        sections: dict[str, list[Field]] = {}
        for field in self._model.fields:
            if field.section:
                sections.setdefault(field.section, []).append(field)
            else:
                rows.append(self._control(field).widget)
        if self._model.others:
            sections[OTHERS] = list(self._model.others)
        self._present = []
        for title, fields in sections.items():
            section = self._sections.get(title)
            if section is None:
                section = self._sections[title] = Section(title, self._parts, self._refresh)
            section.fill(fields, self._fill_other if title == OTHERS else self._fill)
            rows.append(section.widget)
            self._present.append(section)
        self._fields.children = tuple(rows)
        self._refresh()

    def _fill(self, field: Field) -> Control:
        return self._control(field)

    def _fill_other(self, field: Field) -> Control:
        return self._control(field, other=True)

    def _control(self, field: Field, other: bool = False) -> Control:
        """The control of a field; kept, so that switching back and forth makes nothing anew."""
        values = self._extra if other else self._values
        control = self._controls.get((other, field))
        if control is None:
            control = self._controls[other, field] = make(field, self._parts)

            def changed() -> None:
                with self._lock:
                    values[field.name] = control.get()
                    self._foreign.discard(field.name)
                    self._refresh()

            control.changed = changed
            control.assign = self._assign
        control.set(values.get(field.name))
        return control

    def _shown(self) -> dict[str, Control]:
        """The controls that are made and belong to the present model, by field name."""
        offered, others = set(self._model.fields), set(self._model.others)
        return {
            field.name: control
            for (other, field), control in self._controls.items()
            if field in (others if other else offered)
        }

    def _refresh(self) -> None:
        """Problems beside their fields, the button, the code: all from the present request."""
        request = self.request
        problems = request.problems()
        by_field: dict[str | None, list[Problem]] = {}
        for problem in problems:
            by_field.setdefault(problem.field, []).append(problem)
        for section in self._present:
            section.tell(request, by_field)
        controls = self._shown()
        elsewhere: list[Problem] = []
        for name, found in by_field.items():
            if name is not None and name not in controls:
                elsewhere += found
        for name, control in controls.items():
            control.know(request)
            found = by_field.get(name, [])
            # What is simply not filled in yet is said beside the button, and not held against the user.
            untouched = not control.touched and name not in request.values
            control.show([each for each in found if not (untouched and each.severity == "error")], self._fix)
        errors = [problem for problem in problems if problem.severity == "error"]
        self._button.disabled = bool(errors) or self._sending is not None
        self._status.value = self._status_text(request, errors, elsewhere)
        self._code.refresh()

    def _status_text(self, request: VideoRequest, errors: list[Problem], elsewhere: list[Problem]) -> str:
        if self._sending is not None:
            said = '<span class="kling-dim">Sending …</span>'
        elif errors:
            count = "One thing is missing" if len(errors) == 1 else f"{len(errors)} things are missing"
            said = f'<span class="kling-dim">{count}: {html.escape(str(errors[0]))}</span>'
        else:
            seconds = request.get("seconds")
            length = f"{seconds} s" if seconds else "default length"
            said = f'<span class="kling-dim">{length} · {html.escape(request.spec.title)}</span>'
        # Said as long as it is missing: who clicks would pay for a video without it.
        left = [
            f"{field.label} was a file in the request that this form is made of: choose it again."
            for field in self._left
            if field.name not in request.values
        ]
        told = (*left, *(map(str, elsewhere) if not errors else ()))
        return said + "".join(f'<div class="kling-note">Note: {html.escape(each)}</div>' for each in told)

    def _fix(self, problem: Problem) -> None:
        """Does what a problem's button says."""
        with self._lock:
            self._assign(problem.fix)

    def _assign(self, values: Mapping[str, JSON]) -> None:
        """Sets fields for the user, who asked for it by a button."""
        with self._lock:
            for name, value in values.items():
                if name == "model":
                    self._picker.value = resolve(value)[0].id
                    continue
                (self._values if name in self._model.by_name else self._extra)[name] = value
                if control := self._shown().get(name):
                    control.set(value)
            self._refresh()

    def _ipython_display_(self) -> None:
        if not self._session.place.widgets:
            print(f"The form needs a notebook. The same as a line:\n{self.request.to_magic()}")  # noqa: T201 - text is all there is
            return
        from IPython.display import display

        display(self.widget)  # type: ignore[no-untyped-call]
        self._results.place_here(self.request)

    def __repr__(self) -> str:
        return f"<Form {shorten(self.request.to_magic(), 200)}>"


def _foreign_path(field: Field, value: JSON) -> bool:
    """Whether a value, of a body for instance, has text where a picture belongs: in the form it would become the user's
    own path, and be uploaded. What cannot be a path, such as an ftp link, stays, and is said to be wrong."""
    match field, value:
        case Masks(), [*masks]:
            media = [mask.get("mask_url") for mask in masks if isinstance(mask, dict)]
        case Links(), [*media]:
            pass
        case Link() | Links() | Masks(), _:
            media = [value]
        case _:
            return False
    return any(isinstance(text, str) and is_local(text) for text in media)
