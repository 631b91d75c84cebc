"""The steps that a stop cancels, and those that it does not."""

from __future__ import annotations

import asyncio

import pytest

from kling_widgets.jobs.stop_switch import StopSwitch


def test_one_alone_claims_it() -> None:
    """The job is started once, and not at all after a stop."""
    started, stopped = StopSwitch(sent=False), StopSwitch(sent=False)
    assert (started.claim(), started.claim()) == (True, False)
    assert stopped.stop()
    assert not stopped.claim()


def test_a_stop_before_the_beginning_cannot_be_taken_back() -> None:
    """The work never begins, and a second stop has nothing to end."""
    switch = StopSwitch(sent=False)
    assert switch.stop()
    switch.undo_stop()
    assert switch.stopping
    assert not asyncio.run(_begun(switch))
    assert not switch.stop()


def test_a_stop_that_has_cut_nothing_is_taken_back() -> None:
    """The shielded step continues, and so do the steps after it."""

    async def work() -> list[str]:
        assert switch.begin()
        switch.shield()
        assert not switch.stop()
        await asyncio.sleep(0)  # the requested cancellation runs, and finds nothing to cancel
        switch.undo_stop()
        with switch.cancellable():
            return ["went on"]

    switch = StopSwitch(sent=True)
    assert asyncio.run(work()) == ["went on"]
    assert not switch.stopping


def test_a_stop_cuts_short_what_may_be() -> None:
    """It cancels at once, in the middle of a wait, and can then not be undone."""

    async def work() -> None:
        assert switch.begin()
        with switch.cancellable():
            asyncio.get_running_loop().call_soon(switch.stop)
            await asyncio.Event().wait()

    switch = StopSwitch(sent=True)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(work())
    switch.undo_stop()
    assert switch.stopping


@pytest.mark.parametrize("way", ["send", "not_accepted", "cancellable"])
def test_the_next_step_ends_what_was_stopped_meanwhile(way: str) -> None:
    """After a shielded step nothing more is sent."""

    async def work() -> None:
        assert switch.begin()
        switch.shield()
        switch.stop()
        step = switch.cancellable().__enter__ if way == "cancellable" else getattr(switch, way)
        with pytest.raises(asyncio.CancelledError):
            step()
        await asyncio.sleep(0)

    switch = StopSwitch(sent=False)
    asyncio.run(work())
    assert not switch.sent


def test_what_was_turned_away_counts_as_not_sent() -> None:
    """It may be stopped again, until it is sent once more."""

    async def work() -> list[bool]:
        switch.begin()
        switch.send()
        sent = [switch.sent]
        switch.not_accepted()
        return [*sent, switch.sent]

    switch = StopSwitch(sent=False)
    assert asyncio.run(work()) == [True, False]


async def _begun(switch: StopSwitch) -> bool:
    return switch.begin()
