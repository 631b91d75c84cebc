"""The key goes to the service and nowhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tests.kernel import Kernel
from tests.program import KEY, Service, service

LOUD = "import traceback, logging, warnings; logging.basicConfig(level=0); warnings.simplefilter('always')"
TELL = (
    "def tell(work):\n"
    "    try: return work()\n"
    "    except Exception as error:\n"
    "        traceback.print_exc()\n"
    "        print(''.join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))\n"
    "        print(repr(error), error.args, vars(error), repr(error.__cause__), repr(error.__context__))"
)
# Words of the demo for each way in which a job ends.
WORDS = ("fail", "moderation", "nourl", "broken", "quota", "busy", "500", "502", "lost")
CELLS = (
    "%load_ext kling_widgets\nimport kling_widgets as kw\n" + LOUD,
    TELL,
    "%kling_key",  # here the key is typed, when asked
    "%kling --wait --model 2.6 --size 512x512 -o job a paper boat",
    "job, job.request, job.task, job.service, kw.history(), kw.Client(), kw.AsyncClient(), kw.Form('2.6')",
    "print(job.task.raw, vars(job), vars(kw.Client()), vars(job.service) if hasattr(job.service, '__dict__') else '')",
    "print(job.request.to_magic(), job.request.to_python(), job.request.to_curl(), job.request.to_json())",
    "%kling_code",
    "%config Kling",
    "%kling",
    "%kling_tasks",
    "kw.doctor()",
    "get_ipython().run_line_magic('kling_show', job.id)",
    "kw.Client(api_key='two words')",
    f"%kling {KEY}",
    "%tb",
    "kw.Client().get('no-such-task')",
    "tell(lambda: kw.Client().get('no-such-task'))",
    "import pickle, copy; tell(lambda: pickle.dumps(kw.Client())); tell(lambda: copy.deepcopy(job.service))",
    "%xmode Verbose",
    *(f"%kling --wait --size 512x512 demo:{word}" for word in WORDS),
    *(f"tell(lambda: kw.Client(timeout=5).generate('2.6', prompt='demo:{word}'))" for word in ("quota", "502", "lost")),
    "try: kw.Client().submit('2.6', prompt='demo:lost')\nexcept kw.KlingError as error: raise RuntimeError from error",
    "%tb",
    "kw.Client(base_url='http://127.0.0.1:9').submit('2.6', prompt='nobody')",
    "import os; os.environ['CRAZYROUTER_BASE_URL'] = 'https://stranger.example'",
    "%kling to a stranger",
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The demo service as a program of its own; it keeps nothing in the home of the tests."""
    with service(tmp_path_factory.mktemp("demo"), 0.5) as running:
        yield running


def without_key(*folders: Path) -> list[Path]:
    """All files in these folders; none of them may hold the key."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    return files


def test_the_key_is_in_nothing_that_a_session_shows_or_keeps(demo: Service, isolated: Path, tmp_path: Path) -> None:
    """No output, repr, traceback (verbose, and with locals), log, widget, journal or file has it, through success and
    every failure."""
    with Kernel(env=demo.env, answer=KEY) as kernel:
        shown = [kernel.run(code, timeout=120)[0] for code in CELLS]
        for cell in shown:
            assert KEY not in json.dumps(cell.outputs, default=str), f"the key is in what {cell.code!r} shows"
        assert KEY not in json.dumps(kernel.widgets, default=str)
    by_code = {cell.code: cell for cell in shown}
    assert by_code[CELLS[3]].status == "ok", by_code[CELLS[3]].text
    assert "%kling_key" in by_code["%kling_key"].text  # where it was found, in words
    assert all(by_code[f"%kling --wait --size 512x512 demo:{word}"].status == "error" for word in WORDS)
    assert "HTTP" in by_code[CELLS[3]].text + "".join(cell.text for cell in shown), "the logs were to be on"
    files = without_key(isolated, tmp_path)
    assert {".mp4", ".sqlite"} <= {path.suffix for path in files}


def test_the_key_is_in_no_notebook_file(demo: Service, isolated: Path, tmp_path: Path) -> None:
    """A headless run with the key in the environment leaves outputs, failures too, without it, and so does its HTML."""
    folder = tmp_path / "work"
    codes = ("%load_ext kling_widgets", "%kling --size 512x512 a boat", "%kling demo:quota", "%kling", "%kling_tasks")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    nbformat.write(notebook, folder / "n.ipynb")
    for arguments in (["execute", "--allow-errors", "--inplace"], ["nbconvert", "--to", "html"]):
        subprocess.run(
            [sys.executable, "-m", "jupyter", *arguments, "n.ipynb"],
            cwd=folder,
            env=os.environ | demo.env,
            check=True,
            capture_output=True,
            timeout=240,
        )
    saved = (folder / "n.ipynb").read_text(encoding="utf-8")
    assert "InsufficientQuotaError" in saved
    assert "<video" in saved
    assert {"n.ipynb", "n.html"} <= {path.name for path in without_key(isolated, tmp_path)}
