"""What an answer that is no success means: the table of API.md, section 5, as data. No I/O."""

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

Doing = Literal["create", "query", "upload", "list", "download"]
# A proxy or a firewall, which answers with a page of HTML; or the upstream (Tencent), from inside HTTP 200.
Who = Literal["", "page", "upstream"]

_LONGEST_TEXT = 500  # characters of the service's own words in a message
_REQUEST_ID = re.compile(r"\(?\s*request id:\s*([\w.-]{1,100})\s*\)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refused:
    """An error, and whether it leaves open that a create call was accepted."""

    error: APIError
    open: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    """``says`` for answers with one of ``statuses`` whose code, type or message has ``words``."""

    statuses: frozenset[int]
    words: str
    kind: type[APIError]
    says: str
    do: str
    open: bool = False
    doing: tuple[Doing, ...] = ("create", "query", "upload", "list", "download")
    who: Who = ""  # it speaks: anybody, unless the rule says otherwise

    def fits(self, status: int, doing: Doing, said: str, who: Who) -> bool:
        return (
            status in self.statuses
            and doing in self.doing
            and self.who in ("", who)
            and re.search(self.words, said, re.IGNORECASE) is not None
        )


def _of(*statuses: int | range) -> frozenset[int]:
    return frozenset(code for part in statuses for code in (part if isinstance(part, range) else (part,)))


_TO_KEY = "Set a valid one in CRAZYROUTER_API_KEY or with %kling_key."
# The first rule that fits counts. Codes stand before statuses: 403 alone says little.
_RULES = (
    _Rule(_of(200, 400, 402, 403, 429),
          r"insufficient_user_quota|insufficient.(?:quota|balance)|quota_not_enough|额度不足|余额不足",
          InsufficientQuotaError, "The balance does not suffice", "Top up in the service's web console."),
    # Kling's own codes for the account of whoever calls it, which is the gateway (R).
    _Rule(_of(200, 400, 402, 403, 429),
          r"^110[012]\b|^1303\b|code\W{1,3}(?:110[012]|1303)\b|account balance not enough|over resource pack limit",
          ModelUnavailableError, "The gateway's own account at its upstream is out of balance or at its limit",
          "It is not your account: wait, choose another model, or tell the service's support."),
    # The upstream may have taken the task before trouble of its own (R).
    _Rule(_of(200), r"InternalError", ServerError, "The service's upstream broke down", "", open=True, who="upstream"),
    _Rule(_of(200), r"LimitExceeded", RateLimitError, "The service's upstream is busy",
          "Wait a little, then try again.", who="upstream"),
    _Rule(_of(200), "", APIError, "The service's upstream refused the request", "Change what it names.",
          who="upstream"),
    # A proxy of one's own, such as LiteLLM, which without a database cannot say more of a wrong key (ran).
    _Rule(_of(400), r"no_db_connection", AuthenticationError, "A proxy before the service does not know the API key",
          _TO_KEY),
    _Rule(_of(400, 403, 429), r"budget_exceeded", InsufficientQuotaError,
          "The budget of this key at a proxy before the service is spent", "Ask whoever runs the proxy."),
    _Rule(_of(403, 407), "", APIError, "A proxy or a firewall before the service let nothing through",
          "It is not the key: try another network, or ask whoever runs this one.", who="page"),
    _Rule(_of(503), "", ServerError, "A proxy before the service turned the request away", "", open=True, who="page"),
    _Rule(_of(402), "", InsufficientQuotaError, "The balance does not suffice", "Top up in the service's web console."),
    _Rule(_of(200, 400, 403), r"invalid_api_key|无效的令牌|未提供令牌", AuthenticationError,
          "The service does not accept the API key", _TO_KEY),
    _Rule(_of(401), "", AuthenticationError, "The service does not accept the API key", _TO_KEY),
    _Rule(_of(200, 400, 404), r"task_not_exist|task.{0,10}(?:not.?(?:exist|found))|任务不存在", TaskNotFoundError,
          "The account of this key has no such task", "Check the id and the key: it is not the same as a failed task.",
          doing=("query", "download")),
    _Rule(_of(200, 400, 403, 404, 500, 503), r"get_channel_failed|model_not_found|no available channel|无可用渠道",
          ModelUnavailableError, "The model is down now, or not in the group of this key",
          "Try again later, choose another model, or see which ones the key may call."),
    _Rule(_of(429), "", RateLimitError, "Too many requests", "Wait a little, then try again."),
    _Rule(_of(403), "", PermissionDeniedError, "The API key may not do this",
          "Its group, its models or its allowed addresses do not cover it: see the key's settings in the web console."),
    _Rule(_of(400, 404, 405), "", APIError, "The service keeps no copy of the video", "", doing=("download",)),
    _Rule(_of(404, 405), "", APIError, "The service does not know this address", "Check the base URL{url}."),
    _Rule(_of(range(300, 400)), "", APIError, "The service answered with a redirect, which is not followed with a key",
          "Check the base URL{url}."),
    _Rule(_of(413), "", APIError, "The service, or a proxy before it, finds the request too large",
          "Send smaller media."),
    _Rule(_of(408), "", ServerError, "The service, or a proxy before it, did not answer in time", "", open=True),
    _Rule(_of(range(400, 500)), "", APIError, "The service refused the request", "Change what it names."),
    _Rule(_of(502, 504, 524), "", ServerError, "A proxy before the service got no answer in time", "", open=True),
    _Rule(_of(range(500, 1000)), "", ServerError, "The service broke down",
          "If media links are in the request, check that they are public.", open=True),
    _Rule(_of(range(1000)), "", APIError, "The service's answer has no task in it", "", open=True),
)  # fmt: skip
_STRANGE = _Rule(_of(), "", ServerError, "The service's answer cannot be read", "", open=True)

_MONEY: Mapping[Doing, str] = {
    "create": "Nothing was submitted, nothing is billed.",
    "query": "What was submitted goes on.",
    "upload": "Nothing was submitted, nothing is billed.",
    "list": "",
    "download": "The video itself is not affected.",
}


def refusal(reply: Response, doing: Doing, base_url: str = "") -> Refused:
    """The error that a reply means; never raises, whatever its bytes are."""
    body = reply.json()
    message, code, more = _envelope(body)
    header_id = one_line(reply.headers.get("x-oneapi-request-id", ""), 100)
    inside = _REQUEST_ID.search(message)
    request_id = header_id or (inside.group(1) if inside else "") or None
    status = reply.status_code
    said = f"{code} {more} {message}".strip()
    who: Who = "page" if body is None and reply.content[:200].lstrip()[:1] == b"<" else ""
    if reply.ok and (told := upstream_refusal(body)):
        who, message, code, said = "upstream", told.message, told.code, f"{told.code} {told.message}"
        request_id = request_id or told.request_id or None
    rule = next((rule for rule in _RULES if rule.fits(status, doing, said, who)), _STRANGE)
    if reply.ok and not isinstance(body, dict):
        rule = _STRANGE
    text = one_line(_REQUEST_ID.sub(" ", message), _LONGEST_TEXT) or _page(reply)
    words = [
        f"{rule.says} (HTTP {status})" + (f": {text}" if text else "") + ("" if text.endswith((".", "。")) else ".")
    ]
    # Where acceptance is open the caller says what it means for the money.
    words += [] if rule.open and doing == "create" else [_MONEY[doing]]
    words += [rule.do.format(url=f" {base_url}" if base_url else "")]
    words += [f"(request id: {request_id})"] if request_id else []
    details: dict[str, Any] = {} if rule.kind is not RateLimitError else {"retry_after": retry_after(reply)}
    error = rule.kind(
        " ".join(word for word in words if word),
        status_code=status,
        code=one_line(code, 100) or None,
        request_id=request_id,
        body=body if isinstance(body, dict | list) else reply.content[:4000].decode("utf-8", "replace"),
        **details,
    )
    return Refused(error, rule.open)


def submission_unknown(what: str, *, at: str = "", request_id: str | None = None) -> SubmissionUnknownError:
    """The error for a create call whose acceptance is open; raise it ``from`` its cause."""
    told = request_id is None or request_id in what
    marks = (f"sent {at}" if at else "", "" if told else f"request id: {request_id}")
    note = ", ".join(filter(None, marks))
    return SubmissionUnknownError(
        f"{what} The request was sent, and it may have been accepted and billed, so it is not sent again by itself. "
        f"Look into the service's web console first{f' ({note})' if note else ''}.",
        request_id=request_id,
    )


def retry_after(reply: Response, now: float | None = None) -> float | None:
    """Seconds of the ``Retry-After`` header, which holds seconds or a date; None without a usable one.

    A date is compared with the reply's own ``Date``, as our clock may be wrong, else with ``now`` (unix seconds).
    """
    text = reply.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text, re.ASCII):
        return float(text)
    until = _date(text)
    since = _date(reply.headers.get("date", "")) or now
    return None if until is None or since is None else max(0.0, until - since)


