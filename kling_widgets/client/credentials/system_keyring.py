"""The system's keyring: where a user may keep a key for all kernels. The package of that name is an extra.

It may open a dialog, be slow, or raise anything, as a keyring is a plug-in: whatever goes wrong means that no key was
found there, and why. Its messages are not repeated: nobody knows what stands in them.
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
_UNATTENDED = "The system keyring is not asked in a run by program, where nobody could answer its dialog."


def get(name: str) -> tuple[Secret | None, str]:
    """The key that is kept under this name, and why none can be had, in a sentence, or ""."""
    if find_spec("keyring") is None:
        return None, ""  # who never installed it does not look for a key there
    if not attended():
        return None, _UNATTENDED

    def ask() -> Secret | None:
        import keyring

        found = keyring.get_password(SERVICE, name)
        return Secret.of(found) if isinstance(found, str) else None

    found, trouble = _tried(ask)
    return found, f"The system keyring was asked and gave no key: {trouble}." if trouble else ""


def keep(name: str, key: Secret) -> str:
    """Keeps the key under this name; why that was not possible, in a sentence, or "" when it is there."""
    if find_spec("keyring") is None:
        return _INSTALL
    if not attended():
        return _UNATTENDED

    def put() -> bool:
        import keyring

        keyring.set_password(SERVICE, name, key.reveal())
        return keyring.get_password(SERVICE, name) == key.reveal()  # the null keyring takes everything, and drops it

    kept, trouble = _tried(put)
    return f"The system keyring did not take it: {trouble or 'it keeps nothing'}." if not kept else ""


def delete(name: str) -> str:
    """Deletes what is kept under this name, if anything is; why that was not possible, in a sentence, or ""."""
    if find_spec("keyring") is None:
        return ""
    if not attended():
        return _UNATTENDED

    def remove() -> None:
        import keyring

        if keyring.get_password(SERVICE, name) is not None:
            keyring.delete_password(SERVICE, name)

    _, trouble = _tried(remove)
    return "" if trouble in ("", _NONE) else f"The system keyring may still have one: {trouble}."


_NONE = "there is no keyring on this system"
_MEANS = {"NoKeyringError": _NONE, "KeyringLocked": "it is locked; unlock it first", "InitError": "it did not open"}


def attended() -> bool:
    """Whether somebody could answer a dialog: not where a notebook is run by program (nbclient, papermill, nbconvert),
    which would hang before it. A script counts as attended."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", True))


def _tried(work: Callable[[], T]) -> tuple[T | None, str]:
    """What the work gives, and what went wrong, in words."""
    try:
        return work(), ""
    except Exception as error:  # noqa: BLE001 - a plug-in of the user's system may raise anything
        kind = type(error).__name__
        return None, _MEANS.get(kind, f"it failed ({kind})")
    except BaseException as error:  # an interrupt while its dialog is open: the frames hold what it was about to give
        strip_traceback(error)
        raise
