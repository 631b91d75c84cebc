"""A wait as an iterator: the states of a job, as they come."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager

from kling_widgets.jobs import waiting
from kling_widgets.jobs.snapshot import ENDED, JobEvent, JobSnapshot


class JobEvents(Iterator[JobSnapshot], AsyncIterator[JobSnapshot]):
    """The states of a job: the present one, then each that differs from the one before, up to the end.

    Args:
        present: how the job stands, and what follows.
        wait: waits for what follows in plain code, for at most so many seconds.
        timed: turns a TimeoutError into the job's own.
        timeout: seconds for all of it, or None.
    """

    def __init__(
        self,
        present: JobEvent,
        wait: Callable[[Future[JobEvent], float | None], JobEvent],
        timed: Callable[[], AbstractContextManager[None]],
        timeout: float | None,
    ) -> None:
        self._event, self._wait, self._timed = present, wait, timed
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._last: JobSnapshot | None = None  # that was returned

    def __next__(self) -> JobSnapshot:
        if self._over:
            raise StopIteration
        while not self._changed():
            with self._timed():
                self._event = self._wait(self._event.following, self._left())
        return self._snapshot()

    async def __anext__(self) -> JobSnapshot:
        if self._over:
            raise StopAsyncIteration
        while not self._changed():
            with self._timed():
                self._event = await waiting.awaited(self._event.following, self._left())
        return self._snapshot()

    @property
    def _over(self) -> bool:
        return self._last is not None and self._last.state in ENDED

    def _changed(self) -> bool:
        return self._last is None or self._event.snapshot.news != self._last.news

    def _snapshot(self) -> JobSnapshot:
        self._last = self._event.snapshot
        return self._last

    def _left(self) -> float | None:
        return None if self._deadline is None else self._deadline - time.monotonic()
