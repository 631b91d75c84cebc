"""Waits inside a running event loop, as in a kernel's cells: the loop must survive, whatever is ready at the start.

``python -m tests.loops`` tries all cases on the Python that runs it; it needs only nest-asyncio.
"""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from itertools import product

from kling_widgets.jobs import waiting

MOST = 50  # handles that are ready when a wait begins
LONG = 60.0  # seconds; anything slower has failed
_SOON = 0.002  # seconds


def _wait(end: str) -> None:
    """Wait for the work of a thread."""
    future: Future[str] = Future()
    ends: dict[str, Callable[[], object]] = {
        "value": lambda: future.set_result("value"),
        "error": lambda: future.set_exception(ZeroDivisionError()),
        "interrupt": _interrupt,
    }
    _beside(ends[end])
    waiting.wait(future, LONG)


def _run(end: str) -> None:
    """Run async code to its end."""

    async def work() -> None:
        if end == "interrupt":
            _beside(_interrupt)
        await asyncio.sleep(LONG if end == "interrupt" else _SOON)
        if end == "error":
            raise ZeroDivisionError

    waiting.run(work())


def _within(way: Callable[[str], None]) -> Callable[[str], None]:
    """Return a function that does the same inside async code run in this way, and in a callback that is ready
    meanwhile."""

    def nested(end: str) -> None:
        async def work() -> None:
            asyncio.get_running_loop().call_soon(way, "value")
            await asyncio.sleep(0)
            way(end)

        waiting.run(work())

    return nested


WAYS = {"wait": _wait, "run": _run, "wait in run": _within(_wait), "run in run": _within(_run)}
ENDS: dict[str, type[BaseException] | None] = {
    "value": None,
    "error": ZeroDivisionError,
    "interrupt": KeyboardInterrupt,
}


def broken(way: str, end: str, ready: int) -> str:
    """Return how an unpatched loop breaks if a cell waits in it while ``ready`` handles are ready; "" if it survives
    and every handle has run."""

    class Loop(asyncio.SelectorEventLoop):
        """A class of its own for each loop, because nest_asyncio patches the class."""

    ran: list[int] = []
    raised: list[type[BaseException] | None] = []
    alive: list[bool] = []

    def cell() -> None:
        try:
            WAYS[way](end)
            raised.append(None)
        except BaseException as error:  # noqa: BLE001 - a kernel catches everything, too
            raised.append(type(error))
        loop.call_later(0, loop.call_soon, stop)

    def stop() -> None:
        alive.append(True)
        loop.stop()

    loop = Loop()
    loop.call_soon(cell)
    for number in range(ready):
        loop.call_soon(ran.append, number)
    try:
        loop.run_forever()
    except BaseException as error:  # noqa: BLE001 - it is reported
        return repr(error)
    finally:
        with contextlib.suppress(RuntimeError):  # some nested runs may not have ended yet
            loop.close()
    if (alive, ran, raised) != ([True], list(range(ready)), [ENDS[end]]):
        return f"ran {ran}, raised {raised}"
    return ""


def all_broken(counts: Iterable[int]) -> Iterator[str]:
    """Yield each failing case, over all ways, ends and counts."""
    for way, end, ready in product(WAYS, ENDS, counts):
        if how := broken(way, end, ready):
            yield f"{way}, {end}, {ready} ready: {how}"


def _interrupt() -> None:
    if os.name == "posix":  # wakes a loop that waits for an event
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _beside(work: Callable[[], object]) -> None:
    timer = threading.Timer(_SOON, work)
    timer.daemon = True
    timer.start()


def main() -> int:
    """Try all cases and print those that failed."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background programs with SIGINT ignored
    failed = list(all_broken(range(MOST + 1)))
    cases = len(WAYS) * len(ENDS) * (MOST + 1)
    sys.stdout.write("\n".join([*failed, f"Python {sys.version.split()[0]}: {len(failed)} of {cases} failed", ""]))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
