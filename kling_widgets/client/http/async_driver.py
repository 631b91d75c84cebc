"""The loop that takes a protocol's steps on an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import httpx

from kling_widgets.client.credentials.secret import Secret, strip_traceback
from kling_widgets.client.http import transport
from kling_widgets.client.http.base_driver import Driver, bounded
from kling_widgets.client.rate_limit import RateLimiter, Ticket
from kling_widgets.client.steps import ClientState, NoReply, Open, Pause, Protocol, Read, Response, Send, Work
from kling_widgets.errors import KlingError

T = TypeVar("T")


class AsyncDriver(Driver):
    """Takes the steps on the running loop; files are worked with in threads beside it."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        key: Secret,
        session: ClientState,
        budget: RateLimiter,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        super().__init__(http, key, session, budget)
        self.sleep = sleep
        self.places = asyncio.Semaphore(transport.REQUESTS)
        self.downloads = asyncio.Semaphore(transport.DOWNLOADS)

    async def run(self, steps: Protocol[T]) -> T:
        """The result of a protocol."""
        stream: _AsyncStream | None = None
        take: Callable[[], Any] = partial(next, steps)
        try:
            while True:
                try:
                    step = take()
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                answer: Any = None
                if stream is not None and isinstance(step, Open | Pause):
                    await stream.close()
                    stream = None
                match step:
                    case Pause(seconds):
                        await self.sleep(seconds)
                    case Send():
                        answer = await self._send(step)
                    case Open():
                        stream = _AsyncStream(self)
                        answer = await stream.open(step)
                    case Read():
                        answer = await stream.read() if stream is not None else b""
                    case Work(do):
                        try:
                            answer = await asyncio.to_thread(do)
                        except (KlingError, OSError) as error:
                            take = partial(steps.throw, error)
                            continue
                take = partial(steps.send, answer)
        finally:
            if stream is not None:
                await stream.close()
            steps.close()

    async def hold(self, urgent: bool) -> None:
        """Waits for the budget."""
        turn = Ticket(urgent=urgent)
        try:
            while pause := self.budget.ask(turn, self.session.clock()):
                await self.sleep(pause)
        except BaseException:
            self.budget.leave(turn)
            raise

    def limited(self, step: Send | Open, limit: asyncio.Timeout) -> httpx.Request:
        """The request, whose answer has a time limit as a whole from when it is waited for: a header may drip too."""
        request = self.request(step)
        seconds = 2 * request.extensions["timeout"]["read"]
        followed = isinstance(step, Send) and step.on_way is not None

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            if event.endswith("receive_response_headers.started"):
                limit.reschedule(asyncio.get_running_loop().time() + seconds)
            if followed:
                self.follow(step, event, info)

        request.extensions["trace"] = trace
        return request

    async def _send(self, step: Send) -> Response | NoReply:
        await self.hold(step.urgent)
        async with self.places:
            if step.before is not None:
                await step.before()
            if step.on_way is not None:
                step.on_way(True)  # unless the connection tells better
            try:
                async with asyncio.timeout(None) as limit:
                    response = await self.http.send(self.limited(step, limit), stream=True)
                    try:
                        content, since = bytearray(), self.session.clock()
                        async for piece in transport.apieces(response):
                            content += piece
                            if self.enough(content, since, step.read_timeout):
                                break
                    finally:
                        await response.aclose()
                return self.reply(response, bounded(content))
            except transport.TROUBLES as error:
                return self.broken(error)
            except BaseException as error:
                strip_traceback(error)
                raise


class _AsyncStream:
    """The same as :class:`~kling_widgets.client.http.blocking_driver._Stream`, awaited."""

    def __init__(self, driver: AsyncDriver) -> None:
        self._driver = driver
        self._open = False
        self._response: httpx.Response | None = None
        self._pieces: AsyncIterator[bytes] | None = None

    async def open(self, step: Open) -> Response | NoReply:
        driver = self._driver
        if step.with_key:
            await driver.hold(True)
        await driver.downloads.acquire()
        self._open = True
        try:
            async with asyncio.timeout(None) as limit:
                self._response = await driver.http.send(driver.limited(step, limit), stream=True)
            self._pieces = transport.apieces(self._response)
            return driver.reply(self._response)
        except transport.TROUBLES as error:
            return driver.broken(error)
        except BaseException as error:
            strip_traceback(error)
            await self.close()
            raise

    async def read(self) -> bytes | NoReply:
        if self._pieces is None:
            return b""
        try:
            return self._driver.piece(self._response, await anext(self._pieces, b""))
        except transport.TROUBLES as error:
            return self._driver.broken(error)
        except BaseException as error:
            strip_traceback(error)
            raise

    async def close(self) -> None:
        if self._open:
            self._open = False
            try:
                if self._response is not None:
                    await self._response.aclose()
            finally:
                self._driver.downloads.release()
