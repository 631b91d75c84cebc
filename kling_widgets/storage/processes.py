"""Which processes of this user are alive: each holds a lock on a file of its own as long as it lives.

The system takes the lock back however a process ends, so that nobody has to be asked, and no number is mistaken for
that of another process.
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

_TRIES = 3  # a name can be lost once: to whoever swept it between its making and its locking
_AGAIN = 1.0  # seconds after which a lock that could not be had is tried for again
_UNTOLD = "?"


def is_anonymous(name: str | None) -> bool:
    """Whether it is the name of a process of which others cannot tell whether it is alive: it got no lock."""
    return bool(name) and str(name).startswith(_UNTOLD)


@cache
def process_registry(folder: Path) -> ProcessRegistry:
    """The processes that share a folder; the same one for all who ask in this process."""
    return ProcessRegistry(folder)


class ProcessRegistry:
    """The processes that share a folder; see ``process_registry``.

    Args:
        folder: takes a small file for each of them.
        clock: seconds.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._mutex = forks.lock()
        self._begin()
        forks.anew(self, ProcessRegistry._begin)

    def _begin(self) -> None:
        """Without a name; also in a forked child, which is not its parent."""
        self._own: BaseFileLock | None = None
        self._names: tuple[str, ...] = ()
        self._swept, self._tried = False, 0.0

    @property
    def name(self) -> str:
        """The name of this process, which is alive from now on. Where no lock can be had it is one of which others
        cannot tell (see ``untold``); it gets another one when a lock can be had after all."""
        return self.names[-1]

    @property
    def names(self) -> tuple[str, ...]:
        """All names that this process has had, the one of now as the last."""
        with self._mutex:
            if not self._swept:
                self._swept = True
                self._sweep()
            if not self._names or (is_anonymous(self._names[-1]) and self._clock() - self._tried >= _AGAIN):
                self._tried = self._clock()
                if name := self._take():
                    self._names = (*self._names, name)
                elif not self._names:
                    self._names = (_UNTOLD + secrets.token_hex(8),)
            return self._names

    def _take(self) -> str | None:
        for _ in range(_TRIES):
            name = secrets.token_hex(8)
            held = _hold(self._file(name))
            if held is not None and self._file(name).exists():
                self._own = held
                return name
        return None

    def alive(self, name: str | None) -> bool:
        """Whether the process of this name is still there; one of which nobody can tell is not, but for this one."""
        if name in self._names:
            return True
        if not name or not name.isalnum():
            return False
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
    from filelock import Timeout

    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = lock(file, timeout=0)
        held.acquire()
    except (OSError, Timeout, NotImplementedError):  # the last one where the system has no such locks
        return None
    return held


def _clear(file: Path) -> bool:
    """Removes the file if nobody holds it; whether it did."""
    held = _hold(file)
    if held is None:
        return False
    with contextlib.suppress(OSError):
        file.unlink()  # while it is held: nobody can take it for a living one
    held.release()
    return True
