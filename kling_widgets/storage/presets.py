"""Presets: requests saved by name, each in a small file of its own, so that two kernels never write the same file."""

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
from kling_widgets.files.data_dir import abbreviate_home, write_atomically
from kling_widgets.files.file_names import slug
from kling_widgets.request.request import VideoRequest

LONGEST_NAME = 80  # characters
LARGEST = 1_000_000  # bytes of a file; a typical request has a few hundred


@dataclass(frozen=True, slots=True)
class _Preset:
    name: str
    path: Path
    request: VideoRequest


class PresetStore:
    """The presets in a folder; safe to use from several threads and processes. The last one saved under a name is kept.

    Args:
        folder: created with the first preset.

    Attributes:
        trouble: a sentence with the files that could not be read at the last look into the folder, or "".
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trouble = ""

    def names(self) -> tuple[str, ...]:
        """Return the saved names in alphabetical order."""
        return tuple(self._read())

    def save(self, name: str, request: VideoRequest) -> tuple[str, ...]:
        """Save a request, complete or not; replace the preset of this name.

        A preset of this name in a file that somebody else put there is not replaced; ours takes precedence.

        Returns:
            The labels of the fields that hold files of this machine. Only the names of these files are saved, for
            messages about missing files, as a preset that is loaded can only bring links.

        Raises:
            InvalidRequestError: something looks like an API key, the request is too large, or a field holds a file
                whose absence it would not report.
            KlingError: the name is empty or too long, or the file cannot be written.
        """
        name = tidy(name)
        if looks_like_key(name) or looks_like_key(dict(request.values)) or looks_like_key(request.model):
            raise InvalidRequestError("Text that looks like an API key is never saved: remove it first.")
        fields = {field: with_links(value, _placeholder) for field, value in request.values.items()}
        left = {field: _label(field) for field, value in request.values.items() if any(paths_in(value))}
        for field, label in left.items():
            if not _is_refused(field, fields[field]):
                raise InvalidRequestError(f"{label} holds a file, which a preset cannot save: remove it first.")
        content = to_json({"name": name, "model": request.model, "fields": fields}, indent=1).encode()
        if len(content) > LARGEST:
            raise InvalidRequestError(f"This is too large for a preset: {len(content):,} bytes, {LARGEST:,} at most.")
        try:
            write_atomically(self.folder / _file_name(name), content)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise KlingError(f"The preset cannot be saved in {abbreviate_home(self.folder)} ({why}).") from None
        return tuple(left.values())

    def load(self, name: str) -> VideoRequest:
        """Return the request that was saved under a name.

        Text in it is never treated as a path of this machine. A file that was not saved is an error of its field, so
        the request cannot be sent without it.

        Raises:
            KlingError: there is no such preset, or it cannot be read.
        """
        return self._find(name).request

    def delete(self, name: str) -> None:
        """Delete a preset.

        Raises:
            KlingError: there is no such preset, or it cannot be deleted.
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
            saved = f"Saved presets: {', '.join(found)}." if found else "No preset is saved yet."
            raise KlingError(f"There is no preset {shorten(name)}. {saved} {self.trouble}".strip()) from None

    def _read(self) -> dict[str, _Preset]:
        """Return all presets that can be read, by name."""
        found: dict[str, _Preset] = {}
        broken: list[str] = []
        try:
            paths = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        except OSError as error:  # the folder belongs to another user, or its path is not possible
            self.trouble = f"The presets in {abbreviate_home(self.folder)} cannot be read ({error.strerror})."
            return {}
        for path in paths:
            try:
                preset = _preset(path)
                if preset.name not in found or path.name == _file_name(
                    preset.name
                ):  # the file that we would write takes precedence
                    found[preset.name] = preset
            except FileNotFoundError:  # deleted meanwhile by another kernel
                pass
            except (OSError, ValueError, RecursionError, KlingError):
                broken.append(shorten(path.name, 40).strip("“”"))
        some = ", ".join(broken[:3]) + (" …" if len(broken) > 3 else "")
        self.trouble = f"These files in {abbreviate_home(self.folder)} cannot be read: {some}." if broken else ""
        return {name: found[name] for name in sorted(found, key=lambda name: (name.casefold(), name))}


def tidy(name: str) -> str:
    """Return a name in its normal form: on one line, in Unicode form NFC.

    Raises:
        KlingError: the name is empty or too long.
    """
    name = one_line(unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode()), LONGEST_NAME + 1)
    if not name:
        raise KlingError("The preset needs a name.")
    if len(name) > LONGEST_NAME:
        raise KlingError(f"A preset's name has at most {LONGEST_NAME} characters.")
    return name


def _file_name(name: str) -> str:
    """Return a readable file name, different for every name, even if the file system ignores case."""
    return f"{slug(name)}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.json"


def _label(field: str) -> str:
    return known.label if (known := field_of(field)) else field


def _placeholder(path: Path) -> str:
    """Return the text that replaces a file that is not saved, as in a request's draft: neither a link nor a path."""
    return f"<upload: {plain(path.name)}>"


def _is_refused(field: str, value: JSON) -> bool:
    """Return whether the field reports the value, as it is read again, as an error."""
    known = field_of(field)
    found = known.check(known.clean(value, paths=False)) if known else ()
    return any(problem.severity == "error" for problem in found)


def _preset(path: Path) -> _Preset:
    """Read a preset; raise OSError, ValueError, RecursionError or KlingError if the file is none."""
    if not path.is_file():  # reading a pipe would block
        raise ValueError("it is not a regular file")
    with path.open("rb") as file:
        content = json.loads(file.read(LARGEST))
    match content:
        case {"name": str(name), "model": str(model), "fields": dict(fields)}:
            return _Preset(tidy(name), path, VideoRequest.from_given(model, fields, untrusted=fields))
    raise ValueError("it has no name, model and fields")
