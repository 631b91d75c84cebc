"""Where the API key comes from, and which address it may go to.

Looked up in this order: arguments, the key that this process was told (``remember``, used by ``%kling_key``), the
environment, a ``.env`` file, Colab's secrets, the system's keyring. The last two are asked only when nothing else gave
a key, and once in a process. An address that is not the service's own, on this machine too, gets only a key from the
same source, or one that ``%kling_key`` was told for it: else a cloned notebook that sets an address could send a user's
key away.
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
_told: dict[str, Secret] = {}  # by the address that a key is for; "" is any of the service's own
_asked: dict[str, _Source] = {}  # what Colab and the keyring said
_asking = forks.lock()  # a form and a cell at once open one dialog, not two


def remember(key: str | Secret, base_url: str | None = None, *, keep: bool = False) -> str:
    """Keeps a key until this process ends, for one address (None: for those of the service); nothing is written down,
    unless the system's keyring is to ``keep`` the key as well.

    Returns:
        Why the keyring does not keep it, in a sentence, or "".

    Raises:
        MissingKeyError: it cannot be a key; InvalidRequestError: the address cannot be one.
    """
    secret = Secret.of(key) or Secret("")
    del key  # see find
    secret = _usable(secret, _TOLD)
    url = clean_url(base_url) if base_url else DEFAULT_URL
    _told["" if is_own(url) else url] = secret
    if not keep:
        return ""
    if not is_own(url):
        return "The system keyring keeps keys for the service's own addresses alone."
    ask_again()
    return system_keyring.keep(KEY_NAME, secret)


def forget(*, kept: bool = False) -> str:
    """Forgets all that :func:`remember` was told, and deletes what the system's keyring has ``kept``.

    Returns:
        Why the keyring may still have one, in a sentence, or "".
    """
    _told.clear()
    ask_again()
    return system_keyring.delete(KEY_NAME) if kept else ""


def ask_again() -> None:
    """Lets Colab and the keyring be asked once more: somebody may have unlocked or filled them."""
    _asked.clear()


def find(
    api_key: str | Secret | None = None,
    base_url: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    giver: str = "arguments",
) -> Credentials:
    """The key and the address to use.

    Args:
        api_key, base_url: the caller's own, which win.
        environ: the environment, ``os.environ`` unless given.
        folder: where a ``.env`` file may lie (its parents are not searched); none is read unless given. Reading it
            needs python-dotenv, which the extra ``keys`` installs, as it does keyring.
        giver: where the caller has its own ones from, in words for a message.

    Raises:
        InvalidRequestError: an address that is not https (or http on this machine), or holds more than an address.
        MissingKeyError: a key that cannot be one; or an address that is not the service's own, and a key from another
            source.
        A missing key is no error here, see :meth:`Credentials.needed`.
    """
    sources = [*_at_hand(Secret.of(api_key), base_url, environ, folder, giver)]
    # A traceback in IPython's verbose mode shows the variables of each frame. From here on they hold no key.
    del api_key, environ
    of_url, url = _address(sources)
    sources.insert(1, told := _Source(_TOLD, _told.get("" if is_own(url) else url)))
    keys = [source for source in sources if source.key]
    if is_own(url):
        of_key = next(iter(keys), None) or _kept(sources)
    else:
        # Who gives a key as an argument means that one; any other is passed over for that of the address.
        chosen = keys[:1] if sources[0].key else keys
        of_key = next((source for source in chosen if source is of_url or source is told), None)
        if of_key is None and keys:
            raise MissingKeyError(
                f"The address {url} comes from {of_url.where(URL_NAME)}, the key from {keys[0].where(KEY_NAME)}. A key "
                "goes to an address that is not the service's own only if both come from the same place, so nothing "
                "was sent. Set both there, run %kling_key, which keeps a key for this address, or remove the address."
            )
    if of_key is None or of_key.key is None:
        hints = [source.hint for source in sources]
        if not is_own(url):
            hints.append(f"For {url} only %kling_key, or the place that names the address, can give one.")
        return Credentials(None, url, "not found", " ".join(filter(None, hints)))
    return Credentials(_usable(of_key.key, of_key.name), url, of_key.where(KEY_NAME))


def address(
    base_url: str | None, *, environ: Mapping[str, str] | None = None, folder: str | os.PathLike[str] | None = None
) -> str:
    """Return the address that :func:`find` would use.

    Raises:
        InvalidRequestError: it cannot be used.
    """
    return _address([*_at_hand(None, base_url, environ, folder)])[1]


def _address(sources: Iterable[_Source]) -> tuple[_Source, str]:
    """Return the source that names the address, and the address."""
    named = next((source for source in sources if (source.base_url or "").strip()), _Source("the default"))
    return named, clean_url(named.base_url or DEFAULT_URL)


def _kept(sources: list[_Source]) -> _Source | None:
    """Return what Colab or the keyring gives; whom it asks is added to the sources."""
    for name, get in _KEEPERS.items():
        sources.append(found := _once(name, get))
        if found.key:
            return found
    return None


def _at_hand(
    api_key: Secret | None,
    base_url: str | None,
    environ: Mapping[str, str] | None,
    folder: str | os.PathLike[str] | None,
    giver: str = "arguments",
) -> Iterator[_Source]:
    """What can be looked up without asking anybody. It raises nothing: its variables hold the key."""
    yield _Source(giver, api_key, base_url)
    environ = os.environ if environ is None else environ
    yield _Source("environment", Secret.of(environ.get(KEY_NAME)), environ.get(URL_NAME))
    if folder is not None:
        read, hint = dotenv_file.read(Path(folder))
        yield _Source(".env", Secret.of(read.get(KEY_NAME)), read.get(URL_NAME), hint)


_KEEPERS: Mapping[str, Callable[[str], tuple[Secret | None, str]]] = {
    "Colab's secrets": colab_secrets.get,
    "the system keyring": system_keyring.get,
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
