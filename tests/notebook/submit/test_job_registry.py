"""The running jobs of a process."""

from __future__ import annotations

import os

from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.submit.job_registry import JobRegistry
from kling_widgets.notebook.submit.submitter import Submitter


def test_a_fork_does_not_take_its_parents_jobs_for_its_own(session: Session) -> None:
    """They go on there, and nobody works on them here."""
    (job,) = session.get(Submitter).create_jobs("2.6", prompt="a boat")
    assert session.get(JobRegistry).jobs == {job._runner.key: job}
    if (child := os.fork()) == 0:
        os._exit(len(session.get(JobRegistry).jobs))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert session.get(JobRegistry).jobs == {job._runner.key: job}
