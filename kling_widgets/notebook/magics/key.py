"""``%kling_key``: asks for a key, keeps it, forgets it; says what became of it, and never a character of it."""

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
    """What ``%kling_key line`` does, and then says.

    Args:
        line: nothing, ``--keep``, or ``forget``.
        ask: gives what the user types, unseen.
        status: says where the key is found now.
        address: gives the address in force, which the key is asked and kept for.
        attended: whether somebody can be asked.

    Raises:
        InvalidRequestError: the line is something else, such as the key itself.
        MissingKeyError: nobody can be asked, or what was typed cannot be a key.
    """
    word = line.strip()
    if word == FORGET:
        trouble = find.forget(kept=True)
        return " ".join(filter(None, (f"Forgotten; {status()}.", trouble)))
    if word not in ("", KEEP):
        raise InvalidRequestError(
            "%kling_key asks for the key, so that it stands in no cell; delete what you typed. It takes nothing, "
            f"{KEEP} (for the system keyring), or {FORGET}."
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
        kept = f"It is kept until this kernel ends; %kling_key {KEEP} keeps one for later kernels, too."
    elif trouble:
        kept = f"It is kept until this kernel ends, and no longer. {trouble}"
    else:
        kept = f"It is kept in the system keyring, too, until %kling_key {FORGET}."
    return f"{status()}. {kept}"


_NOBODY = "Nobody can be asked for a key here: set CRAZYROUTER_API_KEY instead."


def _typed(ask: Callable[[str], str], url: str) -> Secret | None:
    """What the user types; None for blanks."""
    try:
        return Secret.of(ask(f"API key for {url} (it is not shown): "))
    except (EOFError, RuntimeError):  # StdinNotImplementedError is a RuntimeError
        raise MissingKeyError(_NOBODY) from None
