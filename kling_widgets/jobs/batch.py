"""Several jobs of one call, and stopping them together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, overload

from kling_widgets.core.text import one_line
from kling_widgets.errors import KlingError
from kling_widgets.jobs.job import Job, Stopped
from kling_widgets.jobs.snapshot import ENDED


def stop_all(jobs: Sequence[Job]) -> Stopped:
    """Stop jobs, started or not, and return one message about what happens to all of them."""
    for job in jobs:
        job.stop()
    # A job that was just stopped may not have ended yet.
    left = [job for job in jobs if job._state.state not in ENDED - {"stopped"}]
    sent = [job for job in left if job._runner.sent]
    if len(sent) > 1:
        message = (
            f"{len(sent)} tasks continue at the service and are billed if they succeed. To see them: %kling_resume"
        )
    else:
        message = (sent or left or jobs)[0]._runner.after_stop()
    if sent and (unsent := len(left) - len(sent)):
        was, is_ = ("was", "is") if unsent == 1 else ("were", "are")
        message = f"{unsent} {was} not sent, and {is_} not billed. {message}"
    return Stopped(message)


class Batch(Sequence[Job]):
    """Several jobs of one call, a sequence in the order of their requests. ``kw.submit`` and ``kw.resume`` return it.

    ``await batch`` waits for all videos like ``batch.wait()``. A slice of a batch is a batch.

    Example:
        >>> batch = kw.submit([kw.VideoRequest(model, prompt="a paper boat") for model in ("2.6", "3.0")])
        2 videos · 10 s.
        >>> [job.request.spec.name for job in batch]
        ['2.6', '3.0']
    """

    def __init__(self, jobs: Sequence[Job], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._jobs = tuple(jobs)
        self._clock = clock

    def wait(self, timeout: float | None = None) -> Batch:
        """Wait until all jobs have ended, and return the batch. An error is raised only then, the first one.

        Args:
            timeout: seconds to wait at most, for all of them; None to wait as long as they are watched.

        Raises:
            WaitTimeoutError: the time is over; the tasks continue, and are still watched.
            TaskFailedError: a task ended without a video.
            KlingError: a job has no saved video for another reason.
            Stopped: the wait was interrupted (a ``KeyboardInterrupt``); the tasks continue, but are no longer watched.

        Example:
            >>> batch = kw.submit("2.6", prompt="a paper boat in the rain", count=2)
            2 videos · 10 s.
            >>> [job.status for job in batch.wait(timeout=60)]
            ['succeeded', 'succeeded']
        """
        deadline = None if timeout is None else self._clock() + timeout
        first: KlingError | None = None
        for job in self._jobs:
            try:
                job.wait(None if deadline is None else max(0.0, deadline - self._clock()))
            except KlingError as error:
                first = first or error
            except Stopped:
                raise stop_all(self._jobs) from None
        if first:
            raise first
        return self

    async def _awaited(self) -> Batch:
        ends = await asyncio.gather(*self._jobs, return_exceptions=True)
        for error in ends:
            if isinstance(error, BaseException):
                raise error
        return self

    def __await__(self) -> Generator[Any, None, Batch]:
        return self._awaited().__await__()

    def stop(self) -> None:
        """Stop watching all of them; see ``Job.stop``.

        Example:
            >>> batch = kw.submit("2.6", prompt="a paper boat in the rain", count=2)
            2 videos · 10 s.
            >>> batch.stop()
        """
        for job in self._jobs:
            job.stop()

    @overload
    def __getitem__(self, index: int) -> Job: ...
    @overload
    def __getitem__(self, index: slice) -> Batch: ...
    def __getitem__(self, index: int | slice) -> Job | Batch:
        return Batch(self._jobs[index], clock=self._clock) if isinstance(index, slice) else self._jobs[index]

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    def __repr__(self) -> str:
        names = ", ".join(job.id or f"#{job._runner.key}" for job in self._jobs)
        return one_line(f"<Batch of {len(self)}: {names}>", 300)

    def _ipython_display_(self) -> None:
        for job in self._jobs:
            job._ipython_display_()
