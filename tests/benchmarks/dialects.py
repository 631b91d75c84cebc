"""The task formats of the services: their answers when a task is made and when it is polled.

Only as far as the measured clients read them: their pollers need the state, an id and a link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

QUEUED_SHARE = 0.1  # share of a task's time that it is queued; then it runs


@dataclass(frozen=True)
class Look:
    """A task at one moment.

    Attributes:
        id: its id.
        base: the address of the service.
        share: share of its time that has passed, 1 if it is done.
        progress: reported per cent, or None.
        made: whether this is the answer to its creation.
    """

    id: str
    base: str
    share: float
    progress: int | None
    made: bool = False

    @property
    def done(self) -> bool:
        return self.share >= 1

    @property
    def url(self) -> str:
        return f"{self.base}/media/{self.id}.mp4"

    def word(self, queued: str, running: str, done: str) -> str:
        """Return one of three words for its state."""
        return done if self.done else running if self.share > QUEUED_SHARE else queued


Answer = tuple[int, dict[str, Any]]


def kling(look: Look) -> Answer:
    """The service that this package is for (API.md)."""
    if look.made:
        return 200, {"id": look.id, "task_id": look.id, "object": "video", "status": "queued"}
    data: dict[str, Any] = {"task_id": look.id, "status": look.word("queued", "in_progress", "succeeded")}
    if look.progress is not None:
        data["progress"] = f"{look.progress}%"
    if look.done:
        data["url"] = look.url
    return 200, {"code": "success", "message": "", "data": data}


def openai(look: Look) -> Answer:
    word = look.word("queued", "in_progress", "completed")
    more = {"model": "sora-2", "progress": look.progress or 0, "created_at": 1, "seconds": "4", "size": "720x1280"}
    return 200, {"id": look.id, "object": "video", "status": word, **more}


def replicate(look: Look) -> Answer:
    place = f"{look.base}/v1/predictions/{look.id}"
    return 201 if look.made else 200, {
        "id": look.id,
        "model": "owner/name",
        "version": "v",
        "status": look.word("starting", "processing", "succeeded"),
        "input": {},
        "logs": "",
        "output": look.url if look.done else None,
        "error": None,
        "urls": {"get": place, "cancel": f"{place}/cancel"},
        "created_at": "2026-01-01T00:00:00Z",
    }


def fal(look: Look) -> Answer:
    place = f"{look.base}/fal/requests/{look.id}"
    word = look.word("IN_QUEUE", "IN_PROGRESS", "COMPLETED")
    links = {"response_url": place, "status_url": f"{place}/status", "cancel_url": f"{place}/cancel"}
    more = {"queue_position": 0, "logs": None, "metrics": {}}
    return 200 if look.made or look.done else 202, {"request_id": look.id, "status": word, **links, **more}


def fal_result(look: Look) -> Answer:
    return 200, {"video": {"url": look.url}}


def runway(look: Look) -> Answer:
    if look.made:
        return 200, {"id": look.id}
    word = look.word("PENDING", "RUNNING", "SUCCEEDED")
    more = {"output": [look.url]} if look.done else {"progress": (look.progress or 0) / 100}
    return 200, {"id": look.id, "createdAt": "2026-01-01T00:00:00Z", "status": word, **more}


def luma(look: Look) -> Answer:
    return 201 if look.made else 200, {
        "id": look.id,
        "state": look.word("queued", "dreaming", "completed"),
        "generation_type": "video",
        "model": "ray-2",
        "created_at": "2026-01-01T00:00:00Z",
        "assets": {"video": look.url} if look.done else None,
    }


def google(look: Look) -> Answer:
    answer: dict[str, Any] = {"name": f"models/veo-3.1-generate-preview/operations/{look.id}"}
    if look.done and not look.made:
        answer |= {"done": True, "response": {"@type": "x", "videos": [{"gcsUri": look.url, "mimeType": "video/mp4"}]}}
    return 200, answer


_PLACES: tuple[tuple[str, Callable[[Look], Answer]], ...] = (
    ("/v1/video/generations", kling),
    ("/v1/videos", openai),
    ("/v1/predictions", replicate),
    ("/v1/models/", replicate),
    ("/fal/", fal),
    ("/v1/tasks", runway),
    ("/v1/text_to_video", runway),
    ("/dream-machine/", luma),
    ("/v1beta1/", google),
)


def dialect(method: str, path: str) -> Callable[[Look], Answer] | None:
    """Return the format of the service at this path, or None if there is none."""
    found = next((speak for start, speak in _PLACES if path.startswith(start)), None)
    return fal_result if found is fal and method == "GET" and not path.endswith("/status") else found
