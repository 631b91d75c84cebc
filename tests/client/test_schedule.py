"""When to look, and what can be said about the rest: properties over many histories."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.client.reply import Task
from kling_widgets.client.schedule import UNKNOWN_GAP, Budget, Progress, Schedule

RUNNING = Task("t", status="running")


def running(progress: int | None) -> Task:
    return Task("t", status="running", progress=progress)


def looks(schedule: Schedule, duration: float, progress: object = None) -> list[float]:
    """The times of all looks at a task that takes so long; ``progress`` gives the number at a time."""
    times: list[float] = []
    now = 0.0
    while True:
        now += schedule.next(now)
        times.append(now)
        if now >= duration:
            return times
        assert len(times) < 5000
        schedule.see(now, running(progress(now) if callable(progress) else None))


durations = st.floats(0.5, 4000)
usuals = st.none() | st.floats(0.1, 4000) | st.sampled_from([0.0, -1.0, float("nan"), float("inf")])


@given(durations, usuals, st.lists(st.none() | st.integers(0, 100), min_size=1, max_size=50))
def test_looks_are_neither_close_nor_far_nor_many(duration: float, usual: float | None, seen: list[int | None]) -> None:
    """Whatever is reported: the first within 3 s, then never closer than 1 s, never more than 60 s of silence."""
    readings = iter(seen * 200)
    times = looks(Schedule(usual), duration, lambda now: next(readings, None))
    gaps = [after - before for before, after in pairwise(times)]
    assert times[0] <= 3
    assert all(gap + 1e-6 >= 1 and gap <= 60 + 1e-6 for gap in gaps)
    assert len(times) <= 60 + duration / 3


@pytest.mark.parametrize("usual", [30, 90, 300])
def test_silence_until_the_end_is_possible(usual: float) -> None:
    """Before 0.4 of the usual duration there is one early look, and one a minute; then an even gap."""
    times = looks(Schedule(usual), usual)
    early = [time for time in times if time < 0.39 * usual]
    assert len(early) <= 1 + 0.4 * usual // 60
    assert len(times) < 30


def test_a_known_duration_costs_few_looks() -> None:
    """About as the measured optimum: at most 20 looks for the usual 90 s, seen within 5 s of its end."""
    times = looks(Schedule(90), 90)
    assert len(times) <= 20
    assert times[-1] - 90 <= 5


def test_without_a_history_the_gap_is_even() -> None:
    """A demo job of 3 s is seen soon, and a minute costs about 20 looks."""
    assert looks(Schedule(), 3)[-1] <= 6
    assert len(looks(Schedule(), 60)) <= 22


def test_real_progress_beats_the_clock() -> None:
    """With a number that moves evenly, the end is seen soon and with few looks, wherever it lies."""
    for duration in (20, 100, 400):
        times = looks(Schedule(), duration, lambda now, whole=duration: int(100 * now / whole))
        assert times[-1] - duration <= max(2, 0.03 * duration)
        assert len(times) <= 25


def test_time_in_a_queue_is_no_pace() -> None:
    """The first number after a wait of 12 s says nothing yet about how long the rest takes: the next look is near."""
    schedule = Schedule()
    schedule.see(9.0, Task("t", status="queued"))
    schedule.see(12.0, Task("t", status="running", progress=5))
    assert schedule.next(12.0) <= UNKNOWN_GAP
    assert schedule.remaining(12.0) is None
    schedule.see(13.0, Task("t", status="running", progress=24))
    schedule.see(14.0, Task("t", status="running", progress=43))
    assert schedule.remaining(14.0) is not None


def test_progress_that_stands_still_is_not_trusted() -> None:
    """A task that hangs at 99 per cent is not asked every second for half an hour."""
    times = looks(Schedule(), 1800, lambda now: min(99, int(now)))
    assert len(times) < 200


def test_a_miss_is_repeated_with_growing_patience() -> None:
    """2, 4, 8 … 30 s; longer when the service asks for it, but not for a day; forgotten after an answer."""
    schedule = Schedule()
    gaps = []
    for _ in range(8):
        schedule.missed()
        gaps.append(schedule.next(50))
    assert gaps == [2, 4, 8, 16, 30, 30, 30, 30]
    schedule.missed(45)
    assert schedule.next(60) == 45
    schedule.missed(86_400)
    assert schedule.next(60) == 300
    schedule.see(70, RUNNING)
    assert schedule.next(70) == 3


@pytest.mark.parametrize("marks", [[0, 10, 20, 30], [30], [0, 30, 100], [None, 10, None]])
def test_marks_are_no_progress(marks: list[int | None]) -> None:
    """0, 10, 20, 30 and 100 are the gateway's names for states: no bar, no estimate."""
    schedule = Schedule()
    for at, mark in enumerate(marks):
        schedule.see(at * 5 + 2, running(mark))
    assert schedule.progress.real is None
    assert schedule.remaining(30) is None


