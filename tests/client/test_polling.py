"""The polling schedule and the estimate of the remaining time: properties over many histories."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from statistics import NormalDist, fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.client.polling import WIDEST_UNKNOWN_GAP, PollSchedule, typical
from kling_widgets.core.task import Task

RUNNING = Task("t", status="running")


def running(progress: int | None) -> Task:
    return Task("t", status="running", progress=progress)


def looks(schedule: PollSchedule, duration: float, progress: object = None) -> list[float]:
    """Return the times of all polls of a task of this duration; ``progress`` is a function of the time."""
    times: list[float] = []
    now = 0.0
    while True:
        now += schedule.next(now)
        times.append(now)
        if now >= duration:
            return times
        assert len(times) < 5000
        schedule.polled(now, running(progress(now) if callable(progress) else None))


durations = st.floats(0.5, 4000)
usuals = st.none() | st.floats(0.1, 4000) | st.sampled_from([0.0, -1.0, float("nan"), float("inf")])


@given(durations, usuals, st.lists(st.none() | st.integers(0, 100), min_size=1, max_size=50))
def test_polls_are_neither_close_nor_far_nor_many(duration: float, usual: float | None, seen: list[int | None]) -> None:
    """For any progress, the first poll is within 3 s, and the gaps are between 1 s and 60 s."""
    readings = iter(seen * 200)
    times = looks(PollSchedule(usual), duration, lambda now: next(readings, None))
    gaps = [after - before for before, after in pairwise(times)]
    assert times[0] <= 3
    assert all(gap + 1e-6 >= 1 and gap <= 60 + 1e-6 for gap in gaps)
    assert len(times) <= 60 + duration / 3


@pytest.mark.parametrize("usual", [30, 90, 300])
def test_silence_until_the_end_is_possible(usual: float) -> None:
    """Before 0.4 of the usual duration there is one early poll and two a minute; later gaps become even."""
    times = looks(PollSchedule(usual), usual)
    early = [time for time in times if time < 0.37 * usual]
    assert len(early) <= 1 + 0.8 * usual // 60
    assert len(times) < 30


def test_a_known_duration_takes_few_polls() -> None:
    """A task of the usual 90 s takes at most 20 polls and is noticed within 5 s, close to the measured optimum."""
    times = looks(PollSchedule(90), 90)
    assert len(times) <= 20
    assert times[-1] - 90 <= 5


def test_without_a_history_the_gap_is_short() -> None:
    """A task of 3 s is noticed soon, and a minute takes about ten polls."""
    assert looks(PollSchedule(), 3)[-1] <= 10
    assert len(looks(PollSchedule(), 60)) <= 12


def test_the_end_of_a_demo_task_is_noticed_immediately() -> None:
    """The end of a demo task, which reports progress for 3 s, is noticed within a second."""
    assert looks(PollSchedule(), 3, lambda now: int(100 * now / 3))[-1] <= 4


def test_real_progress_beats_the_clock() -> None:
    """With an even progress, the end is noticed soon and with few polls, whatever the duration."""
    for duration in (20, 100, 400):
        times = looks(PollSchedule(), duration, lambda now, whole=duration: int(100 * now / whole))
        assert times[-1] - duration <= max(2, 0.03 * duration)
        assert len(times) <= 10 + duration / 12


def test_a_single_number_is_no_reason_to_wait_long() -> None:
    """After the first number there is another poll soon, as it does not determine the end."""
    schedule = PollSchedule()
    schedule.polled(9.0, Task("t", status="queued"))
    schedule.polled(12.0, Task("t", status="running", progress=5))
    assert schedule.next(12.0) <= WIDEST_UNKNOWN_GAP
    assert schedule.remaining(12.0) is None
    schedule.polled(13.0, Task("t", status="running", progress=24))
    schedule.polled(14.0, Task("t", status="running", progress=43))
    assert schedule.remaining(14.0) is not None


LYING = {
    "at 99 from the beginning": lambda part: 99,
    "twice too fast": lambda part: min(99, int(200 * part)),
    "twice too slow": lambda part: int(50 * part),
    "five times too slow": lambda part: int(20 * part),
    "stuck at 90": lambda part: min(90, int(130 * part)),
    "stuck for a while": lambda part: int(100 * part) if part < 0.4 else 40 if part < 0.8 else int(300 * part - 200),
    "in jumps": lambda part: 5 if part < 0.3 else 17 if part < 0.5 else 62 if part < 0.7 else 88,
    "only the gateway's marks": lambda part: 10 if part < 0.03 else 20 if part < 0.1 else 30,
}
DURATIONS = [90 * math.exp(0.5 * NormalDist().inv_cdf((at + 0.5) / 100)) for at in range(100)]


@pytest.mark.parametrize("usual", [None, 90])
@pytest.mark.parametrize("lie", LYING.values(), ids=LYING.keys())
def test_false_progress_is_no_worse_than_even_gaps(lie: Callable[[float], int], usual: float | None) -> None:
    """With a false progress, half of the tasks are noticed as soon as with even gaps, and none a minute late."""
    seen = [(at, looks(PollSchedule(usual), at, lambda now, at=at: lie(now / at))) for at in DURATIONS]
    count = fmean(len(times) for _, times in seen)
    even = fmean(DURATIONS) / (count - 0.5)  # even gaps take T/gap + 1/2 polls on average
    late = [times[-1] - at for at, times in seen]
    assert median(late) <= even / 2
    assert max(late) < 30


def test_many_tasks_are_polled_less_often() -> None:
    """If a poll round takes 40 s, tasks are not polled every second."""
    schedule = PollSchedule(10)
    schedule.polled(9, RUNNING)
    assert schedule.next(9) < 2
    assert schedule.next(9, poll_round=40) == 20


def test_constant_progress_is_not_trusted() -> None:
    """A task that hangs at 99 per cent is not polled every second for half an hour."""
    times = looks(PollSchedule(), 1800, lambda now: min(99, int(now)))
    assert len(times) < 200


def test_failed_polls_back_off() -> None:
    """Failed polls are repeated after 2, 4, 8 … 30 s, or a longer Retry-After up to a limit, until one succeeds."""
    schedule = PollSchedule()
    gaps = []
    for _ in range(8):
        schedule.poll_failed()
        gaps.append(schedule.next(50))
    assert gaps == [2, 4, 8, 16, 30, 30, 30, 30]
    schedule.poll_failed(45)
    assert schedule.next(60) == 45
    schedule.poll_failed(86_400)
    assert schedule.next(60) == 300
    schedule.polled(70, RUNNING)
    assert schedule.next(70) < 5


def test_remaining_is_a_range_around_the_truth() -> None:
    """The estimate follows the pace, else the usual duration, and is None if the task is late or nothing is known."""
    schedule = PollSchedule(90)
    low, high = schedule.remaining(30) or (0, 0)
    assert low < 60 < high
    assert schedule.remaining(500) is None
    assert PollSchedule().remaining(10) is None
    for at in (10, 20, 30):
        schedule.polled(at, running(at + 1))
    low, high = schedule.remaining(30) or (0, 0)
    assert low < 69 < high < 120


@pytest.mark.parametrize(
    ("known", "seconds"),
    [([], None), ([50], 50), ([50, 72], 60), ([50, 70, 600], 70), ([1, 60, 60, 60, 60, 60, 60, 3600], 60)],
)
def test_the_usual_duration_is_the_mean_of_the_middle(known: list[float], seconds: float | None) -> None:
    """An outlier, such as a wait in a closed laptop, hardly changes the usual duration."""
    assert typical(known) == (seconds and pytest.approx(seconds, rel=0.02))
