"""A task of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from kling_widgets.core.text import one_line

Status = Literal["queued", "running", "succeeded", "failed", "unknown"]


@dataclass(frozen=True, slots=True, repr=False)
class Task:
    """A task of the service, as one reply describes it. Immutable: each poll returns a new one.

    Attributes:
        id: the service's id.
        model: the full id of the model, or None if the reply does not name it.
        status: "queued", "running", "succeeded" or "failed"; "unknown" if the service uses a word that this version
            does not know, which does not end the task.
        progress: percent as reported, 0 to 100, or None. It is often a mark of the stage (10, 20, 30, 100) and no real
            progress.
        url: the link to the video, or None.
        error: the reason of a failure in the service's words, one line, or None.
        created_at: the time of acceptance in unix seconds, or None.
        word: the service's own word for the status.
        raw: the whole reply, parsed.

    Example:
        >>> with kw.Client() as client:
        ...     task = client.generate("2.6", prompt="a paper boat in the rain")
        >>> task.model, task.status, task.progress
        ('aigc-video-kling-2.6', 'succeeded', 100)
    """

    id: str
    model: str | None = None
    status: Status = "unknown"
    progress: int | None = None
    url: str | None = None
    error: str | None = None
    created_at: float | None = None
    word: str = ""
    raw: Any = field(default=None, compare=False)

    @property
    def ended(self) -> bool:
        """Whether the task has succeeded or failed."""
        return self.status in ("succeeded", "failed")

    def __repr__(self) -> str:
        word = f" ({one_line(self.word, 40)})" if self.status == "unknown" and self.word else ""
        progress = "" if self.progress is None or self.ended else f", {self.progress} %"
        return f"<Task {one_line(self.id, 80)}: {self.status}{word}{progress}>"
