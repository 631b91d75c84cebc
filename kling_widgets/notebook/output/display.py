"""How jobs are shown where we are: live widgets in a notebook, lines in a terminal and in a headless run; once each."""

from __future__ import annotations

from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Any, cast

from kling_widgets.core.printing import say
from kling_widgets.core.text import one_line
from kling_widgets.errors import KlingError, WaitTimeoutError
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.notebook.kernel.cell import here, is_seen
from kling_widgets.notebook.kernel.front_end import Location
from kling_widgets.notebook.kernel.live_updates import UpdateThrottle
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.output.figure import Figure, Presentation, figure_of, provenance
from kling_widgets.notebook.output.mime_bundle import Display, bundle
from kling_widgets.notebook.output.plain_text import as_text
from kling_widgets.notebook.output.status_text import change, notes

_STEP = 0.25  # seconds between two looks of a waiting cell at what there is to show


def outputs(jobs: Sequence[Job], session: Session, *, wait: bool) -> Sequence[TextOutput]:
    """Return what shows each job where we are. Live views follow the session's pulse, but in Colab.

    Args:
        jobs: none of them is shown yet.
        session: has the place and the settings.
        wait: whether the cell waits until they have ended.
    """
    place, settings = session.place, session.settings
    kind: type[TextOutput] = TextOutput
    pulse = None
    if place.front_end.widgets:
        kind = WidgetOutput if is_seen(session.shell) else _Unseen
        pulse = (
            UpdateThrottle(background=False)
            if kind is WidgetOutput and not place.front_end.background
            else session.pulse
        )
    mode = cast(Display, settings.display)
    return [kind(job, place, session.shell, mode, settings.autoplay, wait, pulse) for job in jobs]


def follow(shows: Sequence[TextOutput]) -> None:
    """Wait until all are accepted or refused, and, where the cell waits, until they have ended.

    Raises:
        KlingError: the first one that was refused, or, when waiting, that ended without a video.
    """
    errors: list[KlingError] = []
    for show in shows:
        try:
            show.job.wait_accepted()
        except KlingError as error:
            errors.append(error)
        else:
            if not show.waits:
                show.leave()
    for show in shows:  # all that were accepted, also when another one was refused
        if show.waits:
            try:
                show.follow()
            except KlingError as error:
                errors.append(error)
    if errors:
        raise errors[0]


def figure(shown: Figure, place: Location, mode: Display, *, autoplay: bool) -> None:
    """Shows a finished video in this cell."""
    if place.front_end.rich:
        from IPython.display import display

        display(bundle(shown, place, mode, autoplay), metadata=provenance(shown), raw=True)  # type: ignore[no-untyped-call]
    else:
        say(as_text(Presentation(shown, place)))


