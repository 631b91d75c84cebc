"""Validation of links from replies: which are fetched and shown, and in which form. No I/O.

A link in a reply is untrusted data. It may point to a script, a local file or this machine, or contain a password.
Only https is accepted, and http on this machine, where the demo runs.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from kling_widgets.core.hosts import address_of, is_loopback, may_be_loopback

LONGEST = 8000  # characters; signed links are long, pages are longer
# Browsers and URL parsers disagree on all other characters: one may end the host there, the other may not.
_LINK = re.compile(r"(https?)://[^\s\x00-\x20\x7f-\x9f\ud800-\udfff\"<>\\^`{|}]+", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_SAFE = "%/:=&?~#+!$,;'@()*[]-._"


def clean_link(value: object) -> str | None:
    """Return the link in the form in which it is fetched and shown, or None if it is not an acceptable link.

    http becomes https, except on this machine: Tencent returns http links, and its hosts serve both. Non-ASCII
    characters in path and query are percent-encoded. A host that is not ASCII is refused, and so are credentials in the
    link, and this machine under any name other than its plain ones.
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
    netloc = f"[{host}]" if ":" in host else host
    rest = text[len(match[1]) + 3 + len(parts.netloc) :]
    link = f"{scheme}://{netloc}{'' if port is None else f':{port}'}{quote(rest, safe=_SAFE)}"
    return link if len(link) <= LONGEST else None


_UNSAFE = re.compile(r"[\s\\<>\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def public_link(url: str | None) -> str | None:
    """Return the link if a browser may follow it, else None.

    It must be http(s), and not point to this machine: the browser may run on another one.
    """
    try:
        parts = urlsplit(url or "")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    # Only plain characters: a browser reads %31 or ① in a host as 1, and a backslash as the end of the host.
    plain = re.fullmatch(r"[a-z0-9._:-]+", host) and not _UNSAFE.search(url or "")
    if parts.scheme not in ("http", "https") or not plain or may_be_loopback(url or ""):
        return None
    return url
