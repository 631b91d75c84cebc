"""Local media files of a form: stores chosen and drawn ones, and reads their properties.

The controls do no I/O of their own; they call this module.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from kling_widgets.catalog.all_fields import field_of
from kling_widgets.catalog.field_kinds import AnyField
from kling_widgets.catalog.models import Model
from kling_widgets.catalog.structured_fields import Clips
from kling_widgets.core.json_values import paths_in
from kling_widgets.core.problem import Problem
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.files.atomic_file import AtomicFile
from kling_widgets.files.data_dir import abbreviate_home, write_atomically
from kling_widgets.files.file_names import input_name
from kling_widgets.media import limits, media_links, probe
from kling_widgets.media.limits import Facts
from kling_widgets.media.thumbnail import data_uri, thumbnail
from kling_widgets.request.request import VideoRequest

INPUTS = "inputs"  # the folder of kept pictures, in that of the videos
LARGEST_PLAYED = 5_000_000  # bytes of a local clip or sound that is embedded in the page to be played there
_CACHE_SIZE = 200  # results; a form names few files
_T = TypeVar("_T")


class LocalMedia:
    """The local media files of a form.

    Results are cached until a file changes, as each key press in a form asks for all of them again.

    Args:
        folder: where pictures are kept if they cannot be kept beside the notebook; created when first needed.
        videos: returns the folder of this notebook's videos, in which pictures are kept; None: keep none there.
        sources: returns the folder in which relative paths start.
    """

    def __init__(
        self, folder: Path, videos: Callable[[], Path] | None = None, sources: Callable[[], Path] = Path.cwd
    ) -> None:
        self.folder = folder.absolute()
        self._videos, self._sources = videos, sources
        self._elsewhere: dict[Path, Problem] = {}  # the warnings about files that could not be kept beside the notebook
        self._cache: dict[tuple[Any, ...], Any] = {}

    @property
    def sources(self) -> Path:
        """Return the folder in which relative paths of requests start: the notebook's, if it is known."""
        return self._sources()

    def resolve(self, path: Path) -> Path:
        """Return the absolute path of a file that a request names.

        Raises:
            RuntimeError: it starts with ~name, and there is no such user.
        """
        return self.sources / path.expanduser()

    def keep(self, name: str, content: bytes) -> Path:
        """Store bytes in a file and return its path for code; the same bytes under the same name are stored once.

        The file is in ``inputs``, in the folder for videos: code with its relative path runs wherever that folder is.
        If it cannot be written, the file is in this user's data folder, and ``check`` says so.

        Args:
            name: the file name that the browser sent; only its letters and digits are used.
            content: the bytes.

        Raises:
            KlingError: The file cannot be written.
        """
        file_name, reason = input_name(name, content), ""
        if self._videos is not None:
            folder = self._videos() / INPUTS
            try:
                return self._for_code(_stored(folder / file_name, content, _write_shared))
            except (OSError, KlingError) as error:
                reason = f"{abbreviate_home(folder)} cannot be written ({getattr(error, 'strerror', None) or error})"
        try:
            path = _stored(self.folder / file_name, content, write_atomically)
        except OSError as error:
            raise KlingError(
                f"{file_name} cannot be stored in {self.folder} ({error.strerror}): enter its path instead."
            ) from None
        if reason:
            message = f"{reason}, so this picture is kept in {abbreviate_home(self.folder)}."
            hint = "Code with its path runs on this computer only. %config Kling.video_dir names another folder."
            self._elsewhere[path] = Problem("warning", None, message, hint)
        return path

    def _for_code(self, path: Path) -> Path:
        try:
            return path.relative_to(self.sources)
        except ValueError:  # the folder for videos is elsewhere
            return path

    def former_path(self, path: Path) -> Path:
        """Return the path at which an earlier version kept the same picture; the path itself for any other file."""
        found = re.fullmatch(r"(.+)_([0-9a-f]{12})(\.\w+)", path.name)
        return self.folder / found[2] / (found[1] + found[3]) if found else path

    def facts(self, path: Path) -> Facts | None:
        """Return the properties of a media file; None if it cannot be read."""
        found = self._inspect(path)
        return found if isinstance(found, Facts) else None

    def problems(self, field: AnyField, model: Model, path: Path) -> tuple[Problem, ...]:
        """Return the problems of a file in a field: an error if it cannot be uploaded, else warnings."""
        found = self._inspect(path)
        if isinstance(found, Facts):
            return tuple(limits.problems(field, model, path.name, found))
        if isinstance(field, Clips):
            return ()  # no local clip can be sent, which the field itself reports
        return tuple(Problem("error", field.name, each.message, each.hint) for each in found.problems)

    def check(self, request: VideoRequest) -> tuple[Problem, ...]:
        """Return the problems of all local files of a request, and the warnings about its links."""
        elsewhere = next((self._elsewhere[path] for path in request.files() if path in self._elsewhere), None)
        found = (
            problem
            for name, value in request.values.items()
            if field_of(name)
            for field in (request.spec.field("image" if name == "images" else name),)
            for problem in (
                *(each for path in dict.fromkeys(paths_in(value)) for each in self.problems(field, request.spec, path)),
                *media_links.link_problems(field, value),
            )
        )
        return (*found, *([elsewhere] if elsewhere else []))

    def thumbnail(self, path: Path) -> str:
        """Return a thumbnail of a picture as a data URI; "" if there is none."""
        facts = self.facts(path)
        if facts is None:
            return ""
        try:
            return self._cached("thumbnail", path, lambda: thumbnail(self.resolve(path), facts))
        except Exception:  # noqa: BLE001 - decoders raise many kinds of errors for a broken picture; it is not shown
            return self._cached("thumbnail", path, str)

    def playable(self, path: Path) -> str:
        """Return a clip or a sound of up to 5 MB as a data URI; "" for anything else."""
        facts = self.facts(path)
        if (
            facts is None
            or facts.format is None
            or probe.kind_of(facts.format) == "picture"
            or facts.size > LARGEST_PLAYED
        ):
            return ""
        try:
            return data_uri(self.resolve(path).read_bytes(), probe.media_type(facts.format))
        except OSError:  # it was removed in the meantime
            return ""

    def read(self, path: Path) -> bytes | None:
        """Return the bytes of a picture as they would be uploaded, to show it in the page; None if it cannot be
        uploaded (at most 20 MB)."""
        try:
            return probe.ready(probe.check_upload(path, folder=self.sources)).content
        except InvalidRequestError:
            return None

    def _inspect(self, path: Path) -> Facts | InvalidRequestError:
        try:
            return self._cached("facts", path, lambda: probe.facts_of(path, folder=self.sources))
        except InvalidRequestError as error:
            return error

    def _cached(self, what: str, path: Path, make: Callable[[], _T]) -> _T:
        try:
            absolute = self.resolve(path)
            stat = os.stat(absolute)
        except (OSError, ValueError, RuntimeError):
            return make()
        key = (what, absolute, stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if key not in self._cache:
            made = make()
            while len(self._cache) >= _CACHE_SIZE:
                self._cache.pop(next(iter(self._cache)), None)
            self._cache[key] = made
        return self._cache[key]  # type: ignore[no-any-return]


def _stored(path: Path, content: bytes, write: Callable[[Path, bytes], None]) -> Path:
    """Return the path of a file with this content, which is written if it is not there.

    Raises:
        OSError: It cannot be written.
    """
    if not (path.is_file() and path.read_bytes() == content):  # a file with other bytes is damaged
        write(path, content)  # as a whole: an upload of the same picture may be reading it
    return path


def _write_shared(path: Path, content: bytes) -> None:
    """Write a file with the permissions of any new file, as other people may use the notebook's folder too."""
    file = AtomicFile(path, overwrite=True)
    try:
        file.begin()
        file.write(content)
        file.finish()
    finally:
        file.discard()
