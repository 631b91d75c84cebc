"""Where the API key comes from, and which address it may go to.

Looked up in this order: arguments, the key that this process was told (``remember``, used by ``%kling_key``), the
environment, a ``.env`` file, Colab's secrets, the system's keyring. The last two are asked only when nothing else gave
a key, and once in a process. An address that is neither the service's own nor on this machine is used only with a key
from the same source: else a cloned notebook that sets an address could send a user's key away.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kling_widgets.client import colab, env_file, keyring
from kling_widgets.client.address import DEFAULT_URL, OWN_URLS, clean_url, is_loopback, is_own
from kling_widgets.client.secret import Secret
from kling_widgets.core import forks
from kling_widgets.errors import MissingKeyError

__all__ = ["DEFAULT_URL", "OWN_URLS", "Credentials", "Secret", "clean_url", "find", "is_loopback"]

KEY_NAME = "CRAZYROUTER_API_KEY"
URL_NAME = "CRAZYROUTER_BASE_URL"
_LONGEST = 1000  # characters; a header has to hold it


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
    key: Secret | None = None
    base_url: str | None = None
    hint: str = ""

    def where(self, variable: str) -> str:
        """The source of one of its variables, in words."""
        named = {"environment": variable, ".env": f"{variable} in .env", "arguments": "the arguments"}
        return named.get(self.name, self.name)


_TOLD = "%kling_key"
_remembered = _Source(_TOLD)
_asked: dict[str, _Source] = {}  # what Colab and the keyring said
_asking = forks.lock()  # a form and a cell at once open one dialog, not two


def remember(key: str | Secret, base_url: str | None = None, *, keep: bool = False) -> str:
    """Keeps a key, and the address that it is for, until this process ends; nothing is written down, unless the
    system's keyring is to ``keep`` the key as well.

    Returns:
        Why the keyring does not keep it, in a sentence, or "".

    Raises:
        MissingKeyError: it cannot be a key; InvalidRequestError: the address cannot be one.
    """
    global _remembered
    secret = Secret.of(key) or Secret("")
    del key  # see find
    secret = _usable(secret, _TOLD)
    clean_url(base_url) if base_url else None  # a mistake shows where it was made
    _remembered = _Source(_TOLD, secret, base_url)
    if not keep:
        return ""
    ask_again()
    return keyring.keep(KEY_NAME, secret)


def forget(*, kept: bool = False) -> str:
    """Forgets what :func:`remember` was told, and deletes what the system's keyring has ``kept``.

    Returns:
        Why the keyring may still have one, in a sentence, or "".
    """
    global _remembered
    _remembered = _Source(_TOLD)
    ask_again()
    return keyring.delete(KEY_NAME) if kept else ""


def ask_again() -> None:
    """Lets Colab and the keyring be asked once more: somebody may have unlocked or filled them."""
    _asked.clear()


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
            needs python-dotenv, which the extra ``keys`` installs, as it does keyring.

    Raises:
        InvalidRequestError: an address that is not https (or http on this machine), or holds more than an address.
        MissingKeyError: a key that cannot be one; or an address of a stranger and a key from another source.
        A missing key is no error here, see :meth:`Credentials.needed`.
    """
    sources = [*_at_hand(Secret.of(api_key), base_url, environ, folder)]
    # A traceback in IPython's verbose mode shows the variables of each frame. From here on they hold no key.
    del api_key, environ
    of_url = next((source for source in sources if (source.base_url or "").strip()), None)
    url = clean_url(of_url.base_url) if of_url is not None and of_url.base_url else DEFAULT_URL
    of_key = next((source for source in sources if source.key), None)
    if of_key is None and is_own(url):  # no other address would get what they know, so there they are not asked
        for name, get in _KEEPERS.items():
            sources.append(of_key := _once(name, get))
            if of_key.key:
                break
    if of_key is None or of_key.key is None:
        return Credentials(None, url, "not found", " ".join(source.hint for source in sources if source.hint))
    if not is_own(url) and of_url is not of_key:
        address = of_url.where(URL_NAME) if of_url else "the default"
        raise MissingKeyError(
            f"The address {url} comes from {address}, the key from {of_key.where(KEY_NAME)}. A key goes to an address "
            "that is not the service's own only if both come from the same place, so nothing was sent. Set both there, "
            "or remove the address."
        )
    return Credentials(_usable(of_key.key, of_key.name), url, of_key.where(KEY_NAME))


def _at_hand(
    api_key: Secret | None,
    base_url: str | None,
    environ: Mapping[str, str] | None,
    folder: str | os.PathLike[str] | None,
) -> Iterator[_Source]:
    """What can be looked up without asking anybody. It raises nothing: its variables hold the key."""
    yield _Source("arguments", api_key, base_url)
    yield _remembered
    environ = os.environ if environ is None else environ
    yield _Source("environment", Secret.of(environ.get(KEY_NAME)), environ.get(URL_NAME))
    if folder is not None:
        read, hint = env_file.read(Path(folder))
        yield _Source(".env", Secret.of(read.get(KEY_NAME)), read.get(URL_NAME), hint)


_KEEPERS: Mapping[str, Callable[[str], tuple[Secret | None, str]]] = {
    "Colab's secrets": colab.get,
    "the system keyring": keyring.get,
}


def _once(name: str, get: Callable[[str], tuple[Secret | None, str]]) -> _Source:
    with _asking:
        if name not in _asked:
            key, hint = get(KEY_NAME)
            _asked[name] = _Source(name, key, hint=hint)
        return _asked[name]


def _usable(key: Secret, source: str) -> Secret:
    cleaned = _cleaned(key)
    if cleaned is None:
        raise MissingKeyError(
            f"The API key from {source} holds a character that no key has (a space, a line break, a letter outside "
            f"ASCII), or more than {_LONGEST} of them, so nothing was sent. Copy it again from the service's web "
            "console."
        )
    return cleaned


def _cleaned(key: Secret) -> Secret | None:
    """The key without what people paste with it; None for what cannot be one. It raises nothing, see above."""
    text = key.reveal().strip()
    text = re.sub(rf"^(?:(?:export\s+)?{KEY_NAME}\s*=|bearer\s)\s*", "", text, flags=re.IGNORECASE)
    text = text.strip("\"'").strip()
    text = re.sub(r"^bearer\s+", "", text, flags=re.IGNORECASE)
    return Secret(text) if re.fullmatch(rf"[!-~]{{1,{_LONGEST}}}", text) else None
