"""The routes of the service, answered from the store."""

from __future__ import annotations

import functools
import io
import json
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

from anyio import to_thread
from PIL import Image
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from kling_widgets.catalog import models as catalog
from kling_widgets.demo import gateway
from kling_widgets.demo.drawing.animation import UPLOADS_PATH
from kling_widgets.demo.failures import PAGE, ScriptedAnswer, behaviour
from kling_widgets.demo.store import Row, State, Store
from kling_widgets.demo.wire import BrokenFile, Hangup, RefusedRequest, unauthorised

USUAL = 4.0  # seconds that a task takes at least, so that its progress can be seen
LONGEST_BODY = 2_000_000  # bytes of JSON
# The gateway's own figures (API.md, section 1): bytes, and seconds.
LARGEST_UPLOAD, KEPT = 20_000_000, 48 * 3600
PICTURES = {"PNG": (".png", "image/png"), "JPEG": (".jpg", "image/jpeg"), "WEBP": (".webp", "image/webp"),
            "GIF": (".gif", "image/gif")}  # fmt: skip
LATE = 3  # queries after its success until a late link comes

# Our states in the words of the service page, and in the stage marks of the stock gateway.
WORDS = {"queued": "queued", "running": "processing", "succeeded": "succeeded", "failed": "failed"}
JUNE = {**WORDS, "queued": "processing", "succeeded": "SUCCESS"}  # in the later form of June 2026
STAGES = {"queued": "20%", "running": "30%", "succeeded": "100%", "failed": "100%"}

Endpoint = Callable[[Request], Awaitable[Response]]


def keyed(endpoint: Endpoint) -> Endpoint:
    """The endpoint behind a key: any will do, but one that contains ``invalid``."""

    @functools.wraps(endpoint)
    async def guarded(request: Request) -> Response:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return unauthorised(request, "", "未提供令牌: no API key in the request")
        if "invalid" in key.lower():
            return unauthorised(request, "invalid_api_key", "Invalid API key")
        return await endpoint(request)

    return guarded


