"""The test harness does what users do, checked on notebooks without our package."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.notebook import Notebook, played

CLIP = """
import av, numpy
from pathlib import Path
Path("media").mkdir(exist_ok=True)
with av.open("media/a clip.mp4", "w") as box:
    stream = box.add_stream("libx264", rate=12)
    stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
    for shade in range(24):
        picture = numpy.full((180, 320, 3), shade * 10, dtype="uint8")
        box.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
    box.mux(stream.encode())
"""
SHOW = "from IPython.display import HTML; HTML('<video controls src=\"media/a%20clip.mp4\"></video>')"
BLOCK = "import threading; print('here'); threading.Event().wait(100)"


def test_cells_run_and_their_outputs_are_seen(notebook: Notebook, kernel_name: str) -> None:
    """Run All queues every cell; text can be read in the page and in the saved file, and an error stops the rest."""
    notebook.open(["input(); a = 'one'; a", "print(a * 2)", "1 / 0", "'never'"], kernel=kernel_name)
    notebook.run_all_held()
    notebook.wait_idle()
    assert "'one'" in notebook.output_text(0)
    assert notebook.output_text(1).strip() == "oneone"
    assert "ZeroDivisionError" in notebook.output_text(2)
    assert notebook.outputs(3) == []
    assert [notebook.count(index) for index in range(4)] == [1, 2, 3, None]
    assert notebook.save()["cells"][1]["outputs"][0]["text"] == ["oneone\n"]


def test_a_video_plays(notebook: Notebook) -> None:
    """A relative H.264 file plays in the cell, and in a copy without a kernel, trusted or not."""
    notebook.open([CLIP, SHOW])
    notebook.run_all()
    notebook.wait_idle()
    clip = {"width": 320, "height": 180, "duration": 2}
    assert played(notebook.cell(1).locator("video")) == clip
    notebook.save()
    for trusted in (True, False):
        notebook.open_without_kernel(trusted=trusted)
        assert played(notebook.cell(1).locator("video")) == clip


def test_a_video_that_is_not_there_does_not_play(notebook: Notebook) -> None:
    """``played`` fails for a video that does not exist."""
    notebook.open([SHOW.replace("a%20clip", "nothing")])
    notebook.run_all()
    notebook.wait_idle()
    with pytest.raises(Exception, match="the video does not play"):
        played(notebook.cell(0).locator("video"))


def test_widgets_take_what_is_typed(notebook: Notebook, kernel_name: str) -> None:
    """Text that is typed into a widget reaches the kernel."""
    notebook.open(["import ipywidgets; box = ipywidgets.Text(); box", "print(box.value)"], kernel=kernel_name)
    notebook.run_cell(0)
    notebook.output(0).locator("input").fill("纸船 in the rain")
    notebook.output(0).locator("input").press("Tab")
    notebook.run_cell(1)
    notebook.wait_idle()
    assert notebook.output_text(1).strip() == "纸船 in the rain"


def test_a_thread_updates_a_display_while_a_later_cell_runs(notebook: Notebook, kernel_name: str) -> None:
    """A display handle changes the output of its own cell while the kernel is busy with another."""
    notebook.open(
        [
            "import threading; go = threading.Event(); handle = display('before', display_id=True)\n"
            "threading.Thread(target=lambda: (go.wait(), handle.update('after')), daemon=True).start()",
            "go.set(); " + BLOCK,
        ],
        kernel=kernel_name,
    )
    notebook.run_all()
    expect(notebook.output(0)).to_contain_text("after")
    assert notebook.count(1) is None
    notebook.interrupt()
    notebook.wait_idle()
    assert "KeyboardInterrupt" in notebook.output_text(1)


@pytest.mark.usefixtures("fresh_page")
def test_reload_and_restart(notebook: Notebook) -> None:
    """The kernel survives a reload of the page, and loses its variables at a restart."""
    notebook.open(["kept = 'still here'", "kept"])
    notebook.run_cell(0)
    notebook.wait_idle()
    notebook.save()
    notebook.reload()
    notebook.run_cell(1)
    notebook.wait_idle()
    assert notebook.output_text(1).strip() == "'still here'"
    notebook.restart()
    notebook.run_cell(1)
    notebook.wait_idle()
    assert "NameError" in notebook.output_text(1)


def test_themes_and_pictures(notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dark theme is dark, and a screenshot is a file."""
    notebook.open(["1"])
    paper = "getComputedStyle(document.body).getPropertyValue('--jp-layout-color0')"
    light = notebook.page.evaluate(paper)
    notebook.theme("JupyterLab Dark")
    dark = notebook.page.evaluate(paper)
    notebook.theme("JupyterLab Light")
    assert light != dark
    monkeypatch.setenv("KLING_TEST_SCREENSHOTS", str(tmp_path / "pictures"))
    path = notebook.screenshot("harness")
    assert path and path.read_bytes().startswith(b"\x89PNG")