class TextOutput:
    """A job as lines of text, one for each change of state; in a headless notebook its figure at the end."""

    def __init__(
        self,
        job: Job,
        place: Location,
        shell: Any,
        display: Display,
        autoplay: bool,
        wait: bool,
        pulse: UpdateThrottle | None = None,
    ) -> None:
        self.job, self.place, self.shell = job, place, shell
        self.mode, self.autoplay, self.waits = display, autoplay, wait
        if pulse is not None:
            self.pulse = pulse
        self.moments: SimpleQueue[JobSnapshot] = SimpleQueue()
        self.last = ""

    def begin(self) -> None:
        """Listens, and says what is asked."""
        request = self.job.request
        demo = "demo" if self.job._runner.service.demo else ""
        self.say(" · ".join(filter(None, (request.spec.title, request.settings(), demo))))
        for note in notes(self.job):
            self.say(note)
        self.cell = here(self.shell)
        self.job._display = self.again
        self.job._state.listen(self.moments.put)

    def leave(self) -> None:
        """The cell ends before the job, and lines of a later time would land in another one."""
        self.drain()
        self.say(f"Under way. To see it: %kling_resume {self.job.id}")

    def follow(self) -> None:
        """Shows each change until the job has ended; raises what it ended with."""
        try:
            while True:
                self.drain()
                try:
                    self.job.wait(_STEP)
                    return
                except WaitTimeoutError as error:
                    if error is self.job._state.error:  # it was watched as long as it may be
                        raise
        finally:
            self.drain()

    def drain(self) -> None:
        """Shows what there is to show."""
        while True:
            try:
                self.show(self.moments.get_nowait())
            except Empty:
                return

    def show(self, moment: JobSnapshot) -> None:
        """One line when the state has changed, and what it ended with."""
        said = change(moment)
        if said != self.last:
            self.last = said
            self.say(said)
        if moment.state == "done":
            self.done(moment)

    def again(self, job: Job) -> None:
        """Shows the job in another cell; silent in the one where it was started, which shows it already."""
        if (cell := here(self.shell)) == self.cell:
            return
        self.cell = cell
        moment = job._state.snapshot()
        self.done(moment) if moment.state == "done" else self.say(repr(job))

    def done(self, moment: JobSnapshot) -> None:
        """The figure, or the path and the link."""
        figure(figure_of(self.job, moment), self.place, self.mode, autoplay=self.autoplay)

    def say(self, text: str) -> None:
        """One line, at once, as a log is read while it grows."""
        say(one_line(text))


class WidgetOutput(TextOutput):
    """A job as a live widget. In Colab updates from threads do not show, so the waiting cell makes those of all."""

    pulse: UpdateThrottle

    def begin(self) -> None:
        """Displays the live view, and keeps what replaces it."""
        from IPython.display import display

        from kling_widgets.notebook.output.job_view import JobView

        self.plain: tuple[dict[str, Any], dict[str, Any]] | None = None
        self.view = JobView(self.job, self.place, self.mode, self.autoplay, waits=self.waits, on_end=self.end)
        self.handle: Any = display(self.view.widget, display_id=True)  # type: ignore[no-untyped-call]
        self.cell = here(self.shell)
        self.job._display = self.again
        self.pulse.follow(self.job._state, self.view.show)

    def leave(self) -> None:
        """Nothing to say: the view lives on."""
        self.drain()

    def follow(self) -> None:
        """Waits; the view follows by itself where it can."""
        if self.pulse.background:
            self.job.wait()
        else:
            super().follow()

    def drain(self) -> None:
        """Shows what there is to show, of other jobs too."""
        if not self.pulse.background:
            self.pulse.turn()

    def end(self, moment: JobSnapshot, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Puts the plain output in the live view's place; this lands in the right cell from any thread."""
        from kling_widgets.notebook.output.job_view import close_later

        self.plain = (data, metadata)
        self.handle.update(data, metadata=metadata, raw=True)  # first: whoever sees the figure and saves has saved it
        self.view.show_result(moment, data, metadata)
        close_later(self.view)

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


class _Unseen(WidgetOutput):
    """A job behind a click on a button of the user's own, where no ``Output`` takes what is displayed: a line in the
    log says how to see it, and it becomes a live widget in the first cell that shows it."""

    def begin(self) -> None:
        """Shows nothing yet."""
        self.cell = here(self.shell)
        if self.job._display is None:  # else a cell shows it already
            self.job._display = self.again

    def leave(self) -> None:
        """Says where it is."""
        self.say(
            f"{self.job.request.spec.title}, under way as {self.job.id}. To see it, run in a cell: "
            f"%kling_show {self.job.id}. To see it here: with out: kw.submit(…), where out is an Output."
        )

    def follow(self) -> None:
        """Waits, and says where it is."""
        self.leave()
        self.job.wait()

    def drain(self) -> None:
        """There is nothing to show."""

    def again(self, job: Job) -> None:
        """Shows it from now on; silent behind the click."""
        if here(self.shell) != self.cell:
            super().begin()


def tell(lines: Sequence[str]) -> None:
    """Says what has no view: what the journal knows of wishes that nobody works on."""
    for line in lines:
        say(one_line(line))
