"""The note on the exception of an interrupted or cancelled call."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from kling_widgets.client.async_client import AsyncClient
from kling_widgets.client.client import Client
from kling_widgets.errors import RateLimitError
from tests.client.conftest import KEY, Maker
from tests.servers import Answer, Asked, FaultServer

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x04\x00\x00\x00\x04\x00\x08\x02\x00\x00\x00" + bytes(5000)
UNSENT = "Nothing was sent, nothing is billed."
SENT = r"The request was sent 20[-\d]{8} [:\d]{8} [+-]\d{4}, and it may have been accepted and billed\. Look into"
KEEPS_RUNNING = r"Task t1 continues, and is billed if it succeeds\. .*wait\('t1'\)"


def notes(error: BaseException | None) -> str:
    """Return the notes of an exception and its causes, as a traceback shows them."""
    found = ""
    while error is not None:
        found += "".join(getattr(error, "__notes__", ()))
        error = error.__cause__ or error.__context__
    return found


class Outside(Exception):
    """An error that a signal handler or a user's callback may raise."""


def raising(error: type[BaseException]) -> Callable[..., Any]:
    """Return a callback that raises."""

    def call(*arguments: object) -> None:
        raise error

    return call


ERRORS = (KeyboardInterrupt, SystemExit, Outside)


@pytest.mark.parametrize("error", ERRORS)
def test_before_it_is_sent(make: Maker, error: type[BaseException]) -> None:
    """While a request waits for its slot, and directly before sending, the note says that nothing was sent."""
    with FaultServer(lambda asked: Answer(body={"id": "t1"})) as server:
        client = make(server.url)
        with pytest.raises(error) as caught:
            client.create({"model": "m"}, before=raising(error))
        assert notes(caught.value) == UNSENT and server.asked == []


@pytest.mark.parametrize("error", ERRORS)
def test_while_a_picture_is_uploaded(make: Maker, error: type[BaseException], tmp_path: Path) -> None:
    """The note says that nothing is billed: uploads cost nothing."""
    (tmp_path / "a.png").write_bytes(PNG)
    with pytest.raises(error) as caught:
        make(answer=raising(error)).submit("2.6", prompt="a boat", image=tmp_path / "a.png")
    assert notes(caught.value) == "Nothing was submitted, nothing is billed."


@pytest.mark.parametrize("error", ERRORS)
def test_between_two_tries(make: Maker, error: type[BaseException]) -> None:
    """Between two attempts nothing is in progress, as the service refused the first one."""
    with FaultServer(lambda asked: Answer(429)) as server:
        reported: list[object] = []

        def on_trouble(received: object) -> None:
            reported.append(received)
            raise error

        with pytest.raises(error) as caught:
            make(server.url).create({"model": "m"}, on_trouble=on_trouble)
        assert notes(caught.value) == UNSENT
        assert isinstance(reported[0], RateLimitError) and len(server.asked) == 1


@pytest.mark.parametrize("error", ERRORS)
def test_while_it_is_sent(make: Maker, error: type[BaseException]) -> None:
    """If the transport does not trace its progress, the request may have been sent."""
    with pytest.raises(error) as caught:
        make(answer=raising(error)).submit("2.6", prompt="a boat")
    assert re.match(SENT, notes(caught.value))


@pytest.mark.parametrize("error", ERRORS)
def test_after_the_service_has_named_the_task(make: Maker, error: type[BaseException]) -> None:
    """Once the task exists, the note contains its id, which is needed to find it again."""
    with FaultServer(lambda asked: Answer(body={"id": "t1", "status": "processing"})) as server:
        client = make(server.url)
        for call in (
            lambda: client.generate("2.6", prompt="a boat", on_update=raising(error)),
            lambda: client.wait("t1", on_update=raising(error)),
        ):
            with pytest.raises(error) as caught:
                call()
            assert re.match(KEEPS_RUNNING, notes(caught.value))


def test_our_own_errors_have_no_note(make: Maker) -> None:
    """Our own errors get no note, as their message says what is billed."""
    with FaultServer(lambda asked: Answer(401)) as server, pytest.raises(Exception) as caught:
        make(server.url).create({"model": "m"})
    assert notes(caught.value) == ""


