"""Where a file is, on this machine or on another one, and locks on files, which the system takes back."""

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

# File systems of this machine alone. A write-ahead log needs memory that all who write share, which a network file
# system has not, and SQLite cannot tell: where it is not known to be safe, the slower rollback journal is used.
# https://www.sqlite.org/wal.html: "All processes using a database must be on the same host computer."
LOCAL = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs", "overlay"})


def file_system(path: Path, mounts: Path) -> str:
    """The kind of file system that a path is on, such as "ext4"; "" where that is not known."""
    try:
        lines = [line.split() for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
        real = os.path.realpath(path)
    except (OSError, ValueError):
        return ""
    found = [(line[1].replace("\\040", " "), line[2]) for line in lines if len(line) > 2]
    above = [(len(point), kind) for point, kind in found if os.path.join(real, "").startswith(os.path.join(point, ""))]
    return max(reversed(above), key=lambda each: each[0])[1] if above else ""


def lock(file: Path, timeout: float) -> BaseFileLock:
    """A lock on a file, for its owner alone, that is not held yet.

    Args:
        file: the file, which is made.
        timeout: seconds to wait for it.
    """
    from filelock import FileLock

    # A mere file in place of a lock of the system would stay behind when its process is killed.
    known = "fallback_to_soft" in inspect.signature(FileLock.__init__).parameters
    options: dict[str, Any] = {"fallback_to_soft": False} if known else {}
    return FileLock(file, timeout=timeout, mode=0o600, thread_local=False, **options)


@contextlib.contextmanager
def shared_lock(file: Path, timeout: float) -> Iterator[None]:
    """Hold a lock on a file together with others: nobody holds ``lock`` of this file meanwhile.

    Where the system has no such locks, nothing is held: Windows does not rename a file that somebody has open, and on
    other systems one goes on without.

    Args:
        file: the file, which is made for its owner alone.
        timeout: seconds to wait while somebody holds it alone.

    Raises:
        TimeoutError: it was held alone for all that time.
    """
    with contextlib.ExitStack() as stack:
        if fcntl is not None and (opened := _opened(file)) is not None:
            stack.callback(os.close, opened)
            _wait_for_shared(opened, time.monotonic() + timeout)
            # A forked child has the same lock: closed alone, it would be held for as long as the child lives.
            stack.callback(fcntl.flock, opened, fcntl.LOCK_UN)
        yield


def _opened(file: Path) -> int | None:
    with contextlib.suppress(OSError):  # nothing can be set aside in a folder that is only read
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
