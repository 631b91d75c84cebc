"""Waiting in a cell, interruptible at once, and running async code from synchronous code.

A wait blocks: the work runs on a thread of its own, and a loop that runs in this thread pauses, as it does in any cell
that computes. (Running the loop meanwhile would only run the user's own asyncio tasks, as a kernel takes no message
before the cell ends; and an interrupt could hit any of those tasks.)

Only ``run`` enters a running loop, as its awaitable may belong to that loop. No other module uses nest_asyncio.
https://github.com/erdewit/nest_asyncio
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import sys
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent import futures
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from kling_widgets.core.public import public

T = TypeVar("T")

_STEP = 0.1  # seconds; interrupts are handled between two steps


def wait(future: Future[T], timeout: float | None = None) -> T:
    """Wait for a future and return its result; an interrupt ends the wait, not the work.

    Raises:
        TimeoutError: the future was not done within ``timeout`` seconds.
        KeyboardInterrupt: the user interrupted.
        asyncio.CancelledError: the task that waits was cancelled, as Ctrl+C does under ``asyncio.run``.
    """
    _step_until(partial(futures.wait, [future]), future.done, timeout)
    return future.result()


async def awaited(future: Future[T], timeout: float | None = None) -> T:  # noqa: ASYNC109 - the same signature as wait
    """Await a future and return its result; cancelling the wait does not cancel the future, as others may wait for it.

    Raises:
        TimeoutError: the future was not done within ``timeout`` seconds.
    """
    if not future.done():
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def wake(_: Future[T]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed, so nothing waits on it any more
                loop.call_soon_threadsafe(done.set_result, None)

        future.add_done_callback(wake)
        await asyncio.wait([done], timeout=timeout)
        if not future.done():
            raise TimeoutError
    return future.result()


def run_uninterrupted(work: Callable[[], None], interrupted: threading.Event | None = None) -> None:
    """Run work in a thread, so that an interrupt cannot cut it in two, and wait for its end.

    Args:
        work: the work.
        interrupted: set at an interrupt, so that the work can end early; None if it does not look.

    Raises:
        KeyboardInterrupt: an interrupt came; it is raised once the work has ended.
    """
    result: Future[None] = Future()
    # An interrupt may hit the start of the thread: then another one is started, and only one of them does the work.
    begun = threading.Lock()

    def worker() -> None:
        if not begun.acquire(blocking=False):
            return
        try:
            work()
            result.set_result(None)
        except BaseException as error:  # noqa: BLE001 - raised again by result.result()
            result.set_exception(error)

    interrupt: KeyboardInterrupt | None = None
    while not result.done():
        try:
            if not begun.locked():
                threading.Thread(target=worker, name="kling_widgets.uninterrupted", daemon=True).start()
            futures.wait([result], _STEP)
        except KeyboardInterrupt as error:
            interrupt = error
            if interrupted is not None:
                interrupted.set()
    if interrupt is not None:
        raise interrupt
    result.result()


def _step_until(run_step: Callable[[float], object], done: Callable[[], bool], timeout: float | None = None) -> None:
    """Call ``run_step`` with a tenth of a second at most until ``done()``; interrupts come between two steps.

    Raises:
        TimeoutError: it was not done within ``timeout`` seconds.
        asyncio.CancelledError: the task that waits was cancelled.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    running = _running_loop()
    task = None if running is None else asyncio.current_task(running)
    cancellations = 0 if task is None else task.cancelling()
    while not done():
        seconds = _STEP if deadline is None else min(_STEP, deadline - time.monotonic())
        if seconds <= 0:
            raise TimeoutError
        run_step(seconds)
        if task is not None and task.cancelling() > cancellations and not done():
            raise asyncio.CancelledError


