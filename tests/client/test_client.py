"""Both clients: the same methods and arguments, and the whole way from a request to a file."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import logging
import pickle
import threading
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from kling_widgets.client.async_client import AsyncClient
from kling_widgets.client.client import Client
from kling_widgets.client.rate_limit import RateLimiter
from kling_widgets.core.task import Task
from kling_widgets.errors import (
    APIError,
    AuthenticationError,
    ConnectionFailedError,
    InvalidRequestError,
    KlingError,
    MissingKeyError,
    PermissionDeniedError,
    RateLimitError,
    SubmissionUnknownError,
    TaskFailedError,
    TaskNotFoundError,
    VideoMissingError,
    WaitTimeoutError,
)
from kling_widgets.request.request import VideoRequest
from tests.client.conftest import KEY, MP4, Maker, Time
from tests.servers import Answer, Asked, FaultServer

QUERY = "/v1/video/generations/t1"
CREATE = "/v1/video/generations"


def row(status: str, **more: Any) -> dict[str, Any]:
    return {"code": "success", "data": {"task_id": "t1", "status": status, **more}}


def public(kind: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(member)
        for name, member in vars(kind).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }


def test_both_clients_have_the_same_methods_with_the_same_arguments() -> None:
    """Code for one client works with the other after adding ``await``."""
    assert public(Client) == public(AsyncClient)
    assert list(public(Client)) == list(public(AsyncClient))
    own, other = (inspect.signature(kind.__init__).parameters for kind in (Client, AsyncClient))
    assert [(p.name, p.kind) for p in own.values()] == [(p.name, p.kind) for p in other.values()]


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_every_public_method_is_documented(kind: type) -> None:
    """Every public method has a docstring."""
    assert not [name for name in public(kind) if not inspect.getdoc(getattr(kind, name))]


def test_generate_and_download_give_a_file(make: Maker, tmp_path: Path) -> None:
    """A model and a prompt become a complete file: submit, wait, download."""
    states = iter([row("queued"), row("processing", progress="42%")])

    def answer(asked: Asked) -> Answer:
        if asked.path == CREATE:
            return Answer(body={"id": "t1", "task_id": "t1", "status": "", "progress": 0})
        if asked.path == "/clip.mp4":
            return Answer(body=MP4)
        return Answer(body=next(states, row("SUCCESS", url=f"{server.url}/clip.mp4")))

    with FaultServer(answer) as server:
        client = make(server.url)
        seen: list[Task] = []
        task = client.generate("2.6", prompt="a paper boat", seconds=5, on_update=seen.append)
        assert [each.status for each in seen] == ["queued", "running", "succeeded"]
        steps: list[tuple[int, int | None]] = []
        path = client.download(task, tmp_path / "new" / "clip.mp4", on_progress=lambda *at: steps.append(at))
        assert path.read_bytes() == MP4
        assert steps[-1] == (len(MP4), len(MP4))
        assert [other.name for other in path.parent.iterdir()] == ["clip.mp4"]
        post, media = server.asked[0], server.asked[-1]
        assert post.json() == {"model": "aigc-video-kling-2.6", "prompt": "a paper boat", "seconds": "5"}
        assert post.headers["authorization"] == f"Bearer {KEY}"
        assert "authorization" not in media.headers
        assert task.model is None or task.model == "aigc-video-kling-2.6"


def test_submit_takes_a_request_or_a_model(make: Maker) -> None:
    """A request, and a model with fields, send the same body; the task has its model even if the reply lacks it."""
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(200, json={"id": "t1"})

    client = make(answer=answer)
    client.submit(VideoRequest("3.0", prompt="a boat", sound=True))
    task = client.submit("3.0", prompt="a boat", sound=True)
    assert bodies[0] == bodies[1]
    assert (task.id, task.status, task.model) == ("t1", "queued", "aigc-video-kling-3.0")


def test_a_request_with_errors_is_not_sent(make: Maker) -> None:
    """A request with errors raises its problems without a connection."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing is to be sent")

    with pytest.raises(InvalidRequestError) as caught:
        make(answer=answer).submit("2.6", seconds=5)
    assert caught.value.problems


# --- faults of a real connection ------------------------------------------------------------------------------------


