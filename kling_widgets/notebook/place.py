"""Where we are shown: which front end, beside which notebook, with a person before it or not."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from kling_widgets.errors import KlingError

FrontEnd = Literal["jupyter", "vscode", "colab", "voila", "terminal", "headless", "script"]


@dataclass(frozen=True, slots=True)
class Place:
    """A place where videos are shown.

    Attributes:
        front_end: "jupyter" is JupyterLab, Notebook and what is like them; "headless" a kernel that nobody looks at
            (nbclient, papermill, nbconvert); "script" is Python without IPython.
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
    def widgets(self) -> bool:
        """Whether live widgets can be shown."""
        return self.front_end in ("jupyter", "vscode", "colab", "voila")

    @property
    def astray(self) -> bool:
        """Whether the output may be read in another folder than this one, where relative links lead nowhere."""
        return self.front_end == "headless" and not self.known

    @property
    def rich(self) -> bool:
        """Whether rich output can be shown, live or not."""
        return self.widgets or self.front_end == "headless"

    @property
    def waits(self) -> bool:
        """Whether the cell should wait for the video: where a thread still at work at the end loses the result, or
        (Colab, googlecolab/colabtools#3373) widget updates from threads do not show."""
        return self.front_end in ("colab", "terminal", "headless", "script")


def find(
    shell: Any = None,
    environ: Mapping[str, str] = os.environ,
    modules: Collection[str] = frozenset(),
    cwd: Path | None = None,
) -> Place:
    """The place of this process.

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
        return Place("script", cwd)
    if kernel is None:
        return Place("terminal", cwd)
    namespace = getattr(shell, "user_ns", {})
    in_vscode = namespace.get("__vsc_ipynb_file__")
    notebook = _folder(in_vscode or environ.get("JPY_SESSION_NAME"), cwd)
    place = partial(Place, folder=notebook or cwd)
    if environ.get("SERVER_SOFTWARE", "").startswith("voila/"):
        return place("voila")
    if "google.colab" in (modules or sys.modules):
        return place("colab")
    if getattr(kernel, "_allow_stdin", True):
        return place("vscode" if in_vscode or "VSCODE_PID" in environ else "jupyter")
    # Who runs a notebook by program lets nobody be asked. What papermill says comes before what the environment says:
    # that may be of a notebook in which papermill was called.
    read, written = (_folder(namespace.get(f"PAPERMILL_{each}_PATH"), cwd) for each in ("INPUT", "OUTPUT"))
    settings = next((each for each in (read, written) if each and (each / ".env").is_file()), None)
    folder = written or notebook or cwd
    return Place("headless", folder, written is not None, settings or (cwd if written else None))


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
