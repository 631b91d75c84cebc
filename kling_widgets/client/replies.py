"""What a reply means: a :class:`Task` out of any of the shapes that the gateway answers with. No I/O.

A reply is data from a stranger: its size and depth are bounded, and no bytes make these functions raise anything but
our own errors. The shapes and words are those of API.md, section 4.
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

_URL_PLACES = (
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
_UPSTREAM_PLACES = (("data", "Response", "AigcVideoTask"), ("data", "AigcVideoTask"), ("Response", "AigcVideoTask"))


def read_create(reply: Response, *, base_url: str = "", at: str = "") -> Task:
    """The task that a create call made.

    Args:
        base_url: the address that was asked, for messages.
        at: when it was sent, in words, for the message when acceptance is open.

    Raises:
        SubmissionUnknownError: it may have been accepted; the :class:`APIError` is its ``__cause__``.
        APIError: one of its kinds; nothing was accepted.
    """
    if reply.ok:
        body = reply.json()
        top, data, deeper = _levels(body)
        parts = (data, top, deeper)
        ids = [*(part.get("task_id") for part in parts), data.get("id"), top.get("id")]
        ids += [_bare_id(top), *_found(parts, (("Response", "TaskId"),))]
        task_id = _first(_id, *ids)
        if task_id:
            task = _task(body, task_id)
            return task if task.word else replace(task, status="queued")
    refused = refusal(reply, "create", base_url)
    if refused.open:
        raise submission_unknown(str(refused.error), at=at, request_id=refused.error.request_id) from refused.error
    raise refused.error


def read_query(reply: Response, task_id: str, *, base_url: str = "") -> Task:
    """The task that was asked for. A reply without an id keeps ``task_id``.

    Raises:
        APIError: one of its kinds. It says nothing about the task, which goes on.
    """
    body = reply.json() if reply.ok else None
    if isinstance(body, dict):
        top, data, deeper = _levels(body)
        row = data.get("id")
        # An integer is a row of the gateway's database, not the task's id.
        named = _first(_id, data.get("task_id"), top.get("task_id"), row if isinstance(row, str) else None)
        told = named or _word(data, deeper, top)
        refused = top.get("error") or upstream_refusal(body)
        if told or (_went_well(top) and not refused):
            return _task(body, named or task_id)
    raise refusal(reply, "query", base_url).error


_ADVICE = (
    (r"account balance not enough|over resource pack limit",
     "It is the gateway's own account at its upstream, not yours: submit it again later, or choose another model."),
    (r"审核|moderat|sensitive|risk.?control|voilation|violation|policy|nsfw|敏感|违规",
     "The service's content check stopped it: change the prompt or the picture, as the same will fail again."),
    (r"requestlimitexceeded|\b70000\b|too many|busy|concurren|繁忙|限流|rate.?limit",
     "The service was busy: wait a little, then submit it again."),
    (r"(?:session|face)\w*\W.{0,40}(?:expire|invalid|not.?(?:exist|found))|(?:会话|人脸).{0,20}(?:过期|失效|不存在)",
     "The identification of the face is no longer valid: identify it again, then submit."),
    (r"not.?support|unsupported|不支持|invalid.?param|参数",
     "A setting does not go with this model: leave it out, or choose another model."),
    (r"download|image|picture|video.{0,20}(?:format|size|ratio|duration)|audio|format|图片|素材|下载",
     "A picture, clip or sound could not be used: check its format and size, and that its link is public."),
    (r"time.?d?.?out|expired|超时",
     "It took too long at the service, which normally refunds that: submit it again."),
)  # fmt: skip


def advice(task: Task) -> str:
    """What to do about a failed task, in a sentence; empty where the reason is not known."""
    if task.status != "failed":
        return ""
    top, data, _ = _levels(task.raw)
    upstream = _upstream(data, top)
    codes = (upstream.get("ErrCodeExt"), upstream.get("ErrCode"), *_found((data, top), (("error", "code"),)), task.word)
    said = " ".join([task.error or "", *(_line(code) or "" for code in codes)])
    return next((what for pattern, what in _ADVICE if re.search(pattern, said, re.IGNORECASE)), "")


def _task(body: Any, task_id: str) -> Task:
    top, data, deeper = _levels(body)
    upstream = _upstream(data, top)
    word = _word(data, deeper, top) or _word(upstream)
    status = _STATUSES.get(re.sub(r"[\s-]+", "_", word.lower()), "unknown")
    url = _first(clean_link, *_links((data, deeper, top), upstream, succeeded=status == "succeeded"))
    # The gateway calls a task finished also when its upstream finished it with an error. A code in words alone may be a
    # remark, as long as there is a video.
    upstream_failed = status == "succeeded" and (
        _reason(upstream.get("ErrCode")) is not None
        or (url is None and _reason(upstream.get("ErrCodeExt")) is not None)
    )
    if upstream_failed:
        status = "failed"
    names = ("created_at", "submit_time")
    return Task(
        id=task_id,
        model=_first(_line, *_found((data, top), (("model",), ("properties", "origin_model_name"), ("model_name",)))),
        status=status,
        progress=_first(_percent, data.get("progress"), top.get("progress"), upstream.get("Progress")),
        url=url,
        error=_first(_reason, *_reasons(data, top, upstream, upstream_failed)) if status == "failed" else None,
        created_at=_first(unix_seconds, *(part.get(name) for part in (data, top) for name in names)),
        word=word,
        raw=body,
    )


def _levels(body: Any) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    """The top level of a reply, its ``data`` (the top level again where that is no object), and the ``data`` in that,
    which is empty where there is none. Of a list counts the first item."""
    top = body if isinstance(body, dict) else {}
    data = _head(top.get("data"))
    deeper = _head(data.get("data")) if isinstance(data, dict) else None
    return top, data if isinstance(data, dict) else top, deeper if isinstance(deeper, dict) else {}


def _went_well(top: Mapping[str, Any]) -> bool:
    """Whether the envelope says that the call itself succeeded."""
    return top.get("code") in (None, "", "success", 0, 200) and top.get("success") is not False


def _bare_id(top: Mapping[str, Any]) -> str | None:
    """An id that stands as plain text in ``data``. A sentence, a link or a word for a status is none."""
    text = top.get("data")
    is_id = isinstance(text, str) and re.fullmatch(r"[\w.:=+-]+", text) and text.lower() not in _NO_REASON
    return text if is_id and _went_well(top) and not top.get("error") else None


def _upstream(*parts: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((found for found in _found(parts, _UPSTREAM_PLACES) if isinstance(found, dict)), {})


def _word(*parts: Mapping[str, Any]) -> str:
    names = ("status", "task_status", "state", "Status")
    return next((one_line(text, 60) for part in parts for name in names if (text := _line(part.get(name)))), "")


def _links(parts: tuple[Any, ...], upstream: Any, *, succeeded: bool) -> Iterator[Any]:
    yield from _found(parts, _URL_PLACES)
    yield from _found((upstream,), (("Output", "FileInfos", "FileUrl"),))
    if succeeded:  # an old gateway put it there
        yield from _found(parts, (("fail_reason",),))


def _reasons(data: Any, top: Any, upstream: Any, upstream_failed: bool) -> Iterator[Any]:
    nested = _found((upstream,), (("Message",), ("ErrCodeExt",), ("ErrCode",)))
    if upstream_failed:
        yield from nested
    for part in (data, top):
        error = part.get("error")
        yield from _found((error,), (("message",), ("msg",), ("code",))) if isinstance(error, dict) else (error,)
        yield from (part.get(name) for name in ("fail_reason", "task_status_msg", "message"))
    yield from nested
    yield from _found((data, top), (("Response", "Error", "Message"), ("data", "Response", "Error", "Message")))


def _found(parts: tuple[Any, ...], places: tuple[tuple[str, ...], ...]) -> Iterator[Any]:
    """What stands at these places, part by part. A list anywhere on the way counts as its first item."""
    for part in parts:
        for place in places:
            value = part
            for name in place:
                value = _head(value)
                value = value.get(name) if isinstance(value, dict) else None
            if value is not None:
                yield _head(value)


def _head(value: Any) -> Any:
    return (value[0] if value else None) if isinstance(value, list) else value


def _first(read: Callable[[Any], T | None], *values: Any) -> T | None:
    return next((found for value in values if (found := read(value)) is not None), None)


def _line(value: Any) -> str | None:
    """A text or a number as one clean line: a lone surrogate, which JSON allows, would break whoever writes it."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return one_line(str(value)[:20_000].encode("utf-8", "replace").decode()) or None


# Words of the call's own success, and codes that say that nothing was wrong.
_NO_REASON = {*_STATUSES, "0", "ok", "none", "null"}


def _reason(value: Any) -> str | None:
    text = _line(value)
    return None if text is None or text.lower() in _NO_REASON else text


def _id(value: Any) -> str | None:
    text = _line(value)
    return text if text is not None and len(text) <= _LONGEST_ID else None


def _percent(value: Any) -> int | None:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d{1,3}(?:\.\d{1,20})?)\s*%?\s*", value, re.ASCII)
        value = float(match.group(1)) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        return None
    return int(value)


def unix_seconds(value: Any) -> float | None:
    """Unix seconds, milliseconds or a date (ISO 8601, UTC where it says nothing else) as seconds; 0 is unset, and what
    lies outside 2001 to 2286 is no time of a task."""
    if isinstance(value, str):
        number = re.fullmatch(r"\d{9,14}(?:\.\d{1,9})?", value, re.ASCII)
        value = float(value) if number else _date(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e13:
        return None
    seconds = value / 1000 if value > 1e11 else value
    return float(seconds) if 1e9 <= seconds < 1e10 else None


def _date(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip()[:40])
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
