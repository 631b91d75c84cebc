"""Normalisation of addresses, and which ones are the service's own."""

from __future__ import annotations

import pytest

from kling_widgets.client.credentials.base_url import DEFAULT_URL, OWN_URLS, clean_url, is_own
from kling_widgets.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.crazyrouter.com/", DEFAULT_URL),
        ("https://api.crazyrouter.com/v1", DEFAULT_URL),
        ("https://api.crazyrouter.com/v1/", DEFAULT_URL),
        (" HTTPS://API.crazyrouter.com:443//v1// ", DEFAULT_URL),
        ("api.crazyrouter.com", DEFAULT_URL),
        ("https://gateway.example/kling/v1", "https://gateway.example/kling"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/v1", "http://[::1]:8000"),
    ],
)
def test_a_pasted_address_is_normalised(text: str, url: str) -> None:
    """An address may be pasted with the path that examples show."""
    assert clean_url(text) == url
    assert clean_url(url) == url


@pytest.mark.parametrize(
    "text",
    [
        "http://api.crazyrouter.com",
        "ftp://api.crazyrouter.com",
        "https://",
        "https://api.crazyrouter.com?x=1",
        "https://api.crazyrouter.com#x",
        "https://api.crazyrouter.com\\@evil.example",
        "https://a b.example",
        "https://user:secretpw@api.crazyrouter.com",
        "https://[::1",
        "https://x.example:port",
        "http://127.0.0.1.evil.example",
        "https://ex\u0430mple.com",
        "https://a.example/\r\nX: 1",
        "sk-" + "secretpw0123456789",
        "https://e.example/sk-" + "secretpw0123456789",
    ],
)
def test_an_invalid_address_is_refused(text: str) -> None:
    """Plain http, credentials, and text that parsers may read differently are refused."""
    with pytest.raises(InvalidRequestError) as caught:
        clean_url(text)
    assert "secretpw" not in str(caught.value)


@pytest.mark.parametrize("url", sorted(OWN_URLS))
def test_these_addresses_may_get_any_key(url: str) -> None:
    """Any key may be sent to the service's two addresses."""
    assert is_own(clean_url(url))


@pytest.mark.parametrize(
    "url",
    [
        "https://api.crazyrouter.com.evil.example",
        "https://api.crazyrouter.com/proxy",
        "https://api.crazyrouter.com:444",
        "http://127.0.0.1:8000",
        "http://localhost:1",
        "https://[::1]:1",
    ],
)
def test_a_similar_address_is_not_the_services_own(url: str) -> None:
    """A longer host name, another path or another port is not the service's own, and neither is this machine."""
    assert not is_own(clean_url(url))
