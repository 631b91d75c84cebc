"""Parsing of replies: a :class:`Task` from any of the shapes that the gateway answers with. No I/O.

A reply is untrusted: its size and depth are limited, and no content makes these functions raise anything but our own
errors. The shapes and words are those of API.md, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from kling_widgets.client.error_replies import refusal, submission_unknown, upstream_refusal
from kling_widgets.client.links import clean_link
from kling_widgets.client.steps import Response
from kling_widgets.core.task import Status, Task
from kling_widgets.core.text import one_line

__all__ = ["Response", "Status", "Task", "advice", "read_create", "read_query"]
T = TypeVar("T")

_LONGEST_ID = 500  # characters; ids are opaque, but they go into links, lines and the journal

_PAIRS: tuple[tuple[Status, str], ...] = (
    ("succeeded", "success succeeded succeed completed complete finished finish done"),
    ("failed", "failure failed fail error cancelled canceled cancel expired timeout timed_out aborted rejected stop"),
    ("running", "in_progress processing running run generating"),
    ("queued", "queued submitted not_start pending wait waiting created scheduled"),
)
_STATUSES = {word: status for status, words in _PAIRS for word in words.split()}

_URL_PATHS = (
    ("artifact_url",),
    ("result_url",),
    ("url",),
    ("video_url",),
    ("videoUrl",),
    *(("metadata", name) for name in ("url", "result_url", "video_url", "artifact_url")),
    ("video", "url"),
    ("output", "video_url"),
    ("content", "video_url"),
    ("task_result", "videos", "url"),
    ("videos", "url"),
    ("artifacts", "url"),
)
# The raw answer of the upstream (Tencent VOD), which the gateway keeps inside its own row.
_UPSTREAM_PATHS = (("data", "Response", "AigcVideoTask"), ("data", "AigcVideoTask"), ("Response", "AigcVideoTask"))


def read_create(reply: Response, *, base_url: str = "", at: str = "") -> Task:
    """Return the task that a create call made.

    Args:
        reply: the service's answer.
        base_url: the address that was called, for messages.
        at: when the call was sent, as text, for the message if it may have been accepted.

    Raises:
        SubmissionUnknownError: it may have been accepted; the :class:`APIError` is its ``__cause__``.
        APIError: one of its subclasses; nothing was accepted.
    """
    if reply.ok:
        body = reply.json()
        top, data, nested_data = _levels(body)
        parts = (data, top, nested_data)
        ids = [*(part.get("task_id") for part in parts), data.get("id"), top.get("id")]
        ids += [_bare_id(top), *_values_at(parts, (("Response", "TaskId"),))]
        task_id = _first_valid(_id, *ids)
        if task_id:
            task = _task(body, task_id)
            return task if task.word else replace(task, status="queued")
    refused = refusal(reply, "create", base_url)
    if refused.maybe_accepted:
        raise submission_unknown(str(refused.error), at=at, request_id=refused.error.request_id) from refused.error
    raise refused.error


def read_query(reply: Response, task_id: str, *, base_url: str = "") -> Task:
    """Return the task that was queried. A reply without an id gets ``task_id``.

    Raises:
        APIError: one of its subclasses. The task itself is not affected.
    """
    body = reply.json() if reply.ok else None
    if isinstance(body, dict):
        top, data, nested_data = _levels(body)
        row_id = data.get("id")
        # An integer is the row of the gateway's database, not the task's id.
        ids = (data.get("task_id"), top.get("task_id"), row_id if isinstance(row_id, str) else None)
        found_id = _first_valid(_id, *ids)
        is_task = found_id or _word(data, nested_data, top)
        refused = top.get("error") or upstream_refusal(body)
        if is_task or (_call_succeeded(top) and not refused):
            return _task(body, found_id or task_id)
    raise refusal(reply, "query", base_url).error


_ADVICE = (
    (r"account balance not enough|over resource pack limit",
     "It is the gateway's own account at its upstream, not yours: submit again later, or choose another model."),
    (r"审核|moderat|sensitive|risk.?control|voilation|violation|policy|nsfw|敏感|违规",
     "The service's content check rejected it: change the prompt or the picture, as the same request will fail again."),
    (r"requestlimitexceeded|\b70000\b|too many|busy|concurren|繁忙|限流|rate.?limit",
     "The service was busy: wait a little, then submit again."),
    (r"(?:session|face)\w*\W.{0,40}(?:expire|invalid|not.?(?:exist|found))|(?:会话|人脸).{0,20}(?:过期|失效|不存在)",
     "The face identification is no longer valid: identify the face again, then submit."),
    (r"not.?support|unsupported|不支持|invalid.?param|参数",
     "This model does not support one of the settings: leave it out, or choose another model."),
    (r"download|image|picture|video.{0,20}(?:format|size|ratio|duration)|audio|format|图片|素材|下载",
     "A picture, clip or sound could not be used: check its format and size, and that its link is public."),
    (r"time.?d?.?out|expired|超时",
     "It took too long at the service, which normally refunds this: submit again."),
)  # fmt: skip


def advice(task: Task) -> str:
    """Return a sentence on what to do about a failed task, or "" if the reason is unknown."""
    if task.status != "failed":
        return ""
    top, data, _ = _levels(task.raw)
    upstream = _upstream(data, top)
    codes = (
        upstream.get("ErrCodeExt"),
        upstream.get("ErrCode"),
        *_values_at((data, top), (("error", "code"),)),
        task.word,
    )
    searched = " ".join([task.error or "", *(_clean_line(code) or "" for code in codes)])
    return next((sentence for pattern, sentence in _ADVICE if re.search(pattern, searched, re.IGNORECASE)), "")


def _task(body: Any, task_id: str) -> Task:
    top, data, nested_data = _levels(body)
    upstream = _upstream(data, top)
    word = _word(data, nested_data, top) or _word(upstream)
    status = _STATUSES.get(re.sub(r"[\s-]+", "_", word.lower()), "unknown")
    url = _first_valid(clean_link, *_links((data, nested_data, top), upstream, succeeded=status == "succeeded"))
    # The gateway reports success even if its upstream ended the task with an error. If there is a video, a textual code
    # alone may be a mere remark.
    upstream_failed = status == "succeeded" and (
        _reason(upstream.get("ErrCode")) is not None
        or (url is None and _reason(upstream.get("ErrCodeExt")) is not None)
    )
    if upstream_failed:
        status = "failed"
    names = ("created_at", "submit_time")
    models = _values_at((data, top), (("model",), ("properties", "origin_model_name"), ("model_name",)))
    return Task(
        id=task_id,
        model=_first_valid(_clean_line, *models),
        status=status,
        progress=_first_valid(_percent, data.get("progress"), top.get("progress"), upstream.get("Progress")),
        url=url,
        error=_first_valid(_reason, *_reasons(data, top, upstream, upstream_failed)) if status == "failed" else None,
        created_at=_first_valid(unix_seconds, *(part.get(name) for part in (data, top) for name in names)),
        word=word,
        raw=body,
    )


def _levels(body: Any) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    """Return the top level of a reply, its ``data`` and the ``data`` inside that.

    A missing ``data`` is replaced by the top level, a missing inner one by an empty mapping; a list by its first item.
    """
    top = body if isinstance(body, dict) else {}
    data = _first_item(top.get("data"))
    nested_data = _first_item(data.get("data")) if isinstance(data, dict) else None
    return top, data if isinstance(data, dict) else top, nested_data if isinstance(nested_data, dict) else {}


def _call_succeeded(top: Mapping[str, Any]) -> bool:
    """Return whether the envelope reports that the call itself succeeded."""
    return top.get("code") in (None, "", "success", 0, 200) and top.get("success") is not False


def _bare_id(top: Mapping[str, Any]) -> str | None:
    """Return an id that is plain text in ``data``, or None. A sentence, a link or a status is not an id."""
    text = top.get("data")
    is_id = isinstance(text, str) and re.fullmatch(r"[\w.:=+-]+", text) and text.lower() not in _NO_REASON
    return text if is_id and _call_succeeded(top) and not top.get("error") else None


def _upstream(*parts: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((found for found in _values_at(parts, _UPSTREAM_PATHS) if isinstance(found, dict)), {})


def _word(*parts: Mapping[str, Any]) -> str:
    names = ("status", "task_status", "state", "Status")
    return next((one_line(text, 60) for part in parts for name in names if (text := _clean_line(part.get(name)))), "")


def _links(parts: tuple[Any, ...], upstream: Any, *, succeeded: bool) -> Iterator[Any]:
    yield from _values_at(parts, _URL_PATHS)
    yield from _values_at((upstream,), (("Output", "FileInfos", "FileUrl"),))
    if succeeded:  # old gateways put the link there
        yield from _values_at(parts, (("fail_reason",),))


def _reasons(data: Any, top: Any, upstream: Any, upstream_failed: bool) -> Iterator[Any]:
    nested = _values_at((upstream,), (("Message",), ("ErrCodeExt",), ("ErrCode",)))
    if upstream_failed:
        yield from nested
    for part in (data, top):
        error = part.get("error")
        yield from _values_at((error,), (("message",), ("msg",), ("code",))) if isinstance(error, dict) else (error,)
        yield from (part.get(name) for name in ("fail_reason", "task_status_msg", "message"))
    yield from nested
    yield from _values_at((data, top), (("Response", "Error", "Message"), ("data", "Response", "Error", "Message")))


def _values_at(parts: tuple[Any, ...], paths: tuple[tuple[str, ...], ...]) -> Iterator[Any]:
    """Yield the values at these paths, part by part. A list anywhere on a path is replaced by its first item."""
    for part in parts:
        for path in paths:
            value = part
            for name in path:
                value = _first_item(value)
                value = value.get(name) if isinstance(value, dict) else None
            if value is not None:
                yield _first_item(value)


def _first_item(value: Any) -> Any:
    return (value[0] if value else None) if isinstance(value, list) else value


def _first_valid(read: Callable[[Any], T | None], *values: Any) -> T | None:
    return next((found for value in values if (found := read(value)) is not None), None)


def _clean_line(value: Any) -> str | None:
    """Return a text or a number as one line without lone surrogates, which JSON allows but files do not; else None."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return one_line(str(value)[:20_000].encode("utf-8", "replace").decode()) or None


# Statuses, and codes for "no error".
_NO_REASON = {*_STATUSES, "0", "ok", "none", "null"}


def _reason(value: Any) -> str | None:
    text = _clean_line(value)
    return None if text is None or text.lower() in _NO_REASON else text


def _id(value: Any) -> str | None:
    text = _clean_line(value)
    return text if text is not None and len(text) <= _LONGEST_ID else None


def _percent(value: Any) -> int | None:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d{1,3}(?:\.\d{1,20})?)\s*%?\s*", value, re.ASCII)
        value = float(match.group(1)) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        return None
    return int(value)


def unix_seconds(value: Any) -> float | None:
    """Return unix seconds, given seconds, milliseconds or a date (ISO 8601, by default UTC), or None.

    0 means unset, and times outside 2001 to 2286 are not times of a task.
    """
    if isinstance(value, str):
        number = re.fullmatch(r"\d{9,14}(?:\.\d{1,9})?", value, re.ASCII)
        value = float(value) if number else _date(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e13:
        return None
    seconds = value / 1000 if value > 1e11 else value
    return float(seconds) if 1e9 <= seconds < 1e10 else None


def _date(text: str) -> float | None:
    try:
        date = datetime.fromisoformat(text.strip()[:40])
        return date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
