"""What the table of the default budget compares with."""

from __future__ import annotations

import pytest

from tests.benchmarks.scale import _live

pytestmark = pytest.mark.slow


def test_live_tasks_are_those_that_are_made_and_not_seen_ready() -> None:
    """Each task is live until the answer that said so; one that was never seen is live for ever."""
    spans = [(0.0, 10.0, 12.0), (5.0, 11.0, 11.0), (11.5, 20.0, None)]
    logged = [{"made": made, "ready": ready, "seen": seen} for made, ready, seen in spans]
    assert _live(logged) == [2, 1, 1]
