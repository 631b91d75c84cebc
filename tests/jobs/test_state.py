"""How a job stands: what its listeners hear, and what is claimed about progress and time."""

from __future__ import annotations

import logging
import threading

import pytest

from kling_widgets.core.task import Status, Task
from kling_widgets.errors import KlingError
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.jobs.state import JobState
from tests.jobs.conftest import LONG, Clock, Heard


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def standing(clock: Clock) -> JobState:
    return JobState(clock.now, clock)


def task(status: Status = "queued", progress: int | None = None, word: str = "") -> Task:
    return Task("t1", status=status, progress=progress, word=word or status)


def test_a_submission_is_queued_when_it_is_accepted(standing: JobState, clock: Clock) -> None:
    """The answer to a submission has no word for the state; the time counts from acceptance."""
    heard = Heard()
    standing.listen(heard)
    clock.now += 7
    assert standing.moment().elapsed == 7
    assert not standing.submitted.done()
    standing.accept(Task("t1", status="queued"), clock.now)
    assert standing.task is not None
    assert not (standing.submitted.done() or heard.states)  # it is not written down yet
    standing.announce()
    assert standing.submitted.done()
    assert (heard.states, standing.moment().elapsed) == (["queued"], 0)


def test_only_real_progress_is_progress(standing: JobState, clock: Clock) -> None:
    """The gateway's marks are none; a measured number is; after the end there is none."""
    standing.accept(task(), clock.now)
    seen = []
    for progress in (10, 30, 41, 57):
        clock.now += 10
        standing.polled(task("running", progress))
        seen.append(standing.moment().percent)
    assert seen == [None, None, 41, 57]
    standing.polled(task("succeeded", 100))
    standing.fetch()
    assert standing.moment().percent is None


def test_the_time_left_is_a_range_or_nothing(standing: JobState, clock: Clock) -> None:
    """Without a history nothing is promised; with one there is a range around it."""
    standing.accept(task(), clock.now)
    assert standing.moment().remaining is None
    standing.set_typical(100)
    remaining = standing.moment().remaining
    assert remaining is not None
    assert remaining[0] < 100 < remaining[1]
    standing.fetch()
    assert standing.moment().remaining is None


def test_silence_counts_from_the_last_answer(standing: JobState, clock: Clock) -> None:
    """While the service gives no usable answer the moment says since when; an answer ends it."""
    standing.accept(task(), clock.now)
    clock.now += 30
    assert standing.moment().silent is None
    standing.poll_failed()
    assert standing.moment().silent == 30
    clock.now += 5
    standing.poll_failed()
    assert standing.moment().silent == 35
    standing.polled(task("running"))
    assert standing.moment().silent is None


def test_the_last_trouble_is_told_while_there_is_one(standing: JobState, clock: Clock) -> None:
    """What keeps the answer from coming; not any more once one has come."""
    standing.accept(task(), clock.now)
    trouble = KlingError("why")
    standing.poll_failed(trouble)
    assert standing.moment().trouble is trouble
    standing.polled(task("running"))
    assert standing.moment().trouble is None


def seen(standing: JobState, clock: Clock, *tasks: Task) -> list[tuple[str, int | None, bool]]:
    """State, per cent and whether it was put back, after each look."""
    standing.accept(task(), clock.now)
    told = []
    for each in tasks:
        clock.now += 10
        standing.polled(each)
        moment = standing.moment()
        told.append((moment.state, moment.percent, moment.again))
    return told


def test_a_task_that_goes_back_into_the_queue(standing: JobState, clock: Clock) -> None:
    """It is told, and stays told: it has been begun twice."""
    looks = task("queued"), task("running"), task("queued"), task("running")
    assert seen(standing, clock, *looks) == [
        ("queued", None, False),
        ("running", None, False),
        ("queued", None, True),
        ("running", None, True),
    ]


