"""Local variables of the code that contains a magic line: those of its function and of the enclosing functions."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from inspect import CO_NEWLOCALS
from types import FrameType

_SKIP = ("kling_widgets", "IPython", "ipykernel")  # packages with frames between the line and its magic
_RUNS = ("run_line_magic", "run_cell_magic")  # functions that are skipped in any package, as Colab has its own


def scopes() -> list[Mapping[str, object]]:
    """Return the local variables of the code that called a magic, and of those enclosing functions that are running.

    IPython passes a line magic only the variables of its caller, and a cell magic those of the notebook
    (``run_cell_magic``). Code in a comprehension or a nested function can see more than that.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame and (frame.f_globals.get("__name__", "").partition(".")[0] in _SKIP or frame.f_code.co_name in _RUNS):
        frame = frame.f_back
    # Needed outside functions too: a comprehension has variables of its own.
    found: list[Mapping[str, object]] = [frame.f_locals] if frame else []
    while frame and frame.f_code.co_flags & CO_NEWLOCALS:
        code = frame.f_code
        frame = frame.f_back
        while frame and not any(each is code for each in frame.f_code.co_consts):
            frame = frame.f_back
        if frame:
            found.append(frame.f_locals)
    return found
