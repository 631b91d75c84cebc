"""An event loop survives a wait inside it, whatever messages arrive; so does a kernel of the older version."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest

from tests.conftest import FIGURES, ROOT, need
from tests.kernel import IPYKERNEL6, KERNELS, Kernel

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("KLING_TEST_KERNELS", "6"))

SLIDER = """
import asyncio, threading, time, ipywidgets
from concurrent.futures import Future
import kling_widgets as kw
from kling_widgets.jobs import waiting
slider = ipywidgets.IntSlider()
slider
"""
COMPUTE = "time.sleep(.1)"  # messages arrive meanwhile, so they are all ready when the next cell begins
WAITS = (
    "future = Future(); threading.Timer(.1, future.set_result, ['done']).start(); waiting.wait(future)",
    "kw.run(asyncio.sleep(.1, 'done'))",
)


def test_a_loop_lives_whatever_is_ready_when_a_wait_begins() -> None:
    """The loop survives with 0 to 50 ready handles, nested, and with every outcome; tested in its own process, which
    stays patched."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.loops"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "0 of 612 failed" in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="its kernels are started in another way")
def test_no_kernel_dies_while_its_cells_wait(record_property: pytest.RecordProperty) -> None:
    """While cells compute and wait, a slider is moved and completions are requested: each request is answered, and the
    slider keeps its new value."""
    need("kernels that wait", "ipykernel6" in KERNELS, f"{IPYKERNEL6} does not name a Python with ipykernel < 7")
    chance = random.Random(972318)
    dead = [run for run in range(RUNS) if not lives(WAITS[run % len(WAITS)], chance)]
    record_property(FIGURES, f"{len(dead)} of {RUNS} kernels died")
    assert not dead


def lives(wait: str, chance: random.Random) -> bool:
    """Return whether a kernel survives cells and messages in this order."""
    with Kernel("ipykernel6") as kernel:
        kernel.run(SLIDER)
        (model,) = (name for name, state in kernel.widgets.items() if state.get("_model_name") == "IntSliderModel")

        def move(value: int) -> None:
            kernel.tell("comm_msg", comm_id=model, data={"method": "update", "state": {"value": value}})

        kernel.send(COMPUTE)
        for value in range(chance.choice((1, 1, 1, 2))):
            move(value)
        if chance.random() < 0.2:
            kernel.tell("complete_request", code="slid", cursor_pos=4)
        cell = kernel.send(wait)
        kernel.until(lambda: cell.done or not kernel.alive)
        if not kernel.alive:
            return False
        move(42)
        again, slider = kernel.send(wait), kernel.send("slider.value")
        kernel.until(lambda: (again.done and slider.done) or not kernel.alive)
        if kernel.alive:
            assert [each.text.strip() for each in (cell, again, slider)] == ["'done'", "'done'", "42"]
        return kernel.alive
