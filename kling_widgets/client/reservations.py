"""The create call within a spending budget: reserved before anything is sent, settled at the end. No I/O."""

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

_CANCELLED = "The call was cancelled or interrupted."


class Reservation(Protocol):
    """A submission that is allowed and counted. Exactly one of its methods is called at the end."""

    def accepted(self, task_id: str) -> object:
        """Count it: the service has accepted it."""

    def refused(self, error: str) -> object:
        """Stop counting it: nothing was accepted."""

    def unknown(self, error: str) -> object:
        """Count it: it may have been accepted, and billed."""


class Reserve(Protocol):
    """A callable that allows and counts submissions."""

    def __call__(self, service: str, body: Mapping[str, Any]) -> Reservation:
        """Count a body that is about to be sent to this address.

        Raises:
            KlingError: the budget does not allow it.
        """


def create(
    state: ClientState,
    body: Mapping[str, Any],
    on_trouble: OnTrouble | None = None,
    before: Callable[[], Any] | None = None,
    note: Note | None = None,
    *,
    reserve: Reserve | None = None,
) -> steps.Protocol[Task]:
    """Submit a body as ``creation.create`` does, if ``reserve`` allows it.

    Raises:
        KlingError: the budget does not allow it; nothing was sent. Other errors are those of ``creation.create``.
    """
    if reserve is None:
        return (yield from creation.create(state, body, on_trouble, before, note))
    pending, note = _Pending(partial(reserve, state.base_url, body)), note or Note()
    try:
        yield Work(pending.begin)
        task = yield from creation.create(state, body, on_trouble, before, note)
    except SubmissionUnknownError as error:
        yield Work(partial(pending.end, str(error), sent=True))
        raise
    except KlingError as error:
        yield Work(partial(pending.end, str(error), sent=False))
        raise
    except BaseException:  # also GeneratorExit, if the call was cancelled or interrupted: no step can be yielded then
        pending.end(f"{_CANCELLED}{' after it was sent' if note.sent else ' before it was sent'}.", sent=note.sent)
        raise
    yield Work(partial(pending.accepted, task.id))
    return task


class _Pending:
    """A submission whose reservation is requested or made."""

    def __init__(self, reserve: Callable[[], Reservation]) -> None:
        self._reserve = reserve
        self._reservation: Reservation | None = None
        self._lock = forks.lock()  # a thread may still be reserving when the call is cancelled
        self._ended = False

    def begin(self) -> None:
        """Reserve it; give the reservation back if the call has been cancelled meanwhile."""
        reservation = self._reserve()
        with self._lock:
            if not self._ended:
                self._reservation = reservation
                return
        reservation.refused(_CANCELLED)

    def accepted(self, task_id: str) -> None:
        """Report that the service has accepted it."""
        if self._reservation is not None:
            self._reservation.accepted(task_id)

    def end(self, error: str, *, sent: bool) -> None:
        """Report that it has ended without a task."""
        with self._lock:
            self._ended, reservation = True, self._reservation
        if reservation is not None:
            (reservation.unknown if sent else reservation.refused)(error)
