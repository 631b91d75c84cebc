"""The front end: what it can show, the folder of its notebook, and whether a user can be asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kling_widgets.core.printing import writable
from kling_widgets.errors import KlingError


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Capabilities of one kind of front end.

    Attributes:
        name: as ``%kling_doctor`` shows it.
        widgets: whether live widgets can be shown.
        rich: whether rich output can be shown, live or not.
        waits: whether a cell waits for its video by default, because the process ends with its last cell, or because
            changes from background threads do not show.
        background: whether widget changes made outside the cell's own thread show.
        updates: whether displayed output can be replaced later.
        plays: sources from which a video can play, best first: "file" beside the notebook, "embed" inside it, "link".
        aac: whether its player supports AAC, the audio codec of the videos.
        asks: whether the user can be asked a question.
        detached: whether the output may be read in another folder than the one it was made in.
        stand_in: where to put the lines that stand in for a live widget: below it, in an output of their own, or into
            its output, as HTML and text or as text only.
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
    stand_in: Literal["below", "html", "text"] = "below"


# A new front end is one row here, and its detection in ``find``.
FRONT_ENDS = {
    row.name: row
    for row in (
        FrontEnd("jupyter"),  # JupyterLab, Notebook, and compatible ones
        # It plays H.264. It shows the HTML of an output whose widget it cannot show: microsoft/vscode-jupyter#17518.
        FrontEnd("vscode", plays=("link", "embed"), aac=False, stand_in="html"),
        # Changes made in threads do not show: googlecolab/colabtools#3373.
        FrontEnd("colab", waits=True, background=False, plays=("link", "embed"), stand_in="text"),
        FrontEnd("voila", updates=False, asks=False, stand_in="text"),
        FrontEnd("terminal", widgets=False, rich=False, waits=True),
        # A notebook that a program runs: nbclient, papermill, nbconvert.
        FrontEnd("headless", widgets=False, waits=True, asks=False, detached=True),
        FrontEnd("script", widgets=False, rich=False, waits=True, asks=False),  # Python without IPython
    )
}


@dataclass(frozen=True, slots=True)
class Location:
    """The front end and folder in which videos are shown and saved.

    Attributes:
        front_end: shows the videos.
        folder: the folder of the output notebook, or the current folder.
        folder_known: whether a headless run has reported that folder; otherwise its output may be read elsewhere.
        env_folder: where to look for a ``.env`` file, if not in ``folder``: papermill reads a notebook in one folder
            and writes its output to another.
        sources: the folder of the notebook that is run, if it is known: relative paths in its cells start there.
    """

    front_end: FrontEnd
    folder: Path
    folder_known: bool = False
    env_folder: Path | None = None
    sources: Path | None = None

    @property
    def may_move(self) -> bool:
        """Return whether the output may be read in another folder, where relative links would be broken."""
        return self.front_end.detached and not self.folder_known


def find(
    shell: Any = None,
    environ: Mapping[str, str] = os.environ,
    modules: Collection[str] = frozenset(),
    cwd: Path | None = None,
) -> Location:
    """Return the front end and the folder of this process.

    Args:
        shell: the IPython shell, or None in a script.
        environ, modules, cwd: those of the process; tests pass their own.

    Raises:
        KlingError: The current folder does not exist any more.
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

    def located(name: str) -> Location:
        return Location(FRONT_ENDS[name], notebook or cwd, sources=notebook)

    if environ.get("SERVER_SOFTWARE", "").startswith("voila/"):
        return located("voila")
    if "google.colab" in (modules or sys.modules):
        return located("colab")
    if getattr(kernel, "_allow_stdin", True):
        return located("vscode" if in_vscode or "VSCODE_PID" in environ else "jupyter")
    # Programs that run notebooks disable stdin. papermill's variables take precedence over the environment, which may
    # describe the notebook from which papermill was called.
    source, output = (_folder(namespace.get(f"PAPERMILL_{each}_PATH"), cwd) for each in ("INPUT", "OUTPUT"))
    env_folder = next((each for each in (source, output) if each and (each / ".env").is_file()), None)
    folder, env_folder = output or notebook or cwd, env_folder or (cwd if output else None)
    return Location(FRONT_ENDS["headless"], folder, output is not None, env_folder, source)


def _folder(notebook: object, cwd: Path) -> Path | None:
    """Return the folder of a notebook.

    Returns:
        None if the path is missing, not on this machine, or relative to an unknown folder: papermill has a current
        folder of its own, and the kernel may have another.
    """
    try:
        path = Path(str(notebook or ""))
        if path.is_absolute():
            return path.parent if path.parent.is_dir() else None
        return (cwd / path).parent if path.suffix and (cwd / path).is_file() else None
    except (OSError, ValueError):  # not a valid file name
        return None


def attended(location: Location, shell: Any) -> bool:
    """Return whether a user at the notebook or terminal can answer a question."""
    kernel = getattr(shell, "kernel", None)
    header = kernel.get_parent().get("header", {}) if kernel is not None else {}
    # During a click the page accepts no input, so that the kernel would wait forever.
    clicked = header.get("msg_type", "execute_request") != "execute_request"
    try:
        interactive = location.front_end.rich or (sys.stdin is not None and sys.stdin.isatty())
    except ValueError:  # stdin is closed
        interactive = False
    return interactive and not clicked and location.front_end.asks


def ask(question: str, location: Location, shell: Any) -> str:
    """Ask the user at the notebook or terminal, and return the answer.

    Raises:
        EOFError: Nobody can be asked.
        OSError: The same.
        RuntimeError: The same.
    """
    if not attended(location, shell):
        raise EOFError(location.front_end.name)
    try:
        return input(writable(question))
    except ValueError as closed:  # a standard stream is closed
        raise EOFError(str(closed)) from None
