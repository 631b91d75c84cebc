"""%kling in a real JupyterLab: a live view while it runs, a plain figure when it is done, and nothing lost in
between."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.notebook import Notebook, played
from tests.browser.pages import DRAWN

LOAD = "%load_ext kling_widgets"
SMALL = "%kling --model 2.6 --seconds 5 --size 512x512 -o job a paper boat in the rain"
SQUARE = {"width": 512, "height": 512, "duration": pytest.approx(5, abs=0.2)}
# A busy loop in pure Python, which leaves other threads the least time, or a wait, which leaves the most; an interrupt
# ends either early.
BUSY = {
    "python3": "import time; end = time.monotonic() + 25\nwhile time.monotonic() < end:\n    pass",
    "ipykernel6": "import threading; threading.Event().wait(25)",
}

# Records every length of the first job's bar, and every line below it, from the time when the cell behind it is busy.
_NOTE = """() => {
    window.noted = {bars: [], lines: []};
    const cell = (index) => document.querySelector(`[data-windowed-list-index="${index}"]`);
    const note = (list, value) => { if (value && !list.includes(value)) list.push(value); };
    window.noting = new MutationObserver(() => {
        const bar = cell(1)?.querySelector('.kling-bar > div');
        if (!bar || !cell(2)?.querySelector('.jp-InputPrompt')?.innerText.includes('*')) return;
        note(window.noted.bars, bar.style.width);
        note(window.noted.lines, bar.parentElement.nextElementSibling.innerText);
    });
    window.noting.observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
}"""


def figure(notebook: Notebook, index: int) -> Locator:
    """Return the video of this cell's saved output."""
    return notebook.output(index).locator("figure video").first


def test_the_bar_moves_while_a_later_cell_is_busy(notebook: Notebook, kernel_name: str) -> None:
    """The clock and the bar advance while the kernel runs another cell; then the video replaces them."""
    slow = f"{SMALL} demo:slow"  # so that the bar has several lengths to show
    notebook.open([LOAD, slow, BUSY[kernel_name]], kernel=kernel_name)
    notebook.page.evaluate(_NOTE)
    notebook.run_all()
    expect(figure(notebook, 1)).to_be_visible(timeout=DRAWN)
    noted = notebook.page.evaluate("() => { noting.disconnect(); return noted; }")
    assert len(noted["bars"]) >= 2, noted
    assert len(noted["lines"]) >= 3, noted
    notebook.interrupt()
    notebook.wait_idle()
    assert played(figure(notebook, 1)) == SQUARE


def test_no_cell_is_lost_behind_a_wait(notebook: Notebook, kernel_name: str) -> None:
    """Three cells that are queued while ``--wait`` waits all run afterwards."""
    notebook.open([LOAD, SMALL.replace("%kling", "%kling --wait"), "1 + 1", "print('b')", "'c'"], kernel=kernel_name)
    notebook.run_all()
    notebook.wait_idle()
    assert [notebook.count(index) for index in range(5)] == [1, 2, 3, 4, 5]
    assert [notebook.output_text(index).strip() for index in (2, 3, 4)] == ["2", "b", "'c'"]
    assert played(figure(notebook, 1)) == SQUARE


# Portrait, square, 1080P; width, height and seconds.
FILMS = {
    "--model 2.6 --aspect-ratio 9:16 --seconds 5": (720, 1280, 5),
    "--model 3.0 --aspect-ratio 1:1 --seconds 3 --sound": (720, 720, 3),
    "--model 3.0 --size 1920x1080 --resolution 1080P --seconds 3": (1920, 1080, 3),
}


def test_the_video_is_as_asked(notebook: Notebook) -> None:
    """Width, height and length are as requested, and the video fits the page: at most 640 px wide, or 480 high."""
    notebook.open([LOAD, *(f"%kling {options} a paper boat in the rain" for options in FILMS)])
    notebook.page.set_viewport_size({"width": 1280, "height": 2400})
    notebook.run_all()
    for index, film in enumerate(FILMS.values(), 1):
        expect(figure(notebook, index)).to_be_visible(timeout=DRAWN)
        expect(notebook.output(index).locator(".jupyter-widgets")).to_have_count(0)  # the live view has been replaced
        found = played(figure(notebook, index))
        assert (found["width"], found["height"], round(found["duration"])) == film
        box = figure(notebook, index).bounding_box()
        assert box
        assert (box["width"] <= 641) if film[0] >= film[1] else (box["height"] <= 481)
        assert abs(box["width"] / box["height"] - film[0] / film[1]) < 0.01


