"""Uploads of local pictures, and the models that the key may call: generators of steps, without I/O."""

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
from kling_widgets.media.media_links import link_problems
from kling_widgets.request.request import VideoRequest

_LIFETIME = 48 * 3600.0  # seconds that the gateway keeps an upload (D)
_MARGIN = 3600.0  # seconds; a link must outlive the queue of the request that uses it


def prepare(state: ClientState, request: VideoRequest, folder: Path | None = None) -> Protocol[dict[str, Any]]:
    """Check a request, upload its local pictures and return its body.

    Relative paths start in ``folder``; in the current folder if it is None.

    Raises:
        InvalidRequestError: the request cannot be sent. Every file is checked before the first one is uploaded.
    """
    errors = [*request.errors(), *_unreachable(state, request)]
    if errors:
        raise InvalidRequestError.of(errors)
    pictures: dict[Path, probe.Media] = {}
    for path in request.files():
        pictures[path] = yield Work(partial(probe.check_upload, path, _field_of(request, path), folder))
    links: dict[Path, str] = {}
    for path, picture in pictures.items():
        links[path] = yield from _link(state, picture)
    return request.payload(links)


def upload(state: ClientState, picture: str | os.PathLike[str] | bytes) -> Protocol[str]:
    """Upload one picture, a file or bytes, and return its link."""
    check: Callable[[], probe.Media] = (
        partial(probe.check_picture, picture) if isinstance(picture, bytes) else partial(probe.check_upload, picture)
    )
    checked = yield Work(check)
    return (yield from _link(state, checked))


def available(state: ClientState) -> Protocol[tuple[str, ...]]:
    """Return the Kling models that the key may call: those of the catalog in its order, then newer ones."""
    send = Send("GET", state.url("/v1/models"), read_timeout=state.read_timeout or READ_TIMEOUT)
    reply = yield from ask(state, send, "list")
    body = reply.json()
    rows = body.get("data") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise refusal(reply, "list", state.base_url).error
    names = [row.get("id") for row in rows if isinstance(row, dict)]
    ours = {one_line(name, 200) for name in names if isinstance(name, str) and name.startswith(PREFIX)}
    known = tuple(model.id for model in catalog.models() if model.id in ours)
    return known + tuple(sorted(ours.difference(known)))


def _link(state: ClientState, picture: probe.Media) -> Protocol[str]:
    """Upload a picture and return its link; reuse an earlier link until an hour before that expires."""
    link, until = state.links.get(picture.sha256, ("", 0.0))
    if state.wall() < until:
        return link
    ready = yield Work(partial(probe.ready, picture))
    send = Send(
        "POST",
        state.url("/v1/files/uploads"),
        # Not the file's own name, which could reveal something about the user.
        file=(f"{ready.sha256[:16]}.{ready.format}", ready.content, ready.media_type),
        form={"purpose": "model_input"},
        read_timeout=state.read_timeout or CREATE_TIMEOUT,
        urgent=True,
    )
    reply = yield from ask(state, send, "upload")
    body = reply.json()
    top = body if isinstance(body, dict) else {}
    data = top["data"] if isinstance(top.get("data"), dict) else top
    new_link = clean_link(data.get("url"))
    if new_link is None:
        raise refusal(reply, "upload", state.base_url).error
    end = unix_seconds(data.get("expires_at")) or state.wall() + _LIFETIME
    state.links[picture.sha256] = (new_link, end - _MARGIN)
    return new_link


def _unreachable(state: ClientState, request: VideoRequest) -> Iterator[Problem]:
    """Yield an error for each link that only this machine or its network can follow; none for the demo."""
    if is_loopback(state.base_url):
        return
    for name, value in request.values.items():
        if name in FIELDS:
            found = link_problems(request.spec.field(name), value, local="error")
            yield from (problem for problem in found if problem.severity == "error")


def _field_of(request: VideoRequest, path: Path) -> str | None:
    """Return the field whose value contains the path, or None."""

    def contains(value: object) -> bool:
        if isinstance(value, Mapping):
            return any(map(contains, value.values()))
        return any(map(contains, value)) if isinstance(value, list | tuple) else value == path

    return next((name for name, value in request.values.items() if contains(value)), None)
