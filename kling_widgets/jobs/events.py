"""Waiting for a job as an iterator of its snapshots."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager

from kling_widgets.jobs import waiting
from kling_widgets.jobs.snapshot import ENDED, JobEvent, JobSnapshot


class JobEvents(Iterator[JobSnapshot], AsyncIterator[JobSnapshot]):
    """Iterates over a job's snapshots: the present one, then each one that differs from the one before, up to the end.

    Args:
        present: the job's present snapshot, and the future of the next one.
        wait: waits for a future in synchronous code, at most so many seconds.
        timeout_error: a context in which a TimeoutError becomes the job's own error.
        timeout: seconds for the whole iteration, or None for no limit.
    """

    def __init__(
        self,
        present: JobEvent,
        wait: Callable[[Future[JobEvent], float | None], JobEvent],
        timeout_error: Callable[[], AbstractContextManager[None]],
        timeout: float | None,
    ) -> None:
        self._event, self._wait, self._timeout_error = present, wait, timeout_error
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._last: JobSnapshot | None = None  # the snapshot that was returned last

    def __next__(self) -> JobSnapshot:
        if self._over:
            raise StopIteration
        while not self._changed():
            with self._timeout_error():
                self._event = self._wait(self._event.following, self._left())
        return self._snapshot()

    async def __anext__(self) -> JobSnapshot:
        if self._over:
            raise StopAsyncIteration
        while not self._changed():
            with self._timeout_error():
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
