"""HTTP routes of the demo service, answered from the store."""

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

DEFAULT_TASK_SECONDS = 4.0  # minimum seconds of a task, so that its progress can be seen
LONGEST_BODY = 2_000_000  # bytes of JSON
# The gateway's limits: bytes, and seconds.
LARGEST_UPLOAD, UPLOAD_LIFETIME = 20_000_000, 48 * 3600
PICTURES = {"PNG": (".png", "image/png"), "JPEG": (".jpg", "image/jpeg"), "WEBP": (".webp", "image/webp"),
            "GIF": (".gif", "image/gif")}  # fmt: skip
LATE_QUERIES = 3  # queries after the success until a late link is included

# Our states as on the service's page, in the later form of June 2026, and as stage marks of the stock gateway.
STATUSES = {"queued": "queued", "running": "processing", "succeeded": "succeeded", "failed": "failed"}
JUNE_STATUSES = {**STATUSES, "queued": "processing", "succeeded": "SUCCESS"}
STAGE_MARKS = {"queued": "20%", "running": "30%", "succeeded": "100%", "failed": "100%"}

Endpoint = Callable[[Request], Awaitable[Response]]


def keyed(endpoint: Endpoint) -> Endpoint:
    """Require an API key for the endpoint: any key is accepted unless it contains ``invalid``."""

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
    """Endpoints of one store.

    Args:
        store: The tasks.
        seconds_per_task: The minimum time of a task; None for the default.
        wake: Called when there may be a task to draw.
    """

    def __init__(self, store: Store, seconds_per_task: float | None, wake: Callable[[], None]) -> None:
        self.store, self.wake = store, wake
        self.task_seconds = DEFAULT_TASK_SECONDS if seconds_per_task is None else seconds_per_task
        self.refused: set[str] = set()  # prompts whose POST was refused once; the next one is accepted
        self.queries: Counter[str] = Counter()
        self.successes: Counter[str] = Counter()

    def all(self) -> list[Route]:
        """Return the routes for Starlette."""
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
        body = await _read_body(request)
        prompt = str(body.get("prompt", ""))
        script = behaviour(prompt)
        answer, creates = script.answer, script.creates
        if script.once and prompt in self.refused:
            self.refused.discard(prompt)
            answer, creates = None, True
        elif script.once:
            self.refused.add(prompt)
        row = None
        if creates:
            row = await to_thread.run_sync(self.store.create, body, prompt, self.task_seconds)
            self.wake()
        if isinstance(answer, ScriptedAnswer):
            return _scripted_response(answer)
        if answer == "hangup" or row is None:
            return Hangup()
        flat = {"id": row.id, "task_id": row.id, "object": "video", "model": body["model"]}
        return JSONResponse({**flat, "status": "queued", "progress": 0, "created_at": int(row.created)})

    async def query(self, request: Request) -> Response:
        row = await self._row(request)
        state, script = row.state(self.store.now()), row.behaviour
        self.queries[row.id] += 1
        if script.page_every and self.queries[row.id] % script.page_every == 0:
            return HTMLResponse(PAGE, 502)
        self.successes[row.id] += state.status == "succeeded"
        link = str(request.url_for("video", task_id=row.id)) if self._has_link(row, state) else ""
        error = {"message": state.error[0], "code": state.error[1]} if state.error else None
        data: dict[str, Any] = {"task_id": row.id, "format": "mp4", "error": error}
        if script.form == "june":
            data |= {"id": row.id, "status": JUNE_STATUSES[state.status], "metadata": None}
            data |= {"result_url": link, "artifact_url": link}
        else:
            data |= {"status": STATUSES[state.status], "model": row.body["model"], "url": link}
            data |= {"submit_time": int(row.created), "start_time": int(row.started or 0)}
            if script.progress != "none":
                data["progress"] = STAGE_MARKS[state.status] if script.progress == "stages" else f"{state.progress}%"
        return JSONResponse({"code": "success", "message": "", "data": data})

    async def content(self, request: Request) -> Response:
        row = await self._row(request)
        state = row.state(self.store.now())
        if not self._has_link(row, state):
            raise RefusedRequest(
                404, "video_not_found", f"the video of this task ({STATUSES[state.status]}) is not available"
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
        script = row.behaviour
        late = script.link == "late" and self.successes[row.id] <= LATE_QUERIES
        return state.status == "succeeded" and script.link != "never" and not late

    async def _row(self, request: Request) -> Row:
        row = await to_thread.run_sync(self.store.get, request.path_params["task_id"])
        if row is None:
            raise RefusedRequest(400, "task_not_exist", "task_not_exist")
        if row.finished is None:
            self.wake()  # the service that was drawing it may have ended
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
        name = await to_thread.run_sync(self.store.save_upload, data, suffix)
        url = str(request.url_for("picture", name=name))
        expires = int(self.store.now()) + UPLOAD_LIFETIME
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
    """Yield the body in pieces; refuse it as soon as it is too long."""
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise RefusedRequest(413, "request_too_large", f"a request of this kind may have {most:,} bytes")
        yield piece


async def _read_body(request: Request) -> dict[str, Any]:
    """Return the body of a create request in its normalised form, or refuse it as the gateway does."""
    raw = b"".join([piece async for piece in _bounded(request, LONGEST_BODY)])
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise RefusedRequest(400, "invalid_request", "cannot unmarshal the body: it is not JSON") from None
    try:
        return gateway.read(body)
    except ValueError as refused:
        raise RefusedRequest(400, "invalid_request", str(refused)) from None


def _scripted_response(answer: ScriptedAnswer) -> Response:
    if isinstance(answer.body, str):
        return HTMLResponse(answer.body, answer.status, answer.headers)
    return JSONResponse(answer.body, answer.status, answer.headers)


def _kind(data: bytes) -> tuple[str, str]:
    """Return suffix and media type of a picture, detected from its bytes."""
    try:
        with Image.open(io.BytesIO(data), formats=tuple(PICTURES)) as image:
            return PICTURES[str(image.format)]
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
    ):  # Pillow's errors for a file that is not a picture
        raise RefusedRequest(400, "invalid_request", "the file is not a picture: png, jpeg, webp or gif") from None
