"""Identity of the running cell, of this run of it, or of a click."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import re
import secrets
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# Environment variables, or variables of the notebook, in which a front end puts the notebook's path.
_NOTEBOOKS = ("JPY_SESSION_NAME", "__vsc_ipynb_file__")
# Variables that papermill puts into the notebook. The input comes first: the output has a new name each time.
_PAPERMILL = ("PAPERMILL_INPUT_PATH", "PAPERMILL_OUTPUT_PATH")
# Options that say how to submit, not which request: a cell is the same with them or without.
_SUBMIT_OPTIONS = re.compile(
    r"\s*--(?:yes|new|reuse|wait|no-wait)(?![\w-])|,?\s*\b(?:yes|new|reuse|wait)\s*=\s*(?:True|False|None)\b"
)
_PROCESS = secrets.token_hex(8)  # process ids and memory addresses are reused


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of a cell, or a click on a button that the user made.

    Attributes:
        name: identifies the cell: the same for each run of it, also in another kernel. All clicks in one kernel share
            one name.
        run: identifies this run.
        former_name: the name that earlier versions of this package gave the cell, if it differs; else "".
        click: whether it is not a cell, but a button or another widget that called a function of the user's.
    """

    name: str
    run: str
    former_name: str = ""
    click: bool = False


def run_id(shell: Any) -> object:
    """Return an id of the current run of a cell, unique within this kernel."""
    return _header(shell).get("msg_id") or getattr(shell, "execution_count", None)


def current(shell: Any, environ: Mapping[str, str]) -> Cell | None:
    """Return the running cell or click.

    Returns:
        None in a script, and in a thread of the user's that is still running while the kernel handles a click.
    """
    if shell is None:
        return None
    if getattr(shell, "kernel", None) is None:
        code = (shell.user_ns.get("In") or [""])[-1]
        # A terminal counts its lines from 1 at each start, and the same line in another folder is another cell.
        run = f"{_PROCESS}-{os.getpid()}-{id(shell):x}-{shell.execution_count}"
        name, former = _digest(_folder(), _SUBMIT_OPTIONS.sub("", code)), _digest(_folder(), code)
        return Cell(name, run, former_name=former if former != name else "") if code else None
    header = _header(shell)
    if not header.get("msg_id"):
        return None
    if is_click(shell):
        if not _is_kernel_thread(threading.current_thread()):
            return None
        return Cell(f"clicks of {_PROCESS}-{os.getpid()}", str(header["msg_id"]), click=True)
    parent = shell.kernel.get_parent()
    # JupyterLab and Notebook send a cell id; elsewhere the cell is identified by its code.
    cell_id, code = parent.get("metadata", {}).get("cellId"), str(parent.get("content", {}).get("code") or "")
    text = _SUBMIT_OPTIONS.sub("", code)
    if not (cell_id or text):
        return None
    paths = [path for variable in _NOTEBOOKS if (path := environ.get(variable) or shell.user_ns.get(variable))]
    notebook = str(paths[0]) if paths else ""
    former = _digest(notebook, str(cell_id or code))
    # Without a path or a cell id two notebooks may hold the same line.
    name = _digest(notebook if notebook or cell_id else _notebook_hint(shell, environ), str(cell_id or text))
    return Cell(name, str(header["msg_id"]), former_name=former if former != name else "")


def _is_kernel_thread(thread: threading.Thread) -> bool:
    """Return whether the kernel handles messages in this thread. ipykernel 7 and later handle clicks in threads."""
    return thread is threading.main_thread() or type(thread).__module__.partition(".")[0] == "ipykernel"


def is_click(shell: Any) -> bool:
    """Return whether the current code was called by a button or another widget, not run as a cell."""
    kind = _header(shell).get("msg_type", "execute_request")
    return getattr(shell, "kernel", None) is not None and kind != "execute_request"


def is_visible(shell: Any) -> bool:
    """Return whether output that is displayed now is visible: in a cell always, in a click only inside an ``Output``
    widget."""
    return not is_click(shell) or in_output(shell)


def in_output(shell: Any) -> bool:
    """Return whether output of this cell or click currently goes into an ``Output`` widget."""
    widgets = sys.modules.get("ipywidgets.widgets.widget")
    message, output = _header(shell).get("msg_id"), getattr(sys.modules.get("ipywidgets"), "Output", None)
    instances = tuple(getattr(widgets, "_instances", {}).values())
    return output is not None and any(isinstance(each, output) and each.msg_id == message for each in instances)


def _header(shell: Any) -> Mapping[str, Any]:
    kernel = getattr(shell, "kernel", None)
    parent = kernel.get_parent() if kernel is not None else {}
    header: Mapping[str, Any] = parent.get("header", {})
    return header


def _notebook_hint(shell: Any, environ: Mapping[str, str]) -> str:
    """Return a text that identifies a notebook whose path no front end reports.

    It is the path that papermill puts into the notebook; else the folder in which the kernel started, together with the
    notebooks on the command line of the program that runs it, as in ``jupyter execute boats.ipynb``. It cannot
    distinguish two notebooks that one program runs in one folder.
    """
    folder = str(getattr(shell, "starting_dir", "") or _folder())
    paths = [os.path.join(folder, str(name)) for variable in _PAPERMILL if (name := shell.user_ns.get(variable))]
    parent = environ.get("JPY_PARENT_PID", "")  # on Windows this is a handle, not a process id
    process = int(parent) if os.name == "posix" and parent.isdecimal() else os.getppid()
    return paths[0] if paths else "\n".join((folder, *_notebooks_of(process)))


@cache
def _notebooks_of(process: int) -> tuple[str, ...]:
    with contextlib.suppress(Exception):  # the process has ended, or we may not inspect it
        # psutil is a dependency of ipykernel; with other kernels it may be missing.
        parent = importlib.import_module("psutil").Process(process)
        return tuple(_paths(parent.cmdline(), Path(parent.cwd())))
    return ()


def _paths(words: Sequence[str], folder: Path) -> Sequence[str]:
    """Return the notebooks of a command line; of papermill's two only the input."""
    found = [str(folder / word) for word in words if word.endswith(".ipynb")]
    return found[:1] if any("papermill" in Path(word).name for word in words[:3]) else found


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""


def _digest(notebook: str, cell: str) -> str:
    return hashlib.sha256(f"{notebook}\n{cell}".encode("utf-8", "replace")).hexdigest()[:32]
