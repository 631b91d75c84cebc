"""Job output for each front end: live widgets in a notebook, lines of text in a terminal and in a headless run."""

from __future__ import annotations

from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Any, cast

from kling_widgets.core.printing import say
from kling_widgets.core.text import one_line
from kling_widgets.errors import KlingError, WaitTimeoutError
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.notebook.kernel.cell import in_output, is_visible, run_id
from kling_widgets.notebook.kernel.front_end import Location
from kling_widgets.notebook.kernel.live_updates import UpdateThrottle
from kling_widgets.notebook.kernel.session import NextStepsOffer, Session
from kling_widgets.notebook.output.figure import Figure, Presentation, figure_of, provenance
from kling_widgets.notebook.output.mime_bundle import Display, bundle
from kling_widgets.notebook.output.plain_text import as_text
from kling_widgets.notebook.output.stand_in import StandIn, job_line
from kling_widgets.notebook.output.status_text import notices, state_line

_POLL_SECONDS = 0.25  # seconds for which a waiting cell blocks before it shows pending snapshots again


def outputs(jobs: Sequence[Job], session: Session, *, wait: bool) -> Sequence[TextOutput]:
    """Return the output of each job for the current front end.

    Live views are updated by the session's throttle, except in Colab, where the waiting cell has to make the updates.

    Args:
        jobs: Jobs that are not shown yet.
        session: Source of the location and the settings.
        wait: Whether the cell waits until the jobs have ended.
    """
    location, settings = session.location, session.settings
    kind: type[TextOutput] = TextOutput
    throttle = None
    if location.front_end.widgets:
        kind = WidgetOutput if is_visible(session.shell) else _Unseen
        throttle = (
            UpdateThrottle(background=False)
            if kind is WidgetOutput and not location.front_end.background
            else session.update_throttle
        )
    mode = cast(Display, settings.display)
    steps = session.next_steps
    return [kind(job, location, session.shell, mode, settings.autoplay, wait, throttle, steps) for job in jobs]


def follow(shown: Sequence[TextOutput]) -> None:
    """Wait until all jobs are accepted or refused and, if the cell waits, until they have ended.

    Raises:
        KlingError: The first error of a job that was refused or, if the cell waits, that ended without a video.
    """
    errors: list[KlingError] = []
    for output in shown:
        try:
            output.job.wait_accepted()
        except KlingError as error:
            errors.append(output.told(error))
        else:
            if not output.waits:
                output.detach()
    for output in shown:  # the accepted jobs are followed even if another one was refused
        if output.waits:
            try:
                output.follow()
            except KlingError as error:
                errors.append(output.told(error))
    if errors:
        raise errors[0]


def show_figure(shown: Figure, location: Location, mode: Display, *, autoplay: bool) -> None:
    """Show a finished video in this cell."""
    if location.front_end.rich:
        from IPython.display import display

        display(bundle(shown, location, mode, autoplay), metadata=provenance(shown), raw=True)  # type: ignore[no-untyped-call]
    else:
        say(as_text(Presentation(shown, location)))


class TextOutput:
    """A job as lines of text, one for each change of state; in a headless notebook, also its figure at the end."""

    def __init__(
        self,
        job: Job,
        location: Location,
        shell: Any,
        display: Display,
        autoplay: bool,
        wait: bool,
        throttle: UpdateThrottle | None = None,
        steps: NextStepsOffer | None = None,
    ) -> None:
        self.job, self.location, self.shell = job, location, shell
        self.mode, self.autoplay, self.waits = display, autoplay, wait
        if throttle is not None:
            self.throttle = throttle
        self.steps = steps
        self.snapshots: SimpleQueue[JobSnapshot] = SimpleQueue()
        self.last_line = ""

    def begin(self) -> None:
        """Print the request and its notices, and subscribe to the job's snapshots."""
        request = self.job.request
        demo = "demo" if self.job._runner.service.demo else ""
        self.print_line(" · ".join(filter(None, (request.spec.title, request.settings(), demo))))
        for notice in notices(self.job):
            self.print_line(notice)
        self.cell = run_id(self.shell)
        self.job._display = self.show_again
        self.job._state.listen(self.snapshots.put)

    def detach(self) -> None:
        """Print how to see the job later.

        The cell ends before the job; lines printed afterwards would appear in another cell.
        """
        self.drain()
        self.print_line(f"Under way. To see it: %kling_resume {self.job.id}")

    def follow(self) -> None:
        """Show each change until the job has ended.

        Raises:
            KlingError: The job ended without a video, or was watched for as long as its timeout allows.
        """
        try:
            while True:
                self.drain()
                try:
                    self.job.wait(_POLL_SECONDS)
                    return
                except WaitTimeoutError as error:
                    if error is self.job._state.error:  # the job's own timeout, not that of this loop
                        raise
        finally:
            self.drain()

    def drain(self) -> None:
        """Show all pending snapshots."""
        while True:
            try:
                self.show(self.snapshots.get_nowait())
            except Empty:
                return

    def told(self, error: KlingError) -> KlingError:
        """Return the error as the cell ends with it: in full, as no line says more than the state."""
        return error

    def show(self, snapshot: JobSnapshot) -> None:
        """Print a line if the state has changed, and show the video of a job that is done."""
        line = state_line(snapshot)
        if line != self.last_line:
            self.last_line = line
            self.print_line(line)
        if snapshot.state == "done":
            self.show_video(snapshot)

    def show_again(self, job: Job) -> None:
        """Show the job in another cell; do nothing in the cell that shows it already."""
        if (cell := run_id(self.shell)) == self.cell:
            return
        self.cell = cell
        snapshot = job._state.snapshot()
        self.show_video(snapshot) if snapshot.state == "done" else self.print_line(repr(job))

    def show_video(self, snapshot: JobSnapshot) -> None:
        """Show the figure or, if the front end has no rich output, the path and the link."""
        show_figure(figure_of(self.job, snapshot), self.location, self.mode, autoplay=self.autoplay)

    def print_line(self, text: str) -> None:
        """Print one line without buffering, as a log is read while it grows."""
        say(one_line(text))


