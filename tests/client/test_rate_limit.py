"""The rate limiter: properties of its queues, with a clock that only the test moves."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.client.rate_limit import RateLimiter, Ticket


def sent(budget: RateLimiter, tickets: list[Ticket], now: float = 0.0, late: float = 0.0) -> list[tuple[float, Ticket]]:
    """Return when each request is sent if all call again when told to, ``late`` seconds late."""
    ask, went = dict.fromkeys(tickets, now), []
    while ask:
        ticket = min(ask, key=lambda ticket: ask[ticket])
        now = ask.pop(ticket)
        pause = budget.try_acquire(ticket, now)
        assert pause >= 0
        if pause:
            ask[ticket] = now + pause + late
        else:
            went.append((now, ticket))
        assert len(went) <= len(tickets)
    return went


@given(st.floats(0.5, 50), st.lists(st.booleans(), min_size=1, max_size=40))
def test_the_budget_is_kept(rate: float, kinds: list[bool]) -> None:
    """Requests are spaced by the limit, and all are sent, each queue in its order."""
    budget = RateLimiter(rate)
    tickets = [Ticket(urgent=urgent) for urgent in kinds]
    went = sent(budget, tickets, 100.0)
    assert [at for at, _ in went] == pytest.approx([100 + place / rate for place in range(len(tickets))])
    for urgent in (True, False):
        assert [ticket for _, ticket in went if ticket.urgent is urgent] == [
            ticket for ticket in tickets if ticket.urgent is urgent
        ]


def test_a_late_sleep_does_not_delay_the_requests_behind_it() -> None:
    """At 200 requests a second every sleep is late, and there are about 200 requests a second all the same."""
    budget = RateLimiter(200)
    went = sent(budget, [Ticket() for _ in range(200)], late=0.002)
    assert went[-1][0] < 1.1
    assert all(after - before >= 0 for (before, _), (after, _) in pairwise(went))


def test_time_without_requests_is_not_saved_up() -> None:
    """After an hour without requests, two requests are spaced as usual."""
    budget = RateLimiter(2)
    sent(budget, [Ticket()])
    assert [at for at, _ in sent(budget, [Ticket(), Ticket()], 3600.0)] == [3600.0, 3600.5]


def test_an_urgent_request_does_not_queue_behind_polls() -> None:
    """An urgent request is sent before the polls, which move back by one."""
    budget = RateLimiter(2)
    looks, urgent = [Ticket() for _ in range(100)], Ticket(urgent=True)
    went = sent(budget, [*looks, urgent])
    assert went[:3] == [(0.0, looks[0]), (0.5, urgent), (1.0, looks[1])]


def test_a_batch_of_submissions_does_not_block_polls() -> None:
    """Every third request is a poll, so that a batch of a hundred does not block them."""
    budget = RateLimiter(1)
    tickets = [Ticket(urgent=place < 100) for place in range(130)]
    assert [ticket.urgent for _, ticket in sent(budget, tickets)][:9] == [True, True, False] * 3


def test_a_cancelled_ticket_blocks_no_other() -> None:
    """After a batch is stopped, the requests behind it are sent within seconds."""
    budget = RateLimiter(2)
    batch, last = [Ticket() for _ in range(100)], Ticket()
    for ticket in batch:
        budget.try_acquire(ticket, 0.0)
    pause = budget.try_acquire(last, 0.0)
    for ticket in batch:
        budget.cancel(ticket)
    assert pause <= 5
    assert budget.try_acquire(last, pause) == 0
    budget.cancel(last)  # was sent already


def test_raising_the_limit_takes_effect_immediately() -> None:
    """Raising the limit takes effect immediately."""
    budget = RateLimiter(0.01)
    first, second = Ticket(), Ticket()
    assert budget.try_acquire(first, 0.0) == 0
    assert budget.try_acquire(second, 0.0) > 0
    budget.per_second = 100
    assert budget.try_acquire(second, 0.0) <= 0.01
    assert budget.try_acquire(second, 0.01) == 0


def test_an_inactive_ticket_blocks_no_other() -> None:
    """A request in a busy event loop does not block one in a thread with the same limiter."""
    budget = RateLimiter(10)
    asleep, awake = Ticket(urgent=True), Ticket()
    assert budget.try_acquire(Ticket(), 0.0) == 0
    assert budget.try_acquire(asleep, 0.0) > 0
    now = 0.0
    while pause := budget.try_acquire(awake, now):
        now += pause
    assert now <= 2
    assert budget.try_acquire(asleep, now + 0.1) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_does_not_wait_for_its_parents_requests() -> None:
    """A forked child has empty queues and a free lock, even if a thread of the parent held it."""
    budget = RateLimiter(1)
    with budget.polling():
        for _ in range(50):
            budget.try_acquire(Ticket(), 0.0)
        budget._lock.acquire()  # as if another thread held it at the fork
        child = os.fork()
        if child == 0:
            with budget.polling():
                alone = budget.poll_round
            os._exit(0 if alone == 1 and budget.poll_round == 0 and budget.try_acquire(Ticket(), 0.0) == 0 else 1)
        budget._lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_poll_round_is_the_time_to_poll_each_task() -> None:
    """Ten polled tasks at five requests a second are a round of two seconds."""
    budget = RateLimiter(5)
    assert budget.poll_round == 0
    with budget.polling(), budget.polling():
        assert budget.poll_round == pytest.approx(0.4)
    assert budget.poll_round == 0


def test_the_budget_is_shared_between_threads() -> None:
    """Of several threads that call at the same time, one may send."""
    budget, waiting = RateLimiter(10), [Ticket() for _ in range(40)]
    with ThreadPoolExecutor(8) as threads:
        for place in range(40):
            pauses = list(threads.map(budget.try_acquire, waiting, [place / 10 + 1e-9] * len(waiting)))
            assert pauses.count(0) == 1
            waiting.pop(pauses.index(0))


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_limit_of_zero_is_refused(rate: float) -> None:
    """A limit of 0 would never send anything, so it is an error."""
    with pytest.raises(ValueError, match="above 0"):
        RateLimiter(rate)


@pytest.mark.parametrize(
    ("argument", "variable", "rate"),
    [(None, "", 5), (None, "200", 200), (None, "soon", 5), (None, "-1", 5), (20, "200", 20), (0.5, "", 0.5)],
)
def test_the_limit_comes_from_the_argument_or_the_environment(
    argument: float | None, variable: str, rate: float
) -> None:
    """The argument takes precedence over the environment variable, if that is a valid rate."""
    assert RateLimiter.of(argument, {"KLING_WIDGETS_RPS": variable}).per_second == rate


def test_a_budget_is_shared() -> None:
    """A limiter that is passed is used itself."""
    budget = RateLimiter(7)
    assert RateLimiter.of(budget, {"KLING_WIDGETS_RPS": "200"}) is budget
    with pytest.raises(ValueError, match="above 0"):
        RateLimiter.of(0, {})
