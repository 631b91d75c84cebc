"""A slow link to a server on this machine: websocket traffic is delayed, as from a distant hub."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class SlowLink:
    """A proxy on loopback in its own thread, for a ``with`` block. Plain HTTP is not delayed.

    Args:
        port: of the server on this machine.
        delay: seconds in each direction for all websocket traffic; order and speed do not change.

    Attributes:
        url: its address, without a trailing slash.
        received: bytes that browsers have received over websockets so far.
    """

    def __init__(self, port: int, delay: float) -> None:
        self.url, self.received = "", 0
        self._port, self._delay = port, delay
        self._loop = asyncio.new_event_loop()
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="slow-link", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, limit=2**20)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            socket = b"upgrade: websocket" in head.lower()  # a browser opens a separate connection for it
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
            delay = self._delay if socket else 0.0
            self._later(delay, back.write, head)
            await asyncio.gather(self._carry(reader, back, delay), self._carry(there, writer, delay, count=socket))

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float, *, count: bool = False
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(2**16):
                self.received += len(piece) if count else 0
                self._later(delay, writer.write, piece)
        self._later(delay, writer.close)

    def _later(self, delay: float, act: Callable[..., object], *arguments: object) -> None:
        if delay:
            self._loop.call_later(delay, act, *arguments)
        else:
            act(*arguments)
