"""The background thread with an event loop that watches all tasks of the process.

It is a daemon thread: it ends with the process. A task on a notebook's own loop would pause until the cell ends, and
would not run while a cell computes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from kling_widgets.client.credentials.endpoint import Service
from kling_widgets.client.rate_limit import RateLimiter
from kling_widgets.core import forks
from kling_widgets.jobs.video_files import Targets
from kling_widgets.media.clip import Clip, look_into
from kling_widgets.storage.batch_writer import JournalWriter

if TYPE_CHECKING:
    from kling_widgets.client.async_client import AsyncClient
    from kling_widgets.storage.journal import Journal

T = TypeVar("T")
Connect = Callable[[Service, RateLimiter], "AsyncClient"]


def connect(service: Service, budget: RateLimiter) -> AsyncClient:
    """Return a client for a service."""
    from kling_widgets.client.async_client import AsyncClient  # httpx, which is imported with the first task

    return AsyncClient(service.key, service.base_url, budget=budget)


class Watcher:
    """Runs coroutines on a background thread, with one client per service and one writer per journal.

    Args:
        budget: the rate limiter shared by all clients of the process.
        connect: returns a client for a service.
        examine: returns the clip with its dimensions, length, sound and poster.
        timeout: seconds allowed for that.

    Attributes:
        targets: the paths to which videos are being downloaded.
        examine_lock: held while a clip is examined: decoding takes up to 60 MiB, and several at once would use up the
            threads that other jobs need.
    """

    def __init__(
        self,
        budget: RateLimiter | None = None,
        connect: Connect = connect,
        examine: Callable[[Clip], Clip] = look_into,
        timeout: float = 10.0,
    ) -> None:
        self.budget = budget or RateLimiter()
        self.targets = Targets()
        self._connect, self._examine, self._timeout = connect, examine, timeout
        self._lock, self._connecting = forks.lock(), forks.lock()
        self._reset()
        forks.after_in_child(self, Watcher._reset)

    def _reset(self) -> None:
        """Start without a loop, also in a forked child: its thread is gone, and the connections are the parent's."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clients: dict[Service, AsyncClient] = {}
        self._writers: dict[Journal, JournalWriter] = {}
        self.examine_lock = asyncio.Lock()
        self._running: set[Future[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the background loop, and return its future."""
        future = asyncio.run_coroutine_threadsafe(work, self._ensure_loop())
        with self._lock:
            self._running.add(future)
        future.add_done_callback(self._forget)
        return future

    def client(self, service: Service) -> AsyncClient:
        """Return the client of a service, for use on the loop; the first call reads files, so call it in a thread."""
        with self._connecting:
            if service not in self._clients:
                self._clients[service] = self._connect(service, self.budget)
            return self._clients[service]

    def writer(self, journal: Journal) -> JournalWriter:
        """Return the writer of a journal; call it on the loop only."""
        if journal not in self._writers:
            self._writers[journal] = JournalWriter(journal)
        return self._writers[journal]

    async def examine(self, clip: Clip) -> Clip:
        """Return the clip with its dimensions, length, sound and poster, or unchanged if finding them takes too long.

        Clips are examined one after another; the time limit keeps one that hangs from blocking the others.
        """
        async with self.examine_lock:
            try:
                async with asyncio.timeout(self._timeout):
                    return await asyncio.to_thread(self._examine, clip)
            except TimeoutError:
                return clip

    @property
    def busy(self) -> int:
        """The number of coroutines that are running."""
        return len(self._running)

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._running.discard(future)

    def _ensure_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                started: Future[asyncio.AbstractEventLoop] = Future()
                threading.Thread(target=_serve, args=(started,), name="kling_widgets", daemon=True).start()
                self._loop = started.result()
            return self._loop


def _serve(started: Future[asyncio.AbstractEventLoop]) -> None:
    # Not asyncio.run, as libraries such as nest_asyncio replace it.
    with asyncio.Runner() as runner:
        started.set_result(runner.get_loop())
        runner.get_loop().run_forever()
