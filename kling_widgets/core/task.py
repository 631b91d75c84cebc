"""A task of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from kling_widgets.core.text import one_line

Status = Literal["queued", "running", "succeeded", "failed", "unknown"]


@dataclass(frozen=True, slots=True, repr=False)
class Task:
    """A task of the service, as one reply described it. Immutable: asking again gives a new one.

    Attributes:
        id: the service's id, opaque.
        model: the full model id, or None if the reply does not name it.
        status: "queued", "running", "succeeded", "failed"; "unknown" is a word that we do not know, and no end.
        progress: per cent as reported, 0 to 100, or None. Often a mark of the state and no progress, see
            :class:`kling_widgets.client.polling.Progress`.
        url: a link to the video, or None.
        error: why it failed, one line in the service's words, or None.
        created_at: when the service took it, unix seconds, or None.
        word: the service's own word for the status.
        raw: the whole reply, for fields that we do not know.
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
        """Whether the service is done with it, well or badly."""
        return self.status in ("succeeded", "failed")

    def __repr__(self) -> str:
        told = f" ({one_line(self.word, 40)})" if self.status == "unknown" and self.word else ""
        progress = "" if self.progress is None or self.ended else f", {self.progress} %"
        return f"<Task {one_line(self.id, 80)}: {self.status}{told}{progress}>"
