"""The jobs of this process that are under way: none is begun a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_widgets.core import forks
from kling_widgets.errors import KlingError
from kling_widgets.notebook.kernel.session import Session

if TYPE_CHECKING:
    from kling_widgets.jobs.job import Job
    from kling_widgets.request.request import VideoRequest
    from kling_widgets.storage.submission import Submission


class JobRegistry:
    """Finds the job of a submission, or makes one that goes on with it.

    Args:
        session: what the jobs work with.

    Attributes:
        jobs: those that have not ended, by the journal's number.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.jobs: dict[int, Job] = {}
        forks.after_in_child(self, JobRegistry._forget)
        session.on_close(self.stop)

    def _forget(self) -> None:
        """A forked child works on none: those of its parent go on there."""
        self.jobs = {}

    def register(self, job: Job) -> Job:
        """Remember the job until it ends, so that nobody begins another one of the same submission."""
        from kling_widgets.jobs.snapshot import ENDED, JobSnapshot

        def heard(moment: JobSnapshot) -> None:
            if moment.state in ENDED and self.jobs.get(key) is job:
                self.jobs.pop(key, None)

        key = job._runner.key
        self.jobs[key] = job
        job._state.listen(heard)
        return job

    def rejoin(self, entry: Submission, note: str = "", request: VideoRequest | None = None) -> Job:
        """Return the job of an entry: the one that is under way, else one that goes on where the entry
        ends, or that watches what another kernel sends.

        Args:
            entry: the journal's.
            note: why it is shown.
            request: what was asked, if it is at hand: with its local files.
        """
        from kling_widgets.jobs.job import Job
        from kling_widgets.storage.submission import UNSENT

        session = self._session
        job = self.jobs.get(entry.key)
        if job is None or not job._runner.rewatch():
            if entry.task_id is None:  # it may have been accepted, or have ended, since it was read
                entry = session.journal.find(f"#{entry.key}") or entry
            if entry.task_id is not None or (job is None and entry.state in UNSENT):
                desk = session.desk(session.services.get(entry.service))
                follow = entry.task_id is None
                job = self.register(Job((follow and request) or entry.request, desk, entry, follow=follow))
                if entry.error:  # that the service had it no more: let us see
                    session.journal.update(entry.key, error=None)
            elif job is None:  # a job that is made of it would send it
                said = f"Submission #{entry.key} has no task id, so there is nothing to go on with."
                raise KlingError(f"{said} {entry.error}" if entry.error else said)
        job._note = note
        return job

    def stop(self) -> None:
        """Stop to watch the tasks, which go on."""
        for job in list(self.jobs.values()):  # each that ends is taken out
            job.stop()
