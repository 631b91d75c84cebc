"""Stopping a job's work: whether it was started, sent or stopped, under one lock, and which steps may be cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from kling_widgets.core import forks


class StopSwitch:
    """Cancels the work of one job at the steps at which that is allowed.

    ``begin``, ``cancellable`` and the code within it run on the watcher's loop; all else may be called from any thread.

    Args:
        sent: whether a request was sent before that was not refused.

    Attributes:
        claimed: whether the job was started or stopped.
        stopping: whether the job is to stop.
    """

    def __init__(self, *, sent: bool) -> None:
        self._lock = forks.lock()
        self._sent = sent
        self.claimed = self.stopping = False
        self._begun = self._cancelled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._cancellable = False  # on the loop only: whether a stop may cancel the step that runs now

    @property
    def sent(self) -> bool:
        """Whether a request was sent that was not refused."""
        with self._lock:
            return self._sent

    @sent.setter
    def sent(self, sent: bool) -> None:
        with self._lock:
            self._sent = sent

    def claim(self) -> bool:
        """Mark the job as started or stopped; return whether it was neither before."""
        with self._lock:
            first, self.claimed = not self.claimed, True
            return first

    def begin(self) -> bool:
        """Take the present asyncio task as the work; return False if the job was stopped before."""
        with self._lock:
            if self._cancelled:
                return False
            self._begun = True
        self._task, self._loop = asyncio.current_task(), asyncio.get_running_loop()
        return True

    def stop(self) -> bool:
        """Cancel the work if its step allows it, else as soon as one does; return whether the work never began."""
        with self._lock:
            self.claimed = self.stopping = True
            begun, self._begun = self._begun, True
            self._cancelled |= not begun
        if begun and self._loop is not None:
            self._loop.call_soon_threadsafe(self._cancel)
        return not begun

    def undo_stop(self) -> None:
        """Undo a stop that has not cancelled anything yet."""
        with self._lock:
            self.stopping = self._cancelled

    def shield(self) -> None:
        """Keep a stop from cancelling the code that follows."""
        self._cancellable = False

    def send(self) -> None:
        """Mark a request as sent: the last moment at which a stop can prevent that.

        Raises:
            asyncio.CancelledError: the job was stopped; nothing may be sent.
        """
        with self._lock:
            self._check()
            self._sent = True

    def not_accepted(self) -> None:
        """Mark the request as not accepted, so that a stop may cancel the work again.

        Raises:
            asyncio.CancelledError: the job was stopped meanwhile.
        """
        with self._lock:
            self._sent = False
            self._check()
        self._cancellable = True

    @contextlib.contextmanager
    def cancellable(self) -> Iterator[None]:
        """Let a stop cancel the code within.

        The flag and the cancellation are handled on one loop, so no other code is ever cancelled.

        Raises:
            asyncio.CancelledError: the job was stopped.
        """
        with self._lock:
            self._check()
        self._cancellable = True
        try:
            yield
        finally:
            self._cancellable = False

    def _check(self) -> None:
        # Called under the lock: once cancelled, a stop cannot be undone.
        if self.stopping:
            self._cancelled = True
            raise asyncio.CancelledError

    def _cancel(self) -> None:
        with self._lock:
            if not (self._cancellable and self.stopping) or self._task is None:
                return
            self._cancelled = True
        self._task.cancel()
