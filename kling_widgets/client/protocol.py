"""What to send, in which order, and with which retries: generators of steps, without I/O (see ``exchange``).

The one rule above all: a create call is sent again only where nothing was accepted, which is when no connection came
about, and on HTTP 429. A question (GET) may always be asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from kling_widgets.client.exchange import CREATE_TIMEOUT, READ_TIMEOUT, Broken, Pause, Protocol, Reply, Send, Session
from kling_widgets.client.refusal import Doing, refusal, submission_unknown
from kling_widgets.client.reply import Task, advice, read_create, read_query
from kling_widgets.client.schedule import Schedule
from kling_widgets.errors import (
    APIError,
    ConnectionFailedError,
    KlingError,
    RateLimitError,
    TaskFailedError,
    TaskNotFoundError,
    WaitTimeoutError,
    one_line,
)

OnUpdate = Callable[[Task], object]
OnTrouble = Callable[[KlingError], object]

_CREATE_TRIES = 6  # while the service says that it is busy
_CONNECT_TRIES = 3  # somebody without a network wants to hear so soon
_ASK_TRIES = 4
_LONGEST_PAUSE = 120.0  # seconds; a service that asks for more is told to the user instead
_LINK_LOOKS = (2.0, 3.0, 5.0, 8.0)  # pauses while a success has no link yet: archiving lags
_DOUBTS = 3  # looks that must miss a task, which the service itself named, before it counts as unknown


def create(session: Session, body: Mapping[str, Any], on_trouble: OnTrouble | None = None) -> Protocol[Task]:
    """Submits a body. ``on_trouble`` hears of what holds it up while it is tried again.

    Raises:
        ConnectionFailedError, APIError: nothing was accepted.
        SubmissionUnknownError: it may have been.
    """
    send = Send(
        "POST",
        session.url("/v1/video/generations"),
        json=dict(body),
        read_timeout=session.read_timeout or CREATE_TIMEOUT,
        urgent=True,
    )
    for attempt in range(_CREATE_TRIES):
        at = datetime.fromtimestamp(session.wall()).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
        answer: Reply | Broken = yield send
        if isinstance(answer, Broken) and answer.sent:
            raise submission_unknown(f"No answer came ({answer.text}).", at=at) from ConnectionError(answer.text)
        try:
            if isinstance(answer, Broken):
                raise _unreachable(session, answer, "Nothing was sent, nothing is billed.")
            task = read_create(answer, base_url=session.base_url, at=at)
            model = body.get("model")
            return task if task.model or not isinstance(model, str) else replace(task, model=model)
        except (ConnectionFailedError, RateLimitError) as error:
            pause = _pause(session, attempt, error)
            tries = _CONNECT_TRIES if isinstance(error, ConnectionFailedError) else _CREATE_TRIES
            if attempt >= tries - 1 or pause > _LONGEST_PAUSE:
                raise
            if on_trouble is not None:
                on_trouble(error)
        yield Pause(pause)
    raise AssertionError("the last try returns or raises")


def query(session: Session, task_id: str) -> Protocol[Task]:
    """Asks for a task, some times over if no usable answer comes.

    Raises:
        ConnectionFailedError, APIError: no usable answer; it says nothing about the task, which goes on.
    """
    for attempt in range(_ASK_TRIES):
        found = yield from _look(session, task_id)
        if isinstance(found, Task):
            return found
        pause = _pause(session, attempt, found)
        if attempt == _ASK_TRIES - 1 or pause > _LONGEST_PAUSE or not may_pass(found):
            raise found
        yield Pause(pause)
    raise AssertionError("the last try returns or raises")


def wait(
    session: Session,
    task: Task | str,
    *,
    timeout: float | None = 1800.0,
    usual: float | None = None,
    elapsed: float = 0.0,
    on_update: OnUpdate | None = None,
    on_trouble: OnTrouble | None = None,
) -> Protocol[Task]:
    """Looks at a task until it has ended, and gives the succeeded one; its link may be missing even then.

    Args:
        task: the task, or its id (then the first look is at once).
        timeout: seconds from now, None for ever.
        usual: seconds that such a task usually takes, if known.
        elapsed: seconds since the service accepted it, when it is not new.
        on_update: called with the task at each look.
        on_trouble: called with the error when a look got no usable answer. That alone never ends the wait.

    Raises:
        TaskFailedError: it has ended without a video.
        WaitTimeoutError: it goes on.
        APIError: a look was refused for good: the key or its scope, or no such task.
    """
    start = session.clock()
    named_by_service = isinstance(task, Task)
    seen = task if isinstance(task, Task) else Task(task)
    if not isinstance(task, Task):
        elapsed = max(elapsed, 3.0)  # nobody knows how old it is: look at once
    schedule, looks, misses, trouble = Schedule(usual), 0, 0, None
    while not seen.ended:
        gone = session.clock() - start
        pause = schedule.next(elapsed + gone)
        if timeout is not None and gone + pause > timeout:
            pause = max(0.0, timeout - gone)
            if looks and pause < 1:  # too soon after the last look for another one
                yield Pause(pause)
                break
        if pause:
            yield Pause(pause)
        found = yield from _look(session, seen.id)
        looks += 1
        if isinstance(found, Task):
            seen, misses, trouble = found, 0, None
            schedule.see(elapsed + session.clock() - start, found)
            if on_update is not None:
                on_update(found)
        else:
            trouble, misses = found, misses + isinstance(found, TaskNotFoundError)
            unsure = named_by_service and isinstance(found, TaskNotFoundError) and misses < _DOUBTS
            if not unsure and not may_pass(found):
                raise found
            schedule.missed(found.retry_after if isinstance(found, RateLimitError) else None)
            if on_trouble is not None:
                on_trouble(found)
        if timeout is not None and session.clock() - start >= timeout:
            break
    if seen.status == "failed":
        raise failure(seen)
    if not seen.ended:
        raise _late(seen, timeout, trouble)
    return (yield from _link(session, seen, on_update))


def failure(task: Task) -> TaskFailedError:
    """The error of a failed task, with advice where the reason is known."""
    reason = one_line(task.error or task.word or "no reason given", 500).rstrip(".。")
    parts = (
        f"Task {task.id} failed: {reason}.",
        "Whether it is billed, the service's web console tells.",
        advice(task) or "Change the request, or try again.",
    )
    return TaskFailedError(" ".join(parts), task)


def may_pass(error: KlingError) -> bool:
    """Whether a question that got this answer may get a better one later."""
    if not isinstance(error, APIError):
        return True
    if isinstance(error, TaskNotFoundError):
        return False
    status = error.status_code or 0
    # A page is a firewall's word, not the service's own, which is an envelope in JSON.
    firewall = status == 403 and not isinstance(error.body, dict)
    return status in (200, 408, 425, 429) or status >= 500 or firewall


def _look(session: Session, task_id: str) -> Protocol[Task | KlingError]:
    url = session.url(f"/v1/video/generations/{quote(task_id, safe='')}")
    answer: Reply | Broken = yield Send("GET", url, read_timeout=session.read_timeout or READ_TIMEOUT)
    if isinstance(answer, Broken):
        return _unreachable(session, answer, "What was submitted goes on.")
    try:
        return read_query(answer, task_id, base_url=session.base_url)
    except APIError as error:
        return error


def ask(session: Session, send: Send, doing: Doing) -> Protocol[Reply]:
    """A request that costs nothing and may be repeated: its good answer."""
    for attempt in range(_ASK_TRIES):
        answer: Reply | Broken = yield send
        error: KlingError
        if isinstance(answer, Broken):
            error = _unreachable(session, answer, "Nothing was submitted.")
        elif answer.ok:
            return answer
        else:
            error = refusal(answer, doing, session.base_url).error
        pause = _pause(session, attempt, error)
        if attempt == _ASK_TRIES - 1 or pause > _LONGEST_PAUSE or not may_pass(error):
            raise error
        yield Pause(pause)
    raise AssertionError("the last try returns or raises")


def _link(session: Session, task: Task, on_update: OnUpdate | None) -> Protocol[Task]:
    """The task once more with its link, if that comes within some looks."""
    for pause in _LINK_LOOKS:
        if task.url:
            break
        yield Pause(pause)
        found = yield from _look(session, task.id)
        if isinstance(found, Task) and found.status == "succeeded":
            task = found
            if on_update is not None:
                on_update(task)
    return task


def _pause(session: Session, attempt: int, error: KlingError) -> float:
    asked = error.retry_after if isinstance(error, RateLimitError) else None
    # A moment more than asked for: many clients were told the same second.
    return session.pause(attempt) if asked is None else asked + session.jitter()


def _unreachable(session: Session, broken: Broken, money: str) -> ConnectionFailedError:
    what = "The connection was lost" if broken.sent else "The service could not be reached"
    return ConnectionFailedError(
        f"{what}: {session.where()} ({broken.text}). {money} Check the address, the network and the proxy settings."
    )


def _late(task: Task, timeout: float | None, trouble: KlingError | None) -> WaitTimeoutError:
    last = f" (the last look failed: {one_line(trouble, 300)})" if trouble is not None else ""
    return WaitTimeoutError(
        f"Task {task.id} has not ended after {timeout or 0:g} s of waiting{last}. It goes on, and is billed if it "
        f"succeeds. To go on waiting: %kling_resume {task.id}, or wait({task.id!r}) of a client.",
        task,
    )
