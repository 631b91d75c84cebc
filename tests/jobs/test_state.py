"""The state of a job: calls of its listeners, and claims about progress and time."""

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
def state(clock: Clock) -> JobState:
    return JobState(clock.now, clock)


def task(status: Status = "queued", progress: int | None = None, word: str = "") -> Task:
    return Task("t1", status=status, progress=progress, word=word or status)


def test_a_submission_is_queued_when_it_is_accepted(state: JobState, clock: Clock) -> None:
    """The answer to a submission has no status; time counts from acceptance."""
    heard = Heard()
    state.listen(heard)
    clock.now += 7
    assert state.snapshot().elapsed == 7
    assert not state.submitted.done()
    state.accept(Task("t1", status="queued"), clock.now)
    assert state.task is not None
    assert not (state.submitted.done() or heard.states)  # not recorded yet
    state.announce()
    assert state.submitted.done()
    assert (heard.states, state.snapshot().elapsed) == (["queued"], 0)


def test_only_real_progress_is_progress(state: JobState, clock: Clock) -> None:
    """The gateway's placeholder values are no progress, a measured number is; after the end there is none."""
    state.accept(task(), clock.now)
    seen = []
    for progress in (10, 30, 41, 57):
        clock.now += 10
        state.polled(task("running", progress))
        seen.append(state.snapshot().percent)
    assert seen == [None, None, 41, 57]
    state.polled(task("succeeded", 100))
    state.fetch()
    assert state.snapshot().percent is None


def test_the_time_left_is_a_range_or_nothing(state: JobState, clock: Clock) -> None:
    """Without a history there is no estimate; with one there is a range around it."""
    state.accept(task(), clock.now)
    assert state.snapshot().remaining is None
    state.set_typical(100)
    remaining = state.snapshot().remaining
    assert remaining is not None
    assert remaining[0] < 100 < remaining[1]
    state.fetch()
    assert state.snapshot().remaining is None


def test_silence_counts_from_the_last_answer(state: JobState, clock: Clock) -> None:
    """While the service gives no usable answer the snapshot has the seconds since the last one."""
    state.accept(task(), clock.now)
    clock.now += 30
    assert state.snapshot().silent is None
    state.poll_failed()
    assert state.snapshot().silent == 30
    clock.now += 5
    state.poll_failed()
    assert state.snapshot().silent == 35
    state.polled(task("running"))
    assert state.snapshot().silent is None


def test_the_last_trouble_is_told_while_there_is_one(state: JobState, clock: Clock) -> None:
    """The snapshot has the last poll's error until a usable answer comes."""
    state.accept(task(), clock.now)
    trouble = KlingError("why")
    state.poll_failed(trouble)
    assert state.snapshot().trouble is trouble
    state.polled(task("running"))
    assert state.snapshot().trouble is None


def seen(state: JobState, clock: Clock, *tasks: Task) -> list[tuple[str, int | None, bool]]:
    """Return state, percentage and whether the task was restarted, after each poll."""
    state.accept(task(), clock.now)
    told = []
    for each in tasks:
        clock.now += 10
        state.polled(each)
        snapshot = state.snapshot()
        told.append((snapshot.state, snapshot.percent, snapshot.again))
    return told


def test_a_task_that_goes_back_into_the_queue(state: JobState, clock: Clock) -> None:
    """It is reported, and stays reported: the task was started twice."""
    looks = task("queued"), task("running"), task("queued"), task("running")
    assert seen(state, clock, *looks) == [
        ("queued", None, False),
        ("running", None, False),
        ("queued", None, True),
        ("running", None, True),
    ]


def test_progress_that_falls_is_a_new_beginning(state: JobState, clock: Clock) -> None:
    """A fall from 80 to 25 is a restart, and the earlier pace no longer counts; from 41 to 40 is noise."""
    numbers = (41, 40, 80, 25, 26)
    told = seen(state, clock, *(task("running", number) for number in numbers))
    assert [percent for _, percent, _ in told] == list(numbers)
    assert [again for _, _, again in told] == [False, False, False, True, True]


