"""A job on the screen: a live widget while it runs, plain output when it is done.

The live view is a projection: ``show(moment)`` is idempotent and complete. At the end the figure goes to two places:
into an ``Output`` inside the live view (a page that was reloaded meanwhile sees only that), and over the live view
itself by its display id (which is what is saved in the notebook, and needs no kernel).
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
from kling_widgets.notebook.output.figure import Presentation, figure_of, prompt_of, provenance
from kling_widgets.notebook.output.html import as_html, player
from kling_widgets.notebook.output.mime_bundle import Display, bundle
from kling_widgets.notebook.output.status_text import STATES, line, notes
from kling_widgets.notebook.widgets.styles import STYLE

# Models of views that have ended are closed late, and oldest first: a page that was reloaded shows "Error displaying
# widget" in place of one that is gone.
_KEPT = 40
_ended: deque[JobView] = deque()


def result(
    job: Job, moment: JobSnapshot, place: Location, mode: Display, autoplay: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plain output of a job that has ended, well or badly, and its metadata."""
    figure = figure_of(job, moment)
    if moment.state == "done":
        return bundle(figure, place, mode, autoplay), provenance(figure)
    said = f"{STATES[moment.state]} · {moment.error or ''}".strip(" ·")
    page = Markup('<div class="mathjax_ignore tex2jax_ignore">{}{}</div>').format(_head(job), _failure(moment))
    return {"text/html": str(page), "text/plain": f"{job.request.spec.title}: {said}"}, provenance(figure)


