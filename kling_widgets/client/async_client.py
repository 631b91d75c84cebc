"""The async client."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import httpx

from kling_widgets.catalog.models import Model
from kling_widgets.client import download as downloads
from kling_widgets.client import operations, reservations, uploads
from kling_widgets.client.credentials.find import find
from kling_widgets.client.credentials.secret import Secret
from kling_widgets.client.download import LARGEST_VIDEO, OnProgress
from kling_widgets.client.http.async_driver import AsyncDriver
from kling_widgets.client.http.transport import make
from kling_widgets.client.operations import OnTrouble, OnUpdate
from kling_widgets.client.rate_limit import RateLimiter
from kling_widgets.client.reservations import Reserve
from kling_widgets.client.steps import ClientState, Note
from kling_widgets.core.public import public
from kling_widgets.core.task import Task
from kling_widgets.files.atomic_file import AtomicFile
from kling_widgets.request.request import VideoRequest


@public
class AsyncClient:
    """Client of the service for async code: :class:`Client` with the same names and arguments, awaited.

    It is an async context manager. It belongs to the event loop in which it is first awaited. Keys, proxies,
    certificates and ``KLING_WIDGETS_BUDGET`` are handled as in :class:`Client`.

    Args:
        api_key: as in :class:`Client`.
        base_url: as in :class:`Client`.
        timeout: as in :class:`Client`.
        transport: an ``httpx.AsyncBaseTransport``, for tests.
        budget: as in :class:`Client`.
        clock: as in :class:`Client`.
        sleep: a coroutine function that waits for a number of seconds, for tests.

    Attributes:
        base_url: the address in use.
        key_source: where the key was found, for people; never the key.

    Raises:
        MissingKeyError: no key was found.
        InvalidRequestError: the address cannot be used.
        ConnectionFailedError: a proxy or certificate setting of the environment cannot be used.

    Example:
        >>> async def main():
        ...     async with kw.AsyncClient() as client:
        ...         task = await client.generate("2.6", prompt="a paper boat in the rain")
        ...         return await client.download(task, "boat.mp4")
        >>> kw.run(main()).name
        'boat.mp4'
    """

    base_url = key_source = ""  # for the repr in a traceback if __init__ fails
    reserve: ClassVar[Reserve | None] = None  # allows and counts each submission if a spending budget is set

    def __init__(
        self,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        *,
        timeout: float | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        budget: RateLimiter | float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        api_key = Secret.of(api_key)  # a verbose traceback shows the arguments
        credentials = find(api_key, base_url, folder=Path())
        key = credentials.needed()
        self.base_url, self.key_source = credentials.base_url, credentials.source
        self._state = ClientState(self.base_url, timeout, clock)
        self._http: httpx.AsyncClient = make(httpx.AsyncClient, transport, self.base_url)
        self._limiter = RateLimiter.of(budget, os.environ)
        self._driver = AsyncDriver(self._http, key, self._state, self._limiter, sleep)
        self._uploading = asyncio.Lock()

    async def submit(self, request: VideoRequest | Model | str | float, **fields: Any) -> Task:
        """Submit a request and return its task, without waiting for the video. It costs money.

        Arguments, result and errors are those of :meth:`Client.submit`.

        Example:
            >>> async def main():
            ...     async with kw.AsyncClient() as client:
            ...         task = await client.submit("2.6", prompt="a paper boat in the rain")
            ...         return task.status
            >>> kw.run(main())
            'queued'
        """
        return await self.create(await self.prepare(VideoRequest.of(request, **fields)))

    async def prepare(self, request: VideoRequest, folder: Path | None = None) -> dict[str, Any]:
        """Return the JSON body of a request, after uploading its local pictures. Nothing is submitted.

        Arguments, result and errors are those of :meth:`Client.prepare`.

        Example:
            >>> async def main():
            ...     async with kw.AsyncClient() as client:
            ...         request = kw.VideoRequest("2.6", prompt="a paper boat")
            ...         return await client.prepare(request)
            >>> kw.run(main())
            {'model': 'aigc-video-kling-2.6', 'prompt': 'a paper boat', 'seconds': '5'}
        """
        with Note("Nothing was submitted, nothing is billed."):
            async with self._uploading:  # uploads a picture shared by several requests once
                return await self._driver.run(uploads.prepare(self._state, request, folder))

    async def create(
        self,
        body: Mapping[str, Any],
        *,
        on_trouble: OnTrouble | None = None,
        before: Callable[[], Any] | None = None,
    ) -> Task:
        """Submit a JSON body as it is, unchecked, and return its task. It costs money.

        Arguments, result and errors are those of :meth:`Client.create`. ``before`` is a coroutine function.

        Example:
            >>> async def main():
            ...     async with kw.AsyncClient() as client:
            ...         body = {"model": "aigc-video-kling-2.6", "prompt": "a paper boat", "seconds": "5"}
            ...         return await client.create(body)
            >>> kw.run(main()).model
            'aigc-video-kling-2.6'
        """
        with Note() as note:
            return await self._driver.run(
                reservations.create(self._state, body, on_trouble, before, note, reserve=self.reserve)
            )

    async def get(self, task_id: str) -> Task:
        """Return a task as it is now.

        Arguments, result and errors are those of :meth:`Client.get`.

        Example:
            >>> async def main():
            ...     async with kw.AsyncClient() as client:
            ...         task = await client.submit("2.6", prompt="a paper boat in the rain")
            ...         return await client.get(task.id)
            >>> kw.run(main()).status in ("queued", "running", "succeeded")
            True
        """
        return await self._driver.run(operations.query(self._state, task_id))

    async def wait(
        self,
        task: Task | str,
        *,
        timeout: float | None = 1800.0,  # noqa: ASYNC109 - the same arguments as Client
        usual: float | None = None,
        elapsed: float = 0.0,
        on_update: OnUpdate | None = None,
        on_trouble: OnTrouble | None = None,
    ) -> Task:
        """Wait until a task has succeeded, and return it.

        Arguments, result and errors are those of :meth:`Client.wait`.

        Example:
            >>> async def main():
            ...     async with kw.AsyncClient() as client:
            ...         task = await client.submit("2.6", prompt="a paper boat in the rain")
            ...         return await client.wait(task, timeout=60)
            >>> kw.run(main()).status
            'succeeded'
        """
        task_id = task if isinstance(task, str) else task.id
        with Note(f"Task {task_id} {operations.still_running(task_id)}"), self._limiter.polling():
            return await self._driver.run(
                operations.wait(
                    self._state,
                    task,
                    timeout=timeout,
                    usual=usual,
                    elapsed=elapsed,
                    on_update=on_update,
                    on_trouble=on_trouble,
                    poll_round=lambda: self._limiter.poll_round,
                )
            )

    async def generate(
        self,
        request: VideoRequest | Model | str | float,
        *,
        timeout: float | None = 1800.0,  # noqa: ASYNC109 - the same arguments as Client
        usual: float | None = None,
        on_update: OnUpdate | None = None,
        on_trouble: OnTrouble | None = None,
        **fields: Any,
    ) -> Task:
        """Submit a request, wait until its task has succeeded, and return the task. It costs money.

        Arguments, result and errors are those of :meth:`Client.generate`.

        Example:
            >>> async def main():
            ...     async with kw.AsyncClient() as client:
            ...         return await client.generate("2.6", prompt="a paper boat in the rain", timeout=60)
            >>> kw.run(main()).status
            'succeeded'
        """
        task = await self.submit(request, **fields)
        return await self.wait(task, timeout=timeout, usual=usual, on_update=on_update, on_trouble=on_trouble)

    async def download(
        self,
        source: Task | str,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        largest: int = LARGEST_VIDEO,
        on_progress: OnProgress | None = None,
    ) -> Path:
        """Download the video of a task to a file, which appears only when it is complete.

        Arguments, result and errors are those of :meth:`Client.download`.

        Example:
            >>> async def main():
            ...     async with kw.AsyncClient() as client:
            ...         task = await client.generate("2.6", prompt="a paper boat in the rain")
            ...         return await client.download(task, "clips/boat.mp4")
            >>> kw.run(main()).name
            'boat.mp4'
        """
        part = AtomicFile(path, overwrite=overwrite)
        try:
            steps = downloads.download(self._state, source, part, largest=largest, on_progress=on_progress)
            return await self._driver.run(steps)
        finally:
            part.discard()

    async def upload(self, picture: str | os.PathLike[str] | bytes) -> str:
        """Upload a picture, and return a link to it that the service can read for about 48 hours.

        Arguments, result and errors are those of :meth:`Client.upload`.

        Example:
            >>> import numpy
            >>> path = kw.picture(numpy.zeros((480, 640), dtype=numpy.uint8))
            >>> async def main():
            ...     async with kw.AsyncClient() as client:
            ...         return await client.upload(path)
            >>> kw.run(main()).startswith("http")
            True
        """
        async with self._uploading:
            return await self._driver.run(uploads.upload(self._state, picture))

    async def available(self) -> tuple[str, ...]:
        """Return the ids of the Kling models that the key may call.

        Arguments, result and errors are those of :meth:`Client.available`.

        Example:
            >>> async def main():
            ...     async with kw.AsyncClient() as client:
            ...         return await client.available()
            >>> "aigc-video-kling-2.6" in kw.run(main())
            True
        """
        return await self._driver.run(uploads.available(self._state))

    async def close(self) -> None:
        """Close the connections; leaving an ``async with`` block does the same.

        Example:
            >>> async def main():
            ...     client = kw.AsyncClient()
            ...     try:
            ...         return await client.available()
            ...     finally:
            ...         await client.close()
            >>> "aigc-video-kling-2.6" in kw.run(main())
            True
        """
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<AsyncClient {self.base_url}, key: {self.key_source}>"
