"""A button of the user's own that makes a video, in a real JupyterLab: two clicks make one video, and it is shown."""

from __future__ import annotations

from tests.browser.notebook import Notebook, played

BUTTON = """
import kling_widgets as kw
import ipywidgets as widgets
from IPython.display import display
out, jobs = widgets.Output(), []
def make(_):
    with out:
        jobs.append(kw.submit("2.6", prompt="demo:slow a paper boat", size="512x512"))
button = widgets.Button(description="Make mine")
button.on_click(make)
display(button, out)
"""


def test_a_double_click_makes_one_video_in_the_output_that_is_open(notebook: Notebook) -> None:
    """Each click shows the view under the button, and it plays the video; nothing was made twice."""
    notebook.open([BUTTON, "len(kw.history()), len({id(job) for job in jobs}), len(jobs)"])
    notebook.run_cell(0)
    notebook.wait_idle()
    notebook.output(0).get_by_role("button", name="Make mine").dblclick()
    video = notebook.output(0).locator("video").first
    video.wait_for(timeout=120_000)
    assert played(video)
    notebook.run_cell(1)
    notebook.wait_idle()
    assert notebook.output_text(1).strip() == "(1, 1, 2)"