def test_progress_that_falls_is_a_new_beginning(standing: JobState, clock: Clock) -> None:
    """80 to 25 is one, and the pace of before counts no more; 41 to 40 is a matter of measuring."""
    numbers = (41, 40, 80, 25, 26)
    told = seen(standing, clock, *(task("running", number) for number in numbers))
    assert [percent for _, percent, _ in told] == list(numbers)
    assert [again for _, _, again in told] == [False, False, False, True, True]


def test_full_progress_is_no_end(standing: JobState, clock: Clock) -> None:
    """100 per cent of a task that goes on is a number, and promises nothing."""
    assert seen(standing, clock, task("running", 41), task("running", 100))[-1] == ("running", 100, False)
    assert standing.moment().remaining is None


def test_what_has_ended_does_not_go_back(standing: JobState, clock: Clock) -> None:
    """Whatever a look says after the end: the end stands, and its link."""
    standing.accept(task(), clock.now)
    standing.polled(Task("t1", status="succeeded", word="SUCCESS", url="https://m.example/a.mp4"))
    standing.fetch()
    for status in ("running", "failed", "queued", "unknown"):
        standing.polled(task(status))
    assert standing.state == "fetching"
    assert standing.moment().url == "https://m.example/a.mp4"


@pytest.mark.parametrize("jump", [-3600.0, -1e9, 3600.0])
def test_a_clock_that_jumps(standing: JobState, clock: Clock, jump: float) -> None:
    """No time is ever negative, and nobody claims to know how long it took."""
    standing.accept(task(), clock.now)
    clock.now += 30
    standing.polled(task("running", 41))
    clock.now += jump
    standing.poll_failed()
    moment = standing.moment()
    assert moment.elapsed >= 0 and moment.silent is not None and moment.silent >= 0
    standing.polled(task("running", 57))
    standing.polled(task("running", 58))
    left = standing.moment().remaining
    assert left is None or 0 <= left[0] <= left[1]


def test_an_end_before_the_last_look_has_no_duration(standing: JobState, clock: Clock) -> None:
    """The clock was set back between two looks."""
    standing.accept(task(), clock.now)
    clock.now += 30
    standing.polled(task("running"))
    clock.now -= 3600
    standing.polled(task("succeeded"))
    assert standing.took is None


@pytest.mark.parametrize("jump", [-40.0, -7.0, 7.0, 40.0, 600.0, 1e9])
@pytest.mark.parametrize("before", ["it is accepted", "it is seen under way", "its end"])
def test_a_clock_that_jumps_leaves_no_duration(jump: float, before: str) -> None:
    """Whenever it does, however far: what such tasks usually take is not reckoned from it. A clock that goes on evenly,
    or jumped while nothing was accepted yet, leaves one."""
    clock, steady = Clock(), Clock()
    standing = JobState(clock.now, clock, steady=steady)
    for event in ("it is accepted", "it is seen under way", "its end"):
        for each in (clock, steady):
            each.now += 30
        clock.now += jump if event == before else 0
        if event == "it is accepted":
            standing.accept(task(), clock.now)
        else:
            standing.polled(task("succeeded" if event == "its end" else "running"))
    assert standing.took == (60 if before == "it is accepted" else None)


def test_a_laptop_that_slept_leaves_no_duration() -> None:
    """The steady clock stands still meanwhile, and what is seen under way after it may have stood in a queue."""
    clock, steady = Clock(), Clock()
    standing = JobState(clock.now, clock, steady=steady, task=task(), accepted=clock.now)
    clock.now += 8 * 3600
    standing.polled(task("running"))
    standing.polled(task("succeeded"))
    assert standing.took is None


def test_a_word_that_we_do_not_know(standing: JobState, clock: Clock) -> None:
    """It counts as under way, and is told as it is."""
    standing.accept(task(), clock.now)
    standing.polled(task("unknown", word="REVIEWING"))
    assert (standing.moment().state, standing.moment().word) == ("running", "REVIEWING")


