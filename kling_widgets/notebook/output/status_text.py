"""How a job is put into words, for the live view, the terminal and the log of a headless run."""

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
# The same, once the service has put the task back.
AGAIN: dict[State, str] = {"queued": "Back in the queue", "running": "Making the video, begun again"}


# What keeps an answer from coming; the first kind that fits counts.
_TROUBLES: tuple[tuple[type[KlingError], str], ...] = (
    (ConnectionFailedError, "no connection"),
    (RateLimitError, "too many requests"),
    (TaskNotFoundError, "the service does not find the task"),
    (ModelUnavailableError, "the model is down"),
)


def notes(job: Job) -> list[str]:
    """What there is to say about a request that is about to be sent; about one that was, why it is shown again."""
    if job._note:
        return [job._note]
    if job.id is not None:
        return []
    return [f"Note: {note}" for note in (*job._problems, *filter(None, [job._runner.trouble]))]


def clock(seconds: float) -> str:
    """Time gone by: "0:38", "1:02:07"."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration(seconds: float) -> str:
    """A length of time: "38 s", "1 min 12 s", "1 h 2 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def left(remaining: tuple[float, float] | None) -> str:
    """About how much longer, in words that promise no more than is known."""
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


def trouble(error: KlingError | None) -> str:
    """What keeps an answer from coming, in a few words; empty where it is not known."""
    for kind, words in _TROUBLES:
        if isinstance(error, kind):
            return words
    if not isinstance(error, APIError) or error.status_code is None:
        return ""
    what = f"HTTP {error.status_code}"
    return what if isinstance(error.body, dict) else f"something else answered, {what}"


def line(moment: JobSnapshot) -> str:
    """What is happening, how far, since when, about how much longer."""
    parts = [_state(moment)]
    if moment.silent is not None and moment.state in ("queued", "running", "sending"):
        parts = [_silence(moment, f" for {clock(moment.silent)}", trouble(moment.trouble))]
    elif moment.percent is not None:
        parts.append("100 %, not finished yet" if moment.percent == 100 else f"{moment.percent} %")
    if moment.state == "fetching" and moment.fetched[0]:
        done, total = moment.fetched
        parts.append(f"{format_size(done)} of {format_size(total)}" if total else format_size(done))
    if moment.state in ("sending", "queued", "running"):
        parts.append(clock(moment.elapsed))
    if moment.state in ("queued", "running") and moment.silent is None:
        parts.append(left(moment.remaining))
    return " · ".join(parts)


def change(moment: JobSnapshot) -> str:
    """The same for a log that has one line per change of state: without what only ticks."""
    if moment.silent is not None and moment.state not in ENDED:
        return _silence(moment)
    return _state(moment)


def _silence(moment: JobSnapshot, since: str = "", why: str = "") -> str:
    why = f" ({why})" if why else ""
    if moment.state == "sending":
        return f"Not accepted yet{why}, trying again"
    return f"No answer{since}{why}, still trying"


def _state(moment: JobSnapshot) -> str:
    if moment.word and moment.state not in ENDED:  # a word of the service's own, for what we have none
        return f"The service says {shorten(moment.word, 30)}"
    if moment.again and moment.state in AGAIN:
        return AGAIN[moment.state]
    return STATES[moment.state]
