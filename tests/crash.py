"""A service for the crash test that counts its tasks, and knows how far each kernel has come with each submission."""

from __future__ import annotations

import asyncio
import hashlib
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from tests.servers import Answer, Asked, FaultServer

# Progress of a kernel with a submission, as the service sees it: no request yet; picture requested; POST received; POST
# answered; task polled; half of the video sent; all of it sent.
STAGES = ("unsent", "uploading", "sending", "accepted", "polling", "fetching", "fetched")
CREATE = "/v1/video/generations"
LONG = 60.0  # seconds; anything slower has failed

# Outcomes of a submission, in per cent; the first of each is the only one if the service is gentle.
_POSTS = {"taken": 74, "busy": 6, "no channel": 4, "answer lost": 6, "lost": 3, "taken, but says 500": 4, "refused": 3}
_LOOKS = {"": 94, "500": 2, "reset": 2, "page": 1, "half": 1}
_CLIPS = {"": 90, "half": 5, "not yet": 5}
_HELD = 0.7  # share of a held kernel's submissions that wait; the others continue, so kills hit every stage


class Gateway:
    """The service and the media host. It recognises the kernel by its key, the submission by its prompt or task.

    Args:
        seed: determines the outcome of each submission.

    Attributes:
        created: ids of the tasks made, by prompt.
        refused: number of submissions that were refused permanently, by prompt.
        opened: number of submissions that were not asked to retry, by prompt.
        posts: number of submissions received, by kernel.
        watchers: the kernels that polled a task, by its id.
        made: number of submissions with each outcome.
        gentle: if set, the service causes no faults.
    """

    def __init__(self, seed: str) -> None:
        self.server = FaultServer(self._answer)
        self.created: dict[str, list[str]] = defaultdict(list)
        self.refused: Counter[str] = Counter()
        self.opened: Counter[str] = Counter()
        self.posts: Counter[str] = Counter()
        self.made: Counter[str] = Counter()
        self.watchers: dict[str, set[str]] = defaultdict(set)
        self.gentle = False
        self._seed = seed
        self._arrivals: Counter[str] = Counter()
        self._fetches: Counter[str] = Counter()
        self._stages: dict[str, dict[str, int]] = defaultdict(dict)
        self._holds: dict[str, tuple[int, int, asyncio.Event]] = {}
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None

    # Used by the test.

    def hold(self, kernel: str, stage: str, wall: str) -> None:
        """Hold most of this kernel's submissions at the stage until it is released, and let none pass the wall."""
        self._holds[kernel] = (STAGES.index(stage), STAGES.index(wall), asyncio.Event())

    def release(self, kernel: str) -> None:
        """Let the kernel continue, or forget it because it was killed."""
        if kernel in self._holds:
            *_, event = self._holds.pop(kernel)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(event.set)

    def reached(self, kernel: str, stage: str, count: int, seconds: float = LONG) -> bool:
        """Return whether ``count`` submissions of this kernel reach the stage, or a later one, within ``seconds``."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count(kernel, stage) >= count, seconds)

    def stages(self, kernel: str, asked: Sequence[str]) -> Counter[str]:
        """Return how many of the kernel's submissions are at each stage now; ``asked`` are the expected ones."""
        with self._changed:
            found = Counter(STAGES[stage] for stage in self._stages[kernel].values())
        return found + Counter(unsent=max(0, len(asked) - found.total()))

    def clip(self, task_id: str) -> bytes:
        """Return the video of a task."""
        digest = hashlib.sha256(task_id.encode()).digest()
        return b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + digest * (600 + 40 * digest[0])

    # Answers to requests.

    async def _answer(self, asked: Asked) -> Answer:
        self._loop = asyncio.get_running_loop()
        kernel = asked.headers.get("authorization", "").rpartition(" ")[2].removeprefix("sk-crash-")
        match asked.method, asked.path.split("/")[1:]:
            case "POST", ["v1", "files", "uploads"]:
                name = hashlib.sha256(asked.body).hexdigest()[:12]
                await self._come(kernel, name, "uploading")
                self._leave(kernel, name)
                return Answer(body={"url": f"https://files.example/{name}.png"})
            case "POST", ["v1", "video", "generations"]:
                return await self._create(kernel, str(asked.json()["prompt"]))
            case "GET", ["v1", "video", "generations", task_id]:
                return await self._look(kernel, task_id)
            case "GET", ["clip", kernel, task_id]:
                return await self._fetch(kernel, task_id)
        return Answer(404, {"error": {"message": "not here", "code": "not_found"}})

    async def _create(self, kernel: str, prompt: str) -> Answer:
        self.posts[kernel] += 1
        self._arrivals[prompt] += 1
        task_id = f"task-{prompt.split()[0]}-{self._arrivals[prompt]}"
        chance = self._chance(prompt)
        fate, early = self._drawn(chance, _POSTS), chance.random() < 0.5
        if fate in ("busy", "no channel") and self._arrivals[prompt] > 1:
            fate = "taken"
        self.made[fate] += 1
        if fate in ("busy", "no channel"):
            return _BUSY if fate == "busy" else _NO_CHANNEL
        self.opened[prompt] += 1
        if early:
            await self._come(kernel, task_id, "sending")
        if fate == "refused":
            self.refused[prompt] += 1
            self._leave(kernel, task_id)
            return Answer(400, {"error": {"message": "the prompt is refused", "code": "invalid_request"}})
        if fate != "lost":
            self.created[prompt].append(task_id)
        if not early:
            await self._come(kernel, task_id, "sending")
        if fate == "taken":
            self._mark(kernel, task_id, "accepted")
            return Answer(body={"id": task_id, "task_id": task_id, "status": "", "progress": 0})
        self._leave(kernel, task_id)
        return _UPSTREAM if fate == "taken, but says 500" else Answer(fault="reset")

    async def _look(self, kernel: str, task_id: str) -> Answer:
        first = kernel not in self.watchers[task_id]
        self.watchers[task_id].add(kernel)
        await self._come(kernel, task_id, "polling")
        match self._drawn(self._chance(f"{task_id} {kernel}"), _LOOKS) if first else "":
            case "500":
                return _UPSTREAM
            case "reset":
                return Answer(fault="reset")
            case "page":
                return Answer(502, "<html>Bad gateway</html>")
            case "half":
                return Answer(body={"code": "success"}, cut=5)
        url = f"{self.server.url}/clip/{kernel}/{task_id}"
        return Answer(body={"code": "success", "data": {"task_id": task_id, "status": "SUCCESS", "url": url}})

    async def _fetch(self, kernel: str, task_id: str) -> Answer:
        self._fetches[task_id] += 1
        fate = self._drawn(self._chance(f"{task_id} clip"), _CLIPS) if self._fetches[task_id] == 1 else ""
        if fate == "not yet":
            return Answer(404)

        async def halfway() -> None:
            await self._come(kernel, task_id, "fetching")
            if not fate:
                self._mark(kernel, task_id, "fetched")

        clip = self.clip(task_id)
        return Answer(body=clip, halfway=halfway, cut=len(clip) - 1000 if fate else None)

    async def _come(self, kernel: str, submission: str, stage: str) -> None:
        """Move the submission to a stage, and keep it there for a random time, or while the kernel is held."""
        self._mark(kernel, submission, stage)
        at, chance = STAGES.index(stage), self._chance(f"{submission} {stage}")
        most, wall, event = self._holds.get(kernel, (len(STAGES), len(STAGES), asyncio.Event()))
        held = at >= wall or (at >= most and chance.random() < _HELD)
        try:
            moment = LONG if held else chance.random() / 20
            await asyncio.wait_for(event.wait(), moment)
        except TimeoutError:
            pass

    def _mark(self, kernel: str, submission: str, stage: str) -> None:
        with self._changed:
            self._stages[kernel][submission] = STAGES.index(stage)
            self._changed.notify_all()

    def _leave(self, kernel: str, submission: str) -> None:
        with self._changed:
            self._stages[kernel].pop(submission, None)

    def _count(self, kernel: str, stage: str) -> int:
        return sum(at >= STAGES.index(stage) for at in self._stages[kernel].values())

    def _chance(self, what: str) -> random.Random:
        return random.Random(f"{self._seed} {what}")

    def _drawn(self, chance: random.Random, fates: Mapping[str, int]) -> str:
        return next(iter(fates)) if self.gentle else chance.choices(list(fates), list(fates.values()))[0]


def _error(status: int, message: str, code: str, **headers: Any) -> Answer:
    return Answer(status, {"error": {"message": message, "code": code}}, headers)


_BUSY = _error(429, "busy", "rate_limit")
_NO_CHANNEL = _error(503, "No available channel", "get_channel_failed")
_UPSTREAM = _error(500, "请求上游地址失败", "do_request_failed")
