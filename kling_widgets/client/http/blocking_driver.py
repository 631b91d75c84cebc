"""The blocking driver: executes a protocol's steps in the caller's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
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


class BlockingDriver(Driver):
    """Executes steps in the caller's thread. Thread-safe."""

    def __init__(
        self,
        http: httpx.Client,
        key: Secret,
        state: ClientState,
        limiter: RateLimiter,
        sleep: Callable[[float], object],
    ) -> None:
        super().__init__(http, key, state, limiter)
        self.sleep = sleep
        self.head_limit = transport.HeadLimit()
        self.slots = threading.BoundedSemaphore(transport.REQUESTS)
        self.download_slots = threading.BoundedSemaphore(transport.DOWNLOADS)

    def run(self, steps: Protocol[T]) -> T:
        """Execute the protocol's steps and return its result."""
        stream: _Stream | None = None
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
                            advance = partial(steps.throw, error)
                            continue
                advance = partial(steps.send, answer)
        finally:
            if stream is not None:
                stream.close()
            steps.close()

    def wait_turn(self, urgent: bool) -> None:
        """Wait until the rate limiter lets one more request through."""
        ticket = Ticket(urgent=urgent)
        try:
            while pause := self.limiter.try_acquire(ticket, self.state.clock()):
                self.sleep(pause)
        except BaseException:
            self.limiter.cancel(ticket)
            raise

    def timed_request(self, step: Send | Open) -> httpx.Request:
        """Build the request, with a time limit for the whole response head.

        A read timeout alone is not enough: it starts again with each byte.
        """
        request = self.request(step)
        trace_head = self.head_limit.trace(2 * request.extensions["timeout"]["read"])

        def trace(event: str, info: Mapping[str, Any]) -> None:
            trace_head(event, info)
            self.report_sending(step, event, info)

        request.extensions["trace"] = trace
        return request

    def _send(self, step: Send) -> Response | NoReply:
        self.wait_turn(step.urgent)
        with self.slots:
            if step.before is not None:
                step.before()
            if step.on_sent_changed is not None:
                step.on_sent_changed(True)  # until the connection reports otherwise
            try:
                response = self.http.send(self.timed_request(step), stream=True)
                try:
                    content, since = bytearray(), self.state.clock()
                    for chunk in transport.chunks(response):
                        content += chunk
                        if self.should_stop(content, since, step.read_timeout):
                            break
                finally:
                    response.close()
                return self.reply(response, truncated(content))
            except transport.NETWORK_ERRORS as error:
                return self.no_reply(error)
            except BaseException as error:
                strip_traceback(error)
                raise


class _Stream:
    """A response body that is read chunk by chunk."""

    def __init__(self, driver: BlockingDriver, step: Open) -> None:
        self._driver = driver
        self._response: httpx.Response | None = None
        self._chunks: Iterator[bytes] = iter(())
        if step.with_key:
            driver.wait_turn(True)
        driver.download_slots.acquire()
        self._open = True
        try:
            self._response = driver.http.send(driver.timed_request(step), stream=True)
            self._chunks = transport.chunks(self._response)
            self.head: Response | NoReply = driver.reply(self._response)
        except transport.NETWORK_ERRORS as error:
            self.head = driver.no_reply(error)
        except BaseException as error:
            strip_traceback(error)
            self.close()
            raise

    def read(self) -> bytes | NoReply:
        try:
            return self._driver.clean_chunk(self._response, next(self._chunks, b""))
        except transport.NETWORK_ERRORS as error:
            return self._driver.no_reply(error)
        except BaseException as error:
            strip_traceback(error)
            raise

    def close(self) -> None:
        if self._open:
            self._open = False
            try:
                if self._response is not None:
                    self._response.close()
            finally:
                self._driver.download_slots.release()
