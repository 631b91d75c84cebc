"""Where we are shown: which front end, beside which notebook, with a person before it or not."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kling_widgets.core.printing import writable
from kling_widgets.errors import KlingError


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """What one kind of front end can show and do.

    Attributes:
        name: as ``%kling_doctor`` says it.
        widgets: whether live widgets can be shown.
        rich: whether rich output can be shown, live or not.
        waits: whether a cell waits for its video: where a thread that is still at work at the end loses the result, or
            where what it changes does not show.
        background: whether changes of a widget show that another thread than the cell's made.
        updates: whether an output that was displayed can be replaced.
        plays: where a video may come from, the best first; "file" is beside the notebook, "embed" inside it.
        aac: whether its player has AAC, the sound of our videos.
        asks: whether somebody who sits before it can be asked.
        detached: whether the output may be read in another folder than that of the run.
    """

    name: str
    widgets: bool = True
    rich: bool = True
    waits: bool = False
    background: bool = True
    updates: bool = True
    plays: tuple[str, ...] = ("file", "embed", "link")
    aac: bool = True
    asks: bool = True
    detached: bool = False


# A new front end is one row here, and a way to know it in ``find``.
FRONT_ENDS = {
    row.name: row
    for row in (
        FrontEnd("jupyter"),  # JupyterLab, Notebook, and what is like them
        FrontEnd("vscode", plays=("link", "embed"), aac=False),  # it plays H.264
        # Changes from threads do not show: googlecolab/colabtools#3373.
        FrontEnd("colab", waits=True, background=False, plays=("link", "embed")),
        FrontEnd("voila", updates=False, asks=False),
        FrontEnd("terminal", widgets=False, rich=False, waits=True),
        # A kernel that nobody looks at: nbclient, papermill, nbconvert.
        FrontEnd("headless", widgets=False, waits=True, asks=False, detached=True),
        FrontEnd("script", widgets=False, rich=False, waits=True, asks=False),  # Python without IPython
    )
}


@dataclass(frozen=True, slots=True)
class Location:
    """Where videos are shown and saved.

    Attributes:
        front_end: what shows them.
        folder: the folder of the notebook that is written, or the current one.
        known: whether a headless run has told that folder; else its output may be read elsewhere.
        settings: where a ``.env`` is looked for, if not there: papermill reads a notebook in one folder and writes
            another one into another.
    """

    front_end: FrontEnd
    folder: Path
    known: bool = False
    settings: Path | None = None

    @property
    def astray(self) -> bool:
        """Whether the output may be read in another folder than this one, where relative links lead nowhere."""
        return self.front_end.detached and not self.known


def find(
    shell: Any = None,
    environ: Mapping[str, str] = os.environ,
    modules: Collection[str] = frozenset(),
    cwd: Path | None = None,
) -> Location:
    """Return where this process shows its videos.

    Args:
        shell: the IPython shell, or None in a script.
        environ, modules, cwd: as the process has them, for tests.

    Raises:
        KlingError: there is no current folder.
    """
    try:
        cwd = cwd or Path.cwd()
    except OSError:
        raise KlingError(
            "The current folder has been removed: go to another one with os.chdir. Nothing was sent."
        ) from None
    kernel = getattr(shell, "kernel", None)
    if shell is None:
        return Location(FRONT_ENDS["script"], cwd)
    if kernel is None:
        return Location(FRONT_ENDS["terminal"], cwd)
    namespace = getattr(shell, "user_ns", {})
    in_vscode = namespace.get("__vsc_ipynb_file__")
    notebook = _folder(in_vscode or environ.get("JPY_SESSION_NAME"), cwd)

    def shown_by(name: str) -> Location:
        return Location(FRONT_ENDS[name], notebook or cwd)

    if environ.get("SERVER_SOFTWARE", "").startswith("voila/"):
        return shown_by("voila")
    if "google.colab" in (modules or sys.modules):
        return shown_by("colab")
    if getattr(kernel, "_allow_stdin", True):
        return shown_by("vscode" if in_vscode or "VSCODE_PID" in environ else "jupyter")
    # Who runs a notebook by program lets nobody be asked. What papermill says comes before what the environment says:
    # that may be of a notebook in which papermill was called.
    read, written = (_folder(namespace.get(f"PAPERMILL_{each}_PATH"), cwd) for each in ("INPUT", "OUTPUT"))
    settings = next((each for each in (read, written) if each and (each / ".env").is_file()), None)
    folder = written or notebook or cwd
    return Location(FRONT_ENDS["headless"], folder, written is not None, settings or (cwd if written else None))


def _folder(notebook: object, cwd: Path) -> Path | None:
    """The folder of a notebook; None where it is not told, not on this machine, or relative to an unknown folder:
    papermill has its own current one, and the kernel may have another."""
    try:
        path = Path(str(notebook or ""))
        if path.is_absolute():
            return path.parent if path.parent.is_dir() else None
        return (cwd / path).parent if path.suffix and (cwd / path).is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None


def attended(location: Location, shell: Any) -> bool:
    """Whether somebody sits before the notebook or the terminal who can answer."""
    kernel = getattr(shell, "kernel", None)
    header = kernel.get_parent().get("header", {}) if kernel is not None else {}
    # While a click is worked on the page takes no answer, and the kernel would wait for ever.
    clicked = header.get("msg_type", "execute_request") != "execute_request"
    try:
        typed = location.front_end.rich or (sys.stdin is not None and sys.stdin.isatty())
    except ValueError:  # it is closed
        typed = False
    return typed and not clicked and location.front_end.asks


def ask(question: str, location: Location, shell: Any) -> str:
    """The answer of whoever sits before the notebook or the terminal.

    Raises:
        EOFError, OSError, RuntimeError: nobody can be asked.
    """
    if not attended(location, shell):
        raise EOFError(location.front_end.name)
    try:
        return input(writable(question))
    except ValueError as closed:  # one of the standard streams
        raise EOFError(str(closed)) from None
