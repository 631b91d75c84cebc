"""Detection of the front end and the folder, from the shell, the environment and the loaded modules."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kling_widgets.notebook.kernel.front_end import FRONT_ENDS, Location, find

LOADED = ("os",)  # modules of a process that is not Colab's


def shell(*, stdin: bool = True, **variables: object) -> Any:
    """A shell in a kernel, with variables in its namespace."""
    return SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=stdin), user_ns=variables)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A notebook in a folder that is not the current one."""
    folder = tmp_path / "lectures"
    folder.mkdir()
    return folder / "one.ipynb"


def test_without_ipython_it_is_a_script(tmp_path: Path) -> None:
    """Plain Python has no shell; its folder is the current one."""
    assert find(None, {}, LOADED, tmp_path) == Location(FRONT_ENDS["script"], tmp_path)


def test_a_shell_without_a_kernel_is_a_terminal(tmp_path: Path) -> None:
    """IPython in a terminal, also when it was started from a notebook's terminal with its variables."""
    terminal = SimpleNamespace(user_ns={})
    assert find(terminal, {"JPY_SESSION_NAME": "/x/y.ipynb"}, LOADED, tmp_path) == Location(
        FRONT_ENDS["terminal"], tmp_path
    )


def test_lab_tells_its_notebook_by_its_session(book: Path) -> None:
    """JupyterLab and Notebook give the notebook's path to the kernel: the folder is beside it."""
    here = Location(FRONT_ENDS["jupyter"], book.parent, sources=book.parent)
    assert find(shell(), {"JPY_SESSION_NAME": str(book)}, LOADED) == here


@pytest.mark.parametrize("name", ["", "5f2a-a-session-without-a-path", "gone/one.ipynb", "/gone/one.ipynb"])
def test_a_session_that_names_no_folder_leaves_the_current_one(name: str, tmp_path: Path) -> None:
    """Some servers name a session otherwise; then the current folder is taken."""
    assert find(shell(), {"JPY_SESSION_NAME": name}, LOADED, tmp_path) == Location(FRONT_ENDS["jupyter"], tmp_path)


def test_vscode_tells_its_notebook_by_a_variable(book: Path) -> None:
    """VS Code puts the notebook's path into the namespace."""
    here = Location(FRONT_ENDS["vscode"], book.parent, sources=book.parent)
    assert find(shell(__vsc_ipynb_file__=str(book)), {}, LOADED) == here


def test_vscode_is_known_without_a_notebook(tmp_path: Path) -> None:
    """An interactive window of VS Code has no notebook file."""
    assert find(shell(), {"VSCODE_PID": "7"}, LOADED, tmp_path) == Location(FRONT_ENDS["vscode"], tmp_path)


def test_colab_is_known_by_its_module(tmp_path: Path) -> None:
    """Colab's kernels have google.colab loaded."""
    assert find(shell(), {}, ("os", "google.colab"), tmp_path).front_end.name == "colab"


def test_voila_is_known_though_nobody_can_be_asked_there(tmp_path: Path) -> None:
    """Voilà runs the notebook by program, and yet people look at it."""
    environ = {"SERVER_SOFTWARE": "voila/0.5.13"}
    assert find(shell(stdin=False), environ, LOADED, tmp_path).front_end.name == "voila"


def test_a_kernel_that_may_not_ask_is_headless(book: Path) -> None:
    """nbclient, papermill and nbconvert allow no input."""
    assert find(shell(stdin=False), {"JPY_SESSION_NAME": str(book)}, LOADED) == Location(
        FRONT_ENDS["headless"], book.parent
    )


def papermill(**paths: object) -> Any:
    """A headless shell into which papermill has put its paths."""
    return shell(stdin=False, **{f"PAPERMILL_{name}_PATH": path for name, path in paths.items()})


