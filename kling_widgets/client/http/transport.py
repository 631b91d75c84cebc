"""httpx, configured for this service, and its exceptions as text, without the request that they hold."""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from typing import Any

import httpx

from kling_widgets.client.http import network
from kling_widgets.client.steps import NoReply
from kling_widgets.core import forks
from kling_widgets.core.text import one_line
from kling_widgets.errors import ConnectionFailedError

# On every event, httpcore's pool costs time in proportion to its connections times its queue, until connections time
# out. So the drivers limit requests with semaphores, and no request waits inside the pool. Measured with 1000 tasks:
# 2 ms of CPU a request with 20 connections, 13 ms with 100. Downloads have their own limit, so that they never block
# polls.
REQUESTS = 24
DOWNLOADS = 8
KEEPALIVE = 75.0  # seconds; httpx's own 5 s would open a new connection for almost every poll
CONNECT_TIMEOUT = 10.0
WRITE_TIMEOUT = 60.0

# Errors of a request without an answer. InvalidURL and StreamError are not subclasses of httpx.HTTPError.
NETWORK_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ConnectionFailedError)
_UNSENT = (
    ConnectionFailedError,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)  # not InvalidURL, which httpx also raises for a response with an invalid Location
_CODINGS = ("gzip", "deflate")  # others, or nested ones, can turn a kilobyte into a gigabyte in one chunk


def timeouts(read: float) -> httpx.Timeout:
    """Return the timeouts, given the read timeout in seconds; nothing waits inside the pool, see ``REQUESTS``."""
    return httpx.Timeout(read, connect=CONNECT_TIMEOUT, write=WRITE_TIMEOUT, pool=None)


def make(kind: type[Any], transport: Any, base_url: str) -> Any:
    """Return an ``httpx.Client`` or ``httpx.AsyncClient`` with our transport, or with the given one, for tests.

    Raises:
        ConnectionFailedError: a proxy or certificate setting for this address cannot be used.
    """
    if transport is None:
        transport = PoolTransport() if issubclass(kind, httpx.Client) else AsyncPoolTransport()
        transport.pool_for(httpx.Request("GET", base_url))  # so that a wrong setting raises here
    headers = {"User-Agent": "kling_widgets", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
    return kind(transport=transport, headers=headers, follow_redirects=False, timeout=timeouts(30.0))


class _Pools:
    """The connection pools of one client: one for each combination of proxy and certificates.

    A request with ``Connection: close``, as each POST, gets a new connection. A connection that was kept open may hold
    unexpected bytes, such as a second answer to the previous request, which httpcore would read as the answer to the
    next one. The service may also close it just when it is used, and then nobody knows whether a task was created.
    """

    def __init__(self, kind: type[Any]) -> None:
        self._kind = kind
        self._contexts: dict[network.EnvironmentVariable | None, ssl.SSLContext] = {}
        self._pools: dict[object, Any] = {}
        self._lock = forks.lock()  # several threads may send at once

    def pool_for(self, request: httpx.Request) -> Any:
        """Return the httpx transport for a request."""
        url = str(request.url)
        proxy, certificates = network.proxy_for(url), network.certificates_for(url)
        plain = request.url.scheme == "http" and proxy is None  # needs no certificates, which are slow to load
        alone = request.headers.get("connection") == "close"
        key = (proxy, certificates, plain, alone)
        with self._lock:
            if key not in self._pools:
                if not plain and certificates not in self._contexts:
                    self._contexts[certificates] = network.make_context(certificates)
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else self._contexts[certificates]
                connections = REQUESTS + DOWNLOADS
                keepalive = 0 if alone else connections
                self._pools[key] = self._kind(
                    verify=context,
                    trust_env=False,
                    proxy=network.parse_proxy(proxy, context) if proxy else None,
                    limits=httpx.Limits(
                        max_connections=connections, max_keepalive_connections=keepalive, keepalive_expiry=KEEPALIVE
                    ),
                )
            return self._pools[key]


class PoolTransport(_Pools, httpx.BaseTransport):
    """Transport of a blocking client."""

    def __init__(self) -> None:
        super().__init__(httpx.HTTPTransport)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response: httpx.Response = self.pool_for(request).handle_request(request)
            return response
        except httpx.TransportError as error:
            _note_settings(error, str(request.url))
            raise

    def close(self) -> None:
        for pool in list(self._pools.values()):
            pool.close()


class AsyncPoolTransport(_Pools, httpx.AsyncBaseTransport):
    """Transport of an async client."""

    def __init__(self) -> None:
        super().__init__(httpx.AsyncHTTPTransport)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response: httpx.Response = await self.pool_for(request).handle_async_request(request)
            return response
        except httpx.TransportError as error:
            _note_settings(error, str(request.url))
            raise

    async def aclose(self) -> None:
        for pool in list(self._pools.values()):
            await pool.aclose()


def _note_settings(error: httpx.TransportError, url: str) -> None:
    """Add a note to an error about the settings that may have caused it."""
    proxy = network.proxy_for(url)
    if proxy is not None and isinstance(error, _UNSENT):
        error.add_note(f"through the proxy in {proxy.name}")
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in _chain(error)):
        certificates = network.certificates_for(url)
        error.add_note(
            f"the trusted certificates are those in {certificates.name}"
            if certificates
            else "if your network inspects TLS, set REQUESTS_CA_BUNDLE to the file of its certificates"
        )


