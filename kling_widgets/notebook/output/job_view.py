"""The view of a job: a live widget while it runs, plain output when it has ended.

``show(snapshot)`` is idempotent and complete: the view depends on nothing but the snapshot. At the end the figure is
written twice: to an ``Output`` inside the live view, as that is all that a reloaded page sees, and in place of the live
view by its display id, as that is what the notebook saves and what needs no kernel.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from ipywidgets.widgets.widget_string import HTMLStyle
from markupsafe import Markup

from kling_widgets.client.links import public_link
from kling_widgets.core import forks
from kling_widgets.core.json_values import to_json
from kling_widgets.errors import APIError, KlingError, SubmissionUnknownError
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import ENDED, JobSnapshot
from kling_widgets.notebook.kernel.front_end import Location
from kling_widgets.notebook.output.figure import Presentation, figure_of, mark_of_end, prompt_of, provenance
from kling_widgets.notebook.output.html import as_html, player
from kling_widgets.notebook.output.mime_bundle import Display, bundle
from kling_widgets.notebook.output.status_text import end_title, notices, status_line
from kling_widgets.notebook.widgets.styles import STYLE

# The views of ended jobs are kept for a while and closed oldest first: a reloaded page shows "Error displaying widget"
# for a model that is closed.
_KEPT = 40
_ended: deque[JobView] = deque()

_END = Markup('<div class="kling-end {mark} mathjax_ignore tex2jax_ignore">{head}{failure}</div>')


def result(
    job: Job, snapshot: JobSnapshot, location: Location, mode: Display, autoplay: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the plain output of a job that has ended, with or without a video, and the output's metadata."""
    figure = figure_of(job, snapshot)
    if snapshot.state == "done":
        return bundle(figure, location, mode, autoplay), provenance(figure)
    text = f"{end_title(snapshot)} · {snapshot.error or ''}".strip(" ·")
    page = _END.format(mark=mark_of_end(job), head=_head(job), failure=_failure(snapshot))
    return {"text/html": str(page), "text/plain": f"{job.request.spec.title}: {text}"}, provenance(figure)


