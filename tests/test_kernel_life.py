"""A job in a real kernel of either version: interrupted, restarted, assigned to a variable, or run headless."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernel import Cell, Kernel

pytestmark = pytest.mark.slow

LOAD = "%load_ext kling_widgets\nimport kling_widgets as kw"
BOAT = "--size 64x64 a paper boat"
DEMO = {"KLING_WIDGETS_DEMO": "1"}


@pytest.fixture
def kernel(kernel_name: str) -> Iterator[Kernel]:
    """Run a kernel of either version in demo mode."""
    with Kernel(kernel_name, env=DEMO) as running:
        running.run(LOAD)
        yield running


def plays(cell: Cell) -> bool:
    """Return whether the cell's saved output has a video."""
    return any("<video" in html for html in cell.bundles("text/html"))


def under_way(kernel: Kernel) -> bool:
    return any("Making the video" in str(state.get("value")) for state in kernel.widgets.values())


def test_an_interrupted_wait_ends_at_once_and_says_how_to_resume(kernel: Kernel) -> None:
    """An interrupt ends the cell at once, not the task; the one line names the magic that resumes it, and Run All
    stops."""
    cell = kernel.send("%kling --wait -o job --size 64x64 demo:slow boat")
    after = kernel.send("'never'")
    kernel.until(lambda: under_way(kernel))
    kernel.interrupt()
    kernel.until(lambda: cell.done and after.done)
    assert (cell.status, after.status) == ("error", "aborted")
    assert len(cell.error) == 1
    assert re.search(r"continues at the service and is billed.*%kling_resume demo_\w+", cell.text)
    (entry,) = kernel.run("kw.history()[0].state, kw.history()[0].task_id")
    assert re.match(r"\('(accepted|running)', 'demo_\w+'\)", entry.text.strip()), entry.text


def test_an_interrupted_wait_of_a_job_is_the_same(kernel: Kernel) -> None:
    """Interrupting job.wait() in a cell does the same."""
    kernel.run("job = kw.submit('2.6', prompt='demo:slow boat', size='64x64')")
    cell = kernel.send("job.wait()")
    kernel.until(lambda: under_way(kernel))
    kernel.interrupt()
    kernel.until(lambda: cell.done)
    assert len(cell.error) == 1
    assert "%kling_resume demo_" in cell.text
    # The watching ends in its own thread: a second wait is told when it has ended.
    ended = "import contextlib\nwith contextlib.suppress(kw.KlingError): job.wait(timeout=60)\njob.status"
    assert kernel.run(ended)[0].text.strip() == "'stopped'"


@pytest.mark.parametrize("kernel_name", ["python3"], indirect=True)  # slow: the demo first considers its owner dead
def test_a_restarted_kernel_finds_its_tasks(kernel: Kernel, isolated: Path) -> None:
    """After a hard restart %kling_resume finds the task, in the demo too, and shows its video; nothing is submitted a
    second time."""
    (begun,) = kernel.run(f"%kling {BOAT}")
    kernel.until(lambda: under_way(kernel))
    assert not plays(begun)
    kernel.restart()
    kernel.run(LOAD)
    (resumed,) = kernel.run("%kling_resume")
    kernel.until(lambda: plays(resumed))
    history, shown = kernel.run(
        "len(kw.history()), kw.history()[0].state",
        "get_ipython().run_line_magic('kling_show', kw.history()[0].task_id)",
    )
    assert history.text.strip() == "(1, 'saved')"
    assert plays(shown)
    assert kernel.run("%kling_resume")[0].text.strip() == "Nothing is under way."


def test_a_cell_that_is_run_again_is_not_paid_again(kernel: Kernel) -> None:
    """A cell that is run again while its videos are under way shows them and says so; --new makes another one, and a
    loop makes as many as it asks for."""
    loop = "jobs = [kw.submit('2.6', prompt='demo:slow boat', size='64x64') for _ in range(2)]"
    first, again = kernel.run(loop, "ids = [job.id for job in jobs]")
    assert (first.status, again.status) == ("ok", "ok")
    _, same, another, count = kernel.run(
        loop,
        "[job.id for job in jobs] == ids",
        "%kling --new --size 64x64 demo:slow boat",
        "len(kw.history()), len({entry.task_id for entry in kw.history()})",
    )
    assert same.text.strip() == "True"
    assert another.status == "ok"
    assert count.text.strip() == "(3, 3)"
    assert any("not billed again" in str(state.get("value")) for state in kernel.widgets.values())