def chunks(response: httpx.Response) -> Iterator[bytes]:
    """Return the chunks of the body, decompressed if its encoding is one that was requested."""
    return response.iter_bytes() if _is_plain(response) else response.iter_raw()


def async_chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    """Return the same as ``chunks``, for an async response."""
    return response.aiter_bytes() if _is_plain(response) else response.aiter_raw()


def _is_plain(response: httpx.Response) -> bool:
    return response.headers.get("content-encoding", "identity").strip().lower() in ("", "identity", *_CODINGS)


class HeadLimit:
    """Time limit for a whole response head. A blocking read's timeout does not suffice: it restarts with each byte.

    httpcore traces each new connection, and the start and end of each head, in the thread that waits.
    """

    def __init__(self) -> None:
        self._own = threading.local()  # several threads may send, each one request at a time

    def trace(self, seconds: float) -> Callable[[str, Mapping[str, Any]], None]:
        """Return the ``trace`` extension for a request whose response head may take this long."""

        def trace(event: str, info: Mapping[str, Any]) -> None:
            if event.endswith(("connect_tcp.complete", "connect_unix_socket.complete", "start_tls.complete")):
                stream = info["return_value"]
                stream.read = partial(self._read, stream.read)
            elif ".receive_response_headers." in event:
                self._own.until = time.monotonic() + seconds if event.endswith(".started") else None

        return trace

    def _read(self, read: Callable[..., bytes], max_bytes: int, timeout: float | None = None) -> bytes:
        until = getattr(self._own, "until", None)
        if until is None:
            return read(max_bytes, timeout=timeout)
        remaining = until - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("no whole head in time")
        return read(max_bytes, timeout=remaining if timeout is None else min(remaining, timeout))


def no_reply(error: Exception) -> NoReply:
    """Return the error as text: the exception holds the request, and that holds the key."""
    text = _reason(error)
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        text = "the connection took too long" if isinstance(error, httpx.ConnectTimeout) else "no answer in time"
    notes = getattr(error, "__notes__", ())
    return NoReply(not isinstance(error, _UNSENT), "; ".join((one_line(text, 300), *notes)))


def _reason(error: BaseException) -> str:
    """Return the operating system's message if there is one: httpx only has "All connection attempts failed"."""
    for each in _chain(error):
        if isinstance(each, OSError) and each.strerror:
            # asyncio replaces the message by "Connect call failed (address)"
            return os.strerror(each.errno or 0) if isinstance(each, ConnectionError) else each.strerror
    return str(error).strip() or type(error).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes; for an exception group, continue with its first error."""
    current: BaseException | None = error
    for _ in range(10):
        if current is None:
            return
        yield current
        if isinstance(current, BaseExceptionGroup):
            current = current.exceptions[0]
        else:
            current = current.__cause__ or current.__context__
