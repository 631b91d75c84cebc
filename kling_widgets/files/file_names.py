"""Names of video files, and of the pictures that are kept for requests."""

from __future__ import annotations

import hashlib
import re
import time
import unicodedata
from pathlib import PurePosixPath

from kling_widgets.core.key_patterns import looks_like_key

_LONGEST_SLUG = 40  # characters
_LONGEST_SLUG_BYTES = 100  # a name may have 255 bytes (143 if encrypted), and a Chinese character takes three


def slug(prompt: str, default: str = "video") -> str:
    """Return the first words of a text for a file name: letters and digits of any script, joined by hyphens."""
    text = unicodedata.normalize("NFC", prompt[:1000]).lower()
    # Keep letters, digits, and marks, which Hindi and Thai need; drop format characters.
    kept = (char if unicodedata.category(char)[0] in "LNM" else "" if _is_format(char) else "-" for char in text)
    words = re.sub(r"-+", "-", "".join(kept)).strip("-")[:_LONGEST_SLUG]
    while len(words.encode()) > _LONGEST_SLUG_BYTES:
        words = words[:-1]
    return words.strip("-") or default


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


def input_name(name: str, content: bytes) -> str:
    """Return the file name of a kept picture: the words of its original name, and a short hash of its content.

    Args:
        name: the original name, also of another operating system; only letters and digits of it are used, and none if
            they look like an API key, which would be masked in code.
        content: the bytes of the file.
    """
    original = PurePosixPath(name.replace("\\", "/"))
    ending = re.sub(r"[^a-z0-9]", "", original.suffix.lower())[:5]
    end = f"_{content_hash(content)}" + (f".{ending}" if ending else "")
    kept = slug(original.stem, "picture") + end
    return "picture" + end if looks_like_key(kept) else kept


def content_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def task_hash(task_id: str) -> str:
    return hashlib.sha256(task_id.encode()).hexdigest()[:6]