def test_only_the_beginning_of_a_download_is_told(standing: JobState, clock: Clock) -> None:
    """A download has thousands of pieces: ticks show how far it is, and no view is flooded."""
    standing.accept(task(), clock.now)
    heard = Heard()
    standing.listen(heard)
    for done in range(0, 1000, 10):
        standing.fetch(done, 1000)
    assert len(heard.moments) == 1
    assert standing.moment().fetched == (990, 1000)


@pytest.mark.parametrize(("gap", "known"), [(30, True), (3600, False)])
def test_the_duration_is_known_to_who_watched(standing: JobState, clock: Clock, gap: float, known: bool) -> None:
    """How long a task took is known if it was seen under way shortly before its end, and not after a night."""
    standing.accept(task(), clock.now)
    clock.now += 30
    standing.polled(task("running"))
    clock.now += gap
    standing.polled(task("succeeded"))
    assert standing.took == (30 + gap if known else None)


def test_the_end_is_heard_once_and_last(standing: JobState, clock: Clock) -> None:
    """After the end nothing is told; who listens then hears the end at once, and once; a second end is none."""
    early, late = Heard(), Heard()
    standing.listen(early)
    standing.end("failed", KlingError("why"))
    standing.listen(late)
    standing.end("done")
    standing.notify()
    standing.poll_failed()
    assert [moment.state for moment in early.moments] == ["failed"]
    assert early.moments == late.moments
    assert str(early.moments[0].error) == "why"


def test_the_end_is_heard_before_anybody_goes_on(standing: JobState) -> None:
    """When a waiting cell goes on, its view shows the end already."""
    order = []
    standing.listen(lambda moment: order.append((moment.state, standing.ended.done())))
    standing.end("done")
    assert order == [("done", False)]
    assert standing.ended.done()
    assert standing.submitted.done()


def test_the_clock_stands_still_after_the_end(standing: JobState, clock: Clock) -> None:
    """A job that is shown again an hour later has not taken an hour more."""
    clock.now += 10
    standing.end("stopped")
    clock.now += 3600
    assert standing.moment().elapsed == 10


def test_a_listener_that_fails_harms_nobody(standing: JobState, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """The others hear on, the failing one hears the end too, and the log tells of it once."""
    heard, calls = Heard(), []

    def fails(moment: JobSnapshot) -> None:
        calls.append(moment.state)
        raise ZeroDivisionError

    standing.listen(fails)
    standing.listen(heard)
    with caplog.at_level(logging.ERROR, "kling_widgets"):
        standing.accept(task(), clock.now)
        standing.announce()
        standing.polled(task("running"))
        standing.end("done")
    assert heard.states == ["queued", "running", "done"]
    assert calls == heard.states
    assert len(caplog.records) == 1


def test_a_listener_may_ask_and_listen(standing: JobState, clock: Clock) -> None:
    """No lock is held while a listener is called: it may use the job, in other threads too."""
    inner = Heard()

    def asks(moment: JobSnapshot) -> None:
        thread = threading.Thread(target=lambda: (standing.moment(), standing.listen(inner)))
        thread.start()
        thread.join(LONG)
        assert not thread.is_alive()

    standing.listen(asks)
    standing.accept(task(), clock.now)
    standing.announce()
    standing.end("done")
    assert len(inner.ends) == 2  # it was added at acceptance, and after the end


def test_listeners_that_come_while_it_ends_hear_it_once(clock: Clock) -> None:
    """However the end and a new listener meet, the listener hears the end exactly once."""
    for _ in range(200):
        standing = JobState(clock.now, clock)
        heard = [Heard() for _ in range(4)]
        barrier = threading.Barrier(5)

        def listen(one: Heard, standing: JobState = standing, barrier: threading.Barrier = barrier) -> None:
            barrier.wait(LONG)
            standing.listen(one)

        threads = [threading.Thread(target=listen, args=(one,)) for one in heard]
        for thread in threads:
            thread.start()
        barrier.wait(LONG)
        standing.end("done")
        for thread in threads:
            thread.join(LONG)
        assert [len(one.ends) for one in heard] == [1] * 4
