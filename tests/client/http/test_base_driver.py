"""Both drivers release slots, connections and threads in all cases."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from kling_widgets.client.async_client import AsyncClient
from kling_widgets.client.client import Client
from kling_widgets.client.http.transport import DOWNLOADS, REQUESTS
from kling_widgets.client.rate_limit import RateLimiter, Ticket
from kling_widgets.client.steps import LARGEST_REPLY, Work
from kling_widgets.core.task import Task
from kling_widgets.errors import ConnectionFailedError, KlingError, ServerError, SubmissionUnknownError
from tests.client.conftest import KEY, MP4, Maker, Time
from tests.patience import AsyncPatient, Patient
from tests.servers import Answer, Asked, FaultServer

RUNNING = {"code": "success", "data": {"task_id": "t", "status": "processing"}}


def test_an_endless_answer_is_not_read_to_its_end(make: Maker) -> None:
    """Reading stops at a size that no valid answer has, also for compressed answers."""
    bomb = gzip.compress(b'{"x": "' + b"0" * (3 * LARGEST_REPLY) + b'"}')
    packed = Answer(body=bomb, headers={"Content-Encoding": "gzip"})
    with FaultServer(lambda asked: packed) as server, pytest.raises(ServerError, match="cannot be read"):
        make(server.url).get("t")


def test_an_endless_slow_answer_ends(make: Maker, time: Time) -> None:
    """The whole answer has a time limit, as the read timeout restarts with each chunk."""

    class Drip(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):  # type: ignore[no-untyped-def]
            while True:
                time.now += 20
                yield b" "

        async def __aiter__(self):  # type: ignore[no-untyped-def]
            for piece in self:
                yield piece

    with pytest.raises(ConnectionFailedError, match="no answer in time"):
        make(answer=lambda request: httpx.Response(200, stream=Drip())).get("t")


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("fault", ["header", "continue"])
def test_an_endless_response_head_ends(fault: Any, used: bool, make: Maker) -> None:
    """An endless response head ends in an error, on new and used connections.

    The request is not sent again, as a task may exist.
    """

    def answer(asked: Asked) -> Answer:
        return Answer(fault=fault) if asked.method == "POST" else Answer(body=RUNNING)

    with FaultServer(answer) as server:
        ways: Any = AsyncPatient if make(server.url).is_async else Patient
        client = make(server.url, timeout=0.2, transport=ways(lambda request: request.method == "POST"))
        if used:
            client.get("t")
        with pytest.raises(SubmissionUnknownError, match="no answer in time"):
            client.create({"model": "m"})
        server.wait_for(1 + used)
        assert [asked.method for asked in server.asked].count("POST") == 1
        assert client.get("t").status == "running"


@pytest.mark.parametrize(("key", "shown"), [("demo", True), (KEY, False)])
def test_a_key_in_an_answer_is_removed(key: str, shown: bool) -> None:
    """A key in an answer is removed, unless it is as short as the demo's, which is no secret."""
    body = {"code": "success", "data": {"status": "success", "url": f"https://m.example/{key}/a.mp4"}}
    with Client(key, transport=httpx.MockTransport(lambda request: httpx.Response(200, json=body))) as client:
        assert (key in (client.get("t").url or "")) is shown


@pytest.mark.parametrize(
    "answer",
    [
        Answer(401, headers={"X-Oneapi-Request-Id": KEY}),
        Answer(307, headers={"Location": f"ftp://m.example/{KEY}"}),
        Answer(raw=f"{KEY} is no status line\r\n\r\n".encode()),
        Answer(raw=f"HTTP/1.1 200 OK\r\n{KEY} is no header\r\n\r\n".encode()),
        Answer(403, {"error": {"message": f"not for {KEY}"}}),
    ],
)
def test_a_key_in_a_response_head_is_removed(make: Maker, answer: Answer, tmp_path: Path) -> None:
    """A key is removed from headers, from unparsable answers, and from the error of a download."""
    with FaultServer(lambda asked: answer) as server:
        client = make(server.url)
        for work in (lambda: client.get("t"), lambda: client.download("t", tmp_path / "a.mp4"), client.available):
            with pytest.raises(KlingError) as caught:
                work()
            assert KEY not in f"{caught.value} {vars(caught.value)} {caught.value.__cause__!r}"
        done = Task("t", status="succeeded", url=f"{server.url}/a.mp4")
        with pytest.raises(KlingError) as caught:
            client.download(done, tmp_path / "a.mp4")
        assert KEY not in f"{caught.value} {vars(caught.value)} {caught.value.__cause__!r}"


def test_an_answer_with_invalid_compression_is_an_error(make: Maker) -> None:
    """An answer with invalid compression is requested again, and then an error."""
    with FaultServer(lambda asked: Answer(body=b"no gzip", headers={"Content-Encoding": "gzip"})) as server:
        with pytest.raises(ConnectionFailedError):
            make(server.url).get("t")
        assert len(server.asked) > 1


