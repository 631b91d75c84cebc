"""Identity of the running cell: its id if the front end sends one, else its code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kling_widgets.notebook.kernel.cell import Cell, current, run_id
from tests.notebook.conftest import run

LAB = {"JPY_SESSION_NAME": "/home/anna/boats.ipynb"}


def shell(parent: dict[str, Any], **names: object) -> Any:
    """A notebook's shell in which a message is being answered."""
    return SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda: parent), user_ns=names, execution_count=3)


def asked(
    run: str = "1", code: str = "%kling a boat", kind: str = "execute_request", **metadata: str
) -> dict[str, Any]:
    return {"header": {"msg_id": run, "msg_type": kind}, "metadata": metadata, "content": {"code": code}}


def name(parent: dict[str, Any], environ: dict[str, str] = LAB, **names: object) -> str:
    found = current(shell(parent, **names), environ)
    assert found
    return found.name


def test_a_cell_keeps_its_name_and_each_run_is_another() -> None:
    """By the front end's id, whatever its code is now."""
    first = current(shell(asked("1", cellId="a")), LAB)
    again = current(shell(asked("2", "%kling a kite", cellId="a")), LAB)
    assert first and again
    assert first.name == again.name
    assert (first.run, again.run) == ("1", "2")


def test_two_cells_that_say_the_same_are_two() -> None:
    """If the front end sends ids, or they are in two notebooks."""
    assert name(asked(cellId="a")) != name(asked(cellId="b"))
    assert name(asked(cellId="a")) != name(asked(cellId="a"), {"JPY_SESSION_NAME": "/home/anna/copy.ipynb"})
    assert name(asked(cellId="a"), {}) != name(asked(cellId="a"), {}, __vsc_ipynb_file__="/boats.ipynb")


def test_without_a_name_it_is_known_by_its_text() -> None:
    """As in VS Code, or headless."""
    assert name(asked("1")) == name(asked("2"))
    assert name(asked(code="%kling a kite")) != name(asked())


@pytest.mark.parametrize(
    ("code", "with_yes"),
    [
        ("%kling --count 9 a boat", "%kling --count 9 --yes a boat"),
        ("kw.submit(boats)", "kw.submit(boats, yes=True)"),
        ("kw.submit(boats, wait=True)", "kw.submit(boats, yes = True, wait=True)"),
        ("%kling a boat", "%kling --wait a boat"),
        ("%kling a boat", "%kling a boat --reuse --no-wait"),
        ("kw.submit(boat)", "kw.submit(boat, new=False, wait=None)"),
    ],
)
def test_with_a_yes_it_is_the_same_cell(code: str, with_yes: str) -> None:
    """An error that asks for one leads back to what the cell has submitted before; and so does a word that says how to
    wait. A cell of before is known by all that stood in it."""
    assert name(asked(code=code)) == name(asked(code=with_yes))
    assert name(asked(code=code)) != name(asked(code=code.replace("boat", "ship")))


@pytest.mark.parametrize(
    "parent",
    [{}, {"header": {}}, asked(run=""), asked(code=""), {"header": {"msg_id": "1"}}],
    ids=str,
)
def test_what_is_no_cell(parent: dict[str, Any]) -> None:
    """A message of which nothing is known."""
    assert current(shell(parent), LAB) is None


def test_a_click_is_no_cell() -> None:
    """All clicks of a kernel have one name, of no cell and no other kernel, and each is a run."""
    one, two = (current(shell(asked(run, kind="comm_msg")), LAB) for run in ("1", "2"))
    cell = current(shell(asked("1")), LAB)
    assert one and two and cell
    assert one.click and two.click and not cell.click
    assert one.name == two.name != cell.name
    assert (one.run, two.run) == ("1", "2")


def test_a_script_has_no_cell() -> None:
    """There it is None."""
    assert current(None, LAB) is None
    assert run_id(None) is None


def test_a_line_of_a_terminal(shell: Any) -> None:
    """Its text is its name, its number the run; the numbers of another terminal are other runs."""
    found: list[Cell | None] = []
    shell.push({"look": lambda: found.append(current(shell, {}))})
    for line in ("look()", "look()", "look() "):
        shell.run_cell(line, store_history=True)
    first, again, other = found
    assert first and again and other
    assert first.name == again.name
    assert first.run != again.run
    assert run(shell, "1") == 1


