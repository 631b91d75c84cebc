"""A profiler's samples are counted."""

from __future__ import annotations

import pytest

from tests.benchmarks.profile import read

pytestmark = pytest.mark.slow

STACKS = """\
run (asyncio/run.py:118);Job.run (/me/kling_widgets/jobs/job.py:67);send (/x/site-packages/httpx/_client.py:9) 3
run (asyncio/run.py:118);Job.run (/me/kling_widgets/jobs/job.py:67) 1
run (asyncio/run.py:118);Job.run (/me/kling_widgets/jobs/job.py:67);Job.run (kling_widgets/jobs/job.py:67) 2
 1
"""


def test_samples_are_counted_by_function() -> None:
    """Self is the last function of a stack, total is each function of it, counted once even if it calls itself; paths
    of the machine and line numbers are left out."""
    own, total = read(STACKS)
    life, run = "Job.run (kling_widgets/jobs/job.py)", "run (asyncio/run.py)"
    assert own == {"send (httpx/_client.py)": 3, life: 3, "(no Python function)": 1}
    assert (total[run], total[life]) == (6, 6)
