"""Lines that stand in for a live widget where it cannot be shown: in a saved file, at the other side of a shared
session, in a console, on GitHub, in a converted notebook.

JupyterLab shows "Loading widget..." or "Error displaying widget" for a widget without its kernel, and never the text or
HTML of the same output. There the lines are an output of their own, below that of the widget. Its style sheet hides
them while the widget works, and otherwise hides that message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from kling_widgets.core.json_values import shorten
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import State
from kling_widgets.notebook.kernel.front_end import FrontEnd
from kling_widgets.notebook.output.figure import prompt_of
from kling_widgets.notebook.widgets.styles import style
from kling_widgets.request.request import VideoRequest

Line = tuple[str, ...]
"""The parts of a line; the first is its title."""

_STYLE = style("stand_in")
_LONGEST_PROMPT = 60  # characters
# What a job was doing when the file was saved; otherwise it was under way.
_DOING: Mapping[State, str] = {"queued": "in the queue", "running": "being made", "fetching": "being fetched"}
# The classes keep MathJax from reading dollar signs in a prompt as a formula.
_LINE = Markup('<div class="kling-stand-in mathjax_ignore tex2jax_ignore"><b>{}</b>{}</div>')
_PART = Markup(" · <bdi>{}</bdi>")
_EMPTY = {"text/html": "<span></span>", "text/plain": ""}  # untrusted, JupyterLab shows the first format that is there


def form_line(request: VideoRequest) -> Line:
    """Return the line of a form that opens with this request."""
    name = request.spec.name or request.spec.title
    return tuple(filter(None, ("Kling form", name, request.settings(), _prompt(request), "run the cell to open it")))


def job_line(job: Job) -> Line:
    """Return the line of a running job. If it has no id yet, the magic in it resumes all running jobs."""
    saved = f"was {_DOING.get(job._state.state, 'under way')} when this was saved"
    resume = f"%kling_resume {job.id or ''}".rstrip()
    return tuple(filter(None, (job.request.spec.title, _prompt(job.request), saved, resume)))


def _prompt(request: VideoRequest) -> str:
    prompt = prompt_of(request)
    return shorten(prompt, _LONGEST_PROMPT) if prompt else ""


class StandIn:
    """The lines that stand in for one live widget.

    Args:
        front_end: shows the widget.
        lines: the first lines.
        apart: whether the lines may be an output of their own. One inside an ``Output`` widget cannot be updated.
    """

    def __init__(self, front_end: FrontEnd, *lines: Line, apart: bool = True) -> None:
        self._place = "html" if front_end.stand_in == "below" and not apart else front_end.stand_in
        self._lines = lines
        self._handle: Any = None

    def complete(self, widget: Mapping[str, Any]) -> dict[str, Any]:
        """Return the MIME bundle of the widget with text and HTML of ours in place of its Python repr."""
        if self._place == "below":
            return {**widget, **_EMPTY}
        if self._place == "html":
            return {**widget, "text/html": str(self._html()), "text/plain": self._text()}
        return {**widget, "text/plain": self._text()}

    def display(self) -> None:
        """Display the lines below the widget, which was displayed just before, if they are an output of their own."""
        from IPython.display import DisplayHandle

        if self._place == "below":
            self._handle = self._handle or DisplayHandle()  # type: ignore[no-untyped-call]
            self._handle.display(self._bundle(), raw=True)

    def show(self, *lines: Line) -> int:
        """Replace the lines, in the displayed output too, and return how many messages that took.

        Callable from any thread, but not from two at once.
        """
        if lines == self._lines:
            return 0
        self._lines = lines
        if self._handle is None:
            return 0
        self._handle.update(self._bundle(), raw=True)
        return 1

    def _bundle(self) -> dict[str, str]:
        return {"text/html": str(_STYLE + self._html() if self._lines else ""), "text/plain": self._text()}

    def _html(self) -> Markup:
        return Markup().join(
            _LINE.format(title, Markup().join(map(_PART.format, parts))) for title, *parts in self._lines
        )

    def _text(self) -> str:
        return "\n".join(" · ".join(line) for line in self._lines)
