"""The create call and its retries, without a connection."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.client.creation import create
from kling_widgets.client.steps import NoReply, Response, Send
from kling_widgets.errors import (
    ConnectionFailedError,
    KlingError,
    ModelUnavailableError,
    RateLimitError,
    SubmissionUnknownError,
)
from tests.client.play import play, response
from tests.client.test_operations import DOWN, LOST, TAKEN, UNSENT, state

# nothing was accepted, and the error may be transient
SURE = [UNSENT, response("", 429), response("", 429, retry_after="2"), DOWN, response({"code": "model_not_found"}, 500)]
REST = [
    LOST,
    response("", 500),
    response("<html>", 502),
    response("", 401),
    response({}),
    response({"code": "get_channel_failed"}, 404),  # permanent: the key's group has no such model
    response({"code": "do_request_failed", "message": "upstream: model_not_found"}, 500),
    TAKEN,
]
answers = st.sampled_from(SURE) | st.sampled_from(SURE + REST)


@given(st.lists(answers, min_size=30, max_size=30))
def test_one_price_per_submission(given_answers: list[Response | NoReply]) -> None:
    """A create call is only sent again after answers that certainly accepted nothing."""
    seen: list[Response | NoReply] = []

    def each() -> Any:
        for answer in given_answers:
            seen.append(answer)
            yield answer

    left = each()
    steps = create(state(), {"model": "m"})
    try:
        step: Any = next(steps)
        while True:
            step = steps.send(next(left) if isinstance(step, Send) else None)
    except (StopIteration, KlingError):
        pass
    for answer in seen[:-1]:
        assert answer in SURE
    assert len(seen) <= 6


def test_the_body_is_sent_unchanged() -> None:
    """The body is sent unchanged; the task gets its model, as replies may lack it."""
    body = {"model": "aigc-video-kling-2.6", "prompt": "p", "metadata": {"x": [1]}}
    played = play(create(state(), body), [TAKEN])
    (send,) = played.sent
    assert isinstance(send, Send)
    assert (send.method, send.url, send.json) == ("POST", "https://s.example/v1/video/generations", body)
    assert (send.read_timeout, send.urgent) == (180, True)
    assert played.result.model == "aigc-video-kling-2.6"


def test_a_lost_create_says_when_it_was_sent() -> None:
    """The error contains the time of the call, which helps to find it in the web console."""
    with pytest.raises(SubmissionUnknownError, match=r"sent 2027-01-1\d"):
        play(create(state(), {}), [LOST])


def test_busy_answers_get_more_attempts_than_failed_connections() -> None:
    """There are three attempts to connect, and six while the service is busy; each failure but the last is reported."""
    troubles: list[KlingError] = []
    with pytest.raises(ConnectionFailedError):
        play(create(state(), {}, troubles.append), [UNSENT] * 3)
    assert len(troubles) == 2
    with pytest.raises(RateLimitError):
        play(create(state(), {}), [response("", 429)] * 6)
    with pytest.raises(ModelUnavailableError):
        play(create(state(), {}), [DOWN] * 3)


@pytest.mark.parametrize("status", [429, 400])
@pytest.mark.parametrize("code", [1102, 1303])
def test_the_gateway_s_own_account_is_no_reason_to_try_again(status: int, code: int) -> None:
    """If the gateway's own balance is too low, there is no other attempt."""
    troubles: list[KlingError] = []
    with pytest.raises(ModelUnavailableError, match=r"not your account.*") as caught:
        play(create(state(), {}, troubles.append), [response({"code": code, "message": "no"}, status)])
    assert not troubles and "nothing is billed" in str(caught.value)
