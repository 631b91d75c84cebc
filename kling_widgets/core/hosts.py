"""Checks whether a URL points to this machine; used for keys, proxies and links that are followed or shown."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Return whether a URL names this machine in a standard form: localhost, 127.0.0.1, ::1.

    Only these hosts may be reached without TLS and without a proxy.
    """
    host = _host(url)
    address = address_of(host)
    return host == "localhost" or (address is not None and address.is_loopback and not _mapped(address))


def may_be_loopback(url: str) -> bool:
    """Return whether any client could resolve a URL to this machine.

    Besides the standard forms, these are 127.1, 0x7f000001, 0.0.0.0, ``localhost.`` and IPv4-mapped addresses, which
    have no legitimate use here.
    """
    host = _host(url).rstrip(".")
    last = host.rpartition(".")[2]
    address = address_of(host)
    if address is None:
        return last == "localhost" or re.fullmatch(r"\d+|0x[0-9a-f]*", last) is not None  # some clients read it as IPv4
    address = _mapped(address) or address
    return address.is_loopback or address.is_unspecified


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host as an IP address, or None if it is a name."""
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
