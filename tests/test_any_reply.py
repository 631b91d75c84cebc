"""Replies of any bytes, JSON and headers lead to a plain result or one of our errors. Hypothesis finds the inputs."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kling_widgets.client import uploads
from kling_widgets.client.creation import create
from kling_widgets.client.download import download
from kling_widgets.client.error_replies import Operation, refusal, retry_after
from kling_widgets.client.links import LONGEST, clean_link
from kling_widgets.client.operations import failure, query, wait
from kling_widgets.client.replies import read_create, read_query
from kling_widgets.client.steps import ClientState, NoReply, Open, Pause, Protocol, Read, Response, Send, Work
from kling_widgets.core.task import Task
from kling_widgets.errors import KlingError, TaskFailedError
from kling_widgets.files.atomic_file import AtomicFile
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.jobs.state import JobState
from kling_widgets.media.probe import format_of, kind_of
from kling_widgets.notebook.output.status_text import error_reason, status_line
from tests.conftest import tries
from tests.faults import WIRE

OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
SAMPLES = [json.loads(file.read_text(encoding="utf-8"))["body"] for file in sorted(WIRE.glob("*.json"))]
NAMES = sorted(
    {name for body in SAMPLES if isinstance(body, dict) for name in re.findall(r'"(\w+)":', json.dumps(body))}
)

LINKS = st.sampled_from(
    [
        *[
            "https://m.example/a.mp4",
            "http://m.example/a.mp4",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://127.1/",
        ],
        *["file:///etc/passwd", "https://user:pass@m.example/a", "https://m.example/\u202e\x00"],
        "https://" + "a" * 100_000,
    ]
)
WORDS = st.sampled_from(
    ["SUCCESS", "failed", "queued", "processing", "NOT_START", "?", "", "FINISH", "\x1b[2J", "x" * 9000]
)
leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | LINKS | WORDS
    | st.text(max_size=3).map(lambda text: text * 20_000) | st.sampled_from(["30%", "101", -1, 10**400, 1774539107])
)  # fmt: skip
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=5),
    max_leaves=12,
)


LONG = st.text(min_size=1, max_size=3).map(lambda text: text * 700)


def fitting(name: object) -> st.SearchStrategy[Any]:
    """Return a strategy for values that suit this key of a body."""
    match name:
        case str() if "url" in name.lower() or name == "fail_reason":
            return LINKS | LINKS.map(lambda link: [link]) | anything
        case "status" | "Status" | "code":
            return WORDS | anything
        case "progress" | "created_at":
            return st.sampled_from(["101%", "-1", "1e9", 101, -5, 1e18, 99.9, "062.50"]) | st.floats() | anything
        case "id" | "task_id" | "message" | "model":
            return LONG | st.text() | anything
    return anything


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Return a documented body with some parts replaced, removed or nested in one another."""
    body = copy.deepcopy(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 4))):
        places = list(_places(body))
        if not places:
            return draw(anything)
        part, name = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "replace", "remove", "wrap", "list", "move"])):
            case "replace":
                part[name] = draw(fitting(name))
            case "remove":
                del part[name]
            case "wrap":
                part[name] = {draw(st.sampled_from(NAMES)): part[name]}
            case "list":
                part[name] = [part[name]] * draw(st.integers(0, 2))
            case "move" if isinstance(part, dict):
                part[draw(st.sampled_from(NAMES))] = part.pop(name)
    return body


