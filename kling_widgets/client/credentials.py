"""Where the API key comes from, and which address it may go to.

Looked up in this order: arguments, the key that this process was told (``remember``, used by ``%kling_key``), the
environment, a ``.env`` file. An address that is neither the service's own nor on this machine is used only with a
key from the same source: else a cloned notebook that sets an address could send a user's key away.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from kling_widgets.errors import InvalidRequestError, MissingKeyError, one_line

KEY_NAME = "CRAZYROUTER_API_KEY"
URL_NAME = "CRAZYROUTER_BASE_URL"
DEFAULT_URL = "https://api.crazyrouter.com"
OWN_URLS = frozenset({DEFAULT_URL, "https://cn.crazyrouter.com"})


class Secret:
    """A text that shows itself nowhere: not in a repr, a message, a traceback's variables, ``vars()`` or a pickle."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The text itself, for the one line that puts it into a header."""
        return self.__text

    def __repr__(self) -> str:
        return "…"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled or copied")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.__text

    def __hash__(self) -> int:
        return hash(self.__text)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is needed to speak to the service.

    Attributes:
        key: the API key, or None if none was found.
        base_url: the address, without ``/`` or ``/v1`` at its end.
        source: where the key was found, in words for a status line: never a character of the key itself.
        hint: what would have found a key, or an empty string.
    """

    key: Secret | None
    base_url: str
    source: str
    hint: str = ""

    def needed(self) -> Secret:
        """The key; :class:`MissingKeyError` if there is none."""
        if self.key is None:
            raise MissingKeyError(f"{MissingKeyError()} {self.hint}" if self.hint else None)
        return self.key


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    key: str | None = field(default=None, repr=False)
    base_url: str | None = None


_remembered = _Source("%kling_key")


def remember(key: str, base_url: str | None = None) -> None:
    """Keeps a key, and the address that it is for, until this process ends. Nothing is written down."""
    global _remembered
    clean_url(base_url) if base_url else None  # a mistake shows where it was made
    _remembered = _Source("%kling_key", _clean_key(key, "%kling_key").reveal(), base_url)


def forget() -> None:
    """Forgets what :func:`remember` was told."""
    global _remembered
    _remembered = _Source("%kling_key")


def find(
    api_key: str | Secret | None = None,
    base_url: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Credentials:
    """The key and the address to use.

    Args:
        api_key, base_url: the caller's own, which win.
        environ: the environment, ``os.environ`` unless given.
        folder: where a ``.env`` file may lie (its parents are not searched); none is read unless given. Reading it
            needs python-dotenv, which the extra ``keys`` installs.

    Raises:
        InvalidRequestError: an address that is not https (or http on this machine), or holds more than an address.
        MissingKeyError: a key that cannot be one; or an address of a stranger and a key from another source.
        A missing key is no error here, see :meth:`Credentials.needed`.
    """
    environ = os.environ if environ is None else environ
    dotenv, hint = _read_dotenv(None if folder is None else Path(folder))
    sources = (
        _Source("arguments", api_key.reveal() if isinstance(api_key, Secret) else api_key, base_url),
        _remembered,
        _Source("environment", environ.get(KEY_NAME), environ.get(URL_NAME)),
        _Source(".env", dotenv.get(KEY_NAME), dotenv.get(URL_NAME)),
    )
    of_key = next((source for source in sources if (source.key or "").strip()), None)
    of_url = next((source for source in sources if (source.base_url or "").strip()), None)
    url = clean_url(of_url.base_url) if of_url is not None and of_url.base_url else DEFAULT_URL
    if of_key is None or of_key.key is None:
        return Credentials(None, url, "not found", hint)
    if url not in OWN_URLS and not is_loopback(url) and of_url is not of_key:
        raise MissingKeyError(
            f"The address {url} comes from {_where(of_url, URL_NAME)}, the key from {_where(of_key, KEY_NAME)}. A key "
            "goes to an address that is not the service's own only if both come from the same place, so nothing was "
            "sent. Set both there, or remove the address."
        )
    return Credentials(_clean_key(of_key.key, of_key.name), url, _where(of_key, KEY_NAME))


def clean_url(text: str) -> str:
    """An address as it is used: https (http on this machine), no ``/`` and no ``/v1`` at its end.

    Raises:
        InvalidRequestError: it is no such address. The message repeats it only when it holds no name or password.
    """
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise InvalidRequestError("The base URL is not an address such as https://api.crazyrouter.com.") from None
    if "@" in text:
        raise InvalidRequestError("The base URL must not hold a name or a password. Nothing was sent.")
    # Only plain characters: what one parser reads as a path, another may read as a host.
    named = re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", host) or _address(host)
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


def is_loopback(url: str) -> bool:
    """Whether a link leads to this very machine."""
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return False
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _clean_key(key: str, source: str) -> Secret:
    text = re.sub(r"^bearer\s+", "", key.strip().strip("\"'").strip(), flags=re.IGNORECASE)
    if not re.fullmatch(r"[!-~]+", text):
        raise MissingKeyError(
            f"The API key from {source} holds a character that no key has (a space, a line break, a letter outside "
            "ASCII), so nothing was sent. Copy it again from the service's web console."
        )
    return Secret(text)


def _where(source: _Source | None, variable: str) -> str:
    if source is None:
        return "the default"
    return {"environment": variable, ".env": f"{variable} in .env", "arguments": "the arguments"}.get(
        source.name, source.name
    )


def _read_dotenv(folder: Path | None) -> tuple[Mapping[str, str | None], str]:
    if folder is None or not (folder / ".env").is_file():
        return {}, ""
    if find_spec("dotenv") is None:
        return {}, 'There is a .env file here; to have it read: pip install "kling_widgets[keys]".'
    from dotenv import dotenv_values

    # Without interpolation: "${CRAZYROUTER_API_KEY}" in a stranger's .env would make the user's own key one "from
    # the same source" as the stranger's address.
    try:
        return dotenv_values(folder / ".env", interpolate=False), ""
    except (OSError, UnicodeError) as error:
        return {}, f"The .env file here cannot be read ({type(error).__name__})."
