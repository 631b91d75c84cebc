"""Values that a request may hold: JSON, and paths of local files in it."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from os import PathLike
from pathlib import Path, PurePath
from typing import Any, TypeAlias

from kling_widgets.core.key_patterns import KEY, MASK, texts_in
from kling_widgets.core.text import one_line

# JSON with a Path where a local file is meant.
JSON: TypeAlias = Any

_DEEPEST = 40  # levels; deeper than any body of the service, and far from Python's own limit
# What tables write where nothing is, by the names of the types, as pandas may not be there.
_MISSING_TYPES = {"NoneType": "None", "NAType": "NA", "NaTType": "NaT", "MaskedConstant": "masked"}
MISSING = ("NaN", *_MISSING_TYPES.values())
BOOLS = ("bool", "bool_")  # the kinds of a truth value: numpy calls its own by either name


def kind_of(value: object) -> str:
    """Return the kind of a value that is no text, number or path, such as "NaN", "bool", "Series"; "" for one that is.

    Never raises, whatever the object.
    """
    name = type(value).__name__
    kind = _MISSING_TYPES.get(name) or re.sub(r"\W", "_", name)
    try:
        if isinstance(value, (str, PathLike)):
            return ""
        # numpy counts its lengths of time as whole numbers, whatever their unit.
        if isinstance(value, (Real, Decimal)) and name not in (*BOOLS, "timedelta64"):
            number = float(value)  # raises for one of many hundred digits, which Python refuses to write
            return "" if math.isfinite(number) else "NaN" if math.isnan(number) else "infinity"
    except Exception:  # noqa: BLE001, S110 - an object of the user's may raise anything
        pass
    return kind


def plain(value: object, depth: int = 0) -> JSON:
    """Return a deep copy as JSON with paths. What JSON has no word for becomes text that ``strays`` finds again, so
    that making a request never raises."""
    if value is None or isinstance(value, (bool, PurePath)):
        return value
    if isinstance(value, str):
        # A lone surrogate cannot be sent; it would fail only when the body is encoded.
        return value.encode("utf-8", "replace").decode("utf-8")
    kind = kind_of(value)
    try:
        if kind in BOOLS:
            return bool(value)
        if not kind:
            return Path(value) if isinstance(value, PathLike) else _number(value)
        if depth < _DEEPEST and isinstance(value, Enum):
            return plain(value.value, depth + 1)
        if depth < _DEEPEST and isinstance(value, Mapping):
            return {as_name(plain(key, depth + 1)): plain(item, depth + 1) for key, item in value.items()}
        if depth < _DEEPEST and isinstance(value, (list, tuple)):
            return [plain(item, depth + 1) for item in value]
        if kind not in MISSING and isinstance(single := _single(value), (str, bool, int, float)):
            return plain(single, depth + 1)
    except Exception:  # noqa: BLE001, S110 - it is a problem of the request, not a crash
        pass
    return f"<unusable: {kind}>"


def _number(value: Any) -> int | float:
    if isinstance(value, Integral):  # numpy's integers too
        return int(value)
    try:  # as it is written: of 32 bits, 2.6 is not 2.5999999046
        return float(value if isinstance(value, float) else str(value))
    except ValueError:  # a fraction
        return float(value)


def _single(value: Any) -> object:
    """Return the one number or text of an array without sides; None for anything else, lengths of time too."""
    alone = hasattr(type(value), "__array__") and getattr(value, "shape", None) == ()
    return value.item() if alone and getattr(getattr(value, "dtype", None), "kind", "") not in ("m", "M") else None


_STAND_IN = re.compile(r"<unusable: (\w+)>")
# What Python prints for an object that has no text of its own; an f-string puts it into a prompt.
_PRINTED = re.compile(
    r"<(?:[A-Za-z_]\w{0,80}\.)*+([A-Za-z_]\w{0,80})[^<>]{0,200}(?:<[^<>]{1,80}>[^<>]{0,80})? at 0x[0-9A-Fa-f]{6,16}>"
)


def strays(value: JSON) -> Iterator[str]:
    """The kind of each thing in a plain value that is none: an object for which ``plain`` had no word ("NaN",
    "ndarray"), or one whose address Python printed into a text ("City")."""
    for text in texts_in(value):
        if found := _STAND_IN.search(text) or _PRINTED.search(text):
            yield found[1]


def is_missing(value: JSON) -> bool:
    """Whether a plain value stands for nothing: None, or what tables write where nothing is (NaN, NA)."""
    found = _STAND_IN.fullmatch(value) if isinstance(value, str) else None
    return value is None or (found is not None and found[1] in MISSING)


# What nobody sees, for a class of a regular expression: Unicode's Default_Ignorable_Code_Point, control characters that
# are no blanks, the empty Braille pattern, and the place of a picture that was not copied along.
UNSEEN = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\ufffc\U000e0000-\U000e0fff"
)
_UNSEEN = re.compile(rf"[\s{UNSEEN}]")


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen: blanks, control and format characters, fillers."""
    return all(_UNSEEN.match(each) or unicodedata.category(each) == "Cf" for each in text)


def as_name(value: JSON) -> str:
    """A value that stands where a name should: as text."""
    return value if isinstance(value, str) else to_json(masked(value))


def is_local(text: str) -> bool:
    """Whether text that stands for media names a local file: it has no scheme, as ``https://`` would be, is no picture
    itself, and does not stand for an object."""
    return "://" not in text and not is_embedded(text) and not _STAND_IN.fullmatch(text)


# The base64 of the bytes that pictures begin with: jpeg, png, gif, webp, bmp, tiff, heic and avif.
_BASE64 = re.compile(
    r"(?:[/_]9j[/_]|iVBORw0KGgo|R0lGOD|UklGR|Qk[0-9A-Za-z+/]{2}|SUkqA|TU0AK|AAAA[\w+/-]GZ0eX)"
    r"[A-Za-z0-9+/_\s-]{50,}=*\s*"
)


def is_embedded(text: str) -> bool:
    """Whether text is a picture itself, as a ``data:`` link or in base64, not the name of one."""
    return text.lower().startswith("data:") or bool(_BASE64.fullmatch(text))


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


def with_links(value: JSON, link: Callable[[Path], JSON]) -> JSON:
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


def masked(value: JSON) -> JSON:
    """A copy of the value fit to be shown: paths as text that can be encoded, and ``sk-…`` where a key stood.

    To be used before the value is turned into one text: behind an escape ("\\nsk-…") a key is harder to tell.
    """
    return map_strings(with_links(value, str), lambda text: KEY.sub(MASK, plain(text)))
