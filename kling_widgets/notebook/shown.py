"""How jobs are shown where we are: live widgets in a notebook, lines in a terminal and in a headless run; once each."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Any

from kling_widgets.errors import KlingError, WaitTimeoutError
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.moment import ENDED, Moment
from kling_widgets.notebook.figure import Display, Figure, as_text, bundle, figure_of, provenance
from kling_widgets.notebook.place import Place
from kling_widgets.notebook.words import change

_STEP = 0.25  # seconds between two looks of a waiting cell at what there is to show


def run(jobs: Sequence[Job], place: Place, shell: Any, *, wait: bool, display: Display, autoplay: bool) -> None:
    """Shows the jobs, starts them, waits until all are accepted or refused, and, where asked, until they are done.

    Raises:
        KlingError: the first one that was refused, or, when waiting, that ended without a video.
        Stopped: the user interrupted.
    """
    kind = _Widget if place.widgets else _Lines
    shows = [kind(job, place, shell, display, autoplay) for job in jobs]
    for job, show in zip(jobs, shows, strict=True):
        show.begin()
        job.start()
    first: KlingError | None = None
    for job in jobs:
        try:
            job.wait_accepted()
        except KlingError as error:
            first = first or error
    # Where nothing shows what a thread does, this cell shows it, and so it waits.
    foreground = [show for show in shows if show.in_cell]
    if (wait or foreground) and not first:
        for job, show in zip(jobs, shows, strict=True):
            try:
                show.follow() if show.in_cell else job.wait()
            except WaitTimeoutError as error:
                first = first or error
            except KlingError as error:
                first = first or error
    if first:
        for show in foreground:
            show.drain()
        raise first


def figure(shown: Figure, place: Place, mode: Display, *, autoplay: bool) -> None:
    """Shows a finished video in this cell."""
    if place.rich:
        from IPython.display import display

        display(bundle(shown, place, mode, autoplay), metadata=provenance(shown), raw=True)  # type: ignore[no-untyped-call]
    else:
        print(as_text(shown, place))  # noqa: T201 - this is the view of a terminal


class _Lines:
    """A job as lines of text, one for each change of state; in a headless notebook its figure at the end."""

    in_cell = True

    def __init__(self, job: Job, place: Place, shell: Any, display: Display, autoplay: bool) -> None:
        self.job, self.place, self.shell = job, place, shell
        self.mode, self.autoplay = display, autoplay
        self.moments: SimpleQueue[Moment] = SimpleQueue()
        self.last = ""

    def begin(self) -> None:
        """Listens, and says what is asked."""
        request = self.job.request
        demo = "demo" if self.job.service.demo else ""
        self.say(" · ".join(filter(None, (request.spec.title, request.settings(), demo))))
        for problem in request.problems():
            self.say(f"Note: {problem}")
        self.job.display = _silently
        self.job.listen(self.moments.put)

    def follow(self) -> None:
        """Shows each change until the job has ended; raises what it ended with."""
        while True:
            self.drain()
            try:
                self.job.wait(_STEP)
                break
            except WaitTimeoutError as error:
                if self.job.moment().state in ENDED:
                    self.drain()
                    raise error
        self.drain()

    def drain(self) -> None:
        """Shows what there is to show."""
        while True:
            try:
                self.show(self.moments.get_nowait())
            except Empty:
                return

    def show(self, moment: Moment) -> None:
        """One line when the state has changed, and what it ended with."""
        said = change(moment)
        if said != self.last:
            self.last = said
            self.say(said)
        if moment.state == "done":
            self.done(moment)

    def done(self, moment: Moment) -> None:
        """The figure, or the path and the link."""
        figure(figure_of(self.job, moment), self.place, self.mode, autoplay=self.autoplay)

    def say(self, text: str) -> None:
        """One line, at once, as a log is read while it grows."""
        print(text, file=sys.stdout, flush=True)  # noqa: T201 - this is the view of a terminal


def _silently(job: Job) -> None:
    """The job was shown where it was started."""


class _Widget(_Lines):
    """A job as a live widget. In Colab updates from threads do not show, so the waiting cell makes them."""

    def __init__(self, job: Job, place: Place, shell: Any, display: Display, autoplay: bool) -> None:
        super().__init__(job, place, shell, display, autoplay)
        self.in_cell = place.front_end == "colab"

    def begin(self) -> None:
        """Displays the live view, and keeps what replaces it."""
        from IPython.display import display

        from kling_widgets.notebook.view import JobView

        self.plain: tuple[dict[str, Any], dict[str, Any]] | None = None
        self.view = JobView(self.job, self.place, self.mode, self.autoplay, on_end=self.end)
        self.handle: Any = display(self.view.widget, display_id=True)  # type: ignore[no-untyped-call]
        self.cell = here(self.shell)
        self.job.display = self.again
        self.job.listen(self.moments.put if self.in_cell else self.view.show)

    def show(self, moment: Moment) -> None:
        """The moment in the view."""
        self.view.show(moment)

    def end(self, moment: Moment, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Puts the plain output in the live view's place; this lands in the right cell from any thread."""
        self.plain = (data, metadata)
        self.view.settle(moment, data, metadata)
        self.handle.update(data, metadata=metadata, raw=True)

    def again(self, job: Job) -> None:
        """Shows the job in another cell; silent in the one where it was started, which shows it already. All its cells
        share one display id, so that they are updated together."""
        from IPython.display import display

        if (cell := here(self.shell)) == self.cell:
            return
        self.cell = cell
        if self.plain:
            data, metadata = self.plain
            display(data, metadata=metadata, raw=True, display_id=self.handle.display_id)  # type: ignore[no-untyped-call]
        else:
            display(self.view.widget, display_id=self.handle.display_id)  # type: ignore[no-untyped-call]


def here(shell: Any) -> object:
    """What tells this cell's run from every other one."""
    kernel = getattr(shell, "kernel", None)
    parent = kernel.get_parent() if kernel is not None else {}
    return parent.get("header", {}).get("msg_id") or getattr(shell, "execution_count", None)