class JobView:
    """Live view of one job.

    Attributes:
        job: The job.
        ended: Whether the job has ended and the end is shown.
        widget: The widget to display.

    Args:
        job: The job.
        location: Where it is shown.
        mode: How the output refers to the finished video.
        autoplay: Whether the video starts by itself, muted.
        waits: Whether a cell waits for the job; the kernel handles no clicks meanwhile.
        on_end: Called once the job has ended, with the last snapshot, the plain output and its metadata, in the thread
            that shows it.
    """

    def __init__(
        self,
        job: Job,
        location: Location,
        mode: Display = "auto",
        autoplay: bool = False,
        *,
        waits: bool = False,
        on_end: Callable[[JobSnapshot, dict[str, Any], dict[str, Any]], None],
    ) -> None:
        self.job = job
        self._location, self._mode, self._autoplay = location, mode, autoplay
        self._on_end = on_end
        self._hint = " · interrupt the kernel to stop waiting" if waits else ""
        self._plays = False
        self.ended = False
        parts = _shared_models()
        self._sheet = parts.sheet
        self._head = parts.text(_head(job))
        self._line = parts.text(_line(job._state.snapshot(), self._hint), "kling-line")
        self._stop = parts.button("Stop watching", "The video continues, and is billed. %kling_resume brings it back.")
        self._stop.on_click(lambda _: job.stop())
        self.widget = widgets.Box(
            [self._sheet, self._head, self._line, self._stop],
            layout=parts.layout,
            _dom_classes=("kling", "kling-card", "kling-view"),
        )

    def show(self, snapshot: JobSnapshot) -> int:
        """Show the snapshot, and return how many messages it sent to the browser; 0 at the end."""
        if self.ended:
            return 0
        if snapshot.state in ENDED:
            self._end(snapshot)
            self.ended = True  # set last, so that an end that could not be shown is tried again
            return 0
        sent = 0
        if snapshot.state == "fetching" and not self._plays and (link := public_link(snapshot.url)):
            # The player is added once: another update would restart the video while it is being saved.
            self._plays = True
            self._head.value += player(link, self.job.request, self._autoplay)
            sent += 1
        value = _line(snapshot, self._hint)
        if value != self._line.value:
            self._line.value = value
            sent += 1
        return sent

    def _end(self, snapshot: JobSnapshot) -> None:
        data, metadata = result(self.job, snapshot, self._location, self._mode, self._autoplay)
        self._on_end(snapshot, data, metadata)

    def show_result(self, snapshot: JobSnapshot, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Show the result in the live view itself."""
        # Such a front end (Voilà) serves no files and ignores updates of a display.
        if snapshot.clip and not self._location.front_end.updates:
            content = snapshot.clip.path.read_bytes()
            caption = widgets.HTML(as_html(Presentation(figure_of(self.job, snapshot), self._location)))
            self.replace(widgets.Video(value=content, format="mp4", autoplay=False, loop=False), caption)
            return
        output = widgets.Output(layout=_shared_models().layout)
        # Only a live page shows this: it needs no other format and no second poster.
        data = {kind: data[kind] for kind in ("text/html", "text/plain")}
        output.outputs = ({"output_type": "display_data", "data": data, "metadata": metadata},)
        self.replace(output)

    def replace(self, *children: widgets.Widget) -> None:
        """Replace the content of the view, closing the old widgets."""
        old, self.widget.children = self.widget.children[1:], (self._sheet, *children)
        for child in old:
            close(child)

    def collapse(self, page: Markup, label: str, act: Callable[[], None]) -> None:
        """Reduce the view to one line of HTML and a button that calls ``act``."""
        parts = _shared_models()
        button = parts.button(label)
        button.on_click(lambda _: act())
        self.replace(parts.text(page, "kling-line"), button)

    def close(self) -> None:
        """Close the view's widgets, except those that all views share."""
        close(self.widget)


def close_later(view: JobView) -> None:
    """Close the view once enough others have ended after it."""
    _ended.append(view)
    while len(_ended) > _KEPT:
        _ended.popleft().close()


class _SharedModels:
    """Widget models that all views share, such as layout and style, so that they are sent to the page only once."""

    def __init__(self) -> None:
        self.layout, self._plain, self._buttons = widgets.Layout(), HTMLStyle(), widgets.ButtonStyle()
        self.sheet = self.text(STYLE, "kling-sheet")
        self.models = frozenset({self.layout, self._plain, self._buttons, self.sheet})

    def text(self, value: Markup, *classes: str) -> widgets.HTML:
        """Return an HTML widget."""
        return widgets.HTML(value, layout=self.layout, style=self._plain, _dom_classes=classes)

    def button(self, words: str, hint: str = "") -> widgets.Button:
        """Return a button."""
        return widgets.Button(description=words, tooltip=hint, layout=self.layout, style=self._buttons)


_shared: _SharedModels | None = None
_creating = forks.lock()


def _shared_models() -> _SharedModels:
    """Return the shared models, creating them again if all widgets have been closed."""
    global _shared
    with _creating:
        if _shared is None or any(model.comm is None for model in _shared.models):
            _shared = _SharedModels()
        return _shared


def close(widget: widgets.Widget) -> None:
    """Close a widget with its children, layout and style; shared models stay open."""
    if _shared is not None and widget in _shared.models:
        return
    for child in (*getattr(widget, "children", ()), getattr(widget, "layout", None), getattr(widget, "style", None)):
        if isinstance(child, widgets.Widget):
            close(child)
    widget.close()


def _head(job: Job) -> Markup:
    request = job.request
    demo = " · demo: nothing is paid" if job._runner.service.demo else ""
    prompt = prompt_of(request)
    body = Markup('<div class="kling-prompt" dir="auto">{}</div>').format(prompt) if prompt else Markup()
    body += Markup().join(Markup('<div class="kling-note">{}</div>').format(notice) for notice in notices(job))
    return Markup(
        '<div class="mathjax_ignore tex2jax_ignore"><b>{title}</b> <span class="kling-dim">{settings}{demo}</span>'
        "{body}</div>"
    ).format(title=request.spec.title, settings=request.settings(), demo=demo, body=body)


def _line(snapshot: JobSnapshot, hint: str = "") -> Markup:
    if snapshot.percent is not None and snapshot.percent < 100:
        fill = Markup('style="width: {}%"').format(snapshot.percent)
        value = Markup(' aria-valuenow="{}"').format(snapshot.percent)
    else:
        # A full bar that does not move looks like the end, so it is animated at 100 % too. The negative delay makes the
        # animation continue from where it was when this text replaces the previous one.
        fill = Markup('class="kling-unknown" style="animation-delay: -{:.2f}s"').format(snapshot.elapsed)
        value = Markup()
    return Markup(
        '<div class="kling-bar" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100"{value}>'
        "<div {fill}></div></div><div>{text}</div>"
    ).format(value=value, fill=fill, text=status_line(snapshot) + hint)


def _failure(snapshot: JobSnapshot) -> Markup:
    error = snapshot.error
    body = Markup('<div><b class="kling-error">{}.</b> {}</div>').format(end_title(snapshot), str(error or ""))
    if link := public_link(snapshot.url):
        body += Markup('<div>The service has the video: <a href="{}" rel="noreferrer">link</a></div>').format(link)
    if raw := _raw(error):
        body += Markup("<details><summary>The service's reply</summary><pre>{}</pre></details>").format(raw)
    return body


def _raw(error: KlingError | None) -> str:
    """Return the service's reply behind an error, for quoting to support, cut to 4000 characters."""
    cause = error.__cause__ if isinstance(error, SubmissionUnknownError) else error
    body = cause.body if isinstance(cause, APIError) else getattr(getattr(cause, "task", None), "raw", None)
    return "" if body is None else (body if isinstance(body, str) else to_json(body, indent=2))[:4000]
