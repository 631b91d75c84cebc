"""Submitting a body, with the retries that cost nothing: a generator of steps, without I/O (see ``steps``).

The one rule above all: a create call is sent again only where nothing was accepted, which is when no connection came
about, on HTTP 429, and where the gateway had no upstream to give it to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from kling_widgets.client.error_replies import submission_unknown
from kling_widgets.client.operations import LONGEST_PAUSE, OnTrouble, goes_on, pause_after, unreachable
from kling_widgets.client.replies import read_create
from kling_widgets.client.steps import CREATE_TIMEOUT, ClientState, NoReply, Note, Pause, Protocol, Response, Send
from kling_widgets.core.task import Task
from kling_widgets.errors import ConnectionFailedError, KlingError, ModelUnavailableError, RateLimitError

_CREATE_TRIES = 6  # while the service says that it is busy
_CONNECT_TRIES = 3  # somebody without a network, or with a model that is down, wants to hear so soon


def create(
    session: ClientState,
    body: Mapping[str, Any],
    on_trouble: OnTrouble | None = None,
    before: Callable[[], Any] | None = None,
    note: Note | None = None,
) -> Protocol[Task]:
    """Submits a body. ``on_trouble`` hears of what holds it up while it is tried again; ``before`` is called directly
    before each time that it is really sent, and what it raises keeps it from being sent; ``note`` says at every moment
    what an interrupt would leave behind.

    Raises:
        ConnectionFailedError, APIError: nothing was accepted.
        SubmissionUnknownError: it may have been.
    """
    note, at = note or Note(), ""

    def on_way(sent: bool) -> None:
        note.sent = sent
        note.text = (
            f"The request was sent {at}, and it may have been accepted and billed. Look into the web console of "
            f"{session.base_url} before you send it again."
            if sent
            else "Nothing was sent, nothing is billed."
        )

    send = Send(
        "POST",
        session.url("/v1/video/generations"),
        json=dict(body),
        read_timeout=session.read_timeout or CREATE_TIMEOUT,
        urgent=True,
        before=before,
        on_way=on_way,
    )
    on_way(False)
    for attempt in range(_CREATE_TRIES):
        at = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(session.wall()))  # whatever TZ says, without an error
        answer: Response | NoReply = yield send
        if isinstance(answer, NoReply) and answer.sent:
            raise submission_unknown(f"No answer came ({answer.text}).", at=at) from ConnectionError(answer.text)
        try:
            if isinstance(answer, NoReply):
                raise unreachable(session, answer, "Nothing was sent, nothing is billed.")
            task = read_create(answer, base_url=session.base_url, at=at)
            note.text = f"Task {task.id} {goes_on(task.id)}"
            model = body.get("model")
            return task if task.model or not isinstance(model, str) else replace(task, model=model)
        except (ConnectionFailedError, RateLimitError, ModelUnavailableError) as error:
            pause = pause_after(session, attempt, answer)
            tries = _CREATE_TRIES if isinstance(error, RateLimitError) else _CONNECT_TRIES
            if attempt >= tries - 1 or pause > LONGEST_PAUSE or not _nothing_accepted(error):
                raise
            on_way(False)
            if on_trouble is not None:
                on_trouble(error)
        yield Pause(pause)
    raise AssertionError("the last try returns or raises")


_NO_UPSTREAM = ("get_channel_failed", "model_not_found")


def _nothing_accepted(error: KlingError) -> bool:
    """Whether a create call may be sent again: not with an error whose own code leaves that open."""
    if not isinstance(error, ModelUnavailableError):
        return True
    return error.status_code in (500, 503) and (error.code is None or error.code.lower() in _NO_UPSTREAM)
