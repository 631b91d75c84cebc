"""Status texts of jobs."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.core.task import Task
from kling_widgets.errors import (
    AuthenticationError,
    ConnectionFailedError,
    KlingError,
    ModelUnavailableError,
    RateLimitError,
    ServerError,
    TaskNotFoundError,
    VideoMissingError,
)
from kling_widgets.jobs.snapshot import ENDED, JobSnapshot, State
from kling_widgets.notebook.output.status_text import (
    STATES,
    clock,
    duration,
    end_title,
    error_reason,
    state_line,
    status_line,
    time_left,
)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (38.9, "0:38"), (60, "1:00"), (3599, "59:59"), (3727, "1:02:07")]
)
def test_clock(seconds: float, said: str) -> None:
    """An elapsed time is shown as on a clock."""
    assert clock(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (37.6, "38 s"),
        (59.6, "1 min"),
        (72, "1 min 12 s"),
        (3599.7, "1 h"),
        (3720, "1 h 2 min"),
        (90000, "25 h"),
    ],
)
def test_duration(seconds: float, said: str) -> None:
    """A length of time is shown without parts that are zero."""
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("remaining", "said"),
    [
        (None, "no estimate yet"),
        ((0, 0.4), "a few seconds more"),
        ((2, 3), "a few seconds more"),
        ((0, 8), "about 1–8 s more"),
        ((8, 8), "about 8 s more"),
        ((20, 89), "about 20–89 s more"),
        ((20, 100), "about 20 s to 2 min more"),
        ((59, 90), "about 59 s to 2 min more"),
        ((60, 95), "about 1–2 min more"),
        ((110, 130), "about 2 min more"),
        ((200, 420), "about 3–7 min more"),
    ],
)
def test_left(remaining: tuple[float, float] | None, said: str) -> None:
    """The remaining time is a range no more precise than the estimate."""
    assert time_left(remaining) == said


@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_left_never_says_nought(low: float, more: float) -> None:
    """No estimate says that nothing is left."""
    said = time_left((low, low + more))
    assert " 0" not in said
    assert "–0" not in said


def test_every_state_has_words() -> None:
    """Every state has a text that is not its internal name, and no two have the same."""
    assert set(STATES) == set(get_args(State))
    assert len(set(STATES.values())) == len(STATES)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ({"state": "sending", "elapsed": 2}, "Sending · 0:02"),
        ({"state": "queued", "elapsed": 5}, "In the queue · 0:05 · no estimate yet"),
        (
            {"state": "running", "elapsed": 38, "percent": 45, "remaining": (20, 40)},
            "Making the video · 45 % · 0:38 · about 20–40 s more",
        ),
        ({"state": "running", "elapsed": 38, "percent": 0}, "Making the video · 0 % · 0:38 · no estimate yet"),
        (
            {"state": "running", "elapsed": 80, "percent": 45, "silent": 40, "remaining": (1, 2)},
            "No answer for 0:40, still trying · 1:20",
        ),
        (
            {"state": "queued", "elapsed": 80, "silent": 40, "trouble": ConnectionFailedError("x")},
            "No answer for 0:40 (no connection), still trying · 1:20",
        ),
        ({"state": "sending", "elapsed": 9, "silent": 8}, "Not accepted yet, trying again · 0:09"),
        (
            {"state": "sending", "elapsed": 9, "silent": 8, "trouble": RateLimitError("x")},
            "Not accepted yet (too many requests), trying again · 0:09",
        ),
        (
            {"state": "running", "elapsed": 38, "percent": 100},
            "Making the video · 100 %, not finished yet · 0:38 · no estimate yet",
        ),
        ({"state": "running", "again": True}, "Making the video again · 0:00 · no estimate yet"),
        ({"state": "queued", "again": True}, "Back in the queue · 0:00 · no estimate yet"),
        ({"state": "done", "again": True}, "Done"),
        ({"state": "running", "word": "PAUSED"}, "The service says “PAUSED” · 0:00 · no estimate yet"),
        ({"state": "fetching"}, "Fetching the video"),
        ({"state": "fetching", "fetched": (1_000_000, None)}, "Fetching the video · 1 MB"),
        ({"state": "fetching", "fetched": (1_000_000, 4_000_000)}, "Fetching the video · 1 MB of 4 MB"),
        ({"state": "done", "elapsed": 60, "fetched": (1, 1)}, "Done"),
        ({"state": "failed"}, "Failed"),
        ({"state": "refused"}, "Refused"),
        ({"state": "unknown"}, "Sent, but the answer was lost"),
        ({"state": "stopped", "silent": 40.0, "word": "PAUSED"}, "No longer watched"),
    ],
)
def test_line(moment: dict[str, Any], said: str) -> None:
    """The line has state, progress, elapsed and remaining time, as far as they are known."""
    assert status_line(JobSnapshot(**moment)) == said


def test_changes_do_not_tick() -> None:
    """A log has one line for each state: changing numbers are not in it."""
    first = JobSnapshot("running", elapsed=1, percent=3, remaining=(9, 12))
    later = JobSnapshot("running", elapsed=9, percent=80, remaining=(2, 3))
    assert state_line(first) == state_line(later) == "Making the video"
    for silent in (JobSnapshot("running", silent=3), JobSnapshot("queued", silent=9)):
        assert state_line(silent) == "No answer, still trying"
    assert state_line(JobSnapshot("sending", silent=3, trouble=RateLimitError("x"))) == "Not accepted yet, trying again"
    assert state_line(JobSnapshot("queued", again=True)) == "Back in the queue"
    assert state_line(JobSnapshot("running", word="PAUSED")) == "The service says “PAUSED”"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, ""),
        (KlingError("x"), ""),
        (ConnectionFailedError("x"), "no connection"),
        (RateLimitError("x", status_code=429), "too many requests"),
        (TaskNotFoundError("x", status_code=400, body={}), "the service does not find the task"),
        (ModelUnavailableError("x", status_code=503, body={}), "the model is down"),
        (ServerError("x", status_code=502, body={"error": {}}), "HTTP 502"),
        (ServerError("x", status_code=200, body="<script>"), "something else answered, HTTP 200"),
        (AuthenticationError("x", status_code=511, body="<html>"), "something else answered, HTTP 511"),
    ],
)
def test_a_trouble_in_a_few_words(error: KlingError | None, said: str) -> None:
    """The text names the kind of error, and quotes nothing from the reply."""
    assert error_reason(error) == said


@pytest.mark.parametrize("state", sorted(ENDED))
def test_the_end_is_shown_as_an_end(state: State) -> None:
    """Neither missing answers nor an unknown status word hide that a job has ended."""
    assert state_line(JobSnapshot(state, silent=4.0, word="PAUSED")) == STATES[state]


def test_a_long_word_of_the_service_is_cut() -> None:
    """A long status word of the service is cut."""
    assert len(status_line(JobSnapshot("running", word="x" * 5000))) < 100


def test_a_missing_video_is_no_failed_task() -> None:
    """A task that has succeeded is billed, so the end is not called a failure."""
    error = VideoMissingError("Task t1 succeeded, but its video is not available.", Task("t1"))
    assert end_title(JobSnapshot("failed", error=error)) == "Made, but not saved"
    assert end_title(JobSnapshot("failed", error=KlingError("It failed."))) == STATES["failed"]
