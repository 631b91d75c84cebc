"""Common base of both drivers. Drivers execute the steps of protocols; nothing else sends requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from kling_widgets.client.credentials.secret import Secret
from kling_widgets.client.http import log_filter, transport
from kling_widgets.client.rate_limit import RateLimiter
from kling_widgets.client.steps import LARGEST_REPLY, READ_TIMEOUT, ClientState, NoReply, Open, Response, Send


class Driver:
    """Converts steps to requests, and responses to replies without the key."""

    def __init__(self, http: Any, key: Secret, state: ClientState, limiter: RateLimiter) -> None:
        self.http, self.key, self.state, self.limiter = http, key, state, limiter
        log_filter.protect(self)

    def request(self, step: Send | Open) -> httpx.Request:
        if isinstance(step, Open):
            read, with_key = self.state.read_timeout or READ_TIMEOUT, step.with_key
            request: httpx.Request = self.http.build_request("GET", step.url, headers={"Accept": "*/*", **step.headers})
        else:
            read, with_key = step.read_timeout, True
            request = self.http.build_request(
                step.method,
                step.url,
                json=step.json,
                data=None if step.form is None else dict(step.form),
                files=None if step.file is None else {"file": step.file},
            )
            if step.alone or step.method == "POST":
                request.headers["Connection"] = "close"  # a new connection, see transport
        request.extensions["timeout"] = transport.timeouts(read).as_dict()
        if with_key:
            request.headers["Authorization"] = f"Bearer {self.key.reveal()}"
        return request

    @staticmethod
    def report_sending(step: Send | Open, event: str, info: Mapping[str, Any]) -> None:
        """Call the step's ``on_sent_changed`` for the httpcore trace events that concern it."""
        if not isinstance(step, Send) or step.on_sent_changed is None:
            return
        if event.endswith("connect_tcp.started"):
            step.on_sent_changed(False)
        elif event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            step.on_sent_changed(True)

    def reply(self, response: httpx.Response, content: bytes = b"") -> Response:
        values = self.without_key("\n".join(response.headers.values())).split("\n")  # a header is one line
        headers = dict(zip(map(str.lower, response.headers), values, strict=False))
        return Response(response.status_code, headers, self.key.redact(content))

    def without_key(self, text: str) -> str:
        return self.key.redact(text.encode("utf-8", "replace")).decode("utf-8", "replace")

    def clean_chunk(self, response: httpx.Response | None, content: bytes) -> bytes:
        """Return a chunk of a body, without the key if it belongs to an error, which may repeat the key."""
        video = response is not None and response.status_code in (200, 206)
        return content if video else self.key.redact(content)

    def no_reply(self, error: Exception) -> NoReply:
        reply = transport.no_reply(error)  # h11's message quotes what it could not parse
        return NoReply(reply.sent, self.without_key(reply.text))

    def should_stop(self, content: bytearray, since: float, limit: float) -> bool:
        """Return whether the content is larger than any valid answer.

        Raises:
            httpx.ReadTimeout: the whole answer takes more than twice the read timeout.
        """
        if self.state.clock() - since > 2 * limit:  # httpx restarts its read timeout with each chunk
            raise httpx.ReadTimeout("no whole answer in time")
        return len(content) > LARGEST_REPLY


def truncated(content: bytearray) -> bytes:
    """Return the content; if it is larger than any valid answer, only its beginning, made invalid as JSON."""
    return bytes(content) if len(content) <= LARGEST_REPLY else bytes(content[:4000]) + b"\0"
