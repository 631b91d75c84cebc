"""Submit button of the form: one click, or two if there is a question, make one video of the values in the page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import ipywidgets as widgets

from kling_widgets.catalog.workflows import missing_steps
from kling_widgets.core import forks
from kling_widgets.core.problem import Problem
from kling_widgets.errors import KlingError
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.notebook.form.draft import Draft
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.submit.options import SubmitOptions
from kling_widgets.notebook.submit.resumer import Resumer
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.notebook.widgets.form_page import slot_class
from kling_widgets.request.request import VideoRequest

SUBMIT = "Make the video"
ANYWAY = "Make it anyway"


class SubmitButton:
    """The submit button, and the submission that a click starts.

    Args:
        session: the session of the jobs.
        draft: returns the current draft.
        inputs: returns the widgets whose values a user sets.
        refresh: updates the form.
        begin: shows a job that is about to start.
        fail: shows the error if nothing was sent.

    Attributes:
        lock: held while the form is read or changed.
    """

    def __init__(
        self,
        session: Session,
        draft: Callable[[], Draft],
        inputs: Callable[[], Iterable[widgets.Widget]],
        refresh: Callable[[], None],
        begin: Callable[[Job], None],
        fail: Callable[[KlingError], None],
    ) -> None:
        self._session = session
        self._draft, self._inputs, self._refresh, self._begin, self._fail = draft, inputs, refresh, begin, fail
        self.lock = forks.rlock()
        self._sending: Job | None = None
        self._asked: tuple[VideoRequest, str] | None = None  # the request and question that a second click confirms
        self._waiting = False  # a click waits for the page's input values
        self._button: Any = None

    def build(self, parts: WidgetFactory) -> widgets.HBox:
        """Create the button, in a row with room for the status."""
        self._page = parts.page
        self._button = parts.button(SUBMIT, self._clicked, "kling-submit", button_style="primary")
        return parts.row(self._button, classes=("kling-row", "kling-apart", slot_class("status")))

    @property
    def sending(self) -> bool:
        """Return whether a submission is being sent."""
        return self._sending is not None

    def update(self, request: VideoRequest, errors: Sequence[Problem]) -> tuple[str, str]:
        """Update the button.

        Returns:
            The estimated cost, if known, and the question that a second click confirms. One of them is "", as the
            question includes the estimate.
        """
        if self._asked is not None and self._asked[0] != request:
            self._asked = None  # the question was about another request
        estimate = self._session.guard.estimate([request])
        confirm = f"Make it for {estimate.cost}" if estimate.cost else ANYWAY
        inputs = [step.noun for step in missing_steps(request.spec.scene, request.values) if step.need == "off"]
        label = f"Add {' and '.join(inputs)}" if inputs else SUBMIT
        with self._button.hold_sync():
            self._button.disabled = bool(errors or inputs) or self.sending or self._waiting
            self._button.description = confirm if self._asked else label
        return ("", self._asked[1]) if self._asked else (estimate.estimate, "")

    def submit(self, *, in_cell: bool, yes: bool) -> Job:
        """Submit the current request and return its job; if a submission is being sent, return that one.

        Args:
            in_cell: whether the running cell submits it, not a click.
            yes: submit without a question.

        Raises:
            KlingError: It cannot be sent, or needs a confirmation. Nothing was sent.
        """
        with self.lock:
            if self._sending is not None:
                return self._sending
            request = self._draft().request
            if not yes and not request.errors() and (question := self._question(request, in_cell=in_cell)):
                raise KlingError(f"{question} To make it: form.submit(yes=True). Nothing was sent.")
            self._asked = None
            if self._button is not None:
                self._button.disabled = True
            try:
                (job,) = self._session.get(Submitter).create_jobs(request, SubmitOptions.of(yes=yes), in_cell=in_cell)
                self._sending = job if job.id is None else None  # a job that was under way is accepted already
            finally:
                self._refresh()
        self._session.get(Submitter).start([job], [lambda: self._show_job(job)])
        return job

    def _show_job(self, job: Job) -> None:
        self._begin(job)
        job._state.listen(lambda snapshot: self._on_change(job, snapshot))

    def _on_change(self, job: Job, snapshot: JobSnapshot) -> None:
        # Earlier jobs report changes too; only the answer to this one enables the button again. In a thread, as this
        # may be called on the loop that polls all tasks, which a slow form must not block.
        if self._sending is job and snapshot.state != "sending":
            self._sending = None
            threading.Thread(target=self._enable, name="kling_widgets.form", daemon=True).start()

    def _enable(self) -> None:
        with self.lock:
            self._refresh()

    def _clicked(self) -> None:
        with self.lock:
            if self._waiting or self._sending is not None:  # two clicks at once are one
                self._page.unlock()
                return
            self._waiting = self._button.disabled = True  # first of all: another click may be on its way
        self._page.ask(self._inputs(), self._on_input, self._on_timeout)

    def _on_input(self) -> None:
        """Submit the request, now that the draft has the page's values."""
        failure: KlingError | None = None
        try:
            if self._confirmed():
                self.submit(in_cell=False, yes=True)
        except KlingError as error:
            failure = error
        self._end_click(failure)

    def _confirmed(self) -> bool:
        """Return whether this click submits the request; if there is a question, the first click only asks it."""
        with self.lock:
            request = self._draft().request
            asked = request, self._question(request, in_cell=False)
            known, self._asked = self._asked == asked, asked
            return known or not asked[1]

    def _question(self, request: VideoRequest, *, in_cell: bool) -> str:
        """Return the question that a second click, or ``yes=True`` in a cell, confirms; "" if there is none."""
        question = self._session.get(Submitter).question([request], in_cell=in_cell)
        # A click can always be confirmed by a second one. In an unattended cell only spending needs a confirmation.
        asked = str(question) if not in_cell or self._session.attended else question.spending
        files = ", ".join(field.label.lower() for field in self._draft().missing(request))
        without = f"This video would be made without a file of the original request: {files}." if files else ""
        return " ".join(filter(None, (without, self._session.get(Resumer).lost_answer(request), asked)))

    def _on_timeout(self) -> None:
        message = "The page did not answer, so nothing was sent. Check the code below, and click again."
        self._end_click(KlingError(message))

    def _end_click(self, error: KlingError | None) -> None:
        """Accept clicks again, and show the error; any sooner, another click could make a second video."""
        with self.lock:
            self._waiting = False
            self._refresh()
            if error is not None:
                self._fail(error)
