"""httpx, set up for this service; and its exceptions in our words, without the request that they hold."""

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

# httpcore's pool costs its connections times its queue on every event, and then connections time out: so semaphores
# stand before it, and no request ever waits inside it. Measured with 1000 tasks at once: 2 ms of CPU a request with 20
# places, 13 ms with 100. Downloads have places of their own, so that a batch of them never holds up the looks.
REQUESTS = 24
DOWNLOADS = 8
KEEPALIVE = 75.0  # seconds; httpx's own 5 s would open a new connection for almost every poll
CONNECT_TIMEOUT = 10.0
WRITE_TIMEOUT = 60.0

# What httpx, or a setting of the network, raises when no answer comes. InvalidURL and StreamError stand beside httpx's
# tree of errors.
TROUBLES = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ConnectionFailedError)
_UNSENT = (
    ConnectionFailedError,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)  # and not InvalidURL, which httpx also raises for an answer with such a Location
_CODINGS = ("gzip", "deflate")  # others, and several in a row, unpack a kilobyte to a gigabyte in one piece


def timeouts(read: float) -> httpx.Timeout:
    """Our timeouts, in seconds; nothing waits inside the pool, see ``REQUESTS``."""
    return httpx.Timeout(read, connect=CONNECT_TIMEOUT, write=WRITE_TIMEOUT, pool=None)


def make(kind: type[Any], transport: Any, base_url: str) -> Any:
    """Return an ``httpx.Client`` or ``httpx.AsyncClient`` whose requests go by our ways, or by the ``transport`` of a
    test.

    Raises:
        ConnectionFailedError: a proxy or certificate setting that counts for this address cannot be used.
    """
    if transport is None:
        transport = Ways() if issubclass(kind, httpx.Client) else AsyncWays()
        transport.way(httpx.Request("GET", base_url))  # a mistake shows where the client is made
    headers = {"User-Agent": "kling_widgets", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
    return kind(transport=transport, headers=headers, follow_redirects=False, timeout=timeouts(30.0))


class _Ways:
    """The connections of one client: a pool for each proxy and for each set of certificates that its requests need.

    A request that closes its connection, as each POST does, gets a new one. One that was kept open may hold bytes that
    nobody asked for, such as a second answer to the request before, which httpcore would read as the answer to the next
    one; and the service may close it in the moment that it is used, which leaves open whether a video was ordered.
    """

    def __init__(self, kind: type[Any]) -> None:
        self._kind = kind
        self._contexts: dict[network.EnvironmentVariable | None, ssl.SSLContext] = {}
        self._made: dict[object, Any] = {}
        self._lock = forks.lock()  # several threads may send at once

    def way(self, request: httpx.Request) -> Any:
        """Return the transport of a request."""
        url = str(request.url)
        proxy, certificates = network.proxy_for(url), network.certificates_for(url)
        plain = request.url.scheme == "http" and proxy is None  # needs no certificates, which take a while to read
        alone = request.headers.get("connection") == "close"
        key = (proxy, certificates, plain, alone)
        with self._lock:
            if key not in self._made:
                if not plain and certificates not in self._contexts:
                    self._contexts[certificates] = network.make_context(certificates)
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else self._contexts[certificates]
                places = REQUESTS + DOWNLOADS
                kept = 0 if alone else places
                self._made[key] = self._kind(
                    verify=context,
                    trust_env=False,
                    proxy=network.parse_proxy(proxy, context) if proxy else None,
                    limits=httpx.Limits(
                        max_connections=places, max_keepalive_connections=kept, keepalive_expiry=KEEPALIVE
                    ),
                )
            return self._made[key]


class Ways(_Ways, httpx.BaseTransport):
    """The ways of a blocking client."""

    def __init__(self) -> None:
        super().__init__(httpx.HTTPTransport)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response: httpx.Response = self.way(request).handle_request(request)
            return response
        except httpx.TransportError as error:
            _explain(error, str(request.url))
            raise

    def close(self) -> None:
        for way in list(self._made.values()):
            way.close()


class AsyncWays(_Ways, httpx.AsyncBaseTransport):
    """The ways of an async client."""

    def __init__(self) -> None:
        super().__init__(httpx.AsyncHTTPTransport)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response: httpx.Response = await self.way(request).handle_async_request(request)
            return response
        except httpx.TransportError as error:
            _explain(error, str(request.url))
            raise

    async def aclose(self) -> None:
        for way in list(self._made.values()):
            await way.aclose()


def _explain(error: httpx.TransportError, url: str) -> None:
    """Adds to an error the settings that it may come from."""
    proxy = network.proxy_for(url)
    if proxy is not None and isinstance(error, _UNSENT):
        error.add_note(f"through the proxy in {proxy.name}")
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in _chain(error)):
        certificates = network.certificates_for(url)
        error.add_note(
            f"trusted are the certificates in {certificates.name}"
            if certificates
            else "if your network signs anew what passes, name the file of its certificates in REQUESTS_CA_BUNDLE"
        )


def pieces(response: httpx.Response) -> Iterator[bytes]:
    """The body, piece by piece; unpacked where it is packed in a way that was asked for."""
    return response.iter_bytes() if _is_plain(response) else response.iter_raw()


def apieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The same, awaited."""
    return response.aiter_bytes() if _is_plain(response) else response.aiter_raw()


def _is_plain(response: httpx.Response) -> bool:
    return response.headers.get("content-encoding", "identity").strip().lower() in ("", "identity", *_CODINGS)


class HeadLimit:
    """Ends the wait for the head of an answer that never comes to its end: a blocking read's timeout counts anew with
    each byte. httpcore tells of each new connection and of the begin and end of a head, in the thread that waits."""

    def __init__(self) -> None:
        self._own = threading.local()  # several threads send at once, each one request

    def trace(self, seconds: float) -> Callable[[str, Mapping[str, Any]], None]:
        """The ``trace`` extension of a request whose head may take so long."""

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
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("no whole head in time")
        return read(max_bytes, timeout=left if timeout is None else min(left, timeout))


def broken(error: Exception) -> NoReply:
    """What happened, as text: the exception holds the request, and that one holds the key."""
    words = _reason(error)
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        words = "the connection took too long" if isinstance(error, httpx.ConnectTimeout) else "no answer in time"
    notes = getattr(error, "__notes__", ())
    return NoReply(not isinstance(error, _UNSENT), "; ".join((one_line(words, 300), *notes)))


def _reason(error: BaseException) -> str:
    """The system's own words where there are any: on top of them httpx says "All connection attempts failed"."""
    for each in _chain(error):
        if isinstance(each, OSError) and each.strerror:
            # asyncio writes "Connect call failed (address)" into its own
            return os.strerror(each.errno or 0) if isinstance(each, ConnectionError) else each.strerror
    return str(error).strip() or type(error).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yields an error and those behind it; of several that failed together the first."""
    inner: BaseException | None = error
    for _ in range(10):
        if inner is None:
            return
        yield inner
        if isinstance(inner, BaseExceptionGroup):
            inner = inner.exceptions[0]
        else:
            inner = inner.__cause__ or inner.__context__
