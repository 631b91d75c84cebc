"""Queries and waits with their retries, without a connection."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.client.creation import create
from kling_widgets.client.operations import query, wait
from kling_widgets.client.steps import ClientState, NoReply, Response, Send
from kling_widgets.core.task import Task
from kling_widgets.errors import APIError, KlingError, RateLimitError, WaitTimeoutError
from tests.client.play import Played, play, response

UNSENT, LOST = NoReply(False, "refused"), NoReply(True, "reset")
TAKEN = response({"id": "t"})
RUNNING = response({"code": "success", "data": {"task_id": "t", "status": "processing"}})
DONE = response({"code": "success", "data": {"task_id": "t", "status": "success", "url": "https://m.example/a.mp4"}})


def state(**more: Any) -> ClientState:
    return ClientState("https://s.example", wall=lambda: 1_800_000_000.0, jitter=lambda: 0.5, **more)


DOWN = response({"code": "get_channel_failed"}, 503)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "low", "high"),
    [
        ("7", 7, 8),
        ("0", 0.5, 1),
        ("-5", 0.5, 1),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30, 31),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.5, 1),
        ("soon", 0.5, 1),
    ],
)
def test_retry_after_is_respected(status: int, asked: str, low: float, high: float) -> None:
    """A Retry-After in seconds or as a date is respected, with jitter; an invalid one gets our own backoff."""
    busy = response({"code": "get_channel_failed"} if status == 503 else "", status, retry_after=asked)
    (pause,) = play(create(state(), {}), [busy, TAKEN]).pauses
    assert low <= pause <= high
    (pause,) = play(query(state(), "t"), [busy, RUNNING]).pauses
    assert low <= pause <= high


@pytest.mark.parametrize("asked", ["121", "999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_very_long_retry_after_is_an_error(asked: str) -> None:
    """A very long Retry-After raises an error, and a wait polls again within minutes."""
    busy = response("", 429, retry_after=asked)
    with pytest.raises(RateLimitError):
        play(create(state(), {}), [busy])
    _, times, error = played_wait("t", [busy, DONE])
    assert error is None and times[1] <= 301


def test_a_query_gives_up_after_some_tries() -> None:
    """The error is that of the last attempt."""
    with pytest.raises(APIError, match="502"):
        play(query(state(), "t"), [LOST, response("", 429), UNSENT, response("", 502)])


def test_a_query_does_not_repeat_a_permanent_error() -> None:
    """A wrong key is not tried again."""
    with pytest.raises(APIError):
        play(query(state(), "t"), [response({"error": {"message": "no"}}, 401)])


def test_the_queried_id_stays() -> None:
    """If a reply names another task, further polls still use the original id."""
    other = response({"code": "success", "data": {"task_id": "other", "status": "processing"}})
    played, _, _ = played_wait("t", [other, other, DONE])
    assert {send.url for send in played.sent} == {"https://s.example/v1/video/generations/t"}
    assert played.result.id == "t"


class Clock:
    """Moves with the pauses of what is played."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Jump:
    """A look during which the clock jumps, and that fails."""

    seconds: float


def played_wait(task: Task | str, given_answers: Any, **options: Any) -> tuple[Played, list[float], Exception | None]:
    """A wait in its own time: what was played, and when each look was."""
    clock = Clock()
    steps = wait(state(clock=clock), task, **options)
    left, played, times, answer = iter(given_answers), Played(), [], None
    while True:
        try:
            step: Any = steps.send(answer)
        except StopIteration as stop:
            played.result = stop.value
            return played, times, None
        except KlingError as error:
            return played, times, error
        answer = None
        if isinstance(step, Send):
            times.append(clock.now)
            played.sent.append(step)
            answer = next(left)
            if isinstance(answer, Jump):
                clock.now += answer.seconds
                answer = LOST
        else:
            played.pauses.append(step.seconds)
            clock.now += step.seconds