def _places(body: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(body, dict | list):
        for name in list(body) if isinstance(body, dict) else range(len(body)):
            yield body, name
            yield from _places(body[name])


def _coded(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode("utf-8", "surrogatepass")


contents = (
    st.one_of(mutated(), mutated(), anything).map(_coded)
    | st.binary(max_size=300)
    | st.text(max_size=300).map(lambda text: f"<html><title>{text}".encode("utf-8", "replace"))
    | st.tuples(mutated().map(_coded), st.integers(1, 400)).map(lambda cut: cut[0][: cut[1]])
)
headers = st.dictionaries(
    st.sampled_from(["retry-after", "date", "location", "content-type", "x-oneapi-request-id", "content-range"]),
    st.text(max_size=200) | st.sampled_from(["7", "-1", "9" * 30, "Fri, 31 Dec 9999 23:59:59 GMT"]),
    max_size=3,
)
replies = st.builds(
    Response,
    st.sampled_from([200, 200, 200, 201, 302, 400, 401, 403, 404, 408, 429, 500, 502, 503]) | st.integers(100, 999),
    headers,
    contents,
)
answers = replies | st.builds(NoReply, st.booleans(), st.text(max_size=50))
session_clock = 1_800_000_000.0


class Clock:
    """A clock that advances with each pause."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def session(clock: Clock) -> ClientState:
    return ClientState("https://s.example", clock=clock, wall=lambda: session_clock, jitter=lambda: 0.5)


def takes(
    steps: Protocol[Any], replies: list[Response | NoReply], clock: Clock
) -> tuple[Any, list[Send | Open], list[float]]:
    """Run the steps with these answers, repeating the last one; return the outcome, what was sent, and the pauses."""
    sent: list[Send | Open] = []
    pauses: list[float] = []
    answer: Any = None
    raised: BaseException | None = None
    body = b""
    while True:
        try:
            step = steps.throw(raised) if raised else steps.send(answer)
        except StopIteration as stop:
            return stop.value, sent, pauses
        except KlingError as error:
            return error, sent, pauses
        answer = raised = None
        match step:
            case Pause(seconds):
                assert 0 <= seconds <= 301
                pauses.append(seconds)
                clock.now += seconds
            case Send() | Open():
                sent.append(step)
                answer = replies[min(len(sent), len(replies)) - 1]
                body = answer.content if isinstance(answer, Response) else b""
                assert len(sent) <= 300
            case Read():
                answer, body = body, b""
            case Work(do):
                try:
                    answer = do()
                except (KlingError, OSError) as error:
                    raised = error


def is_plain(text: object, longest: int = 2000) -> bool:
    """Return whether the text is one bounded line without terminal control characters."""
    return not OBEYED.search(str(text)) and len(str(text)) <= longest


def check_task(task: Task) -> None:
    """Check that every text of the task is plain, bounded and of the right type."""
    assert 0 < len(task.id) <= 500 and is_plain(task.id)
    assert all(is_plain(text or "") for text in (task.model, task.word, task.error, repr(task), failure(task)))
    assert task.progress is None or (type(task.progress) is int and 0 <= task.progress <= 100)
    assert task.created_at is None or 1e9 <= task.created_at < 1e10
    assert task.url is None or (clean_link(task.url) == task.url and len(task.url) <= LONGEST)
    assert task.error is None or task.status == "failed"
    f"{task.id}{task.word}{task.error}{task.model}{task.url}".encode()


@settings(max_examples=tries(800))
@given(mutated())
def test_a_task_out_of_a_body_that_is_nearly_right(body: Any) -> None:
    """A nearly correct body gives a task whose fields can all be shown, or one of our errors."""
    for read in (read_create, partial(read_query, task_id="t1")):
        try:
            check_task(read(Response(200, {}, _coded(body))))
        except KlingError as error:
            assert is_plain(error)


@settings(max_examples=tries(200))
@given(st.lists(answers, min_size=1, max_size=4))
def test_a_submission_answered_by_anything(given_answers: list[Response | NoReply]) -> None:
    """A submission ends with a task or one of our errors, and nothing is sent after the first answer with an unknown
    outcome."""
    result, sent, _ = takes(create(session(Clock()), {"model": "m"}), given_answers, Clock())
    assert 1 <= len(sent) <= 6
    if isinstance(result, Task):
        check_task(result)
    else:
        assert is_plain(result) and "billed" in str(result)
    for answer in given_answers[: len(sent) - 1]:
        if isinstance(answer, NoReply):
            assert not answer.sent
        else:
            refused = refusal(answer, "create")
            assert not refused.maybe_accepted and (answer.status_code in (429, 500, 503))


@settings(max_examples=tries(300))
@given(st.lists(answers, min_size=1, max_size=6), st.sampled_from(["t1", Task("t1", status="queued")]))
def test_a_wait_answered_by_anything(given_answers: list[Response | NoReply], task: Task | str) -> None:
    """A wait ends with the task's end, the service's refusal or its timeout, and reports every poll."""
    clock, state = Clock(), JobState(0.0, lambda: session_clock)
    state.accept(Task("t1", status="queued"), 0.0)
    steps = wait(session(clock), task, timeout=120, on_update=state.polled, on_trouble=state.poll_failed)
    result, sent, pauses = takes(steps, given_answers, clock)
    assert sum(pauses) <= 120 + 18 + 1e-6  # polls for a link that appears late
    assert all(isinstance(each, Send) and each.method == "GET" for each in sent)
    moment = state.snapshot()
    assert is_plain(status_line(moment), 200) and is_plain(error_reason(moment.trouble), 80)
    if isinstance(result, Task):
        check_task(result)
        assert result.status == "succeeded"
    else:
        assert is_plain(result) and "t1" in str(result)
        assert isinstance(result, TaskFailedError) or "%kling_resume t1" in str(result)


@settings(max_examples=tries(200))
@given(st.lists(answers, min_size=1, max_size=3))
def test_a_question_answered_by_anything(given_answers: list[Response | NoReply]) -> None:
    """A poll, the list of models and an upload give a plain result or one of our errors, after a few attempts."""
    for ask in (query(session(Clock()), "t1"), uploads.available(session(Clock()))):
        result, sent, _ = takes(ask, given_answers, Clock())
        assert len(sent) <= 4
        match result:
            case Task():
                check_task(result)
            case tuple():
                assert all(is_plain(name, 200) for name in result)
            case _:
                assert isinstance(result, KlingError) and is_plain(result)


PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR\x00\x00\x02\x00\x00\x00\x02\x00" + b"0" * 60


@settings(max_examples=tries(60))
@given(st.lists(answers, min_size=1, max_size=3))
def test_an_upload_answered_by_anything(given_answers: list[Response | NoReply]) -> None:
    """An upload gives a safe link or one of our errors."""
    result, _, _ = takes(uploads.upload(session(Clock()), PNG), given_answers, Clock())
    assert isinstance(result, KlingError) or clean_link(result) == result
    assert is_plain(result, LONGEST)


@settings(max_examples=tries(80))
@given(st.lists(answers, min_size=1, max_size=5), LINKS)
def test_a_download_answered_by_anything(tmp_path: Path, given_answers: list[Response | NoReply], link: str) -> None:
    """A download gives a video, or one of our errors and no file; the key is sent to the service only."""
    part = AtomicFile(tmp_path / "a.mp4", overwrite=True)
    result, sent, _ = takes(
        download(session(Clock()), Task("t1", status="succeeded", url=link), part), given_answers, Clock()
    )
    part.discard()
    if isinstance(result, Path):
        assert kind_of(format_of(result.read_bytes()[:64])) == "clip"
        result.unlink()
    else:
        assert is_plain(result)
    assert list(tmp_path.glob(".kling*")) == list(tmp_path.glob("*.mp4")) == []
    for each in sent:
        assert isinstance(each, Open) and each.url.startswith("https://")
        own = ("https://s.example/v1/videos/", "https://s.example/v1/tasks/")
        assert each.url.startswith(own) or not each.with_key


@settings(max_examples=tries(300))
@given(replies, st.sampled_from(["create", "query", "upload", "list", "download"]))
def test_a_refusal_of_anything(reply: Response, doing: Operation) -> None:
    """A refusal is one plain line with the status, and the stored reply is bounded."""
    error = refusal(reply, doing, "https://s.example").error
    assert is_plain(error) and str(reply.status_code) in str(error) and error.status_code == reply.status_code
    assert is_plain(error.code or "", 100) and is_plain(error.request_id or "", 100)
    assert not isinstance(error.body, str) or len(error.body) <= 4000
    wanted = retry_after(reply, session_clock)
    assert wanted is None or wanted >= 0


@settings(max_examples=tries(200))
@given(st.text(max_size=100) | WORDS | st.sampled_from(["Succeeded ", "IN PROGRESS", "time-out", "\u0130n_progress"]))
def test_a_status_of_any_word(word: str) -> None:
    """A known status is recognised in any letter case; any other status is not final, and is shown shortened."""
    task = read_query(Response(200, {}, _coded({"code": "success", "data": {"status": word, "task_id": "t1"}})), "t1")
    assert task.status in ("queued", "running", "succeeded", "failed", "unknown")
    assert is_plain(status_line(JobSnapshot("running", word=task.word)), 120)
    check_task(task)
