"""The loop that takes a protocol's steps in the caller's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
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


class BlockingDriver(Driver):
    """Takes the steps in the caller's thread; several threads may use one."""

    def __init__(
        self,
        http: httpx.Client,
        key: Secret,
        session: ClientState,
        budget: RateLimiter,
        sleep: Callable[[float], object],
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
        turn = Ticket(urgent=urgent)
        try:
            while pause := self.budget.ask(turn, self.session.clock()):
                self.sleep(pause)
        except BaseException:
            self.budget.leave(turn)
            raise

    def limited(self, step: Send | Open) -> httpx.Request:
        """The request, whose answer's head has a time limit as a whole: a header may drip too."""
        request = self.request(step)
        heads = self.heads.trace(2 * request.extensions["timeout"]["read"])

        def trace(event: str, info: Mapping[str, Any]) -> None:
            heads(event, info)
            self.follow(step, event, info)

        request.extensions["trace"] = trace
        return request

    def _send(self, step: Send) -> Response | NoReply:
        self.hold(step.urgent)
        with self.places:
            if step.before is not None:
                step.before()
            if step.on_way is not None:
                step.on_way(True)  # unless the connection tells better
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
                return self.reply(response, bounded(content))
            except transport.TROUBLES as error:
                return self.broken(error)
            except BaseException as error:
                strip_traceback(error)
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
            self.head: Response | NoReply = driver.reply(self._response)
        except transport.TROUBLES as error:
            self.head = driver.broken(error)
        except BaseException as error:
            strip_traceback(error)
            self.close()
            raise

    def read(self) -> bytes | NoReply:
        try:
            return self._driver.piece(self._response, next(self._pieces, b""))
        except transport.TROUBLES as error:
            return self._driver.broken(error)
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
                self._driver.downloads.release()
