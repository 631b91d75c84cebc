"""Whether a job was begun, sent and stopped, under one lock; and what of its work a stop may cut short."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from kling_widgets.core import forks


class StopSwitch:
    """Stops the work of one job where it may be stopped. ``begin``, ``cuttable`` and what runs in it belong to the
    watcher's loop; all else is called from any thread.

    Args:
        sent: whether something was sent before that was not turned away.

    Attributes:
        claimed: whether it was started or stopped.
        stopping: whether it is to stop.
    """

    def __init__(self, *, sent: bool) -> None:
        self._lock = forks.lock()
        self._sent = sent
        self.claimed = self.stopping = False
        self._begun = self._cut_short = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._may_cut = False  # on the loop only: what runs now may be cut short

    @property
    def sent(self) -> bool:
        """Whether something was sent that was not turned away."""
        with self._lock:
            return self._sent

    @sent.setter
    def sent(self, sent: bool) -> None:
        with self._lock:
            self._sent = sent

    def claim(self) -> bool:
        """Return whether nobody has started or stopped it before; from now on somebody has."""
        with self._lock:
            first, self.claimed = not self.claimed, True
            return first

    def begin(self) -> bool:
        """Begin the work in the present task; return False if it was stopped before."""
        with self._lock:
            if self._cut_short:
                return False
            self._begun = True
        self._task, self._loop = asyncio.current_task(), asyncio.get_running_loop()
        return True

    def stop(self) -> bool:
        """Stop what may be stopped; return whether the work has not begun, and so never will."""
        with self._lock:
            self.claimed = self.stopping = True
            begun, self._begun = self._begun, True
            self._cut_short |= not begun
        if begun and self._loop is not None:
            self._loop.call_soon_threadsafe(self._cut)
        return not begun

    def take_back(self) -> None:
        """Go on after all, if nothing was cut short."""
        with self._lock:
            self.stopping = self._cut_short

    def see_through(self) -> None:
        """Let no stop cut short what follows."""
        self._may_cut = False

    def send(self) -> None:
        """Count as sent: the last moment at which a stop ends it.

        Raises:
            asyncio.CancelledError: it was stopped; nothing is to be sent.
        """
        with self._lock:
            self._check()
            self._sent = True

    def turned_away(self) -> None:
        """Count as not sent, and so as something that may be stopped.

        Raises:
            asyncio.CancelledError: it was stopped meanwhile.
        """
        with self._lock:
            self._sent = False
            self._check()
        self._may_cut = True

    @contextlib.contextmanager
    def cuttable(self) -> Iterator[None]:
        """Let a stop cut short what runs within. As the flag and the cut live on one loop, a cut never hits anything
        else.

        Raises:
            asyncio.CancelledError: it was stopped.
        """
        with self._lock:
            self._check()
        self._may_cut = True
        try:
            yield
        finally:
            self._may_cut = False

    def _check(self) -> None:
        # Under the lock, as from here on no stop can be taken back.
        if self.stopping:
            self._cut_short = True
            raise asyncio.CancelledError

    def _cut(self) -> None:
        with self._lock:
            if not (self._may_cut and self.stopping) or self._task is None:
                return
            self._cut_short = True
        self._task.cancel()
