"""Count the calls between functions of the package, in every thread, while a piece of work runs."""

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
    """One call of a function of the package.

    Attributes:
        source: the caller's file within the package, "" for a caller outside the package.
        target: the file of the called function.
        function: its name, with its class.
    """

    source: str
    target: str
    function: str


class Calls(list[Call]):
    """Calls in order. A generator or coroutine that is resumed does not count as called."""

    def of(self, function: str) -> int:
        """Return how often a function was called."""
        return sum(call.function == function for call in self)

    def between_files(self) -> Counter[tuple[str, str]]:
        """Return how often functions of one file have called functions of another, by (source, target)."""
        return Counter((call.source, call.target) for call in self if call.source not in ("", call.target))


@contextmanager
def counted() -> Iterator[Calls]:
    """Count the calls in this thread and in each thread started meanwhile. ``clear()`` resets the count."""
    calls, over = Calls(), threading.Event()

    def look(frame: FrameType, event: str, _: object) -> None:
        if over.is_set():  # a thread that outlives the block
            sys.setprofile(None)
            return
        code = frame.f_code
        # RESUME has the argument 0 at the start of a function, and another number when a generator continues.
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