class Routes:
    """The endpoints over one store.

    Args:
        store: the tasks.
        seconds_per_task: the least time that a task takes; None for the usual one.
        wake: called when there may be something to draw.
    """

    def __init__(self, store: Store, seconds_per_task: float | None, wake: Callable[[], None]) -> None:
        self.store, self.wake = store, wake
        self.takes = USUAL if seconds_per_task is None else seconds_per_task
        self.refused: set[str] = set()  # prompts whose POST has been refused once, and whose next one is accepted
        self.queries: Counter[str] = Counter()
        self.successes: Counter[str] = Counter()

    def all(self) -> list[Route]:
        """The routes, for starlette."""
        return [
            Route("/v1/video/generations", keyed(self.create), methods=["POST"]),
            Route("/v1/video/generations/{task_id}", keyed(self.query)),
            Route("/v1/videos/{task_id}/content", keyed(self.content)),
            Route("/v1/files/uploads", keyed(self.upload), methods=["POST"]),
            Route("/v1/models", keyed(self.models)),
            Route(UPLOADS_PATH + "{name}", self.picture),
            Route("/media/{task_id}.mp4", self.video),
        ]

    async def create(self, request: Request) -> Response:
        body = await _wished(request)
        prompt = str(body.get("prompt", ""))
        wishes = behaviour(prompt)
        answer, creates = wishes.answer, wishes.creates
        if wishes.once and prompt in self.refused:
            self.refused.discard(prompt)
            answer, creates = None, True
        elif wishes.once:
            self.refused.add(prompt)
        row = None
        if creates:
            row = await to_thread.run_sync(self.store.create, body, prompt, self.takes)
            self.wake()
        if isinstance(answer, ScriptedAnswer):
            return _answered(answer)
        if answer == "hangup" or row is None:
            return Hangup()
        flat = {"id": row.id, "task_id": row.id, "object": "video", "model": body["model"]}
        return JSONResponse({**flat, "status": "queued", "progress": 0, "created_at": int(row.created)})

    async def query(self, request: Request) -> Response:
        row = await self._row(request)
        state, wishes = row.state(self.store.now()), row.behaviour
        self.queries[row.id] += 1
        if wishes.page_every and self.queries[row.id] % wishes.page_every == 0:
            return HTMLResponse(PAGE, 502)
        self.successes[row.id] += state.status == "succeeded"
        link = str(request.url_for("video", task_id=row.id)) if self._has_link(row, state) else ""
        error = {"message": state.error[0], "code": state.error[1]} if state.error else None
        data: dict[str, Any] = {"task_id": row.id, "format": "mp4", "error": error}
        if wishes.form == "june":
            data |= {"id": row.id, "status": JUNE[state.status], "metadata": None}
            data |= {"result_url": link, "artifact_url": link}
        else:
            data |= {"status": WORDS[state.status], "model": row.body["model"], "url": link}
            data |= {"submit_time": int(row.created), "start_time": int(row.started or 0)}
            if wishes.progress != "none":
                data["progress"] = STAGES[state.status] if wishes.progress == "stages" else f"{state.progress}%"
        return JSONResponse({"code": "success", "message": "", "data": data})

    async def content(self, request: Request) -> Response:
        row = await self._row(request)
        state = row.state(self.store.now())
        if not self._has_link(row, state):
            raise RefusedRequest(
                404, "video_not_found", f"the video of this task ({WORDS[state.status]}) is not to be had"
            )
        return await self._media(request, row)

    async def video(self, request: Request) -> Response:
        row = await to_thread.run_sync(self.store.get, request.path_params["task_id"])
        if row is None or row.state(self.store.now()).status != "succeeded" or row.behaviour.link == "never":
            raise HTTPException(404)
        return await self._media(request, row)

    async def _media(self, request: Request, row: Row) -> Response:
        clip = self.store.clip(row)
        if row.behaviour.broken and request.method == "GET":
            return BrokenFile(await to_thread.run_sync(clip.read_bytes), media_type="video/mp4")
        return FileResponse(clip, media_type="video/mp4")

    def _has_link(self, row: Row, state: State) -> bool:
        wishes = row.behaviour
        late = wishes.link == "late" and self.successes[row.id] <= LATE
        return state.status == "succeeded" and wishes.link != "never" and not late

    async def _row(self, request: Request) -> Row:
        row = await to_thread.run_sync(self.store.get, request.path_params["task_id"])
        if row is None:
            raise RefusedRequest(400, "task_not_exist", "task_not_exist")
        if row.finished is None:
            self.wake()  # the service that drew it may have ended
        return row

    async def upload(self, request: Request) -> Response:
        try:
            form = await MultiPartParser(
                request.headers, _bounded(request, LARGEST_UPLOAD + 100_000), max_files=1, max_fields=10
            ).parse()
        except (MultiPartException, KeyError) as error:
            raise RefusedRequest(400, "invalid_request", f"not a multipart upload: {error}") from None
        try:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise RefusedRequest(400, "invalid_request", "the field file is missing")
            data = await file.read(LARGEST_UPLOAD + 1)
        finally:
            await form.close()
        if len(data) > LARGEST_UPLOAD:
            raise RefusedRequest(413, "file_too_large", "a file may have 20 MB")
        suffix, mime_type = _kind(data)
        name = await to_thread.run_sync(self.store.keep_upload, data, suffix)
        url = str(request.url_for("picture", name=name))
        expires = int(self.store.now()) + KEPT
        fields = {"id": name.partition(".")[0], "url": url, "mime_type": mime_type, "size": len(data)}
        return JSONResponse({**fields, "expires_at": expires})

    async def picture(self, request: Request) -> Response:
        path: Path | None = await to_thread.run_sync(self.store.upload, request.path_params["name"])
        if path is None:
            raise HTTPException(404)
        return FileResponse(path)

    async def models(self, request: Request) -> Response:
        rows = [{"id": model.id, "object": "model", "owned_by": "kling_widgets demo"} for model in catalog.models()]
        return JSONResponse({"object": "list", "data": rows})


async def _bounded(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """The body in pieces, refused as soon as it is too long."""
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise RefusedRequest(413, "request_too_large", f"a request of this kind may have {most:,} bytes")
        yield piece


async def _wished(request: Request) -> dict[str, Any]:
    """The body of a create request in its one form, as far as the gateway takes it."""
    raw = b"".join([piece async for piece in _bounded(request, LONGEST_BODY)])
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise RefusedRequest(400, "invalid_request", "cannot unmarshal the body: it is not JSON") from None
    try:
        return gateway.read(body)
    except ValueError as refused:
        raise RefusedRequest(400, "invalid_request", str(refused)) from None


def _answered(answer: ScriptedAnswer) -> Response:
    if isinstance(answer.body, str):
        return HTMLResponse(answer.body, answer.status, answer.headers)
    return JSONResponse(answer.body, answer.status, answer.headers)


def _kind(data: bytes) -> tuple[str, str]:
    """Suffix and type of a picture, by what its bytes say."""
    try:
        with Image.open(io.BytesIO(data), formats=tuple(PICTURES)) as image:
            return PICTURES[str(image.format)]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # Pillow's words for no picture
        raise RefusedRequest(400, "invalid_request", "the file is no picture: png, jpeg, webp or gif") from None
