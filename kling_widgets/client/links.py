"""Links that strangers give: which of them are followed and shown, and how. No I/O.

A link out of a reply is data. It may name a script, a file, this very machine or somebody's password; what is left is
https, or http on this machine, where the demo is.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from kling_widgets.core.hosts import address_of, is_loopback, may_be_loopback

LONGEST = 8000  # characters; signed links are long, pages are longer
# A browser and a parser may read anything else differently: one as the end of the host, the other as a part of it.
_LINK = re.compile(r"(https?)://[^\s\x00-\x20\x7f-\x9f\ud800-\udfff\"<>\\^`{|}]+", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_KEPT = "%/:=&?~#+!$,;'@()*[]-._"


def clean_link(value: object) -> str | None:
    """The link as it is fetched and shown, or None where it is none that may be.

    Off this machine http becomes https: Tencent's links are http, and its hosts speak both. What is not ASCII in path
    and query is percent-encoded; a host that is not ASCII, or holds a name or a password, is refused, as is this
    machine under any name but its plain ones.
    """
    text = value.strip() if isinstance(value, str) and len(value) <= LONGEST else ""
    if not (match := _LINK.fullmatch(text)):
        return None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    disguised = may_be_loopback(text) and not is_loopback(text)
    if "@" in parts.netloc or not (_HOST.fullmatch(host) or address_of(host)) or disguised:
        return None
    scheme = match[1].lower()
    if scheme == "http" and not is_loopback(text):
        scheme, port = "https", None if port == 80 else port
    place = f"[{host}]" if ":" in host else host
    rest = text[len(match[1]) + 3 + len(parts.netloc) :]
    link = f"{scheme}://{place}{'' if port is None else f':{port}'}{quote(rest, safe=_KEPT)}"
    return link if len(link) <= LONGEST else None


_NO_ADDRESS = re.compile(r"[\s\\<>\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def public_link(url: str | None) -> str | None:
    """The link, when a browser may be sent there: http(s), and not this machine, where the browser may not be."""
    try:
        parts = urlsplit(url or "")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    # Only plain characters: a browser reads %31 or ① in a host as 1, and a backslash as the end of it.
    plain = re.fullmatch(r"[a-z0-9._:-]+", host) and not _NO_ADDRESS.search(url or "")
    if parts.scheme not in ("http", "https") or not plain or may_be_loopback(url or ""):
        return None
    return url