troubles_and_looks = st.sampled_from(
    [
        RUNNING,
        LOST,
        UNSENT,
        response("", 500),
        response("<html>", 502),
        response("", 429),
        response("", 429, retry_after="7"),
        response("x"),
    ]
)


@given(st.lists(troubles_and_looks, max_size=80), st.none() | st.floats(1, 900))
def test_no_transient_error_ends_a_wait(before: list[Response | NoReply], usual: float | None) -> None:
    """Any sequence of errors and polls ends with the success, and polls are at least a second apart."""
    played, times, error = played_wait("t", [*before, DONE], usual=usual, timeout=None)
    assert error is None
    assert played.result.url == "https://m.example/a.mp4"
    assert times[0] <= 3
    assert all(1 <= b - a + 1e-6 <= 301 for a, b in pairwise(times))


@given(st.floats(0, 300), st.booleans())
def test_a_wait_ends_at_its_time(timeout: float, troubled: bool) -> None:
    """A wait ends exactly at its timeout, and its error contains that of the last poll."""
    played, times, error = played_wait("t", iter(lambda: LOST if troubled else RUNNING, None), timeout=timeout)
    assert isinstance(error, WaitTimeoutError)
    assert sum(played.pauses) == pytest.approx(timeout)
    assert times and ("last poll failed" in str(error)) is troubled


@pytest.mark.parametrize("jump", [3600.0, 10 * 3600.0, -3600.0])
def test_a_laptop_may_sleep(jump: float) -> None:
    """An hour of sleep ends no wait, even without a network on waking, and neither does a clock set back."""
    played, _, error = played_wait("t", [RUNNING, Jump(jump), RUNNING, LOST, DONE], timeout=600)
    assert error is None and played.result.status == "succeeded"
    assert all(pause <= 60 for pause in played.pauses)


def test_sleep_of_the_laptop_does_not_count() -> None:
    """The timeout only counts time in which the laptop was awake."""
    looks = [RUNNING] * 200
    looks[3] = looks[9] = Jump(3600)
    played, _, error = played_wait("t", looks, timeout=900)
    assert isinstance(error, WaitTimeoutError)
    assert 500 < sum(played.pauses) <= 900


def test_a_success_stays_a_success() -> None:
    """A success stays one while its link is polled, and the last link is used."""
    bare = response({"code": "success", "data": {"task_id": "t", "status": "success"}})
    failed = response({"code": "success", "data": {"task_id": "t", "status": "failed", "error": "no"}})
    played, _, error = played_wait("t", [bare, failed, RUNNING, LOST, DONE])
    assert error is None and played.result.url == "https://m.example/a.mp4"
    played, _, error = played_wait("t", [bare, failed, failed, failed, failed])
    assert error is None and (played.result.status, played.result.url) == ("succeeded", None)


def test_an_id_without_history_is_polled_immediately() -> None:
    """An id without a history is polled immediately, as its task may have ended long ago."""
    assert played_wait("t", [DONE])[1] == [0]
    assert 1 <= played_wait(Task("t", status="queued"), [DONE])[1][0] <= 3
    assert played_wait(Task("t", status="queued"), [DONE], elapsed=100)[1] == [0]


def test_a_resumed_wait_knows_how_far_it_is() -> None:
    """The schedule counts from acceptance, not from the call."""
    fresh = played_wait("t", [RUNNING, RUNNING, DONE], usual=100)[1]
    resumed = played_wait("t", [RUNNING, RUNNING, DONE], usual=100, elapsed=60)[1]
    assert fresh[1] > 30
    assert resumed[1] <= 10


def test_each_poll_calls_one_callback() -> None:
    """Each poll calls one of the two callbacks, in order."""
    heard: list[str] = []
    played_wait(
        "t",
        [RUNNING, LOST, RUNNING, response("", 503), DONE],
        on_update=lambda task: heard.append(task.status),
        on_trouble=lambda error: heard.append(type(error).__name__),
    )
    assert heard == ["running", "ConnectionFailedError", "running", "ServerError", "succeeded"]
