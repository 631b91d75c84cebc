"""Querying a task and waiting for it, with retries: generators of steps, without I/O (see ``steps``).

A GET costs nothing and may always be repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote

from kling_widgets.client.error_replies import Operation, refusal, retry_after
from kling_widgets.client.polling import PollSchedule
from kling_widgets.client.replies import advice, read_query
from kling_widgets.client.steps import READ_TIMEOUT, ClientState, NoReply, Pause, Protocol, Response, Send
from kling_widgets.core.task import Task
from kling_widgets.core.text import one_line
from kling_widgets.errors import (
    APIError,
    AuthenticationError,
    ConnectionFailedError,
    KlingError,
    TaskFailedError,
    TaskNotFoundError,
    WaitTimeoutError,
)

OnUpdate = Callable[[Task], object]
OnTrouble = Callable[[KlingError], object]
_MAX_TRIES = 4
LONGEST_PAUSE = 120.0  # seconds; if the service asks for more, the user gets the error instead
_LINK_PAUSES = (2.0, 3.0, 5.0, 8.0)  # seconds between polls while a success has no link yet: archiving lags
_MAX_REFUSALS = 3  # refused polls in a row that end a wait; fewer may be a lag of the service's database
_LONGEST_POLL = 150.0  # seconds; a poll that took longer means that the laptop slept


def query(state: ClientState, task_id: str) -> Protocol[Task]:
    """Return a task, with some retries.

    Raises:
        ConnectionFailedError: no answer came. The task itself is not affected.
        APIError: no usable answer came. The task itself is not affected.
    """
    for attempt in range(_MAX_TRIES):
        found = yield from _poll(state, task_id)
        if isinstance(found, Task):
            return found
        pause = pause_after(state, attempt, found.answer)
        if attempt == _MAX_TRIES - 1 or pause > LONGEST_PAUSE or not is_transient(found.error):
            raise found.error
        yield Pause(pause)
    raise AssertionError("the last try returns or raises")


def wait(
    state: ClientState,
    task: Task | str,
    *,
    timeout: float | None = 1800.0,
    usual: float | None = None,
    elapsed: float = 0.0,
    on_update: OnUpdate | None = None,
    on_trouble: OnTrouble | None = None,
    poll_round: Callable[[], float] = float,
) -> Protocol[Task]:
    """Poll a task until it has ended, and return it if it succeeded; its link may be missing even then.

    Args:
        state: the client's shared state.
        task: the task, or its id (then the first poll is immediate).
        timeout: seconds to wait at most, None for no limit. Time in which this machine slept does not count.
        usual: seconds that such a task usually takes, if known.
        elapsed: seconds since the service accepted it, if it is not new.
        on_update: called with the task after each poll.
        on_trouble: called with the error of a poll that got no usable answer. That alone never ends the wait.
        poll_round: returns the seconds in which every polled task can be polled once; 0 if there are none.

    Raises:
        TaskFailedError: the task ended without a video.
        WaitTimeoutError: the task continues.
        APIError: the service itself refused several polls in a row: the key, its scope, or no such task.
    """
    stopwatch = _Stopwatch(state.clock)
    known = isinstance(task, Task)  # whether the service has confirmed that it exists
    seen = task if isinstance(task, Task) else Task(task)
    if not isinstance(task, Task):
        elapsed = max(elapsed, 3.0)  # its age is unknown: poll immediately
    schedule, polls, refused, last_error = PollSchedule(usual), 0, 0, None
    while not seen.ended:
        pause = schedule.next(elapsed + stopwatch.elapsed, poll_round())
        if timeout is not None and stopwatch.waited + pause > timeout:
            pause = max(0.0, timeout - stopwatch.waited)
            if polls and pause < 1:  # too soon after the last poll for another one
                yield Pause(pause)
                break
        if pause:
            yield Pause(pause)
        found = yield from _poll(state, seen.id)
        stopwatch.update(pause + _LONGEST_POLL)
        polls += 1
        if isinstance(found, Task):
            seen, known, refused, last_error = found, True, 0, None
            schedule.polled(elapsed + stopwatch.elapsed, found)
            if on_update is not None:
                on_update(found)
        else:
            last_error = found.error
            refused = refused + 1 if _is_final(last_error) else 0
            if refused >= _MAX_REFUSALS or (refused and not known and isinstance(last_error, TaskNotFoundError)):
                raise _with_resume_hint(last_error, seen)
            schedule.poll_failed(found.retry_after(state))
            if on_trouble is not None:
                on_trouble(last_error)
        if timeout is not None and stopwatch.waited >= timeout:
            break
    if seen.status == "failed":
        raise failure(seen)
    if not seen.ended:
        raise _timeout_error(seen, timeout, last_error)
    return (yield from _wait_for_link(state, seen, on_update))


class _Stopwatch:
    """Duration of a wait, by a clock that may jump: forwards if the laptop sleeps, backwards if it is corrected.

    Attributes:
        elapsed: seconds by the clock.
        waited: seconds without the time in which the machine slept.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()
        self.elapsed = self.waited = 0.0

    def update(self, longest: float) -> None:
        """Add the time since the last call; at most ``longest`` seconds of it count as waited."""
        last, self._last = self._last, self._clock()
        passed = max(0.0, self._last - last)
        self.elapsed += passed
        self.waited += min(passed, longest)


def failure(task: Task) -> TaskFailedError:
    """Return the error of a failed task, with advice if the reason is known."""
    reason = one_line(task.error or task.word or "no reason given", 500).rstrip(".。")
    parts = (
        f"Task {task.id} failed: {reason}.",
        "See the service's web console for whether it was billed.",
        advice(task) or "Change the request, or try again.",
    )
    return TaskFailedError(" ".join(parts), task)


