"""The steps of a protocol, which a driver executes, and their results. No I/O.

A protocol is a generator: it yields a step, a driver executes the step and sends its result back in. So each rule of
the service is written once, and the blocking and the async client are two small loops.
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
_DEEPEST = 60  # levels; code that prints or copies a reply must not run out of stack


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request to the service and read the whole answer; results in a :class:`Response` or :class:`NoReply`.

    Attributes:
        file: name, content and media type of a file to upload.
        form: further fields of the upload's form.
        read_timeout: seconds.
        urgent: whether a user waits for it, so that it does not queue behind the polls.
        before: called when nothing is left to wait for; an async driver awaits it.
        alone: whether to use a new connection, which holds no bytes of an earlier answer; a POST always does.
        on_sent_changed: called with whether the request, or a part of it, may have left this machine.
    """

    method: str
    url: str
    json: Any = None
    file: tuple[str, bytes, str] | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = None
    read_timeout: float = 30.0
    urgent: bool = False
    before: Callable[[], Any] | None = None
    alone: bool = False
    on_sent_changed: Callable[[bool], object] | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Start a GET whose body is then read with :class:`Read`, until the next ``Open`` or ``Pause``.

    Results in a :class:`Response` without content, or :class:`NoReply`.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    with_key: bool = False  # never for a media host


@dataclass(frozen=True, slots=True)
class Read:
    """Read the next chunk of the opened body; results in bytes, empty at the end, or :class:`NoReply`."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Call ``do``, which works with files and must not block an event loop; results in what it returns."""

    do: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class NoReply:
    """A request without an answer.

    Attributes:
        sent: whether the request, or a part of it, may have reached the service.
        text: the cause, one line. It is not the exception, which holds the request and its key.
    """

    sent: bool
    text: str


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of the service; the names in ``headers`` are lower-case."""

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status_code < 300

    def json(self) -> Any:
        """Return the parsed body; None if it is not JSON, too large or nested too deep."""
        if len(self.content) > LARGEST_REPLY:
            return None
        try:
            body = json.loads(self.content, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            return None
        return body if _depth(body) <= _DEEPEST else None


class Note:
    """Context manager that adds a note (PEP 678) to an interrupt, a cancellation or another error that is not ours.

    The note says what the error means for the money.

    Attributes:
        text: the note.
        sent: whether something was sent and not refused.
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
    """State shared by all protocols of one client.

    Attributes:
        base_url: the service's address.
        read_timeout: seconds to wait for an answer, or None for our defaults.
        clock: monotonic seconds.
        wall: unix seconds.
        jitter: random number from 0 to 1, so that many clients do not retry at the same moment.
        links: uploads so far: sha256 → link, and the unix second until which the link is reused.
        asked: the ids of the tasks that were queried.
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
        """Return the address to name in an error about the connection."""
        return self.base_url

    def pause(self, attempt: int) -> float:
        """Return the seconds to wait after attempt 0, 1, 2 …: 1, 2, 4 … 30, randomly shortened by up to half."""
        return float(min(30.0, 2.0**attempt) * (1 - self.jitter() / 2))


Step = Send | Open | Read | Pause | Work
Protocol = Generator[Step, Any, T]


def _depth(body: Any) -> int:
    """Return how deep lists and objects are nested, counted without recursion, and no further than needed."""
    depth, level = 0, [body]
    while level := [part for part in level if isinstance(part, dict | list)]:
        depth += 1
        if depth > _DEEPEST:
            break
        level = [inner for part in level for inner in (part.values() if isinstance(part, dict) else part)]
    return depth
