"""``%kling_key``: asks for an API key, keeps it or forgets it, and never shows a character of it."""

from __future__ import annotations

from collections.abc import Callable

from kling_widgets.client.credentials import find
from kling_widgets.client.credentials.base_url import DEFAULT_URL, is_own
from kling_widgets.client.credentials.secret import Secret
from kling_widgets.errors import InvalidRequestError, MissingKeyError

KEEP, FORGET = "--keep", "forget"


def answer(
    line: str,
    ask: Callable[[str], str],
    status: Callable[[], str],
    address: Callable[[], str] = lambda: DEFAULT_URL,
    *,
    attended: bool,
) -> str:
    """Run ``%kling_key line``, and return the text to show.

    Args:
        line: nothing, ``--keep``, or ``forget``.
        ask: asks the user for the key without showing it, and returns it.
        status: returns where the key is found now.
        address: returns the address in use, for which the key is stored.
        attended: whether the user can be asked.

    Raises:
        InvalidRequestError: The line is something else, such as the key itself.
        MissingKeyError: Nobody can be asked, or the typed text cannot be a key.
    """
    word = line.strip()
    if word == FORGET:
        trouble = find.forget(kept=True)
        return " ".join(filter(None, (f"Forgotten; {status()}.", trouble)))
    if word not in ("", KEEP):
        raise InvalidRequestError(
            "%kling_key asks for the key, so that no cell contains it: delete what you typed. Its options are "
            f"{KEEP} (for the system keyring) and {FORGET}."
        )
    if not attended:
        raise MissingKeyError(_NOBODY)
    url = address()
    key = _typed(ask, url)
    if key is None:
        return "Nothing was typed."
    trouble = find.remember(key, url, keep=word == KEEP)
    if word != KEEP and not is_own(url):
        kept = f"It is kept for {url} until this kernel ends."
    elif word != KEEP:
        kept = f"It is kept until this kernel ends; %kling_key {KEEP} keeps it for later kernels, too."
    elif trouble:
        kept = f"It is kept until this kernel ends, and no longer. {trouble}"
    else:
        kept = f"It is kept in the system keyring, too, until %kling_key {FORGET}."
    return f"{status()}. {kept}"


_NOBODY = "Nobody can be asked for a key here: set CRAZYROUTER_API_KEY instead."


def _typed(ask: Callable[[str], str], url: str) -> Secret | None:
    """Return the key that the user types; None if it is blank."""
    try:
        return Secret.of(ask(f"API key for {url} (it is not shown): "))
    except (EOFError, RuntimeError):  # StdinNotImplementedError is a RuntimeError
        raise MissingKeyError(_NOBODY) from None
