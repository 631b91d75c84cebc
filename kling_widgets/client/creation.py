"""The create call, with its safe retries: a generator of steps, without I/O (see ``steps``).

A create call costs money, so it is sent again only if the service certainly accepted nothing: no connection was made,
the service answered HTTP 429, or the gateway had no upstream for the model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from kling_widgets.client.error_replies import submission_unknown
from kling_widgets.client.operations import LONGEST_PAUSE, OnTrouble, pause_after, still_running, unreachable
from kling_widgets.client.replies import read_create
from kling_widgets.client.steps import CREATE_TIMEOUT, ClientState, NoReply, Note, Pause, Protocol, Response, Send
from kling_widgets.core.task import Task
from kling_widgets.errors import ConnectionFailedError, KlingError, ModelUnavailableError, RateLimitError

_MAX_CREATE_TRIES = 6  # while the service is busy
_MAX_CONNECT_TRIES = 3  # fewer: a user without a network, or with a model that is down, should see the error soon


def create(
    state: ClientState,
    body: Mapping[str, Any],
    on_trouble: OnTrouble | None = None,
    before: Callable[[], Any] | None = None,
    note: Note | None = None,
) -> Protocol[Task]:
    """Submit a body and return the new task.

    Args:
        state: the client's shared state.
        body: the request as JSON.
        on_trouble: called with each error after which the call is tried again.
        before: called directly before each attempt is sent; if it raises, nothing is sent.
        note: kept up to date with what an interrupt at this moment would mean for the money.

    Raises:
        ConnectionFailedError: the service could not be reached; nothing was accepted.
        APIError: the service refused the request; nothing was accepted.
        SubmissionUnknownError: the request may have been accepted.
    """
    note, at = note or Note(), ""

    def on_sent_changed(sent: bool) -> None:
        note.sent = sent
        note.text = (
            f"The request was sent {at}, and it may have been accepted and billed. Look into the web console of "
            f"{state.base_url} before you send it again."
            if sent
            else "Nothing was sent, nothing is billed."
        )

    send = Send(
        "POST",
        state.url("/v1/video/generations"),
        json=dict(body),
        read_timeout=state.read_timeout or CREATE_TIMEOUT,
        urgent=True,
        before=before,
        on_sent_changed=on_sent_changed,
    )
    on_sent_changed(False)
    for attempt in range(_MAX_CREATE_TRIES):
        at = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(state.wall()))  # never raises, whatever TZ holds
        answer: Response | NoReply = yield send
        if isinstance(answer, NoReply) and answer.sent:
            raise submission_unknown(f"No answer came ({answer.text}).", at=at) from ConnectionError(answer.text)
        try:
            if isinstance(answer, NoReply):
                raise unreachable(state, answer, "Nothing was sent, nothing is billed.")
            task = read_create(answer, base_url=state.base_url, at=at)
            note.text = f"Task {task.id} {still_running(task.id)}"
            model = body.get("model")
            return task if task.model or not isinstance(model, str) else replace(task, model=model)
        except (ConnectionFailedError, RateLimitError, ModelUnavailableError) as error:
            pause = pause_after(state, attempt, answer)
            tries = _MAX_CREATE_TRIES if isinstance(error, RateLimitError) else _MAX_CONNECT_TRIES
            if attempt >= tries - 1 or pause > LONGEST_PAUSE or not _nothing_accepted(error):
                raise
            on_sent_changed(False)
            if on_trouble is not None:
                on_trouble(error)
        yield Pause(pause)
    raise AssertionError("the last try returns or raises")


_NO_UPSTREAM = ("get_channel_failed", "model_not_found")


def _nothing_accepted(error: KlingError) -> bool:
    """Return whether the error proves that nothing was accepted, so that the create call may be sent again."""
    if not isinstance(error, ModelUnavailableError):
        return True
    return error.status_code in (500, 503) and (error.code is None or error.code.lower() in _NO_UPSTREAM)
