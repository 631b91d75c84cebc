"""Both clients behind one interface, with a fake clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from kling_widgets.client.async_client import AsyncClient
from kling_widgets.client.client import Client
from tests.servers import MP4 as MP4

KEY = "sk-test-0123456789abcdef"


class Time:
    """A fake clock: waiting advances it, and is recorded."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)


class Either:
    """A client of either class; calls of the async one are run to their end."""

    def __init__(self, kind: type[Client] | type[AsyncClient], time: Time, *args: Any, **settings: Any) -> None:
        self.is_async = kind is AsyncClient
        self._runner = asyncio.Runner() if self.is_async else None
        sleep = time.asleep if self.is_async else time.sleep
        try:
            self.client: Any = self._take(self._make(kind, args, {"clock": time, "sleep": sleep, **settings}))
        except BaseException:
            if self._runner is not None:
                self._runner.close()
            raise

    async def _make(self, kind: Any, args: Any, settings: Any) -> Any:
        return kind(*args, **settings)

    def _take(self, coroutine: Any) -> Any:
        if self._runner is not None:
            return self._runner.run(coroutine)
        return asyncio.run(coroutine)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if not callable(found) or not self.is_async:
            return found
        return lambda *args, **options: self._take(found(*args, **options))

    def end(self) -> None:
        if self._runner is not None:
            self._runner.run(self.client.close())
            self._runner.close()
        else:
            self.client.close()


Maker = Callable[..., Either]


@pytest.fixture
def time() -> Time:
    """A fake clock that advances only by waiting."""
    return Time()


@pytest.fixture(params=[Client, AsyncClient], ids=["sync", "async"])
def make(request: pytest.FixtureRequest, time: Time) -> Iterator[Maker]:
    """Make clients: ``make(base_url)`` for a server, ``make(answer=function)`` to answer each httpx request."""
    made: list[Either] = []

    def maker(
        base_url: str | None = None, *, answer: Callable[[httpx.Request], httpx.Response] | None = None, **settings: Any
    ) -> Either:
        if answer is not None:
            settings["transport"] = httpx.MockTransport(answer)
        made.append(Either(request.param, time, KEY, base_url, **settings))
        return made[-1]

    yield maker
    for client in made:
        client.end()
