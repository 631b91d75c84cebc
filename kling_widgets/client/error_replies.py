"""Errors for replies that are not a success: the table of API.md, section 5, as data. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from kling_widgets.client.steps import Response
from kling_widgets.core.text import one_line
from kling_widgets.errors import (
    APIError,
    AuthenticationError,
    InsufficientQuotaError,
    ModelUnavailableError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    SubmissionUnknownError,
    TaskNotFoundError,
)

Operation = Literal["create", "query", "upload", "list", "download"]
# "page" is a proxy or a firewall, which answers with HTML; "upstream" is Tencent, whose errors come inside HTTP 200.
Sender = Literal["", "page", "upstream"]

_LONGEST_TEXT = 500  # characters of the service's own words in a message
_REQUEST_ID = re.compile(r"\(?\s*request id:\s*([\w.-]{1,100})\s*\)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refused:
    """An error, and whether a create call may have been accepted all the same."""

    error: APIError
    maybe_accepted: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    """The error for replies with one of ``statuses`` and ``pattern`` in their code, type or message."""

    statuses: frozenset[int]
    pattern: str
    error: type[APIError]
    message: str
    hint: str
    maybe_accepted: bool = False
    operation: tuple[Operation, ...] = ("create", "query", "upload", "list", "download")
    sender: Sender = ""  # any sender

    def matches(self, status: int, operation: Operation, text: str, sender: Sender) -> bool:
        return (
            status in self.statuses
            and operation in self.operation
            and self.sender in ("", sender)
            and re.search(self.pattern, text, re.IGNORECASE) is not None
        )


def _http(*statuses: int | range) -> frozenset[int]:
    return frozenset(code for part in statuses for code in (part if isinstance(part, range) else (part,)))


_TO_KEY = "Set a valid one in CRAZYROUTER_API_KEY or with %kling_key."
# The first rule that matches is used. Error codes come before statuses: 403 alone is ambiguous.
_RULES = (
    _Rule(_http(200, 400, 402, 403, 429),
          r"insufficient_user_quota|insufficient.(?:quota|balance)|quota_not_enough|额度不足|余额不足",
          InsufficientQuotaError, "Your balance is too low", "Top up in the service's web console."),
    # Kling's own codes for the account that calls it, which is the gateway's (R).
    _Rule(_http(200, 400, 402, 403, 429),
          r"^110[012]\b|^1303\b|code\W{1,3}(?:110[012]|1303)\b|account balance not enough|over resource pack limit",
          ModelUnavailableError, "The gateway's own account at its upstream is out of balance or at its limit",
          "It is not your account: wait, choose another model, or contact the service's support."),
    # The upstream may have accepted the task before its internal error (R).
    _Rule(_http(200), r"InternalError", ServerError, "The service's upstream had an internal error", "",
          maybe_accepted=True, sender="upstream"),
    _Rule(_http(200), r"LimitExceeded", RateLimitError, "The service's upstream is busy",
          "Wait a little, then try again.", sender="upstream"),
    _Rule(_http(200), "", APIError, "The service's upstream refused the request",
          "Change what the message names.", sender="upstream"),
    # A user's own proxy, such as LiteLLM, which without a database reports a wrong key only so (ran).
    _Rule(_http(400), r"no_db_connection", AuthenticationError,
          "A proxy in front of the service does not know the API key", _TO_KEY),
    _Rule(_http(400, 403, 429), r"budget_exceeded", InsufficientQuotaError,
          "The budget of this key at a proxy in front of the service is spent", "Ask whoever runs the proxy."),
    _Rule(_http(403, 407), "", APIError, "A proxy or a firewall in front of the service blocked the request",
          "It is not the key: try another network, or ask whoever runs this one.", sender="page"),
    _Rule(_http(503), "", ServerError, "A proxy in front of the service rejected the request", "",
          maybe_accepted=True, sender="page"),
    _Rule(_http(402), "", InsufficientQuotaError, "Your balance is too low", "Top up in the service's web console."),
    _Rule(_http(200, 400, 403), r"invalid_api_key|无效的令牌|未提供令牌", AuthenticationError,
          "The service does not accept the API key", _TO_KEY),
    _Rule(_http(401), "", AuthenticationError, "The service does not accept the API key", _TO_KEY),
    _Rule(_http(200, 400, 404), r"task_not_exist|task.{0,10}(?:not.?(?:exist|found))|任务不存在", TaskNotFoundError,
          "The account of this key has no such task", "Check the id and the key: it is not the same as a failed task.",
          operation=("query", "download")),
    _Rule(_http(200, 400, 403, 404, 500, 503), r"get_channel_failed|model_not_found|no available channel|无可用渠道",
          ModelUnavailableError, "The model is down now, or not in the group of this key",
          "Try again later, choose another model, or see which ones the key may call."),
    _Rule(_http(429), "", RateLimitError, "Too many requests", "Wait a little, then try again."),
    _Rule(_http(403), "", PermissionDeniedError, "The API key may not do this",
          "Its group, its models or its allowed addresses do not cover it: see the key's settings in the web console."),
    _Rule(_http(400, 404, 405), "", APIError, "The service keeps no copy of the video", "", operation=("download",)),
    _Rule(_http(404, 405), "", APIError, "The service does not know this address", "Check the base URL{url}."),
    _Rule(_http(range(300, 400)), "", APIError,
          "The service answered with a redirect, which is not followed with a key", "Check the base URL{url}."),
    _Rule(_http(413), "", APIError, "The request is too large for the service, or for a proxy in front of it",
          "Send smaller media."),
    _Rule(_http(408), "", ServerError, "The service, or a proxy in front of it, did not answer in time", "",
          maybe_accepted=True),
    _Rule(_http(range(400, 500)), "", APIError, "The service refused the request", "Change what the message names."),
    _Rule(_http(502, 504, 524), "", ServerError, "A proxy in front of the service got no answer in time", "",
          maybe_accepted=True),
    _Rule(_http(range(500, 1000)), "", ServerError, "The service had an internal error",
          "If media links are in the request, check that they are public.", maybe_accepted=True),
    _Rule(_http(range(1000)), "", APIError, "The service's answer contains no task", "", maybe_accepted=True),
)  # fmt: skip
_UNREADABLE = _Rule(_http(), "", ServerError, "The service's answer cannot be read", "", maybe_accepted=True)

_MONEY: Mapping[Operation, str] = {
    "create": "Nothing was submitted, nothing is billed.",
    "query": "A submitted task continues.",
    "upload": "Nothing was submitted, nothing is billed.",
    "list": "",
    "download": "The video itself is not affected.",
}


def refusal(reply: Response, operation: Operation, base_url: str = "") -> Refused:
    """Return the error for a reply; never raises, whatever its bytes are."""
    body = reply.json()
    message, code, more = _envelope(body)
    header_id = one_line(reply.headers.get("x-oneapi-request-id", ""), 100)
    inside = _REQUEST_ID.search(message)
    request_id = header_id or (inside.group(1) if inside else "") or None
    status = reply.status_code
    searched = f"{code} {more} {message}".strip()
    sender: Sender = "page" if body is None and reply.content[:200].lstrip()[:1] == b"<" else ""
    if reply.ok and (refused := upstream_refusal(body)):
        sender, message, code = "upstream", refused.message, refused.code
        searched = f"{code} {message}"
        request_id = request_id or refused.request_id or None
    rule = next((rule for rule in _RULES if rule.matches(status, operation, searched, sender)), _UNREADABLE)
    if reply.ok and not isinstance(body, dict):
        rule = _UNREADABLE
    text = one_line(_REQUEST_ID.sub(" ", message), _LONGEST_TEXT) or _page(reply)
    words = [
        f"{rule.message} (HTTP {status})" + (f": {text}" if text else "") + ("" if text.endswith((".", "。")) else ".")
    ]
    # If it may have been accepted, the caller says what that means for the money.
    words += [] if rule.maybe_accepted and operation == "create" else [_MONEY[operation]]
    words += [rule.hint.format(url=f" {base_url}" if base_url else "")]
    words += [f"(request id: {request_id})"] if request_id else []
    details: dict[str, Any] = {} if rule.error is not RateLimitError else {"retry_after": retry_after(reply)}
    error = rule.error(
        " ".join(word for word in words if word),
        status_code=status,
        code=one_line(code, 100) or None,
        request_id=request_id,
        body=body if isinstance(body, dict | list) else reply.content[:4000].decode("utf-8", "replace"),
        **details,
    )
    return Refused(error, rule.maybe_accepted)


def submission_unknown(problem: str, *, at: str = "", request_id: str | None = None) -> SubmissionUnknownError:
    """Return the error for a create call that may have been accepted; raise it ``from`` its cause."""
    known = request_id is None or request_id in problem
    details = (f"sent {at}" if at else "", "" if known else f"request id: {request_id}")
    note = ", ".join(filter(None, details))
    return SubmissionUnknownError(
        f"{problem} The request was sent, and it may have been accepted and billed, so it is not sent "
        f"again automatically. Look into the service's web console first{f' ({note})' if note else ''}.",
        request_id=request_id,
    )


def retry_after(reply: Response, now: float | None = None) -> float | None:
    """Return the seconds of the ``Retry-After`` header, which holds seconds or a date; None without a usable one.

    A date is relative to the reply's own ``Date``, as our clock may be wrong; without one, to ``now`` (unix seconds).
    """
    text = reply.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text, re.ASCII):
        return float(text)
    until = _date(text)
    since = _date(reply.headers.get("date", "")) or now
    return None if until is None or since is None else max(0.0, until - since)


def _date(text: str) -> float | None:
    try:
        date: datetime = parsedate_to_datetime(text)
        return date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class UpstreamRefusal:
    """A refusal by the upstream (Tencent), which comes with HTTP 200: its ``Response.Error``."""

    code: str
    message: str
    request_id: str


def upstream_refusal(body: Any) -> UpstreamRefusal | None:
    """Return the upstream's refusal in a reply, at its top level or in its ``data``, or None."""
    part = body
    for _ in range(3):
        if not isinstance(part, dict):
            return None
        response = part.get("Response")
        error = response.get("Error") if isinstance(response, dict) else None
        if isinstance(response, dict) and isinstance(error, dict) and (error.get("Code") or error.get("Message")):
            fields = (error.get("Code"), error.get("Message"), response.get("RequestId"))
            code, message, request_id = map(_text, fields)
            return UpstreamRefusal(code, message, one_line(request_id, 100))
        part = part.get("data")
    return None


