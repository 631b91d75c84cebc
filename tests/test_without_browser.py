"""The same cells without a live front end: headless runs, exports, a terminal."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

DEMO = {"KLING_WIDGETS_DEMO": "1"}
FIRST = ROOT / "notebooks" / "01_first_video.ipynb"
EVERY_MODEL = ROOT / "notebooks" / "02_every_model.ipynb"
# Code that makes a video; each such cell must end with one.
ASKS = re.compile(r"^\s*(%%?kling(\s+\S.*)?$(?<!%kling)|.*kw\.submit\()", re.MULTILINE)


def _program(*arguments: str, text: str = "", folder: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=os.environ | DEMO,
        input=text,
        capture_output=True,
        text=True,
        timeout=480,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def _videos(html: str) -> list[str]:
    return [unquote(link) for link in re.findall(r"<video[^>]* src=[\"']([^\"']+)", html)]


def test_a_headless_run_leaves_the_videos_in_the_file_and_its_export(isolated: Path, tmp_path: Path) -> None:
    """``jupyter execute --inplace`` of the first notebook saves its videos in it, complete, and its HTML export has
    them too. The second notebook is tested in JupyterLab only, so that its twenty videos are not made twice."""
    notebook = tmp_path / "work" / FIRST.name
    shutil.copy(FIRST, notebook)
    _program("jupyter", "execute", "--inplace", notebook.name, folder=notebook.parent)
    asked = [cell for cell in nbformat.read(notebook, 4).cells if cell.cell_type == "code" and ASKS.search(cell.source)]
    assert len(asked) >= 4
    shown = []
    for cell in asked:
        html = "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)
        assert _videos(html), f"the output of {cell.source!r} has no video: {cell.outputs}"
        shown += _videos(html)
    assert len(shown) == len(set(shown)) == len(list((notebook.parent / "kling_videos").glob("*.mp4")))
    assert all((notebook.parent / link).is_file() for link in shown)
    _program("jupyter", "nbconvert", "--to", "html", notebook.name, folder=notebook.parent)
    assert set(shown) <= set(_videos(notebook.with_suffix(".html").read_text(encoding="utf-8")))


def test_a_terminal_gets_text(isolated: Path, tmp_path: Path) -> None:
    """In terminal IPython ``%kling`` prints its progress in lines, and the path of the file; a mistake is one line;
    there are no control characters, because the output is not a terminal."""
    folder = tmp_path / "work"
    lines = (
        "%load_ext kling_widgets\n%kling --size 64x64 a paper boat\n%kling --seconds abc a boat\n"
        "%kling\n%kling_models\n%kling_tasks\n%kling demo:fail\nexit\n"
    )
    said = _program("IPython", "--simple-prompt", "--no-banner", "--colors=NoColor", text=lines, folder=folder)
    (clip,) = (folder / "kling_videos").glob("*.mp4")
    assert clip.name in said
    assert [word for word in ("Making the video", "Done") if f"{word}\n" not in said] == []
    assert "InvalidRequestError" in said
    assert "TaskFailedError" in said
    assert "Traceback" not in said
    assert "The form needs a notebook" in said
    assert not re.findall(r"[\x00-\x08\x0b-\x1f\x7f]", said)
    assert "<" not in said.replace("<Job", "")  # no HTML


def test_a_script_gets_text(isolated: Path, tmp_path: Path) -> None:
    """Plain Python without IPython waits, prints its progress in lines, and saves the file."""
    code = (
        "import kling_widgets as kw\n"
        "job = kw.submit('2.6', prompt='a paper boat', size='64x64')\n"
        "assert job.path.is_file()\nprint(job.path.name)\n"
    )
    (tmp_path / "work" / "make.py").write_text(code)
    said = _program("make", folder=tmp_path / "work")
    assert "Making the video\n" in said
    assert said.strip().splitlines()[-1].endswith(".mp4")
    assert not re.findall(r"[\x00-\x08\x0b-\x1f\x7f]", said)
