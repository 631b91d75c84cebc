"""Names of video files."""

from __future__ import annotations

import hashlib
import re
import time
import unicodedata

_LONGEST_SLUG = 40  # characters
_LONGEST_SLUG_BYTES = 100  # a name may have 255 bytes (143 if encrypted), and a Chinese character takes three


def slug(prompt: str) -> str:
    """Return the first words of a prompt for a file name: letters and digits of any script, joined by hyphens."""
    text = unicodedata.normalize("NFC", prompt[:1000]).lower()
    # Keep letters, digits, and marks, which Hindi and Thai need; drop format characters.
    kept = (char if unicodedata.category(char)[0] in "LNM" else "" if _is_format(char) else "-" for char in text)
    words = re.sub(r"-+", "-", "".join(kept)).strip("-")[:_LONGEST_SLUG]
    while len(words.encode()) > _LONGEST_SLUG_BYTES:
        words = words[:-1]
    return words.strip("-") or "video"


def _is_format(char: str) -> bool:
    return unicodedata.category(char) == "Cf"  # joiners inside words, and marks that change the reading direction


def name_for(prompt: str, task_id: str, created: float, *, demo: bool) -> str:
    """Return the file name of a video: local time, prompt, "demo" if it is one, and a short hash of the task id.

    Args:
        prompt: the prompt.
        task_id: the service's task id.
        created: when the task was created, in Unix seconds.
        demo: whether the demo made the video.
    """
    when = time.strftime("%Y-%m-%d_%H%M", time.localtime(created))
    return f"{when}_{slug(prompt)}_{'demo_' if demo else ''}{task_hash(task_id)}.mp4"


def task_hash(task_id: str) -> str:
    return hashlib.sha256(task_id.encode()).hexdigest()[:6]
