"""Which processes of this user are alive: each holds a lock on a file of its own as long as it lives.

The system takes the lock back however a process ends, so that nobody has to be asked, and no number is mistaken for
that of another process.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock

_TRIES = 3  # a name can be lost once: to whoever swept it between its making and its locking


@cache
def presence(folder: Path) -> Presence:
    """The processes that share a folder; the same one for all who ask in this process."""
    return Presence(folder)


class Presence:
    """The processes that share a folder; see ``presence``.

    Args:
        folder: takes a small file for each of them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        self._own: BaseFileLock | None = None
        self._name: str | None = None
        self._process = 0

    @property
    def name(self) -> str | None:
        """The name of this process, which is alive from now on; None where no lock can be had."""
        with self._mutex:
            if self._process != os.getpid():  # also after a fork: a child is not its parent
                self._process, self._name, self._own = os.getpid(), None, None
                self._sweep()
                for _ in range(_TRIES):
                    name = secrets.token_hex(8)
                    lock = _hold(self._file(name))
                    if lock is not None and self._file(name).exists():
                        self._name, self._own = name, lock
                        break
            return self._name

    def alive(self, name: str | None) -> bool:
        """Whether the process of this name is still there."""
        if not name or not name.isalnum():
            return False
        if name == self._name and self._process == os.getpid():
            return True
        file = self._file(name)
        return file.exists() and not _clear(file)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.lock"

    def _sweep(self) -> None:
        """Removes the files of processes that have ended."""
        with contextlib.suppress(OSError):
            for file in self._folder.glob("*.lock"):
                _clear(file)


def _hold(file: Path) -> BaseFileLock | None:
    """The lock on a file; None if somebody else holds it, or none can be had."""
    from filelock import FileLock, Timeout

    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(file, mode=0o600, timeout=0, thread_local=False)
        lock.acquire()
    except (OSError, Timeout, NotImplementedError):
        return None
    return lock


def _clear(file: Path) -> bool:
    """Removes the file if nobody holds it; whether it did."""
    lock = _hold(file)
    if lock is None:
        return False
    with contextlib.suppress(OSError):
        file.unlink()  # while it is held: nobody can take it for a living one
    lock.release()
    return True
