"""Status texts of jobs, for the live view, the terminal and the log of a headless run."""

from __future__ import annotations

from kling_widgets.core.json_values import shorten
from kling_widgets.core.text import format_size
from kling_widgets.errors import (
    APIError,
    ConnectionFailedError,
    KlingError,
    ModelUnavailableError,
    RateLimitError,
    TaskNotFoundError,
    VideoMissingError,
)
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import ENDED, JobSnapshot, State

STATES: dict[State, str] = {
    "sending": "Sending",
    "queued": "In the queue",
    "running": "Making the video",
    "fetching": "Fetching the video",
    "done": "Done",
    "failed": "Failed",
    "refused": "Refused",
    "unknown": "Sent, but the answer was lost",
    "stopped": "No longer watched",
}
# The same states after the service has put the task back into its queue.
AGAIN: dict[State, str] = {"queued": "Back in the queue", "running": "Making the video again"}


# Why an answer is missing, by the error's type; the first match counts.
_TROUBLES: tuple[tuple[type[KlingError], str], ...] = (
    (ConnectionFailedError, "no connection"),
    (RateLimitError, "too many requests"),
    (TaskNotFoundError, "the service does not find the task"),
    (ModelUnavailableError, "the model is down"),
)


def notices(job: Job) -> list[str]:
    """Return the job's notices: before it is sent, the warnings about its request; if it is shown again, the reason."""
    if job._note:
        return [job._note]
    if job.id is not None:
        return []
    return [f"Note: {note}" for note in (*job._problems, *filter(None, [job._runner.trouble]))]


def clock(seconds: float) -> str:
    """Return an elapsed time as "0:38" or "1:02:07"."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration(seconds: float) -> str:
    """Return a length of time as "38 s", "1 min 12 s" or "1 h 2 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def time_left(remaining: tuple[float, float] | None) -> str:
    """Return a remaining time, given as a range in seconds or None, as rounded text."""
    if remaining is None:
        return "no estimate yet"
    low, high = (max(1, round(value)) for value in remaining)
    if high <= 3:
        return "a few seconds more"
    if high < 90:
        return f"about {low}–{high} s more" if low < high else f"about {high} s more"
    if low < 60:
        return f"about {low} s to {duration(60 * round(high / 60))} more"
    low, high = round(low / 60), round(high / 60)
    return f"about {low}–{high} min more" if low < high else f"about {high} min more"


def error_reason(error: KlingError | None) -> str:
    """Return in a few words why an answer is missing; "" if the reason is unknown."""
    for kind, words in _TROUBLES:
        if isinstance(error, kind):
            return words
    if not isinstance(error, APIError) or error.status_code is None:
        return ""
    what = f"HTTP {error.status_code}"
    return what if isinstance(error.body, dict) else f"something else answered, {what}"


def status_line(snapshot: JobSnapshot) -> str:
    """Return the status line: state, progress, elapsed and remaining time."""
    parts = [_state(snapshot)]
    if snapshot.silent is not None and snapshot.state in ("queued", "running", "sending"):
        parts = [_silence(snapshot, f" for {clock(snapshot.silent)}", error_reason(snapshot.trouble))]
    elif snapshot.percent is not None:
        parts.append("100 %, not finished yet" if snapshot.percent == 100 else f"{snapshot.percent} %")
    if snapshot.state == "fetching" and snapshot.fetched[0]:
        done, total = snapshot.fetched
        parts.append(f"{format_size(done)} of {format_size(total)}" if total else format_size(done))
    if snapshot.state in ("sending", "queued", "running"):
        parts.append(clock(snapshot.elapsed))
    if snapshot.state in ("queued", "running") and snapshot.silent is None:
        parts.append(time_left(snapshot.remaining))
    return " · ".join(parts)


def state_line(snapshot: JobSnapshot) -> str:
    """Return the status for a log with one line per change of state: without times and progress."""
    if snapshot.silent is not None and snapshot.state not in ENDED:
        return _silence(snapshot)
    return _state(snapshot)


def end_title(snapshot: JobSnapshot) -> str:
    """Return how the job has ended, in a few words."""
    # The task itself did not fail: it is billed.
    return "Made, but not saved" if isinstance(snapshot.error, VideoMissingError) else STATES[snapshot.state]


def _silence(snapshot: JobSnapshot, since: str = "", why: str = "") -> str:
    why = f" ({why})" if why else ""
    if snapshot.state == "sending":
        return f"Not accepted yet{why}, trying again"
    return f"No answer{since}{why}, still trying"


def _state(snapshot: JobSnapshot) -> str:
    if snapshot.word and snapshot.state not in ENDED:  # a status word of the service that we do not know
        return f"The service says {shorten(snapshot.word, 30)}"
    if snapshot.again and snapshot.state in AGAIN:
        return AGAIN[snapshot.state]
    return end_title(snapshot)
