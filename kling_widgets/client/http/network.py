"""Proxies and certificates from the environment. Connections to this machine use neither.

The variables are read for each request, so that a change in a cell takes effect immediately. Their values never appear
in a message: the address of a proxy may contain a password.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from kling_widgets.core.hosts import address_of, is_loopback
from kling_widgets.errors import ConnectionFailedError

T = TypeVar("T")

# The first two are only ever set for a Python client or curl. The others are also set by environments for their own use
# (conda does), so they must not take precedence.
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
_KEY_LOG = "SSLKEYLOGFILE"
_SYSTEM = "the system's proxy settings"


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """An environment variable that configures a connection.

    Attributes:
        name: its name, or the place of the setting if it is not a variable.
        value: its value.
    """

    name: str
    value: str = field(repr=False)


def proxy_for(url: str) -> EnvironmentVariable | None:
    """Return the proxy for a request to this address, or None for a direct connection."""
    if is_loopback(url):
        return None
    parts, found = urlsplit(url), getproxies()
    scheme = next((scheme for scheme in (parts.scheme, "all") if found.get(scheme)), None)
    if scheme is None or _bypasses_proxy(parts.hostname or "", parts.netloc, found.get("no", "")):
        return None
    # Of two names that differ only in case, the lower-case one is used, which is also the greater one.
    names = (name for name, value in os.environ.items() if value and name.lower() == f"{scheme}_proxy")
    return EnvironmentVariable(max(names, default=_SYSTEM), found[scheme])


def _bypasses_proxy(host: str, netloc: str, names: str) -> bool:
    """Return whether NO_PROXY, or the system's own list, contains this host: its name, address or network."""
    listed = [name.strip().strip("[]") for name in names.split(",")]
    if "*" in listed or proxy_bypass(netloc):
        return True
    address = address_of(host)
    return address is not None and any(address in network for network in map(_network, listed) if network is not None)


def _network(name: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(name, strict=False)
    except ValueError:
        return None


def parse_proxy(setting: EnvironmentVariable, context: ssl.SSLContext) -> httpx.Proxy:
    """Return the proxy of a setting, whose scheme may be missing.

    Raises:
        ConnectionFailedError: the setting is not the address of a proxy.
    """
    found = _proxy(setting.value, context)
    if found is None:  # raised here, so that no variable in the traceback holds the password
        raise ConnectionFailedError(
            f"Nothing was sent: the proxy in {setting.name} is not an address like http://proxy.example:8080 or "
            "socks5://127.0.0.1:1080 (special characters of a password are percent-encoded)."
        )
    return found


def _proxy(text: str, context: ssl.SSLContext) -> httpx.Proxy | None:
    text = text.strip()
    text = text if "://" in text else f"http://{text}"
    # Desktops write "socks://". The "h" asks the proxy to resolve host names, which it always does here.
    text = re.sub(r"^socks5?h?://", "socks5://", text, flags=re.IGNORECASE)
    try:
        parts = urlsplit(text)
        rest = (parts.path.strip("/"), parts.query, parts.fragment)
        if re.fullmatch(r"[\w.:%-]+", parts.hostname or "") and parts.port != 0 and not any(rest):
            return httpx.Proxy(text, ssl_context=context if parts.scheme == "https" else None)
    except (ValueError, httpx.InvalidURL):
        pass
    return None


def certificates_for(url: str) -> EnvironmentVariable | None:
    """Return the variable that names the trusted certificates for this address, or None for the default ones."""
    if is_loopback(url):
        return None
    return next(
        (EnvironmentVariable(name, text) for name in CERTIFICATES if (text := os.environ.get(name, "").strip())), None
    )


def make_context(setting: EnvironmentVariable | None) -> ssl.SSLContext:
    """Return an SSL context that trusts the certificates of this variable.

    Raises:
        ConnectionFailedError: the variable names no certificates, or ``SSLKEYLOGFILE`` cannot be written.
    """
    if setting is None:
        return _checked(lambda: httpx.create_ssl_context(trust_env=False), _KEY_LOG)
    path = Path(setting.value).expanduser()
    if path.is_dir():
        names = _checked(lambda: os.listdir(path), setting.name)
        if not any(re.fullmatch(r"[0-9a-f]{8}\.\d+", name) for name in names):
            raise _unusable(setting.name, "no file in the folder is named by its hash; run openssl rehash")
        return _checked(lambda: ssl.create_default_context(capath=path), _KEY_LOG)
    _checked(lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path), setting.name)
    return _checked(lambda: ssl.create_default_context(cafile=path), _KEY_LOG)


def _checked(make: Callable[[], T], name: str) -> T:
    try:
        return make()
    except ssl.SSLError:
        reason = "it contains no certificates"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    raise _unusable(name, reason)


def _unusable(name: str, reason: str) -> ConnectionFailedError:
    return ConnectionFailedError(
        f"Nothing was sent: {name} cannot be used ({reason}). Correct the variable, or remove it."
    )
