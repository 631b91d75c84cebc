"""The form's button: one click, or two where there is a question, make one video of what stands in the page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import ipywidgets as widgets

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
from kling_widgets.notebook.widgets.form_page import at
from kling_widgets.request.request import VideoRequest

SUBMIT = "Make the video"
ANYWAY = "Make it anyway"


class SubmitButton:
    """What a click asks, and what becomes of it.

    Args:
        session: makes the jobs.
        draft: gives what is typed now.
        boxes: gives what a person sets, as it stands in the page.
        refresh: shows how it is now.
        begin: shows a job that is about to start.
        fail: says why nothing was sent.

    Attributes:
        lock: held while the form is looked at or changed.
    """

    def __init__(
        self,
        session: Session,
        draft: Callable[[], Draft],
        boxes: Callable[[], Iterable[widgets.Widget]],
        refresh: Callable[[], None],
        begin: Callable[[Job], None],
        fail: Callable[[KlingError], None],
    ) -> None:
        self._session = session
        self._draft, self._boxes, self._refresh, self._begin, self._fail = draft, boxes, refresh, begin, fail
        self.lock = forks.rlock()
        self._sending: Job | None = None
        self._armed: tuple[VideoRequest, str] | None = None  # what a second click makes, and the question it answers
        self._asking = False  # a click waits for the page to say what stands in it
        self._button: Any = None

    def build(self, parts: WidgetFactory) -> widgets.HBox:
        """Make the button, and room for what stands beside it."""
        self._page = parts.page
        self._button = parts.button(SUBMIT, self._clicked, "kling-submit", button_style="primary")
        return parts.row(self._button, classes=("kling-row", "kling-apart", at("status")))

    @property
    def sending(self) -> bool:
        """Whether a submission is on its way."""
        return self._sending is not None

    def tell(self, request: VideoRequest, errors: Sequence[Problem]) -> tuple[str, str]:
        """Says on the button what a click does; what that costs, as far as it is known, and the question that a second
        click says yes to."""
        if self._armed is not None and self._armed[0] != request:
            self._armed = None  # what was asked was asked about something else
        bill = self._session.guard.estimate([request])
        with self._button.hold_sync():
            self._button.disabled = bool(errors) or self.sending or self._asking
            self._button.description = (f"Make it for {bill.cost}" if bill.cost else ANYWAY) if self._armed else SUBMIT
        return ("", self._armed[1]) if self._armed else (bill.estimate, "")  # the question tells the estimate already

    def submit(self, *, in_cell: bool, yes: bool) -> Job:
        """Submits the present request; while a submission is on its way, that one is given.

        Raises:
            KlingError: it cannot be sent, or wants a yes; nothing was sent.
        """
        with self.lock:
            if self._sending is not None:
                return self._sending
            request = self._draft().request
            if not yes and not request.errors() and (question := self._question(request, in_cell=in_cell)):
                raise KlingError(f"{question} form.submit(yes=True) makes it. Nothing was sent.")
            self._armed = None
            if self._button is not None:
                self._button.disabled = True
            try:
                (job,) = self._session.get(Submitter).create_jobs(request, SubmitOptions.of(yes=yes), in_cell=in_cell)
                self._sending = job if job.id is None else None  # what is under way already has its answer
            finally:
                self._refresh()
        self._session.get(Submitter).start([job], [lambda: self._shown(job)])
        return job

    def _shown(self, job: Job) -> None:
        self._begin(job)
        job._state.listen(lambda moment: self._heard(job, moment))

    def _heard(self, job: Job, moment: JobSnapshot) -> None:
        # Jobs of before go on telling how they stand; only this one's answer opens the button. In a thread: what takes
        # the form its time must not hold up the loop that polls all tasks, where this may be heard.
        if self._sending is job and moment.state != "sending":
            self._sending = None
            threading.Thread(target=self._open, name="kling_widgets.form", daemon=True).start()

    def _open(self) -> None:
        with self.lock:
            self._refresh()

    def _clicked(self) -> None:
        with self.lock:
            if self._asking or self._sending is not None:  # two clicks at once are one
                self._page.free()
                return
            self._asking = self._button.disabled = True  # before anything else: the next click is on its way
        self._page.ask(self._boxes(), self._sure, self._unsure)

    def _sure(self) -> None:
        """Submits: what is known here is what stands in the page."""
        trouble: KlingError | None = None
        try:
            if self._confirmed():
                self.submit(in_cell=False, yes=True)
        except KlingError as error:
            trouble = error
        self._answered(trouble)

    def _confirmed(self) -> bool:
        """Whether this click may make the video: where there is a question, the first one only raises it."""
        with self.lock:
            request = self._draft().request
            asked = request, self._question(request, in_cell=False)
            known, self._armed = self._armed == asked, asked
            return known or not asked[1]

    def _question(self, request: VideoRequest, *, in_cell: bool) -> str:
        """What a second click, or ``yes=True`` in a cell, says yes to; "" where nothing is asked."""
        question = self._session.get(Submitter).question([request], in_cell=in_cell)
        # A click can always be answered by a second one. A cell that nobody attends sends what is merely unusual.
        asked = str(question) if not in_cell or self._session.attended else question.spending
        files = ", ".join(field.label.lower() for field in self._draft().missing(request))
        without = f"This would be made without the file that was there: {files}." if files else ""
        return " ".join(filter(None, (without, self._session.get(Resumer).lost(request), asked)))

    def _unsure(self) -> None:
        said = "The page did not answer, so nothing was sent. Check the code below, and click again."
        self._answered(KlingError(said))

    def _answered(self, trouble: KlingError | None) -> None:
        """Takes clicks again: not sooner, as one in between would make a second video."""
        with self.lock:
            self._asking = False
            self._refresh()
            if trouble is not None:
                self._fail(trouble)
