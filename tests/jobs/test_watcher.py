"""The background thread: one per process, with one client per service."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from concurrent.futures import CancelledError
from dataclasses import replace

import pytest

from kling_widgets.client.credentials.endpoint import Service
from kling_widgets.client.credentials.find import Secret
from kling_widgets.client.rate_limit import RateLimiter
from kling_widgets.jobs.watcher import Watcher
from tests.jobs.conftest import LONG

SERVICE = Service("a", "https://a.example", Secret("k"), "the test")


async def _thread() -> threading.Thread:
    return threading.current_thread()


def test_all_work_runs_on_one_daemon_thread() -> None:
    """However many threads start work first, there is one loop, on a thread of its own."""
    watcher = Watcher()
    found: list[threading.Thread] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait(LONG)
        found.append(watcher.start(_thread()).result(LONG))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert len(found) == 8
    assert len(set(found)) == 1
    assert found[0].daemon
    assert found[0] is not threading.current_thread()


def test_nothing_begins_before_it_is_needed() -> None:
    """A new watcher starts no thread, and imports no httpx."""
    code = (
        "import sys, threading; from kling_widgets.jobs.watcher import Watcher; watcher = Watcher()\n"
        "print(threading.active_count(), 'httpx' in sys.modules, watcher.busy)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["1", "False", "0"]


def test_results_and_errors_come_back() -> None:
    """The result or error of the coroutine is that of the future."""

    async def fails() -> None:
        raise ZeroDivisionError

    watcher = Watcher()
    assert watcher.start(asyncio.sleep(0, "slept")).result(LONG) == "slept"
    with pytest.raises(ZeroDivisionError):
        watcher.start(fails()).result(LONG)


def test_busy_counts_what_is_under_way() -> None:
    """A coroutine counts from its start to its end, also if it is cancelled."""
    watcher = Watcher()
    future = watcher.start(asyncio.Event().wait())
    assert watcher.busy == 1
    future.cancel()
    with pytest.raises(CancelledError):
        future.result(LONG)
    assert watcher.busy == 0


def test_one_client_a_service() -> None:
    """Tasks of one service share its connections and the rate limiter; another key has another client."""
    made: list[tuple[Service, RateLimiter]] = []

    def connect(service: Service, budget: RateLimiter) -> object:
        made.append((service, budget))
        return object()

    watcher = Watcher(RateLimiter(7), connect)  # type: ignore[arg-type]
    other = replace(SERVICE, key=Secret("other"))
    assert watcher.client(SERVICE) is watcher.client(replace(SERVICE))
    assert watcher.client(SERVICE) is not watcher.client(other)
    assert made == [(SERVICE, watcher.budget), (other, watcher.budget)]
    assert watcher.budget.per_second == 7


def test_its_own_client_is_the_services() -> None:
    """By default the client is made for the service's address, with its key."""

    async def address() -> str:
        return watcher.client(SERVICE).base_url

    watcher = Watcher()
    assert watcher.start(address()).result(LONG) == "https://a.example"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_after_a_fork_there_is_a_new_thread() -> None:
    """A forked child, which has no copy of the thread, starts one of its own, and none of the parent's work."""
    code = """
import asyncio, os
from kling_widgets.jobs.watcher import Watcher
watcher = Watcher()
waiting = watcher.start(asyncio.Event().wait())
child = os.fork()
if child == 0:
    given = watcher.start(asyncio.sleep(0, "given")).result(60)
    os._exit(0 if given == "given" and watcher.busy <= 1 else 1)
print(os.waitpid(child, 0)[1], watcher.busy)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "0 1\n"
