"""The system's keyring, where a user may store a key for all kernels. Needs the package ``keyring``, an extra.

Keyrings are plug-ins: they may open a dialog, be slow, or raise anything. Any error counts as "no key found", with a
reason. Their own messages are never shown, as they might contain the key.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import TypeVar

from kling_widgets.client.credentials.secret import Secret, strip_traceback

T = TypeVar("T")

SERVICE = "kling_widgets"  # as in: keyring set kling_widgets CRAZYROUTER_API_KEY
_INSTALL = 'The system keyring needs one more package: pip install "kling_widgets[keys]".'
_UNATTENDED = "The system keyring is not used in an unattended run, in which nobody could answer its dialog."


def get(name: str) -> tuple[Secret | None, str]:
    """Return the key stored under this name, and a sentence on why there is none, or ""."""
    if find_spec("keyring") is None:
        return None, ""  # a user who never installed it does not expect a key there
    if not attended():
        return None, _UNATTENDED

    def read() -> Secret | None:
        import keyring

        found = keyring.get_password(SERVICE, name)
        return Secret.of(found) if isinstance(found, str) else None

    found, problem = _attempt(read)
    return found, f"The system keyring returned no key: {problem}." if problem else ""


def keep(name: str, key: Secret) -> str:
    """Store the key under this name; return a sentence on why that failed, or ""."""
    if find_spec("keyring") is None:
        return _INSTALL
    if not attended():
        return _UNATTENDED

    def write() -> bool:
        import keyring

        keyring.set_password(SERVICE, name, key.reveal())
        return keyring.get_password(SERVICE, name) == key.reveal()  # the null keyring discards everything

    stored, problem = _attempt(write)
    return "" if stored else f"The system keyring did not store the key: {problem or 'it stores nothing'}."


def delete(name: str) -> str:
    """Delete the key stored under this name, if there is one; return a sentence on why that failed, or ""."""
    if find_spec("keyring") is None:
        return ""
    if not attended():
        return _UNATTENDED

    def remove() -> None:
        import keyring

        if keyring.get_password(SERVICE, name) is not None:
            keyring.delete_password(SERVICE, name)

    _, problem = _attempt(remove)
    return "" if problem in ("", _NONE) else f"The system keyring may still have a key: {problem}."


_NONE = "there is no keyring on this system"
_REASONS = {"NoKeyringError": _NONE, "KeyringLocked": "it is locked; unlock it first", "InitError": "it did not open"}


def attended() -> bool:
    """Return whether a user could answer a dialog; a script counts as attended.

    A notebook that a program runs (nbclient, papermill, nbconvert) is not attended: it would hang at the dialog.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", True))


def _attempt(action: Callable[[], T]) -> tuple[T | None, str]:
    """Return the result of the action, and the reason of its failure, or ""."""
    try:
        return action(), ""
    except Exception as error:  # noqa: BLE001 - a keyring plug-in may raise anything
        kind = type(error).__name__
        return None, _REASONS.get(kind, f"it failed ({kind})")
    except BaseException as error:  # an interrupt during its dialog: the frames may hold the key
        strip_traceback(error)
        raise
