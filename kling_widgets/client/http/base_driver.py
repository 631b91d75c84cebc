"""What both drivers have in common. A driver takes a protocol's steps; nothing else sends anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from kling_widgets.client.credentials.secret import Secret
from kling_widgets.client.http import log_filter, transport
from kling_widgets.client.rate_limit import RateLimiter
from kling_widgets.client.steps import LARGEST_REPLY, READ_TIMEOUT, ClientState, NoReply, Open, Response, Send


class Driver:
    """Makes requests out of steps, and replies out of responses."""

    def __init__(self, http: Any, key: Secret, session: ClientState, budget: RateLimiter) -> None:
        self.http, self.key, self.session, self.budget = http, key, session, budget
        log_filter.protect(self)

    def request(self, step: Send | Open) -> httpx.Request:
        if isinstance(step, Open):
            read, with_key = self.session.read_timeout or READ_TIMEOUT, step.with_key
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
                request.headers["Connection"] = "close"  # one of its own, see transport
        request.extensions["timeout"] = transport.timeouts(read).as_dict()
        if with_key:
            request.headers["Authorization"] = f"Bearer {self.key.reveal()}"
        return request

    @staticmethod
    def follow(step: Send | Open, event: str, info: Mapping[str, Any]) -> None:
        """Tells the step how far it is, by what httpcore tells of a request."""
        if not isinstance(step, Send) or step.on_way is None:
            return
        if event.endswith("connect_tcp.started"):
            step.on_way(False)
        elif event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            step.on_way(True)

    def reply(self, response: httpx.Response, content: bytes = b"") -> Response:
        values = self.without_key("\n".join(response.headers.values())).split("\n")  # a header is one line
        headers = dict(zip(map(str.lower, response.headers), values, strict=False))
        return Response(response.status_code, headers, self.key.taken_from(content))

    def without_key(self, text: str) -> str:
        return self.key.taken_from(text.encode("utf-8", "replace")).decode("utf-8", "replace")

    def piece(self, response: httpx.Response | None, content: bytes) -> bytes:
        """A piece of a body: as it is where it may be of a video, else of a refusal, which may repeat the key."""
        video = response is not None and response.status_code in (200, 206)
        return content if video else self.key.taken_from(content)

    def broken(self, error: Exception) -> NoReply:
        told = transport.broken(error)  # h11's words hold what it could not read
        return NoReply(told.sent, self.without_key(told.text))

    def enough(self, content: bytearray, since: float, limit: float) -> bool:
        """Whether to stop reading: at a size that no answer has, or when it drips in for ever."""
        if self.session.clock() - since > 2 * limit:  # the read timeout counts anew with each piece
            raise httpx.ReadTimeout("no whole answer in time")
        return len(content) > LARGEST_REPLY


def bounded(content: bytearray) -> bytes:
    """The content; of what is larger than any answer its beginning, made to be no JSON: nobody searches the rest."""
    return bytes(content) if len(content) <= LARGEST_REPLY else bytes(content[:4000]) + b"\0"
