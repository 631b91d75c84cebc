"""The two loops that take a protocol's steps: one blocking, one async. The only place that sends anything."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

import httpx

from kling_widgets.client import transport
from kling_widgets.client.budget import Budget
from kling_widgets.client.exchange import (
    LARGEST_REPLY,
    READ_TIMEOUT,
    Broken,
    Open,
    Pause,
    Protocol,
    Read,
    Reply,
    Send,
    Session,
    Work,
)
from kling_widgets.client.secret import Secret, bare
from kling_widgets.errors import KlingError

T = TypeVar("T")


class _Driver:
    """What both have in common: requests out of steps, replies out of responses."""

    def __init__(self, http: Any, key: Secret, session: Session, budget: Budget) -> None:
        self.http, self.key, self.session, self.budget = http, key, session, budget

    def request(self, step: Send | Open) -> httpx.Request:
        if isinstance(step, Open):
            read, with_key = self.session.read_timeout or READ_TIMEOUT, step.with_key
            request: httpx.Request = self.http.build_request("GET", step.url, headers={"Accept": "*/*", **step.headers})
        else:
            read, with_key = step.read_timeout, True
            request = self.http.build_request(
                step.method,
                step.url,
                json=step.json,
                data=None if step.form is None else dict(step.form),
                files=None if step.file is None else {"file": step.file},
            )
        request.extensions["timeout"] = transport.timeouts(read).as_dict()
        if with_key:
            request.headers["Authorization"] = f"Bearer {self.key.reveal()}"
        return request

    def reply(self, response: httpx.Response, content: bytes = b"") -> Reply:
        headers = {name.lower(): self.without_key(value) for name, value in response.headers.items()}
        return Reply(response.status_code, headers, self.key.taken_from(content))

    def without_key(self, text: str) -> str:
        return self.key.taken_from(text.encode("utf-8", "replace")).decode("utf-8", "replace")

    def piece(self, response: httpx.Response | None, content: bytes) -> bytes:
        """A piece of a body: as it is where it may be of a video, else of a refusal, which may repeat the key."""
        video = response is not None and response.status_code in (200, 206)
        return content if video else self.key.taken_from(content)

    def broken(self, error: Exception) -> Broken:
        told = transport.broken(error)  # h11's words hold what it could not read
        return Broken(told.sent, self.without_key(told.text))

    def enough(self, content: bytearray, since: float, limit: float) -> bool:
        """Whether to stop reading: at a size that no answer has, or when it drips in for ever."""
        if self.session.clock() - since > 2 * limit:  # the read timeout counts anew with each piece
            raise httpx.ReadTimeout("no whole answer in time")
        return len(content) > LARGEST_REPLY


def _bounded(content: bytearray) -> bytes:
    """The content; of what is larger than any answer its beginning, made to be no JSON: nobody searches the rest."""
    return bytes(content) if len(content) <= LARGEST_REPLY else bytes(content[:4000]) + b"\0"


class BlockingDriver(_Driver):
    """Takes the steps in the caller's thread; several threads may use one."""

    def __init__(
        self, http: httpx.Client, key: Secret, session: Session, budget: Budget, sleep: Callable[[float], object]
    ) -> None:
        super().__init__(http, key, session, budget)
        self.sleep = sleep
        self.heads = transport.HeadLimit()
        self.places = threading.BoundedSemaphore(transport.REQUESTS)
        self.downloads = threading.BoundedSemaphore(transport.DOWNLOADS)

    def run(self, steps: Protocol[T]) -> T:
        """The result of a protocol."""
        stream: _Stream | None = None
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
                    stream.close()
                    stream = None
                match step:
                    case Pause(seconds):
                        self.sleep(seconds)
                    case Send():
                        answer = self._send(step)
                    case Open():
                        stream = _Stream(self, step)
                        answer = stream.head
                    case Read():
                        answer = stream.read() if stream is not None else b""
                    case Work(do):
                        try:
                            answer = do()
                        except (KlingError, OSError) as error:
                            take = partial(steps.throw, error)
                            continue
                take = partial(steps.send, answer)
        finally:
            if stream is not None:
                stream.close()
            steps.close()

    def hold(self, urgent: bool) -> None:
        """Waits for the budget."""
        turn = self.budget.join(urgent=urgent)
        try:
            while pause := self.budget.ask(turn, self.session.clock()):
                self.sleep(pause)
        except BaseException:
            self.budget.leave(turn)
            raise

    def limited(self, step: Send | Open) -> httpx.Request:
        """The request, whose answer's head has a time limit as a whole: a header may drip too."""
        request = self.request(step)
        request.extensions["trace"] = self.heads.trace(2 * request.extensions["timeout"]["read"])
        return request

    def _send(self, step: Send) -> Reply | Broken:
        self.hold(step.urgent)
        with self.places:
            if step.before is not None:
                step.before()
            try:
                response = self.http.send(self.limited(step), stream=True)
                try:
                    content, since = bytearray(), self.session.clock()
                    for piece in transport.pieces(response):
                        content += piece
                        if self.enough(content, since, step.read_timeout):
                            break
                finally:
                    response.close()
                return self.reply(response, _bounded(content))
            except transport.TROUBLES as error:
                return self.broken(error)
            except BaseException as error:
                bare(error)
                raise


