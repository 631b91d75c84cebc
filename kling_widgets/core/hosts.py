"""Whether an address leads to this very machine: one answer for keys, proxies, links that are followed or shown."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Return whether an address leads to this machine by one of its plain names: localhost, 127.0.0.1, ::1.

    These alone may be spoken to without TLS and without a proxy."""
    host = _host(url)
    address = address_of(host)
    return host == "localhost" or (address is not None and address.is_loopback and not _mapped(address))


def may_be_loopback(url: str) -> bool:
    """Return whether anything that connects may take an address for this machine: by a plain name, or as 127.1,
    0x7f000001, 0.0.0.0, ``localhost.`` or a mapped address, which nobody writes in good faith."""
    host = _host(url).rstrip(".")
    last = host.rpartition(".")[2]
    address = address_of(host)
    if address is None:
        return last == "localhost" or re.fullmatch(r"\d+|0x[0-9a-f]*", last) is not None  # read as an IPv4 address
    address = _mapped(address) or address
    return address.is_loopback or address.is_unspecified


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a host is written as, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _mapped(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
