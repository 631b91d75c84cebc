"""Simulated failures: a word in the prompt, such as ``demo:moderation``, changes how the service behaves.

The table is data: the service reads the behaviour, and ``--help`` and the README print the explanation.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

PAGE = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
_WORD = re.compile(r"demo:(\w+)")


@dataclass(frozen=True)
class ScriptedAnswer:
    """Prepared answer to a POST: an HTTP status, a body (JSON, or text for an HTML page), and headers."""

    status: int
    body: Mapping[str, Any] | str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Behaviour:
    """Behaviour of the service for one task. The defaults are the normal behaviour.

    Attributes:
        answer: The answer to the POST; None for the normal one; "hangup" closes the connection without an answer.
        creates: Whether the task is created, independent of the answer.
        once: Whether only the first POST of a prompt gets the answer; the next one is accepted.
        error: The message and code that the task fails with, or None.
        stretch: The factor by which the task takes longer.
        progress: Real progress, only the stage marks of the stock gateway, or none.
        link: Whether a succeeded task has a link at once, never, or only some queries later.
        broken: Whether the download ends before its announced length.
        form: The answers as on the service's page, or the gateway's later form with two links and no progress.
        page_every: Every n-th query is answered with a proxy's HTML page; 0 for none.
    """

    answer: ScriptedAnswer | Literal["hangup"] | None = None
    creates: bool = True
    once: bool = False
    error: tuple[str, str] | None = None
    stretch: float = 1.0
    progress: Literal["real", "stages", "none"] = "real"
    link: Literal["there", "never", "late"] = "there"
    broken: bool = False
    form: Literal["page", "june"] = "page"
    page_every: int = 0


@dataclass(frozen=True)
class Failure:
    """Explanation of a word, and the behaviour that it causes."""

    explanation: str
    behaviour: Behaviour


def _refused(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> ScriptedAnswer:
    return ScriptedAnswer(status, {"code": code, "message": message, "data": None}, headers or {})


FAILURES: Mapping[str, Failure] = {
    "fail": Failure(
        "the task fails while it is running",
        Behaviour(error=("the upstream could not make this video (asked for by demo:fail)", "task_failed")),
    ),
    "moderation": Failure(
        "the task is refused by content moderation",
        Behaviour(error=("content moderation failed (asked for by demo:moderation)", "task_failed")),
    ),
    "slow": Failure("the task takes five times as long", Behaviour(stretch=5)),
    "429": Failure(
        "the first POST of the prompt is refused with Retry-After: 1, the next one is accepted",
        Behaviour(
            answer=_refused(429, "rate_limit_exceeded", "Too many requests", {"Retry-After": "1"}),
            creates=False,
            once=True,
        ),
    ),
    "500": Failure(
        "the POST is answered with a 500 that leaves open whether the task exists; it does",
        Behaviour(answer=_refused(500, "do_request_failed", "请求上游地址失败")),
    ),
    "502": Failure(
        "the POST is answered with a proxy's HTML page; the task exists", Behaviour(answer=ScriptedAnswer(502, PAGE))
    ),
    "lost": Failure("the connection closes before the POST is answered; the task exists", Behaviour(answer="hangup")),
    "busy": Failure(
        "the model is temporarily unavailable; nothing is created",
        Behaviour(
            answer=_refused(500, "get_channel_failed", "the model is temporarily unavailable, please try again later"),
            creates=False,
        ),
    ),
    "quota": Failure(
        "the balance is too low; nothing is created",
        Behaviour(answer=_refused(403, "insufficient_user_quota", "用户额度不足, 剩余额度: ＄0.00"), creates=False),
    ),
    "nourl": Failure("the task succeeds, but its video is not available", Behaviour(link="never")),
    "late": Failure("the task succeeds, but its link follows a few queries later", Behaviour(link="late")),
    "broken": Failure("the download of the video ends halfway", Behaviour(broken=True)),
    "html": Failure("every third query is answered with a proxy's HTML page", Behaviour(page_every=3)),
    "stages": Failure("progress is only the gateway's stage marks 10, 20, 30, 100", Behaviour(progress="stages")),
    "june": Failure(
        "the answers have the gateway's form of June 2026: SUCCESS, result_url, artifact_url, no progress",
        Behaviour(form="june"),
    ),
    "noprogress": Failure("no progress is reported", Behaviour(progress="none")),
}


def behaviour(prompt: str) -> Behaviour:
    """Return the behaviour for the words in a prompt, combined; unknown words are ignored."""
    changed: dict[str, Any] = {}
    for word in _WORD.findall(prompt):
        if failure := FAILURES.get(word):
            for field in dataclasses.fields(Behaviour):
                value = getattr(failure.behaviour, field.name)
                if value != getattr(Behaviour(), field.name):
                    changed.setdefault(field.name, value)
    return Behaviour(**changed)


def help_text() -> str:
    """Return the table as text, for ``--help``."""
    longest = max(map(len, FAILURES))
    return "\n".join(f"  demo:{word:<{longest}}  {failure.explanation}" for word, failure in FAILURES.items())
