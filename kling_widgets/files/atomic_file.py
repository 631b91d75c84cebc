"""A file in the making, which is whole or absent for everybody else."""

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
except ImportError:  # Windows, which removes no file that is open
    fcntl = None  # type: ignore[assignment]

T = TypeVar("T")

_DRAFT = re.compile(r"\.kling-[0-9a-f]{12}\.part")
_TRIES = 20  # names that others may sweep in the moment before they are locked


class AtomicFile:
    """A file in the making: bytes go to a temporary file in the same folder, which takes the name at the end.

    Who writes one holds a lock on it, which ends with the process, however that ends. So what a killed kernel has left
    is known, and removed when the next download begins in that folder.

    Args:
        path: where the video is to be; missing folders are made.
        overwrite: whether a file that is there may be replaced.
    """

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        try:
            self.path = Path(path).expanduser()
        except RuntimeError:  # ~somebody whom this machine does not know
            raise KlingError(f"No file can be called {path}: this machine does not know that user.") from None
        if "\0" in str(path):
            raise KlingError("No file can have a name with a zero byte in it.")
        self._overwrite = overwrite
        self._file: BinaryIO | None = None
        self._draft = self.path
        self._lock = forks.lock()  # a cancelled wait leaves its last step running in a thread
        self._discarded = False

    def check(self) -> None:
        """Sees that the name is free, and makes its folder; :class:`KlingError` if it is taken."""
        if self.path.is_dir():
            raise KlingError(f"{self.path} is a folder: name a file in it, such as {self.path / 'clip.mp4'}.")
        self._check_free()
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def begin(self) -> None:
        """Makes the temporary file, or empties the one that was begun; nothing after ``discard``."""
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
            f"Another program keeps removing what is written in {self.path.parent}: choose another folder."
        )

    def write(self, piece: bytes | bytearray) -> None:
        """Adds a piece."""
        with self._lock:
            if self._file is not None:
                self._file.write(piece)

    def looked_at(self, look: Callable[[BinaryIO], T]) -> T | None:
        """What is found in the bytes so far; None after ``discard``."""
        with self._lock:
            if self._file is None:
                return None
            try:
                return look(self._file)
            finally:
                self._file.seek(0, os.SEEK_END)

    def finish(self) -> Path:
        """Gives the file its name."""
        with self._lock:
            assert self._file is not None
            self._file.flush()
            os.fsync(self._file.fileno())  # else a power cut could leave the name on an empty file
            if fcntl is None:
                self._file.close()  # Windows does not rename what is open; elsewhere the lock is held to the end
            if self._overwrite:
                self._draft.replace(self.path)
            else:
                self._take_name()
            self._file.close()
            self._file = None
            return self.path

    def discard(self) -> None:
        """Removes the temporary file, if there is one; nothing is written any more."""
        with self._lock:
            self._discarded = True
            if self._file is None:
                return
            file, self._file = self._file, None
            if fcntl is not None:
                _remove(self._draft)  # while the lock is held: afterwards the name may be somebody else's
            with suppress(OSError):  # the rest of the bytes found no space
                file.close()
            if fcntl is None:
                _remove(self._draft)

    def _take_name(self) -> None:
        try:
            os.link(self._draft, self.path)  # unlike a rename it never replaces
        except FileExistsError:
            raise self._taken() from None
        except (OSError, AttributeError):  # a file system, or a Python, without links
            self._check_free()
            self._draft.replace(self.path)
        else:
            _remove(self._draft)

    def _check_free(self) -> None:
        if not self._overwrite and os.path.lexists(self.path):
            raise self._taken()

    def _taken(self) -> KlingError:
        return KlingError(f"{self.path} is there already and stays: choose another name, or overwrite=True.")


def sweep(folder: Path) -> None:
    """Removes the temporary files in the folder whose writers are gone; where locks do not tell, none."""
    with suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            if _DRAFT.fullmatch(entry.name):
                with suppress(OSError):  # somebody else's, or somebody else was faster
                    _sweep(Path(entry.path))


def _sweep(draft: Path) -> None:
    if not stat.S_ISREG(draft.lstat().st_mode):
        return  # ours are plain files
    if fcntl is None:
        draft.unlink()  # fails for one that is being written
        return
    with draft.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_named(file, draft):
            draft.unlink()


def _is_mine(file: BinaryIO, draft: Path) -> bool:
    """Whether the new file is locked and still there: in the moment before, somebody may have swept it away."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False  # it is being swept away
    except OSError:
        pass  # a file system without locks, where nobody sweeps either
    return _is_named(file, draft)


def _is_named(file: BinaryIO, draft: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), draft.lstat())
    except FileNotFoundError:
        return False


def _remove(draft: Path) -> None:
    with suppress(OSError):  # its folder has gone
        draft.unlink()
