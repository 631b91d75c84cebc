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
    """The state of a job at one moment.

    Attributes:
        state: the state. "unknown": the answer to the submission was lost; "stopped": the job is no longer watched.
        elapsed: seconds since the submission was accepted, or written down if it is not accepted yet.
        percent: progress from 0 to 100, or None. The gateway's placeholder values are left out.
        remaining: an estimate of the seconds left, from and to, or None.
        silent: seconds since the last usable answer, if the last poll failed; else None.
        trouble: the error of the last poll, if it failed; else None.
        again: whether the service has restarted the task: moved it back to the queue, or to a lower percentage.
        fetched: bytes of the video downloaded so far and in all (None if the size is not known).
        word: the service's own word for a status that this package does not know, or "".
        url: the link to the video, once there is one.
        error: the reason why the job ended without a saved video, or None.
        clip: the saved video, or None.
        took: seconds from acceptance to the end at the service; None if that is not known, as when nobody watched the
            end.
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
        """The attributes whose changes are shown and reported; the others change with every second or byte."""
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
