"""Detection of text that looks like an API key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

# A key of this service or of one like it. Such text is never sent in a prompt, saved or shown in a message. After a
# letter it must be longer and without a hyphen, as some words end in sk: "a desk-mounted-microphone".
KEY = re.compile(r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}|sk-[A-Za-z0-9]{32,}")

MASK = "sk-…"


def was_masked(value: object) -> bool:
    """Return whether a key in the value was masked; such a value must not be sent."""
    return any(MASK in text for text in texts_in(value))


def looks_like_key(value: object) -> bool:
    """Return whether text that looks like an API key occurs anywhere in the value."""
    if isinstance(value, (str, PurePath)):
        return bool(KEY.search(str(value)))
    if isinstance(value, dict):
        return any(looks_like_key(name) or looks_like_key(item) for name, item in value.items())
    return isinstance(value, list) and any(map(looks_like_key, value))


# Keys of other services, by their prefix. They cause a warning only, as a prompt may contain one on purpose; but the
# prompt is sent and saved with the notebook.
_OTHER_SERVICES = {
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
_OTHER_KEYS = {
    owner: re.compile(rf"(?<![A-Za-z0-9_-])(?:{pattern})", re.ASCII) for owner, pattern in _OTHER_SERVICES.items()
}


def may_hold_key(value: object) -> bool:
    """Return whether a key of any service, or the mask of one, may occur in the value.

    This one quick search makes the exact checks unnecessary for nearly every value.
    """
    text = "\n".join(texts_in(value))
    return MASK in text or any(pattern.search(text) for pattern in (KEY, *_OTHER_KEYS.values()))


def other_key_owner(value: object) -> str:
    """Return the name of the other service whose API key occurs in the value, or "".

    Links are not searched, as signed ones contain a key's id legitimately.
    """
    prose = " ".join(re.sub(r"https?://\S+", " ", text) for text in texts_in(value))
    return next((owner for owner, pattern in _OTHER_KEYS.items() if pattern.search(prose)), "")


def texts_in(value: object) -> Iterator[str]:
    """Yield every text in a value, including the keys of objects."""
    if isinstance(value, (str, PurePath)):
        yield str(value)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
