"""Errors for replies that are not a success: the table of API.md, row by row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kling_widgets import errors
from kling_widgets.client.error_replies import refusal, retry_after, submission_unknown
from kling_widgets.client.steps import Response


def envelope(message: str = "", code: str = "") -> dict[str, Any]:
    return {"error": {"message": message, "type": "x", "code": code}}


ROWS = [
    # status, body, error, whether it may have been accepted, part of the message
    (400, {"code": "invalid_request", "message": "cannot unmarshal images"}, "APIError", False, "images"),
    (401, envelope("无效的令牌"), "AuthenticationError", False, "CRAZYROUTER_API_KEY"),
    (401, None, "AuthenticationError", False, "CRAZYROUTER_API_KEY"),
    (403, envelope("no", "insufficient_user_quota"), "InsufficientQuotaError", False, "Top up"),
    (403, {"code": "quota_not_enough", "message": "no"}, "InsufficientQuotaError", False, "Top up"),
    (402, None, "InsufficientQuotaError", False, "Top up"),
    (429, envelope("no", "insufficient_quota"), "InsufficientQuotaError", False, "Top up"),
    (403, envelope("This token has no access to model m"), "PermissionDeniedError", False, "model m"),
    (403, "<html><title>Blocked</title></html>", "APIError", False, "It is not the key"),
    (407, "<html>proxy</html>", "APIError", False, "It is not the key"),
    (404, envelope("Invalid URL (POST /v1/v1/video/generations)"), "APIError", False, "base URL https://s.example"),
    (405, None, "APIError", False, "base URL"),
    (301, None, "APIError", False, "redirect"),
    (413, "<html>", "APIError", False, "smaller"),
    (429, None, "RateLimitError", False, "Wait"),
    (500, envelope("no", "get_channel_failed"), "ModelUnavailableError", False, "another model"),
    (503, envelope("no", "model_not_found"), "ModelUnavailableError", False, "another model"),
    (503, envelope("No available channel for model m"), "ModelUnavailableError", False, "another model"),
    (500, envelope("请求上游地址失败"), "ServerError", True, "public"),
    (500, envelope("upstream: insufficient_quota"), "ServerError", True, "public"),
    (503, "<html>down</html>", "ServerError", True, "down"),
    (503, "\n<html><title>503 Service Temporarily Unavailable", "ServerError", True, "A proxy in front of the"),
    (413, "<html><title>413 Request Entity Too Large</title>", "APIError", False, "a proxy in front of it"),
    # the gateway's own account upstream (Kling), never the user's
    (429, {"code": 1102, "message": "Account balance not enough"}, "ModelUnavailableError", False, "not your account"),
    (400, {"code": "1102", "message": "no"}, "ModelUnavailableError", False, "not your account"),
    (400, envelope("Account balance not enough"), "ModelUnavailableError", False, "not your account"),
    (429, envelope("parallel task over resource pack limit"), "ModelUnavailableError", False, "not your account"),
    (429, envelope('upstream: {"code":1303,"message":"x"}'), "ModelUnavailableError", False, "not your account"),
    (429, envelope("11020 requests"), "RateLimitError", False, "Wait"),
    (403, envelope("Account balance not enough", "insufficient_user_quota"), "InsufficientQuotaError", False, "Top up"),
    # a user's own proxy
    (400, {"error": {"message": "No connected db.", "type": "no_db_connection", "code": "400"}},
     "AuthenticationError", False, "CRAZYROUTER_API_KEY"),
    (400, {"error": {"message": "Budget has been exceeded!", "type": "budget_exceeded", "code": "400"}},
     "InsufficientQuotaError", False, "budget of this key"),
    (401, {"error": {"message": "Authentication Error", "type": "auth_error", "code": "401"}},
     "AuthenticationError", False, "CRAZYROUTER_API_KEY"),
    # the upstream (Tencent), inside HTTP 200
    (200, {"Response": {"Error": {"Code": "InvalidParameterValue", "Message": "ModelName"}, "RequestId": "r"}},
     "APIError", False, "ModelName"),
    (200, {"code": "success", "data": {"Response": {"Error": {"Code": "AuthFailure", "Message": "no"}}}},
     "APIError", False, "upstream refused"),
    (200, {"code": "success", "data": {"data": {"Response": {"Error": {"Code": "x", "Message": "y"}}}}},
     "APIError", False, "upstream refused"),
    (200, {"Response": {"Error": {"Code": "RequestLimitExceeded", "Message": "no"}}}, "RateLimitError", False, "Wait"),
    (200, {"Response": {"Error": {"Code": "InternalError", "Message": "no"}}}, "ServerError", True, "internal error"),
    (200, {"Response": {"Error": {}}}, "APIError", True, "no task"),
    (502, None, "ServerError", True, "proxy"),
    (504, None, "ServerError", True, "proxy"),
    (524, None, "ServerError", True, "proxy"),
    (408, None, "ServerError", True, "in time"),
    (200, {"success": False, "message": "no"}, "APIError", True, "no task"),
    (200, "<html>portal</html>", "ServerError", True, "HTML page"),
]  # fmt: skip


def answer(status: int, body: Any, **headers: str) -> Response:
    content = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Response(status, headers, content)


@pytest.mark.parametrize(("status", "body", "kind", "opened", "says"), ROWS)
def test_the_table(status: int, body: Any, kind: str, opened: bool, says: str) -> None:
    """Each row gives its error, with what to do and what is billed; only some leave open whether it was accepted."""
    found = refusal(answer(status, body), "create", "https://s.example")
    assert type(found.error) is getattr(errors, kind)
    assert (found.maybe_accepted, found.error.status_code) == (opened, status)
    assert says in str(found.error)
    assert ("nothing is billed" in str(found.error)) is not opened


def test_a_missing_task_is_not_a_failed_one() -> None:
    """Only a query can end with a missing task."""
    body = {"code": "task_not_exist", "message": "task_not_exist", "data": None}
    assert isinstance(refusal(answer(400, body), "query").error, errors.TaskNotFoundError)
    assert not isinstance(refusal(answer(400, body), "create").error, errors.TaskNotFoundError)


def test_the_upstream_s_own_request_id_is_shown() -> None:
    """The upstream's request id is shown if the gateway has none."""
    body = {"Response": {"Error": {"Code": "InvalidParameter", "Message": "no"}, "RequestId": "tencent-7"}}
    error = refusal(answer(200, body), "create").error
    assert error.request_id == "tencent-7" and str(error).count("tencent-7") == 1 and error.code == "InvalidParameter"


