"""Form: the chosen model's controls, its problems, its code, and a button. It only arranges."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from kling_widgets.core.catalog import Model
from kling_widgets.core.fields import Field, Problem
from kling_widgets.core.names import resolve
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.values import JSON, looks_like_key, masked, shorten
from kling_widgets.errors import KlingError
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.moment import Moment
from kling_widgets.notebook.code import CodePane
from kling_widgets.notebook.controls import Control, Parts, make
from kling_widgets.notebook.controls.control import within
from kling_widgets.notebook.draft import Draft
from kling_widgets.notebook.fold import Fold
from kling_widgets.notebook.guide import Guide, sections
from kling_widgets.notebook.head import Head
from kling_widgets.notebook.key_line import KeyLine
from kling_widgets.notebook.keys import Keys
from kling_widgets.notebook.pictures import filed
from kling_widgets.notebook.presets import Presets
from kling_widgets.notebook.results import Results
from kling_widgets.notebook.section import Section
from kling_widgets.notebook.session import Session, session
from kling_widgets.notebook.status import Status
from kling_widgets.notebook.typed import Typed
from kling_widgets.notebook.ways import ways

OTHERS = "Not documented for this model"
OTHERS_NOTE = "The line's other fields: the service does not say that this model takes them. They are sent if set."
SUBMIT = "Make the video"
ANYWAY = "Make it anyway"


class Form:
    """A form whose controls fit the chosen model. It shows itself at the end of a cell, or by ``display(form)``.

    Args:
        model: as in ``VideoRequest``; None for the default model.
        **fields: values to begin with, as in ``VideoRequest``; pictures may be Pillow images or arrays.

    Attributes:
        request: the present request, finished or not.

    Raises:
        InvalidRequestError: a name that is no field.
    """

    def __init__(self, model: str | Model | None = None, **fields: Any) -> None:
        own = session()
        self._take(VideoRequest(model or own.settings.model, **filed(fields, own.local)), own)

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
        self._armed: tuple[VideoRequest, str] | None = None  # what a second click makes, and the question it answers
        self._asking = False  # a click waits for the page to say what stands in it
        self._draft = Draft(_without_key(request))
        self._parts = Parts(self._session.local)
        self._controls: dict[Field, Control] = {}  # of the present model, by its own fields
        self._sections: dict[str, Section] = {}  # of the present model, by title, in its order
        self._unfolded: set[str] = set()  # titles, also of sections that the present model has not
        self._results = Results(self._session)
        self._build()
        self._arrange()

    # The request

    @property
    def request(self) -> VideoRequest:
        """The present request: what shows, and is set."""
        return self._draft.request

    @property
    def controls(self) -> Mapping[str, Control]:
        """The controls that have been made for the present model, by field name."""
        return {field.name: control for field, control in self._controls.items()}

    def submit(self, *, yes: bool = False) -> Job:
        """Submits the present request, as the button does, and gives its job without waiting. While a submission is on
        its way, that one is given; in a cell that is run again, the one that is under way.

        Args:
            yes: make it also where the button wants a second click. Nobody is asked here.

        Raises:
            KlingError: it cannot be sent, or wants a yes; nothing was sent.
        """
        return self._submit(in_cell=True, yes=yes)

    def _submit(self, *, in_cell: bool, yes: bool) -> Job:
        with self._lock:
            if self._sending is not None:
                return self._sending
            request = self.request
            if not yes and not request.errors() and (question := self._question(request)):
                raise KlingError(f"{question} form.submit(yes=True) makes it. Nothing was sent.")
            self._armed = None
            self._button.disabled = True
            try:
                (job,) = self._session.prepare(request, in_cell=in_cell, yes=True)
                self._sending = job if job.id is None else None  # what is under way already has its answer
            finally:
                self._key.refresh()
                self._refresh()
        self._results.begin(job)
        job.listen(lambda moment: self._heard(job, moment))
        job.start()
        return job

    def _heard(self, job: Job, moment: Moment) -> None:
        # Jobs of before go on telling how they stand; only this one's answer opens the button. In a thread: what takes
        # the form its time must not hold up the loop that polls all tasks, where this may be heard.
        if self._sending is job and moment.state != "sending":
            self._sending = None
            threading.Thread(target=self._open, name="kling_widgets.form", daemon=True).start()

    def _open(self) -> None:
        with self._lock:
            self._refresh()

    def _clicked(self, button: object) -> None:
        with self._lock:
            if self._asking or self._sending is not None:  # two clicks at once are one
                self._typed.free()
                return
            self._asking = self._button.disabled = True  # before anything else: the next click is on its way
        self._typed.ask(within(self.widget), self._sure, self._unsure)

    def _sure(self) -> None:
        """Submits: what is known here is what stands in the page."""
        trouble: KlingError | None = None
        try:
            if self._confirmed():
                self._submit(in_cell=False, yes=True)
        except KlingError as error:
            trouble = error
        self._answered(trouble)

    def _confirmed(self) -> bool:
        """Whether this click may make the video: where there is a question, the first one only raises it."""
        with self._lock:
            asked = self.request, self._question(self.request)
            known, self._armed = self._armed == asked, asked
            return known or not asked[1]

    def _question(self, request: VideoRequest) -> str:
        """What a second click says yes to; "" where one is enough."""
        files = ", ".join(field.label.lower() for field in self._draft.missing)
        without = f"This would be made without the file that was there: {files}." if files else ""
        questions = (without, self._session.earlier.lost(request), self._session.guard.check([request]))
        return " ".join(filter(None, questions))

    def _unsure(self) -> None:
        said = "The page did not answer, so nothing was sent. Check the code below, and click again."
        self._answered(KlingError(said))

    def _answered(self, trouble: KlingError | None) -> None:
        """Takes clicks again: not sooner, as one in between would make a second video."""
        with self._lock:
            self._asking = False
            self._refresh()
        if trouble is not None:
            self._status.say(trouble)

    # The widgets

    def _build(self) -> None:
        parts = self._parts
        self._head = Head(self._draft.model, parts, self._switch)
        self._status = Status(parts, self._assign, self._forget)
        self._key = KeyLine(self._session, parts, self._status.say)
        self._guide = Guide(parts)
        self._fields = widgets.VBox(layout=parts.plain)
        self._button = widgets.Button(description=SUBMIT, button_style="primary", layout=widgets.Layout(width="180px"))
        self._button.add_class("kling-submit")
        self._button.on_click(self._clicked)
        self._typed = Typed()
        submit = widgets.HBox([self._button, self._status.widget, self._typed], layout=parts.plain)
        submit.add_class("kling-row")
        submit.add_class("kling-apart")
        self._code = CodePane(parts, lambda: self.request)
        self._presets: Presets | None = None
        presets = Fold("Presets", parts, self._preset_rows)
        rows = (self._head, self._key, self._guide, self._fields, submit, self._code, presets, self._results)
        self.widget = widgets.VBox([*(getattr(row, "widget", row) for row in rows), Keys()], layout=parts.plain)
        for name in ("kling", "kling-card"):
            self.widget.add_class(name)

    def _preset_rows(self) -> tuple[widgets.Widget]:
        if self._presets is None:
            self._presets = Presets(self._parts, self._session.presets, lambda: self.request, self._apply)
        else:
            self._presets.refresh()  # another form may have saved one
        return (self._presets.widget,)

    def _apply(self, request: VideoRequest) -> None:
        """Takes a whole request in place of all that was typed."""
        with self._lock:
            self._draft = Draft(_without_key(request))
            self._head.choose(self._draft.model)
            self._arrange()

    def _switch(self, model: Model) -> None:
        with self._lock:
            self._draft.model = model
            self._arrange()

    def _arrange(self) -> None:
        """Puts the controls of the present model in order; those of folded sections are made when they are opened. What
        the former model had and this one has not is given back: what was typed is in the draft."""
        model = self._draft.model
        was: list[Section | Control] = [*self._sections.values(), *self._controls.values()]
        fields = (*model.fields, *model.others)
        self._controls = {field: control for field, control in self._controls.items() if field in fields}
        titles: dict[str, list[Field]] = {}
        for field in model.fields:
            titles.setdefault(field.section, []).append(field)
        rows = [self._control(field).widget for field in titles.pop("", [])]
        if model.others:
            titles[OTHERS] = list(model.others)
        former, self._sections = self._sections, {}
        self._unfolded -= former.keys()
        self._unfolded |= {title for title, section in former.items() if section.is_open}
        led = sections(model)
        for title, held in titles.items():
            note = OTHERS_NOTE if title == OTHERS else ""
            section = former.get(title) or Section(title, self._parts, self._refresh, self._control, note)
            self._sections[title] = section
            section.fill(held)
            section.open(title in led or title in self._unfolded)
        self._fields.children = (*rows, *(section.widget for section in self._sections.values()))
        for each in was:
            if each not in (*self._sections.values(), *self._controls.values()):
                each.close()
        self._refresh()

    def _control(self, field: Field) -> Control:
        """The control of a field of the present model."""
        control = self._controls.get(field)
        if control is None:
            control = self._controls[field] = make(field, self._parts)

            def changed() -> None:
                with self._lock:
                    value = control.get()
                    if looks_like_key(value):  # at once: what a box holds is saved with the notebook
                        control.set(value := masked(value))
                    self._draft.type(field, value)
                    self._refresh()

            control.changed = changed
            control.assign = self._assign
        control.set(self._draft.get(field))
        return control

    def _refresh(self) -> None:
        """Problems beside their fields, the button, the code: all from the present request."""
        request = self._session.latest = self.request
        own = request.problems()
        problems = (*own, *self._parts.local.check(request))  # another model does not mend a file
        by_field: dict[str | None, list[Problem]] = {}
        for problem in problems:
            by_field.setdefault(problem.field, []).append(problem)
        self._guide.tell(request)
        for section in self._sections.values():
            section.tell(request, by_field)
        for field, control in self._controls.items():
            control.know(request)
            found = by_field.pop(field.name, [])
            # What is simply not filled in yet is said beside the button, and not held against the user.
            new = field.name not in self._draft.touched and field.name not in request.values
            shown = [problem for problem in found if not (new and problem.severity == "error")]
            control.show([(problem, ways(problem, request) if problem in own else ()) for problem in shown])
        elsewhere = [problem for name, found in by_field.items() if name is not None for problem in found]
        errors = [problem for problem in problems if problem.severity == "error"]
        self._button.disabled = bool(errors) or self._sending is not None or self._asking
        if self._armed is not None and self._armed[0] != request:
            self._armed = None  # what was asked was asked about something else
        bill = self._session.guard.bill([request])
        self._button.description = (f"Make it for {bill.cost}" if bill.cost else ANYWAY) if self._armed else SUBMIT
        question = self._armed[1] if self._armed else ""
        estimate = "" if question else bill.estimate  # the question tells it already
        self._status.tell(self._draft, errors, elsewhere, self._sending is not None, estimate, question)
        self._code.refresh()

    def _assign(self, values: Mapping[str, JSON]) -> None:
        """Sets fields for the user, who asked for it by a button; under "model", the model."""
        with self._lock:
            self._draft.take({name: value for name, value in values.items() if name != "model"})
            for field, control in self._controls.items():
                if field.name in values:
                    control.set(values[field.name])
            if "model" in values:
                model, _ = resolve(str(values["model"]))
                self._draft.carry(model)
                self._head.choose(model)
            self._refresh()

    def _forget(self) -> None:
        with self._lock:
            self._draft.forget()
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


def _without_key(request: VideoRequest) -> VideoRequest:
    """The request with ``sk-…``, which is an error of its field, in place of a key: what a form shows is saved with its
    notebook."""
    if not looks_like_key([request.model, dict(request.values)]):
        return request
    return VideoRequest.from_given(masked(request.model), masked(dict(request.values)), foreign=request.values)
