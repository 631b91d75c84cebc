"""Waiting in a cell, interruptible at once; and async code from plain code.

A wait is a plain one: whatever is waited for is done on a thread of its own, and the loop that may run in this thread
stands still meanwhile, as it does in any cell that computes. (To let it turn would give a kernel's user nothing but
their own asyncio tasks, as the kernel takes no message before the cell ends; and an interrupt would hit any of them.)

Only ``run`` enters a loop that is running, as what it is given may belong to that loop. This is the only module that
knows nest_asyncio. https://github.com/erdewit/nest_asyncio
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

_STEP = 0.1  # seconds; an interrupt is taken between two steps


def wait(future: Future[T], timeout: float | None = None) -> T:
    """The future's result; the work goes on by itself if the wait is interrupted.

    Raises:
        TimeoutError: it was not done within ``timeout`` seconds.
        KeyboardInterrupt: the user interrupted.
        asyncio.CancelledError: so was the task that waits, which is what Ctrl+C does under ``asyncio.run``.
    """
    _take_turns(partial(futures.wait, [future]), future.done, timeout)
    return future.result()


async def awaited(future: Future[T], timeout: float | None = None) -> T:  # noqa: ASYNC109 - as of wait
    """Return the future's result. Giving up the wait leaves the future alone, as others may wait for it too.

    Raises:
        TimeoutError: it was not done within ``timeout`` seconds.
    """
    if not future.done():
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def wake(_: Future[T]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits there any more
                loop.call_soon_threadsafe(done.set_result, None)

        future.add_done_callback(wake)
        await asyncio.wait([done], timeout=timeout)
        if not future.done():
            raise TimeoutError
    return future.result()


def run_uninterrupted(work: Callable[[], None], interrupted: threading.Event | None = None) -> None:
    """Does work in a thread, where no interrupt can cut it in two, and waits for its end. An interrupt is raised only
    then; the event, if there is one, tells the work of it.
    """
    result: Future[None] = Future()
    begun = threading.Lock()  # an interrupt may hit the start of a thread: then one more is started, and one works

    def beside() -> None:
        if not begun.acquire(blocking=False):
            return
        try:
            work()
            result.set_result(None)
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            result.set_exception(error)

    interrupt: KeyboardInterrupt | None = None
    while not result.done():
        try:
            if not begun.locked():
                threading.Thread(target=beside, name="kling_widgets.through", daemon=True).start()
            futures.wait([result], _STEP)
        except KeyboardInterrupt as error:
            interrupt = error
            if interrupted is not None:
                interrupted.set()
    if interrupt is not None:
        raise interrupt
    result.result()


def _take_turns(turn: Callable[[float], object], done: Callable[[], bool], timeout: float | None = None) -> None:
    """Lets turns of at most some seconds pass until it is done; an interrupt is taken between two."""
    deadline = None if timeout is None else time.monotonic() + timeout
    running = _running_loop()
    task = None if running is None else asyncio.current_task(running)
    asked = 0 if task is None else task.cancelling()
    while not done():
        step = _STEP if deadline is None else min(_STEP, deadline - time.monotonic())
        if step <= 0:
            raise TimeoutError
        turn(step)
        if task is not None and task.cancelling() > asked and not done():
            raise asyncio.CancelledError


@public
def run(awaitable: Awaitable[T]) -> T:
    """Runs async code to its end from a plain cell or function, also where a loop is already running. An interrupt
    cancels it.

    Args:
        awaitable: a coroutine or another awaitable. One that belongs to a loop (a task, a future) is run on that
            loop, so it must be this thread's.

    Returns:
        What it gives.

    Raises:
        RuntimeError: it belongs to the loop of a kernel that cannot be entered again; ``await`` it in the cell instead.
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
    return _run_elsewhere(awaitable)


def _run_in(loop: asyncio.BaseEventLoop, awaitable: Awaitable[T]) -> T:
    """Runs it in turns of the running loop, within the one that called us."""
    ready: deque[asyncio.Handle] = loop._ready  # type: ignore[attr-defined]
    counted, idle = len(ready), asyncio.Handle(lambda: None, (), loop)
    task = asyncio.ensure_future(awaitable, loop=loop)
    try:
        try:
            _take_turns(lambda seconds: loop.run_until_complete(asyncio.wait([task], timeout=seconds)), task.done)
        except BaseException:
            task.cancel()
            raise
    finally:
        # The turn that called us has counted what was ready, and takes as many in any case: an IndexError, on finding
        # fewer, would end the loop, and a kernel with it. One statement, so that no interrupt comes in between.
        ready.extend([idle] * (counted - len(ready)))
    return task.result()


def _run_elsewhere(awaitable: Awaitable[T]) -> T:
    """Runs it in a thread with a loop of its own."""
    result: Future[T] = Future()
    inner: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = Future()
    given_up = threading.Event()

    async def main() -> T:
        task = asyncio.ensure_future(_as_coroutine(awaitable))
        inner.set_result((asyncio.get_running_loop(), task))
        if given_up.is_set():
            task.cancel()
        return await task

    def elsewhere() -> None:
        try:
            with asyncio.Runner() as runner:
                result.set_result(runner.run(main()))
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            result.set_exception(error)

    # In the context of the caller: a kernel finds the cell of what is printed by it.
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(elsewhere,), name="kling_widgets.run", daemon=True)
    try:
        thread.start()
        return wait(result)
    except (KeyboardInterrupt, asyncio.CancelledError):
        given_up.set()
        if inner.done():
            loop, task = inner.result()
            with contextlib.suppress(RuntimeError):  # it has just ended
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
    """The loop that runs in this thread, made re-enterable; None if there is none or it must not or cannot be: on
    ipykernel 7 and later cells that are queued behind would be lost (measured with 7.1, 7.3 and 7.4; 6.31 is fine)."""
    loop = _running_loop()
    # nest_asyncio patches asyncio before it finds out that it cannot patch uvloop and its like: so ask first. From
    # Python 3.14 on what it leaves behind is broken: asyncio.current_task() is None, and httpx fails for it.
    if not isinstance(loop, asyncio.BaseEventLoop) or sys.version_info >= (3, 14) or _is_of_kernel_7():
        return None
    if not hasattr(loop, "_nest_patched"):
        import nest_asyncio

        original = asyncio.run
        try:
            nest_asyncio.apply(loop)
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
