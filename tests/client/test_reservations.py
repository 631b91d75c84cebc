"""The create call within a spending budget: reserved before it is sent, settled at the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from kling_widgets.client.async_client import AsyncClient
from kling_widgets.client.client import Client
from kling_widgets.errors import AuthenticationError, KlingError, SubmissionUnknownError
from tests.client.conftest import KEY, Maker

BASE = "https://api.crazyrouter.com"
BODY = {"model": "aigc-video-kling-2.6", "prompt": "a boat", "seconds": "5"}


class Book:
    """Allows submissions, and records the calls."""

    def __init__(self, answer: KlingError | None = None) -> None:
        self.answer, self.calls = answer, []  # type: KlingError | None, list[Any]
        self.asked, self.proceed = threading.Event(), threading.Event()
        self.proceed.set()

    def __call__(self, service: str, body: Mapping[str, Any]) -> Book:
        self.calls.append((service, dict(body)))
        self.asked.set()
        assert self.proceed.wait(60)
        if self.answer is not None:
            raise self.answer
        return self

    def accepted(self, task_id: str) -> None:
        self.calls.append(f"accepted {task_id}")

    def refused(self, error: str) -> None:
        self.calls.append("refused")

    def unknown(self, error: str) -> None:
        self.calls.append("unknown")


@pytest.fixture
def book() -> Iterator[Book]:
    """Install a book that both clients use."""
    book = Book()
    Client.reserve = AsyncClient.reserve = book
    yield book
    Client.reserve = AsyncClient.reserve = None


def accepted(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"task_id": "t-1"})


def test_a_submission_is_reserved_and_reported(make: Maker, book: Book) -> None:
    """``submit`` and ``create`` reserve with address and body, and report the task."""
    client = make(answer=accepted)
    assert client.create(BODY).id == "t-1"
    assert client.submit("2.6", prompt="a boat").id == "t-1"
    assert book.calls[:2] == [(BASE, BODY), "accepted t-1"]
    assert len(book.calls) == 4


def test_a_refused_reservation_is_not_sent(make: Maker, book: Book) -> None:
    """A refused reservation raises its error; nothing is sent, and nothing more is reported."""
    book.answer, posts = KlingError("enough"), []
    client = make(answer=lambda request: posts.append(request) or accepted(request))  # type: ignore[func-returns-value]
    with pytest.raises(KlingError, match="enough"):
        client.create(BODY)
    assert (posts, len(book.calls)) == ([], 1)


@pytest.mark.parametrize(
    ("status", "error", "reported"),
    [(401, AuthenticationError, "refused"), (500, SubmissionUnknownError, "unknown")],
)
def test_the_end_is_reported(status: int, error: type[KlingError], reported: str, make: Maker, book: Book) -> None:
    """The end is reported: nothing was accepted, or it may have been."""
    client = make(answer=lambda request: httpx.Response(status, json={"error": {"message": "no"}}))
    with pytest.raises(error):
        client.create(BODY)
    assert book.calls[1:] == [reported]


def test_a_busy_service_is_one_submission(make: Maker, book: Book) -> None:
    """A submission is reserved once, however often it is tried."""
    answers = iter([httpx.Response(429), httpx.Response(429), httpx.Response(200, json={"task_id": "t-1"})])
    assert make(answer=lambda request: next(answers)).create(BODY).id == "t-1"
    assert book.calls[1:] == ["accepted t-1"]


def test_before_is_still_called(make: Maker, book: Book) -> None:
    """``before`` is called directly before each attempt, and its error prevents sending."""
    called = []
    client = make(answer=accepted)

    def before() -> Any:
        called.append(1)
        return asyncio.sleep(0) if client.is_async else None

    client.create(BODY, before=before)
    assert called == [1]
    with pytest.raises(KlingError, match="stop"):
        client.create(BODY, before=lambda: (_ for _ in ()).throw(KlingError("stop")))


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_after_it_was_sent_may_be_billed(interrupt: type[BaseException], book: Book) -> None:
    """An interrupted submission counts if it was sent, else not."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise interrupt

    with Client(KEY, transport=httpx.MockTransport(answer)) as client, pytest.raises(interrupt):
        client.create(BODY)
    assert book.calls[1:] == ["unknown"]


def test_an_interrupt_between_two_tries_does_not_count(book: Book) -> None:
    """An interrupt between two attempts does not count: the service refused the first one."""

    def sleep(seconds: float) -> None:
        raise KeyboardInterrupt

    busy = httpx.MockTransport(lambda request: httpx.Response(429))
    with Client(KEY, transport=busy, sleep=sleep) as client, pytest.raises(KeyboardInterrupt):
        client.create(BODY)
    assert book.calls[1:] == ["refused"]


async def _cancelled_while_sending(book: Book) -> None:
    sent = asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        sent.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with AsyncClient(KEY, transport=httpx.MockTransport(answer)) as client:
        task = asyncio.create_task(client.create(BODY))
        await sent.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def _cancelled_while_asking(book: Book) -> None:
    book.proceed.clear()
    book.asked.clear()
    async with AsyncClient(KEY, transport=httpx.MockTransport(accepted)) as client:
        task = asyncio.create_task(client.create(BODY))
        assert await asyncio.to_thread(book.asked.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        book.proceed.set()


def test_a_cancelled_call_is_reported(book: Book) -> None:
    """A call cancelled while sending may be billed.

    One cancelled while reserving was not sent, and does not stay counted.
    """
    asyncio.run(_cancelled_while_sending(book))
    assert book.calls[1:] == ["unknown"]
    book.calls.clear()
    asyncio.run(_cancelled_while_asking(book))  # run() waits for the thread
    assert book.calls[1:] == ["refused"]
