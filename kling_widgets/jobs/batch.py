"""Several jobs that were asked for together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from kling_widgets.errors import KlingError
from kling_widgets.jobs.job import Job


class Batch(Sequence[Job]):
    """Several jobs that were asked for together."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = tuple(jobs)

    def wait(self, timeout: float | None = None) -> Batch:
        """Waits for all of them; raises the first error when the others have ended too."""
        deadline = None if timeout is None else time.monotonic() + timeout
        first: KlingError | None = None
        for job in self._jobs:
            try:
                job.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
            except KlingError as error:
                first = first or error
        if first:
            raise first
        return self

    def stop(self) -> None:
        """Stops watching all of them."""
        for job in self._jobs:
            job.stop()

    def __getitem__(self, index: Any) -> Any:
        return self._jobs[index]

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    def __repr__(self) -> str:
        return f"<{len(self)} jobs: {', '.join(str(job.id or f'#{job.key}') for job in self._jobs)}>"[:300]

    def _ipython_display_(self) -> None:
        for job in self._jobs:
            job._ipython_display_()
