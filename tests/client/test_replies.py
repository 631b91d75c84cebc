"""Replies of all known shapes, and of none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets import errors
from kling_widgets.client.replies import Response, advice, read_create, read_query
from kling_widgets.core.task import Task

WIRE = Path(__file__).resolve().parent.parent / "wire" / "responses"
FILES = sorted(WIRE.glob("*.json"))
ASKED = "(the id that was asked for)"


def reply(body: Any, status: int = 200, **headers: str) -> Response:
    content = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Response(status, headers, content)


def task(**data: Any) -> Task:
    return read_query(reply({"code": "success", "data": {"task_id": "t", **data}}), "t")


def test_there_are_sample_replies() -> None:
    """The sample files for the next test exist."""
    assert len(FILES) > 20


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_sample_reply_is_read_as_expected(file: Path) -> None:
    """Each sample reply becomes the task or the error that its file expects."""
    sample = json.loads(file.read_text(encoding="utf-8"))
    answer = reply(sample["body"], sample["http_status"])
    try:
        got = read_create(answer) if sample["operation"] == "create" else read_query(answer, ASKED)
        found = {"task_id": got.id, "status": got.status, "url": got.url, "error": got.error, "progress": got.progress}
    except errors.KlingError as error:
        found = {"error": type(error).__name__, "request_id": getattr(error, "request_id", None)}
        if isinstance(error, errors.SubmissionUnknownError):
            assert isinstance(error.__cause__, errors.APIError)
        if found["request_id"]:
            assert str(found["request_id"]) in str(error)
    assert {name: found.get(name) for name in sample["expect"]} == sample["expect"]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("SUCCESS", "succeeded"),
        ("Completed", "succeeded"),
        ("In Progress", "running"),
        ("NOT_START", "queued"),
        ("Canceled", "failed"),
        ("timed-out", "failed"),
        ("unknown", "unknown"),
        ("ARCHIVING", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
@pytest.mark.parametrize("key", ["status", "task_status", "state", "Status"])
def test_words_for_the_status(word: str | None, status: str, key: str) -> None:
    """A status is read in any case and from any key; an unknown one is not an end, and is kept."""
    got = task(**{key: word})
    assert (got.status, got.word) == (status, word or "")
    assert got.ended == (status in ("succeeded", "failed"))


@pytest.mark.parametrize(
    ("value", "progress"),
    [
        ("30%", 30),
        ("30", 30),
        (30, 30),
        ("62.5%", 62),
        (99.9, 99),
        (0, 0),
        ("100%", 100),
        (" 7 % ", 7),
        (True, None),
        ("junk", None),
        (None, None),
        (-1, None),
        (101, None),
        ([], None),
        ("NaN", None),
        (1e400, None),
        ("٣", None),
    ],
)
def test_progress_is_a_number_or_nothing(value: Any, progress: int | None) -> None:
    """Progress is read in all notations and rounded down; anything else is no progress."""
    assert task(status="processing", progress=value).progress == progress


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1774539107, 1774539107.0),
        (1774539107123, 1774539107.123),
        ("1774539107", 1774539107.0),
        (0, None),
        (None, None),
        (-5, None),
        ("yesterday", None),
        (True, None),
        (10**400, None),
        (1e300, None),
        ("2026-06-09T04:41:35Z", 1780980095.0),
        ("2026-06-09 04:41:35", 1780980095.0),
        ("2026-06-09T12:41:35+08:00", 1780980095.0),
        ("1970-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:59", None),
    ],
)
def test_times_are_unix_seconds(value: Any, seconds: float | None) -> None:
    """Times are seconds, milliseconds or dates; 0 means unset."""
    assert task(created_at=value).created_at == seconds


@pytest.mark.parametrize(
    "data",
    [
        {"artifact_url": "LINK", "url": "https://other.example/b.mp4"},
        {"url": "", "video_url": "LINK"},
        {"url": None, "metadata": {"url": "LINK"}},
        {"video": {"url": "LINK"}},
        {"task_result": {"videos": [{"url": "LINK"}, {"url": "https://other.example/b.mp4"}]}},
        {"videos": [{"url": "LINK"}]},
        {"url": ["LINK"]},
        {"data": {"Response": {"AigcVideoTask": {"Output": {"FileInfos": [{"FileUrl": "LINK"}]}}}}},
        {"fail_reason": "LINK"},
        {"metadata": {"result_url": "LINK"}},
        {"metadata": {"video_url": "LINK"}},
        {"metadata": {"artifact_url": "LINK"}},
        {"videoUrl": "LINK"},
        {"output": {"video_url": "LINK"}},
        {"content": {"video_url": "LINK"}},
        {"content": [{"video_url": "LINK"}]},
        {"artifacts": [{"url": "LINK"}]},
        {"data": {"url": "LINK"}},
        {"data": {"metadata": {"result_url": "LINK"}}},
        {"data": [{"url": "LINK"}]},
    ],
)
def test_the_link_is_found_at_all_known_paths(data: dict[str, Any]) -> None:
    """The link is the first http(s) text at the known paths."""
    link = "https://media.example/a.mp4?sign=a%20b&x=1"
    put = json.loads(json.dumps(data).replace("LINK", link))
    assert task(status="success", **put).url == link


@pytest.mark.parametrize(
    "link",
    ["", "ftp://a/b", "javascript:alert(1)", "https://", 'https://a/"><script>', "https://a b", "http://[", 5, {}],
)
def test_other_text_is_no_link(link: Any) -> None:
    """Only http(s) links are accepted."""
    assert task(status="success", url=link).url is None


def test_the_first_of_a_list_is_the_task() -> None:
    """If ``data`` is a list, status, link and id are those of its first item."""
    body = {"code": "success", "data": [{"task_id": "t9", "status": "SUCCESS", "url": "https://m.example/a.mp4"}, {}]}
    got = read_query(reply(body), "asked")
    assert (got.id, got.status, got.url) == ("t9", "succeeded", "https://m.example/a.mp4")
    got = read_query(reply({"status": "succeeded", "data": [{"url": "https://m.example/b.mp4"}]}), "asked")
    assert (got.id, got.status, got.url) == ("asked", "succeeded", "https://m.example/b.mp4")


def test_one_level_deeper_is_read_too() -> None:
    """The inner ``data`` is used if the outer one has no value."""
    got = read_query(reply({"code": "success", "data": {"data": {"status": "FAILURE"}}}), "t")
    assert got.status == "failed"
    got = read_query(reply({"code": "success", "data": {"status": "running", "data": {"status": "SUCCESS"}}}), "t")
    assert got.status == "running"


def test_fail_reason_is_a_link_on_success_alone() -> None:
    """``fail_reason`` may be the link of a success; for a failure it is always the reason."""
    got = task(status="failed", fail_reason="https://x.example/why")
    assert (got.url, got.error) == (None, "https://x.example/why")


@pytest.mark.parametrize(
    "data",
    [
        {"error": {"message": "no"}},
        {"error": "no"},
        {"error": {"code": "no"}},
        {"fail_reason": "no"},
        {"task_status_msg": "no"},
        {"message": "no"},
        {"error": None, "fail_reason": "", "task_status_msg": " ", "message": "no"},
    ],
)
def test_the_reason_of_a_failure_is_found(data: dict[str, Any]) -> None:
    """The reason is found at all known paths; words for the call's own success are ignored."""
    assert task(status="failed", **data).error == "no"
    assert read_query(reply({"status": "failed", "message": "SUCCESS"}), "t").error is None