class _Stream:
    """A body that is read piece by piece, by a blocking driver."""

    def __init__(self, driver: BlockingDriver, step: Open) -> None:
        self._driver = driver
        self._response: httpx.Response | None = None
        self._pieces: Iterator[bytes] = iter(())
        if step.with_key:
            driver.hold(True)
        driver.downloads.acquire()
        self._open = True
        try:
            self._response = driver.http.send(driver.limited(step), stream=True)
            self._pieces = transport.pieces(self._response)
            self.head: Reply | Broken = driver.reply(self._response)
        except transport.TROUBLES as error:
            self.head = driver.broken(error)
        except BaseException as error:
            bare(error)
            self.close()
            raise

    def read(self) -> bytes | Broken:
        try:
            return self._driver.piece(self._response, next(self._pieces, b""))
        except transport.TROUBLES as error:
            return self._driver.broken(error)
        except BaseException as error:
            bare(error)
            raise

    def close(self) -> None:
        if self._open:
            self._open = False
            try:
                if self._response is not None:
                    self._response.close()
            finally:
                self._driver.downloads.release()


class AsyncDriver(_Driver):
    """Takes the steps on the running loop; files are worked with in threads beside it."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        key: Secret,
        session: Session,
        budget: Budget,
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
        turn = self.budget.join(urgent=urgent)
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

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            if event.endswith("receive_response_headers.started"):
                limit.reschedule(asyncio.get_running_loop().time() + seconds)

        request.extensions["trace"] = trace
        return request

    async def _send(self, step: Send) -> Reply | Broken:
        await self.hold(step.urgent)
        async with self.places:
            if step.before is not None:
                await step.before()
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
                return self.reply(response, _bounded(content))
            except transport.TROUBLES as error:
                return self.broken(error)
            except BaseException as error:
                bare(error)
                raise


class _AsyncStream:
    """The same as :class:`_Stream`, awaited."""

    def __init__(self, driver: AsyncDriver) -> None:
        self._driver = driver
        self._open = False
        self._response: httpx.Response | None = None
        self._pieces: AsyncIterator[bytes] | None = None

    async def open(self, step: Open) -> Reply | Broken:
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
            bare(error)
            await self.close()
            raise

    async def read(self) -> bytes | Broken:
        if self._pieces is None:
            return b""
        try:
            return self._driver.piece(self._response, await anext(self._pieces, b""))
        except transport.TROUBLES as error:
            return self._driver.broken(error)
        except BaseException as error:
            bare(error)
            raise

    async def close(self) -> None:
        if self._open:
            self._open = False
            try:
                if self._response is not None:
                    await self._response.aclose()
            finally:
                self._driver.downloads.release()
