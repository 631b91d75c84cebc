"""The same request made at the same moment is paid once: by two kernels, threads, forks, or several times in one
cell."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from kling_widgets.storage.journal import Journal
from tests.conftest import FIGURES
from tests.jobs.conftest import until
from tests.kernel import KERNELS, Cell, Kernel
from tests.servers import Answer, Asked, FaultServer

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("KLING_TEST_ROUNDS", "4"))  # of two kernels at the same moment; CONTRIBUTING runs more
LONG = 60.0  # seconds; anything slower has failed
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(range(256)) * 40
LOAD = "%load_ext kling_widgets\nimport kling_widgets as kw, time"
# Each submission prints its outcome as JSON. Cells that run at the same time have one text, so they count as the same
# cell.
ONE = "made = [kw.submit('2.6', prompt='{0} a boat', yes={1}, wait=False)]"
LINE = "made = [get_ipython().run_line_magic('kling', '--no-wait --model 2.6 {2} {0} a boat')]"
BATCH = """asked = [kw.VideoRequest('2.6', prompt=f'{0} a {{what}}') for what in ('boat', 'kite', 'boat')]
made = list(kw.submit(asked, yes={1}, wait=False))"""
LOOP = "made = [kw.submit('2.6', prompt=f'{0} a {{x}}', yes={1}, wait=False) for x in ('boat', 'kite', 'boat')]"
PICTURE = "made = [kw.submit('2.6', prompt='{0} a boat', image='{3}', yes={1}, wait=False)]"
FORMS = ((ONE, 1), (BATCH, 3), (LINE, 1), (LOOP, 3), (PICTURE, 1))
END = """
import json
from IPython.display import display
said = []
for job in made:
    try:
        job.wait(60)
        said.append([job.id, job.path.name, job._note])
    except kw.KlingError as error:
        said.append([job.id, None, str(error)])
display({'application/json': said}, raw=True)
"""


class Service:
    """A service that makes every requested video and counts.

    Attributes:
        made: ids of the tasks made, by prompt.
        ready: tasks stay in progress until this is set.
        answering: submissions are answered only after this is set.
        refusing: whether submissions are refused.
    """

    def __init__(self) -> None:
        self.made: dict[str, list[str]] = defaultdict(list)
        self.refusing = False
        self.ready, self.answering = threading.Event(), threading.Event()
        self.ready.set()
        self.answering.set()
        self.server = FaultServer(self._answer)

    @property
    def posts(self) -> Counter[str]:
        """Return the number of tasks made, by the first word of the prompt."""
        return Counter(prompt.split()[0] for prompt, ids in self.made.items() for _ in ids)

    async def _answer(self, asked: Asked) -> Answer:
        match asked.method, asked.path.split("/")[1:]:
            case "POST", ["v1", "files", "uploads"]:
                return Answer(body={"url": "https://files.example/first.png"})
            case "POST", ["v1", "video", "generations"]:
                task = f"task-{self.posts.total() + 1}"
                self.made[str(asked.json()["prompt"])].append(task)
                await asyncio.to_thread(self.answering.wait, LONG)
                if self.refusing:
                    return Answer(400, {"error": {"message": "the prompt is refused", "code": "invalid_request"}})
                return Answer(body={"task_id": task, "status": "queued"})
            case "GET", ["v1", "video", "generations", task]:
                done = {"status": "SUCCESS", "url": f"{self.server.url}/clip/{task}"}
                row = done if self.ready.is_set() else {"status": "processing"}
                return Answer(body={"code": "success", "data": {"task_id": task, **row}})
            case "GET", ["clip", task]:
                return Answer(body=MP4 + task.encode())
        return Answer(404, {"error": {"message": "not here"}})


@pytest.fixture
def service() -> Iterator[Service]:
    """Run the service."""
    made = Service()
    with made.server:
        yield made
        made.answering.set()


@pytest.fixture
def env(service: Service, isolated: Path) -> dict[str, str]:
    """Return the environment of a user with a key."""
    return {
        "CRAZYROUTER_API_KEY": "sk-once-0123456789abcdef",
        "CRAZYROUTER_BASE_URL": service.server.url,
        "KLING_WIDGETS_HOME": str(isolated),
        "KLING_WIDGETS_RPS": "1000",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the notebook's folder, which contains a picture."""
    from PIL import Image

    Image.new("RGB", (320, 320), "teal").save(tmp_path / "first.png")
    return tmp_path