@pytest.mark.usefixtures("fresh_page")
def test_a_reload_in_the_middle_loses_nothing(notebook: Notebook) -> None:
    """After a reload of the page the live view shows the video itself; ``%kling_show`` puts it into the file."""
    slow = f"{SMALL} demo:slow"  # still in progress after the reload
    notebook.open([LOAD, slow, "get_ipython().run_line_magic('kling_show', job.id)"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.wait_idle()
    expect(notebook.output(1)).to_contain_text("Making the video")
    notebook.save()
    notebook.reload()
    expect(notebook.output(1)).to_contain_text("Making the video")
    video = notebook.output(1).locator("video").first
    expect(video).to_be_visible(timeout=DRAWN)
    assert played(video) == SQUARE
    assert "<figure" not in str(notebook.save()["cells"][1]["outputs"]), "so the next line shows something"
    notebook.run_cell(2)
    notebook.wait_idle()
    assert played(figure(notebook, 2)) == SQUARE
    assert "<figure" in str(notebook.save()["cells"][2]["outputs"])


def test_the_video_stays_in_the_file(notebook: Notebook) -> None:
    """Saved, closed and opened again without a kernel, trusted or not, the video plays, and no widget is left."""
    notebook.open([LOAD, SMALL])
    notebook.run_all()
    expect(figure(notebook, 1)).to_be_visible(timeout=DRAWN)
    outputs = notebook.save()["cells"][1]["outputs"]
    assert not any("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in outputs)
    for trusted in (True, False):
        notebook.open_without_kernel(trusted=trusted)
        assert played(figure(notebook, 1)) == SQUARE
        caption = notebook.output_text(1)
        assert "a paper boat in the rain" in caption
        assert "demo" in caption


def test_an_interrupted_wait_can_be_resumed(notebook: Notebook) -> None:
    """An interrupt ends the cell and says how to resume; resuming shows the video."""
    notebook.open([LOAD, SMALL.replace("%kling", "%kling --wait"), "%kling_resume"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    expect(notebook.output(1)).to_contain_text("Making the video", timeout=DRAWN)
    notebook.interrupt()
    notebook.wait_idle()
    assert "%kling_resume demo_" in notebook.output_text(1)
    notebook.run_cell(2)
    expect(figure(notebook, 2)).to_be_visible(timeout=DRAWN)
    assert played(figure(notebook, 2)) == SQUARE


def test_a_restarted_kernel_finds_its_tasks(notebook: Notebook) -> None:
    """After a restart of the kernel ``%kling_resume`` finds the task and shows its video, in the demo too."""
    notebook.open([LOAD, SMALL, "%kling_resume"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.wait_idle()
    expect(notebook.output(1)).to_contain_text("Making the video")
    notebook.restart()
    notebook.run_cell(0)
    notebook.run_cell(2)
    expect(figure(notebook, 2)).to_be_visible(timeout=DRAWN)
    assert played(figure(notebook, 2)) == SQUARE


def test_a_click_on_stop_watching_ends_no_video(notebook: Notebook, kernel_name: str) -> None:
    """The button stops watching at once, and says that the task continues and how to come back; that shows the
    video."""
    notebook.open([LOAD, SMALL, "%kling_resume"], kernel=kernel_name)
    notebook.run_cell(0)
    notebook.run_cell(1)
    expect(notebook.output(1)).to_contain_text("Making the video", timeout=DRAWN)
    notebook.output(1).get_by_role("button", name="Stop watching").click()
    expect(notebook.output(1)).to_contain_text("%kling_resume demo_")
    expect(notebook.output(1)).to_contain_text("billed if it succeeds")
    notebook.run_cell(2)
    expect(figure(notebook, 2)).to_be_visible(timeout=DRAWN)


def test_a_failure_stops_run_all(notebook: Notebook) -> None:
    """A mistake is one line, which says that nothing was sent, without a traceback, and later cells do not run."""
    notebook.open([f"{LOAD}\ninput()", "%kling --model 2.6 --seconds abc a boat", "'never'"])
    notebook.run_all_held()
    notebook.wait_idle()
    text = notebook.output_text(1)
    assert "InvalidRequestError" in text
    assert "Nothing was sent" in text
    assert "Traceback" not in text
    assert len(text.strip().splitlines()) == 1
    assert notebook.count(2) is None