def test_a_reason_is_bounded_and_one_line() -> None:
    """A long reason becomes one line of limited length."""
    got = task(status="failed", error="a\nb\x1b[31m" + "x" * 100_000 + "\ud800")
    assert got.error is not None and "\n" not in got.error and "\x1b" not in got.error and len(got.error) < 3000
    got.error.encode()


@pytest.mark.parametrize("nothing", [0, "0", "ok", "OK", "none", "success", "SUCCEED"])
@pytest.mark.parametrize("place", ["error", "fail_reason", "message", "code", "upstream"])
def test_a_success_code_is_no_reason(nothing: Any, place: str) -> None:
    """A code of 0 and words for success are not a reason: "failed: 0" is useless."""
    data: dict[str, Any] = {place: nothing}
    if place == "code":
        data = {"error": {"code": nothing}}
    if place == "upstream":
        data = {"data": {"Response": {"AigcVideoTask": {"ErrCode": nothing, "ErrCodeExt": nothing, "Message": ""}}}}
    got = task(status="failed", **data)
    assert (got.status, got.error) == ("failed", None)


@pytest.mark.parametrize("word", ["FINISH", "SUCCESS", "succeeded"])
@pytest.mark.parametrize("code", [0, "0", "", None])
def test_a_finish_with_a_reason_and_no_file_is_a_failure(word: str, code: Any) -> None:
    """A success with an upstream error and no file is a failure; with a file the text is a remark."""

    def ended(**upstream: Any) -> Task:
        return task(status=word, data={"Response": {"AigcVideoTask": {"ErrCode": code, **upstream}}})

    got = ended(ErrCodeExt="VoilationContent", Message="not allowed")
    assert (got.status, got.error) == ("failed", "not allowed")
    assert ended(ErrCodeExt="VoilationContent").error == "VoilationContent"
    assert ended(ErrCodeExt="").status == ended(ErrCodeExt="Success").status == "succeeded"
    files = {"FileInfos": [{"FileUrl": "https://m.example/a.mp4"}]}
    assert ended(ErrCodeExt="Watermark", Output=files).status == "succeeded"