class JobView:
    """One job, live.

    Attributes:
        over: whether the job has ended, and that is shown.

    Args:
        job: the job.
        place: where it is shown.
        mode: how the finished video is put into the output.
        autoplay: whether it plays by itself, muted.
        waits: whether a cell waits for it, and so keeps clicks from being heard.
        on_end: called at the end with the plain output and its metadata, in the thread that shows the end.
    """

    def __init__(
        self,
        job: Job,
        place: Location,
        mode: Display = "auto",
        autoplay: bool = False,
        *,
        waits: bool = False,
        on_end: Callable[[JobSnapshot, dict[str, Any], dict[str, Any]], None],
    ) -> None:
        self.job = job
        self._place, self._mode, self._autoplay = place, mode, autoplay
        self._on_end = on_end
        self._hint = " · interrupt the kernel to stop waiting" if waits else ""
        self._plays = False
        self.over = False
        parts = _parts()
        self._sheet = parts.sheet
        self._head = parts.text(_head(job))
        self._line = parts.text(_line(job._state.snapshot(), self._hint), "kling-line")
        self._stop = parts.button(
            "Stop watching", "The video goes on being made, and is billed. %kling_resume brings it back."
        )
        self._stop.on_click(lambda _: job.stop())
        self.widget = widgets.Box(
            [self._sheet, self._head, self._line, self._stop],
            layout=parts.layout,
            _dom_classes=("kling", "kling-card", "kling-view"),
        )

    def show(self, moment: JobSnapshot) -> int:
        """Shows the moment; gives how many messages to the browser that took, before the end."""
        if self.over:
            return 0
        if moment.state in ENDED:
            self._end(moment)
            self.over = True  # an end that failed may be shown again
            return 0
        sent = 0
        if moment.state == "fetching" and not self._plays and (link := public_link(moment.url)):
            # It plays while it is still being saved, and so is not touched again.
            self._plays = True
            self._head.value += player(link, self.job.request, self._autoplay)
            sent += 1
        value = _line(moment, self._hint)
        if value != self._line.value:
            self._line.value = value
            sent += 1
        return sent

    def _end(self, moment: JobSnapshot) -> None:
        data, metadata = result(self.job, moment, self._place, self._mode, self._autoplay)
        self._on_end(moment, data, metadata)

    def show_result(self, moment: JobSnapshot, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Shows the result in the live view itself."""
        if moment.clip and not self._place.front_end.updates:  # files are forbidden there, and display updates unseen
            content = moment.clip.path.read_bytes()
            caption = widgets.HTML(as_html(Presentation(figure_of(self.job, moment), self._place)))
            self.replace(widgets.Video(value=content, format="mp4", autoplay=False, loop=False), caption)
            return
        output = widgets.Output(layout=_parts().layout)
        # A page that shows this is live: it takes the first of these, and needs no other form and no second poster.
        data = {kind: data[kind] for kind in ("text/html", "text/plain")}
        output.outputs = ({"output_type": "display_data", "data": data, "metadata": metadata},)
        self.replace(output)

    def replace(self, *children: widgets.Widget) -> None:
        """Shows these in place of what is shown."""
        old, self.widget.children = self.widget.children[1:], (self._sheet, *children)
        for child in old:
            close(child)

    def collapse(self, page: Markup, label: str, act: Callable[[], None]) -> None:
        """Leaves one line, of HTML, and a button."""
        parts = _parts()
        button = parts.button(label)
        button.on_click(lambda _: act())
        self.replace(parts.text(page, "kling-line"), button)

    def close(self) -> None:
        """Takes the view away, with all its models; one that still runs when it ends."""
        close(self.widget)


def close_later(view: JobView) -> None:
    """Closes the view when many others have ended after it."""
    _ended.append(view)
    while len(_ended) > _KEPT:
        _ended.popleft().close()


class _Parts:
    """The models that all views share: what looks alike is sent once, and not with each of a hundred views."""

    def __init__(self) -> None:
        self.layout, self._plain, self._buttons = widgets.Layout(), HTMLStyle(), widgets.ButtonStyle()
        self.sheet = self.text(STYLE, "kling-sheet")
        self.models = frozenset({self.layout, self._plain, self._buttons, self.sheet})

    def text(self, value: Markup, *classes: str) -> widgets.HTML:
        """HTML."""
        return widgets.HTML(value, layout=self.layout, style=self._plain, _dom_classes=classes)

    def button(self, words: str, hint: str = "") -> widgets.Button:
        """A button."""
        return widgets.Button(description=words, tooltip=hint, layout=self.layout, style=self._buttons)


_shared: _Parts | None = None
_making = forks.lock()


def _parts() -> _Parts:
    """The shared models; new ones where somebody has closed all widgets."""
    global _shared
    with _making:
        if _shared is None or any(model.comm is None for model in _shared.models):
            _shared = _Parts()
        return _shared


def close(widget: widgets.Widget) -> None:
    """Closes a widget with its children, layout and style, so that no model is left behind but the shared ones."""
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
    said = Markup('<div class="kling-prompt" dir="auto">{}</div>').format(prompt) if prompt else Markup()
    said += Markup().join(Markup('<div class="kling-note">{}</div>').format(note) for note in notes(job))
    return Markup(
        '<div class="mathjax_ignore tex2jax_ignore"><b>{title}</b> <span class="kling-dim">{settings}{demo}</span>'
        "{said}</div>"
    ).format(title=request.spec.title, settings=request.settings(), demo=demo, said=said)


def _line(moment: JobSnapshot, hint: str = "") -> Markup:
    if moment.percent is not None and moment.percent < 100:
        fill = Markup('style="width: {}%"').format(moment.percent)
        value = Markup(' aria-valuenow="{}"').format(moment.percent)
    else:
        # A full bar that stands still looks like an end.
        # A negative delay: the movement goes on where it was when this text replaces the one before.
        fill = Markup('class="kling-unknown" style="animation-delay: -{:.2f}s"').format(moment.elapsed)
        value = Markup()
    return Markup(
        '<div class="kling-bar" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100"{value}>'
        "<div {fill}></div></div><div>{said}</div>"
    ).format(value=value, fill=fill, said=line(moment) + hint)


def _failure(moment: JobSnapshot) -> Markup:
    error = moment.error
    said = Markup('<div><b class="kling-error">{}.</b> {}</div>').format(STATES[moment.state], str(error or ""))
    if link := public_link(moment.url):
        said += Markup('<div>The service has the video: <a href="{}" rel="noreferrer">link</a></div>').format(link)
    if raw := _raw(error):
        said += Markup("<details><summary>The service's reply</summary><pre>{}</pre></details>").format(raw)
    return said


def _raw(error: KlingError | None) -> str:
    """The reply behind an error, to quote to support; bounded."""
    cause = error.__cause__ if isinstance(error, SubmissionUnknownError) else error
    body = cause.body if isinstance(cause, APIError) else getattr(getattr(cause, "task", None), "raw", None)
    return "" if body is None else (body if isinstance(body, str) else to_json(body, indent=2))[:4000]
