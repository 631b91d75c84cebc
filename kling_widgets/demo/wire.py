"""HTTP details of the service: request ids, the two envelopes of errors, and answers that break off."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_ID = "X-Oneapi-Request-Id"


class RefusedRequest(Exception):
    """Error answer to a request: an HTTP status, the service's code, and a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def task_envelope(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return an error in the envelope of the task routes."""
    return JSONResponse({"code": code, "message": message, "data": None}, status, headers)


def gateway_envelope(status: int, type_: str, code: str, message: str) -> JSONResponse:
    """Return an error in the envelope of the gateway, which checks keys and addresses before all routes."""
    return JSONResponse({"error": {"message": message, "type": type_, "code": code}}, status)


def refused_response(request: Request, refusal: Exception) -> Response:
    """Return the answer for a :class:`RefusedRequest`."""
    assert isinstance(refusal, RefusedRequest)
    return task_envelope(refusal.status, refusal.code, f"{refusal.message} (request id: {request.state.request_id})")


def unauthorised(request: Request, code: str, message: str) -> Response:
    """Return the answer to a request with a missing or unknown key."""
    return gateway_envelope(401, "authentication_error", code, f"{message} (request id: {request.state.request_id})")


def not_found(request: Request, error: Exception) -> Response:
    """Return the gateway's answer for an unknown address."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    return gateway_envelope(status, "invalid_request_error", "", f"Invalid URL ({request.method} {request.url.path})")


def internal_error(request: Request, error: Exception) -> Response:
    """Return the answer for an unexpected error in the demo itself."""
    return task_envelope(500, "internal_error", f"error in the demo: {type(error).__name__}")


class RequestIds:
    """Middleware that assigns an id to every request and sends it with the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})["request_id"] = request_id = f"demo{secrets.token_hex(8)}"

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        await self.app(scope, receive, named)


class Protocol(H11Protocol):
    """uvicorn's HTTP protocol, which exposes the connection to answers that break it off, as ASGI cannot do so."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Hangup(Response):
    """Response that closes the connection without sending a byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["transport"].abort()
        await _gone(receive)


class BrokenFile(Response):
    """Response that announces a whole file, sends its first half, and closes the connection."""

    def __init__(self, data: bytes, media_type: str) -> None:
        super().__init__(data, media_type=media_type, headers={"accept-ranges": "bytes"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        scope["state"]["transport"].close()  # data already sent is still transmitted
        await _gone(receive)
