"""A search for a key in anything shown or written: plain, in parts, and in common encodings."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path

_HEAD, _TAIL = 8, 6  # characters after "sk-" and at the end that a "masked" key would show


def forms(key: str) -> dict[str, bytes]:
    """Return each encoded form of the key by its name."""
    body, raw = key.removeprefix("sk-"), key.encode()
    coded = {
        # Whatever precedes the key, one of these three encodings occurs; their ends depend on the neighbouring bytes.
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
    """Return the names of the forms of the key that the content contains."""
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    return [name for name, form in forms(key).items() if form in data]


def leaking(folders: Iterable[Path], key: str) -> Iterator[str]:
    """Yield each file in these folders whose name or content contains the key."""
    for folder in folders:
        for path in folder.rglob("*"):
            if hits := found_in(str(path), key) + (found_in(path.read_bytes(), key) if path.is_file() else []):
                yield f"{path}: {', '.join(hits)}"
