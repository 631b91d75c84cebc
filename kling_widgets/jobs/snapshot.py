"""The state of a job at one moment, for its user and its views."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal

from kling_widgets.core.text import one_line
from kling_widgets.errors import KlingError
from kling_widgets.media.clip import Clip

State = Literal["sending", "queued", "running", "fetching", "done", "failed", "refused", "unknown", "stopped"]
ENDED: frozenset[State] = frozenset({"done", "failed", "refused", "unknown", "stopped"})


@dataclass(frozen=True, slots=True, repr=False)
class JobSnapshot:
    """State of a job at one moment. ``Job.events`` yields it.

    Attributes:
        state: "sending", "queued", "running" or "fetching" (the download); or an end: "done", "failed", "refused",
            "unknown" (the answer to the submission was lost), "stopped" (no longer watched; the task continues).
        elapsed: seconds since it was submitted.
        percent: real progress, 0 to 100; None if the service reports none, or only marks of its stages.
        remaining: the estimated seconds that are left, as (from, to), or None.
        silent: seconds since the last answer, if the service does not answer now; else None.
        trouble: the error of the last poll, if the service does not answer now; else None.
        again: whether the service has put the task back, into the queue or to a lower percentage.
        fetched: bytes of the video that are downloaded, and all bytes or None if that is not known.
        word: the service's own word for a state that this version does not know, or "".
        url: the link to the video, or None.
        error: the reason why there is no video on disk, or None.
        clip: the saved video, or None.
        took: seconds from acceptance until the service had finished the video, or None if that is not known.

    Example:
        >>> job = kw.submit("2.6", prompt="a paper boat in the rain")
        >>> *_, last = job.events()
        >>> last.state, last.clip.path == job.path
        ('done', True)
    """

    state: State
    elapsed: float = 0.0
    percent: int | None = None
    remaining: tuple[float, float] | None = None
    silent: float | None = None
    trouble: KlingError | None = None
    again: bool = False
    fetched: tuple[int, int | None] = (0, None)
    word: str = ""
    url: str | None = None
    error: KlingError | None = None
    clip: Clip | None = None
    took: float | None = None

    @property
    def news(self) -> tuple[object, ...]:
        """The part of the snapshot that a user would call a change; times and byte counts are not in it."""
        return self.state, self.percent, self.silent is not None, type(self.trouble), self.again, self.word

    def __repr__(self) -> str:
        progress = "" if self.percent is None else f", {self.percent} %"
        error = f": {self.error}" if self.error else ""
        return one_line(f"<JobSnapshot {self.state}{progress}, {self.elapsed:.0f} s{error}>", 300)


@dataclass(frozen=True, slots=True, eq=False)
class JobEvent:
    """A link in the chain of a job's snapshots; readers hold a link, so no list of old snapshots is kept.

    Attributes:
        snapshot: the job's state at that moment.
        following: a future of the next link.
    """

    snapshot: JobSnapshot
    following: Future[JobEvent] = field(default_factory=Future)


Listener = Callable[[JobSnapshot], None]
