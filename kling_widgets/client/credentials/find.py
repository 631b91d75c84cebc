"""Lookup of the API key and the address, and the rule on which keys may be sent to which address.

Sources, in this order: arguments, a key set in this process (``remember``, used by ``%kling_key``), the environment, a
``.env`` file, Colab's secrets, the system's keyring. The last two are used only if no other source has a key, and read
once in a process. An address that is not the service's own, also one on this machine, only gets a key from the same
source, or one that was set for it with ``%kling_key``. Otherwise a cloned notebook could set an address and so steal
the user's key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kling_widgets.client.credentials import colab_secrets, dotenv_file, system_keyring
from kling_widgets.client.credentials.base_url import DEFAULT_URL, OWN_URLS, clean_url, is_own
from kling_widgets.client.credentials.secret import Secret
from kling_widgets.core import forks
from kling_widgets.errors import MissingKeyError

__all__ = ["DEFAULT_URL", "OWN_URLS", "Credentials", "Secret", "clean_url", "find"]

KEY_NAME = "CRAZYROUTER_API_KEY"
URL_NAME = "CRAZYROUTER_BASE_URL"
_LONGEST = 1000  # characters; the key must fit into a header


@dataclass(frozen=True, slots=True)
class Credentials:
    """The key and the address for the service.

    Attributes:
        key: the API key, or None if none was found.
        base_url: the address, without ``/`` or ``/v1`` at its end.
        source: where the key was found, as text for a status line, without any part of the key.
        hint: how a key could be found, or an empty string.
    """

    key: Secret | None
    base_url: str
    source: str
    hint: str = ""

    def needed(self) -> Secret:
        """Return the key.

        Raises:
            MissingKeyError: there is none.
        """
        if self.key is None:
            raise MissingKeyError(f"{MissingKeyError()} {self.hint}" if self.hint else None)
        return self.key


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    key: Secret | None = None
    base_url: str | None = None
    hint: str = ""

    def where(self, variable: str) -> str:
        """Return the source of one of its variables, as text."""
        named = {"environment": variable, ".env": f"{variable} in .env", "arguments": "the arguments"}
        return named.get(self.name, self.name)


_KLING_KEY = "%kling_key"
_process_keys: dict[str, Secret] = {}  # by address; "" means the service's own addresses
_stored: dict[str, _Source] = {}  # cached results of Colab and the keyring
_store_lock = forks.lock()  # a form and a cell at the same time open one dialog, not two


def remember(key: str | Secret, base_url: str | None = None, *, keep: bool = False) -> str:
    """Set the key for one address until this process ends.

    Args:
        key: the key.
        base_url: the address, None for the service's own addresses.
        keep: whether to store the key in the system's keyring, too; otherwise it is not written anywhere.

    Returns:
        A sentence on why the keyring does not store it, or "".

    Raises:
        MissingKeyError: it cannot be a key.
        InvalidRequestError: the address cannot be used.
    """
    secret = Secret.of(key) or Secret("")
    del key  # as in find: a traceback must not show it
    secret = _usable(secret, _KLING_KEY)
    url = clean_url(base_url) if base_url else DEFAULT_URL
    _process_keys["" if is_own(url) else url] = secret
    if not keep:
        return ""
    if not is_own(url):
        return "The system keyring only stores keys for the service's own addresses."
    ask_again()
    return system_keyring.keep(KEY_NAME, secret)


def forget(*, kept: bool = False) -> str:
    """Forget the keys of :func:`remember`; if ``kept``, also delete the key from the system's keyring.

    Returns:
        A sentence on why the keyring may still have a key, or "".
    """
    _process_keys.clear()
    ask_again()
    return system_keyring.delete(KEY_NAME) if kept else ""


def ask_again() -> None:
    """Clear the cached results of Colab and the keyring: the user may have unlocked or filled them."""
    _stored.clear()


def find(
    api_key: str | Secret | None = None,
    base_url: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    origin: str = "arguments",
) -> Credentials:
    """Return the key and the address to use; a missing key is no error here, see :meth:`Credentials.needed`.

    Args:
        api_key: the caller's own key, which takes precedence.
        base_url: the caller's own address, which takes precedence.
        environ: the environment, by default ``os.environ``.
        folder: the folder of a ``.env`` file (its parents are not searched); by default none is read. Reading it needs
            python-dotenv, which the extra ``keys`` installs, together with keyring.
        origin: where the caller's own values come from, as text for messages.

    Raises:
        InvalidRequestError: the address is not https (or http on this machine), or contains more than an address.
        MissingKeyError: the key cannot be one; or the address is not the service's own, and the key is from another
            source.
    """
    sources = [*_local_sources(Secret.of(api_key), base_url, environ, folder, origin)]
    # A traceback in IPython's verbose mode shows the variables of each frame. From here on they hold no key.
    del api_key, environ
    of_url, url = _address(sources)
    sources.insert(1, from_process := _Source(_KLING_KEY, _process_keys.get("" if is_own(url) else url)))
    keys = [source for source in sources if source.key]
    if is_own(url):
        of_key = next(iter(keys), None) or _from_stores(sources)
    else:
        # A key in the arguments is meant explicitly; any other is skipped in favour of the one for the address.
        chosen = keys[:1] if sources[0].key else keys
        of_key = next((source for source in chosen if source is of_url or source is from_process), None)
        if of_key is None and keys:
            raise MissingKeyError(
                f"The address {url} comes from {of_url.where(URL_NAME)}, the key from {keys[0].where(KEY_NAME)}. A key "
                "is sent to an address that is not the service's own only if both come from the same place, so "
                "nothing was sent. Set both there, set a key for this address with %kling_key, or remove the address."
            )
    if of_key is None or of_key.key is None:
        hints = [source.hint for source in sources]
        if not is_own(url):
            hints.append(f"The key for {url} must be set with %kling_key, or in the same place as the address.")
        return Credentials(None, url, "not found", " ".join(filter(None, hints)))
    return Credentials(_usable(of_key.key, of_key.name), url, of_key.where(KEY_NAME))


def address(
    base_url: str | None, *, environ: Mapping[str, str] | None = None, folder: str | os.PathLike[str] | None = None
) -> str:
    """Return the address that :func:`find` would use.

    Raises:
        InvalidRequestError: it cannot be used.
    """
    return _address([*_local_sources(None, base_url, environ, folder)])[1]


def _address(sources: Iterable[_Source]) -> tuple[_Source, str]:
    """Return the source of the address, and the address."""
    named = next((source for source in sources if (source.base_url or "").strip()), _Source("the default"))
    return named, clean_url(named.base_url or DEFAULT_URL)


def _from_stores(sources: list[_Source]) -> _Source | None:
    """Return the first of Colab and the keyring that has a key; append those that were read to the sources."""
    for name, get in _STORES.items():
        sources.append(found := _read_once(name, get))
        if found.key:
            return found
    return None


def _local_sources(
    api_key: Secret | None,
    base_url: str | None,
    environ: Mapping[str, str] | None,
    folder: str | os.PathLike[str] | None,
    origin: str = "arguments",
) -> Iterator[_Source]:
    """Yield the sources that need no dialog. It must not raise: its variables hold the key."""
    yield _Source(origin, api_key, base_url)
    environ = os.environ if environ is None else environ
    yield _Source("environment", Secret.of(environ.get(KEY_NAME)), environ.get(URL_NAME))
    if folder is not None:
        values, hint = dotenv_file.read(Path(folder))
        yield _Source(".env", Secret.of(values.get(KEY_NAME)), values.get(URL_NAME), hint)


_STORES: Mapping[str, Callable[[str], tuple[Secret | None, str]]] = {
    "Colab's secrets": colab_secrets.get,
    "the system keyring": system_keyring.get,
}


def _read_once(name: str, get: Callable[[str], tuple[Secret | None, str]]) -> _Source:
    with _store_lock:
        if name not in _stored:
            key, hint = get(KEY_NAME)
            _stored[name] = _Source(name, key, hint=hint)
        return _stored[name]


def _usable(key: Secret, source: str) -> Secret:
    cleaned = _cleaned(key)
    if cleaned is None:
        raise MissingKeyError(
            f"The API key from {source} contains a character that no key has (a space, a line break, a letter outside "
            f"ASCII), or more than {_LONGEST} characters, so nothing was sent. Copy it again from the service's web "
            "console."
        )
    return cleaned


def _cleaned(key: Secret) -> Secret | None:
    """Return the key without text that is often pasted with it; None if it cannot be a key. It must not raise."""
    text = key.reveal().strip()
    text = re.sub(rf"^(?:(?:export\s+)?{KEY_NAME}\s*=|bearer\s)\s*", "", text, flags=re.IGNORECASE)
    text = text.strip("\"'").strip()
    text = re.sub(r"^bearer\s+", "", text, flags=re.IGNORECASE)
    return Secret(text) if re.fullmatch(rf"[!-~]{{1,{_LONGEST}}}", text) else None
