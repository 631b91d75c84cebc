"""Submitting within an allowance that somebody else keeps: asked before anything is sent, told how it ended. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from kling_widgets.client import creation, steps
from kling_widgets.client.operations import OnTrouble
from kling_widgets.client.steps import ClientState, Note, Work
from kling_widgets.core import forks
from kling_widgets.core.task import Task
from kling_widgets.errors import KlingError, SubmissionUnknownError

_ABANDONED = "The call was cancelled or interrupted."


class Reservation(Protocol):
    """A submission that is allowed, and counted. One of these is called when it has ended."""

    def accepted(self, task_id: str) -> object:
        """The service has taken it: it counts."""

    def refused(self, error: str) -> object:
        """Nothing was accepted: it does not count."""

    def unknown(self, error: str) -> object:
        """It may have been accepted, and billed: it counts."""


class Reserve(Protocol):
    """What allows submissions."""

    def __call__(self, service: str, body: Mapping[str, Any]) -> Reservation:
        """Counts a body that is about to be sent to this address; raises KlingError if that is not allowed."""


def create(
    session: ClientState,
    body: Mapping[str, Any],
    on_trouble: OnTrouble | None = None,
    before: Callable[[], Any] | None = None,
    note: Note | None = None,
    *,
    reserve: Reserve | None = None,
) -> steps.Protocol[Task]:
    """``creation.create``, after ``reserve``, if there is one, has allowed it.

    Raises:
        KlingError: it is not allowed: nothing was sent. Else as there.
    """
    if reserve is None:
        return (yield from creation.create(session, body, on_trouble, before, note))
    pending, note = _Pending(partial(reserve, session.base_url, body)), note or Note()
    try:
        yield Work(pending.begin)
        task = yield from creation.create(session, body, on_trouble, before, note)
    except SubmissionUnknownError as error:
        yield Work(partial(pending.end, str(error), sent=True))
        raise
    except KlingError as error:
        yield Work(partial(pending.end, str(error), sent=False))
        raise
    except BaseException:  # GeneratorExit too, of a call that was cancelled or interrupted: nothing can be yielded here
        pending.end(f"{_ABANDONED}{' after it was sent' if note.sent else ' before it was sent'}.", sent=note.sent)
        raise
    yield Work(partial(pending.accepted, task.id))
    return task


class _Pending:
    """A submission from the moment it is asked for."""

    def __init__(self, reserve: Callable[[], Reservation]) -> None:
        self._reserve = reserve
        self._reservation: Reservation | None = None
        self._lock = forks.lock()  # a thread may still be asking when the call is cancelled
        self._over = False

    def begin(self) -> None:
        """Asks whether it is allowed."""
        reservation = self._reserve()
        with self._lock:
            if not self._over:
                self._reservation = reservation
                return
        reservation.refused(_ABANDONED)

    def accepted(self, task_id: str) -> None:
        """The service has taken it."""
        if self._reservation is not None:
            self._reservation.accepted(task_id)

    def end(self, error: str, *, sent: bool) -> None:
        """It has ended without a task."""
        with self._lock:
            self._over, reservation = True, self._reservation
        if reservation is not None:
            (reservation.unknown if sent else reservation.refused)(error)
