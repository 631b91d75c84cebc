"""Faults on the way to the service and back, as data: each with its meaning for the caller.

The documented answers are those of tests/wire/responses.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kling_widgets import errors
from kling_widgets.client.steps import LARGEST_REPLY
from tests.servers import MP4 as MP4
from tests.servers import Answer

WIRE = Path(__file__).resolve().parent / "wire" / "responses"
CREATED = {"id": "t1", "task_id": "t1", "status": "", "progress": 0}
PAGE = "<!doctype html><html><head><title>Sign\x1b[31m in</title></head><body><script>alert(1)</script></body></html>"

Post = Literal["again", "refused", "open"]


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: id of the test.
        answer: sent instead of the good answer; None: nobody accepts the connection.
        post: the consequence for a submission: it may be sent "again", it is "refused", or the outcome is "open".
        error: raised by a submission if every attempt fails in this way.
        last_word: error that a poll raises after three such answers; None: no such answer ends a wait.
        whole: whether the answer is complete, though sent in an unusual way.
        slow: whether it shows only by a timeout, so that the test needs a short one.
        blocking: whether a blocking client can detect it; otherwise only its size limits apply.
    """

    name: str
    answer: Answer | None
    post: Post = "open"
    error: type[errors.KlingError] = errors.SubmissionUnknownError
    last_word: type[errors.APIError] | None = None
    whole: bool = False
    slow: bool = False
    blocking: bool = True

    @property
    def mends(self) -> bool:
        """Return whether retrying soon is sure to help: the fault is not the service's verdict on the request."""
        status = self.answer.status if self.answer else 503
        plain = self.answer is None or self.answer.fault or self.answer.raw is not None or self.answer.cut is not None
        return bool(plain and not self.whole) or status >= 500 or status in (408, 429)


def raw(text: str, body: bytes = b"") -> Answer:
    """Return an answer that is sent unchanged."""
    return Answer(raw=text.replace("\n", "\r\n").encode() + body)


def refused(name: str, answer: Answer, error: type[errors.KlingError] = errors.APIError) -> Fault:
    return Fault(name, answer, "refused", error)


def _connection() -> list[Fault]:
    good = json.dumps(CREATED).encode()
    return [
        Fault("refused-connection", None, "again", errors.ConnectionFailedError),
        Fault("reset", Answer(fault="reset")),
        Fault("close", Answer(fault="close")),
        Fault("stall", Answer(fault="stall"), slow=True),
        Fault("cut", Answer(body=CREATED, cut=9)),
        Fault("cut-chunks", Answer(body=CREATED, cut=9, coded="chunks")),
        Fault("reset-in-the-answer", Answer(body=CREATED, cut=9, end="reset")),
        Fault("stall-in-the-answer", Answer(body=CREATED, cut=9, end="stall"), slow=True),
        Fault("half-a-head", raw("HTTP/1.1 200 OK\nContent-Len")),
        Fault("no-http", raw("\x00\x01\x1b[2J SSH-2.0 nothing of HTTP\n\n")),
        Fault("length-too-long", raw("HTTP/1.1 200 OK\nContent-Length: 900\n\n", good)),
        Fault("length-too-short", raw("HTTP/1.1 200 OK\nContent-Length: 9\n\n", good), whole=True),
        Fault("two-lengths", raw("HTTP/1.1 200 OK\nContent-Length: 9\nContent-Length: 7\n\n", good)),
        Fault("chunks-of-nothing", raw("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nzz\n", good)),
        Fault("only-100", raw("HTTP/1.1 100 Continue\n\n")),
        Fault("drip", Answer(fault="drip"), slow=True),
        Fault("headers-without-end", Answer(fault="headers")),
        Fault("header-that-drips", Answer(fault="header"), slow=True, blocking=False),
        Fault("100-without-end", Answer(fault="continue"), slow=True, blocking=False),
    ]


def _pages() -> list[Fault]:
    """Return pages of proxies, firewalls and login portals, with any status."""
    kinds = {
        401: errors.AuthenticationError,
        402: errors.InsufficientQuotaError,
    }
    faults = [refused(f"page-{status}", Answer(status, PAGE), kinds.get(status, errors.APIError))
              for status in (400, 401, 402, 403, 404, 405, 407, 410, 413, 451)]  # fmt: skip
    faults += [
        Fault(f"page-{status}", Answer(status, PAGE)) for status in (200, 408, 500, 502, 503, 504, 511, 520, 599)
    ]
    faults += [Fault("page-429", Answer(429, PAGE), "again", errors.RateLimitError)]
    faults += [
        refused(f"redirect-{at}", Answer(status, PAGE, {"Location": to}))
        for at, (status, to) in enumerate(
            [(301, "/elsewhere"), (302, "https://login.example/"), (307, "http://127.0.0.1:1/"), (308, "file:///etc/x")]
        )
    ]
    faults += [Fault("redirect-to-a-script", Answer(302, PAGE, {"Location": "javascript:alert(1)"}))]
    return faults


def _documented() -> list[Fault]:
    """Return the documented answers that report an error."""
    faults = []
    for file in sorted(WIRE.glob("*.json")):
        sample = json.loads(file.read_text(encoding="utf-8"))
        status = sample["http_status"]
        if (name := sample["expect"].get("error")) is None or file.stem.startswith("query"):
            continue
        error = getattr(errors, name)
        answer = Answer(status, sample["body"])
        final = error if sample["operation"] == "query" and status in (400, 401, 403) else None
        if error is errors.RateLimitError or (error is errors.ModelUnavailableError and status >= 500):
            faults.append(Fault(file.stem, answer, "again", error))
        elif error is errors.SubmissionUnknownError or status >= 500:
            faults.append(Fault(file.stem, answer))
        else:
            asked = errors.APIError if error is errors.TaskNotFoundError else error
            final = error if status == 403 else final
            faults.append(Fault(file.stem, answer, "refused", asked, final))
    return faults


def _malformed() -> list[Fault]:
    """Return HTTP 200 answers that are not a valid task."""
    bodies: dict[str, bytes | str] = {
        "empty": b"",
        "half-json": json.dumps(CREATED)[:20],
        "nul": b"\x00" * 500,
        "no-utf8": b'{"id": "\xff\xfe\xfd',
        "text": '"t1"',
        "list": '["t1"]',
        "null": "null",
        "object": "{}",
        "id-of-another-kind": '{"id": {"id": []}}',
        "60-levels": '{"data":' * 59 + "1" + "}" * 59,
        "100000-levels": "[" * 100_000 + "]" * 100_000,
        "50-megabytes": b'{"x": "' + b" " * 50 * 2**20,
        "control": '{"message": "\\u001b[2J\\u202e\\u0000\\n\\u2028 x", "code": "\\u0007"}',
    }
    packed = {
        "gzip-bomb": gzip.compress(b'{"x": "' + b"0" * (LARGEST_REPLY + 2**20), mtime=0),
        "no-gzip": b"not packed at all",
    }
    faults = [Fault(name, Answer(body=body)) for name, body in bodies.items()]
    faults += [Fault(name, Answer(body=body, headers={"Content-Encoding": "gzip"})) for name, body in packed.items()]
    bomb = gzip.compress(gzip.compress(b"0" * LARGEST_REPLY, mtime=0), mtime=0)
    faults.append(Fault("bomb-in-a-bomb", Answer(body=bomb, headers={"Content-Encoding": "gzip, gzip"})))
    faults.append(Fault("no-content", raw("HTTP/1.1 204 No Content\n\n"), whole=True))
    return faults


FAULTS = (*_connection(), *_pages(), *_documented(), *_malformed())
