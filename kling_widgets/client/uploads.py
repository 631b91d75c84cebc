"""Pictures that must become links before a request can be sent, and what else concerns the key's account. No I/O."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from kling_widgets.catalog import models as catalog
from kling_widgets.catalog.all_fields import FIELDS, PREFIX
from kling_widgets.client.error_replies import refusal
from kling_widgets.client.links import clean_link
from kling_widgets.client.operations import ask
from kling_widgets.client.replies import unix_seconds
from kling_widgets.client.steps import CREATE_TIMEOUT, READ_TIMEOUT, ClientState, Protocol, Send, Work
from kling_widgets.core.hosts import is_loopback
from kling_widgets.core.problem import Problem
from kling_widgets.core.text import one_line
from kling_widgets.errors import InvalidRequestError
from kling_widgets.media import probe
from kling_widgets.media.media_links import doubts
from kling_widgets.request.request import VideoRequest

_LIVES = 48 * 3600.0  # seconds that the gateway keeps an upload (D)
_MARGIN = 3600.0  # a link must outlive the queue of the request that uses it


def prepare(session: ClientState, request: VideoRequest) -> Protocol[dict[str, Any]]:
    """The body of a request: checked, and its local pictures uploaded.

    Raises:
        InvalidRequestError: it cannot be sent. Every file is looked at before the first one is uploaded.
    """
    errors = [*request.errors(), *_unreachable(session, request)]
    if errors:
        raise InvalidRequestError.of(errors)
    pictures: dict[Path, probe.Media] = {}
    for path in request.files():
        pictures[path] = yield Work(partial(probe.check_upload, path, _field_of(request, path)))
    links: dict[Path, str] = {}
    for path, picture in pictures.items():
        links[path] = yield from _link(session, picture)
    return request.payload(links)


def upload(session: ClientState, picture: str | os.PathLike[str] | bytes) -> Protocol[str]:
    """A link to one picture, a file or bytes."""
    check: Callable[[], probe.Media] = (
        partial(probe.check_picture, picture) if isinstance(picture, bytes) else partial(probe.check_upload, picture)
    )
    checked = yield Work(check)
    return (yield from _link(session, checked))


def available(session: ClientState) -> Protocol[tuple[str, ...]]:
    """The Kling models that the key may call: those of the catalog in its order, then newer ones."""
    send = Send("GET", session.url("/v1/models"), read_timeout=session.read_timeout or READ_TIMEOUT)
    reply = yield from ask(session, send, "list")
    body = reply.json()
    rows = body.get("data") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise refusal(reply, "list", session.base_url).error
    names = [row.get("id") for row in rows if isinstance(row, dict)]
    ours = {one_line(name, 200) for name in names if isinstance(name, str) and name.startswith(PREFIX)}
    known = tuple(model.id for model in catalog.models() if model.id in ours)
    return known + tuple(sorted(ours.difference(known)))


def _link(session: ClientState, picture: probe.Media) -> Protocol[str]:
    """A link to the picture, remembered until an hour before it expires."""
    known, until = session.links.get(picture.sha256, ("", 0.0))
    if session.wall() < until:
        return known
    ready = yield Work(partial(probe.ready, picture))
    send = Send(
        "POST",
        session.url("/v1/files/uploads"),
        # The file's own name would tell the service about its user.
        file=(f"{ready.sha256[:16]}.{ready.kind}", ready.content, ready.media_type),
        form={"purpose": "model_input"},
        read_timeout=session.read_timeout or CREATE_TIMEOUT,
        urgent=True,
    )
    reply = yield from ask(session, send, "upload")
    body = reply.json()
    top = body if isinstance(body, dict) else {}
    data = top["data"] if isinstance(top.get("data"), dict) else top
    link = clean_link(data.get("url"))
    if link is None:
        raise refusal(reply, "upload", session.base_url).error
    end = unix_seconds(data.get("expires_at")) or session.wall() + _LIVES
    session.links[picture.sha256] = (link, end - _MARGIN)
    return link


def _unreachable(session: ClientState, request: VideoRequest) -> Iterator[Problem]:
    """Yield an error for each link that only this machine or its neighbours can follow; for the demo they are none."""
    if is_loopback(session.base_url):
        return
    for name, value in request.values.items():
        if name in FIELDS:
            found = doubts(request.spec.field(name), value, local="error")
            yield from (problem for problem in found if problem.severity == "error")


def _field_of(request: VideoRequest, path: Path) -> str | None:
    """The field in whose value a path stands."""

    def holds(value: object) -> bool:
        if isinstance(value, Mapping):
            return any(map(holds, value.values()))
        return any(map(holds, value)) if isinstance(value, list | tuple) else value == path

    return next((name for name, value in request.values.items() if holds(value)), None)
