"""A file in the making, which is whole or absent for everybody else."""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from kling_widgets.errors import KlingError


class Part:
    """A file in the making: bytes go to a temporary file in the same folder, which takes the name at the end.

    Args:
        path: where the video is to be; missing folders are made.
        overwrite: whether a file that is there may be replaced.
    """

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        self.path = Path(path).expanduser()
        self._overwrite = overwrite
        self._file: BinaryIO | None = None
        self._draft = self.path.with_name(f".kling-{secrets.token_hex(6)}.part")
        self._lock = threading.Lock()  # a cancelled wait leaves its last write running in a thread

    def begin(self) -> None:
        """Makes the temporary file; :class:`KlingError` if the name is taken."""
        if self.path.is_dir():
            raise KlingError(f"{self.path} is a folder: name a file in it, such as {self.path / 'clip.mp4'}.")
        self._check_free()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._draft.open("xb")

    def write(self, piece: bytes) -> None:
        """Adds a piece."""
        with self._lock:
            if self._file is not None:
                self._file.write(piece)

    def restart(self) -> None:
        """Drops what was written so far."""
        with self._lock:
            if self._file is not None:
                self._file.seek(0)
                self._file.truncate()

    def finish(self) -> Path:
        """Gives the file its name."""
        with self._lock:
            assert self._file is not None
            self._file.flush()
            os.fsync(self._file.fileno())  # else a power cut could leave the name on an empty file
            self._file.close()
            self._file = None
            if self._overwrite:
                self._draft.replace(self.path)
                return self.path
            try:
                os.link(self._draft, self.path)  # unlike a rename it never replaces
            except FileExistsError:
                self._check_free()
            except OSError:  # a file system without links
                self._check_free()
                self._draft.replace(self.path)
            return self.path

    def discard(self) -> None:
        """Removes the temporary file; does nothing when there is none."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
            with suppress(OSError):  # there is none, or its folder has gone
                self._draft.unlink()

    def _check_free(self) -> None:
        if not self._overwrite and self.path.exists():
            raise KlingError(f"{self.path} is there already and stays: choose another name, or overwrite=True.")
