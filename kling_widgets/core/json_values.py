"""Values that a request may hold: JSON, with paths for local files."""

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

# JSON in which a Path stands for a local file.
JSON: TypeAlias = Any

_MAX_DEPTH = 40  # levels; deeper than any body of the service, and far from Python's own limit
# Markers of missing values in tables, by type name, as pandas may not be installed.
_MISSING_TYPES = {"NoneType": "None", "NAType": "NA", "NaTType": "NaT", "MaskedConstant": "masked"}
MISSING = ("NaN", *_MISSING_TYPES.values())
BOOLS = ("bool", "bool_")  # the kinds of a boolean: numpy uses either name for its own


def kind_of(value: object) -> str:
    """Return the kind of a value, such as "NaN", "bool" or "Series", or "" if it is text, a number or a path.

    Never raises, whatever the object.
    """
    name = type(value).__name__
    kind = _MISSING_TYPES.get(name) or re.sub(r"\W", "_", name)
    try:
        if isinstance(value, (str, PathLike)):
            return ""
        # numpy registers its time differences as integers, whatever their unit.
        if isinstance(value, (Real, Decimal)) and name not in (*BOOLS, "timedelta64"):
            number = float(value)  # raises for hundreds of digits, which Python may refuse to print
            return "" if math.isfinite(number) else "NaN" if math.isnan(number) else "infinity"
    except Exception:  # noqa: BLE001, S110 - the user's own object may raise anything
        pass
    return kind


def plain(value: object, depth: int = 0) -> JSON:
    """Return a deep copy of a value as JSON with paths.

    A value that JSON cannot represent becomes a placeholder text, which ``unusable_kinds`` finds. So creating a request
    never raises.
    """
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
        if depth < _MAX_DEPTH and isinstance(value, Enum):
            return plain(value.value, depth + 1)
        if depth < _MAX_DEPTH and isinstance(value, Mapping):
            return {as_name(plain(key, depth + 1)): plain(item, depth + 1) for key, item in value.items()}
        if depth < _MAX_DEPTH and isinstance(value, (list, tuple)):
            return [plain(item, depth + 1) for item in value]
        if kind not in MISSING and isinstance(single := _single(value), (str, bool, int, float)):
            return plain(single, depth + 1)
    except Exception:  # noqa: BLE001, S110 - reported as a problem of the request, not raised
        pass
    return f"<unusable: {kind}>"


def _number(value: Any) -> int | float:
    if isinstance(value, Integral):  # includes numpy's integers
        return int(value)
    try:  # by way of its text: a 32-bit 2.6 becomes 2.6, not 2.5999999046
        return float(value if isinstance(value, float) else str(value))
    except ValueError:  # a Fraction
        return float(value)


def _single(value: Any) -> object:
    """Return the scalar in a zero-dimensional array; None for anything else, including dates and time differences."""
    is_scalar = hasattr(type(value), "__array__") and getattr(value, "shape", None) == ()
    return value.item() if is_scalar and getattr(getattr(value, "dtype", None), "kind", "") not in ("m", "M") else None


_PLACEHOLDER = re.compile(r"<unusable: (\w+)>")
# The default repr of an object, with its address; an f-string can put it into a prompt.
_DEFAULT_REPR = re.compile(
    r"<(?:[A-Za-z_]\w{0,80}\.)*+([A-Za-z_]\w{0,80})[^<>]{0,200}(?:<[^<>]{1,80}>[^<>]{0,80})? at 0x[0-9A-Fa-f]{6,16}>"
)


def unusable_kinds(value: JSON) -> Iterator[str]:
    """Yield the kind of each object in a plain value that cannot be sent.

    These are objects that ``plain`` replaced by a placeholder ("NaN", "ndarray"), and objects whose default repr, with
    a memory address, is part of a text ("City").
    """
    for text in texts_in(value):
        if found := _PLACEHOLDER.search(text) or _DEFAULT_REPR.search(text):
            yield found[1]


def is_missing(value: JSON) -> bool:
    """Return whether a plain value is None or a table's marker of a missing value (NaN, NA)."""
    found = _PLACEHOLDER.fullmatch(value) if isinstance(value, str) else None
    return value is None or (found is not None and found[1] in MISSING)


# Invisible characters, for use in a character class of a regular expression: Unicode's Default_Ignorable_Code_Point,
# control characters other than whitespace, the blank Braille pattern, and the object replacement character.
INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\ufffc\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(rf"[\s{INVISIBLE}]")


def is_blank(text: str) -> bool:
    """Return whether a text has no visible character, only whitespace, control and format characters, and fillers."""
    return all(_INVISIBLE.match(each) or unicodedata.category(each) == "Cf" for each in text)


def as_name(value: JSON) -> str:
    """Return a value that is used as a name as text."""
    return value if isinstance(value, str) else to_json(masked(value))


def is_local(text: str) -> bool:
    """Return whether text in a media field names a local file.

    Such text has no scheme, such as ``https://``, is not itself an encoded picture, and is no placeholder of ``plain``.
    """
    return "://" not in text and not is_embedded(text) and not _PLACEHOLDER.fullmatch(text)


# The first bytes of picture files in base64: jpeg, png, gif, webp, bmp, tiff, heic and avif.
_BASE64 = re.compile(
    r"(?:[/_]9j[/_]|iVBORw0KGgo|R0lGOD|UklGR|Qk[0-9A-Za-z+/]{2}|SUkqA|TU0AK|AAAA[\w+/-]GZ0eX)"
    r"[A-Za-z0-9+/_\s-]{50,}=*\s*"
)


def is_embedded(text: str) -> bool:
    """Return whether text is an encoded picture, as a ``data:`` link or in base64, rather than the name of one."""
    return text.lower().startswith("data:") or bool(_BASE64.fullmatch(text))


def paths_in(value: JSON) -> Iterator[Path]:
    """Yield every local path in a value, in order."""
    if isinstance(value, PurePath):
        yield Path(value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from paths_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from paths_in(item)


def with_links(value: JSON, link: Callable[[Path], JSON]) -> JSON:
    """Return a copy of a value in which every local path is replaced by its link."""
    if isinstance(value, PurePath):
        return link(Path(value))
    if isinstance(value, dict):
        return {key: with_links(item, link) for key, item in value.items()}
    if isinstance(value, list):
        return [with_links(item, link) for item in value]
    return value


def map_strings(value: JSON, change: Callable[[str], str]) -> JSON:
    """Return a copy of a value with ``change`` applied to every text, including the keys of objects."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): map_strings(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [map_strings(item, change) for item in value]
    return value


def to_json(value: JSON, indent: int | None = None) -> str:
    """Return a value as JSON text, with paths as text.

    Characters that a terminal would execute, that an editor would treat as the end of a line, or that change the
    reading direction are escaped, which JSON reads as the same text.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


# json escapes the other control characters itself. These occur only inside strings, where an escape is valid.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def shorten(value: JSON, longest: int = 60) -> str:
    """Return a value for use in a message: in quotes, on one line, cut to ``longest`` and with API keys masked."""
    value = masked(value)
    return f"“{one_line(value if isinstance(value, str) else to_json(value), longest)}”"


def masked(value: JSON) -> JSON:
    """Return a copy of a value that is safe to show: paths as encodable text, and API keys replaced by ``sk-…``.

    Paths have slashes on Windows too, so that code with relative ones runs elsewhere.

    Call it before the value is serialised: a key after an escape ("\\nsk-…") is harder to detect.
    """
    return map_strings(with_links(value, Path.as_posix), lambda text: KEY.sub(MASK, plain(text)))
