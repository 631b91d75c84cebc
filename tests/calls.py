"""Which functions of the package call which, in every thread, counted while a piece of work runs."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import kling_widgets

_ROOT = f"{Path(kling_widgets.__file__).parent}/"


class Call(NamedTuple):
    """One call of a function of the package: who calls, "" for others than the package, and what is called.

    Attributes:
        source: the caller's file within the package.
        target: the file of the function.
        function: its name, with its class.
    """

    source: str
    target: str
    function: str


class Calls(list[Call]):
    """Each call, in order. What a generator or a coroutine does after it was resumed is no call."""

    def of(self, function: str) -> int:
        """Return how often a function was called."""
        return sum(call.function == function for call in self)

    def between_files(self) -> Counter[tuple[str, str]]:
        """Return how often functions of one file of the package have called those of another, by these two files."""
        return Counter((call.source, call.target) for call in self if call.source not in ("", call.target))


@contextmanager
def counted() -> Iterator[Calls]:
    """Count the calls in this thread, and in each that is started meanwhile. ``clear()`` begins anew."""
    calls, over = Calls(), threading.Event()

    def look(frame: FrameType, event: str, _: object) -> None:
        if over.is_set():  # a thread that goes on
            sys.setprofile(None)
            return
        code = frame.f_code
        # RESUME has a 0 where a function begins, and another number where one goes on.
        if event != "call" or not code.co_filename.startswith(_ROOT) or code.co_code[frame.f_lasti + 1] & 3:
            return
        caller = frame.f_back.f_code.co_filename if frame.f_back else ""
        source = caller.removeprefix(_ROOT) if caller.startswith(_ROOT) else ""
        calls.append(Call(source, code.co_filename.removeprefix(_ROOT), code.co_qualname))

    before = sys.getprofile()
    threading.setprofile(look)
    sys.setprofile(look)
    try:
        yield calls
    finally:
        over.set()
        sys.setprofile(before)
        threading.setprofile(None)
