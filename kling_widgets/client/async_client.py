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
    """The same as :class:`Client`, with the same names and arguments, awaited.

    It belongs to the loop that first awaits it. ``async with`` closes it. ``KLING_WIDGETS_BUDGET`` holds for it, too.
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
        """:meth:`Client.submit`, awaited."""
        return await self.create(await self.prepare(VideoRequest.of(request, **fields)))

    async def prepare(self, request: VideoRequest) -> dict[str, Any]:
        """:meth:`Client.prepare`, awaited."""
        with Note("Nothing was submitted, nothing is billed."):
            async with self._uploading:  # uploads a picture shared by several requests once
                return await self._driver.run(uploads.prepare(self._state, request))

    async def create(
        self,
        body: Mapping[str, Any],
        *,
        on_trouble: OnTrouble | None = None,
        before: Callable[[], Any] | None = None,
    ) -> Task:
        """:meth:`Client.create`, awaited; and so is ``before``."""
        with Note() as note:
            return await self._driver.run(
                reservations.create(self._state, body, on_trouble, before, note, reserve=self.reserve)
            )

    async def get(self, task_id: str) -> Task:
        """:meth:`Client.get`, awaited."""
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
        """:meth:`Client.wait`, awaited."""
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
        """:meth:`Client.generate`, awaited."""
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
        """:meth:`Client.download`, awaited."""
        part = AtomicFile(path, overwrite=overwrite)
        try:
            steps = downloads.download(self._state, source, part, largest=largest, on_progress=on_progress)
            return await self._driver.run(steps)
        finally:
            part.discard()

    async def upload(self, picture: str | os.PathLike[str] | bytes) -> str:
        """:meth:`Client.upload`, awaited."""
        async with self._uploading:
            return await self._driver.run(uploads.upload(self._state, picture))

    async def available(self) -> tuple[str, ...]:
        """:meth:`Client.available`, awaited."""
        return await self._driver.run(uploads.available(self._state))

    async def close(self) -> None:
        """:meth:`Client.close`, awaited."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<AsyncClient {self.base_url}, key: {self.key_source}>"
