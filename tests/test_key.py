"""The key is sent to the service and appears nowhere else."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.client.samples import picture
from tests.kernel import Kernel
from tests.leaks import forms, found_in, leaking
from tests.leaky import leaky
from tests.program import KEY, Service, service

pytestmark = pytest.mark.slow

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
    "%kling_key",  # the key is typed here, when asked
    "%kling --wait --model 2.6 --size 64x64 -o job a paper boat",
    "service = job._runner.service",
    "job, job.request, job.task, service, kw.history(), kw.Client(), kw.AsyncClient(), kw.Form('2.6')",
    "print(job.task.raw, vars(job), vars(kw.Client()), vars(service) if hasattr(service, '__dict__') else '')",
    "tell(lambda: print(vars(job._runner), vars(job._state), list(job.events())))",
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
    "import pickle, copy; tell(lambda: pickle.dumps(kw.Client())); tell(lambda: copy.deepcopy(service))",
    "%xmode Verbose",
    *(f"%kling --wait --size 64x64 demo:{word}" for word in WORDS),
    *(f"tell(lambda: kw.Client(timeout=5).generate('2.6', prompt='demo:{word}'))" for word in ("quota", "502", "lost")),
    "try: kw.Client().submit('2.6', prompt='demo:lost')\nexcept kw.KlingError as error: raise RuntimeError from error",
    "%tb",
    "kw.Client(base_url='http://127.0.0.1:9').submit('2.6', prompt='nobody')",
    "import os; os.environ['CRAZYROUTER_BASE_URL'] = 'https://stranger.example'",
    "%kling to a stranger",
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run the demo service as a separate program that keeps nothing in the tests' home."""
    with service(tmp_path_factory.mktemp("demo"), 0.5) as running:
        yield running


def without_key(*folders: Path) -> list[Path]:
    """Return all files in these folders, after checking that none contains the key."""
    assert not [*leaking(folders, KEY)]
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


