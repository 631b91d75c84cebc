"""Clients with a short timeout for chosen requests only: on a busy machine a good answer may be slow."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from kling_widgets.client.http.transport import AsyncPoolTransport, PoolTransport

LONG = 60.0  # seconds; an answer that takes longer is a fault

Short = Callable[[httpx.Request], bool]  # whether a request is one that is not answered in time


class Patient(PoolTransport):
    """A transport of a blocking client with a short timeout for chosen requests and a long one for all others."""

    def __init__(self, short: Short) -> None:
        super().__init__()
        self._short = short

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        _wait(request, self._short)
        return super().handle_request(request)


class AsyncPatient(AsyncPoolTransport):
    """The same for an async client."""

    def __init__(self, short: Short) -> None:
        super().__init__()
        self._short = short

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        _wait(request, self._short)
        return await super().handle_async_request(request)


def _wait(request: httpx.Request, short: Short) -> None:
    if not short(request):
        request.extensions["timeout"]["read"] = LONG
