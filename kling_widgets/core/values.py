"""Values that a request may hold: JSON, and paths of local files in it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from numbers import Integral, Real
from os import PathLike
from pathlib import Path, PurePath
from typing import Any, TypeAlias

from kling_widgets.errors import one_line

# JSON with a Path where a local file is meant.
JSON: TypeAlias = Any

_DEEPEST = 40  # levels; deeper than any body of the service, and far from Python's own limit
_LONGEST_NUMBER = 1023  # bits, so that it is a float too; Python refuses to write numbers of many thousand digits


def plain(value: object, depth: int = 0) -> JSON:
    """A deep copy as JSON with paths. What JSON has no word for becomes text, so that making a request never raises."""
    if value is None or isinstance(value, (bool, PurePath)):
        return value
    if isinstance(value, str):
        # A lone surrogate cannot be sent; it would fail only when the body is encoded.
        return value.encode("utf-8", "replace").decode("utf-8")
    try:
        if type(value).__name__ in ("bool", "bool_"):  # numpy's, by its two names
            return bool(value)
        if isinstance(value, Integral):  # numpy's integers too
            number = int(value)
            return number if number.bit_length() <= _LONGEST_NUMBER else f"<{type(value).__name__}>"
        if isinstance(value, Real):
            return float(value) if math.isfinite(value) else str(float(value))
        if isinstance(value, PathLike):
            return Path(value)
        if depth < _DEEPEST and isinstance(value, Mapping):
            return {as_name(plain(key, depth + 1)): plain(item, depth + 1) for key, item in value.items()}
        if depth < _DEEPEST and isinstance(value, (list, tuple)):
            return [plain(item, depth + 1) for item in value]
    except Exception:  # noqa: BLE001, S110 - an object of the user's may raise anything; it is a problem, not a crash
        pass
    return f"<{type(value).__name__}>"


def nameless(text: str) -> str:
    """The kind of the object for which ``plain`` had no word, such as "ndarray"; "" for any other text."""
    found = re.fullmatch(r"<([A-Za-z_]\w*)>", text)
    return found[1] if found else ""


def as_name(value: JSON) -> str:
    """A value that stands where a name should: as text."""
    return value if isinstance(value, str) else to_json(masked(value))


def is_local(text: str) -> bool:
    """Whether text that stands for media names a local file: it has no scheme, as ``https://`` would be, and does not
    stand for an object."""
    return "://" not in text and not text.lower().startswith("data:") and not nameless(text)


def paths_in(value: JSON) -> Iterator[Path]:
    """Every local path in a value, in order."""
    if isinstance(value, PurePath):
        yield Path(value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from paths_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from paths_in(item)


def with_links(value: JSON, link: Callable[[Path], str]) -> JSON:
    """A copy of the value in which every local path is replaced by its link."""
    if isinstance(value, PurePath):
        return link(Path(value))
    if isinstance(value, dict):
        return {key: with_links(item, link) for key, item in value.items()}
    if isinstance(value, list):
        return [with_links(item, link) for item in value]
    return value


def map_strings(value: JSON, change: Callable[[str], str]) -> JSON:
    """A copy of the value in which every text, names in objects too, is changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): map_strings(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [map_strings(item, change) for item in value]
    return value


def to_json(value: JSON, indent: int | None = None) -> str:
    """The value as JSON text; a path as its text. What a terminal would obey, an editor would take for the end of a
    line, or would turn the reading direction stands as its escape, which says the same."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return _MISREAD.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


# json escapes the other control characters itself; these can stand only in texts, where an escape may stand.
_MISREAD = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def shorten(value: JSON, longest: int = 60) -> str:
    """The value in a message: its text in quotes on one line, cut, and never with a key in it."""
    value = masked(value)
    return f"“{one_line(value if isinstance(value, str) else to_json(value), longest)}”"


# A key of this service or of one like it. Such text never travels in a prompt, a file or a message. Behind a letter it
# must be longer and without a hyphen, as words end in sk: "a desk-mounted-microphone".
_KEY = re.compile(r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}|sk-[A-Za-z0-9]{32,}")

_MASK = "sk-…"


def masked(value: JSON) -> JSON:
    """A copy of the value fit to be shown: paths as text that can be encoded, and ``sk-…`` where a key stood.

    To be used before the value is turned into one text: behind an escape ("\\nsk-…") a key is harder to tell.
    """
    return map_strings(with_links(value, str), lambda text: _KEY.sub(_MASK, plain(text)))


def was_masked(value: JSON) -> bool:
    """Whether a key stood somewhere in the value: it is not to be sent with that hole in it."""
    return any(_MASK in text for text in _texts_in(value))


def looks_like_key(value: JSON) -> bool:
    """Whether what looks like an API key stands anywhere in the value."""
    if isinstance(value, (str, PurePath)):
        return bool(_KEY.search(str(value)))
    if isinstance(value, dict):
        return any(looks_like_key(name) or looks_like_key(item) for name, item in value.items())
    return isinstance(value, list) and any(map(looks_like_key, value))


# Keys of other services, by how they begin. They are not refused, as one may stand in a prompt on purpose, but what is
# typed into a prompt is sent away and saved with the notebook.
_OTHERS = {
    "Google": r"AIza[\w-]{35}",
    "Amazon": r"A[KS]IA[A-Z0-9]{16}",
    "GitHub": r"gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22}",
    "GitLab": r"glpat-[\w-]{20}",
    "Slack": r"xox[abprs]-[\w-]{20}",
    "Hugging Face": r"hf_[A-Za-z0-9]{30}",
    "Replicate": r"r8_[A-Za-z0-9]{30}",
    "fal": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{32}",
    "a web session (JWT)": r"eyJ[\w-]{10,500}\.eyJ[\w-]{10,5000}\.[\w-]{10}",
}
_OTHER = {owner: re.compile(rf"(?<![A-Za-z0-9_-])(?:{pattern})", re.ASCII) for owner, pattern in _OTHERS.items()}


def foreign_key(value: JSON) -> str:
    """Whose key something in the value looks like, or "". A link is no place to look: signed ones hold the name of a
    key by right."""
    prose = " ".join(re.sub(r"https?://\S+", " ", text) for text in _texts_in(value))
    return next((owner for owner, pattern in _OTHER.items() if pattern.search(prose)), "")


def _texts_in(value: JSON) -> Iterator[str]:
    """Every text in a value, names in objects too."""
    if isinstance(value, (str, PurePath)):
        yield str(value)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_in(item)
