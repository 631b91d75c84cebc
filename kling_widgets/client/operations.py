"""Asking for a task and waiting for it, with retries: generators of steps, without I/O (see ``steps``).

A question (GET) may always be asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote

from kling_widgets.client.error_replies import Doing, refusal, retry_after
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
_ASK_TRIES = 4
LONGEST_PAUSE = 120.0  # seconds; a service that asks for more is told to the user instead
_LINK_LOOKS = (2.0, 3.0, 5.0, 8.0)  # pauses while a success has no link yet: archiving lags
_DOUBTS = 3  # looks in a row that the service must refuse before that ends a wait: its database may lag or hiccup
_LONGEST_LOOK = 150.0  # seconds; more than that passed while nothing was under way: the laptop slept


def query(session: ClientState, task_id: str) -> Protocol[Task]:
    """Asks for a task, some times over if no usable answer comes.

    Raises:
        ConnectionFailedError, APIError: no usable answer; it says nothing about the task, which goes on.
    """
    for attempt in range(_ASK_TRIES):
        found = yield from _look(session, task_id)
        if isinstance(found, Task):
            return found
        pause = pause_after(session, attempt, found.answer)
        if attempt == _ASK_TRIES - 1 or pause > LONGEST_PAUSE or not may_pass(found.error):
            raise found.error
        yield Pause(pause)
    raise AssertionError("the last try returns or raises")


def wait(
    session: ClientState,
    task: Task | str,
    *,
    timeout: float | None = 1800.0,
    usual: float | None = None,
    elapsed: float = 0.0,
    on_update: OnUpdate | None = None,
    on_trouble: OnTrouble | None = None,
    poll_round: Callable[[], float] = float,
) -> Protocol[Task]:
    """Looks at a task until it has ended, and gives the succeeded one; its link may be missing even then.

    Args:
        task: the task, or its id (then the first look is at once).
        timeout: seconds to wait at the most, None for ever. Time in which this machine slept does not count.
        usual: seconds that such a task usually takes, if known.
        elapsed: seconds since the service accepted it, when it is not new.
        on_update: called with the task at each look.
        on_trouble: called with the error when a look got no usable answer. That alone never ends the wait.
        poll_round: gives the seconds in which each task that is watched now can be looked at once; 0 where none are.

    Raises:
        TaskFailedError: it has ended without a video.
        WaitTimeoutError: it goes on.
        APIError: the service itself refused some looks in a row: the key or its scope, or no such task.
    """
    watch = _Watch(session.clock)
    known = isinstance(task, Task)  # to the service, which named it or has told of it
    seen = task if isinstance(task, Task) else Task(task)
    if not isinstance(task, Task):
        elapsed = max(elapsed, 3.0)  # nobody knows how old it is: look at once
    schedule, looks, refused, trouble = PollSchedule(usual), 0, 0, None
    while not seen.ended:
        pause = schedule.next(elapsed + watch.gone, poll_round())
        if timeout is not None and watch.waited + pause > timeout:
            pause = max(0.0, timeout - watch.waited)
            if looks and pause < 1:  # too soon after the last look for another one
                yield Pause(pause)
                break
        if pause:
            yield Pause(pause)
        found = yield from _look(session, seen.id)
        watch.went_on(pause + _LONGEST_LOOK)
        looks += 1
        if isinstance(found, Task):
            seen, known, refused, trouble = found, True, 0, None
            schedule.see(elapsed + watch.gone, found)
            if on_update is not None:
                on_update(found)
        else:
            trouble = found.error
            refused = refused + 1 if _is_final(trouble) else 0
            if refused >= _DOUBTS or (refused and not known and isinstance(trouble, TaskNotFoundError)):
                raise _given_up(trouble, seen)
            schedule.missed(found.wanted(session))
            if on_trouble is not None:
                on_trouble(trouble)
        if timeout is not None and watch.waited >= timeout:
            break
    if seen.status == "failed":
        raise failure(seen)
    if not seen.ended:
        raise _late(seen, timeout, trouble)
    return (yield from _link(session, seen, on_update))


class _Watch:
    """How long a wait has lasted, by a clock that may jump: forwards while the laptop sleeps, backwards by a repair."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()
        self.gone = 0.0  # seconds by the clock
        self.waited = 0.0  # seconds in which we did wait

    def went_on(self, most: float) -> None:
        """Until now, of which at most so many seconds were spent waiting."""
        last, self._last = self._last, self._clock()
        passed = max(0.0, self._last - last)
        self.gone += passed
        self.waited += min(passed, most)


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
    """Whether a question that got this answer may get a better one when it is asked again soon."""
    if not isinstance(error, APIError) or not _in_its_own_words(error):
        return getattr(error, "status_code", None) != 413  # a proxy's page says so too, and stays at it
    status = error.status_code or 0
    return not isinstance(error, TaskNotFoundError) and (status in (200, 408, 425, 429) or status >= 500)


