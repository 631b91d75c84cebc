"""The async driver: executes a protocol's steps on an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import httpx

from kling_widgets.client.credentials.secret import Secret, strip_traceback
from kling_widgets.client.http import transport
from kling_widgets.client.http.base_driver import Driver, truncated
from kling_widgets.client.rate_limit import RateLimiter, Ticket
from kling_widgets.client.steps import ClientState, NoReply, Open, Pause, Protocol, Read, Response, Send, Work
from kling_widgets.errors import KlingError

T = TypeVar("T")


class AsyncDriver(Driver):
    """Executes steps on the running event loop, and file work in threads."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        key: Secret,
        state: ClientState,
        limiter: RateLimiter,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        super().__init__(http, key, state, limiter)
        self.sleep = sleep
        self.slots = asyncio.Semaphore(transport.REQUESTS)
        self.download_slots = asyncio.Semaphore(transport.DOWNLOADS)

    async def run(self, steps: Protocol[T]) -> T:
        """Execute the protocol's steps and return its result."""
        stream: _AsyncStream | None = None
        advance: Callable[[], Any] = partial(next, steps)
        try:
            while True:
                try:
                    step = advance()
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
                            advance = partial(steps.throw, error)
                            continue
                advance = partial(steps.send, answer)
        finally:
            if stream is not None:
                await stream.close()
            steps.close()

    async def wait_turn(self, urgent: bool) -> None:
        """Wait until the rate limiter lets one more request through."""
        ticket = Ticket(urgent=urgent)
        try:
            while pause := self.limiter.try_acquire(ticket, self.state.clock()):
                await self.sleep(pause)
        except BaseException:
            self.limiter.cancel(ticket)
            raise

    def timed_request(self, step: Send | Open, limit: asyncio.Timeout) -> httpx.Request:
        """Build the request; once the wait for its response head begins, start the time limit for the whole head.

        A read timeout alone is not enough: it starts again with each byte.
        """
        request = self.request(step)
        seconds = 2 * request.extensions["timeout"]["read"]
        reports = isinstance(step, Send) and step.on_sent_changed is not None

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            if event.endswith("receive_response_headers.started"):
                limit.reschedule(asyncio.get_running_loop().time() + seconds)
            if reports:
                self.report_sending(step, event, info)

        request.extensions["trace"] = trace
        return request

    async def _send(self, step: Send) -> Response | NoReply:
        await self.wait_turn(step.urgent)
        async with self.slots:
            if step.before is not None:
                await step.before()
            if step.on_sent_changed is not None:
                step.on_sent_changed(True)  # until the connection reports otherwise
            try:
                async with asyncio.timeout(None) as limit:
                    response = await self.http.send(self.timed_request(step, limit), stream=True)
                    try:
                        content, since = bytearray(), self.state.clock()
                        async for chunk in transport.async_chunks(response):
                            content += chunk
                            if self.should_stop(content, since, step.read_timeout):
                                break
                    finally:
                        await response.aclose()
                return self.reply(response, truncated(content))
            except transport.NETWORK_ERRORS as error:
                return self.no_reply(error)
            except BaseException as error:
                strip_traceback(error)
                raise


class _AsyncStream:
    """Async counterpart of :class:`~kling_widgets.client.http.blocking_driver._Stream`."""

    def __init__(self, driver: AsyncDriver) -> None:
        self._driver = driver
        self._open = False
        self._response: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes] | None = None

    async def open(self, step: Open) -> Response | NoReply:
        driver = self._driver
        if step.with_key:
            await driver.wait_turn(True)
        await driver.download_slots.acquire()
        self._open = True
        try:
            async with asyncio.timeout(None) as limit:
                self._response = await driver.http.send(driver.timed_request(step, limit), stream=True)
            self._chunks = transport.async_chunks(self._response)
            return driver.reply(self._response)
        except transport.NETWORK_ERRORS as error:
            return driver.no_reply(error)
        except BaseException as error:
            strip_traceback(error)
            await self.close()
            raise

    async def read(self) -> bytes | NoReply:
        if self._chunks is None:
            return b""
        try:
            return self._driver.clean_chunk(self._response, await anext(self._chunks, b""))
        except transport.NETWORK_ERRORS as error:
            return self._driver.no_reply(error)
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
                self._driver.download_slots.release()