def test_full_progress_is_no_end(state: JobState, clock: Clock) -> None:
    """100 per cent of a running task is a number, and no promise of its end."""
    assert seen(state, clock, task("running", 41), task("running", 100))[-1] == ("running", 100, False)
    assert state.snapshot().remaining is None


def test_what_has_ended_does_not_go_back(state: JobState, clock: Clock) -> None:
    """Whatever a poll returns after the end, the end and its link stay."""
    state.accept(task(), clock.now)
    state.polled(Task("t1", status="succeeded", word="SUCCESS", url="https://m.example/a.mp4"))
    state.fetch()
    for status in ("running", "failed", "queued", "unknown"):
        state.polled(task(status))
    assert state.state == "fetching"
    assert state.snapshot().url == "https://m.example/a.mp4"


@pytest.mark.parametrize("jump", [-3600.0, -1e9, 3600.0])
def test_a_clock_that_jumps(state: JobState, clock: Clock, jump: float) -> None:
    """No time is ever negative, and no duration is recorded."""
    state.accept(task(), clock.now)
    clock.now += 30
    state.polled(task("running", 41))
    clock.now += jump
    state.poll_failed()
    snapshot = state.snapshot()
    assert snapshot.elapsed >= 0 and snapshot.silent is not None and snapshot.silent >= 0
    state.polled(task("running", 57))
    state.polled(task("running", 58))
    left = state.snapshot().remaining
    assert left is None or 0 <= left[0] <= left[1]


def test_an_end_before_the_last_look_has_no_duration(state: JobState, clock: Clock) -> None:
    """The clock was set back between two polls."""
    state.accept(task(), clock.now)
    clock.now += 30
    state.polled(task("running"))
    clock.now -= 3600
    state.polled(task("succeeded"))
    assert state.took is None


@pytest.mark.parametrize("jump", [-40.0, -7.0, 7.0, 40.0, 600.0, 1e9])
@pytest.mark.parametrize("before", ["it is accepted", "it is seen under way", "its end"])
def test_a_clock_that_jumps_leaves_no_duration(jump: float, before: str) -> None:
    """A clock that is set during the task leaves no duration, whenever and by however much.

    A clock that runs evenly leaves one, and so does one that was set before the acceptance.
    """
    clock, monotonic = Clock(), Clock()
    state = JobState(clock.now, clock, monotonic=monotonic)
    for event in ("it is accepted", "it is seen under way", "its end"):
        for each in (clock, monotonic):
            each.now += 30
        clock.now += jump if event == before else 0
        if event == "it is accepted":
            state.accept(task(), clock.now)
        else:
            state.polled(task("succeeded" if event == "its end" else "running"))
    assert state.took == (60 if before == "it is accepted" else None)


def test_a_laptop_that_slept_leaves_no_duration() -> None:
    """The monotonic clock stops meanwhile, and a task seen running afterwards may have been queued."""
    clock, monotonic = Clock(), Clock()
    state = JobState(clock.now, clock, monotonic=monotonic, task=task(), accepted=clock.now)
    clock.now += 8 * 3600
    state.polled(task("running"))
    state.polled(task("succeeded"))
    assert state.took is None


def test_a_word_that_we_do_not_know(state: JobState, clock: Clock) -> None:
    """An unknown status counts as running, and is shown as it is."""
    state.accept(task(), clock.now)
    state.polled(task("unknown", word="REVIEWING"))
    assert (state.snapshot().state, state.snapshot().word) == ("running", "REVIEWING")


def test_only_the_beginning_of_a_download_is_told(state: JobState, clock: Clock) -> None:
    """A download has thousands of chunks: views poll its progress and are not notified of each."""
    state.accept(task(), clock.now)
    heard = Heard()
    state.listen(heard)
    for done in range(0, 1000, 10):
        state.fetch(done, 1000)
    assert len(heard.moments) == 1
    assert state.snapshot().fetched == (990, 1000)


