"""Draws the tasks of a folder, one after the other, each in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from pathlib import Path

from anyio import to_thread

import kling_widgets
from kling_widgets.demo.store import Row, Store

# The package from where it was imported here, and nothing else from that folder or the working one: a notebook's own
# random.py is not to stand in for Python's.
PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); import kling_widgets; del sys.path[0]; "
    "from kling_widgets.demo.render import main; main()"
)
# On Windows the process has no window, and gives way to others; elsewhere it is nice by itself.
FLAGS = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
HEARTBEAT = 0.25  # seconds between two looks at how far the drawing is
DEADLINE = 900.0  # seconds; the longest clip that can be asked takes a fraction of it


class Worker:
    """Takes tasks from the store while :meth:`run` runs."""

    def __init__(self, store: Store, owner: str) -> None:
        self.store, self.owner = store, owner
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Draws whatever is open; sleeps until :attr:`wake` when there is nothing."""
        while True:
            self.wake.clear()
            row = await to_thread.run_sync(self.store.take, self.owner)
            if row is None:
                await self.wake.wait()
                continue
            error = None
            if not self.store.clip(row).is_file():
                error = await self._draw(row)
            await to_thread.run_sync(self.store.finish, row, error)

    async def _draw(self, row: Row) -> str | None:
        """Draws one clip, and says what went wrong, if anything did."""
        root = Path(kling_widgets.__file__).parents[1]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-c", PROGRAM, str(root),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, creationflags=FLAGS,
        )  # fmt: skip
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._follow(process, row)
        except TimeoutError:
            return f"the demo gave up drawing after {DEADLINE:.0f} s"
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _follow(self, process: asyncio.subprocess.Process, row: Row) -> str | None:
        assert process.stdin and process.stdout and process.stderr
        job = {"body": row.body, "target": str(self.store.clip(row)), "uploads": str(self.store.uploads)}
        drawn = 0.0

        async def tell() -> None:
            while True:
                await to_thread.run_sync(self.store.beat, row, self.owner, drawn)
                await asyncio.sleep(HEARTBEAT)

        telling = asyncio.create_task(tell())
        complaint = asyncio.create_task(process.stderr.read())
        try:
            with contextlib.suppress(ConnectionError):  # it has ended already: its last words say why
                process.stdin.write(json.dumps(job).encode())
                await process.stdin.drain()
                process.stdin.close()
            async for line in process.stdout:
                drawn = float(line)
            if await process.wait() == 0:
                return None
            lines = (await complaint).decode(errors="replace").strip().splitlines()
            return f"the demo could not draw this: {lines[-1] if lines else f'exit {process.returncode}'}"
        finally:
            telling.cancel()
            complaint.cancel()
