"""Draws the tasks of a folder, one after the other, each in a process of its own."""

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

# The package from where it was imported here, and nothing else from that folder or the working one: a notebook's own
# random.py is not to stand in for Python's.
PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); import kling_widgets; del sys.path[0]; "
    "from kling_widgets.demo.render import main; main()"
)
# On Windows the process has no window, gives way to others (elsewhere it is nice by itself), and is in a group of its
# own, see below.
FLAGS = (
    getattr(subprocess, "CREATE_NO_WINDOW", 0)
    | getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
    | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
)
HEARTBEAT = 0.25  # seconds between two notes of how far the drawing is
DEADLINE = 900.0  # seconds; the longest clip that can be asked takes a fraction of it


# Draws a job (see ``render.main``), says from time to time which share of it is done, and returns what went wrong, if
# anything did.
Render: TypeAlias = Callable[[Mapping[str, Any], Callable[[float], None]], Awaitable[str | None]]


async def in_a_process(job: Mapping[str, Any], report: Callable[[float], None]) -> str | None:
    """Draws a job in a process of its own: as :data:`Render`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", PROGRAM, str(Path(__file__).parents[2])),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        creationflags=FLAGS,
        process_group=0,  # Jupyter interrupts the kernel's whole group: the drawing must go on
    )
    assert process.stdin and process.stdout and process.stderr
    complaint = asyncio.create_task(process.stderr.read())
    try:
        with contextlib.suppress(ConnectionError):  # it has ended already: its last words say why
            process.stdin.write(json.dumps(job).encode())
            await process.stdin.drain()
            process.stdin.close()
        async for line in process.stdout:
            with contextlib.suppress(ValueError):  # a line of somebody else's, from a .pth file for instance
                report(float(line))
        if await process.wait() == 0:
            return None
        lines = (await complaint).decode(errors="replace").strip().splitlines()
        return f"the demo could not draw this: {lines[-1] if lines else f'exit {process.returncode}'}"
    finally:
        complaint.cancel()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class Worker:
    """Takes tasks from the store while :meth:`run` runs.

    Args:
        store: the folder.
        owner: a name that no other worker on the folder has.
        render: draws a clip.
    """

    def __init__(self, store: Store, owner: str, render: Render = in_a_process) -> None:
        self.store, self.owner, self._render = store, owner, render
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Draws whatever is open; sleeps until :attr:`wake` when there is nothing."""
        while True:
            self.wake.clear()
            try:
                if not await self._one():
                    await self.wake.wait()
            except sqlite3.Error:  # the disk is full, or gone for a moment: whoever asks next wakes us
                await self.wake.wait()

    async def _one(self) -> bool:
        """Draws the oldest open task; False when there is none."""
        row = await to_thread.run_sync(self.store.take, self.owner)
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
        """Draws one clip, notes how far it is, and says what went wrong, if anything did."""
        drawn = 0.0

        def report(share: float) -> None:
            nonlocal drawn
            drawn = share

        async def note() -> None:
            while True:
                with contextlib.suppress(sqlite3.Error):  # the next note will do
                    await to_thread.run_sync(self.store.beat, row, self.owner, drawn)
                await asyncio.sleep(HEARTBEAT)

        noting = asyncio.create_task(note())
        # A folder of its own, so that nothing half-written is left whichever way the process ends.
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=self.store.clips, ignore_cleanup_errors=True) as scratch:
            target = Path(scratch, "clip.mp4")
            job = {"body": row.body, "target": str(target), "uploads": str(self.store.uploads)}
            try:
                complaint = await self._render(job, report)
            finally:
                noting.cancel()
            if complaint is None:
                os.replace(target, self.store.clip(row))
            return complaint
