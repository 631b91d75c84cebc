"""Where we are shown: which front end, beside which notebook, with a person before it or not."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

FrontEnd = Literal["jupyter", "vscode", "colab", "voila", "terminal", "headless", "script"]


@dataclass(frozen=True, slots=True)
class Place:
    """A place where videos are shown.

    Attributes:
        front_end: "jupyter" is JupyterLab, Notebook and what is like them; "headless" a kernel that nobody looks at
            (nbclient, papermill, nbconvert); "script" is Python without IPython.
        folder: the notebook's folder, or the current one.
    """

    front_end: FrontEnd
    folder: Path

    @property
    def widgets(self) -> bool:
        """Whether live widgets can be shown."""
        return self.front_end in ("jupyter", "vscode", "colab", "voila")

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
    """
    cwd = cwd or Path.cwd()
    kernel = getattr(shell, "kernel", None)
    if shell is None:
        return Place("script", cwd)
    if kernel is None:
        return Place("terminal", cwd)
    namespace = getattr(shell, "user_ns", {})
    in_vscode = namespace.get("__vsc_ipynb_file__")
    session = environ.get("JPY_SESSION_NAME", "")
    notebook = Path(str(in_vscode or session or "."))
    folder = notebook.parent if notebook.is_absolute() and notebook.parent.is_dir() else cwd
    if environ.get("SERVER_SOFTWARE", "").startswith("voila/"):
        return Place("voila", folder)
    if "google.colab" in (modules or sys.modules):
        return Place("colab", folder)
    if not getattr(kernel, "_allow_stdin", True):  # who runs a notebook by program lets nobody be asked
        return Place("headless", folder)
    return Place("vscode" if in_vscode or "VSCODE_PID" in environ else "jupyter", folder)
