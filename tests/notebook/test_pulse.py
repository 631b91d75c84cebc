"""The pulse of live views: how many messages, whose turn it is, what is never held up; in a time that tests turn."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter

import pytest

from kling_widgets.client.reply import Task
from kling_widgets.jobs.moment import ENDED, Moment
from kling_widgets.jobs.standing import Standing
from kling_widgets.notebook.pulse import PER_SECOND, Pulse
from tests.jobs.conftest import LONG, Clock, until


class Page:
    """Views of so many jobs, and what they showed when."""

    def __init__(self, count: int, *, background: bool = False) -> None:
        self.clock = Clock()
        self.start = self.clock.now
        self.pulse = Pulse(self.clock, background=background)
        self.jobs = [Standing(self.clock.now, self.clock) for _ in range(count)]
        self.shown: list[tuple[float, int, Moment]] = []  # seconds, number of the job, what
        for number, job in enumerate(self.jobs):
            job.accept(Task(f"t{number}"), self.clock.now)
            job.announce()
            self.pulse.follow(job, lambda moment, number=number: self.show(number, moment))  # type: ignore[misc]

    def show(self, number: int, moment: Moment) -> int:
        self.shown.append((self.clock.now - self.start, number, moment))
        return 2 if moment.state == "fetching" else 1

    def go_on(self, seconds: float) -> None:
        """Lets time go by, as the thread does."""
        until = self.clock.now + seconds
        while (wait := self.pulse.turn()) is not None and self.clock.now + wait < until:
            assert wait > 0
            self.clock.now += wait
        self.clock.now = until

    @property
    def busiest(self) -> int:
        """The most messages in any second."""
        times = [time for time, _, moment in self.shown for _ in range(2 if moment.state == "fetching" else 1)]
        return max(bisect_left(times, time + 1) - number for number, time in enumerate(times))


def test_one_view_ticks_each_second_and_later_every_five() -> None:
    """A clock that stands still in the first minute looks like one that has stopped."""
    page = Page(1)
    page.go_on(100)
    times = [round(time) for time, *_ in page.shown]
    assert times == [*range(1, 61), 65, 70, 75, 80, 85, 90, 95]


def test_nothing_is_shown_of_a_job_that_nobody_shows() -> None:
    """Nor is there anything to wait for."""
    page = Page(0)
    assert page.pulse.turn() is None
    page.pulse.follow(Standing(0, page.clock), lambda moment: 1)
    assert page.pulse.turn() is not None


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
    page.jobs[7].see(Task("t7", status="running", progress=42))
    page.pulse.turn()
    assert [(time, number) for time, number, moment in page.shown if moment.percent == 42] == [(10, 7)]


def test_many_changes_at_once_come_in_their_order() -> None:
    """As fast as they may; what has changed again meanwhile is shown once, as it is now."""
    page = Page(300)
    for progress in (11, 12):
        for number in reversed(range(300)):
            page.jobs[number].see(Task(f"t{number}", status="running", progress=progress))
    page.go_on(20)
    changes = [number for _, number, moment in page.shown if moment.percent][:300]
    assert changes == [*reversed(range(300))]
    assert {moment.percent for *_, moment in page.shown if moment.percent} == {12}
    assert page.busiest <= PER_SECOND
    assert page.shown[299][0] < 300 / (PER_SECOND - 2)


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
    page.jobs[0].see(Task("t0", status="running", progress=42))
    page.pulse.turn()
    for _ in range(5):
        page.jobs[0].see(Task("t0", status="running", progress=42))
        page.pulse.turn()
    assert len(page.shown) == 1


def test_what_is_fetched_goes_on_each_second() -> None:
    """Also when the first minute is long over."""
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
        job.see(Task("t", status="running", progress=42))
    for job in page.jobs:
        job.end("done")
    page.pulse.turn()
    ends = [number for _, number, moment in page.shown if moment.state in ENDED]
    assert ends == [*range(100)]
    assert all(moment.state in ENDED for _, _, moment in page.shown[-100:])
    page.clock.now += 100
    assert page.pulse.turn() is None
    last = {number: moment.state for _, number, moment in page.shown}
    assert set(last.values()) == {"done"}


def test_a_view_that_fails_does_not_hold_up_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged once, and not asked again."""
    page = Page(1)
    broken = Standing(page.clock.now, page.clock)

    def fails(moment: Moment) -> int:
        raise RuntimeError("no view")

    page.pulse.follow(broken, fails)
    page.go_on(5)
    assert len(page.shown) == 4
    assert len(caplog.records) == 1


def test_the_thread_lives_as_long_as_there_is_something_to_show() -> None:
    """It is made when a job is followed, and again for a later one."""
    pulse = Pulse()

    def alive() -> bool:
        return any(thread.name == "kling_widgets.pulse" for thread in threading.enumerate())

    for _ in range(2):
        seen = threading.Event()
        job = Standing(0, Clock())
        job.accept(Task("t"), 0)
        pulse.follow(job, lambda moment, seen=seen: seen.set() or 1)  # type: ignore[misc]
        assert alive()
        job.announce()  # a change, which wakes it
        assert seen.wait(LONG)
        job.end("stopped")
        until(lambda: not alive())
