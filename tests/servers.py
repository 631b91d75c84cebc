"""A server on loopback with programmable answers and faults, for behaviour that only a real connection shows."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

_PICTURES = bytes(range(256)) * 40
# A video for tests that count bytes: its first bytes, an index without tracks, and data.
MP4 = (
    b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2\x00\x00\x00\x08moov"
    + struct.pack(">I4s", 8 + len(_PICTURES), b"mdat")
    + _PICTURES
)


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """An answer to a request.

    Attributes:
        body: bytes or text as they are, None as no bytes, everything else as JSON.
        fault: "reset" and "close" end the connection without an answer; "stall" keeps it open without one, until the
            server stops.
        cut: how many bytes of the body are really sent before the connection is closed; all by default.
        coded: how the end of the body is marked: by its "length", in "chunks", or by the "close" of the connection.
        halfway: awaited when half of the body is sent.
        behind: bytes that follow the answer in the same write, although nobody requested them.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Literal["", "reset", "close", "stall", "drip", "header", "headers", "continue"] = ""
    cut: int | None = None
    end: Literal["close", "reset", "stall"] = "close"
    coded: Literal["length", "chunks", "close"] = "length"
    raw: bytes | None = None
    halfway: Callable[[], Awaitable[object]] | None = None
    behind: bytes = b""

    def content(self) -> bytes:
        match self.body:
            case None:
                return b""
            case bytes():
                return self.body
            case str():
                return self.body.encode()
        return json.dumps(self.body).encode()


class FaultServer:
    """Serve on 127.0.0.1 in its own thread within a ``with`` block.

    Args:
        answer: called in that thread with each request; may be a coroutine, which can answer late. An exception in it
            becomes an HTTP 500 that names it.

    Attributes:
        asked: the requests so far.
        connections: number of connections so far.
        url: the address, without a slash at its end.
    """

    def __init__(self, answer: Callable[[Asked], Answer | Awaitable[Answer]]) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.url = ""
        self._answer = answer
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, name="fault-server", daemon=True)

    def wait_for(self, count: int, deadline: float = 60.0) -> None:
        """Wait until this many requests have arrived."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.asked) >= count, deadline):
                raise AssertionError(f"{len(self.asked)} requests came, not {count}")

    def refuse(self) -> None:
        """Close all connections and refuse new ones, until ``listen``."""
        asyncio.run_coroutine_threadsafe(self._refuse(), self._loop).result(60)

    def listen(self) -> None:
        """Accept connections again, at the same address."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(60)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        await self._listen()
        self._ready.set()
        await self._stop.wait()
        if self._server is not None:
            self._server.close()

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._connection, "127.0.0.1", self._port, limit=2**20)
            self._port = self._server.sockets[0].getsockname()[1]
            self.url = f"http://127.0.0.1:{self._port}"

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._writers):
            _reset(writer)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.connections += 1
        try:
            while asked := await _read(reader):
                with self._arrived:
                    self.asked.append(asked)
                    self._arrived.notify_all()
                try:
                    told = self._answer(asked)
                    answer = await told if inspect.isawaitable(told) else told
                except Exception as error:  # noqa: BLE001 - the test sees it as the answer to its request
                    answer = Answer(500, f"the test's own answer failed: {error!r}")
                if not await self._send(writer, answer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client closed the connection, or the server stops
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter, answer: Answer) -> bool:
        """Send an answer; return whether the connection stays open."""
        if answer.raw is not None:
            writer.write(answer.raw)
            await writer.drain()
            return False
        if answer.fault:
            return await self._fail(writer, answer.fault)
        content = answer.content()
        sent = content if answer.cut is None else content[: answer.cut]
        lines = [f"HTTP/1.1 {answer.status} as told", *(f"{name}: {value}" for name, value in answer.headers.items())]
        lines += {
            "length": [f"Content-Length: {len(content)}"],
            "chunks": ["Transfer-Encoding: chunked"],
            "close": ["Connection: close"],
        }[answer.coded]
        if answer.coded == "chunks" and sent:
            sent = f"{len(sent):x}\r\n".encode() + sent + b"\r\n"
        if answer.coded == "chunks" and answer.cut is None:
            sent += b"0\r\n\r\n"
        head, half = "\r\n".join([*lines, "", ""]).encode(), len(sent) // 2
        if answer.halfway is not None:
            writer.write(head + sent[:half])
            await writer.drain()
            await answer.halfway()
            head, sent = b"", sent[half:]
        writer.write(head + sent + answer.behind)
        await writer.drain()
        if answer.cut is not None and answer.end != "close":
            return await self._fail(writer, answer.end)
        return answer.cut is None and answer.coded != "close"

    async def _fail(self, writer: asyncio.StreamWriter, fault: str) -> bool:
        if fault == "stall":
            await self._stop.wait()
        elif fault == "reset":
            _reset(writer)
        elif fault in _ENDLESS:
            start, piece = _ENDLESS[fault]
            writer.write(start)
            while not self._stop.is_set():
                writer.write(piece)
                await writer.drain()
                with contextlib.suppress(TimeoutError):  # send a byte now and then: only the client's timeout counts
                    await asyncio.wait_for(self._stop.wait(), 0.002)
        return False


_ENDLESS = {
    "drip": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{", b" "),
    "header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"a"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n" * 1000),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


def _reset(writer: asyncio.StreamWriter) -> None:
    # Linger for 0 s: the connection is reset instead of closed normally.
    with contextlib.suppress(OSError):  # the client was faster
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, path, headers, body)