def test_progress_is_real_once_another_number_was_seen() -> None:
    """After that, marks are numbers too."""
    progress = Progress()
    for at, value in enumerate([0, 30, 37, 100]):
        progress.see(at, running(value))
    assert progress.real == 100


def test_progress_that_goes_backwards_begins_anew() -> None:
    """Nothing from before counts: neither the number nor the pace."""
    progress = Progress()
    progress.see(10, running(80))
    progress.see(20, running(20))
    assert progress.real is None and progress.left(21) is None
    progress.see(30, running(45))
    assert progress.real == 45


def test_progress_that_jumps_gives_no_estimate() -> None:
    """Steps of 33 per cent say nothing about when the next one comes."""
    progress = Progress()
    for at, value in ((2, 5), (30, 38), (60, 71)):
        progress.see(at, running(value))
    assert progress.real == 71
    assert progress.left(61) is None


def test_progress_of_an_ended_task_is_none() -> None:
    """100 is reported for failures too."""
    progress = Progress()
    progress.see(10, Task("t", status="failed", progress=77))
    assert progress.real is None


def test_remaining_is_a_range_around_the_truth() -> None:
    """From the pace where there is one, else from the usual duration; nothing once it is late, or nothing is known."""
    schedule = Schedule(90)
    low, high = schedule.remaining(30) or (0, 0)
    assert low < 60 < high
    assert schedule.remaining(500) is None
    assert Schedule().remaining(10) is None
    for at in (10, 20, 30):
        schedule.see(at, running(at + 1))
    low, high = schedule.remaining(30) or (0, 0)
    assert low < 69 < high < 120


@given(st.floats(0.5, 50), st.lists(st.tuples(st.floats(0, 3), st.booleans()), min_size=1, max_size=60))
def test_the_budget_is_kept(rate: float, asks: list[tuple[float, bool]]) -> None:
    """Requests of one kind are never closer than the budget says, and none has to wait for less than nothing."""
    budget, now = Budget(rate), 100.0
    starts: dict[bool, list[float]] = {True: [], False: []}
    for gap, urgent in asks:
        now += gap
        wait = budget.reserve(now, urgent=urgent)
        assert wait >= 0
        starts[urgent].append(now + wait)
    for times in starts.values():
        assert all(b - a >= 1 / rate - 1e-6 for a, b in pairwise(times))


def test_an_urgent_request_does_not_queue_behind_polls() -> None:
    """Somebody waits for a submission; the polls move back by one."""
    budget = Budget(2)
    for _ in range(100):
        budget.reserve(0)
    assert budget.reserve(0, urgent=True) == 0
    assert budget.reserve(0) == pytest.approx(50.5)


def test_a_place_that_is_not_used_can_be_given_back() -> None:
    """A batch that was stopped does not hold up the next one."""
    budget = Budget(2)
    for _ in range(100):
        budget.reserve(0)
    for _ in range(99):
        budget.give_back()
    assert budget.reserve(0) == pytest.approx(0.5)


def test_the_budget_is_shared_between_threads() -> None:
    """No two threads get the same place."""
    budget = Budget(10)
    places: list[float] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        places.extend(budget.reserve(0) for _ in range(50))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(places) == pytest.approx([place / 10 for place in range(400)])


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_budget_of_nothing_is_refused(rate: float) -> None:
    """It would never let anything go."""
    with pytest.raises(ValueError, match="above 0"):
        Budget(rate)
