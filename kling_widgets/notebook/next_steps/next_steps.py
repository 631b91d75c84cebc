"""The steps that are offered after the end of a job, and what a click on each of them does.

No click submits anything by itself: a step opens a form, watches a task that exists, or shows code.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from kling_widgets.core import forks
from kling_widgets.core.text import first_sentence
from kling_widgets.errors import KlingError, VideoMissingError
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.media import frames
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.next_steps.companion import Companion
from kling_widgets.notebook.output.figure import Figure, figure_of, mark_of_end
from kling_widgets.notebook.output.mime_bundle import Display
from kling_widgets.notebook.output.status_text import end_title
from kling_widgets.request.code_kinds import CODE_KINDS
from kling_widgets.request.request import VideoRequest

LABELS = {
    "continue": "Continue from last frame",
    "change": "Change and make again",
    "code": "Code",
    "form": "Open in a form",
    "watch": "Watch again",
    "fetch": "Try again",
    "found": "I found its id…",
}
_ASK = "The task's id, from the service's web console"
MOST = 60  # ends with buttons; the oldest ones lose theirs

Panel = dict[str, Any]  # what opens below the buttons, as ``Companion.opened`` has it


@dataclass(eq=False)
class _End:
    """The end of a job, as it is shown in the page.

    Attributes:
        mark: its CSS class.
        request: the request.
        steps: the names of its steps.
        figure: the figure, or None if there is no video.
        job: the job, or None if the figure is of an earlier kernel.
        handle: updates the output that shows the end, or None.
        widgets: the widgets that its steps have opened, by step.
    """

    mark: str
    request: VideoRequest
    steps: tuple[str, ...]
    figure: Figure | None = None
    job: Job | None = None
    handle: Any = None
    widgets: dict[str, Any] = field(default_factory=dict)


class NextSteps:
    """The next steps of all ends that a session shows.

    Args:
        session: the session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ends: OrderedDict[str, _End] = OrderedDict()
        self._companion: Companion | None = None
        self._lock = forks.rlock()
        self._actions: Mapping[str, Callable[[_End, str], Panel | None]] = {
            "continue": self._continue,
            "change": lambda end, _: self._form(end, "change", end.request),
            "code": self._code,
            "form": lambda end, _: self._form(end, "form", end.request),
            "watch": lambda end, _: self._watch(end, "watch"),
            "fetch": lambda end, _: self._watch(end, "fetch"),
            "found": self._found,
        }
        session.on_close(self.close)

    @property
    def companion(self) -> Companion:
        """The model of the buttons in the page; created for the first end."""
        with self._lock:
            if self._companion is None or self._companion.comm is None:  # all widgets may have been closed
                self._companion = Companion(labels=LABELS)
                self._companion.on_msg(self._on_message)
            return self._companion

    def close(self) -> None:
        """Remove all buttons."""
        with self._lock:
            if self._companion is not None:
                self._companion.close()

    def offer(self, job: Job, snapshot: JobSnapshot, handle: Any = None) -> None:
        """Offer the next steps after the end of a job.

        Args:
            job: the job.
            snapshot: its last state.
            handle: updates the output that shows it; None inside a form, which needs no other form.
        """
        if snapshot.state == "done":
            self.offer_for(figure_of(job, snapshot))
        elif steps := _steps(job, snapshot, in_form=handle is None):
            self._add(_End(mark_of_end(job), job.request, steps, job=job, handle=handle))

    def offer_for(self, figure: Figure) -> None:
        """Offer the next steps of a finished figure."""
        starts = figure.clip is not None and "image" in figure.request.spec.by_name
        steps = ("continue", "change", "code") if starts else ("change", "code")
        self._add(_End(figure.mark, figure.request, steps, figure))

    def _add(self, end: _End) -> None:
        with self._lock:
            known = self._ends.pop(end.mark, None)
            if known is not None and known.steps == end.steps:
                end.widgets = known.widgets
            self._ends[end.mark] = end
            while len(self._ends) > MOST:
                _, oldest = self._ends.popitem(last=False)
                self._open(oldest, None)
                for each in oldest.widgets.values():
                    each.close()
            self.companion.steps = {mark: each.steps for mark, each in self._ends.items()}

    def _open(self, end: _End, panel: Panel | None) -> None:
        """Show a panel below the buttons of an end, or none."""
        with self._lock:
            others = {mark: each for mark, each in self.companion.opened.items() if mark != end.mark}
            self.companion.opened = others if panel is None else {**others, end.mark: panel}

    def _on_message(self, _: object, message: Any, __: object) -> None:
        match message:
            case {"press": str(step), "mark": str(mark)} if (end := self._ends.get(mark)) and step in end.steps:
                text = message.get("text")
                self.press(end, step, text if isinstance(text, str) else "")

    def press(self, end: _End, step: str, text: str = "") -> None:
        """Do what a click on a step does; a second click closes what the first one opened."""
        if not text and self.companion.opened.get(end.mark, {}).get("step") == step:
            self._open(end, None)
            return
        try:
            panel = self._actions[step](end, text)
        except KlingError as error:
            panel = {"error": str(error)}
        if panel is not None:
            self._open(end, {"step": step, **panel})

    # The steps: each returns what to open, or None if it has opened that itself

    def _continue(self, end: _End, _: str) -> Panel:
        if end.figure is None or end.figure.clip is None:
            raise KlingError("There is no saved video to take a frame of.")
        picture = frames.frame(end.figure.clip.path, -1)
        return self._form(end, "continue", VideoRequest(end.request.model, image=picture))

    def _form(self, end: _End, step: str, request: VideoRequest) -> Panel:
        from kling_widgets.notebook.form.form import Form

        form = end.widgets.get(step)
        if form is None or not form._can_open:
            form = end.widgets[step] = Form.from_request(request, self._session)
        return {"view": form.model_id}

    def _code(self, end: _End, _: str) -> Panel:
        return {"code": [(kind, CODE_KINDS[kind](end.request)) for kind in ("magic", "Python")]}

    def _watch(self, end: _End, step: str) -> None:
        from kling_widgets.notebook.submit.resumer import Resumer

        assert end.job is not None
        self._follow(end, step, self._session.get(Resumer).job(str(end.job.id)))

    def _found(self, end: _End, text: str) -> Panel | None:
        from kling_widgets.notebook.submit.resumer import Resumer

        if not text:
            return {"ask": _ASK}
        assert end.job is not None
        try:
            job = self._session.get(Resumer).job(text, of=f"#{end.job._runner.key}")
        except KlingError as error:
            return {"ask": _ASK, "error": str(error)}
        self._follow(end, "found", job)
        return None

    def _follow(self, end: _End, step: str, job: Job) -> None:
        """Watch a task again, in a view below the buttons, and put its video in place of the end."""
        from kling_widgets.notebook.output.job_view import JobView, close_later
        from kling_widgets.notebook.submit.submitter import Submitter

        def show_end(snapshot: JobSnapshot, data: dict[str, Any], metadata: dict[str, Any]) -> None:
            if snapshot.state == "done":
                if end.handle is not None:  # the page that ran the cell, and its file
                    end.handle.update(data, metadata=metadata, raw=True)
                view.show_result(snapshot, data, metadata)  # a page that was reloaded since
                self.offer(job, snapshot)
            else:
                steps = _steps(job, snapshot, in_form=end.handle is None)
                self._add(_End(end.mark, end.request, steps, job=job, handle=end.handle))
                reason = first_sentence(str(snapshot.error or ""))
                self._open(end, {"step": "", "error": f"{end_title(snapshot)}. {reason}"})
            close_later(view)

        session, settings = self._session, self._session.settings
        mode = cast(Display, settings.display)
        view = JobView(job, session.location, mode, settings.autoplay, on_end=show_end)
        self._open(end, {"step": step, "view": view.widget.model_id})  # before the end, which may come at once
        session.get(Submitter).start([job], [lambda: session.update_throttle.follow(job._state, view.show)])


def _steps(job: Job, snapshot: JobSnapshot, *, in_form: bool) -> tuple[str, ...]:
    """Return the steps after an end without a video. Where it may be billed already, none leads to another video."""
    if snapshot.state == "unknown":
        return ("found",)
    if isinstance(snapshot.error, VideoMissingError):
        return ("fetch",)
    if snapshot.state == "stopped" and job.id:
        return ("watch",)
    if in_form or (snapshot.state == "stopped" and not job._runner.cancelled):
        return ()
    return ("form",)
