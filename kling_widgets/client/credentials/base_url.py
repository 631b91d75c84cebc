"""The service's address: how people write it, and which ones are the service's own."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from kling_widgets.core.hosts import address_of, is_loopback
from kling_widgets.core.key_patterns import looks_like_key
from kling_widgets.core.text import one_line
from kling_widgets.errors import InvalidRequestError

DEFAULT_URL = "https://api.crazyrouter.com"
OWN_URLS = frozenset({DEFAULT_URL, "https://cn.crazyrouter.com"})


def is_own(url: str) -> bool:
    """Return whether any key may go to this address: a port of this machine may be anybody's."""
    return url in OWN_URLS


def clean_url(text: str) -> str:
    """An address as it is used: https (http on this machine), no ``/`` and no ``/v1`` at its end.

    Raises:
        InvalidRequestError: it is no such address. The message repeats it only when it holds no name or password.
    """
    text = text.strip()
    if looks_like_key(text):
        raise InvalidRequestError("What looks like an API key stands in the base URL. Nothing was sent.")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise InvalidRequestError("The base URL is not an address such as https://api.crazyrouter.com.") from None
    if "@" in text:
        raise InvalidRequestError("The base URL must not hold a name or a password. Nothing was sent.")
    # Only plain characters: what one parser reads as a path, another may read as a host.
    named = re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", host) or address_of(host)
    if not named or not re.fullmatch(r"[\w./~%-]*", parts.path, re.ASCII) or parts.query or parts.fragment:
        raise InvalidRequestError(
            f"The base URL {one_line(text, 200)!r} is not an address like https://api.crazyrouter.com."
        )
    host = f"[{host}]" if ":" in host else host
    path = re.sub(r"(/+v1)?/*$", "", parts.path)
    given_port = "" if port is None or (parts.scheme, port) == ("https", 443) else f":{port}"
    url = f"{parts.scheme}://{host}{given_port}{path}"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        raise InvalidRequestError(f"The base URL {one_line(url, 200)} must begin with https://, so nothing was sent.")
    return url
