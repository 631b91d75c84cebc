"""Which cell runs, and which run of it this is."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NOTEBOOKS = ("JPY_SESSION_NAME", "__vsc_ipynb_file__")
_YES = re.compile(r"\s*--yes\b|,?\s*\byes\s*=\s*True\b")
_PROCESS = secrets.token_hex(8)  # process ids and addresses come again


@dataclass(frozen=True, slots=True)
class Cell:
    """A run of a cell.

    Attributes:
        name: the same for each run of it, also in another kernel.
        run: this run.
    """

    name: str
    run: str


def here(shell: Any) -> object:
    """What tells this cell's run from every other one of this kernel."""
    return _header(shell).get("msg_id") or getattr(shell, "execution_count", None)


def current(shell: Any, environ: Mapping[str, str]) -> Cell | None:
    """The cell that runs; None outside of one: in a script, or in a button's callback."""
    if shell is None:
        return None
    if getattr(shell, "kernel", None) is None:
        lines = shell.user_ns.get("In") or [""]
        # A terminal's lines are numbered anew with each start, and the same one in another project is another one.
        run = f"{_PROCESS}-{os.getpid()}-{id(shell):x}-{shell.execution_count}"
        return Cell(_digest(_folder(), lines[-1]), run) if lines[-1] else None
    header = _header(shell)
    if header.get("msg_type", "execute_request") != "execute_request" or not header.get("msg_id"):
        return None
    parent = shell.kernel.get_parent()
    # JupyterLab and Notebook name the cell; elsewhere it is known by what stands in it.
    own = parent.get("metadata", {}).get("cellId") or _asking(parent.get("content", {}).get("code"))
    known = [name for variable in _NOTEBOOKS if (name := environ.get(variable) or shell.user_ns.get(variable))]
    return Cell(_digest(str(known[0]) if known else "", str(own)), str(header["msg_id"])) if own else None


def _asking(code: object) -> str:
    """What a cell asks for: with a yes, or without, it is the same cell, which meets what it has submitted before."""
    return _YES.sub("", str(code or ""))


def _header(shell: Any) -> Mapping[str, Any]:
    kernel = getattr(shell, "kernel", None)
    parent = kernel.get_parent() if kernel is not None else {}
    header: Mapping[str, Any] = parent.get("header", {})
    return header


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""


def _digest(notebook: str, cell: str) -> str:
    return hashlib.sha256(f"{notebook}\n{cell}".encode("utf-8", "replace")).hexdigest()[:32]
