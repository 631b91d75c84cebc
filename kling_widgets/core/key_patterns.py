"""Finds what looks like an API key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

# A key of this service or of one like it. Such text never travels in a prompt, a file or a message. Behind a letter it
# must be longer and without a hyphen, as words end in sk: "a desk-mounted-microphone".
KEY = re.compile(r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}|sk-[A-Za-z0-9]{32,}")

MASK = "sk-…"


def was_masked(value: object) -> bool:
    """Whether a key stood somewhere in the value: it is not to be sent with that hole in it."""
    return any(MASK in text for text in texts_in(value))


def looks_like_key(value: object) -> bool:
    """Whether what looks like an API key stands anywhere in the value."""
    if isinstance(value, (str, PurePath)):
        return bool(KEY.search(str(value)))
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


def may_hold_key(value: object) -> bool:
    """Return whether a key of any service, or the hole of one that was taken out, may stand in the value: one search
    that spares nearly every value the more exact ones."""
    text = "\n".join(texts_in(value))
    return MASK in text or any(pattern.search(text) for pattern in (KEY, *_OTHER.values()))


def foreign_key(value: object) -> str:
    """Whose key something in the value looks like, or "". A link is no place to look: signed ones hold the name of a
    key by right."""
    prose = " ".join(re.sub(r"https?://\S+", " ", text) for text in texts_in(value))
    return next((owner for owner, pattern in _OTHER.items() if pattern.search(prose)), "")


def texts_in(value: object) -> Iterator[str]:
    """Every text in a value, names in objects too."""
    if isinstance(value, (str, PurePath)):
        yield str(value)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