@pytest.mark.parametrize(
    "body",
    [
        {"code": "success", "data": "task-7_x:1"},
        {"Response": {"TaskId": "task-7_x:1", "RequestId": "r"}},
        {"code": "success", "data": {"Response": {"TaskId": "task-7_x:1"}}},
        {"code": "success", "data": {"data": {"Response": {"TaskId": "task-7_x:1"}}}},
        {"code": "success", "data": {"data": {"task_id": "task-7_x:1"}}},
        {"code": "success", "data": [{"task_id": "task-7_x:1"}]},
    ],
)
def test_the_id_of_a_new_task_is_found(body: Any) -> None:
    """The id is found as plain text, in the upstream's answer, in a list, and in the inner ``data``."""
    got = read_create(reply(body))
    assert (got.id, got.status) == ("task-7_x:1", "queued")


@pytest.mark.parametrize(
    "body",
    [
        {"code": "success", "data": "the request was taken"},
        {"code": "success", "data": "SUCCESS"},
        {"code": "success", "data": "ok"},
        {"code": "success", "data": "https://m.example/a"},
        {"code": "success", "data": ""},
        {"code": "no", "data": "t1"},
        {"success": False, "data": "t1"},
        {"error": "no", "data": "t1"},
    ],
)
def test_other_text_is_no_id(body: Any) -> None:
    """A sentence, a status, a link, or text beside an error is not an id: the task may or may not exist."""
    with pytest.raises(errors.SubmissionUnknownError):
        read_create(reply(body))


def test_an_upstream_refusal_created_no_task() -> None:
    """An upstream refusal in HTTP 200 means that no task was created; for a query it says nothing about the task."""
    body = {"Response": {"Error": {"Code": "InvalidParameter", "Message": "no such ratio"}, "RequestId": "r7"}}
    for shape in (body, {"code": "success", "data": body}):
        with pytest.raises(errors.APIError, match=r"no such ratio.*nothing is billed"):
            read_create(reply(shape))
        with pytest.raises(errors.APIError, match="continues"):
            read_query(reply(shape), "t")
    got = task(status="failed", data=body)
    assert (got.status, got.error) == ("failed", "no such ratio")


def test_a_row_number_is_not_the_id() -> None:
    """An integer ``data.id`` is a row of the gateway's database; the task keeps the id that was queried."""
    assert read_query(reply({"code": "success", "data": {"id": 4711, "status": "queued"}}), "asked").id == "asked"
    assert read_create(reply({"id": 4711})).id == "4711"


def test_data_comes_before_the_top_level() -> None:
    """Values in ``data`` take precedence: those of the envelope describe the call, not the task."""
    got = read_query(reply({"code": "success", "status": "success", "data": {"task_id": "t", "status": "queued"}}), "t")
    assert got.status == "queued"


