"""Papermill reads a notebook from one folder, writes to another, and may run in a third."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from tests.conftest import need

pytestmark = pytest.mark.slow

CELLS = (
    "%load_ext kling_widgets\n%kling_demo",
    "%kling --size 256x256 --seconds 1 a paper boat",
    "%kling_demo off",
    "from kling_widgets.notebook.kernel.session import session\nprint(session().services.key_status())",
)
KEY = "sk-live-0123456789abcdef0123456789abcdef"


def papermill(folder: Path, *options: str) -> str:
    """Run read/in.ipynb into written/out.ipynb; return the text of its outputs."""
    need("papermill", find_spec("papermill") is not None, "it is not installed")
    for each in ("read", "written"):
        (folder / each).mkdir()
    (folder / "read" / ".env").write_text(f"CRAZYROUTER_API_KEY={KEY}\n")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, folder / "read" / "in.ipynb")
    run = subprocess.run(
        [sys.executable, "-m", "papermill", "--no-progress-bar", *options, "read/in.ipynb", "written/out.ipynb"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert run.returncode == 0, run.stderr
    cells = nbformat.read(folder / "written" / "out.ipynb", 4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert KEY not in str(cells)
    return "".join(output.get("text") or output["data"].get("text/html", "") for output in outputs)


@pytest.mark.parametrize("option", ["--inject-paths", "--inject-output-path"])
def test_the_video_lies_beside_the_notebook_that_is_written(tmp_path: Path, option: str) -> None:
    """If papermill passes the path of the output notebook, the video is saved beside it and its link works from
    there."""
    said = papermill(tmp_path, option)
    (link,) = re.findall(r'<video[^>]* src="([^"]+)', said)
    assert (tmp_path / "written" / link).is_file()
    assert str(tmp_path) not in said
    # The .env beside the input notebook is found if papermill passes that path too.
    assert ("key: found in CRAZYROUTER_API_KEY in .env" in said) == (option == "--inject-paths")


@pytest.mark.parametrize("folder", ["", "read"])
def test_without_a_word_of_papermill_the_caption_says_where_the_video_is(tmp_path: Path, folder: str) -> None:
    """Without the path, the link is relative to the current folder, papermill's or another; nothing is embedded."""
    said = papermill(tmp_path, *(("--cwd", folder) if folder else ()))
    (link,) = re.findall(r'<video[^>]* src="([^"]+)', said)
    (clip,) = (tmp_path / folder / "kling_videos").glob("*.mp4")
    assert (tmp_path / folder / link).samefile(clip)
    assert f"<code>{clip}</code>" in said
