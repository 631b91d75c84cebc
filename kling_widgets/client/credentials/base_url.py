"""Normalisation of the service's address, and the list of the service's own addresses."""

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
    """Return whether any key may be sent to this address. False for this machine, where any program may listen."""
    return url in OWN_URLS


def clean_url(text: str) -> str:
    """Return the address in its normal form: https (http on this machine), without ``/`` or ``/v1`` at the end.

    Raises:
        InvalidRequestError: it is not such an address. The message quotes it only if it holds no user name or password.
    """
    text = text.strip()
    if looks_like_key(text):
        raise InvalidRequestError("The base URL contains something that looks like an API key. Nothing was sent.")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise InvalidRequestError("The base URL is not an address such as https://api.crazyrouter.com.") from None
    if "@" in text:
        raise InvalidRequestError("The base URL must not contain a user name or a password. Nothing was sent.")
    # Only plain characters: one parser may read others as a path, another as part of the host.
    is_host = re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", host) or address_of(host)
    if not is_host or not re.fullmatch(r"[\w./~%-]*", parts.path, re.ASCII) or parts.query or parts.fragment:
        raise InvalidRequestError(
            f"The base URL {one_line(text, 200)!r} is not an address like https://api.crazyrouter.com."
        )
    host = f"[{host}]" if ":" in host else host
    path = re.sub(r"(/+v1)?/*$", "", parts.path)
    suffix = "" if port is None or (parts.scheme, port) == ("https", 443) else f":{port}"
    url = f"{parts.scheme}://{host}{suffix}{path}"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        raise InvalidRequestError(f"The base URL {one_line(url, 200)} must begin with https://, so nothing was sent.")
    return url