@pytest.mark.parametrize(
    "body",
    [
        {"code": "some_error", "message": "no", "data": None},
        {"success": False, "message": "no"},
        {"error": {"message": "no"}},
        {"code": "success", "data": {}},
        {},
        None,
        "<html>",
        "[]",
        '"text"',
        "{",
    ],
)
def test_a_create_answer_without_an_id_may_have_been_accepted(body: Any) -> None:
    """HTTP 200 without an id may mean that a task was created, so the error does not invite to submit again."""
    with pytest.raises(errors.SubmissionUnknownError) as caught:
        read_create(reply(body, **{"x-oneapi-request-id": "req-7"}), at="2026-11-23 10:00")
    assert caught.value.request_id == "req-7"
    assert "req-7" in str(caught.value) and "2026-11-23 10:00" in str(caught.value)


def test_a_refusal_in_a_good_status_is_a_refusal() -> None:
    """HTTP 200 with the code for a missing balance means that no task was created."""
    with pytest.raises(errors.InsufficientQuotaError):
        read_create(reply({"code": "quota_not_enough", "message": "no"}))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"error": "内容审核未通过"}, "content check"),
        ({"error": "VoilationContent"}, "content check"),
        ({"error": "parameter cfg not supported by this model"}, "does not support"),
        ({"error": "failed to download the input image"}, "could not be used"),
        ({"error": "RequestLimitExceeded"}, "busy"),
        ({"error": {"message": "failed", "code": 70000}}, "busy"),
        ({"error": "session has expired"}, "face"),
        ({"error": "Account balance not enough"}, "not yours"),
        ({"fail_reason": "task timeout"}, "too long"),
        ({"error": "gremlins"}, ""),
    ],
)
def test_a_known_reason_gets_advice(words: dict[str, Any], says: str) -> None:
    """A known reason gets a sentence of advice, an unknown one none."""
    got = advice(task(status="failed", **words))
    assert says in got and bool(says) == bool(got)
    assert advice(task(status="succeeded", **words)) == ""


def test_advice_reads_the_upstreams_code() -> None:
    """The upstream's code gives the advice if the message does not."""
    upstream = {"Response": {"AigcVideoTask": {"ErrCode": 70000, "ErrCodeExt": "RequestLimitExceeded", "Message": "-"}}}
    assert "busy" in advice(task(status="FINISH", data=upstream))


def test_a_reply_that_is_too_deep_or_large_is_ignored() -> None:
    """Neither depth nor size of a JSON reply can exhaust the stack or the memory."""
    for body in ("[" * 100_000 + "]" * 100_000, '{"data":' * 900 + "1" + "}" * 900, '{"id":"' + "x" * 9_000_000 + '"}'):
        with pytest.raises(errors.ServerError):
            read_query(Response(200, {}, body.encode()), "t")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "task_id",
                    "status",
                    "task_status",
                    "data",
                    "error",
                    "message",
                    "code",
                    "success",
                    "progress",
                    "url",
                    "metadata",
                    "video",
                    "videos",
                    "task_result",
                    "created_at",
                    "fail_reason",
                    "model",
                    "properties",
                    "Response",
                    "AigcVideoTask",
                    "Output",
                    "FileInfos",
                    "FileUrl",
                    "ErrCode",
                    "ErrCodeExt",
                    "Error",
                    "Code",
                    "Message",
                    "TaskId",
                    "RequestId",
                    "artifacts",
                    "content",
                    "output",
                    "video_url",
                    "videoUrl",
                    "result_url",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(
    anything | st.binary(), st.integers(100, 999), st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text())
)
def test_any_reply_raises_only_our_errors(body: Any, status: int, headers: dict[str, str]) -> None:
    """Any JSON, bytes and status give a task or one of our errors."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    for read in (read_create, lambda answer: read_query(answer, "asked")):
        try:
            got = read(Response(status, headers, content))
        except errors.KlingError as error:
            assert str(error).splitlines() == [str(error)] and len(str(error)) < 3000
            continue
        assert got.id and got.status in ("queued", "running", "succeeded", "failed", "unknown")
        assert got.progress is None or 0 <= got.progress <= 100
        assert got.url is None or got.url.lower().startswith(("http://", "https://"))
        assert len(repr(got)) < 200 and isinstance(advice(got), str)
        f"{got.id}{got.word}{got.error}{got.model}{got.url}".encode()
