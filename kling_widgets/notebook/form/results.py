"""Results of a form: live views in the form while jobs run, then figures in an output below it, newest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any, cast

import ipywidgets as widgets
from markupsafe import escape

from kling_widgets.core import forks
from kling_widgets.core.json_values import shorten
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.output.job_view import JobView, close
from kling_widgets.notebook.output.mime_bundle import Display
from kling_widgets.notebook.output.stand_in import Line, StandIn, form_line, job_line
from kling_widgets.request.request import VideoRequest

KEPT = 20  # views of ended jobs in the form


class Results:
    """The results of one form.

    Args:
        session: the session of the form.

    Attributes:
        below: whether the form was displayed by itself, so that its figures are shown in an output below it. Inside
            another widget they are shown in the form.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.below = False
        self._handle: Any = None
        self._figures: deque[tuple[dict[str, Any], dict[str, Any]]] = deque(maxlen=KEPT)
        self._views: deque[JobView] = deque()
        self._magic = ""
        self._form: tuple[Line, ...] = ()  # the line that stands in for the form in the saved file
        self._lock = forks.lock()  # several jobs may end at once

    @cached_property
    def widget(self) -> widgets.VBox:
        """Return the box of the live views inside the form; created for the first result."""
        return widgets.VBox()

    @cached_property
    def _stand_in(self) -> StandIn:
        return StandIn(self._session.location.front_end)

    def display(self, form: Mapping[str, Any], request: VideoRequest) -> None:
        """Display the form, the lines that stand in for it in the saved file, and the output for its figures.

        Args:
            form: the MIME bundle of the form.
            request: the form's request.
        """
        from IPython.display import display

        with self._lock:
            self._form = (form_line(request),)
            self._stand_in.show(*self._lines())
            display(self._stand_in.complete(form), raw=True)  # type: ignore[no-untyped-call]
            self._stand_in.display()
        self.display_here(request)

    def _lines(self) -> tuple[Line, ...]:
        return (*self._form, *(job_line(each.job) for each in self._views if self._form and not each.ended))

    def display_here(self, request: VideoRequest) -> None:
        """Display the output for the figures in this cell.

        It is empty at first. Its plain text is the magic line of the request, as the form itself does not work any
        more when the notebook is opened again.
        """
        from IPython.display import DisplayHandle

        with self._lock:
            self._magic = request.to_magic()
            self._handle = self._handle or DisplayHandle()  # type: ignore[no-untyped-call]
            data, metadata = self._bundle()
            self._handle.display(data, metadata=metadata, raw=True)

    def begin(self, job: Job) -> None:
        """Show a job that is about to start."""
        settings = self._session.settings
        view = JobView(
            job,
            self._session.location,
            cast(Display, settings.display),
            settings.autoplay,
            on_end=lambda snapshot, data, metadata: self._end(view, snapshot, data, metadata),
        )
        with self._lock:
            self._views.appendleft(view)
            removed = [self._views.pop()] if len(self._views) > KEPT and self._views[-1].ended else []
            self.widget.children = tuple(each.widget for each in self._views)
        for each in removed:
            each.close()
        self._session.update_throttle.follow(job._state, partial(self._show, view))

    def _show(self, view: JobView, snapshot: JobSnapshot) -> int:
        sent = view.show(snapshot)
        with self._lock:
            return sent + self._stand_in.show(*self._lines())

    def _end(self, view: JobView, snapshot: JobSnapshot, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        done = snapshot.state == "done" and self._session.location.front_end.updates
        if done and self.below:
            # A reloaded page does not show updates of the output below, so the form can show the figure as well.
            prompt = shorten(view.job.request.get("prompt", "video"), 50).strip("“”")
            line = escape(f"Done · {prompt} · shown below")
            view.collapse(line, "Show here", lambda: view.show_result(snapshot, data, metadata))
        else:
            view.show_result(snapshot, data, metadata)
        if steps := self._session.next_steps:
            steps.offer(view.job, snapshot)
        if not done:
            return
        with self._lock:
            self._magic = view.job.request.to_magic()
            self._figures.appendleft((data, metadata))
            if self._handle is not None:
                bundle, about = self._bundle()
                self._handle.update(bundle, metadata=about, raw=True)

    def close(self) -> None:
        """Remove all views from the page."""
        with self._lock:
            if self._form:
                self._form = ()
                self._stand_in.show()
            views = tuple(self._views)
        for each in views:
            each.close()
        if views:
            close(self.widget)

    def _bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the MIME bundle of all figures, and its metadata."""
        figures = tuple(self._figures)
        data = {
            "text/html": "<br>".join(data["text/html"] for data, _ in figures),
            "text/plain": "\n\n".join((self._magic, *(data["text/plain"] for data, _ in figures))),
        }
        if figures:
            data["text/markdown"] = "\n\n".join(data["text/markdown"] for data, _ in figures)
            if poster := figures[0][0].get("image/jpeg"):
                data["image/jpeg"] = poster
        return data, {"kling_widgets": [about["kling_widgets"] for _, about in figures]} if figures else {}