def test_refused_connection_is_tried_again_and_then_an_error(make: Maker, time: Time) -> None:
    """Without a connection nothing was sent, so a POST may be repeated, and the error says so."""
    with FaultServer(lambda asked: Answer()) as server:
        url = server.url
    with pytest.raises(ConnectionFailedError, match=r"Nothing was sent.*nothing is billed") as caught:
        make(url).create({"model": "m"})
    assert "refused" in str(caught.value).lower()
    assert len(time.waits) == 2


@pytest.mark.parametrize("fault", ["reset", "close", "stall"])
def test_create_is_never_repeated_when_the_answer_is_lost(make: Maker, fault: Any) -> None:
    """If the answer is lost, there is one POST, and the error says that it may have been accepted and billed."""
    with FaultServer(lambda asked: Answer(fault=fault)) as server:
        client = make(server.url, timeout=0.3)
        with pytest.raises(SubmissionUnknownError, match="may have been accepted and billed") as caught:
            client.create({"model": "m"})
        server.wait_for(1)
        assert len(server.asked) == 1
        assert isinstance(caught.value.__cause__, ConnectionError)


def test_create_is_never_repeated_when_the_answer_is_cut_short(make: Maker) -> None:
    """A truncated answer has no id, but the task may exist."""
    with FaultServer(lambda asked: Answer(body={"id": "t1"}, cut=4)) as server:
        with pytest.raises(SubmissionUnknownError):
            make(server.url).create({"model": "m"})
        assert len(server.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 524, 408, 520])
def test_create_is_never_repeated_after_a_broken_server(make: Maker, status: int) -> None:
    """After an error of a proxy or the gateway, the task may exist."""
    with FaultServer(lambda asked: Answer(status, "<html><title>Bad</title></html>")) as server:
        with pytest.raises(SubmissionUnknownError) as caught:
            make(server.url).create({"model": "m"})
        assert len(server.asked) == 1
        assert isinstance(caught.value.__cause__, APIError)
        assert caught.value.__cause__.status_code == status


@pytest.mark.parametrize(
    ("headers", "least"),
    [
        ({}, 0.5),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:09 GMT"}, 9),
        ({"Retry-After": "soon"}, 0.5),
    ],
)
def test_create_waits_and_repeats_after_429(make: Maker, time: Time, headers: dict[str, str], least: float) -> None:
    """After HTTP 429 the call is repeated, once the requested time in seconds or as a date has passed."""
    date = {"Date": "Wed, 21 Oct 2026 07:28:00 GMT"}
    answers = iter([Answer(429, headers={**date, **headers})])
    with FaultServer(lambda asked: next(answers, Answer(body={"id": "t1"}))) as server:
        troubles: list[KlingError] = []
        assert make(server.url).create({"model": "m"}, on_trouble=troubles.append).id == "t1"
        assert len(server.asked) == 2
        assert [type(trouble) for trouble in troubles] == [RateLimitError]
        assert least <= sum(time.waits) <= least + 1


def test_create_gives_up_on_429_after_some_tries(make: Maker) -> None:
    """After some attempts the error says that nothing was submitted."""
    with FaultServer(lambda asked: Answer(429)) as server:
        with pytest.raises(RateLimitError, match="Nothing was submitted"):
            make(server.url).create({"model": "m"})
        assert 3 <= len(server.asked) <= 10


def test_create_raises_for_a_long_retry_after(make: Maker, time: Time) -> None:
    """A very long Retry-After is an error at once."""
    with FaultServer(lambda asked: Answer(429, headers={"Retry-After": "3600"})) as server:
        with pytest.raises(RateLimitError) as caught:
            make(server.url).create({"model": "m"})
        assert caught.value.retry_after == 3600
        assert time.waits == []


@pytest.mark.parametrize("path", [CREATE, QUERY, "/v1/models", "/v1/files/uploads"])
def test_a_redirect_does_not_leak_the_key(make: Maker, path: str) -> None:
    """A redirect is an error that names the base URL, and the key is not sent to another host."""
    with (
        FaultServer(lambda asked: Answer(body={"id": "t1"})) as stranger,
        FaultServer(lambda asked: Answer(307, headers={"Location": f"{stranger.url}{asked.path}"})) as server,
    ):
        client = make(server.url)
        calls = {
            CREATE: lambda: client.create({"model": "m"}),
            QUERY: lambda: client.get("t1"),
            "/v1/models": client.available,
            "/v1/files/uploads": lambda: client.upload(b"\x89PNG\r\n\x1a\n" + b"0" * 30),
        }
        with pytest.raises(APIError, match="redirect") as caught:
            calls[path]()
        assert server.url in str(caught.value)
        assert stranger.asked == []


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "https://[", "http://\x01/", "data:,x", "//", "#", "?" * 9000]
)
def test_an_invalid_redirect_repeats_no_submission(make: Maker, target: str) -> None:
    """httpx raises InvalidURL for an invalid Location, too, but that request was sent."""
    with FaultServer(lambda asked: Answer(302, headers={"Location": target})) as server:
        with pytest.raises((APIError, SubmissionUnknownError)):
            make(server.url).create({"model": "m"})
        assert len(server.asked) == 1


