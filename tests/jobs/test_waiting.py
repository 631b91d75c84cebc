"""Waiting in a cell, and async code from synchronous code: without a loop, in a re-entrant one, and in others.

The patches of nest_asyncio stay in a process, so each kind of loop is tested in a process of its own. Tests of the
loops themselves are in tests/test_loops.py.
"""

from __future__ import annotations

import _thread
import asyncio
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import Future

import pytest

from kling_widgets.jobs import waiting
from tests.jobs.conftest import LONG
from tests.kernel import Kernel


def python(code: str, *, fails: bool = False) -> str:
    """Return what a program prints; if it fails, show its errors."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode != 0) == fails, done.stderr
    assert fails or done.stderr == ""
    return done.stdout


async def _give(value: object) -> object:
    await asyncio.sleep(0)
    return value


async def _fail() -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError("inside")


def test_wait_gives_the_result() -> None:
    """It returns the result of a future that is done, and of one that another thread finishes."""
    future: Future[str] = Future()
    threading.Timer(0, future.set_result, ["late"]).start()
    assert waiting.wait(future, LONG) == "late"
    assert waiting.wait(future) == "late"
    assert waiting.wait(future, 0) == "late"


def test_wait_ends_in_time() -> None:
    """TimeoutError is raised if the future is not done; the future is unchanged."""
    future: Future[None] = Future()
    for timeout in (0, -1, 0.001):
        with pytest.raises(TimeoutError):
            waiting.wait(future, timeout)
    assert not future.done()
    assert not future.cancelled()


def test_awaiting_a_future_of_another_thread() -> None:
    """Async code gets the result, or a TimeoutError, and the future is unchanged."""
    future: Future[str] = Future()

    async def main() -> str:
        for timeout in (0, -1, 0.001):
            with pytest.raises(TimeoutError):
                await waiting.awaited(future, timeout)
        threading.Timer(0, future.set_result, ["late"]).start()
        assert await waiting.awaited(future, LONG) == "late"
        return await waiting.awaited(future, 0)

    assert asyncio.run(main()) == "late"


def test_wait_raises_what_the_work_raised() -> None:
    """A TimeoutError of the work is its result, and not the end of the wait."""
    for error in (ZeroDivisionError("x"), TimeoutError("of the work itself")):
        future: Future[None] = Future()
        future.set_exception(error)
        with pytest.raises(type(error), match=str(error)):
            waiting.wait(future, LONG)


def test_work_that_is_interrupted_is_not_cut_in_two() -> None:
    """The work ends, knowing of the interrupt, which is raised then."""
    interrupted, done = threading.Event(), []

    def work() -> None:
        _thread.interrupt_main()
        assert interrupted.wait(LONG)
        done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        waiting.run_uninterrupted(work, interrupted)
    assert done == ["all of it"]


def test_an_error_of_work_in_a_thread_is_raised() -> None:
    """An error of the work is raised in the calling thread."""
    with pytest.raises(ZeroDivisionError):
        waiting.run_uninterrupted(lambda: [].append(1 // 0))


def test_run_without_a_loop() -> None:
    """It runs any awaitable and raises its errors; asyncio.run is unchanged."""

    class Thing:
        def __await__(self):  # type: ignore[no-untyped-def]
            return _give("thing").__await__()

    original = asyncio.run
    assert waiting.run(_give("value")) == "value"
    assert waiting.run(Thing()) == "thing"
    with pytest.raises(ZeroDivisionError, match="inside"):
        waiting.run(_fail())
    assert asyncio.run is original
    assert "nest_asyncio" not in sys.modules


IN_A_LOOP = """
import asyncio, sys, threading
from concurrent.futures import Future
from kling_widgets.jobs import waiting
original = asyncio.run
seen = []
future = Future()

async def mine():
    await asyncio.sleep(0)
    seen.append("mine")
    future.set_result("done")

async def give(value):
    await asyncio.sleep(0)
    return value

async def fail():
    await asyncio.sleep(0)
    raise ZeroDivisionError
"""


def test_a_wait_leaves_a_running_loop_as_it_is() -> None:
    """A wait blocks a running loop, as any code that does not await, and the loop runs on afterwards.

    asyncio is not patched.
    """
    assert (
        python(
            IN_A_LOOP
            + """