def is_transient(error: KlingError) -> bool:
    """Return whether a request that ended with this error may succeed if it is repeated soon."""
    if not isinstance(error, APIError) or not _is_from_service(error):
        return getattr(error, "status_code", None) != 413  # permanent from a proxy, too
    status = error.status_code or 0
    return not isinstance(error, TaskNotFoundError) and (status in (200, 408, 425, 429) or status >= 500)


def _is_from_service(error: APIError) -> bool:
    """Return whether the service itself sent the error: it answers with a JSON envelope.

    An HTML page comes from a proxy or a firewall, and may go away, as the login page of a hotel does.
    """
    return isinstance(error.body, dict) and not error.body.keys().isdisjoint({"error", "code", "message"})


def _is_final(error: KlingError) -> bool:
    """Return whether the service itself refuses to return the task: the key, its scope, or no such task."""
    if not isinstance(error, APIError) or not _is_from_service(error):
        return False
    return isinstance(error, TaskNotFoundError | AuthenticationError) or error.status_code in (401, 403)


def _with_resume_hint(error: KlingError, task: Task) -> KlingError:
    """Return the error with what happens to the task, and how to resume it."""
    billing = "" if isinstance(error, TaskNotFoundError) else f"Task {task.id} is billed if it succeeds. "
    error.args = (one_line(f"{error} {billing}To watch it again later: %kling_resume {task.id}"),)
    return error


@dataclass(frozen=True, slots=True)
class _FailedPoll:
    """A poll that got no usable answer."""

    error: KlingError
    answer: Response | NoReply

    def retry_after(self, state: ClientState) -> float | None:
        """Return the seconds to wait that the service asked for, or None."""
        return retry_after(self.answer, state.wall()) if isinstance(self.answer, Response) else None


def _poll(state: ClientState, task_id: str) -> Protocol[Task | _FailedPoll]:
    """Query a task once; a second time on a new connection if the answer belongs to another task."""
    url = state.url(f"/v1/video/generations/{quote(task_id, safe='')}")
    state.asked.add(task_id)
    for alone in (False, True):
        send = Send("GET", url, read_timeout=state.read_timeout or READ_TIMEOUT, alone=alone)
        answer: Response | NoReply = yield send
        if isinstance(answer, NoReply):
            return _FailedPoll(unreachable(state, answer, "A submitted task continues."), answer)
        try:
            task = read_query(answer, task_id, base_url=state.base_url)
        except APIError as error:
            return _FailedPoll(error, answer)
        # The answer belongs to another task that was queried: a connection with one answer too many returns each to
        # the request after its own. A new connection holds no earlier answer.
        if task.id == task_id or task.id not in state.asked:
            break
    # The service may name it differently; the id that was queried is the one that finds it again.
    return task if task.id == task_id else replace(task, id=task_id)


def ask(state: ClientState, send: Send, operation: Operation) -> Protocol[Response]:
    """Send a request that costs nothing, with retries, and return its successful answer."""
    for attempt in range(_MAX_TRIES):
        answer: Response | NoReply = yield send
        error: KlingError
        if isinstance(answer, NoReply):
            error = unreachable(state, answer, "Nothing was submitted.")
        elif answer.ok:
            return answer
        else:
            error = refusal(answer, operation, state.base_url).error
        pause = pause_after(state, attempt, answer)
        if attempt == _MAX_TRIES - 1 or pause > LONGEST_PAUSE or not is_transient(error):
            raise error
        yield Pause(pause)
    raise AssertionError("the last try returns or raises")


def _wait_for_link(state: ClientState, task: Task, on_update: OnUpdate | None) -> Protocol[Task]:
    """Poll a succeeded task until it has its link, a few times at most, and return it."""
    for pause in _LINK_PAUSES:
        if task.url:
            break
        yield Pause(pause)
        found = yield from _poll(state, task.id)
        if isinstance(found, Task) and found.status == "succeeded":
            task = found
            if on_update is not None:
                on_update(task)
    return task


def pause_after(state: ClientState, attempt: int, answer: Response | NoReply) -> float:
    """Return the seconds to wait before the next attempt: what the service asked for, else the backoff."""
    requested = retry_after(answer, state.wall()) if isinstance(answer, Response) else None
    # With jitter, as many clients may have been given the same second. "Retry-After: 0" gets the backoff, too.
    return requested + state.jitter() if requested else state.pause(attempt)


def unreachable(state: ClientState, failed: NoReply, consequence: str) -> ConnectionFailedError:
    """Return the error of a request without an answer; ``consequence`` says what that means for the money."""
    problem = "The connection was lost" if failed.sent else "The service could not be reached"
    return ConnectionFailedError(
        f"{problem}: {state.where()} ({failed.text}). {consequence} "
        "Check the address, the network and the proxy settings."
    )


def still_running(task_id: str) -> str:
    """Return what happens to a task after its wait ended: to be put after "Task t1" or "It"."""
    how = f"%kling_resume {task_id}, or wait({task_id!r}) of a client"
    return f"continues, and is billed if it succeeds. To resume waiting: {how}."


def _timeout_error(task: Task, timeout: float | None, last_error: KlingError | None) -> WaitTimeoutError:
    last = f" (the last poll failed: {one_line(last_error, 300)})" if last_error is not None else ""
    return WaitTimeoutError(
        f"Task {task.id} has not ended after {timeout or 0:g} s of waiting{last}. It {still_running(task.id)}", task
    )