def test_queued_cells_all_run_behind_a_wait(kernel: Kernel) -> None:
    """Cells that are queued behind --wait, job.wait() or kw.run are run when it ends."""
    cells = kernel.run(
        f"%kling --wait {BOAT}",
        "1",
        "job = kw.submit('2.6', prompt='a kite', size='64x64')\njob.wait().status",
        "2",
        "import asyncio; kw.run(asyncio.sleep(0.1, 'slept'))",
        "3",
        timeout=120,
    )
    assert [cell.status for cell in cells] == ["ok"] * 6
    assert [cells[index].text.strip() for index in (1, 3, 4, 5)] == ["1", "2", "'slept'", "3"]
    assert plays(cells[0]) and plays(cells[2])
    (awaited,) = kernel.run("(await kw.submit('2.6', prompt='dunes', size='64x64')).path.name", timeout=120)
    assert awaited.text.strip().endswith(".mp4'"), awaited.text


def test_the_demo_starts_after_a_wait(kernel_name: str, tmp_path: Path) -> None:
    """A wait, which may patch the kernel's event loop, leaves asyncio unchanged for later code."""
    with Kernel(kernel_name) as kernel:
        waited, asyncs, demo, made = kernel.run(
            LOAD + "\nimport asyncio; kw.run(asyncio.sleep(0.01, 'slept'))",
            "import threading; found = []\n"
            "thread = threading.Thread(target=lambda: found.append(asyncio.run(asyncio.sleep(0, 'run'))))\n"
            "thread.start(); thread.join(); found",
            "%kling_demo",
            f"%kling --wait {BOAT}",
        )
    assert (waited.text.strip(), asyncs.text.strip()) == ("'slept'", "['run']")
    assert demo.status == "ok"
    assert plays(made)


def test_an_assigned_job_is_shown_once(kernel: Kernel) -> None:
    """``job = %kling …`` shows the job at once, as the bare line does, and never twice. Another cell shows it again,
    and all its cells turn into the video."""
    assigned, bare = kernel.run(f"job = %kling {BOAT}", f"%kling {BOAT}")
    shown = [len(cell.bundles("application/vnd.jupyter.widget-view+json")) for cell in (assigned, bare)]
    assert shown == [1, 1]
    (again,) = kernel.run("job")
    kernel.until(lambda: plays(assigned) and plays(again) and plays(bare))
    videos = [sum("<video" in str(output) for output in cell.outputs) for cell in (assigned, bare, again)]
    assert videos == [1, 1, 1]


def test_a_kernel_that_nobody_looks_at_waits(kernel_name: str) -> None:
    """A headless kernel waits for a bare %kling, so that the file has the video; printed lines report the progress."""
    with Kernel(kernel_name, env=DEMO, front_end=False) as kernel:
        _, cell = kernel.run(LOAD, f"%kling {BOAT}", timeout=120)
    assert plays(cell)
    assert not cell.bundles("application/vnd.jupyter.widget-view+json")
    assert "Making the video" in cell.text


def test_unloading_leaves_nothing_behind_and_reloading_brings_it_back(kernel: Kernel) -> None:
    """After %unload_ext no magic, setting or completion is left; a second %reload_ext changes nothing."""
    look = (
        "s = get_ipython(); (sorted(n for k in s.magics_manager.magics.values() for n in k if n.startswith('kling')), "
        "[m for m in s.Completer.custom_matchers if 'kling' in m.__module__], "
        "[c for c in s.configurables if type(c).__name__ == 'Kling'])"
    )
    back = kernel.run(
        "%unload_ext kling_widgets", look, "%reload_ext kling_widgets", "%reload_ext kling_widgets", look
    )[-1]
    first = kernel.run("%unload_ext kling_widgets", look)[1].text.strip()
    assert first == "([], [], [])"
    kernel.run("%load_ext kling_widgets")
    assert back.text.strip().count("'kling'") == 2  # as a line magic and as a cell magic
    (made,) = kernel.run(f"%kling --wait {BOAT}", timeout=120)
    assert plays(made)