def test_loopback_ignores_proxies(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections to this machine use no proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with FaultServer(lambda asked: Answer(body=row("processing"))) as server:
        assert make(server.url).get("t1").status == "running"


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("nonsense://u:secret@p", "not an address"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_an_error(
    make: Maker, monkeypatch: pytest.MonkeyPatch, proxy: str, says: str
) -> None:
    """The error names the setting and the missing package, but not its value, which may contain a password."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ConnectionFailedError, match=says) as caught:
        make()
    assert "ALL_PROXY" in str(caught.value)
    assert "secret" not in str(caught.value)


# --- asking and waiting ---------------------------------------------------------------------------------------------


def test_get_asks_again_when_the_connection_breaks(make: Maker) -> None:
    """A query is repeated after broken connections, HTML pages and busy answers."""
    answers = iter([Answer(fault="reset"), Answer(502, "<html>"), Answer(429)])
    with FaultServer(lambda asked: next(answers, Answer(body=row("processing")))) as server:
        assert make(server.url).get("t1").status == "running"
        assert len(server.asked) == 4


def test_get_quotes_the_id(make: Maker) -> None:
    """An id is quoted, so that no character of it changes the address."""
    with FaultServer(lambda asked: Answer(body=row("processing"))) as server:
        make(server.url).get("a/b?c=d#é")
        assert server.asked[0].path == "/v1/video/generations/a%2Fb%3Fc%3Dd%23%C3%A9"


def test_wait_survives_transient_errors(make: Maker) -> None:
    """Transient errors of polls never end a wait; each is reported."""
    answers = iter(
        [
            Answer(fault="reset"),
            Answer(fault="close"),
            Answer(500, {"error": {"message": "boom"}}),
            Answer(502, "<html>502</html>"),
            Answer(429, headers={"Retry-After": "1"}),
            Answer(body="<html>a captive portal</html>"),
            Answer(403, "<html>a firewall</html>"),
            Answer(401, "<html>a proxy that wants a password</html>"),
            Answer(407, "<html>the same</html>"),
            Answer(511, "<html>sign in to the hotel's network</html>"),
            Answer(302, "", {"Location": "https://login.example/"}),
            Answer(404, "<html>a balancer without a backend</html>"),
            Answer(404, {"error": {"message": "Invalid URL"}}),
            Answer(204),
            Answer(body={"success": False, "message": "database is busy"}),
            Answer(body=row("processing"), cut=9),
        ]
    )
    troubles: list[KlingError] = []
    with FaultServer(lambda asked: next(answers, Answer(body=row("success", url="https://m.example/a.mp4")))) as server:
        task = make(server.url).wait("t1", on_trouble=troubles.append)
    assert task.url == "https://m.example/a.mp4"
    assert len(troubles) == 16


def test_a_server_may_close_each_connection(make: Maker) -> None:
    """If the server closes each connection, with or without notice, requests on closed ones are repeated."""
    coded = iter(["close", "length"] * 3)

    def answer(asked: Asked) -> Answer:
        kind = next(coded, "close")
        said = "success" if len(server.asked) > 5 else "processing"
        body = row(said, url="https://m.example/a.mp4")
        if kind == "close":
            return Answer(body=body, coded="close")
        content = json.dumps(body).encode()
        return Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)

    with FaultServer(answer) as server:
        assert make(server.url).wait("t1").status == "succeeded"


@pytest.mark.parametrize("step", [CREATE, QUERY])
def test_a_late_answer_is_waited_for(make: Maker, step: str) -> None:
    """While an answer is late, nothing is sent a second time."""
    late = threading.Event()

    async def answer(asked: Asked) -> Answer:
        if asked.path == step:
            await asyncio.to_thread(late.wait, 60)
        if asked.method == "POST":
            return Answer(body={"id": "t1"})
        return Answer(body=row("success", url="https://m.example/a.mp4"))

    with FaultServer(answer) as server, ThreadPoolExecutor(1) as beside:
        client = make(server.url)
        waiting = beside.submit(lambda: client.wait(client.create({"model": "m"})))
        server.wait_for(1 if step == CREATE else 2)
        assert not waiting.done()
        late.set()
        assert waiting.result(60).status == "succeeded"
        assert Counter(asked.method for asked in server.asked)["POST"] == 1


MISSING = Answer(400, {"code": "task_not_exist", "message": "task_not_exist", "data": None})
END = Answer(body=row("success", url="https://m.example/a.mp4"))


@pytest.mark.parametrize(
    ("refused", "kind"),
    [
        (Answer(401, {"error": {"message": "bad", "code": "invalid_api_key"}}), AuthenticationError),
        (Answer(403, {"error": {"message": "no access to model"}}), PermissionDeniedError),
        (MISSING, TaskNotFoundError),
    ],
)
def test_wait_ends_when_the_service_itself_refuses(make: Maker, refused: Answer, kind: type[APIError]) -> None:
    """Three refusals in a row, for the key, its scope or the id, end a wait; the error says how to resume."""
    with FaultServer(lambda asked: refused) as server:
        with pytest.raises(kind, match=r"%kling_resume t1$"):
            make(server.url).wait(Task("t1", status="queued"))
        assert len(server.asked) == 3


def test_wait_does_not_end_at_two_refusals(make: Maker) -> None:
    """Two refusals in a row do not end a wait, as the service's database may lag."""
    twice = [MISSING, MISSING]
    answers = iter([*twice, Answer(body=row("processing")), *twice, Answer(502), *twice])
    with FaultServer(lambda asked: next(answers, END)) as server:
        assert make(server.url).wait(Task("t1", status="queued")).status == "succeeded"
        assert len(server.asked) == 9


def test_an_unknown_id_is_an_error_at_once(make: Maker) -> None:
    """An unknown id is an error at once, unless the service has confirmed the task before."""
    with FaultServer(lambda asked: MISSING) as server:
        with pytest.raises(TaskNotFoundError):
            make(server.url).wait("t1")
        assert len(server.asked) == 1
    answers = iter([Answer(body=row("processing")), MISSING])
    with FaultServer(lambda asked: next(answers, END)) as server:
        assert make(server.url).wait("t1").status == "succeeded"


def test_wait_raises_for_a_failed_task(make: Maker) -> None:
    """The error has the service's reason, advice, and the task."""
    failed = row("failed", error={"message": "content moderation failed", "code": "task_failed"})
    with FaultServer(lambda asked: Answer(body=failed)) as server:
        with pytest.raises(TaskFailedError, match=r"content moderation failed.*change the prompt") as caught:
            make(server.url).wait("t1")
        assert caught.value.task.status == "failed"


def test_wait_times_out_and_says_how_to_resume(make: Maker, time: Time) -> None:
    """The error of a timeout has the last known task, and says how to resume."""
    busy = FaultServer(lambda asked: Answer(body=row("processing")))
    with busy as server, pytest.raises(WaitTimeoutError, match=r"continues.*%kling_resume t1") as caught:
        make(server.url).wait("t1", timeout=60)
    assert caught.value.task.status == "running"
    assert sum(time.waits) == pytest.approx(60)


def test_wait_without_time_polls_once(make: Maker) -> None:
    """``timeout=0`` polls once."""
    with FaultServer(lambda asked: Answer(body=row("processing"))) as server:
        with pytest.raises(WaitTimeoutError):
            make(server.url).wait("t1", timeout=0)
        assert len(server.asked) == 1


def test_wait_asks_again_for_a_link_that_lags_behind(make: Maker) -> None:
    """A success without a link is polled a few more times, then returned as it is."""
    answers = iter([Answer(body=row("success")), Answer(body=row("success"))])
    with FaultServer(lambda asked: next(answers, Answer(body=row("success", url="https://m.example/a.mp4")))) as server:
        assert make(server.url).wait("t1").url == "https://m.example/a.mp4"
        assert len(server.asked) == 3
    with FaultServer(lambda asked: Answer(body=row("success"))) as server:
        task = make(server.url).wait("t1")
        assert (task.status, task.url) == ("succeeded", None)
        assert 3 <= len(server.asked) <= 8


def test_wait_for_an_ended_task_asks_nothing(make: Maker) -> None:
    """Waiting for an ended task sends no request."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing is to be sent")

    ended = Task("t1", status="succeeded", url="https://m.example/a.mp4")
    assert make(answer=answer).wait(ended) is ended


def test_available_gives_our_models_in_the_catalogs_order(make: Maker) -> None:
    """The Kling models are returned in the catalog's order, newer ones last."""
    names = ["gpt-x", "aigc-video-kling-9", "aigc-video-kling-3.0", "aigc-video-gv-3", "aigc-video-kling-1.6", 7]
    rows = [{"id": name} for name in names] + ["odd", {}]
    client = make(answer=lambda request: httpx.Response(200, json={"data": rows}))
    assert client.available() == ("aigc-video-kling-1.6", "aigc-video-kling-3.0", "aigc-video-kling-9")


def test_all_requests_share_the_budget(make: Maker, time: Time) -> None:
    """At two requests a second, requests are half a second apart."""
    client = make(answer=lambda request: httpx.Response(200, json=row("processing")), budget=RateLimiter(2))
    for _ in range(3):
        client.get("t1")
    assert time.waits == pytest.approx([0.5, 0.5])


# --- the key --------------------------------------------------------------------------------------------------------


def test_no_key_is_an_error_at_once() -> None:
    """Making a client without a key raises, and the error says what to do."""
    with pytest.raises(MissingKeyError, match="CRAZYROUTER_API_KEY"):
        Client()


def shown_by(error: BaseException | None) -> str:
    """All that the most verbose traceback could show: messages, causes, attributes, and the variables of all frames
    but the test's own."""
    shown = []
    while error is not None:
        stack = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), capture_locals=True)
        shown += [str(frame.locals) for frame in stack if not frame.name.startswith("test_")]
        shown += [repr(error), str(error), str(getattr(error, "__dict__", ""))]
        error = error.__cause__ or error.__context__
    assert len(shown) > 3
    return "\n".join(shown)