def test_papermill_tells_where_its_output_goes(book: Path, tmp_path: Path) -> None:
    """As an absolute path, or one from the folder in which it was called; before what the environment of the notebook
    says that called it."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "two.ipynb").write_text("{}")
    for path in ("out/two.ipynb", str(tmp_path / "out" / "two.ipynb")):
        location = find(papermill(OUTPUT=path), {"JPY_SESSION_NAME": str(book)}, LOADED, tmp_path)
        assert (location.folder, location.folder_known, location.may_move) == (tmp_path / "out", True, False)


@pytest.mark.parametrize(
    "path",
    [None, "", "-", 7, "s3://bucket/two.ipynb", "gone/two.ipynb", "/gone/two.ipynb", "\0", "x" * 9000 + ".ipynb"],
)
def test_a_path_of_papermill_that_says_nothing(path: object, tmp_path: Path) -> None:
    """A pipe, a bucket, a folder of another current folder, nonsense: the current folder, and it is not known."""
    assert find(papermill(OUTPUT=path, INPUT=path), {}, LOADED, tmp_path) == Location(FRONT_ENDS["headless"], tmp_path)
    assert Location(FRONT_ENDS["headless"], tmp_path).may_move


def test_who_opens_a_notebook_of_papermill_is_where_it_is_now(book: Path, tmp_path: Path) -> None:
    """Its variables are those of the run of before."""
    opened = shell(PAPERMILL_OUTPUT_PATH=str(tmp_path / "two.ipynb"))
    here = Location(FRONT_ENDS["jupyter"], book.parent, sources=book.parent)
    assert find(opened, {"JPY_SESSION_NAME": str(book)}, LOADED, tmp_path) == here


def test_relative_paths_start_beside_the_notebook_that_papermill_reads(book: Path, tmp_path: Path) -> None:
    """Not beside the one that it writes or the one that called it; in the current folder if it is not known."""
    out, caller = tmp_path / "two.ipynb", {"JPY_SESSION_NAME": str(tmp_path / "caller.ipynb")}
    for path in (out, book):
        path.write_text("{}")
    assert find(papermill(INPUT=str(book), OUTPUT=str(out)), caller, LOADED, tmp_path).sources == book.parent
    assert find(papermill(OUTPUT=str(out)), caller, LOADED, tmp_path).sources is None
    assert find(shell(stdin=False), caller, LOADED, tmp_path).sources is None


def test_settings_lie_beside_the_notebook_that_is_read(book: Path, tmp_path: Path) -> None:
    """Then beside the one that is written, then in the current folder; the first of them that has a .env."""
    out, book_ = tmp_path / "out" / "two.ipynb", str(book)
    out.parent.mkdir()
    for path in (out, book):
        path.write_text("{}")
    found = []
    for folder in (tmp_path, out.parent, book.parent):
        (folder / ".env").write_text("")
        location = find(papermill(INPUT=book_, OUTPUT=str(out)), {}, LOADED, tmp_path)
        found.append(location.env_folder or location.folder)
    assert found == [tmp_path, out.parent, book.parent]


@pytest.mark.parametrize(
    ("front_end", "widgets", "rich", "waits"),
    [
        ("jupyter", True, True, False),
        ("vscode", True, True, False),
        ("voila", True, True, False),
        ("colab", True, True, True),
        ("headless", False, True, True),
        ("terminal", False, False, True),
        ("script", False, False, True),
    ],
)
def test_what_each_place_can_do(front_end: Any, widgets: bool, rich: bool, waits: bool) -> None:
    """Live widgets, rich output, and whether a cell has to wait for its video."""
    location = Location(FRONT_ENDS[front_end], Path())
    assert (location.front_end.widgets, location.front_end.rich, location.front_end.waits) == (widgets, rich, waits)


def test_this_process_is_found_without_arguments() -> None:
    """The defaults are those of the process: here no shell, and the test's own folder."""
    assert find() == Location(FRONT_ENDS["script"], Path.cwd())
