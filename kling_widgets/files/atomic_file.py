"""Atomic writing of large files: other programs see the whole file or none."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

from kling_widgets.core import forks
from kling_widgets.errors import KlingError

try:
    import fcntl
except ImportError:  # Windows, which does not remove open files
    fcntl = None  # type: ignore[assignment]

T = TypeVar("T")

_DRAFT = re.compile(r"\.kling-[0-9a-f]{12}\.part")
_TRIES = 20  # temporary files that another process may remove before this one has locked them


class AtomicFile:
    """A file that appears under its name only when it is complete.

    The content goes to a temporary file in the same folder, which is renamed at the end. The writer holds a lock on the
    temporary file, which the system releases if the process dies. So files left by a killed kernel can be recognised;
    they are removed when the next download starts in that folder.

    Thread-safe.

    Args:
        path: the final path; missing folders are created.
        overwrite: whether an existing file may be replaced.
    """

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        try:
            self.path = Path(path).expanduser()
        except RuntimeError:  # ~name of an unknown user
            raise KlingError(f"{path} is not a valid path: there is no such user on this machine.") from None
        if "\0" in str(path):
            raise KlingError("A file name cannot contain a null character.")
        self._overwrite = overwrite
        self._file: BinaryIO | None = None
        self._draft = self.path
        self._lock = forks.lock()  # after a cancelled wait, its last step may still run in a thread
        self._discarded = False

    def check(self) -> None:
        """Check that the path is free, and create its folder.

        Raises:
            KlingError: the path is a folder, or a file that must not be replaced.
        """
        if self.path.is_dir():
            raise KlingError(f"{self.path} is a folder: name a file in it, such as {self.path / 'clip.mp4'}.")
        self._check_free()
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def begin(self) -> None:
        """Create the temporary file, or truncate the existing one; do nothing after ``discard``."""
        with self._lock:
            if self._file is not None:
                self._file.seek(0)
                self._file.truncate()
            elif not self._discarded:
                self.check()
                sweep(self.path.parent)
                self._file, self._draft = self._new()

    def _new(self) -> tuple[BinaryIO, Path]:
        for _ in range(_TRIES):
            draft = self.path.with_name(f".kling-{secrets.token_hex(6)}.part")
            file = draft.open("x+b")
            if _is_mine(file, draft):
                return file, draft
            file.close()
        raise KlingError(
            f"Another program keeps removing the files written to {self.path.parent}: choose another folder."
        )

    def write(self, chunk: bytes | bytearray) -> None:
        """Append a chunk; do nothing after ``discard``."""
        with self._lock:
            if self._file is not None:
                self._file.write(chunk)

    def inspect(self, read: Callable[[BinaryIO], T]) -> T | None:
        """Return ``read(file)`` for the content written so far; None after ``discard``."""
        with self._lock:
            if self._file is None:
                return None
            try:
                return read(self._file)
            finally:
                self._file.seek(0, os.SEEK_END)

    def finish(self) -> Path:
        """Rename the temporary file to its final path, and return that.

        Raises:
            KlingError: another file has taken the path in the meantime.
        """
        with self._lock:
            assert self._file is not None
            self._file.flush()
            os.fsync(self._file.fileno())  # otherwise a power failure could leave an empty file under the final name
            if fcntl is None:
                self._file.close()  # Windows does not rename open files; elsewhere the lock is held to the end
            if self._overwrite:
                self._draft.replace(self.path)
            else:
                self._rename()
            self._file.close()
            self._file = None
            return self.path

    def discard(self) -> None:
        """Remove the temporary file, if there is one; later calls write nothing."""
        with self._lock:
            self._discarded = True
            if self._file is None:
                return
            file, self._file = self._file, None
            if fcntl is not None:
                _remove(self._draft)  # while the lock is held: afterwards another process may use the name
            with suppress(OSError):  # no space for the buffered rest
                file.close()
            if fcntl is None:
                _remove(self._draft)

    def _rename(self) -> None:
        try:
            os.link(self._draft, self.path)  # unlike a rename, it never replaces a file
        except FileExistsError:
            raise self._exists_error() from None
        except (OSError, AttributeError):  # a file system, or a Python, without hard links
            self._check_free()
            self._draft.replace(self.path)
        else:
            _remove(self._draft)

    def _check_free(self) -> None:
        if not self._overwrite and os.path.lexists(self.path):
            raise self._exists_error()

    def _exists_error(self) -> KlingError:
        return KlingError(f"{self.path} already exists and is kept: choose another name, or pass overwrite=True.")


def sweep(folder: Path) -> None:
    """Remove the temporary files in the folder whose writers are gone; none on a file system without locks."""
    with suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            if _DRAFT.fullmatch(entry.name):
                with suppress(OSError):  # no permission, still being written, or already removed by another process
                    _sweep(Path(entry.path))


def _sweep(draft: Path) -> None:
    if not stat.S_ISREG(draft.lstat().st_mode):
        return  # not created by this class
    if fcntl is None:
        draft.unlink()  # fails if it is being written
        return
    with draft.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_named(file, draft):
            draft.unlink()


def _is_mine(file: BinaryIO, draft: Path) -> bool:
    """Lock the new file and return whether it is still there: another process may have swept it before the lock."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False  # it is being swept
    except OSError:
        pass  # a file system without locks, where nothing is swept
    return _is_named(file, draft)


def _is_named(file: BinaryIO, draft: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), draft.lstat())
    except FileNotFoundError:
        return False


def _remove(draft: Path) -> None:
    with suppress(OSError):  # its folder is gone
        draft.unlink()