def _envelope(body: Any) -> tuple[str, str, str]:
    """Return message, code and type from any of the known error envelopes; empty if missing."""
    if not isinstance(body, dict):
        return (body if isinstance(body, str) else ""), "", ""
    inner = body.get("error")
    parts = [part for part in (inner, body) if isinstance(part, dict)]
    message = _first(parts, "message", "msg", "error_msg", "detail") or _text(inner)
    return message, _first(parts, "code"), _first(parts, "type")


def _first(parts: list[dict[str, Any]], *names: str) -> str:
    return next((text for part in parts for name in names if (text := _text(part.get(name)))), "")


def _text(value: Any) -> str:
    """Return a text or a number as text without lone surrogates, which JSON allows but files do not; else ""."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)[:4000].encode("utf-8", "replace").decode()


def _page(reply: Response) -> str:
    """Return a few words about a body that is not a JSON envelope."""
    start = reply.content[:2000].decode("utf-8", "replace").rstrip("\ufffd").strip()  # the last may be incomplete
    if "\ufffd" in start or "\0" in start:
        return "binary data"
    if start.startswith("<"):
        title = re.search(r"<title[^>]*>([^<]*)", start, re.IGNORECASE)
        words = one_line(title.group(1) if title else re.sub(r"<[^>]*>?", " ", start), 80)
        return f"an HTML page instead of JSON, {words!r}" if words else "an HTML page instead of JSON"
    return one_line(start, 120)