@pytest.mark.parametrize(
    ("body", "headers"),
    [({"message": "no (request id: 20260226x)"}, {}), ({"message": "no"}, {"x-oneapi-request-id": "20260226x"})],
)
def test_the_request_id_is_always_shown(body: Any, headers: dict[str, str]) -> None:
    """The request id is shown once, from the header or from the message."""
    error = refusal(answer(500, body, **headers), "query").error
    assert error.request_id == "20260226x"
    assert str(error).count("20260226x") == 1
    open_error = submission_unknown(str(error), at="now", request_id=error.request_id)
    assert str(open_error).count("20260226x") == 1 and open_error.request_id == "20260226x"


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"\x1f\x8b\x08<a\xff" * 9, True),
        (b"\x00" * 9, True),
        ("é".encode() * 3000, False),
        (b"a" * 1999 + "é".encode(), False),
        (b"out of order", False),
    ],
)
def test_binary_content_is_not_shown(content: bytes, shown: bool) -> None:
    """Binary content is not shown; text with a truncated character is."""
    error = refusal(Response(502, {}, content), "query").error
    assert ("binary data" in str(error)) is shown and "\ufffd" not in str(error)


def test_the_error_keeps_the_reply() -> None:
    """The error keeps the reply, parsed if it is JSON, else as text."""
    assert refusal(answer(500, {"a": [1]}), "query").error.body == {"a": [1]}
    assert refusal(answer(500, "oops"), "query").error.body == "oops"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("9" * 40, None),
        ("Wed, 99 Foo 2026", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    """Retry-After is seconds, or a date relative to the service's clock."""
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    assert retry_after(Response(429, {"retry-after": text, "date": date})) == seconds


def test_retry_after_without_the_services_clock_uses_ours() -> None:
    """If the reply has no date, our own clock is used."""
    late = Response(429, {"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"})
    assert retry_after(late, 40.0) == 60.0
    assert retry_after(late) is None