def test_a_line_of_another_project_is_another(shell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two terminals in two folders do not match each other's requests; a removed folder counts as one too."""
    found: list[Cell | None] = []
    shell.push({"look": lambda: found.append(current(shell, {}))})
    for folder in ("one", "two", "one"):
        (tmp_path / folder).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / folder)
        shell.run_cell("look()", store_history=True)
    one, two, again = (cell.name for cell in found if cell)
    assert one == again != two
    if os.name == "posix":
        (tmp_path / "one").rmdir()
        shell.run_cell("look()", store_history=True)
        assert found[-1] is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_two_terminals_have_no_run_in_common() -> None:
    """Though the shell lies at the same address in both and the line has the same number, as after a fork."""
    code = (
        "import os; from types import SimpleNamespace as S; from kling_widgets.notebook.kernel.cell import current\n"
        "shell = S(user_ns={'In': ['x']}, execution_count=1)\n"
        "child = os.fork()\n"
        "if child: os.waitpid(child, 0)\n"
        "print(current(shell, {}).run, flush=True)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert len(set(said)) == len(said) == 2


def test_here_tells_runs_apart() -> None:
    """By the message, else by the number of the line."""
    assert run_id(shell(asked("1"))) == "1"
    assert run_id(SimpleNamespace(execution_count=7)) == 7


# Where nobody tells the notebook's path


def test_by_papermill_it_is_the_notebook_that_goes_in(tmp_path: Path) -> None:
    """The same notebook into another output is the same; two notebooks with the same line are two."""
    paths = [{"PAPERMILL_INPUT_PATH": path, "PAPERMILL_OUTPUT_PATH": f"out/{n}"} for n, path in enumerate("aab")]
    one, again, other = (name(asked(), {}, **each) for each in paths)
    assert one == again != other
    assert name(asked(), {}, PAPERMILL_OUTPUT_PATH="out/1") != name(asked(), {}, PAPERMILL_OUTPUT_PATH="out/2")


def test_else_it_is_known_by_the_folder_in_which_the_kernel_began() -> None:
    """Wherever the notebook has gone since; what versions before called it is known too."""
    here, there = (SimpleNamespace(**vars(shell(asked())), starting_dir=folder) for folder in ("/here", "/there"))
    one, other = current(here, {}), current(there, {})
    assert one and other
    assert one.name != other.name
    assert one.former_name == other.former_name != one.name


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_else_by_the_notebook_that_a_program_was_called_with(tmp_path: Path) -> None:
    """As in ``jupyter execute boats.ipynb``, from the kernel's parent; in a fork of the kernel too. Of papermill's two
    notebooks the input counts."""
    kernel = tmp_path / "kernel.py"
    kernel.write_text(
        "import os; from types import SimpleNamespace as S; from kling_widgets.notebook.kernel.cell import current\n"
        "parent = {'header': {'msg_id': '1'}, 'content': {'code': 'x'}}\n"
        "shell = S(kernel=S(get_parent=lambda: parent), user_ns={}, starting_dir='/here')\n"
        "child = os.fork()\n"
        "if child: os.waitpid(child, 0)\n"
        "print(current(shell, os.environ).name, flush=True)"
    )
    runs = "import os, subprocess, sys; os.environ['JPY_PARENT_PID'] = str(os.getpid())\n"
    for program in ("jupyter-execute", "papermill"):
        (tmp_path / program).write_text(f"{runs}subprocess.run([sys.executable, {str(kernel)!r}], check=True)")

    def names_of(program: str, *words: str) -> set[str]:
        command = [sys.executable, str(tmp_path / program), *words]
        return set(subprocess.run(command, capture_output=True, check=True, text=True, cwd=tmp_path).stdout.split())

    (boats,), (kites,) = names_of("jupyter-execute", "boats.ipynb"), names_of("jupyter-execute", "kites.ipynb")
    assert boats != kites
    assert names_of("jupyter-execute", "--timeout=9", str(tmp_path / "boats.ipynb")) == {boats}
    assert names_of("papermill", "boats.ipynb", "out.ipynb", "-p", "a", "1") == {boats}