def _date(text: str) -> float | None:
    try:
        moment: datetime = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class UpstreamRefusal:
    """What the upstream (Tencent) refuses with HTTP 200: its ``Response.Error``."""

    code: str
    message: str
    request_id: str


def upstream_refusal(body: Any) -> UpstreamRefusal | None:
    """The upstream's refusal in a reply, at its top or in its ``data``; None where there is none."""
    part = body
    for _ in range(3):
        if not isinstance(part, dict):
            return None
        response = part.get("Response")
        error = response.get("Error") if isinstance(response, dict) else None
        if isinstance(response, dict) and isinstance(error, dict) and (error.get("Code") or error.get("Message")):
            told = (error.get("Code"), error.get("Message"), response.get("RequestId"))
            code, message, request_id = map(_text, told)
            return UpstreamRefusal(code, message, one_line(request_id, 100))
        part = part.get("data")
    return None


def _envelope(body: Any) -> tuple[str, str, str]:
    """Message, code and type out of the error envelopes that are known on this route; empty where not there."""
    if not isinstance(body, dict):
        return (body if isinstance(body, str) else ""), "", ""
    inner = body.get("error")
    parts = [part for part in (inner, body) if isinstance(part, dict)]
    message = _first(parts, "message", "msg", "error_msg", "detail") or _text(inner)
    return message, _first(parts, "code"), _first(parts, "type")


def _first(parts: list[dict[str, Any]], *names: str) -> str:
    return next((text for part in parts for name in names if (text := _text(part.get(name)))), "")


def _text(value: Any) -> str:
    """A text or a number as clean text (a lone surrogate in JSON would break whoever writes it), else empty."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)[:4000].encode("utf-8", "replace").decode()


def _page(reply: Response) -> str:
    """A few words about a body that is no JSON envelope."""
    start = reply.content[:2000].decode("utf-8", "replace").rstrip("\ufffd").strip()  # a character may be cut
    if "\ufffd" in start or "\0" in start:
        return "something that is no text"
    if start.startswith("<"):
        title = re.search(r"<title[^>]*>([^<]*)", start, re.IGNORECASE)
        words = one_line(title.group(1) if title else re.sub(r"<[^>]*>?", " ", start), 80)
        return f"an HTML page in place of JSON, {words!r}" if words else "an HTML page in place of JSON"
    return one_line(start, 120)
