"""The variables that Python itself would find first where a line stands: those of its function, and of the functions
around it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from inspect import CO_NEWLOCALS
from types import FrameType

_OURS = ("kling_widgets", "IPython", "ipykernel")  # between the line and its magic; and Colab's own run_line_magic
_RUNS = ("run_line_magic", "run_cell_magic")


def scopes() -> list[Mapping[str, object]]:
    """The local variables of the code that called a magic, and of the functions that it is written in, as far as they
    are running.

    IPython gives a line magic the variables of its caller alone, and a cell magic those of the notebook
    (``run_cell_magic``); in a comprehension, or a function in a function, those are not all that the code there sees.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame and (frame.f_globals.get("__name__", "").partition(".")[0] in _OURS or frame.f_code.co_name in _RUNS):
        frame = frame.f_back
    # Also of a line that stands in no function: a comprehension there has variables of its own.
    found: list[Mapping[str, object]] = [frame.f_locals] if frame else []
    while frame and frame.f_code.co_flags & CO_NEWLOCALS:
        code = frame.f_code
        frame = frame.f_back
        while frame and not any(each is code for each in frame.f_code.co_consts):
            frame = frame.f_back
        if frame:
            found.append(frame.f_locals)
    return found
