"""Registry of the running jobs of this process, which prevents a second job for one submission."""

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
    """Registry of running jobs, at most one for each submission.

    Args:
        session: the session of the jobs.

    Attributes:
        jobs: the jobs that have not ended, by the number of their submission.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.jobs: dict[int, Job] = {}
        forks.after_in_child(self, JobRegistry._forget)
        session.on_close(self.stop)

    def _forget(self) -> None:
        """Forget all jobs in a forked child: they go on in the parent."""
        self.jobs = {}

    def register(self, job: Job) -> Job:
        """Remember the job until it ends, so that no second job is created for its submission."""
        from kling_widgets.jobs.snapshot import ENDED, JobSnapshot

        def on_change(snapshot: JobSnapshot) -> None:
            if snapshot.state in ENDED and self.jobs.get(key) is job:
                self.jobs.pop(key, None)

        key = job._runner.key
        self.jobs[key] = job
        job._state.listen(on_change)
        return job

    def rejoin(self, entry: Submission, note: str = "", request: VideoRequest | None = None) -> Job:
        """Return the running job of a submission, else a new one that continues it or watches it in another kernel.

        Args:
            entry: the submission's entry in the journal.
            note: shown with the job: the reason why it is shown.
            request: the request with its local files, if available.

        Raises:
            KlingError: The submission has no task id and cannot be continued.
        """
        from kling_widgets.jobs.job import Job
        from kling_widgets.storage.submission import UNSENT

        session = self._session
        job = self.jobs.get(entry.key)
        if job is None or not job._runner.rewatch():
            if entry.task_id is None:  # it may have been accepted, or have ended, since it was read
                entry = session.journal.find(f"#{entry.key}") or entry
            if entry.task_id is not None or (job is None and entry.state in UNSENT):
                context = session.job_context(session.services.get(entry.service))
                follow = entry.task_id is None
                job = self.register(Job((follow and request) or entry.request, context, entry, follow=follow))
                if entry.error:  # the service did not know the task any more: try again
                    session.journal.update(entry.key, error=None)
            elif job is None:  # a new job would send the request again
                error = f"Submission #{entry.key} has no task id, so there is nothing to resume."
                raise KlingError(f"{error} {entry.error}" if entry.error else error)
        job._note = note
        return job

    def stop(self) -> None:
        """Stop watching the tasks, which go on at the service."""
        for job in list(self.jobs.values()):  # a copy, as each job that ends is removed
            job.stop()
