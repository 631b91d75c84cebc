"""httpx, set up for this service; and its exceptions in our words, without the request that they hold."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from typing import Any

import httpx

from kling_widgets.client.credentials import is_loopback
from kling_widgets.client.exchange import Broken
from kling_widgets.errors import ConnectionFailedError, one_line

# httpcore's pool costs its connections times its queue on every event, and then connections time out: so semaphores
# stand before it, and no request ever waits inside it. Measured with 1000 tasks at once: 2 ms of CPU a request with 20
# places, 13 ms with 100. Downloads have places of their own, so that a batch of them never holds up the looks.
REQUESTS = 24
DOWNLOADS = 8
KEEPALIVE = 75.0  # seconds; httpx's own 5 s would open a new connection for almost every poll
CONNECT_TIMEOUT = 10.0
WRITE_TIMEOUT = 60.0

# What httpx raises when no answer comes. InvalidURL and StreamError stand beside its tree of errors.
TROUBLES = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)
_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)  # and not InvalidURL, which httpx also raises for an answer with such a Location
_CODINGS = ("gzip", "deflate")  # others, and several in a row, unpack a kilobyte to a gigabyte in one piece
_LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")
_PROXY_NAMES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy")


def timeouts(read: float) -> httpx.Timeout:
    """Our timeouts, in seconds; nothing waits inside the pool, see ``REQUESTS``."""
    return httpx.Timeout(read, connect=CONNECT_TIMEOUT, write=WRITE_TIMEOUT, pool=None)


def make(kind: type[Any], transport: Any, base_url: str) -> Any:
    """An ``httpx.Client`` or ``httpx.AsyncClient``. Proxies are taken from the environment, except for this machine.

    Raises:
        ConnectionFailedError: a proxy setting that cannot be used.
    """
    host = httpx.URL(base_url).host
    direct = dict.fromkeys(_LOOPBACK)
    if is_loopback(base_url):
        direct[f"all://[{host}]" if ":" in host else f"all://{host}"] = None
    places = REQUESTS + DOWNLOADS
    settings: dict[str, Any] = {
        "headers": {"User-Agent": "kling_widgets", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"},
        "follow_redirects": False,
        "limits": httpx.Limits(max_connections=places, max_keepalive_connections=places, keepalive_expiry=KEEPALIVE),
        "timeout": timeouts(30.0),
    }
    if transport is not None:
        return kind(transport=transport, **settings)
    try:
        return kind(mounts=direct, **settings)
    except ImportError:
        why = 'It is a SOCKS proxy, which needs one more package: pip install "httpx[socks]".'
    except (ValueError, httpx.InvalidURL):
        why = "It is not an address like http://proxy.example:8080."
    # Names, not values: a proxy's address may hold its password.
    names = ", ".join(name for name in _PROXY_NAMES if os.environ.get(name)) or "the system's proxy settings"
    raise ConnectionFailedError(f"The proxy in {names} cannot be used, so nothing was sent. {why}")


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

    def _read(self, read: Callable[..., bytes], size: int, timeout: float | None = None) -> bytes:
        until = getattr(self._own, "until", None)
        if until is None:
            return read(size, timeout=timeout)
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("no whole head in time")
        return read(size, timeout=left if timeout is None else min(left, timeout))


def broken(error: Exception) -> Broken:
    """What happened, as text: the exception holds the request, and that one holds the key."""
    words = _reason(error)
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        words = "the connection took too long" if isinstance(error, httpx.ConnectTimeout) else "no answer in time"
    return Broken(not isinstance(error, _UNSENT), one_line(words, 300))


def _reason(error: BaseException) -> str:
    """The system's own words where there are any: on top of them httpx says "All connection attempts failed"."""
    inner: BaseException | None = error
    for _ in range(10):
        if isinstance(inner, OSError) and inner.strerror:
            # asyncio writes "Connect call failed (address)" into its own
            return os.strerror(inner.errno or 0) if isinstance(inner, ConnectionError) else inner.strerror
        if isinstance(inner, BaseExceptionGroup):
            inner = inner.exceptions[0]
        elif inner is not None:
            inner = inner.__cause__ or inner.__context__
    return str(error).strip() or type(error).__name__
