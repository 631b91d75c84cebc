"""A job on the screen: a live widget while it runs, plain output when it is done.

The live view is a projection: ``show(moment)`` is idempotent and complete. At the end the figure goes to two places:
into an ``Output`` inside the live view (a page that was reloaded meanwhile sees only that), and over the live view
itself by its display id (which is what is saved in the notebook, and needs no kernel).
"""

from __future__ import annotations

import html
from collections import deque
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from kling_widgets.core.values import to_json
from kling_widgets.errors import APIError, KlingError, SubmissionUnknownError
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.moment import ENDED, Moment
from kling_widgets.notebook import figure as figures
from kling_widgets.notebook.figure import Display, bundle, figure_of, prompt_of, provenance, public_link
from kling_widgets.notebook.place import Place
from kling_widgets.notebook.style import STYLE
from kling_widgets.notebook.words import STATES, line, notes

# Models of views that have ended are closed late, and oldest first: a page that was reloaded shows "Error displaying
# widget" in place of one that is gone.
_KEPT = 40
_ended: deque[JobView] = deque()


def result(
    job: Job, moment: Moment, place: Place, mode: Display, autoplay: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plain output of a job that has ended, well or badly, and its metadata."""
    figure = figure_of(job, moment)
    if moment.state == "done":
        return bundle(figure, place, mode, autoplay), provenance(figure)
    said = f"{STATES[moment.state]} · {moment.error or ''}".strip(" ·")
    page = f'<div class="mathjax_ignore tex2jax_ignore">{_head(job)}{_failure(moment)}</div>'
    return {"text/html": page, "text/plain": f"{job.request.spec.title}: {said}"}, provenance(figure)


class JobView:
    """One job, live.

    Attributes:
        over: whether the job has ended.

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
        place: Place,
        mode: Display = "auto",
        autoplay: bool = False,
        *,
        waits: bool = False,
        on_end: Callable[[Moment, dict[str, Any], dict[str, Any]], None],
    ) -> None:
        self.job = job
        self._place, self._mode, self._autoplay = place, mode, autoplay
        self._on_end = on_end
        self._hint = " · interrupt the kernel to stop waiting" if waits else ""
        self.over = False
        head = widgets.HTML(STYLE + _head(job))
        self._video = widgets.HTML()
        self._line = widgets.HTML(_line(job.moment(), self._hint), layout=widgets.Layout(flex="1 1 auto"))
        self._stop = widgets.Button(
            description="Stop watching",
            tooltip="The video goes on being made, and is billed. %kling_resume brings it back.",
            layout=widgets.Layout(width="auto"),
        )
        self._stop.on_click(lambda _: job.stop())
        foot = widgets.HBox([self._line, self._stop], layout=widgets.Layout(align_items="flex-end"))
        foot.add_class("kling-row")
        self.widget = widgets.VBox([head, self._video, foot])
        self.widget.add_class("kling")
        self.widget.add_class("kling-card")

    def show(self, moment: Moment) -> None:
        """Shows the moment."""
        if self.over:
            return
        if moment.state in ENDED:
            self.over = True
            self._end(moment)
            return
        if moment.state == "fetching" and not self._video.value and (link := public_link(moment.url)):
            # It plays while it is still being saved, and so is not touched again.
            self._video.value = f'<video controls width="640" src="{html.escape(link)}"></video>'
        value = _line(moment, self._hint)
        if value != self._line.value:
            self._line.value = value

    def _end(self, moment: Moment) -> None:
        data, metadata = result(self.job, moment, self._place, self._mode, self._autoplay)
        self._on_end(moment, data, metadata)

    def settle(self, moment: Moment, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Shows the result in the live view itself."""
        if self._place.front_end == "voila" and moment.clip:  # files are forbidden there, and display updates unseen
            content = moment.clip.path.read_bytes()
            caption = widgets.HTML(figures.as_html(figure_of(self.job, moment), self._place, None, None, "", False))
            self.replace(widgets.Video(value=content, format="mp4", autoplay=False, loop=False), caption)
            return
        output = widgets.Output()
        output.outputs = ({"output_type": "display_data", "data": data, "metadata": metadata},)
        self.replace(output)

    def replace(self, *children: widgets.Widget) -> None:
        """Shows these in place of what is shown."""
        old, self.widget.children = self.widget.children, children
        for child in old:
            close(child)

    def close(self) -> None:
        """Takes the view away, with all its models; one that still runs when it ends."""
        close(self.widget)


def retire(view: JobView) -> None:
    """Closes the view when many others have ended after it."""
    _ended.append(view)
    while len(_ended) > _KEPT:
        _ended.popleft().close()


def close(widget: widgets.Widget) -> None:
    """Closes a widget with its children, layout and style, so that no model is left behind."""
    for child in getattr(widget, "children", ()):
        close(child)
    for part in ("layout", "style"):
        if isinstance(owned := getattr(widget, part, None), widgets.Widget):
            owned.close()
    widget.close()


def _head(job: Job) -> str:
    esc = html.escape
    request = job.request
    settings = esc(request.settings())
    demo = " · demo: nothing is paid" if job.service.demo else ""
    prompt = prompt_of(request)
    said = f'<div class="kling-prompt" dir="auto">{esc(prompt)}</div>' if prompt else ""
    said += "".join(f'<div class="kling-note">{esc(note)}</div>' for note in notes(job))
    return (
        f'<div class="mathjax_ignore tex2jax_ignore"><b>{esc(request.spec.title)}</b> '
        f'<span class="kling-dim">{settings}{demo}</span>{said}</div>'
    )


def _line(moment: Moment, hint: str = "") -> str:
    if moment.percent is not None and moment.percent < 100:
        fill = f'style="width: {moment.percent}%"'
        value = f' aria-valuenow="{moment.percent}"'
    else:
        # A full bar that stands still looks like an end.
        # A negative delay: the movement goes on where it was when this text replaces the one before.
        fill, value = f'class="kling-unknown" style="animation-delay: -{moment.elapsed:.2f}s"', ""
    return (
        f'<div class="kling-bar" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100"{value}>'
        f"<div {fill}></div></div><div>{html.escape(line(moment) + hint)}</div>"
    )


def _failure(moment: Moment) -> str:
    esc = html.escape
    error = moment.error
    parts = [f'<div><b class="kling-error">{STATES[moment.state]}.</b> {esc(str(error or ""))}</div>']
    if link := public_link(moment.url):
        parts.append(f'<div>The service has the video: <a href="{esc(link)}" rel="noreferrer">link</a></div>')
    raw = _raw(error)
    if raw:
        parts.append(f"<details><summary>The service's reply</summary><pre>{esc(raw)}</pre></details>")
    return "".join(parts)


def _raw(error: KlingError | None) -> str:
    """The reply behind an error, to quote to support; bounded."""
    cause = error.__cause__ if isinstance(error, SubmissionUnknownError) else error
    body = cause.body if isinstance(cause, APIError) else getattr(getattr(cause, "task", None), "raw", None)
    return "" if body is None else (body if isinstance(body, str) else to_json(body, indent=2))[:4000]
