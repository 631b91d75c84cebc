"""The throttle of live views: how many messages, in which order, and what is never delayed; with a fake clock."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable

import pytest

from kling_widgets.core.task import Task
from kling_widgets.jobs.snapshot import ENDED, JobSnapshot, Listener
from kling_widgets.jobs.state import JobState
from kling_widgets.notebook.kernel.live_updates import (
    CHANGES_IN_ROW,
    EARLY,
    LATER,
    MAX_FAILURES,
    PER_SECOND,
    UpdateThrottle,
)
from tests.jobs.conftest import LONG, Clock, until


class Page:
    """Views of so many jobs, and what they showed when."""

    def __init__(self, count: int, *, background: bool = False) -> None:
        self.clock = Clock()
        self.start = self.clock.now
        self.throttle = UpdateThrottle(self.clock, background=background)
        self.jobs = [JobState(self.clock.now, self.clock) for _ in range(count)]
        self.shown: list[tuple[float, int, JobSnapshot]] = []  # seconds, number of the job, what
        for number, job in enumerate(self.jobs):
            job.accept(Task(f"t{number}"), self.clock.now)
            job.announce()
            self.throttle.follow(job, lambda snapshot, number=number: self.show(number, snapshot))  # type: ignore[misc]

    def show(self, number: int, snapshot: JobSnapshot) -> int:
        self.shown.append((self.clock.now - self.start, number, snapshot))
        return 2 if snapshot.state == "fetching" else 1

    def go_on(self, seconds: float) -> None:
        """Lets time go by, as the thread does."""
        until = self.clock.now + seconds
        while (wait := self.throttle.show_due()) is not None and self.clock.now + wait < until:
            assert wait > 0
            self.clock.now += wait
        self.clock.now = until

    @property
    def busiest(self) -> int:
        """The most messages in any second."""
        times = [time for time, _, snapshot in self.shown for _ in range(2 if snapshot.state == "fetching" else 1)]
        return max(bisect_left(times, time + 1) - number for number, time in enumerate(times))


def test_one_view_ticks_each_second_and_later_every_five() -> None:
    """In the first minute a clock that pauses looks broken."""
    page = Page(1)
    page.go_on(100)
    times = [round(time) for time, *_ in page.shown]
    assert times == [*range(1, 61), 65, 70, 75, 80, 85, 90, 95]


def test_nothing_is_shown_of_a_job_that_nobody_shows() -> None:
    """Nor is there anything to wait for."""
    page = Page(0)
    assert page.throttle.show_due() is None
    page.throttle.follow(JobState(0, page.clock), lambda snapshot: 1)
    assert page.throttle.show_due() is not None


@pytest.mark.parametrize("count", [30, 100, 300])
def test_many_views_share_what_there_is(count: int) -> None:
    """Never more than 20 messages in a second, and no view is behind the others, in the first minute and after it."""
    page = Page(count)
    for _ in range(2):
        page.go_on(60)
        shares = Counter(number for _, number, _ in page.shown)
        assert len(shares) == count
        assert max(shares.values()) - min(shares.values()) <= 1
    assert page.busiest <= PER_SECOND


def test_a_change_is_shown_at_once_among_many() -> None:
    """It does not wait until it is its view's turn to tick."""
    page = Page(300)
    page.go_on(10)
    page.jobs[7].polled(Task("t7", status="running", progress=42))
    page.throttle.show_due()
    assert [(time, number) for time, number, snapshot in page.shown if snapshot.percent == 42] == [(10, 7)]


def test_many_changes_at_once_come_in_their_order() -> None:
    """As fast as they may; what has changed again meanwhile is shown once, as it is now."""
    page = Page(300)
    for progress in (11, 12):
        for number in reversed(range(300)):
            page.jobs[number].polled(Task(f"t{number}", status="running", progress=progress))
    page.go_on(20)
    changes: dict[int, float] = {}
    for time, number, snapshot in page.shown:
        if snapshot.percent:
            changes.setdefault(number, time)
    assert [*changes] == [*reversed(range(300))]
    assert {snapshot.percent for *_, snapshot in page.shown if snapshot.percent} == {12}
    assert page.busiest <= PER_SECOND
    assert changes[0] < 300 / (PER_SECOND - 1) * (CHANGES_IN_ROW + 1) / CHANGES_IN_ROW