def both(kernels: list[Kernel], code: str) -> list[Cell]:
    """Run the cell in all kernels at once, to its end."""
    cells = [kernel.send(code) for kernel in kernels]
    with ThreadPoolExecutor() as pool:
        waits = [
            pool.submit(kernel.until, lambda cell=cell: cell.done, LONG)
            for kernel, cell in zip(kernels, cells, strict=True)
        ]
        for wait in waits:
            wait.result()
    return cells


def ends(cell: Cell) -> list[list[str | None]]:
    """Return the outcome of each submission of a cell: the task, the file, and the note or error."""
    (said,) = cell.bundles("application/json") or [[]]
    assert cell.status == "ok", cell.text
    found: list[list[str | None]] = said
    return found


def test_two_kernels_at_the_same_moment_pay_once(
    service: Service, env: dict[str, str], folder: Path, record_property: Callable[[str, object], None]
) -> None:
    """Two kernels run the same cell at the same moment, with and without a confirmation: one submission, a line, a
    batch, a loop, with a picture. Each video is one task and one file, both kernels show it, and the second one is
    told."""
    names = list(KERNELS)
    told, wanted, found = Counter[str](), Counter[str](), 0
    with ExitStack() as stack:
        kernels = [
            stack.enter_context(Kernel(names[number % len(names)], folder=folder, env=env, answer="y"))
            for number in range(2)
        ]
        both(kernels, f"{LOAD}\n%config Kling.confirm_above = '0 videos'")
        for number in range(ROUNDS):
            form, count = FORMS[number // 2 % len(FORMS)]
            yes = number % 2 == 0
            name = f"w{number:03}"
            body = form.format(name, yes, "--yes" if yes else "", folder / "first.png")
            started = both(kernels, "print(round(time.time() + 0.4, 2))")
            begin = max(float(cell.text) for cell in started)
            wanted[name] = count
            seen = [ends(cell) for cell in both(kernels, f"while time.time() < {begin}: pass\n{body}{END}")]
            assert [[end[:2] for end in each] for each in seen] == [[end[:2] for end in seen[0]]] * 2, seen
            assert all(task and file for each in seen for task, file, _ in each), seen
            found += sum(len(each) for each in seen)
            told.update(
                "told" for each in seen for _, _, note in each if "kernel" in str(note) or "already" in str(note)
            )
    entries = Journal(Path(env["KLING_WIDGETS_HOME"]) / "journal.sqlite").entries()
    doubled, lost = service.posts - wanted, wanted - service.posts
    record_property(
        FIGURES, f"{ROUNDS} rounds of two kernels: {doubled.total()} doubled, {lost.total()} lost, {dict(told)}"
    )
    assert (doubled, lost) == (Counter(), Counter())
    assert told["told"] == found // 2 == wanted.total()
    assert Counter(entry.state for entry in entries) == {"saved": wanted.total()}
    assert len(list((folder / "kling_videos").glob("*.mp4"))) == wanted.total()


THREADS = """
import threading
together, made = threading.Barrier(8), []
def ask(number):
    together.wait(60)
    made.append(kw.submit('2.6', prompt='w a ' + ('kite' if number % 4 else 'boat'), yes=True, wait=False))
threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
display({'application/json': sorted([job._runner.key for job in made])}, raw=True)
"""
GATHER = """
import asyncio
async def ask(number):
    await asyncio.sleep(0)
    return await asyncio.to_thread(
        kw.submit, '2.6', prompt='w a ' + ('kite' if number % 4 else 'boat'), yes=True, wait=False
    )
made = await asyncio.gather(*map(ask, range(8)))
display({'application/json': sorted([job._runner.key for job in made])}, raw=True)
"""


@pytest.mark.parametrize("code", [THREADS, GATHER], ids=["threads", "gather"])
def test_many_at_once_in_one_cell_make_as_many_as_it_asks_for(
    code: str, kernel_name: str, service: Service, env: dict[str, str], folder: Path
) -> None:
    """Two boats and six kites, requested at once in threads or tasks, are eight videos. The same cell run again
    meanwhile finds each of them, once."""
    service.ready.clear()
    with Kernel(kernel_name, folder=folder, env=env) as kernel:
        _, first, again = kernel.run(LOAD, code, code)
        service.ready.set()
        (ended,) = kernel.run(END)
    assert {prompt: len(ids) for prompt, ids in service.made.items()} == {"w a boat": 2, "w a kite": 6}
    assert first.bundles("application/json") == again.bundles("application/json") == [list(range(1, 9))]
    assert len({file for _, file, _ in ends(ended) if file}) == 8


FORKS = """
import multiprocessing, os, sys
import kling_widgets as kw
together = multiprocessing.get_context("fork").Barrier(4)
children = []
for _ in range(3):
    if not (child := os.fork()):
        break
    children.append(child)
together.wait(60)
job = kw.submit("2.6", prompt="w a boat", reuse=True, yes=True)
print(job.id, job.path.name, flush=True)
if not child:
    os._exit(0)
for child in children:
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forks_and_programs_that_reuse_make_one(service: Service, env: dict[str, str], folder: Path) -> None:
    """Two programs that fork, eight processes in all, ask for the same with ``reuse`` at one moment: one makes the
    video, all return it, and there is one file."""
    command = [sys.executable, "-c", FORKS]
    programs = [
        subprocess.Popen(command, cwd=folder, env=os.environ | env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [program.communicate(timeout=LONG) for program in programs]
    lines = [line for out, _ in said for line in out.decode().splitlines() if line.startswith("task-")]
    assert len(lines) == 8, said
    assert len(set(lines)) == 1
    assert service.posts == {"w": 1}
    assert len(list((folder / "kling_videos").iterdir())) == 1


BUTTONS = """
import ipywidgets as widgets
out, jobs, errors = widgets.Output(), [], []
def make(where):
    def clicked(_):
        try:
            if where is None:
                jobs.append(kw.submit('2.6', prompt='w a boat', yes=True))
            else:
                with where:
                    jobs.append(kw.submit('2.6', prompt='w a boat', yes=True))
        except Exception as error:
            errors.append(error)
    button = widgets.Button()
    button.on_click(clicked)
    return button
bare, placed = make(None), make(out)
display({'application/json': [bare.model_id, placed.model_id]}, raw=True)
"""
VIEW = "application/vnd.jupyter.widget-view+json"


def test_a_click_on_a_button_of_ones_own_pays_once_and_is_seen(
    kernel_name: str, service: Service, env: dict[str, str], folder: Path
) -> None:
    """Two clicks while the video is being made give one video, whatever cell ran last. If an ``Output`` is open it has
    the view; otherwise a log line says how to show it, and that works. After the video is done, a click makes another
    one."""
    service.ready.clear()
    with Kernel(kernel_name, folder=folder, env=env) as kernel:
        _, made = kernel.run(LOAD, BUTTONS)
        ((bare, placed),) = made.bundles("application/json")

        def click(button: str) -> Cell:
            cell = kernel.click(button)
            kernel.until(lambda: cell.idle, LONG)
            return cell

        first = click(bare)
        kernel.run("1 + 1")
        second, seen = click(bare), click(placed)
        assert service.posts == {"w": 1}
        for cell in (first, second):
            assert "under way as task-1. To see it, run in a cell: %kling_show task-1" in cell.text
            assert not cell.bundles(VIEW)
        assert len(seen.bundles(VIEW)) == 1
        told, shown, same, cell = kernel.run(
            "%kling_tasks",
            "%kling_show task-1",
            "len({id(job) for job in jobs}), len(jobs), errors",
            "job = kw.submit('2.6', prompt='w a boat', yes=True)",
        )
        assert "task-1" in told.text and "To see one in a cell: %kling_show" in told.text
        assert len(shown.bundles(VIEW)) == 1
        assert same.text.strip() == "(1, 3, [])"
        assert cell.status == "ok" and service.posts == {"w": 2}  # a different cell makes its own
        click(bare)
        assert service.posts == {"w": 2}
        service.ready.set()
        kernel.run("job.wait(); jobs[0].wait()")
        click(bare)
        assert service.posts == {"w": 3}


BOAT = "kw.submit('2.6', prompt='w a boat', yes=True, wait=False)"


def test_with_new_two_kernels_make_two(service: Service, env: dict[str, str], folder: Path) -> None:
    """With --new each kernel makes one video, even at the same time; the next run shows the newest."""
    service.ready.clear()
    code = "job = kw.submit('2.6', prompt='w a boat', yes=True, wait=False, new=new)\njob.id"
    with Kernel(folder=folder, env=env) as one, Kernel(folder=folder, env=env) as two:
        both([one, two], LOAD)
        first, second = (kernel.run("new = True", code)[1] for kernel in (one, two))
        (_, again) = one.run("new = False", code)
    assert service.posts == {"w": 2}
    ids = [cell.text.split()[-1] for cell in (first, second, again)]
    assert ids == ["'task-1'", "'task-2'", "'task-2'"]


def test_who_comes_second_sees_the_refusal_too(service: Service, env: dict[str, str], folder: Path) -> None:
    """If the submission is refused, the second caller gets the same refusal; it is not sent a second time. Run again,
    the cell sends it once more."""
    code = f"job = {BOAT}"
    with Kernel(folder=folder, env=env) as one, Kernel(folder=folder, env=env) as two:
        both([one, two], LOAD)
        service.refusing = True
        service.answering.clear()
        first = one.send(code)
        service.server.wait_for(1)
        second = two.send(code)
        two.until(lambda: "Another kernel is submitting the same" in str(two.widgets), LONG)
        service.answering.set()
        one.until(lambda: first.done, LONG)
        two.until(lambda: second.done, LONG)
        assert (first.status, second.status) == ("error", "error")
        assert "the prompt is refused" in second.text
        assert service.posts == {"w": 1}
        service.refusing = False
        (again,) = two.run(f"{code}; job.wait().path.name")
        assert ".mp4" in again.text
    assert service.posts == {"w": 2}


BUDGET = """
import os, sys
import kling_widgets as kw
children = []
for number in range(3):
    if not (child := os.fork()):
        break
    children.append(child)
else:
    number = 3
try:
    said = f"made {kw.submit('2.6', prompt=f'w{os.getpid()} a boat').id}"
except kw.KlingError as error:
    said = f"no: {error}"
os.write(1, f"{said}\\n".encode())  # in one piece, as all write to one pipe
if not child:
    os._exit(0)
for child in children:
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_the_budget_of_the_environment_holds_over_processes(
    service: Service, env: dict[str, str], folder: Path
) -> None:
    """Eight processes of two programs that fork ask at once for one video each, and three are allowed: three are made,
    the others get an error with the total; so does the next program, an hour later."""
    env |= {"KLING_WIDGETS_BUDGET": "3 videos"}

    def program() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", BUDGET]
        return subprocess.Popen(
            command, cwd=folder, env=os.environ | env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    said = [each.communicate(timeout=LONG) for each in (program(), program())]
    said.append(program().communicate(timeout=LONG))
    lines = [line for out, _ in said for line in out.decode().splitlines()]
    assert len([line for line in lines if line.startswith("made")]) == service.posts.total() == 3, said
    refused = [line for line in lines if line.startswith("no:")]
    assert len(refused) == 9, said
    assert all("budget of 3 videos would be exceeded. It is set by KLING_WIDGETS_BUDGET" in line for line in refused)
    assert all(
        "counted in the last 24 hours by all kernels, forks and clients together: 3 videos" in line
        for line in refused[-4:]
    )


def recorded(home: str) -> int:
    """Return the number of submissions from cells in a journal."""
    path = Path(home) / "journal.sqlite"
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path, timeout=LONG)) as file:
        ((count,),) = file.execute("SELECT count(*) FROM wishes")
    return int(count)