def test_an_error_in_the_work_reaches_the_protocol(make: Maker) -> None:
    """An error of file work is raised in the protocol, which turns it into one line."""
    heard: list[OSError] = []

    def fail() -> None:
        raise OSError(28, "No space left on device")

    def steps():  # type: ignore[no-untyped-def]
        try:
            yield Work(fail)
        except OSError as error:
            heard.append(error)
        return (yield Work(lambda: threading.current_thread()))

    client = make(answer=lambda request: httpx.Response(200))
    worker = client._take(client.client._driver.run(steps())) if client.is_async else client._driver.run(steps())
    assert len(heard) == 1
    assert (worker is threading.main_thread()) is not client.is_async  # file work never blocks the loop


def test_connections_are_kept_and_used_again(make: Maker) -> None:
    """Polls reuse connections, and half-read bodies release their slot."""
    with FaultServer(lambda asked: Answer(body=RUNNING)) as server:
        client = make(server.url)
        for _ in range(5):
            client.get("t")
        assert server.connections == 1


def test_many_tasks_at_once() -> None:
    """Three hundred waits on one client all end, and never have more requests in flight than there are slots."""
    numbers, flying = iter(range(10_000)), [0]

    async def answer(asked: Asked) -> Answer:
        flying.append(flying[-1] + 1)
        await asyncio.sleep(0)
        flying.append(flying[-1] - 1)
        return Answer(body={"id": f"t{next(numbers)}"})

    async def main(url: str) -> int:
        async with AsyncClient(KEY, url, budget=1_000_000) as client:
            tasks = await asyncio.gather(*(client.create({"model": "m"}) for _ in range(300)))
            before = server.connections
            await asyncio.gather(*(client.get(task.id) for task in tasks))
            assert server.connections - before <= REQUESTS
            return len({task.id for task in tasks})

    with FaultServer(answer) as server:
        assert asyncio.run(main(server.url)) == 300
        assert max(flying) <= REQUESTS


def test_one_client_serves_many_threads() -> None:
    """Several threads can use one client."""
    with (
        FaultServer(lambda asked: Answer(body=RUNNING)) as server,
        Client(KEY, server.url, budget=RateLimiter(1_000_000)) as client,
        ThreadPoolExecutor(16) as threads,
    ):
        assert {task.status for task in threads.map(lambda at: client.get(f"t{at}"), range(100))} == {"running"}


def test_a_cancelled_wait_releases_its_slot() -> None:
    """A wait cancelled during a request or a pause releases its slot, and the client still works."""

    async def main(url: str) -> None:
        async with AsyncClient(KEY, url, budget=RateLimiter(1_000_000)) as client:
            waits = [asyncio.create_task(client.wait("t")) for _ in range(150)]
            await asyncio.to_thread(server.wait_for, REQUESTS)  # one for each slot
            for wait in waits:
                wait.cancel()
            assert all(
                isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*waits, return_exceptions=True)
            )
            answering.set()
            assert (await client.get("t")).status == "running"

    answering = threading.Event()
    with FaultServer(lambda asked: Answer(body=RUNNING) if answering.is_set() else Answer(fault="stall")) as server:
        asyncio.run(main(server.url))


def test_downloads_do_not_block_polls(tmp_path: Path) -> None:
    """Slow downloads do not take the slots of other requests, and waiting downloads hold no open file."""

    def drafts() -> list[Path]:
        return list(tmp_path.glob(".kling-*"))

    async def main(url: str) -> None:
        async with AsyncClient(KEY, url, budget=RateLimiter(1_000_000)) as client:
            fetches = [
                asyncio.create_task(client.download(f"{url}/{at}.mp4", tmp_path / f"{at}.mp4")) for at in range(100)
            ]
            await asyncio.to_thread(server.wait_for, DOWNLOADS)
            assert (await client.get("t")).status == "running"
            assert len(drafts()) <= DOWNLOADS
            for each in fetches:
                each.cancel()
            await asyncio.gather(*fetches, return_exceptions=True)

    with FaultServer(
        lambda asked: Answer(body=MP4, cut=5000, end="stall") if asked.path.endswith(".mp4") else Answer(body=RUNNING)
    ) as server:
        asyncio.run(main(server.url))
    assert drafts() == []


def test_cancelled_waits_leave_the_queue() -> None:
    """Cancelled requests leave the queue of the rate limiter."""

    async def main() -> float:
        budget, answer = RateLimiter(0.01), httpx.Response(200, json=RUNNING)
        async with AsyncClient(
            KEY, budget=budget, clock=lambda: 0.0, transport=httpx.MockTransport(lambda _: answer)
        ) as client:
            gets = [asyncio.create_task(client.get("t")) for _ in range(50)]
            await gets[0]
            for get in gets:
                get.cancel()
            await asyncio.gather(*gets, return_exceptions=True)
        return budget.try_acquire(Ticket(), 100.0)

    assert asyncio.run(main()) == 0


