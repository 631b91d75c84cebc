"""What the protocol and its drivers say to each other: steps to take, and what came of them. No I/O.

A protocol is a generator: it yields a step, a driver takes it and sends the outcome back in. So each rule of the
service is written once, and the sync and the async client are two small loops.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from kling_widgets.core.text import one_line
from kling_widgets.errors import KlingError

T = TypeVar("T")

LARGEST_REPLY = 8 * 2**20  # bytes; the list of some 600 models is the largest reply known, well under 1 MiB
READ_TIMEOUT = 30.0  # seconds
CREATE_TIMEOUT = 180.0  # seconds; the gateway's SDK guide (D)
_DEEPEST = 60  # levels; whoever prints or copies a reply must not run out of stack


@dataclass(frozen=True, slots=True)
class Send:
    """A request to the service and its whole answer: gives a :class:`Response` or :class:`NoReply`."""

    method: str
    url: str
    json: Any = None
    file: tuple[str, bytes, str] | None = field(default=None, repr=False)  # name, content, media type
    form: Mapping[str, str] | None = None
    read_timeout: float = 30.0
    urgent: bool = False  # somebody waits for it: it does not queue behind the polls
    before: Callable[[], Any] | None = None  # called, by an async driver awaited, when nothing is left to wait for
    alone: bool = False  # on a connection of its own, which holds no bytes of an earlier answer; a POST always is
    on_way: Callable[[bool], object] | None = None  # told whether the request, or a part of it, may have left


@dataclass(frozen=True, slots=True)
class Open:
    """A GET whose body is read piece by piece, until the next ``Open`` or ``Pause``: gives a :class:`Reply` without
    content, or :class:`NoReply`."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    with_key: bool = False  # never for a media host


@dataclass(frozen=True, slots=True)
class Read:
    """The next piece of what was opened: gives bytes, empty at the end, or :class:`NoReply`."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Work with files, which must not hold up the async driver's loop: gives what ``do`` returns."""

    do: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class NoReply:
    """No answer came.

    Attributes:
        sent: whether the request, or a part of it, may have reached the service.
        text: what happened, one line. Text, not the exception: that one holds the request and its key.
    """

    sent: bool
    text: str


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. ``headers`` by lower-case name."""

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status_code < 300

    def json(self) -> Any:
        """The body parsed, or None: also if it is no JSON, too large, or too deep."""
        if len(self.content) > LARGEST_REPLY:
            return None
        try:
            body = json.loads(self.content, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            return None
        return body if _depth(body) <= _DEEPEST else None


class Note:
    """What an interrupt, a cancellation or another error from outside means for the money: a context manager that adds
    its text as a note (PEP 678) to each error that is not ours.

    Attributes:
        text: the note.
        sent: whether something was sent that was not turned away.
    """

    def __init__(self, text: str = "") -> None:
        self.text, self.sent = text, False

    def __enter__(self) -> Note:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and self.text and not isinstance(error, KlingError):
            error.add_note(one_line(self.text))


@dataclass
class ClientState:
    """What the protocols of one client share.

    Attributes:
        base_url: the service's address.
        read_timeout: seconds to wait for an answer, or None for our defaults.
        clock: seconds that only go forward.
        wall: unix seconds.
        jitter: a number from 0 to 1, so that many clients do not come back at the same moment.
        links: uploads so far: sha256 → link and the unix second until which it is used.
        asked: the ids of the tasks that were asked for.
    """

    base_url: str
    read_timeout: float | None = None
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random
    links: dict[str, tuple[str, float]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def url(self, path: str) -> str:
        return f"{self.base_url}{path}"

    def where(self) -> str:
        """The address in an error about the connection."""
        return self.base_url

    def pause(self, attempt: int) -> float:
        """Seconds after try number ``attempt``, from 0: 1, 2, 4 … 30, shortened by up to half by chance."""
        return float(min(30.0, 2.0**attempt) * (1 - self.jitter() / 2))


Step = Send | Open | Read | Pause | Work
Protocol = Generator[Step, Any, T]


def _depth(body: Any) -> int:
    """How deep lists and objects are nested; counted without recursion."""
    depth, level = 0, [body]
    while level := [part for part in level if isinstance(part, dict | list)]:
        depth += 1
        if depth > _DEEPEST:
            break
        level = [inner for part in level for inner in (part.values() if isinstance(part, dict) else part)]
    return depth
