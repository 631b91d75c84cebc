"""Local files that the fields of a form name: where chosen and drawn ones are kept, and what they are.

The controls do no I/O of their own; this is what they ask.
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

LARGEST_PLAYED = 5_000_000  # bytes of a local clip or sound that is put into the page to be played there
_MOST_KNOWN = 200  # answers that are remembered; a form names few files
_T = TypeVar("_T")


class LocalMedia:
    """The local media of a form. What is asked again about a file that has not changed is not read again: it is asked
    at every key that is pressed.

    Args:
        folder: where bytes that come from the page are put; it is made when first needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[tuple[Any, ...], Any] = {}

    def keep(self, name: str, content: bytes) -> Path:
        """Puts bytes into a file of their own; the same bytes under the same name are kept once.

        Args:
            name: what the browser calls it; only its harmless part is used.
            content: the bytes.

        Raises:
            KlingError: the file cannot be written.
        """
        harmless = re.sub(r"[^\w.-]+", "-", Path(name).name).strip(".-")[-80:] or "picture"
        place = self.folder / hashlib.sha256(content).hexdigest()[:12] / harmless
        try:
            if not (place.is_file() and place.read_bytes() == content):  # else it is damaged
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                place.parent.mkdir(mode=0o700, exist_ok=True)
                write_atomically(place, content)  # an upload of the same picture may be reading it
        except OSError as error:
            raise KlingError(
                f"{harmless} cannot be kept in {place.parent} ({error.strerror}): give its path instead."
            ) from None
        return place

    def facts(self, path: Path) -> Facts | None:
        """What is in a file; None when there is none that can be read."""
        found = self._look(path)
        return found if isinstance(found, Facts) else None

    def problems(self, field: AnyField, model: Model, path: Path) -> tuple[Problem, ...]:
        """What is wrong with a file in a field: an error when it could not be uploaded, else warnings."""
        found = self._look(path)
        if isinstance(found, Facts):
            return tuple(limits.problems(field, model, path.name, found))
        if isinstance(field, Clips):
            return ()  # it can be sent from nowhere, which its field says
        return tuple(Problem("error", field.name, each.message, each.hint) for each in found.problems)

    def check(self, request: VideoRequest) -> tuple[Problem, ...]:
        """What is wrong with all the local files of a request, and what is doubtful about its links."""
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
        """A small picture of a picture as a data URI; "" where there is none."""
        facts = self.facts(path)
        if facts is None:
            return ""
        try:
            return self._remembered("thumbnail", path, lambda: thumbnail(path.expanduser(), facts))
        except Exception:  # noqa: BLE001 - a broken picture breaks its decoder in ways of its own; it is not shown
            return self._remembered("thumbnail", path, str)

    def playable(self, path: Path) -> str:
        """A clip or a sound of up to 5 MB as a data URI; "" for anything else."""
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
        except OSError:  # it has gone meanwhile
            return ""

    def read(self, path: Path) -> bytes | None:
        """The bytes of a picture as it is uploaded, for showing it in the page; None when there is none that can be
        (20 MB)."""
        try:
            return probe.ready(probe.check_upload(path)).content
        except InvalidRequestError:
            return None

    def _look(self, path: Path) -> Facts | InvalidRequestError:
        try:
            return self._remembered("facts", path, lambda: probe.facts_of(path))
        except InvalidRequestError as error:
            return error

    def _remembered(self, what: str, path: Path, make: Callable[[], _T]) -> _T:
        try:
            place = path.expanduser().absolute()
            stamp = os.stat(place)
        except (OSError, ValueError, RuntimeError):
            return make()
        key = (what, place, stamp.st_mtime_ns, stamp.st_size, stamp.st_ino)
        if key not in self._known:
            made = make()
            while len(self._known) >= _MOST_KNOWN:
                self._known.pop(next(iter(self._known)), None)
            self._known[key] = made
        return self._known[key]  # type: ignore[no-any-return]