def notebook(path: Path, *codes: str) -> Path:
    """Write a notebook file without cell ids, as an older front end does."""
    import nbformat

    cells = [nbformat.v4.new_code_cell(code) for code in codes]
    made = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "3"}})
    nbformat.write(made, path)
    return path


def test_headless_notebooks_with_the_same_line(service: Service, env: dict[str, str], folder: Path) -> None:
    """Two notebooks in one folder with the same line, run headless at the same moment, make one video each. One
    notebook that is run twice at the same moment makes one video."""
    service.ready.clear()
    line = "job = kw.submit('2.6', prompt='w a boat', yes=True)"
    one, two = (notebook(folder / name, LOAD, line) for name in ("one.ipynb", "two.ipynb"))
    command = [sys.executable, "-m", "jupyter", "execute"]
    programs = [
        subprocess.Popen([*command, path.name], cwd=folder, env=os.environ | env, stderr=subprocess.PIPE)
        for path in (one, two, one)
    ]
    try:
        until(lambda: service.posts.total() >= 2 and recorded(env["KLING_WIDGETS_HOME"]) == 3)
    finally:
        service.ready.set()
        said = [program.communicate(timeout=LONG)[1].decode() for program in programs]
    assert [program.returncode for program in programs] == [0, 0, 0], said
    assert service.posts == {"w": 2}
    entries = Journal(Path(env["KLING_WIDGETS_HOME"]) / "journal.sqlite").entries()
    assert [entry.state for entry in entries] == ["saved"] * 2