def test_a_bare_client_finds_the_key_where_it_runs() -> None:
    """The key is found in the environment or in the folder's .env; the repr names the source, not the key."""
    Path(".env").write_text(f"CRAZYROUTER_API_KEY={KEY}\n")
    with Client() as client:
        assert repr(client) == "<Client https://api.crazyrouter.com, key: CRAZYROUTER_API_KEY in .env>"


@pytest.mark.parametrize("fault", ["reset", "stall", "", "page"])
def test_the_key_is_never_shown(make: Maker, fault: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The key is in no repr, message, cause, log at level DEBUG, or variable of a traceback."""
    caplog.set_level(logging.DEBUG)
    refusal = Answer(400, {"error": {"message": f"bad key {KEY}", "code": KEY}, "echo": [KEY]})
    answer = {"": refusal, "page": Answer(502, f"<title>{KEY}</title>")}.get(fault, Answer(fault=fault))
    with FaultServer(lambda asked: answer) as server:
        client = make(server.url, timeout=0.2)
        with pytest.raises(KlingError) as caught:
            client.create({"model": "m"})
    assert "bad key" in str(caught.value) or fault
    assert KEY not in caplog.text + repr(client.client) + str(vars(client.client)) + shown_by(caught.value)


def test_an_interrupt_shows_no_key(make: Maker) -> None:
    """No frame in the traceback of an interrupt holds the header with the key."""

    def answer(request: httpx.Request) -> httpx.Response:
        header = request.headers["authorization"]
        assert header
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        make(answer=answer).get("t1")
    assert KEY not in shown_by(caught.value)


def test_a_client_cannot_be_pickled(make: Maker) -> None:
    """A client can be neither pickled nor copied."""
    client = make(answer=lambda request: httpx.Response(200)).client
    for carry in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            carry(client)


def test_a_missing_video_is_an_error_with_the_reply(make: Maker, tmp_path: Path) -> None:
    """If there is neither a link nor a copy, the error has the task, and no file is left."""
    with FaultServer(lambda asked: Answer(404, {"error": {"message": "nothing here"}})) as server:
        with pytest.raises(VideoMissingError) as caught:
            make(server.url).download(Task("t1", status="succeeded", raw={"a": 1}), tmp_path / "a.mp4")
        copies = {"/v1/videos/t1/content", "/v1/tasks/t1/artifacts/video/content"}
        assert {asked.path for asked in server.asked} == copies
        assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert caught.value.task.raw == {"a": 1}
    assert list(tmp_path.glob("*.mp4")) == list(tmp_path.glob(".*")) == []
