"""The living processes of this user: each holds a lock on a file of its own as long as it lives.

The system releases the lock however a process ends. So no process has to be asked, and a process id that was reused
causes no mistake.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kling_widgets.core import forks
from kling_widgets.files.file_lock import lock

if TYPE_CHECKING:
    from filelock import BaseFileLock

_ATTEMPTS = 3  # another process may remove the file between its creation and its locking
_RETRY_SECONDS = 1.0  # seconds after which a failed lock is tried again
_ANONYMOUS = "?"  # first character of the name of a process without a lock


def is_anonymous(name: str | None) -> bool:
    """Return whether a name is that of a process without a lock, so that others cannot see whether it is alive."""
    return bool(name) and str(name).startswith(_ANONYMOUS)


@cache
def process_registry(folder: Path) -> ProcessRegistry:
    """Return the registry of the processes that share a folder, the same one for all callers in this process."""
    return ProcessRegistry(folder)


class ProcessRegistry:
    """The processes that share a folder; see ``process_registry``.

    Args:
        folder: the folder for one small lock file per process.
        clock: monotonic seconds.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._mutex = forks.lock()
        self._reset()
        forks.after_in_child(self, ProcessRegistry._reset)

    def _reset(self) -> None:
        """Start without a name, also in a forked child, which is a process of its own."""
        self._own: BaseFileLock | None = None
        self._names: tuple[str, ...] = ()
        self._swept, self._tried = False, 0.0

    @property
    def name(self) -> str:
        """The name of this process, under which others see that it is alive.

        If no lock can be acquired the name is anonymous (see ``is_anonymous``), and replaced as soon as one can.
        """
        return self.names[-1]

    @property
    def names(self) -> tuple[str, ...]:
        """All names that this process has had, the present one last."""
        with self._mutex:
            if not self._swept:
                self._swept = True
                self._sweep()
            if not self._names or (is_anonymous(self._names[-1]) and self._clock() - self._tried >= _RETRY_SECONDS):
                self._tried = self._clock()
                if name := self._acquire_name():
                    self._names = (*self._names, name)
                elif not self._names:
                    self._names = (_ANONYMOUS + secrets.token_hex(8),)
            return self._names

    def _acquire_name(self) -> str | None:
        for _ in range(_ATTEMPTS):
            name = secrets.token_hex(8)
            held = _try_lock(self._file(name))
            if held is not None and self._file(name).exists():
                self._own = held
                return name
        return None

    def alive(self, name: str | None) -> bool:
        """Return whether the process of this name is alive; an anonymous one counts as dead, except this process."""
        if name in self._names:
            return True
        if not name or not name.isalnum():
            return False
        file = self._file(name)
        return file.exists() and not _remove_if_unlocked(file)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.lock"

    def _sweep(self) -> None:
        """Remove the files of processes that have ended."""
        with contextlib.suppress(OSError):
            for file in self._folder.glob("*.lock"):
                _remove_if_unlocked(file)


def _try_lock(file: Path) -> BaseFileLock | None:
    """Acquire the lock on a file; return None if another process holds it, or locks do not work here."""
    from filelock import Timeout

    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = lock(file, timeout=0)
        held.acquire()
    except (OSError, Timeout, NotImplementedError):  # NotImplementedError: the system has no file locks
        return None
    return held


def _remove_if_unlocked(file: Path) -> bool:
    """Remove the file unless another process holds its lock; return whether nobody held it."""
    held = _try_lock(file)
    if held is None:
        return False
    with contextlib.suppress(OSError):
        file.unlink()  # while we hold the lock, so that no new process can acquire it
    held.release()
    return True
