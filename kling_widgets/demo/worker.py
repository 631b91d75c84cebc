"""Worker that draws the tasks of a folder one after the other, each in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from anyio import to_thread

from kling_widgets.demo.store import SCRATCH, Row, Store

# Imports the package from the same folder as here, and nothing else from that folder or the working directory: a
# random.py beside a notebook must not replace Python's.
PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); import kling_widgets; del sys.path[0]; "
    "from kling_widgets.demo.render import main; main()"
)
# On Windows the process has no window, a low priority (elsewhere it calls os.nice itself), and a process group of its
# own, see below.
FLAGS = (
    getattr(subprocess, "CREATE_NO_WINDOW", 0)
    | getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
    | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
)
HEARTBEAT = 0.25  # seconds between two records of the progress
DEADLINE = 900.0  # seconds; the longest possible clip takes a fraction of it


# Draws a job (see ``render.main``), reports the finished share from time to time, and returns an error message or None.
Render: TypeAlias = Callable[[Mapping[str, Any], Callable[[float], None]], Awaitable[str | None]]


async def render_in_process(job: Mapping[str, Any], report: Callable[[float], None]) -> str | None:
    """Draw a job in a process of its own; see :data:`Render`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", PROGRAM, str(Path(__file__).parents[2])),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        creationflags=FLAGS,
        process_group=0,  # Jupyter interrupts the kernel's whole process group: the drawing must continue
    )
    assert process.stdin and process.stdout and process.stderr
    stderr = asyncio.create_task(process.stderr.read())
    try:
        with contextlib.suppress(ConnectionError):  # it has ended already: stderr says why
            process.stdin.write(json.dumps(job).encode())
            await process.stdin.drain()
            process.stdin.close()
        async for line in process.stdout:
            with contextlib.suppress(ValueError):  # a line of other code, from a .pth file for instance
                report(float(line))
        if await process.wait() == 0:
            return None
        lines = (await stderr).decode(errors="replace").strip().splitlines()
        return f"the demo could not draw this: {lines[-1] if lines else f'exit {process.returncode}'}"
    finally:
        stderr.cancel()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class Worker:
    """Worker that draws the store's tasks while :meth:`run` is running.

    Attributes:
        wake: Set this event when there may be a task to draw.

    Args:
        store: The store.
        owner: A name that no other worker of the folder has.
        render: Draws a clip.
    """

    def __init__(self, store: Store, owner: str, render: Render = render_in_process) -> None:
        self.store, self.owner, self._render = store, owner, render
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Draw all open tasks; wait for :attr:`wake` if there are none."""
        while True:
            self.wake.clear()
            try:
                if not await self._draw_next():
                    await self.wake.wait()
            except sqlite3.Error:  # the disk is full or unavailable: the next request wakes the worker
                await self.wake.wait()

    async def _draw_next(self) -> bool:
        """Draw the oldest open task; return False if there is none."""
        row = await to_thread.run_sync(self.store.claim, self.owner)
        if row is None:
            return False
        error = row.error
        if not error and not self.store.clip(row).is_file():
            try:
                async with asyncio.timeout(DEADLINE):
                    error = await self._draw(row)
            except (OSError, TimeoutError) as broken:
                error = f"the demo could not draw this: {broken or f'not ready after {DEADLINE:.0f} s'}"
        await to_thread.run_sync(self.store.finish, row, error)
        return True

    async def _draw(self, row: Row) -> str | None:
        """Draw one clip, record its progress, and return an error message or None."""
        drawn = 0.0

        def report(share: float) -> None:
            nonlocal drawn
            drawn = share

        async def send_heartbeats() -> None:
            while True:
                with contextlib.suppress(sqlite3.Error):  # the next one will do
                    await to_thread.run_sync(self.store.heartbeat, row, self.owner, drawn)
                await asyncio.sleep(HEARTBEAT)

        heartbeats = asyncio.create_task(send_heartbeats())
        # A temporary folder, so that no partial file is left however the process ends.
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=self.store.clips, ignore_cleanup_errors=True) as scratch:
            target = Path(scratch, "clip.mp4")
            job = {"body": row.body, "target": str(target), "uploads": str(self.store.uploads)}
            try:
                error = await self._render(job, report)
            finally:
                heartbeats.cancel()
            if error is None:
                os.replace(target, self.store.clip(row))
            return error