async def main():
    task = asyncio.ensure_future(mine())
    late = Future()
    try:
        waiting.wait(late, 0.01)
    except TimeoutError:
        seen.append("late")
    threading.Thread(target=lambda: late.set_result("done")).start()
    seen.append(waiting.wait(late, 60))
    await task
asyncio.run(main())
print(seen, "nest_asyncio" in sys.modules, asyncio.run is original)
"""
        )
        == "['late', 'done', 'mine'] False True\n"
    )


def test_in_a_loop_of_ones_own_other_tasks_go_on() -> None:
    """Async code that is run inside a running loop runs on it, and its other tasks continue."""
    assert (
        python(
            IN_A_LOOP
            + """
async def main():
    task = asyncio.ensure_future(mine())
    assert waiting.run(give("given")) == "given"
    assert future.done()
    inner = asyncio.ensure_future(give("a task of this loop"))
    assert waiting.run(inner) == "a task of this loop"
    try:
        waiting.run(fail())
    except ZeroDivisionError:
        seen.append("raised")
    await task
    await asyncio.wait_for(asyncio.sleep(0), 60)

asyncio.run(main())
print(seen, asyncio.run is original)
"""
        )
        == "['mine', 'raised'] True\n"
    )


def test_in_a_thread_with_a_loop_of_its_own() -> None:
    """The same in another thread, without touching the main thread's loop."""
    assert (
        python(
            IN_A_LOOP
            + """
async def main():
    waiting.run(asyncio.ensure_future(mine()))
    seen.append(waiting.wait(future, 60))
thread = threading.Thread(target=lambda: asyncio.run(main()))
thread.start(); thread.join(60)
print(seen, asyncio.run(give("and after")), asyncio.run is original)
"""
        )
        == "['mine', 'done'] and after True\n"
    )


def test_a_future_that_ends_after_its_waiter_and_its_loop() -> None:
    """A wait that was cancelled, and whose loop is closed, is not called any more; nothing is logged."""
    assert (
        python(
            IN_A_LOOP
            + """
async def main():
    try:
        waiting.wait(future, 0.01)
    except TimeoutError:
        print("gave up")
asyncio.run(main())
future.set_result("nobody waits")
"""
        )
        == "gave up\n"
    )


def test_afterwards_servers_still_start() -> None:
    """uvicorn, and asyncio.run with a loop_factory if there is one, work after asyncio was patched."""
    assert (
        python(
            IN_A_LOOP
            + """
async def main():
    waiting.run(mine())
asyncio.run(main())
assert "nest_asyncio" in sys.modules

import httpx, uvicorn
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"served"})
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        started.set()
started = threading.Event()
server = Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
thread = threading.Thread(target=server.run); thread.start()
assert started.wait(60)
port = server.servers[0].sockets[0].getsockname()[1]
print(httpx.get(f"http://127.0.0.1:{port}", trust_env=False).text)
server.should_exit = True
thread.join(60)
if sys.version_info >= (3, 12):
    assert asyncio.run(give("made"), loop_factory=asyncio.new_event_loop) == "made"
"""
        )
        == "served\n"
    )


