"""Locks on files, which the system releases if their process dies, and the type of a path's file system."""

from __future__ import annotations

import contextlib
import inspect
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from filelock import BaseFileLock

# Local file systems. A write-ahead log needs shared memory between all writers, which a network file system lacks and
# SQLite cannot detect: unless the file system is known to be local, the slower rollback journal is used.
# https://www.sqlite.org/wal.html: "All processes using a database must be on the same host computer."
LOCAL = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs", "overlay"})


def file_system(path: Path, mounts: Path) -> str:
    """Return the type of the file system that holds a path, such as "ext4"; "" if it is not known.

    Args:
        path: any path.
        mounts: the system's list of mounts, as in ``/proc/mounts``.
    """
    try:
        lines = [line.split() for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
        real = os.path.realpath(path)
    except (OSError, ValueError):
        return ""
    found = [(line[1].replace("\\040", " "), line[2]) for line in lines if len(line) > 2]
    above = [(len(point), kind) for point, kind in found if os.path.join(real, "").startswith(os.path.join(point, ""))]
    return max(reversed(above), key=lambda each: each[0])[1] if above else ""


def lock(file: Path, timeout: float) -> BaseFileLock:
    """Return an exclusive lock on a file, not yet acquired.

    Args:
        file: the lock file; it is created, readable by its owner only.
        timeout: seconds to wait when the lock is acquired.
    """
    from filelock import FileLock

    # The fallback, a plain file in place of a system lock, would be left behind if its process is killed.
    known = "fallback_to_soft" in inspect.signature(FileLock.__init__).parameters
    options: dict[str, Any] = {"fallback_to_soft": False} if known else {}
    return FileLock(file, timeout=timeout, mode=0o600, thread_local=False, **options)


@contextlib.contextmanager
def shared_lock(file: Path, timeout: float) -> Iterator[None]:
    """Hold a shared lock on a file: meanwhile nobody can acquire its exclusive ``lock``.

    If the system has no such locks, nothing is held. On Windows that is safe, as it does not rename open files; on
    other systems the work proceeds without a lock.

    Args:
        file: the lock file; it is created, readable by its owner only.
        timeout: seconds to wait while the exclusive lock is held.

    Raises:
        TimeoutError: the exclusive lock was held for all that time.
    """
    with contextlib.ExitStack() as stack:
        if fcntl is not None and (opened := _opened(file)) is not None:
            stack.callback(os.close, opened)
            _wait_for_shared(opened, time.monotonic() + timeout)
            # A forked child shares the lock: if this process only closed the file, the child would still hold it.
            stack.callback(fcntl.flock, opened, fcntl.LOCK_UN)
        yield


def _opened(file: Path) -> int | None:
    with contextlib.suppress(OSError):  # a read-only folder, in which nothing can be repaired anyway
        return os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    return None


def _wait_for_shared(opened: int, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise TimeoutError("another process is repairing it") from error
        except OSError:  # a file system without locks
            return None
        time.sleep(0.01)
