"""Snapshots of a job, as data."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from kling_widgets.errors import KlingError
from kling_widgets.jobs.snapshot import ENDED, JobSnapshot, State


def test_a_moment_does_not_change() -> None:
    """A snapshot is immutable, so a view may keep it."""
    with pytest.raises(FrozenInstanceError):
        JobSnapshot("running").elapsed = 3  # type: ignore[misc]


def test_a_moment_claims_nothing_that_is_not_known() -> None:
    """Unknown values are None, and not a zero that could be shown."""
    moment = JobSnapshot("sending")
    unknown = (moment.percent, moment.remaining, moment.silent, moment.url, moment.error, moment.clip)
    assert unknown == (None,) * 6


def test_the_ends_are_states() -> None:
    """Each state is either an end or not."""
    assert set(get_args(State)) > ENDED
    assert set(get_args(State)) - ENDED == {"sending", "queued", "running", "fetching"}


def test_a_moment_is_a_short_line() -> None:
    """The repr of a snapshot is one line, without a poster's bytes or line breaks of the service."""
    assert repr(JobSnapshot("running", 12.3, percent=42)) == "<JobSnapshot running, 42 %, 12 s>"
    assert repr(JobSnapshot("failed", error=KlingError("no\nboat"))) == "<JobSnapshot failed, 0 s: no boat>"
