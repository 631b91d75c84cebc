"""Local media files of a form: stores chosen and drawn ones, and reads their properties.

The controls do no I/O of their own; they call this module.
"""

from __future__ import annotations

import hashlib
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
from kling_widgets.files.data_dir import write_atomically
from kling_widgets.media import limits, media_links, probe
from kling_widgets.media.limits import Facts
from kling_widgets.media.thumbnail import data_uri, thumbnail
from kling_widgets.request.request import VideoRequest

LARGEST_PLAYED = 5_000_000  # bytes of a local clip or sound that is embedded in the page to be played there
_CACHE_SIZE = 200  # results; a form names few files
_T = TypeVar("_T")


class LocalMedia:
    """The local media files of a form.

    Results are cached until a file changes, as each key press in a form asks for all of them again.

    Args:
        folder: for files that the page sends as bytes; created when first needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cache: dict[tuple[Any, ...], Any] = {}

    def keep(self, name: str, content: bytes) -> Path:
        """Store bytes in a file and return its path; the same bytes under the same name are stored once.

        Args:
            name: the file name that the browser sent; only its safe characters are used.
            content: the bytes.

        Raises:
            KlingError: The file cannot be written.
        """
        safe_name = re.sub(r"[^\w.-]+", "-", Path(name).name).strip(".-")[-80:] or "picture"
        path = self.folder / hashlib.sha256(content).hexdigest()[:12] / safe_name
        try:
            if not (path.is_file() and path.read_bytes() == content):  # a file with other bytes is damaged
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.parent.mkdir(mode=0o700, exist_ok=True)
                write_atomically(path, content)  # an upload of the same picture may be reading it
        except OSError as error:
            raise KlingError(
                f"{safe_name} cannot be stored in {path.parent} ({error.strerror}): enter its path instead."
            ) from None
        return path

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
        return tuple(
            problem
            for name, value in request.values.items()
            if field_of(name)
            for field in (request.spec.field("image" if name == "images" else name),)
            for problem in (
                *(
                    found
                    for path in dict.fromkeys(paths_in(value))
                    for found in self.problems(field, request.spec, path)
                ),
                *media_links.link_problems(field, value),
            )
        )

    def thumbnail(self, path: Path) -> str:
        """Return a thumbnail of a picture as a data URI; "" if there is none."""
        facts = self.facts(path)
        if facts is None:
            return ""
        try:
            return self._cached("thumbnail", path, lambda: thumbnail(path.expanduser(), facts))
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
            return data_uri(path.expanduser().read_bytes(), probe.media_type(facts.format))
        except OSError:  # it was removed in the meantime
            return ""

    def read(self, path: Path) -> bytes | None:
        """Return the bytes of a picture as they would be uploaded, to show it in the page; None if it cannot be
        uploaded (at most 20 MB)."""
        try:
            return probe.ready(probe.check_upload(path)).content
        except InvalidRequestError:
            return None

    def _inspect(self, path: Path) -> Facts | InvalidRequestError:
        try:
            return self._cached("facts", path, lambda: probe.facts_of(path))
        except InvalidRequestError as error:
            return error

    def _cached(self, what: str, path: Path, make: Callable[[], _T]) -> _T:
        try:
            absolute = path.expanduser().absolute()
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
