"""A service that repeats the key wherever it can and redirects its clients to another host."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

from tests.client.samples import clip, picture
from tests.servers import Answer, Asked, FaultServer


class Leaky:
    """Answers for the service, chosen by the first word of a prompt, and for the other host.

    Attributes:
        service: the host that may receive the key.
        other: a host that must not: it has the videos, and all links and redirects lead there.
    """

    def __init__(self, key: str, folder: Path) -> None:
        body = key.removeprefix("sk-")
        self._key = key
        # The whole key, and "masked" as gateways mask it.
        self._said = (
            f"wrong key {key}, {key[:11]}***{body[-6:]}, Bearer {key}: no group for sk-{body[:3]}***{body[-3:]}"
        )
        self._video = clip(folder / "clip.mp4", seconds=0.5, size=(320, 240)).read_bytes()
        self._tasks, self._uploads = itertools.count(1), itertools.count()
        self.service, self.other = FaultServer(self._serve), FaultServer(self._elsewhere)

    def _serve(self, asked: Asked) -> Answer:
        match asked.method, asked.path.split("/")[1:]:
            case "POST", ["v1", "video", "generations"]:
                return self._create(str(asked.json().get("prompt", "")).split()[0])
            case "POST", ["v1", "files", "uploads"] if next(self._uploads) == 0:
                return Answer(200, {"url": f"{self.other.url}/first.png", "key": self._key})
            case "POST", ["v1", "files", "uploads"]:
                return self._error(401)
            case "GET", ["v1", "models"]:
                return Answer(200, {"data": [{"id": "aigc-video-kling-2.6", "owned_by": self._key}]})
            case "GET", ["v1", "video", "generations", task_id]:
                return self._query(task_id)
            case "GET", ["v1", "videos", task_id, "content"] if task_id.startswith("moved"):
                return Answer(302, headers={"Location": f"{self.other.url}/clip.mp4"})
            case "GET", ["media", _]:
                return Answer(302, headers={"Location": f"{self.other.url}/clip.mp4?signature=1"})
        return self._error(403)

    def _create(self, word: str) -> Answer:
        match word:
            case "401" | "400" | "500":
                return self._error(int(word))
            case "page":
                return Answer(502, f"<html><title>{self._said}</title>{self._said}</html>")
            case "away":
                return Answer(307, headers={"Location": f"{self.other.url}/v1/video/generations"})
            case "reset":
                return Answer(fault="reset")
            case "stall":
                return Answer(fault="stall")
        return Answer(200, {"task_id": f"{word}-{next(self._tasks)}", "owner": self._key, "status": "queued"})

    def _query(self, task_id: str) -> Answer:
        word = task_id.partition("-")[0]
        if word == "failed":
            return Answer(200, {"task_id": task_id, "status": "FAILURE", "fail_reason": self._said})
        if word == "unauthorised":
            return self._error(401)
        links = {"boat": f"{self.other.url}/clip.mp4", "linked": f"{self.service.url}/media/1"}
        reply = {"task_id": task_id, "status": "SUCCESS", "owner": self._key, "seen": self._said}
        return Answer(200, reply | {"url": links.get(word, f"{self.service.url}/gone")})

    def _error(self, status: int) -> Answer:
        return Answer(status, {"error": {"message": self._said, "code": self._key, "type": self._said}})

    def _elsewhere(self, asked: Asked) -> Answer:
        return Answer(200, self._video if asked.path.startswith("/clip.mp4") else picture())


@contextlib.contextmanager
def leaky(key: str, folder: Path) -> Iterator[Leaky]:
    """Run both hosts until the end of the block."""
    hosts = Leaky(key, folder)
    with hosts.service, hosts.other:
        yield hosts
