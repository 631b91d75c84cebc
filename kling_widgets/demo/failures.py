"""What can go wrong with a service, on request: a word in the prompt, such as ``demo:moderation``, and what it does.

The table is data: the service reads the behaviour, ``--help`` and the README print the explanation.
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
    """What a POST or a query is answered instead: an HTTP status, a body (JSON, or text for a page), headers."""

    status: int
    body: Mapping[str, Any] | str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Behaviour:
    """How the service treats one task. The defaults are how it treats a task without any word.

    Attributes:
        answer: what the POST is answered; None for the task itself; "hangup" closes the connection without an answer.
        creates: whether the task is created, whatever the answer is.
        once: whether the answer is given to the first POST of a prompt alone; the next one is accepted.
        error: the task fails with this text and code.
        stretch: how many times longer the task takes.
        progress: real progress, only the stage marks of the stock gateway, or none.
        link: whether a success carries a link, never does, or only some queries later.
        broken: the media ends before its announced length.
        form: the answers of the service page, or the gateway's later form, which has two links and no progress.
        page_every: every so many queries are answered by a proxy's HTML page; 0 for none.
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
    """A word's explanation for people, and its behaviour."""

    explanation: str
    behaviour: Behaviour


def _refused(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> ScriptedAnswer:
    return ScriptedAnswer(status, {"code": code, "message": message, "data": None}, headers or {})


FAILURES: Mapping[str, Failure] = {
    "fail": Failure(
        "the task fails while it is made",
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
        "the model has no channel now; nothing is created",
        Behaviour(
            answer=_refused(500, "get_channel_failed", "the model is temporarily unavailable, please try again later"),
            creates=False,
        ),
    ),
    "quota": Failure(
        "the balance is too low; nothing is created",
        Behaviour(answer=_refused(403, "insufficient_user_quota", "用户额度不足, 剩余额度: ＄0.00"), creates=False),
    ),
    "nourl": Failure("the task succeeds, but its video is nowhere", Behaviour(link="never")),
    "late": Failure("the task succeeds, its link comes a few queries later", Behaviour(link="late")),
    "broken": Failure("the video breaks off in the middle of its download", Behaviour(broken=True)),
    "html": Failure("every third query is answered with a proxy's HTML page", Behaviour(page_every=3)),
    "stages": Failure("progress is only the gateway's stage marks 10, 20, 30, 100", Behaviour(progress="stages")),
    "june": Failure(
        "the answers have the gateway's form of June 2026: SUCCESS, result_url, artifact_url, no progress",
        Behaviour(form="june"),
    ),
    "noprogress": Failure("no progress is told", Behaviour(progress="none")),
}


def behaviour(prompt: str) -> Behaviour:
    """What the words of a prompt ask for, together; a word that is not in the table is only text."""
    asked: dict[str, Any] = {}
    for word in _WORD.findall(prompt):
        if failure := FAILURES.get(word):
            for field in dataclasses.fields(Behaviour):
                value = getattr(failure.behaviour, field.name)
                if value != getattr(Behaviour(), field.name):
                    asked.setdefault(field.name, value)
    return Behaviour(**asked)


def explained() -> str:
    """The table in lines of text, for ``--help``."""
    longest = max(map(len, FAILURES))
    return "\n".join(f"  demo:{word:<{longest}}  {failure.explanation}" for word, failure in FAILURES.items())
