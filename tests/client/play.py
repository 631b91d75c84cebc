"""Runs a protocol without a connection: feeds it answers from a list, and records its steps."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from kling_widgets.client.steps import NoReply, Open, Pause, Protocol, Read, Response, Send, Work
from kling_widgets.errors import KlingError


@dataclass
class Played:
    result: Any = None
    sent: list[Send | Open] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)


def response(body: Any, status: int = 200, **headers: str) -> Response:
    """Return a reply; text is used as it is, anything else becomes JSON."""
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def play(steps: Protocol[Any], answers: Iterable[Response | NoReply | bytes]) -> Played:
    """Run a protocol to its end. A request without an answer left fails the test."""
    played, left = Played(), iter(answers)
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            step = steps.throw(error) if error is not None else steps.send(answer)
        except StopIteration as stop:
            played.result = stop.value
            assert next(left, None) is None, "an answer was not asked for"
            return played
        answer, error = None, None
        match step:
            case Pause(seconds):
                assert seconds >= 0
                played.pauses.append(seconds)
            case Send() | Open():
                played.sent.append(step)
                answer = next(left, None)
                assert answer is not None, f"one request too many: {step}"
            case Read():
                answer = next(left, b"")
            case Work(do):
                try:
                    answer = do()
                except (KlingError, OSError) as raised:
                    error = raised