class Recorder(Kernel):
    """A kernel that records everything it sends to be shown, including outputs that are replaced later."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seen: list[dict[str, Any]] = []

    def _shown(self, message: dict[str, Any]) -> None:
        if message["msg_type"] != "execute_input":  # not the cells as they were typed
            self.seen.append({"type": message["msg_type"], "content": message["content"]})
        super()._shown(message)

    def leaks(self) -> list[str]:
        """Return the start of each message that contains the key."""
        texts = [json.dumps(message, default=str, ensure_ascii=False) for message in self.seen]
        return [f"{hits}: {text[:2000]}" for text in texts if (hits := found_in(text, KEY))]


def test_the_key_is_in_nothing_that_a_session_shows_or_keeps(demo: Service, isolated: Path, tmp_path: Path) -> None:
    """Through success and every failure, no output, repr, traceback (verbose, with locals), log, widget, journal or
    file contains the key."""
    with Recorder(env=demo.env, answer=KEY) as kernel:
        shown = [kernel.run(code, timeout=120)[0] for code in CELLS]
        for cell in shown:
            assert not found_in(json.dumps(cell.outputs, default=str), KEY), f"the key is in what {cell.code!r} shows"
        assert not kernel.leaks()
    by_code = {cell.code: cell for cell in shown}
    assert by_code[CELLS[3]].status == "ok", by_code[CELLS[3]].text
    assert "%kling_key" in by_code["%kling_key"].text  # says where it was found
    assert all(by_code[f"%kling --wait --size 64x64 demo:{word}"].status == "error" for word in WORDS)
    assert "HTTP" in by_code[CELLS[3]].text + "".join(cell.text for cell in shown), "the logs were to be on"
    files = without_key(isolated, tmp_path)
    assert {".mp4", ".sqlite"} <= {path.suffix for path in files}


def test_the_key_is_in_no_notebook_file(demo: Service, isolated: Path, tmp_path: Path) -> None:
    """A headless run with the key in the environment saves outputs and failures without it, and so does its HTML
    export."""
    folder = tmp_path / "work"
    codes = ("%load_ext kling_widgets", "%kling --size 64x64 a boat", "%kling demo:quota", "%kling", "%kling_tasks")
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


# Cells for a service that repeats the key wherever it can. Everything is logged, to a file as well.
UNSAFE = (
    "%load_ext kling_widgets\nimport asyncio, logging, traceback, kling_widgets as kw\n"
    "logging.basicConfig(filename='debug.log', level=0, force=True)\nasyncio.get_event_loop().set_debug(True)",
    TELL,
    "%xmode Verbose",
    "%kling_key --keep",  # the key is typed here, when asked; the tests' keyring stores nothing
    "%config Kling.confirm_above = 'off'\n%config Kling.timeout = 4",
    # a form with an uploaded picture, its preset, its code
    "form = kw.Form('2.6', prompt='boat with a picture', image='first.png')\nform",
    "form._preset_rows()\nform._presets._name.value = 'mine'\nform._presets._save.click()\nform._presets._status.value",
    "form.submit().wait()",
    "second = kw.Form('2.6', prompt='boat with a refused picture', image='second.png')\ndisplay(second)\n"
    "tell(lambda: second.submit().wait())",
    "%kling_form --preset mine",
    *(f"%kling_code {kind}" for kind in ("magic", "python", "curl", "json")),
    "print(form.request.to_magic(), form.request.to_python(), form.request.to_curl(), form.request.to_json())",
    # a batch with every outcome
    "jobs = kw.submit([kw.VideoRequest('2.6', prompt=word) for word in "
    "('boat', 'linked', 'moved', 'kept', 'failed', 'unauthorised')])\njobs",
    "tell(lambda: jobs.wait())",
    "for job in jobs: tell(lambda: print(job, job.task, job.task and job.task.raw, job.path))",
    "for job in jobs: print(vars(job), vars(job._runner), vars(job._state), list(job.events()))",
    *(f"%kling --wait {word}" for word in ("400", "401", "500", "page", "away", "reset")),
    "%tb",
    *(f"tell(lambda: kw.Client(timeout=5).submit('2.6', prompt='{word}'))" for word in ("401", "500", "away", "reset")),
    "try: kw.Client().submit('2.6', prompt='401')\nexcept kw.KlingError as error: raise RuntimeError from error",
    "async with kw.AsyncClient() as client: await client.submit('2.6', prompt='page')",
    "kw.Client().download('kept-1', 'kept.mp4')",
    "kw.Client().upload('second.png')",
    # a cell that is run again, and earlier videos
    "%kling --wait --reuse boat",
    "%kling --wait --count 2 --new boat",
    "%kling_tasks",
    "past = kw.history()\nprint(past.to_jsonl())\npast",
    "tell(lambda: kw.resume(wait=True))",
    "get_ipython().run_line_magic('kling_show', jobs[0].id)",
    "get_ipython().run_line_magic('kling_resume', jobs[0].id)",
    "tell(lambda: kw.resume('unauthorised-999'))",
    # tables and settings
    "%kling_models",
    "%kling_prices 2.6 0.1 --currency USD",
    "%kling_prices",
    "report = kw.doctor()\nprint(report, report.to_markdown())\nreport",
    "%config Kling",
    # a key where none belongs
    f"%kling --save {KEY}.mp4 boat",
    f"%config Kling.timeout = '{KEY}'",
    f"%config Kling.base_url = 'https://{KEY}.example'",
    f"%kling_prices 2.6 {KEY}",
    f"%kling_key {KEY}",
    "import os\nkw.submit('2.6', prompt='boat ' + os.environ['CRAZYROUTER_API_KEY'])",
    "kw.submit('2.6', prompt='boat', save=os.environ['CRAZYROUTER_API_KEY'])",
    "kw.Form('2.6', prompt='boat ' + os.environ['CRAZYROUTER_API_KEY'])",
)
# Each is interrupted while its request is under way.
STALLED = (
    "%kling stall",
    "kw.Client().submit('2.6', prompt='stall')",
    "try: kw.Client().submit('2.6', prompt='stall')\nexcept KeyboardInterrupt as error:\n"
    "    below = traceback.walk_tb(error.__traceback__.tb_next)  # the cell's own variables hold the cells as typed\n"
    "    print(*traceback.StackSummary.extract(below, capture_locals=True).format())",
    "kw.run(kw.AsyncClient().submit('2.6', prompt='stall'))",
    "%tb",
    "%kling_key forget",
)


def test_the_key_goes_to_the_service_alone(isolated: Path, tmp_path: Path) -> None:
    """The service repeats the key, whole and masked, in every answer, and redirects its clients to another host. The
    key still appears in nothing shown, logged or stored, and in no request except the Authorization header to the
    service."""
    for name in ("first.png", "second.png"):
        Path(name).write_bytes(picture(size=(640, 480 + len(name))))
    hosts_folder = tmp_path.parent / f"{tmp_path.name}-hosts"
    hosts_folder.mkdir()
    with leaky(KEY, hosts_folder) as hosts:
        env = {"CRAZYROUTER_API_KEY": KEY, "CRAZYROUTER_BASE_URL": hosts.service.url, "PYTHONASYNCIODEBUG": "1"}
        with Recorder(env=env, answer=KEY) as kernel:
            for code in UNSAFE:
                kernel.run(code, timeout=60)
            for code in STALLED:
                before = len(hosts.service.asked)
                cell = kernel.send(code)
                if "stall" in code:
                    kernel.until(lambda: len(hosts.service.asked) > before)  # noqa: B023 - called at once
                    kernel.interrupt()
                kernel.until(lambda: cell.done)  # noqa: B023
            assert not kernel.leaks()
            seen = json.dumps(kernel.seen, default=str)
    for said in ("AuthenticationError", "KeyboardInterrupt", "Interrupted", "kling_key", "SubmissionUnknownError"):
        assert said in seen, f"{said} was to be shown"
    assert "httpcore" in Path("debug.log").read_text() and "asyncio" in Path("debug.log").read_text()
    files = without_key(isolated, tmp_path)
    assert {".mp4", ".sqlite", ".json", ".log"} <= {path.suffix for path in files}
    assert {asked.headers["authorization"] for asked in hosts.service.asked if "/v1/" in asked.path} == {
        f"Bearer {KEY}"
    }
    assert any(asked.path == "/v1/files/uploads" for asked in hosts.service.asked)
    for asked in (*hosts.service.asked, *hosts.other.asked):
        others = {name: value for name, value in asked.headers.items() if name != "authorization"}
        assert not found_in(f"{asked.path} {others}".encode() + asked.body, KEY)
    assert len({asked.path for asked in hosts.other.asked}) >= 2
    assert not [asked for asked in hosts.other.asked if "authorization" in asked.headers]


@pytest.mark.parametrize("form", forms(KEY))
def test_the_search_finds_what_is_planted(form: str, tmp_path: Path) -> None:
    """The search finds a planted key in each form and each kind of place."""
    planted = forms(KEY)[form]
    assert form in found_in(b"before " + planted + b" behind", KEY)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.sqlite")) as journal:
        journal.execute("CREATE TABLE submissions (body)")
        journal.execute("INSERT INTO submissions VALUES (?)", (b"x" * 300 + planted,))
        journal.commit()
    (tmp_path / "deep" / "er" / "clip.mp4").write_bytes(bytes(range(256)) * 50 + planted + bytes(99))
    notebook = {"metadata": {"widgets": {"state": {"1": {"value": planted.decode("latin-1")}}}}}
    (tmp_path / "n.ipynb").write_text(json.dumps(notebook))
    hits = "\n".join(leaking([tmp_path], KEY))
    assert "journal.sqlite" in hits and "clip.mp4" in hits
    assert "n.ipynb" in hits or form in ("UTF-16", "escaped")  # JSON encodes those differently
    recorder = Recorder()
    recorder.seen.append({"type": "stream", "content": {"text": planted.decode("latin-1")}})
    assert recorder.leaks() or form in ("UTF-16", "escaped")


def test_a_key_in_a_name_of_a_file_is_found(tmp_path: Path) -> None:
    """The search also looks at file names."""
    (tmp_path / f"{KEY}.mp4").write_bytes(b"")
    assert [*leaking([tmp_path], KEY)]