def test_no_clock_stands_still_however_much_changes() -> None:
    """A view without news gets its turn among changes that take all there is, and a change does not wait for it."""
    page = Page(40)
    for step in range(30 * 25):
        page.jobs[1 + step % 39].polled(Task("t", status="running", progress=step // 39 + 1))
        page.go_on(1 / 25)
    ticks = [0.0, *(time for time, number, _ in page.shown if number == 0), 30.0]
    assert max(later - before for before, later in itertools.pairwise(ticks)) <= EARLY + LATER + 1
    assert page.busiest <= PER_SECOND
    assert Counter(number == 0 for _, number, _ in page.shown)[False] > 30 * (PER_SECOND - 2)


def test_a_change_comes_among_clocks_that_are_all_overdue() -> None:
    """Clocks that were long held up get every fourth message, and no more, while others change."""
    page = Page(300)
    page.go_on(10)  # more than there are messages for: all are late from now on
    before = len(page.shown)
    for step in range(10 * 40):
        page.jobs[step % 300].polled(Task("t", status="running", progress=step // 300 + 1))
        page.go_on(1 / 40)
    changes = [bool(snapshot.percent) for _, _, snapshot in page.shown[before:]]
    assert changes.count(True) >= len(changes) * CHANGES_IN_ROW // (CHANGES_IN_ROW + 1) - 1
    assert changes.count(False) > 0


def test_links_count_as_the_two_messages_that_they_are() -> None:
    """A player for the link, and the line."""
    page = Page(100)
    for job in page.jobs:
        job.fetch()
    page.go_on(30)
    assert page.busiest <= PER_SECOND


def test_an_answer_that_says_nothing_new_shows_nothing() -> None:
    """A task may be asked often."""
    page = Page(1)
    page.jobs[0].polled(Task("t0", status="running", progress=42))
    page.throttle.show_due()
    for _ in range(5):
        page.jobs[0].polled(Task("t0", status="running", progress=42))
        page.throttle.show_due()
    assert len(page.shown) == 1


def test_what_is_fetched_goes_on_each_second() -> None:
    """Also after the first minute."""
    page = Page(1)
    page.clock.now += 600
    page.jobs[0].fetch()
    page.go_on(4.5)
    assert [time for time, *_ in page.shown] == [600, 601, 602, 603, 604]


@pytest.mark.parametrize("background", [False, True])
def test_ends_are_shown_at_once_and_nothing_after_them(background: bool) -> None:
    """However many there are: in the background before anybody goes on, else in the next turn."""
    page = Page(100, background=background)
    for job in page.jobs:
        job.polled(Task("t", status="running", progress=42))
    for job in page.jobs:
        job.end("done")
    page.throttle.show_due()
    ends = [number for _, number, snapshot in page.shown if snapshot.state in ENDED]
    assert ends == [*range(100)]
    # A thread of its own may show others meanwhile.
    assert background or all(snapshot.state in ENDED for _, _, snapshot in page.shown[-100:])
    page.clock.now += 100
    assert page.throttle.show_due() is None
    last = {number: snapshot.state for _, number, snapshot in page.shown}
    assert set(last.values()) == {"done"}


class Failing:
    """A view that fails some of the times that it is shown.

    Attributes:
        asked: how often it was shown.
        shown: the states that it got to show.
    """

    def __init__(self, fails: Callable[[int], bool]) -> None:
        self.fails = fails
        self.asked = 0
        self.shown: list[str] = []

    def show(self, snapshot: JobSnapshot) -> int:
        self.asked += 1
        if self.fails(self.asked):
            raise RuntimeError("no view")
        self.shown.append(snapshot.state)
        return 1


def test_a_view_that_fails_does_not_hold_up_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged once, and given up after a few times."""
    page = Page(1)
    broken = Failing(lambda asked: True)
    page.throttle.follow(JobState(page.clock.now, page.clock), broken.show)
    page.go_on(30)
    assert len(page.shown) == 29
    assert broken.asked == MAX_FAILURES
    assert len(caplog.records) == 1


def test_a_hiccup_does_not_stop_the_clock_of_a_view(caplog: pytest.LogCaptureFixture) -> None:
    """Each view that fails now and then goes on; that is logged once."""
    page = Page(0)
    view = Failing(lambda asked: asked % 3 == 0)
    page.throttle.follow(JobState(page.clock.now, page.clock), view.show)
    page.go_on(50)
    assert len(view.shown) > 2 * MAX_FAILURES
    assert len(caplog.records) == 1


@pytest.mark.parametrize(("failures", "asked", "shown"), [(1, 2, ["stopped"]), (MAX_FAILURES, MAX_FAILURES, [])])
def test_an_end_that_fails_is_tried_again_where_a_cell_waits(failures: int, asked: int, shown: list[str]) -> None:
    """A few times, as nothing comes after it."""
    page = Page(0)
    view, job = Failing(lambda asked: asked <= failures), JobState(page.clock.now, page.clock)
    page.throttle.follow(job, view.show)
    job.end("stopped")
    assert page.throttle.show_due() is None
    assert (view.asked, view.shown) == (asked, shown)


def test_the_end_is_shown_of_a_view_that_was_given_up() -> None:
    """Its clock has stopped; the video is there all the same."""
    page = Page(0)
    view, job = Failing(lambda asked: asked <= MAX_FAILURES), JobState(page.clock.now, page.clock)
    page.throttle.follow(job, view.show)
    page.go_on(30)
    job.end("stopped")
    page.throttle.show_due()
    assert view.shown == ["stopped"]


def test_who_is_interrupted_before_a_job_is_heard_leaves_nothing_behind() -> None:
    """No clock that ticks for ever, as its end would never be heard."""

    class Interrupted(JobState):
        def listen(self, listener: Listener) -> None:
            raise KeyboardInterrupt

    page = Page(0)
    with pytest.raises(KeyboardInterrupt):
        page.throttle.follow(Interrupted(page.clock.now, page.clock), lambda snapshot: 1)
    assert page.throttle.show_due() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_shows_views_of_its_own() -> None:
    """Also when the parent's thread was at work at that moment, and holds the lock for ever in the child."""
    code = """
import os, signal, threading
from kling_widgets.core.task import Task
from kling_widgets.jobs.state import JobState
from kling_widgets.notebook.kernel.live_updates import UpdateThrottle
parent, at_work, go_on = os.getpid(), threading.Event(), threading.Event()
def clock():
    if os.getpid() == parent and threading.current_thread() is not threading.main_thread():
        at_work.set()
        go_on.wait(60)
    return 0.0
def follow():
    job, seen = JobState(0, lambda: 0.0), threading.Event()
    job.accept(Task("t"), 0)
    throttle.follow(job, lambda snapshot: seen.set() or 1)
    return job, seen
throttle = UpdateThrottle(clock)
follow()
at_work.wait(60)
child = os.fork()
if child == 0:
    signal.alarm(30)
    job, seen = follow()
    job.announce()
    os._exit(0 if seen.wait(60) else 1)
print(os.waitpid(child, 0)[1])
go_on.set()
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "0\n"


def test_the_thread_lives_as_long_as_there_is_something_to_show() -> None:
    """It is made when a job is followed, and again for a later one."""
    throttle = UpdateThrottle()

    def alive() -> bool:
        return any(thread.name == "kling_widgets.updates" for thread in threading.enumerate())

    for _ in range(2):
        seen = threading.Event()
        job = JobState(0, Clock())
        job.accept(Task("t"), 0)
        throttle.follow(job, lambda snapshot, seen=seen: seen.set() or 1)  # type: ignore[misc]
        assert alive()
        job.announce()  # a change, which wakes it
        assert seen.wait(LONG)
        job.end("stopped")
        until(lambda: not alive())
