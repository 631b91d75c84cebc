"""Presets: requests that a user saved by a name, each in a small file of its own: two kernels never write the same."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from kling_widgets.catalog.all_fields import field_of
from kling_widgets.core.json_values import JSON, paths_in, plain, shorten, to_json, with_links
from kling_widgets.core.key_patterns import looks_like_key
from kling_widgets.core.text import one_line
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.files.data_dir import abbreviate_home, write_whole
from kling_widgets.files.file_names import slug
from kling_widgets.request.request import VideoRequest

LONGEST_NAME = 80  # characters
LARGEST = 1_000_000  # bytes of a file; a request has some hundred


@dataclass(frozen=True, slots=True)
class _Preset:
    name: str
    path: Path
    request: VideoRequest


class PresetStore:
    """The presets in a folder; safe to use from several threads and processes. What is saved last under a name counts.

    Args:
        folder: made when the first one is saved.

    Attributes:
        trouble: the files that could not be read when the folder was last looked through, in one sentence, or "".
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trouble = ""

    def names(self) -> tuple[str, ...]:
        """The saved names, in the order of the alphabet."""
        return tuple(self._read())

    def save(self, name: str, request: VideoRequest) -> tuple[str, ...]:
        """Saves the request, finished or not; one of this name is replaced, unless it is in a file that somebody else
        put here: ours comes before it.

        Returns:
            The labels of the fields that hold files of this machine. Of these only the names are kept, so that what is
            missing can be said: whoever reads a preset later takes only links from it.

        Raises:
            KlingError: the name is empty or too long, the request is too large, something looks like an API key, a file
                stands where its absence could not be told, or the preset's own file cannot be written.
        """
        name = tidy(name)
        if looks_like_key(name) or looks_like_key(dict(request.values)) or looks_like_key(request.model):
            raise InvalidRequestError("What looks like an API key is never saved: take it out first.")
        fields = {field: with_links(value, _missing) for field, value in request.values.items()}
        left = {field: _label(field) for field, value in request.values.items() if any(paths_in(value))}
        for field, label in left.items():
            if not _is_refused(field, fields[field]):
                raise InvalidRequestError(f"{label} holds a file, which a preset cannot keep: take it out first.")
        content = to_json({"name": name, "model": request.model, "fields": fields}, indent=1).encode()
        if len(content) > LARGEST:
            raise InvalidRequestError(f"This is too large for a preset: {len(content):,} bytes, {LARGEST:,} at most.")
        try:
            write_whole(self.folder / _file_name(name), content)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise KlingError(f"The preset cannot be saved in {abbreviate_home(self.folder)} ({why}).") from None
        return tuple(left.values())

    def load(self, name: str) -> VideoRequest:
        """The request that was saved by this name. Text in it is never a path of this machine: a file that was not kept
        is an error of its field, so that nothing is sent without it.

        Raises:
            KlingError: there is none, or it cannot be read.
        """
        return self._find(name).request

    def delete(self, name: str) -> None:
        """Deletes a preset.

        Raises:
            KlingError: there is none, or it cannot be deleted.
        """
        try:
            self._find(name).path.unlink(missing_ok=True)
        except OSError as error:
            raise KlingError(f"The preset {shorten(name)} cannot be deleted ({error.strerror}).") from None

    def _find(self, name: str) -> _Preset:
        found = self._read()
        try:
            return found[tidy(name)]
        except KeyError:
            saved = f"Saved are: {', '.join(found)}." if found else "None is saved yet."
            raise KlingError(f"There is no preset {shorten(name)}. {saved} {self.trouble}".strip()) from None

    def _read(self) -> dict[str, _Preset]:
        """Every preset that can be read, by its name."""
        found: dict[str, _Preset] = {}
        broken: list[str] = []
        try:
            paths = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        except OSError as error:  # no folder of this user's, or no possible one
            self.trouble = f"The presets in {abbreviate_home(self.folder)} cannot be read ({error.strerror})."
            return {}
        for path in paths:
            try:
                preset = _preset(path)
                if preset.name not in found or path.name == _file_name(preset.name):  # our own file before others
                    found[preset.name] = preset
            except FileNotFoundError:  # deleted meanwhile, by another kernel
                pass
            except (OSError, ValueError, RecursionError, KlingError):
                broken.append(shorten(path.name, 40).strip("“”"))
        some = ", ".join(broken[:3]) + (" …" if len(broken) > 3 else "")
        self.trouble = f"What cannot be read in {abbreviate_home(self.folder)}: {some}." if broken else ""
        return {name: found[name] for name in sorted(found, key=lambda name: (name.casefold(), name))}


def tidy(name: str) -> str:
    """A name as it is kept: on one line, in one of the ways that Unicode has to write it.

    Raises:
        KlingError: it is empty, or too long.
    """
    name = one_line(unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode()), LONGEST_NAME + 1)
    if not name:
        raise KlingError("Give the preset a name.")
    if len(name) > LONGEST_NAME:
        raise KlingError(f"A preset's name has at most {LONGEST_NAME} characters.")
    return name


def _file_name(name: str) -> str:
    """Readable where it can be, and another one for every name, also where upper and lower case are the same."""
    return f"{slug(name)}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.json"


def _label(field: str) -> str:
    return known.label if (known := field_of(field)) else field


def _missing(path: Path) -> str:
    """What stands for a file that is not kept, as in a request's draft: no link, and no other machine's path."""
    return f"<upload: {plain(path.name)}>"


def _is_refused(field: str, value: JSON) -> bool:
    """Whether the field says of this value, as it is read again, that it cannot be sent."""
    known = field_of(field)
    found = known.check(known.clean(value, paths=False)) if known else ()
    return any(problem.severity == "error" for problem in found)


def _preset(path: Path) -> _Preset:
    """What is in a file; raises OSError, ValueError, RecursionError or KlingError when it is no preset."""
    if not path.is_file():  # a pipe would be waited for
        raise ValueError("it is no file")
    with path.open("rb") as file:
        content = json.loads(file.read(LARGEST))
    match content:
        case {"name": str(name), "model": str(model), "fields": dict(fields)}:
            return _Preset(tidy(name), path, VideoRequest.from_given(model, fields, untrusted=fields))
    raise ValueError("it has no name, model and fields")