@public
def run(awaitable: Awaitable[T]) -> T:
    """Run async code to its end from a plain cell or function, even if an event loop is running.

    An interrupt cancels it.

    Args:
        awaitable: a coroutine or another awaitable. A task or a future runs on the loop that it belongs to, which must
            be the loop of this thread.

    Returns:
        The result of the awaitable.

    Raises:
        RuntimeError: it belongs to the loop of a kernel, which cannot be entered again: ``await`` it in the cell.

    Example:
        >>> async def available():
        ...     async with kw.AsyncClient() as client:
        ...         return await client.available()
        >>> "aigc-video-kling-2.6" in kw.run(available())
        True
    """
    if (loop := _patched_loop()) is not None:
        return _run_in(loop, awaitable)
    if (running := _running_loop()) is None:
        with asyncio.Runner() as runner:
            return runner.run(_as_coroutine(awaitable))
    if isinstance(awaitable, asyncio.Future) and awaitable.get_loop() is running:
        raise RuntimeError(
            "This belongs to the kernel's own loop, which cannot be entered again: await it in the cell."
        )
    return _run_in_thread(awaitable)


def _run_in(loop: asyncio.BaseEventLoop, awaitable: Awaitable[T]) -> T:
    """Run the awaitable on the loop that runs in this thread, nested in the iteration that called us."""
    ready: deque[asyncio.Handle] = loop._ready  # type: ignore[attr-defined]
    counted, idle = len(ready), asyncio.Handle(lambda: None, (), loop)
    task = asyncio.ensure_future(awaitable, loop=loop)
    try:
        try:
            _step_until(lambda seconds: loop.run_until_complete(asyncio.wait([task], timeout=seconds)), task.done)
        except BaseException:
            task.cancel()
            raise
    finally:
        # The loop's iteration that called us has counted the ready handles and pops that many: fewer would raise an
        # IndexError and end the loop, and the kernel with it. One statement, so that no interrupt comes in between.
        ready.extend([idle] * (counted - len(ready)))
    return task.result()


def _run_in_thread(awaitable: Awaitable[T]) -> T:
    """Run the awaitable in a thread with a loop of its own."""
    result: Future[T] = Future()
    inner: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = Future()
    abandoned = threading.Event()

    async def main() -> T:
        task = asyncio.ensure_future(_as_coroutine(awaitable))
        inner.set_result((asyncio.get_running_loop(), task))
        if abandoned.is_set():
            task.cancel()
        return await task

    def worker() -> None:
        try:
            with asyncio.Runner() as runner:
                result.set_result(runner.run(main()))
        except BaseException as error:  # noqa: BLE001 - raised again by wait(result)
            result.set_exception(error)

    # In the caller's context, by which a kernel finds the cell that output belongs to.
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(worker,), name="kling_widgets.run", daemon=True)
    try:
        thread.start()
        return wait(result)
    except (KeyboardInterrupt, asyncio.CancelledError):
        abandoned.set()
        if inner.done():
            loop, task = inner.result()
            with contextlib.suppress(RuntimeError):  # the loop has just been closed
                loop.call_soon_threadsafe(task.cancel)
        raise


async def _as_coroutine(awaitable: Awaitable[T]) -> T:
    return await awaitable


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _patched_loop() -> asyncio.BaseEventLoop | None:
    """Return the loop of this thread, made re-entrant; None if there is none or it cannot or must not be patched.

    On ipykernel 7 and later, cells queued behind the running one would be lost (measured with 7.1, 7.3 and 7.4; 6.31 is
    fine).
    """
    loop = _running_loop()
    # Checked before, as nest_asyncio patches asyncio even if it then fails to patch the loop, such as uvloop's. From
    # Python 3.14 on its patch breaks asyncio: current_task() returns None, and httpx fails.
    if not isinstance(loop, asyncio.BaseEventLoop) or sys.version_info >= (3, 14) or _is_ipykernel_7_loop():
        return None
    if not hasattr(loop, "_nest_patched"):
        import nest_asyncio

        original = asyncio.run
        try:
            nest_asyncio.apply(loop)
        finally:
            # nest_asyncio's replacement takes no loop_factory, which uvicorn and others pass from Python 3.12 on.
            asyncio.run = original
    return loop


def _is_ipykernel_7_loop() -> bool:
    """Return whether the loop of this thread is that of an ipykernel ≥ 7: its main thread's or a subshell's."""
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