def test_a_loop_that_cannot_be_entered_again() -> None:
    """A loop such as uvloop's is not patched, and neither is asyncio: the wait is a blocking one."""
    assert (
        python(
            IN_A_LOOP
            + """
class Foreign(asyncio.AbstractEventLoop):
    "Looks like uvloop's: a loop that does not descend from asyncio's own."
async def main():
    asyncio._set_running_loop(Foreign())
    threading.Thread(target=lambda: future.set_result("done")).start()
    print(waiting.wait(future, 60), waiting.run(give("given")))
    try:
        waiting.run(fail())
    except ZeroDivisionError:
        print("raised")
    asyncio._set_running_loop(None)
try:
    main().send(None)
except StopIteration:
    pass
print("nest_asyncio" in sys.modules, asyncio.run is original)
"""
        )
        == "done given\nraised\nFalse True\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("place", ["plain", "own loop", "foreign loop"])
def test_an_interrupt_cancels_what_runs(place: str) -> None:
    """With every kind of loop an interrupt is raised, and the coroutine is cancelled and can clean up."""
    start = {
        "plain": "go()",
        "own loop": "try: asyncio.run(inside(go))\nexcept KeyboardInterrupt: print('interrupted')",
        "foreign loop": "asyncio._set_running_loop(Foreign()); go()",
    }[place]
    assert (
        python(
            IN_A_LOOP
            + f"""
import os, signal
class Foreign(asyncio.AbstractEventLoop):
    pass
cleaned = threading.Event()
async def work():
    try:
        threading.Timer(0, os.kill, (os.getpid(), {int(signal.SIGINT)})).start()
        await asyncio.sleep(60)
    finally:
        cleaned.set()
async def inside(go):
    go()
    print("not interrupted")
def go():
    try:
        waiting.run(work())
    except KeyboardInterrupt:
        print("interrupted")
{start}
print(cleaned.wait(60))
"""
        )
        == "interrupted\nTrue\n"
    )


def test_run_in_a_kernel(kernel_name: str) -> None:
    """In both kinds of kernel: a value, an error, printed text, and three queued cells."""
    with Kernel(kernel_name) as kernel:
        value, error, *others = kernel.run(
            "import asyncio\nfrom kling_widgets.jobs import waiting\n"
            "async def work():\n    await asyncio.sleep(0.01); print('printed'); return 'value'\n"
            "waiting.run(work())",
            "async def fail(): raise ZeroDivisionError\n"
            "try: waiting.run(fail())\n"
            "except ZeroDivisionError: print('raised')",
            "1",
            "2",
            "3",
        )
    assert "printed" in value.text
    assert "'value'" in value.text
    assert error.text.strip() == "raised"
    assert [cell.text.strip() for cell in others] == ["1", "2", "3"]


def test_run_in_a_kernel_is_interrupted(kernel_name: str) -> None:
    """An interrupt cancels the coroutine, and the kernel continues."""
    with Kernel(kernel_name) as kernel:
        kernel.run("import asyncio, threading\nfrom kling_widgets.jobs import waiting\ncleaned = threading.Event()")
        cell = kernel.send(
            "async def work():\n"
            "    try:\n        print('here'); await asyncio.sleep(60)\n    finally:\n        cleaned.set()\n"
            "waiting.run(work())"
        )
        kernel.until(lambda: "here" in cell.text)
        kernel.interrupt()
        kernel.until(lambda: cell.done)
        (after,) = kernel.run("await asyncio.sleep(0); cleaned.wait(60)")
    assert "KeyboardInterrupt" in cell.text
    assert after.text.strip() == "True"


def test_what_belongs_to_the_kernels_loop(kernel_name: str) -> None:
    """A task of the kernel's own loop can be run if that loop is re-entrant; else the error says what to do."""
    with Kernel(kernel_name) as kernel:
        (cell,) = kernel.run(
            "import asyncio\nfrom kling_widgets.jobs import waiting\n"
            "async def work(): return 'mine'\n"
            "waiting.run(asyncio.ensure_future(work()))"
        )
    assert ("'mine'" if kernel_name == "ipykernel6" else "await it in the cell") in cell.text


def test_a_loop_of_a_thread_in_a_kernel(kernel_name: str) -> None:
    """A user's own loop in a thread of a kernel may be entered again; the kernel's cells continue."""
    with Kernel(kernel_name) as kernel:
        cell, *others = kernel.run(
            "import asyncio, threading\nfrom concurrent.futures import Future\n"
            "from kling_widgets.jobs import waiting\n"
            "future, seen = Future(), []\n"
            "async def mine(): future.set_result('done')\n"
            "async def main():\n"
            "    waiting.run(asyncio.ensure_future(mine())); seen.append(waiting.wait(future, 60))\n"
            "thread = threading.Thread(target=lambda: asyncio.run(main())); thread.start(); thread.join(60); seen",
            "await asyncio.sleep(0); 1",
            "2",
            "3",
        )
    assert cell.text.strip() == "['done']"
    assert [other.text.strip() for other in others] == ["1", "2", "3"]


def test_an_interrupt_in_a_plain_wait_leaves_the_work_alone() -> None:
    """The future of an interrupted wait is unchanged."""
    assert (
        python(
            f"""
        import os, threading
        from concurrent.futures import Future
        from kling_widgets.jobs import waiting
        future = Future()
        threading.Timer(0.05, os.kill, (os.getpid(), {int(signal.SIGINT)})).start()
        try:
            waiting.wait(future)
        except KeyboardInterrupt:
            print(future.done(), future.cancelled())
        """
        )
        == "False False\n"
    )