# --- from outside, over real connections ----------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("stage", ["head", "body"])
def test_ctrl_c(stage: str) -> None:
    """Ctrl-C interrupts a blocking client before and during the answer."""

    async def interrupt() -> None:
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
        await asyncio.Event().wait()

    async def answer(asked: Asked) -> Answer:
        if stage == "head":
            await interrupt()
        return Answer(body={"id": "t1"}, halfway=interrupt)

    with FaultServer(answer) as server, Client(KEY, server.url) as client:
        with pytest.raises(KeyboardInterrupt) as caught:
            client.submit("2.6", prompt="a boat")
        assert re.match(SENT, notes(caught.value)) and server.url in notes(caught.value)


async def by_cancel(work: Awaitable[Any], moment: asyncio.Event) -> None:
    """Cancel the work as a task."""
    task = asyncio.ensure_future(work)
    await moment.wait()
    task.cancel()
    await task


async def by_wait_for(work: Awaitable[Any], moment: asyncio.Event) -> None:
    """Cancel an ``asyncio.wait_for`` of the work."""
    await by_cancel(asyncio.wait_for(work, 300), moment)


async def by_timeout(work: Awaitable[Any], moment: asyncio.Event) -> None:
    """Run the work in an ``asyncio.timeout`` that expires."""

    async def come(limit: asyncio.Timeout) -> None:
        await moment.wait()
        limit.reschedule(0)

    async with asyncio.timeout(None) as limit:
        coming = asyncio.create_task(come(limit))
        await work
        await coming


async def by_group(work: Awaitable[Any], moment: asyncio.Event) -> None:
    """Cancel an ``asyncio.gather`` of the work."""
    await by_cancel(asyncio.gather(work), moment)


OF_ITS_OWN = "before Python 3.12 a cancelled wait_for raises an exception of its own, and drops the one from within"
WAYS = [
    by_cancel,
    by_timeout,
    by_group,
    pytest.param(by_wait_for, marks=pytest.mark.skipif(sys.version_info < (3, 12), reason=OF_ITS_OWN)),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stage", ["head", "body", "watching"])
def test_a_cancelled_call(stage: str, way: Callable[..., Awaitable[None]]) -> None:
    """For each way to cancel, the exception or its cause has the note."""

    async def main() -> BaseException:
        loop, moment = asyncio.get_running_loop(), asyncio.Event()

        async def stay() -> None:
            loop.call_soon_threadsafe(moment.set)
            await asyncio.Event().wait()

        async def answer(asked: Asked) -> Answer:
            if stage == "head" or asked.method == "GET":
                await stay()
            return Answer(body={"id": "t1"}, halfway=stay if stage == "body" else None)

        with FaultServer(answer) as server:
            async with AsyncClient(KEY, server.url, sleep=lambda seconds: asyncio.sleep(0)) as client:
                work = client.generate("2.6", prompt="a boat")
                try:
                    await way(work, moment)
                except (asyncio.CancelledError, TimeoutError) as error:
                    return error
        raise AssertionError("it was not cancelled")

    error = asyncio.run(main())
    assert re.match(KEEPS_RUNNING if stage == "watching" else SENT, notes(error)), notes(error)


def test_a_limit_that_is_over_in_any_moment() -> None:
    """At whatever moment a timeout expires, a request that the service has received is never called unsent."""

    async def main(url: str, step: int) -> BaseException:
        async with AsyncClient(KEY, url, budget=1_000_000) as client:
            try:
                await asyncio.wait_for(client.create({"model": f"m{step}"}), step / 2000)
            except (asyncio.CancelledError, TimeoutError) as error:
                return error
        raise AssertionError("nobody answers")

    with FaultServer(lambda asked: Answer(fault="stall")) as server:
        said = {f"m{step}": notes(asyncio.run(main(server.url, step))) for step in range(1, 25)}
        seen = {asked.json()["model"] for asked in server.asked}  # by model, as a request may arrive late
    for model, words in said.items():
        assert re.match(SENT, words) or (words == UNSENT and model not in seen), words


@pytest.mark.skipif(sys.platform != "linux", reason="a queue of connections that is full is Linux's")
def test_while_it_connects() -> None:
    """While connecting, nothing was sent."""

    async def main(url: str) -> BaseException:
        async with AsyncClient(KEY, url) as client:
            try:
                await asyncio.wait_for(client.create({"model": "m"}), 0.3)
            except TimeoutError as error:
                return error
        raise AssertionError("nobody takes the connection")

    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        place = server.getsockname()
        waiting = []
        for _ in range(3):  # more connections than the backlog are not even accepted
            waiting.append(connection := socket.socket())
            connection.setblocking(False)
            connection.connect_ex(place)
        assert notes(asyncio.run(main(f"http://127.0.0.1:{place[1]}"))) == UNSENT
        for connection in waiting:
            connection.close()
