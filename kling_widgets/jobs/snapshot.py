"""How a job stands at one moment, for its user and for its views."""

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
    """A job as it stands at one moment.

    Attributes:
        state: where it stands; "unknown" is a submission whose answer was lost, "stopped" is no longer watched.
        elapsed: seconds since it was submitted.
        percent: real progress, 0 to 100, or None: the gateway's marks are none.
        remaining: about how many seconds more, from and to, or None.
        silent: seconds since the last answer, while none comes; else None.
        trouble: what kept the last answer from coming, while none comes; else None.
        again: whether the service has put it back: into the queue, or to an earlier per cent.
        fetched: bytes of the video so far and in all (None where that is not known).
        word: the service's own word for a state that we do not know, or "".
        url: the link to the video, once there is one.
        error: why it ended without a video on disk.
        clip: the saved video.
        took: seconds from acceptance to the finished video at the service; None while or where that is not known, as
            when nobody watched at the time.
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
        """What a user would call a change; the rest moves on as time goes by."""
        return self.state, self.percent, self.silent is not None, type(self.trouble), self.again, self.word

    def __repr__(self) -> str:
        progress = "" if self.percent is None else f", {self.percent} %"
        error = f": {self.error}" if self.error else ""
        return one_line(f"<JobSnapshot {self.state}{progress}, {self.elapsed:.0f} s{error}>", 300)


@dataclass(frozen=True, slots=True, eq=False)
class JobEvent:
    """A link in the chain of a job's snapshots: nobody has to keep those that nobody waits for.

    Attributes:
        snapshot: the job at that moment.
        following: done with the next one.
    """

    snapshot: JobSnapshot
    following: Future[JobEvent] = field(default_factory=Future)


Listener = Callable[[JobSnapshot], None]
