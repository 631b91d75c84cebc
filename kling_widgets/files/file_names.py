"""Names of video files."""

from __future__ import annotations

import hashlib
import re
import time
import unicodedata

_LONGEST_SLUG = 40  # characters
_LONGEST_SLUG_BYTES = 100  # a name may have 255 bytes (143 where it is encrypted), and Chinese takes three a character


def slug(prompt: str) -> str:
    """A few words of the prompt for a file name, in any script, without anything that a file system could mistake."""
    text = unicodedata.normalize("NFC", prompt[:1000]).lower()
    # Letters, digits, and marks, without which Hindi or Thai cannot be read; what has no form of its own goes.
    kept = (char if unicodedata.category(char)[0] in "LNM" else "" if _formless(char) else "-" for char in text)
    words = re.sub(r"-+", "-", "".join(kept)).strip("-")[:_LONGEST_SLUG]
    while len(words.encode()) > _LONGEST_SLUG_BYTES:
        words = words[:-1]
    return words.strip("-") or "video"


def _formless(char: str) -> bool:
    return unicodedata.category(char) == "Cf"  # joiners inside words; and marks that turn the reading direction


def name_for(prompt: str, task_id: str, created: float, *, demo: bool) -> str:
    """The name of a video: when, what, which task; and "demo" where it is one."""
    when = time.strftime("%Y-%m-%d_%H%M", time.localtime(created))
    return f"{when}_{slug(prompt)}_{'demo_' if demo else ''}{_mark(task_id)}.mp4"


def _mark(task_id: str) -> str:
    return hashlib.sha256(task_id.encode()).hexdigest()[:6]
