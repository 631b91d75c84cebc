"""Several jobs that were asked for together."""

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
    """Stops them, whether they were started or not, and tells what becomes of them in one message."""
    for job in jobs:
        job.stop()
    # One that was stopped just now may say so already, or not yet.
    left = [job for job in jobs if job._state.state not in ENDED - {"stopped"}]
    going = [job for job in left if job._runner.sent]
    if len(going) > 1:
        said = f"{len(going)} tasks go on being made, and are billed if they succeed. To see them: %kling_resume"
    else:
        said = (going or left or jobs)[0]._runner.after_stop()
    if going and (kept := len(left) - len(going)):
        said = (
            f"{kept} {'was' if kept == 1 else 'were'} not sent, and {'is' if kept == 1 else 'are'} not billed. {said}"
        )
    return Stopped(said)


class Batch(Sequence[Job]):
    """Several jobs that were asked for together. Awaiting it gives it back when all have ended, as ``wait`` does.

    Args:
        jobs: in the order in which they were asked for.
        clock: seconds that only go forward.
    """

    def __init__(self, jobs: Sequence[Job], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._jobs = tuple(jobs)
        self._clock = clock

    def wait(self, timeout: float | None = None) -> Batch:
        """Waits for all of them; when all have ended, raises the first error, if there is one.

        Args:
            timeout: seconds for all together, or None to wait as long as they are watched.

        Raises:
            WaitTimeoutError: one goes on, and goes on being watched.
            KlingError: one ended without a saved video.
            Stopped: interrupted: they go on, but are no longer watched.
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
        """Stops watching all of them."""
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