def _in_its_own_words(error: APIError) -> bool:
    """Whether the service itself said it, which answers with an envelope in JSON. A page is a proxy's or a firewall's,
    and passes with the hotel's login."""
    return isinstance(error.body, dict) and not error.body.keys().isdisjoint({"error", "code", "message"})


def _is_final(error: KlingError) -> bool:
    """Whether the service itself refuses to tell of a task: the key, its scope, or no such task."""
    if not isinstance(error, APIError) or not _in_its_own_words(error):
        return False
    return isinstance(error, TaskNotFoundError | AuthenticationError) or error.status_code in (401, 403)


def _given_up(error: KlingError, task: Task) -> KlingError:
    """The error with what becomes of the task."""
    went = "" if isinstance(error, TaskNotFoundError) else f"Task {task.id} is billed if it succeeds. "
    error.args = (one_line(f"{error} {went}To watch it again later: %kling_resume {task.id}"),)
    return error


@dataclass(frozen=True, slots=True)
class _Miss:
    """A look that got no usable answer."""

    error: KlingError
    answer: Response | NoReply

    def wanted(self, session: ClientState) -> float | None:
        """Seconds to wait, if the service said so."""
        return retry_after(self.answer, session.wall()) if isinstance(self.answer, Response) else None


def _look(session: ClientState, task_id: str) -> Protocol[Task | _Miss]:
    url = session.url(f"/v1/video/generations/{quote(task_id, safe='')}")
    session.asked.add(task_id)
    for alone in (False, True):
        send = Send("GET", url, read_timeout=session.read_timeout or READ_TIMEOUT, alone=alone)
        answer: Response | NoReply = yield send
        if isinstance(answer, NoReply):
            return _Miss(unreachable(session, answer, "What was submitted goes on."), answer)
        try:
            task = read_query(answer, task_id, base_url=session.base_url)
        except APIError as error:
            return _Miss(error, answer)
        # That of another task which was asked for: a connection that holds one answer too many gives each to the
        # request after its own. On a connection of its own there is none before it.
        if task.id == task_id or task.id not in session.asked:
            break
    # Whatever else it is called there: this is the id that leads to it.
    return task if task.id == task_id else replace(task, id=task_id)


def ask(session: ClientState, send: Send, doing: Doing) -> Protocol[Response]:
    """A request that costs nothing and may be repeated: its good answer."""
    for attempt in range(_ASK_TRIES):
        answer: Response | NoReply = yield send
        error: KlingError
        if isinstance(answer, NoReply):
            error = unreachable(session, answer, "Nothing was submitted.")
        elif answer.ok:
            return answer
        else:
            error = refusal(answer, doing, session.base_url).error
        pause = pause_after(session, attempt, answer)
        if attempt == _ASK_TRIES - 1 or pause > LONGEST_PAUSE or not may_pass(error):
            raise error
        yield Pause(pause)
    raise AssertionError("the last try returns or raises")


def _link(session: ClientState, task: Task, on_update: OnUpdate | None) -> Protocol[Task]:
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


def pause_after(session: ClientState, attempt: int, answer: Response | NoReply) -> float:
    asked = retry_after(answer, session.wall()) if isinstance(answer, Response) else None
    # A moment more than asked for: many clients were told the same second. "At once" is no reason to hurry.
    return asked + session.jitter() if asked else session.pause(attempt)


def unreachable(session: ClientState, broken: NoReply, money: str) -> ConnectionFailedError:
    what = "The connection was lost" if broken.sent else "The service could not be reached"
    return ConnectionFailedError(
        f"{what}: {session.where()} ({broken.text}). {money} Check the address, the network and the proxy settings."
    )


def goes_on(task_id: str) -> str:
    """Return what becomes of a task that nobody waits for any longer: a sentence without its subject, and another."""
    how = f"%kling_resume {task_id}, or wait({task_id!r}) of a client"
    return f"goes on, and is billed if it succeeds. To go on waiting: {how}."


def _late(task: Task, timeout: float | None, trouble: KlingError | None) -> WaitTimeoutError:
    last = f" (the last look failed: {one_line(trouble, 300)})" if trouble is not None else ""
    return WaitTimeoutError(
        f"Task {task.id} has not ended after {timeout or 0:g} s of waiting{last}. It {goes_on(task.id)}", task
    )