class WidgetOutput(TextOutput):
    """A job as a live widget.

    Colab does not show updates from threads, so the waiting cell updates the widgets of all jobs there.
    """

    throttle: UpdateThrottle
    plain: tuple[dict[str, Any], dict[str, Any]] | None  # the result and its metadata, once it is shown

    def begin(self) -> None:
        """Display the live view, and keep the display handle that replaces it at the end."""
        from IPython.display import DisplayHandle

        from kling_widgets.notebook.output.job_view import JobView

        self.plain = None
        self.view = JobView(self.job, self.location, self.mode, self.autoplay, waits=self.waits, on_end=self.finish)
        self.stand_in = StandIn(self.location.front_end, job_line(self.job), apart=not in_output(self.shell))
        self.handle: Any = DisplayHandle()  # type: ignore[no-untyped-call]
        self.display_live()
        self.cell = run_id(self.shell)
        self.job._display = self.show_again
        self.throttle.follow(self.job._state, self.show_live)

    def display_live(self) -> None:
        """Display the live view, and the line that stands in for it in the saved file."""
        data, metadata = self.shell.display_formatter.format(self.view.widget)
        self.handle.display(self.stand_in.complete(data), metadata=metadata, raw=True)
        self.stand_in.display()

    def show_live(self, snapshot: JobSnapshot) -> int:
        """Show the snapshot in the live view and in that line, and return how many messages that took."""
        sent = self.view.show(snapshot)
        return sent if self.view.ended else sent + self.stand_in.show(job_line(self.job))

    def detach(self) -> None:
        """Show the pending snapshots; the view is updated after the cell has ended."""
        self.drain()

    def follow(self) -> None:
        """Wait until the job has ended, updating the view from here if threads cannot do so."""
        if self.throttle.background:
            self.job.wait()
        else:
            super().follow()

    def drain(self) -> None:
        """Show the pending snapshots of all jobs if threads cannot do so."""
        if not self.throttle.background:
            self.throttle.show_due()

    def finish(self, snapshot: JobSnapshot, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Replace the live view by the plain output.

        Callable from any thread: the display id determines the cell.
        """
        from kling_widgets.notebook.output.job_view import close_later

        self.plain = (data, metadata)
        # First, so that a notebook that is saved from now on holds the figure.
        self.handle.update(data, metadata=metadata, raw=True)
        self.stand_in.show()
        self.view.show_result(snapshot, data, metadata)
        close_later(self.view)
        if self.steps:
            self.steps.offer(self.job, snapshot, self.handle)

    def told(self, error: KlingError) -> KlingError:
        """Return the error as the cell ends with it: as its first sentence if the view shows all of it."""
        return error._without_details() if self.plain and error is self.job._state.error else error

    def show_again(self, job: Job) -> None:
        """Show the job in another cell; do nothing in the cell that shows it already.

        All its cells share one display id, so that they are updated together.
        """
        from IPython.display import display

        if (cell := run_id(self.shell)) == self.cell:
            return
        self.cell = cell
        if self.plain:
            data, metadata = self.plain
            display(data, metadata=metadata, raw=True, display_id=self.handle.display_id)  # type: ignore[no-untyped-call]
        else:
            self.display_live()


class _Unseen(WidgetOutput):
    """A job started by a callback of the user's own button, where no ``Output`` captures what is displayed.

    A line in the log says how to see the job. It becomes a live widget in the first cell that shows it.
    """

    def begin(self) -> None:
        """Register the job for display in a later cell, and display nothing now."""
        self.plain = None
        self.cell = run_id(self.shell)
        if self.job._display is None:  # otherwise a cell shows it already
            self.job._display = self.show_again

    def detach(self) -> None:
        """Print how to see the job."""
        self.print_line(
            f"{self.job.request.spec.title}, under way as {self.job.id}. To see it, run in a cell: "
            f"%kling_show {self.job.id}. To see it here: with out: kw.submit(…), where out is an Output."
        )

    def follow(self) -> None:
        """Print how to see the job, and wait until it has ended."""
        self.detach()
        self.job.wait()

    def drain(self) -> None:
        """Do nothing: the job is not displayed."""

    def show_again(self, job: Job) -> None:
        """Show the job as a live widget from now on; do nothing within the callback that started it."""
        if run_id(self.shell) != self.cell:
            super().begin()


def print_lines(lines: Sequence[str]) -> None:
    """Print lines about submissions that have no view, as no kernel works on them."""
    for line in lines:
        say(one_line(line))
