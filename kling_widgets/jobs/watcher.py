"""The one background thread and loop that watches all tasks of the process. It is a daemon: it ends with the process.

A task on a notebook's own loop would stand still until the cell ends, and starve while a cell computes.
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
    """A client of a service."""
    from kling_widgets.client.async_client import AsyncClient  # httpx, which nobody needs before the first task

    return AsyncClient(service.key, service.base_url, budget=budget)


class Watcher:
    """Runs coroutines on its own thread; keeps one client, and so one pool of connections, for each service, and one
    pen for each journal.

    Args:
        budget: requests a second for the process.
        connect: makes the client of a service.
        look: what finds out what the pictures of a video say.
        timeout: seconds in which it has to do so.

    Attributes:
        targets: the files that are being fetched.
        examining: taken while a video is looked into, on the loop: to decode a picture takes up to 60 MiB, and many at
            once would keep all else waiting for a thread.
    """

    def __init__(
        self,
        budget: RateLimiter | None = None,
        connect: Connect = connect,
        look: Callable[[Clip], Clip] = look_into,
        timeout: float = 10.0,
    ) -> None:
        self.budget = budget or RateLimiter()
        self.targets = Targets()
        self._connect, self._look, self._timeout = connect, look, timeout
        self._lock, self._connecting = forks.lock(), forks.lock()
        self._begin()
        forks.anew(self, Watcher._begin)

    def _begin(self) -> None:
        """Without a loop; also in a forked child: the thread is gone there, and its connections are the parent's."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clients: dict[Service, AsyncClient] = {}
        self._pens: dict[Journal, JournalWriter] = {}
        self.examining = asyncio.Lock()
        self._running: set[Future[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begins the work on the background loop."""
        future = asyncio.run_coroutine_threadsafe(work, self._the_loop())
        with self._lock:
            self._running.add(future)
        future.add_done_callback(self._forget)
        return future

    def client(self, service: Service) -> AsyncClient:
        """The client of a service, to be used on the loop. Making one takes a while and reads files: call it beside."""
        with self._connecting:
            if service not in self._clients:
                self._clients[service] = self._connect(service, self.budget)
            return self._clients[service]

    def pen(self, journal: Journal) -> JournalWriter:
        """What writes into a journal; for the loop alone."""
        if journal not in self._pens:
            self._pens[journal] = JournalWriter(journal)
        return self._pens[journal]

    async def look(self, clip: Clip) -> Clip:
        """The clip with what its pictures say; as it is where that takes too long: no decoder that hangs, and no file
        that does not come, may keep the others waiting. On the loop, one after another."""
        async with self.examining:
            try:
                async with asyncio.timeout(self._timeout):
                    return await asyncio.to_thread(self._look, clip)
            except TimeoutError:
                return clip

    @property
    def busy(self) -> int:
        """How many pieces of work are under way."""
        return len(self._running)

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._running.discard(future)

    def _the_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                started: Future[asyncio.AbstractEventLoop] = Future()
                threading.Thread(target=_serve, args=(started,), name="kling_widgets", daemon=True).start()
                self._loop = started.result()
            return self._loop


def _serve(started: Future[asyncio.AbstractEventLoop]) -> None:
    # Not asyncio.run, which a notebook's libraries replace.
    with asyncio.Runner() as runner:
        started.set_result(runner.get_loop())
        runner.get_loop().run_forever()
