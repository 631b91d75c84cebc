"""A search for a key in whatever was shown or written: as it is, in parts, and as others may have coded it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path

_HEAD, _TAIL = 8, 6  # characters behind "sk-", and at the end, that a "masked" key would show


def forms(key: str) -> dict[str, bytes]:
    """Each form of the key, by its name."""
    body, raw = key.removeprefix("sk-"), key.encode()
    coded = {
        # Wherever it begins within what was coded, some of these three stand in it; the ends depend on what is beside.
        f"base64 at {offset}": base64.b64encode(b"\0" * offset + raw)[(4 if offset else 0) : -4]
        for offset in range(3)
    }
    return {
        "whole": raw,
        "first half": body[:_HEAD].encode(),
        "last half": body[-_TAIL:].encode(),
        "reversed": raw[::-1],
        "hex": raw.hex().encode(),
        "quoted": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "escaped": "".join(f"\\u{ord(char):04x}" for char in key).encode(),
        "UTF-16": key.encode("utf-16-le"),
        **coded,
    }


def found_in(content: str | bytes, key: str) -> list[str]:
    """The names of the forms in which the key stands in it."""
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    return [name for name, form in forms(key).items() if form in data]


def leaking(folders: Iterable[Path], key: str) -> Iterator[str]:
    """Each file in these folders whose name or content holds the key."""
    for folder in folders:
        for path in folder.rglob("*"):
            if hits := found_in(str(path), key) + (found_in(path.read_bytes(), key) if path.is_file() else []):
                yield f"{path}: {', '.join(hits)}"
