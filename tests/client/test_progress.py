"""Prediction of a task's end from its progress."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.client.progress import Progress
from kling_widgets.core.task import Task


def seen(*readings: tuple[float, int | None], status: str = "running") -> Progress:
    """Return a history of numbers at times."""
    progress = Progress()
    for at, value in readings:
        progress.add(at, Task("t", status=status, progress=value))  # type: ignore[arg-type]
    return progress


@pytest.mark.parametrize("marks", [[0, 10, 20, 30], [30], [0, 30, 100], [None, 10, None], [0, 50], [50]])
@pytest.mark.parametrize("status", ["queued", "running", "unknown"])
def test_marks_are_no_progress(marks: list[int | None], status: str) -> None:
    """0, 10, 20, 30, 50 and 100 are the gateway's fixed values for states: no progress, no estimate."""
    progress = seen(*((at * 5 + 2, mark) for at, mark in enumerate(marks)), status=status)
    assert progress.real is None
    assert progress.end is None


def test_progress_is_real_once_another_number_was_seen() -> None:
    """After any other number, the fixed values count as numbers, too."""
    assert seen((0, 0), (1, 30), (2, 37), (3, 100)).real == 100


@given(
    st.floats(5, 3000),
    st.floats(0, 300),
    st.sampled_from([1, 5, 10, 20]),
    st.lists(st.floats(0.01, 0.99), min_size=2, max_size=12, unique=True),
)
def test_the_end_of_an_even_progress_is_between_the_two(
    whole: float, queued: float, step: int, looks: list[float]
) -> None:
    """The true end is within the prediction for any pace, step size and queue time, at any poll."""
    readings = [(queued + whole * look, int(100 * look / step + 1e-9) * step) for look in sorted(looks)]
    end = seen(*readings).end
    if end is not None:
        assert end[0] - 1e-3 * whole <= queued + whole <= end[1] + 1e-3 * whole


def test_more_readings_narrow_the_prediction() -> None:
    """The prediction is narrower at 90 of 100 seconds than at 20."""
    early = seen(*((at, at) for at in (5, 12, 20))).end
    late = seen(*((at, at) for at in (5, 12, 20, 40, 70, 90))).end
    assert early and late
    assert late[1] - late[0] < early[1] - early[0]
    assert late[0] <= 100 <= late[1] < 103


def test_one_reading_bounds_the_end() -> None:
    """One reading bounds the end, as the task did not start before it was accepted; its queue time is unknown."""
    assert seen((2, 40)).end == (2, 5)


def test_time_in_a_queue_is_no_pace() -> None:
    """Fixed values while queued are ignored."""
    progress = seen((2, 0), (9, 10), status="queued")
    for at, value in ((12, 5), (13, 24), (14, 43)):
        progress.add(at, Task("t", status="running", progress=value))
    assert progress.end is not None
    assert progress.end[0] <= 17 <= progress.end[1] < 18


def test_another_pace_counts_from_when_it_began() -> None:
    """Slow for a minute, then fast: the prediction follows the fast pace."""
    end = seen((10, 1), (30, 3), (60, 6), (65, 31), (70, 56)).end
    assert end is not None
    assert 78 <= end[0] <= 78.8 <= end[1] <= 80


@pytest.mark.parametrize("stuck", [40, 90, 99])
def test_constant_progress_gives_no_prediction(stuck: int) -> None:
    """If a number does not change as expected, there is no prediction."""
    progress = seen(*((at, at) for at in (10, 20, stuck)), (stuck + 20, stuck), (stuck + 40, stuck))
    assert progress.real == stuck
    assert progress.end is None


def test_falling_progress_restarts_the_history() -> None:
    """After progress falls, earlier numbers and the earlier pace are ignored."""
    progress = seen((10, 80), (20, 20))
    assert (progress.real, progress.end) == (None, None)
    progress.add(30, Task("t", status="running", progress=45))
    assert progress.real == 45
    assert progress.end is not None


def test_erratic_progress_gives_no_prediction() -> None:
    """Progress that falls twice is not trusted."""
    progress = seen((2, 50), (5, 70), (8, 33), (11, 66), (14, 12), (17, 44))
    assert progress.real == 44
    assert progress.end is None


def test_progress_of_an_ended_task_is_none() -> None:
    """The number of an ended task is ignored: 100 is reported for failures, too."""
    assert seen((10, 77), status="failed").real is None


@given(st.lists(st.tuples(st.floats(0.1, 60), st.none() | st.integers(0, 100)), max_size=40))
def test_any_history_gives_a_real_end_or_none(steps: list[tuple[float, int | None]]) -> None:
    """Any history gives an ordered, finite prediction that is not in the past, or none."""
    at, progress = 0.0, Progress()
    for gap, value in steps:
        at += gap
        progress.add(at, Task("t", status="running", progress=value))
        if progress.end is not None:
            assert 0 <= progress.end[0] <= progress.end[1] < float("inf")