def test_a_cancelled_download_leaves_nothing(tmp_path: Path) -> None:
    """A cancelled download removes its temporary file."""

    async def main(url: str) -> None:
        async with AsyncClient(KEY, url) as client:
            begun = asyncio.Event()
            wait = asyncio.create_task(
                client.download(f"{url}/a.mp4", tmp_path / "a.mp4", on_progress=lambda *at: begun.set())
            )
            await asyncio.wait_for(begun.wait(), 60)
            wait.cancel()
            with pytest.raises(asyncio.CancelledError):
                await wait

    with FaultServer(lambda asked: Answer(body=MP4 * 2000)) as server:
        asyncio.run(main(server.url))
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


def test_using_a_closed_client_is_an_error(make: Maker) -> None:
    """Using a closed client is an error without further attempts."""
    client = make(answer=lambda request: httpx.Response(200))
    client.close()
    with pytest.raises((KlingError, RuntimeError)):
        client.get("t")


def test_before_is_called_once_a_slot_is_free() -> None:
    """``before`` is called once a slot is free, so that a waiting submission can still be cancelled."""

    async def main(url: str) -> list[str]:
        async with AsyncClient(KEY, url, budget=RateLimiter(1_000_000)) as client:
            called: list[str] = []

            async def before() -> None:
                called.append("before")
                raise ZeroDivisionError

            gets = [asyncio.create_task(client.get("t")) for _ in range(REQUESTS)]
            await asyncio.to_thread(server.wait_for, REQUESTS)  # all slots are in use
            create = asyncio.create_task(client.create({"model": "m"}, before=before))
            while not client._driver.slots._waiters:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0)
            called.append("free")
            gets[0].cancel()
            with pytest.raises(ZeroDivisionError):
                await create
            for get in gets:
                get.cancel()
            await asyncio.gather(*gets, return_exceptions=True)
            return called

    with FaultServer(lambda asked: Answer(fault="stall")) as server:
        assert asyncio.run(main(server.url)) == ["free", "before"]
        assert {asked.method for asked in server.asked} == {"GET"}


def test_an_error_of_before_prevents_sending() -> None:
    """``before`` is called for each attempt; its error is raised, and nothing is sent."""
    with FaultServer(lambda asked: Answer(429, headers={"Retry-After": "0"})) as server:
        calls = iter([None, ZeroDivisionError()])

        def before() -> None:
            if error := next(calls):
                raise error

        with (
            Client(KEY, server.url, budget=RateLimiter(1_000_000), sleep=lambda seconds: None) as client,
            pytest.raises(ZeroDivisionError),
        ):
            client.create({"model": "m"}, before=before)
        assert len(server.asked) == 1


# --- answers that nobody asked for ----------------------------------------------------------------------------------


def unasked(body: object) -> bytes:
    """Return a complete HTTP response as bytes."""
    content = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)


def tasks(asked: Asked) -> Answer:
    """An upstream that answers each request twice: correctly, and with the answer for another task."""
    named = asked.path.rpartition("/")[2] if asked.method == "GET" else asked.json()["prompt"]
    row = {"task_id": named, "status": "processing"}
    return Answer(body={"code": "success", "data": row}, behind=unasked({"code": "success", "data": row}))


def stray(asked: Asked) -> Answer:
    """The same, with a second answer that belongs to no request."""
    row = {"task_id": "stray", "status": "success", "url": "https://media.example/of-somebody-else.mp4"}
    return dataclasses.replace(tasks(asked), behind=unasked({"code": "success", "data": row}))


@pytest.mark.parametrize("answer", [tasks, stray])
@pytest.mark.parametrize("order", ["PPP", "GPPG", "PGPG", "GGPPP"])
def test_a_second_answer_is_not_taken_for_that_to_the_next_submission(
    make: Maker, order: str, answer: Callable[[Asked], Answer]
) -> None:
    """Each submission gets its own task's id, whatever the previous request left on its connection."""
    with FaultServer(answer) as server:
        client = make(server.url)
        for number, method in enumerate(order):
            if method == "P":
                assert client.create({"model": "m", "prompt": f"task{number}"}).id == f"task{number}"
            else:
                client.get("looked-at")


def test_a_second_answer_is_not_taken_for_that_of_another_task(make: Maker) -> None:
    """A surplus answer on a connection does not give one task the video of another."""

    def answer(asked: Asked) -> Answer:
        found = tasks(asked)
        done = {"status": "success", "url": f"https://media.example/{found.body['data']['task_id']}.mp4"}
        found.body["data"] |= done
        return found if len(server.asked) > 1 else dataclasses.replace(found, behind=unasked(found.body))

    with FaultServer(answer) as server:
        client = make(server.url)
        for name in ("a", "b", "a", "b", "b", "a", "c"):
            task = client.get(name)
            assert (task.id, task.url) == (name, f"https://media.example/{name}.mp4")


def test_a_submission_uses_a_new_connection(make: Maker) -> None:
    """A submission never uses a kept connection, which may close just when it is used."""
    with FaultServer(tasks) as server:
        client = make(server.url)
        client.get("a")
        before = server.connections
        client.create({"model": "m", "prompt": "b"})
        client.create({"model": "m", "prompt": "c"})
        assert server.connections == before + 2
        assert [asked.headers.get("connection") for asked in server.asked] == ["keep-alive", "close", "close"]
