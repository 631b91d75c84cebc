"""The comparison values of the table of the default limit."""

from __future__ import annotations

import pytest

from tests.benchmarks.scale import _live

pytestmark = pytest.mark.slow


def test_live_tasks_are_those_that_are_made_and_not_seen_ready() -> None:
    """A task is live until the answer that reports it ready; one that was never seen ready stays live."""
    spans = [(0.0, 10.0, 12.0), (5.0, 11.0, 11.0), (11.5, 20.0, None)]
    logged = [{"made": made, "ready": ready, "seen": seen} for made, ready, seen in spans]
    assert _live(logged) == [2, 1, 1]
