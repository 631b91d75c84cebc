"""httpx with our configuration, and its exceptions as text."""

from __future__ import annotations

import gzip

import httpx
import pytest

from kling_widgets.client.http.transport import (
    DOWNLOADS,
    KEEPALIVE,
    NETWORK_ERRORS,
    REQUESTS,
    chunks,
    make,
    no_reply,
    timeouts,
)
from kling_widgets.client.polling import LONGEST_SILENCE

REQUEST = httpx.Request("POST", "https://s.example/x", headers={"Authorization": "Bearer sk-hidden"})


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (httpx.ConnectError("x"), False),
        (httpx.ConnectTimeout("x"), False),
        (httpx.PoolTimeout("x"), False),
        (httpx.ProxyError("407"), False),
        (httpx.UnsupportedProtocol("x"), False),
        (httpx.LocalProtocolError("x"), True),
        (httpx.InvalidURL("x"), True),
        (httpx.ReadError("x"), True),
        (httpx.ReadTimeout("x"), True),
        (httpx.WriteError("x"), True),
        (httpx.WriteTimeout("x"), True),
        (httpx.CloseError("x"), True),
        (httpx.RemoteProtocolError("x"), True),
        (httpx.DecodingError("x"), True),
        (OSError(5, "input/output"), True),
    ],
)
def test_a_request_that_may_have_arrived_counts_as_sent(error: Exception, sent: bool) -> None:
    """A request that may have arrived, even in part, counts as sent, as it may be billed."""
    assert isinstance(error, NETWORK_ERRORS)
    if isinstance(error, httpx.RequestError):
        error.request = REQUEST
    found = no_reply(error)
    assert found.sent is sent
    assert found.text and "sk-hidden" not in repr(found)


def test_unknown_errors_of_httpx_count_as_sent() -> None:
    """New errors of a later httpx count as sent."""
    kinds = {kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, httpx.TransportError)}
    unsent = {kind.__name__ for kind in kinds if not no_reply(kind("x")).sent}
    assert unsent == {
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "ProxyError",
        "UnsupportedProtocol",
    }


def test_the_message_is_that_of_the_operating_system() -> None:
    """The message is that of the operating system, which httpx and asyncio hide."""
    error = httpx.ConnectError("All connection attempts failed")
    error.__cause__ = OSError("all failed")
    error.__cause__.__cause__ = BaseExceptionGroup("both", [ConnectionRefusedError(111, "Connect call failed (…)")])
    assert no_reply(error).text == "Connection refused"
    assert no_reply(httpx.ReadError("")).text == "ReadError"


@pytest.mark.parametrize(
    ("coding", "unpacked"),
    [
        *((coding, True) for coding in ("gzip", "GZIP ", "")),
        *((coding, False) for coding in ("gzip, gzip", "br", "zstd", "compress", "gzip,deflate")),
    ],
)
def test_only_requested_compression_is_unpacked(coding: str, unpacked: bool) -> None:
    """Nested or unrequested compression is not unpacked, as a kilobyte may become a gigabyte."""
    packed = gzip.compress(b"{}") if coding else b"{}"
    response = httpx.Response(200, headers={"Content-Encoding": coding}, stream=httpx.ByteStream(packed))
    assert b"".join(chunks(response)) == (b"{}" if unpacked else packed)
    with make(httpx.Client, None, "https://s.example") as client:
        assert client.headers["Accept-Encoding"] == "gzip, deflate"


def test_no_request_waits_for_the_pool() -> None:
    """The pool has room for every request that the semaphores let through: its own queue is slow."""
    assert timeouts(30).as_dict() == {"connect": 10, "read": 30, "write": 60, "pool": None}
    with make(httpx.Client, None, "https://s.example") as client:
        pool = client._transport.pool_for(httpx.Request("GET", "https://s.example"))._pool
        assert pool._max_connections == pool._max_keepalive_connections == REQUESTS + DOWNLOADS
        assert pool._keepalive_expiry == KEEPALIVE > LONGEST_SILENCE  # else each poll would open a connection
        alone = client._transport.pool_for(
            httpx.Request("POST", "https://s.example", headers={"Connection": "close"})
        )._pool
        assert alone._max_keepalive_connections == 0
        assert client.follow_redirects is False


@pytest.mark.parametrize(
    ("base_url", "url", "proxied"),
    [
        ("https://s.example", "https://s.example/x", True),
        ("https://s.example", "http://127.0.0.1:1/x", False),
        ("http://127.0.0.5:1", "http://127.0.0.5:1/x", False),
        ("http://127.0.0.5:1", "http://127.0.0.6:1/x", False),
        ("http://[::1]:1", "http://[::1]:1/x", False),
        ("http://localhost:1", "http://localhost:1/x", False),
        ("http://localhost:1", "https://media.example/x", True),
    ],
)
def test_proxies_are_not_used_for_this_machine(
    base_url: str, url: str, proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service on this machine is reached directly, its media on other hosts through the proxy."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:8080")
    with make(httpx.Client, None, base_url) as client:
        used = client._transport.pool_for(httpx.Request("GET", url))._pool
        assert (type(used).__name__ == "HTTPProxy") is proxied
