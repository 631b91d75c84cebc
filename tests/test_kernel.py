"""The test harness for real kernels works on both versions."""

from __future__ import annotations

import pytest

from tests.kernel import Kernel

pytestmark = pytest.mark.slow


def test_each_name_is_the_kernel_that_it_says(kernel_name: str) -> None:
    """python3 is ipykernel 7 or newer and ipykernel6 is version 6; otherwise tests on both would run one version
    twice."""
    with Kernel(kernel_name) as kernel:
        (cell,) = kernel.run("import ipykernel; ipykernel.version_info[0]")
    assert int(cell.text) == 6 if kernel_name == "ipykernel6" else int(cell.text) >= 7


def test_cells_give_what_they_show(kernel_name: str) -> None:
    """Streams, results and errors come back per cell, and cells after an error are not run."""
    with Kernel(kernel_name) as kernel:
        shown, failed, after = kernel.run("print('a'); 'b'", "1 / 0", "print('never')")
    assert shown.text.split() == ["a", "'b'"]
    assert (shown.status, failed.status, after.status) == ("ok", "error", "aborted")
    assert "ZeroDivisionError" in failed.text
    assert after.outputs == []


def test_an_update_from_a_thread_reaches_the_cell_of_the_display(kernel_name: str) -> None:
    """If a thread updates a display handle while a later cell runs, the output of the handle's own cell changes."""
    with Kernel(kernel_name) as kernel:
        first, later = kernel.run(
            "import threading\n"
            "started = threading.Event()\n"
            "handle = display('before', display_id=True)\n"
            "thread = threading.Thread(target=lambda: (started.wait(), handle.update('after')))\n"
            "thread.start()",
            "started.set(); thread.join()",
        )
        kernel.until(lambda: "after" in first.text)
    assert "before" not in first.text
    assert later.text == ""


def test_widgets_report_their_state() -> None:
    """The harness has the state of a widget as the kernel last sent it."""
    with Kernel() as kernel:
        kernel.run("import ipywidgets; bar = ipywidgets.IntProgress(3)", "bar.value = 7")
        assert any(state.get("value") == 7 for state in kernel.widgets.values())


def test_interrupt_and_restart(kernel_name: str) -> None:
    """An interrupt ends only the running cell; a restart clears the variables."""
    with Kernel(kernel_name) as kernel:
        cell = kernel.send("import threading; x = 1; print('here'); threading.Event().wait(60)")
        kernel.until(lambda: "here" in cell.text)
        kernel.interrupt()
        kernel.until(lambda: cell.done)
        assert "KeyboardInterrupt" in cell.text
        assert kernel.run("x")[0].text.strip() == "1"
        kernel.restart()
        assert "NameError" in kernel.run("x")[0].text


@pytest.mark.parametrize("front_end", [True, False])
def test_headless_kernels_cannot_ask(front_end: bool) -> None:
    """A kernel can distinguish a front end that answers questions from a headless run."""
    with Kernel(front_end=front_end) as kernel:
        (cell,) = kernel.run("get_ipython().kernel._allow_stdin")
    assert cell.text.strip() == str(front_end)
