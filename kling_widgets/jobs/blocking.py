"""Waiting in a cell, interruptible at once; and async code from plain code.

The only module that knows nest_asyncio. Waiting by it lets the user's own asyncio tasks go on meanwhile, but on
ipykernel 7 and later it loses the cells that are queued behind the waiting one (measured with 7.1, 7.3 and 7.4; with
6.31 it is fine). So it is used where a loop runs in this thread that is not such a kernel's and can be patched;
everywhere else the wait is a plain one. https://github.com/erdewit/nest_asyncio
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
import time
from collections.abc import Awaitable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, TypeVar

T = TypeVar("T")

_STEP = 0.1  # seconds; an interrupt is taken between two steps


def wait(future: Future[T], timeout: float | None = None) -> T:
    """The future's result; the work goes on by itself if the wait is interrupted.

    Raises:
        TimeoutError: it was not done within ``timeout`` seconds.
        KeyboardInterrupt: the user interrupted.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    loop = _patched_loop()
    mirror = None if loop is None else asyncio.wrap_future(future, loop=loop)
    while not future.done():
        step = _STEP if deadline is None else min(_STEP, deadline - time.monotonic())
        if step <= 0:
            raise TimeoutError
        if loop is None or mirror is None:
            try:
                return future.result(step)
            except FutureTimeoutError:
                if future.done():
                    break
        else:
            loop.run_until_complete(asyncio.wait([mirror], timeout=step))
    if mirror is not None:
        mirror.cancel()  # it is looked at no more, and must not complain of an error that nobody took from it
    return future.result()


def run(awaitable: Awaitable[T]) -> T:
    """Runs async code to its end from a plain cell or function, also where a loop is already running.

    Args:
        awaitable: a coroutine or another awaitable. One that belongs to a loop (a task, a future) is run on that
            loop, so it must be this thread's.

    Returns:
        What it gives.

    Raises:
        RuntimeError: it belongs to the loop of a kernel that cannot be entered again; ``await`` it in the cell instead.
    """
    running = _running_loop()
    loop = _patched_loop()
    if loop is not None:
        return loop.run_until_complete(asyncio.ensure_future(awaitable, loop=loop))
    if running is None:
        with asyncio.Runner() as runner:
            return runner.run(_as_coroutine(awaitable))
    if isinstance(awaitable, asyncio.Future) and awaitable.get_loop() is running:
        raise RuntimeError(
            "This belongs to the kernel's own loop, which cannot be entered again: await it in the cell."
        )
    result: Future[T] = Future()
    inner: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = []

    def elsewhere() -> None:
        async def main() -> T:
            task = asyncio.ensure_future(_as_coroutine(awaitable))
            inner.append((asyncio.get_running_loop(), task))
            return await task

        try:
            with asyncio.Runner() as runner:
                result.set_result(runner.run(main()))
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            result.set_exception(error)

    threading.Thread(target=elsewhere, name="kling_widgets.run", daemon=True).start()
    try:
        return wait(result)
    except KeyboardInterrupt:
        for other, task in inner:
            other.call_soon_threadsafe(task.cancel)
        raise


async def _as_coroutine(awaitable: Awaitable[T]) -> T:
    return await awaitable


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _patched_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that runs in this thread, made re-enterable; None if there is none or it must not or cannot be."""
    loop = _running_loop()
    if loop is None or _is_of_kernel_7():
        return None
    if not hasattr(loop, "_nest_patched"):
        import nest_asyncio

        original = asyncio.run
        try:
            nest_asyncio.apply(loop)
        except ValueError:  # uvloop and its like
            return None
        finally:
            # Its replacement takes no loop_factory, which uvicorn and others pass to it on Python 3.12 and later.
            asyncio.run = original
    return loop


def _is_of_kernel_7() -> bool:
    """Whether the loop of this thread is that of an ipykernel ≥ 7: its main thread's or a subshell's."""
    kernel: Any = sys.modules.get("ipykernel")
    if kernel is None or getattr(kernel, "version_info", (0,))[0] < 7:
        return False
    thread = threading.current_thread()
    application = getattr(sys.modules.get("ipykernel.kernelapp"), "IPKernelApp", None)
    in_kernel = application is not None and application.initialized()
    return in_kernel and (
        thread is threading.main_thread()
        or any("ipykernel" in base.__module__ for base in inspect.getmro(type(thread)))
    )