@pytest.mark.parametrize(("gap", "known"), [(30, True), (3600, False)])
def test_the_duration_is_known_to_who_watched(state: JobState, clock: Clock, gap: float, known: bool) -> None:
    """The duration is known if the task was seen running shortly before its end, and not after a night."""
    state.accept(task(), clock.now)
    clock.now += 30
    state.polled(task("running"))
    clock.now += gap
    state.polled(task("succeeded"))
    assert state.took == (30 + gap if known else None)


def test_the_end_is_heard_once_and_last(state: JobState, clock: Clock) -> None:
    """After the end no listener is called; a new one is called with the end, at once and once.

    A second end is ignored.
    """
    early, late = Heard(), Heard()
    state.listen(early)
    state.end("failed", KlingError("why"))
    state.listen(late)
    state.end("done")
    state.notify()
    state.poll_failed()
    assert [snapshot.state for snapshot in early.moments] == ["failed"]
    assert early.moments == late.moments
    assert str(early.moments[0].error) == "why"


def test_the_end_is_heard_before_anybody_goes_on(state: JobState) -> None:
    """When a waiting cell continues, its view shows the end already."""
    order = []
    state.listen(lambda snapshot: order.append((snapshot.state, state.ended.done())))
    state.end("done")
    assert order == [("done", False)]
    assert state.ended.done()
    assert state.submitted.done()


def test_the_clock_stands_still_after_the_end(state: JobState, clock: Clock) -> None:
    """``elapsed`` stops at the end: a job that is shown an hour later has not taken an hour more."""
    clock.now += 10
    state.end("stopped")
    clock.now += 3600
    assert state.snapshot().elapsed == 10


def test_a_listener_that_fails_harms_nobody(state: JobState, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """The other listeners are still called, the failing one gets the end too, and the log has it once."""
    heard, calls = Heard(), []

    def fails(snapshot: JobSnapshot) -> None:
        calls.append(snapshot.state)
        raise ZeroDivisionError

    state.listen(fails)
    state.listen(heard)
    with caplog.at_level(logging.ERROR, "kling_widgets"):
        state.accept(task(), clock.now)
        state.announce()
        state.polled(task("running"))
        state.end("done")
    assert heard.states == ["queued", "running", "done"]
    assert calls == heard.states
    assert len(caplog.records) == 1


def test_a_listener_may_ask_and_listen(state: JobState, clock: Clock) -> None:
    """No lock is held while a listener is called: it may use the job, in other threads too."""
    inner = Heard()

    def asks(snapshot: JobSnapshot) -> None:
        thread = threading.Thread(target=lambda: (state.snapshot(), state.listen(inner)))
        thread.start()
        thread.join(LONG)
        assert not thread.is_alive()

    state.listen(asks)
    state.accept(task(), clock.now)
    state.announce()
    state.end("done")
    assert len(inner.ends) == 2  # it was added at acceptance, and after the end


def test_listeners_that_come_while_it_ends_hear_it_once(clock: Clock) -> None:
    """Whatever the order of the end and a new listener, the listener is called with the end exactly once."""
    for _ in range(200):
        state = JobState(clock.now, clock)
        heard = [Heard() for _ in range(4)]
        barrier = threading.Barrier(5)

        def listen(one: Heard, state: JobState = state, barrier: threading.Barrier = barrier) -> None:
            barrier.wait(LONG)
            state.listen(one)

        threads = [threading.Thread(target=listen, args=(one,)) for one in heard]
        for thread in threads:
            thread.start()
        barrier.wait(LONG)
        state.end("done")
        for thread in threads:
            thread.join(LONG)
        assert [len(one.ends) for one in heard] == [1] * 4
