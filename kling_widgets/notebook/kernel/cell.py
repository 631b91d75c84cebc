"""Which cell runs, and which run of it this is; or which click."""

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

# Where a front end tells the notebook's path: in the environment, or among the variables.
_NOTEBOOKS = ("JPY_SESSION_NAME", "__vsc_ipynb_file__")
# The same by papermill. The input comes first: the same notebook goes into another output each time.
_PAPERMILL = ("PAPERMILL_INPUT_PATH", "PAPERMILL_OUTPUT_PATH")
# What to do with a request, and not what is asked: with it or without, it is the same cell.
_HOW = re.compile(
    r"\s*--(?:yes|new|reuse|wait|no-wait)(?![\w-])|,?\s*\b(?:yes|new|reuse|wait)\s*=\s*(?:True|False|None)\b"
)
_PROCESS = secrets.token_hex(8)  # process ids and addresses come again


@dataclass(frozen=True, slots=True)
class Cell:
    """A run of a cell; or a click on a button of the user's own.

    Attributes:
        name: the same for each run of it, also in another kernel; for all clicks in one kernel.
        run: this run.
        former: what the name was in versions before, if it was another one; else "".
        click: whether it is no cell, but a button or the like that called a function of the user's.
    """

    name: str
    run: str
    former: str = ""
    click: bool = False


def here(shell: Any) -> object:
    """What tells this cell's run from every other one of this kernel."""
    return _header(shell).get("msg_id") or getattr(shell, "execution_count", None)


def current(shell: Any, environ: Mapping[str, str]) -> Cell | None:
    """The cell that runs, or the click; None in a script, and in a thread of the user's own that goes on while the
    kernel works on a click."""
    if shell is None:
        return None
    if getattr(shell, "kernel", None) is None:
        code = (shell.user_ns.get("In") or [""])[-1]
        # A terminal's lines are numbered anew with each start, and the same one in another project is another one.
        run = f"{_PROCESS}-{os.getpid()}-{id(shell):x}-{shell.execution_count}"
        told, former = _digest(_folder(), _HOW.sub("", code)), _digest(_folder(), code)
        return Cell(told, run, former=former if former != told else "") if code else None
    header = _header(shell)
    if not header.get("msg_id"):
        return None
    if is_click(shell):
        if not _of_kernel(threading.current_thread()):
            return None
        return Cell(f"clicks of {_PROCESS}-{os.getpid()}", str(header["msg_id"]), click=True)
    parent = shell.kernel.get_parent()
    # JupyterLab and Notebook name the cell; elsewhere it is known by what stands in it.
    named, code = parent.get("metadata", {}).get("cellId"), str(parent.get("content", {}).get("code") or "")
    text = _HOW.sub("", code)
    if not (named or text):
        return None
    known = [name for variable in _NOTEBOOKS if (name := environ.get(variable) or shell.user_ns.get(variable))]
    notebook = str(known[0]) if known else ""
    former = _digest(notebook, str(named or code))
    # Where nobody looks on, or nobody says where, two notebooks may have the same line.
    told = _digest(notebook if notebook or named else _program(shell, environ), str(named or text))
    return Cell(told, str(header["msg_id"]), former=former if former != told else "")


def _of_kernel(thread: threading.Thread) -> bool:
    """Whether the kernel works on messages in it; on clicks, from ipykernel 7 on, in threads of its own."""
    return thread is threading.main_thread() or type(thread).__module__.partition(".")[0] == "ipykernel"


def is_click(shell: Any) -> bool:
    """Whether what runs was not run as a cell: a button of the user's own called it, or another widget."""
    kind = _header(shell).get("msg_type", "execute_request")
    return getattr(shell, "kernel", None) is not None and kind != "execute_request"


def is_seen(shell: Any) -> bool:
    """Whether what is displayed now has a place: in a cell, and behind a click in the ``Output`` that is open."""
    return not is_click(shell) or in_output(shell)


def in_output(shell: Any) -> bool:
    """Return whether output of this cell or click goes into an ``Output`` widget at the moment."""
    widgets = sys.modules.get("ipywidgets.widgets.widget")
    message, output = _header(shell).get("msg_id"), getattr(sys.modules.get("ipywidgets"), "Output", None)
    open_ones = tuple(getattr(widgets, "_instances", {}).values())
    return output is not None and any(isinstance(each, output) and each.msg_id == message for each in open_ones)


def _header(shell: Any) -> Mapping[str, Any]:
    kernel = getattr(shell, "kernel", None)
    parent = kernel.get_parent() if kernel is not None else {}
    header: Mapping[str, Any] = parent.get("header", {})
    return header


def _program(shell: Any, environ: Mapping[str, str]) -> str:
    """What is known of a notebook whose path no front end tells: that which papermill has put into it; else the folder
    in which the kernel began, and the notebooks with which the program was called that runs it, as in ``jupyter execute
    boats.ipynb``. Two notebooks that one program runs in one folder cannot be told apart by that."""
    folder = str(getattr(shell, "starting_dir", "") or _folder())
    told = [os.path.join(folder, str(name)) for variable in _PAPERMILL if (name := shell.user_ns.get(variable))]
    caller = environ.get("JPY_PARENT_PID", "")  # on Windows it is another kind of number
    process = int(caller) if os.name == "posix" and caller.isdecimal() else os.getppid()
    return told[0] if told else "\n".join((folder, *_notebooks_of(process)))


@cache
def _notebooks_of(process: int) -> tuple[str, ...]:
    with contextlib.suppress(Exception):  # not to be had, or not for us to see
        # ipykernel needs it; elsewhere it may not be there.
        caller = importlib.import_module("psutil").Process(process)
        return tuple(_paths(caller.cmdline(), Path(caller.cwd())))
    return ()


def _paths(words: Sequence[str], folder: Path) -> Sequence[str]:
    """The notebooks of a command; of papermill's two the input."""
    found = [str(folder / word) for word in words if word.endswith(".ipynb")]
    return found[:1] if any("papermill" in Path(word).name for word in words[:3]) else found


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""


def _digest(notebook: str, cell: str) -> str:
    return hashlib.sha256(f"{notebook}\n{cell}".encode("utf-8", "replace")).hexdigest()[:32]
